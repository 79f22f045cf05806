package pivot

// schemaConcession is a contrat de concession; see [schemaMarche].
var schemaConcession = schemaGroup{Name: "contrat-concession", Closed: v2, Fields: []schemaField{
	{"id", v1, is.text(7, 16), always},
	{"id", v2, is.text(1, 16), always},
	{"uid", v1, is.uid(), never},
	{"_type", j1, is.word(wordsTypeConcession), never},
	{"autoriteConcedante", always, is.object(&schemaAuthority), always},
	{"nature", always, is.word(wordsNatureConcession), always},
	{"objet", j1, is.text(0, 256), always},
	{"objet", x1 | x200, is.text(0, 0), always},
	{"objet", j200 | vn, is.text(0, 1000), always},
	{"procedure", always, is.word(wordsProcedureConcession), always},
	{"lieuExecution", v1, is.object(&schemaConcessionPlace), always},
	{"dureeMois", always, is.whole(1), always},
	{"dateSignature", always, is.date(), always},
	{"datePublicationDonnees", always, is.date(), always},
	{"dateDebutExecution", always, is.date(), always},
	{"valeurGlobale", v1, is.amount(), always},
	{"valeurGlobale", v20 | x201, is.amount(0), always},
	{"valeurGlobale", vn &^ x201, is.amount(1), always},
	{"montantSubventionPublique", always, is.amount(0), always},
	{"donneesExecution", jo, is.list("donneesAnnuelles", 0, &schemaExecution).firstOnly(), always},
	{"donneesExecution", v1&^jo | v20, is.list("donneesAnnuelles", 0, &schemaExecution), always},
	{"donneesExecution", j201 | x202, is.list("donneesAnnuelles", 1, &schemaExecution), never},
	{"donneesExecution", vn &^ (j201 | x202), is.list("donneesAnnuelles", 0, &schemaExecution), never},
	{"concessionnaires", jo, is.list("concessionnaire", 1, &schemaSupplier).firstOnly(), always},
	{"concessionnaires", always &^ jo, is.list("concessionnaire", 1, &schemaSupplier).anyWrapper(), always},
	{"considerationsSociales", v20, is.words("considerationSociale", 0, wordsSocialConcession200), always},
	{"considerationsSociales", vn, is.words("considerationSociale", 1, wordsSocialConcession), always},
	{"considerationsEnvironnementales", v20, is.words("considerationEnvironnementale", 0, wordsEnvironment200), always},
	{"considerationsEnvironnementales", vn, is.words("considerationEnvironnementale", 1, wordsEnvironment), always},
	{"modifications", jo, is.list("modification", 0, &schemaConcessionModification).firstOnly(), always},
	{"modifications", v1&^jo | v20, is.list("modification", 0, &schemaConcessionModification), always},
	{"modifications", vn, is.list("modification", 1, &schemaConcessionModification), never},
}}

// schemaAuthority is the autoriteConcedante.
var schemaAuthority = schemaGroup{Name: "autoriteConcedante", Fields: schemaBuyer.Fields}

// schemaConcessionPlace is the lieuExecution of a concession, which 2.x has not.
var schemaConcessionPlace = schemaGroup{Name: "lieuExecution", Fields: []schemaField{
	{"code", j1, is.text(0, 6), always},
	{"code", x1, is.text(0, 0), always},
	{"typeCode", v1, is.word(wordsPlaceCode), always},
	{"nom", v1, is.text(0, 0), always},
}}

// schemaConcessionModification is a modification of a concession.
var schemaConcessionModification = schemaGroup{Name: "modification", Fields: []schemaField{
	{"id", j200, is.whole(0), never},
	{"id", x200, is.whole(0).int32(), always},
	{"id", vn, is.whole(1), always},
	{"objetModification", v1, is.text(0, 256), always},
	{"dateSignatureModification", always, is.date(), always},
	{"datePublicationDonneesModification", always, is.date(), always},
	{"dureeMois", always, is.whole(1), never},
	{"valeurGlobale", v1 | v20, is.amount(0), never},
	{"valeurGlobale", vn, is.amount(1), x201},
}}

// schemaExecution is a year of donneesExecution.
var schemaExecution = schemaGroup{Name: "donneesAnnuelles", Fields: []schemaField{
	{"datePublicationDonneesExecution", always, is.date(), always},
	{"depensesInvestissement", always, is.amount(0), always},
	{"tarifs", jo, is.list("tarif", 1, &schemaTariff).firstOnly().twice(), always},
	{"tarifs", always &^ jo, is.list("tarif", 1, &schemaTariff).twice(), always},
}}

// schemaTariff is a tarif that users pay.
var schemaTariff = schemaGroup{Name: "tarif", Fields: []schemaField{
	{"intituleTarif", j1 | v2, is.text(0, 256), always},
	{"intituleTarif", x1, is.text(0, 0), always},
	{"tarif", always, is.amount(0), always},
}}
