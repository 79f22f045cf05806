package pivot

import "slices"

// The closed lists. Where an apostrophe or a circumflex differs between
// versions there are two lists: the schemas compare letter by letter.
var (
	wordsNature1 = []string{"Marché", "Marché de partenariat", "Accord-cadre", "Marché subséquent"}
	wordsNature2 = []string{"Marché", "Marché de partenariat", "Marché de défense ou de sécurité"}

	wordsNatureConcession = []string{
		"Concession de travaux", "Concession de service", "Concession de service public", "Délégation de service public",
	}

	wordsProcedure140 = []string{
		"Procédure adaptée", "Appel d'offres ouvert", "Appel d'offres restreint",
		"Procédure concurrentielle avec négociation", "Procédure négociée avec mise en concurrence préalable",
		"Marché négocié sans publicité ni mise en concurrence préalable", "Dialogue compétitif",
	}
	wordsProcedure = []string{ // arrêté of 22/03/2019
		"Procédure adaptée", "Appel d'offres ouvert", "Appel d'offres restreint", "Procédure avec négociation",
		"Marché passé sans publicité ni mise en concurrence préalable", "Dialogue compétitif",
	}
	wordsProcedureConcession = []string{
		"Procédure négociée ouverte", "Procédure non négociée ouverte",
		"Procédure négociée restreinte", "Procédure non négociée restreinte",
	}

	wordsPlaceCode = []string{
		"Code postal", "Code commune", "Code arrondissement", "Code canton", "Code département", "Code région", "Code pays",
	}
	wordsSupplierID    = []string{"SIRET", "TVA", "TAHITI", "RIDET", "FRWF", "IREP", "HORS-UE"}
	wordsSupplierIDOld = append(slices.Clone(wordsSupplierID), "UE") // up to 2.0.0

	wordsTechnique200 = []string{
		"Accord-cadre", "Concours", "Système de qualification", "Système d’acquisition dynamique",
		"Catalogue électronique", "Enchère électronique",
	}
	wordsTechnique201 = append(slices.Clone(wordsTechnique200), "Sans objet")
	wordsTechnique    = []string{
		"Accord-cadre", "Concours", "Système de qualification", "Système d'acquisition dynamique",
		"Catalogue électronique", "Enchère électronique", "Sans objet",
	}

	wordsModality200 = []string{"Marché à tranches", "Bon de commande", "Marché subséquent", "Mixte"}
	wordsModality    = []string{"Tranches", "Bons de commande", "Marchés subséquents", "Sans objet"}

	wordsCCAG200 = []string{
		"Travaux", "Maîtrise d'œuvre", "Fournitures courantes et services", "Marchés industriels",
		"Prestations intellectuelles", "Techniques de l’information et de la communication",
	}
	wordsCCAG201 = []string{
		"Travaux", "Maitrise d'œuvre", "Fournitures courantes et services", "Marchés industriels",
		"Prestations intellectuelles", "Techniques de l’information et de la communication", "Pas de CCAG",
	}
	wordsCCAG = []string{
		"Travaux", "Maitrise d'œuvre", "Fournitures courantes et services", "Marchés industriels",
		"Prestations intellectuelles", "Techniques de l'information et de la communication", "Pas de CCAG",
	}

	wordsGrouping200 = []string{"Conjoint", "Solidaire"}
	wordsGrouping    = append(slices.Clone(wordsGrouping200), "Pas de groupement")

	wordsPriceForm1    = []string{"Ferme", "Ferme et actualisable", "Révisable"}
	wordsPriceForm2    = []string{"Unitaire", "Forfaitaire", "Mixte"}
	wordsPriceType     = []string{"Définitif ferme", "Définitif actualisable", "Définitif révisable", "Provisoire"}
	wordsPriceVariance = []string{"Ferme", "Actualisable", "Révisable"}

	wordsSocial200 = []string{"Clause sociale", "Critère social", "Marché réservé"}
	wordsSocial    = append(slices.Clone(wordsSocial200), "Pas de considération sociale")

	wordsSocialConcession200 = []string{"Clause sociale", "Critère social", "Concession réservée"}
	wordsSocialConcession    = append(slices.Clone(wordsSocialConcession200), "Pas de considération sociale")

	wordsEnvironment200 = []string{"Clause environnementale", "Critère environnemental"}
	wordsEnvironment    = append(slices.Clone(wordsEnvironment200), "Pas de considération environnementale")

	wordsTypeMarche     = []string{"Marché"}
	wordsTypeConcession = []string{"Contrat de concession"}
	wordsFlagXML        = []string{"oui", "non", "true", "false", "0", "1"}
)
