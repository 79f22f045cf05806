package pivot

// schemaMarche is a marché public: name, editions that know the field so, its
// type, and the editions that require it.
var schemaMarche = schemaGroup{Name: "marche", Closed: v2, Fields: []schemaField{
	{"id", v1, is.text(7, 16), always},
	{"id", v2, is.text(1, 16), always},
	{"uid", v1, is.uid(), never},
	{"_type", j1 | j200 | j201 | j202, is.word(wordsTypeMarche), never},
	{"acheteur", always, is.object(&schemaBuyer), always},
	{"nature", v1, is.word(wordsNature1), always},
	{"nature", v2, is.word(wordsNature2), always},
	{"objet", v1, is.text(0, 256), always},
	{"objet", v2, is.text(0, 1000), always},
	{"codeCPV", always, is.cpv(), always},
	{"technique", v20, is.words("technique", 0, wordsTechnique200), always},
	{"techniques", j201 | x201, is.words("technique", 1, wordsTechnique201), always},
	{"techniques", vn &^ (j201 | x201), is.words("technique", 1, wordsTechnique), always},
	{"modaliteExecution", v20, is.words("modaliteExecution", 0, wordsModality200), always},
	{"modalitesExecution", vn, is.words("modaliteExecution", 1, wordsModality), always},
	{"idAccordCadre", j200, is.text(1, 16).orEmpty(), always},
	{"idAccordCadre", x200, is.text(0, 16), always},
	{"idAccordCadre", vn, is.text(1, 16), x201},
	{"marcheInnovant", j200 | vn, is.flag(), always},
	{"marcheInnovant", x200, is.flag().xsBool(), always},
	{"ccag", v20, is.word(wordsCCAG200).orEmpty(), always},
	{"ccag", j201 | x201, is.word(wordsCCAG201), always},
	{"ccag", vn &^ (j201 | x201), is.word(wordsCCAG), always},
	{"offresRecues", v2, is.whole(1), always},
	{"attributionAvance", j200 | vn, is.flag(), always},
	{"attributionAvance", x200, is.flag().xsBool(), always},
	{"tauxAvance", v2, is.ratio(), never},
	{"typeGroupementOperateurs", v20, is.word(wordsGrouping200).orEmpty(), always},
	{"typeGroupementOperateurs", vn, is.word(wordsGrouping), always},
	{"sousTraitanceDeclaree", j200 | vn, is.flag(), always},
	{"sousTraitanceDeclaree", x200, is.flag().xsBool(), always},
	{"actesSousTraitance", v20, is.list("acteSousTraitance", 0, &schemaSubcontract), always},
	{"actesSousTraitance", x201, is.list("acteSousTraitance", 0, &schemaSubcontract), always},
	{"actesSousTraitance", vn &^ x201, is.list("acteSousTraitance", 1, &schemaSubcontract), never},
	{"modificationsActesSousTraitance", v20, is.list("modificationActeSousTraitance", 0, &schemaSubcontractChange), always},
	{"modificationsActesSousTraitance", jn, is.list("modificationActeSousTraitance", 1, &schemaSubcontractChange), never},
	{"modificationsActesSousTraitance", xn, is.list("modificationActesSousTraitance", 1, &schemaSubcontractChange), never},
	{"procedure", jo | x140, is.word(wordsProcedure140), always},
	{"procedure", always &^ (jo | x140), is.word(wordsProcedure), always},
	{"lieuExecution", always, is.object(&schemaPlace), always},
	{"dureeMois", always, is.whole(1), always},
	{"dateNotification", always, is.date(), always},
	{"datePublicationDonnees", always, is.date(), always},
	{"montant", v1 | v20 | x201, is.amount(0), always},
	{"montant", vn &^ x201, is.amount(1), always},
	{"typePrix", v20, is.words("typePrix", 1, wordsPriceType), always},
	{"typesPrix", vn, is.words("typePrix", 1, wordsPriceType), always},
	{"formePrix", v1, is.word(wordsPriceForm1), always},
	{"formePrix", v2, is.word(wordsPriceForm2), always},
	{"origineUE", j200 | x200 | xn, is.ratio().orEmpty(), v20 | x201},
	{"origineUE", jn, is.ratio(), j201},
	{"origineFrance", j200 | x200 | xn, is.ratio().orEmpty(), v20 | x201},
	{"origineFrance", jn, is.ratio(), j201},
	{"titulaires", jo, is.list("titulaire", 1, &schemaSupplier).firstOnly(), always},
	{"titulaires", always &^ jo, is.list("titulaire", 1, &schemaSupplier).anyWrapper(), always},
	{"considerationsSociales", v20, is.words("considerationSociale", 0, wordsSocial200), always},
	{"considerationsSociales", vn, is.words("considerationSociale", 1, wordsSocial), always},
	{"considerationsEnvironnementales", v20, is.words("considerationEnvironnementale", 0, wordsEnvironment200), always},
	{"considerationsEnvironnementales", vn, is.words("considerationEnvironnementale", 1, wordsEnvironment), always},
	{"modifications", jo, is.list("modification", 0, &schemaModification).firstOnly(), always},
	{"modifications", v1&^jo | v20, is.list("modification", 0, &schemaModification), always},
	{"modifications", vn, is.list("modification", 1, &schemaModification), never},
}}

// schemaBuyer is the acheteur. In the XSD of 1.x its name comes second.
var schemaBuyer = schemaGroup{Name: "acheteur", Loose: j1, Mixed: schemaXML, Ordered: schemaXML, Fields: []schemaField{
	{"id", always, is.siret(), always},
	{"nom", v1, is.text(0, 0), always},
}}

// schemaPlace is the lieuExecution of a marché.
var schemaPlace = schemaGroup{Name: "lieuExecution", Fields: []schemaField{
	{"code", always, is.text(0, 0), always},
	{"typeCode", always, is.word(wordsPlaceCode), always},
	{"nom", v1, is.text(0, 0), always},
}}

// schemaSupplier is a titulaire, a concessionnaire or a sousTraitant.
var schemaSupplier = schemaGroup{Name: "titulaire", Fields: []schemaField{
	{"typeIdentifiant", v1 | v20, is.word(wordsSupplierIDOld), always},
	{"typeIdentifiant", vn, is.word(wordsSupplierID), always},
	{"id", always, is.text(0, 0), always},
	{"denominationSociale", v1, is.text(0, 0), always},
}}

// schemaModification is a modification of a marché.
var schemaModification = schemaGroup{Name: "modification", Fields: []schemaField{
	{"id", v20, is.whole(0), always},
	{"id", vn, is.whole(1), always},
	{"objetModification", v1, is.text(0, 256), always},
	{"dateNotificationModification", always, is.date(), always},
	{"datePublicationDonneesModification", always, is.date(), always},
	{"dureeMois", v1 | x200, is.whole(), never},
	{"dureeMois", j200 | vn, is.whole(1), never},
	{"montant", v1, is.amount(), never},
	{"montant", v20 | x201, is.amount(0), never},
	{"montant", vn &^ x201, is.amount(1), never},
	{"titulaires", jo, is.list("titulaire", 1, &schemaSupplier).firstOnly(), never},
	{"titulaires", always &^ jo, is.list("titulaire", 1, &schemaSupplier).anyWrapper(), x201},
}}

// schemaSubcontract is an acteSousTraitance.
var schemaSubcontract = schemaGroup{Name: "acteSousTraitance", Fields: []schemaField{
	{"id", v20, is.whole(0), always},
	{"id", vn, is.whole(1), always},
	{"sousTraitant", v2, is.object(&schemaSupplier), always},
	{"dureeMois", v2, is.whole(1), always},
	{"dateNotification", v2, is.date(), always},
	{"datePublicationDonnees", v2, is.date(), always},
	{"montant", v20 | x201, is.amount(0), always},
	{"montant", vn &^ x201, is.amount(1), always},
	{"variationPrix", v2, is.word(wordsPriceVariance), always},
}}

// schemaSubcontractChange is a modification of an acteSousTraitance.
var schemaSubcontractChange = schemaGroup{Name: "modificationActeSousTraitance", Fields: []schemaField{
	{"id", v20, is.whole(0), always},
	{"id", vn, is.whole(1), always},
	{"dureeMois", v2, is.whole(1), never},
	{"dateNotificationModificationActeSousTraitance", v20, is.date(), always},
	{"dateNotificationModificationSousTraitance", vn, is.date(), always},
	{"montant", v20 | x201, is.amount(0), never},
	{"montant", vn &^ x201, is.amount(1), never},
	{"datePublicationDonneesModificationActeSousTraitance", v20, is.date(), always},
	{"datePublicationDonnees", vn, is.date(), always},
}}
