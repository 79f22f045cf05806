package pivot

import "strings"

// normWords is a closed list of values: those that any version allows, as
// they are written in 1.x or in 2.0.1 and later, and known variants.
type normWords struct {
	legal map[string]bool
	fold  map[string]string // folded value or variant → legal value
	gen2  map[string]string // legal elsewhere → its word in 2.0.1 and later
}

// normList makes a list of its legal values; variants come in pairs: variant, legal value.
func normList(legal []string, gen2 map[string]string, variants ...string) normWords {
	w := normWords{legal: map[string]bool{}, fold: map[string]string{}, gen2: gen2}
	for _, v := range legal {
		w.legal[v] = true
		w.fold[normFold(v)] = v
	}
	for i := 0; i+1 < len(variants); i += 2 {
		w.fold[normFold(variants[i])] = variants[i+1]
	}
	return w
}

// find gives the legal value that s means and the rule of repair that was
// needed, or s itself and none.
func (w normWords) find(s string, gen Generation) (string, string) {
	rule, v := "", s
	if !w.legal[s] {
		legal, ok := w.fold[normFold(s)]
		if !ok {
			return s, ""
		}
		if rule, v = repairWord, legal; strings.ReplaceAll(s, "’", "'") == legal {
			rule = repairApostrophe
		}
	}
	if gen == Gen2 {
		if now, ok := w.gen2[v]; ok {
			return now, repairVersion
		}
	}
	return v, rule
}

// normFold makes texts equal that differ only in case, accents, apostrophes,
// ligatures and spaces.
func normFold(s string) string {
	return strings.Join(strings.Fields(normFolder.Replace(strings.ToLower(s))), " ")
}

var normFolder = strings.NewReplacer(
	"’", "'", "‘", "'", "`", "'", "´", "'", "\u00a0", " ", "œ", "oe",
	"é", "e", "è", "e", "ê", "e", "ë", "e", "à", "a", "â", "a", "î", "i", "ï", "i", "ô", "o", "û", "u", "ù", "u", "ç", "c",
)

// The closed lists.
var (
	normNatures = normList([]string{
		"Marché", "Marché de partenariat", "Marché de défense ou de sécurité", "Accord-cadre", "Marché subséquent",
		"Concession de travaux", "Concession de service", "Concession de service public", "Délégation de service public",
	}, nil)
	normProcedures = normList([]string{
		"Procédure adaptée", "Appel d'offres ouvert", "Appel d'offres restreint", "Procédure avec négociation",
		"Marché passé sans publicité ni mise en concurrence préalable", "Dialogue compétitif",
		// 1.4.0
		"Procédure concurrentielle avec négociation", "Procédure négociée avec mise en concurrence préalable",
		"Marché négocié sans publicité ni mise en concurrence préalable",
		// concessions
		"Procédure négociée ouverte", "Procédure non négociée ouverte",
		"Procédure négociée restreinte", "Procédure non négociée restreinte",
	}, nil)
	normTechniques = normList([]string{
		"Accord-cadre", "Concours", "Système de qualification", "Système d'acquisition dynamique",
		"Catalogue électronique", "Enchère électronique", "Sans objet",
	}, nil)
	normModalities = normList([]string{
		"Tranches", "Bons de commande", "Marchés subséquents", "Sans objet",
	}, map[string]string{
		"Marché à tranches": "Tranches", "Bon de commande": "Bons de commande", "Marché subséquent": "Marchés subséquents",
	}, "Marché à tranches", "Marché à tranches", "Bon de commande", "Bon de commande", "Marché subséquent", "Marché subséquent")
	normCCAGs = normList([]string{
		"Travaux", "Maitrise d'œuvre", "Fournitures courantes et services", "Marchés industriels",
		"Prestations intellectuelles", "Techniques de l'information et de la communication", "Pas de CCAG",
	}, nil)
	normGroupings = normList([]string{"Conjoint", "Solidaire", "Pas de groupement"}, nil)
	normCodeTypes = normList([]string{
		"Code postal", "Code commune", "Code arrondissement", "Code canton", "Code département", "Code région", "Code pays",
	}, nil)
	normIDTypes = normList([]string{
		"SIRET", "TVA", "TAHITI", "RIDET", "FRWF", "IREP", "UE", "HORS-UE",
	}, map[string]string{"UE": "TVA"},
		"HORS_UE", "HORS-UE", "HORS UE", "HORS-UE", "HORSUE", "HORS-UE", "FRW", "FRWF",
		"TVA_INTRACOMMUNAUTAIRE", "TVA", "TVA-INTRACOMMUNAUTAIRE", "TVA", "TVA intracommunautaire", "TVA", "TVAINTRACOMMUNAUTAIRE", "TVA")
	normPriceTypes = normList([]string{
		"Définitif ferme", "Définitif actualisable", "Définitif révisable", "Provisoire",
	}, nil)
	normPriceForms = normList([]string{
		"Unitaire", "Forfaitaire", "Mixte", "Ferme", "Ferme et actualisable", "Révisable",
	}, nil)
	normPriceVars = normList([]string{"Ferme", "Actualisable", "Révisable"}, nil)
	normSocials   = normList([]string{
		"Clause sociale", "Critère social", "Marché réservé", "Concession réservée", "Pas de considération sociale",
	}, nil)
	normGreens = normList([]string{
		"Clause environnementale", "Critère environnemental", "Pas de considération environnementale",
	}, nil)
)
