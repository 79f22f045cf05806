package web

import (
	"time"

	"maillon/catalog/texts"
)

var then = time.Date(2026, 3, 2, 9, 5, 0, 0, time.UTC)

func amount(f float64) *float64 { return &f }

var sampleSite = Site{
	Name: "Communauté de communes du Val d’Exemple", NodeID: "siren:200000016", Level: "epci",
	Territory: "fr:epci:200000016", Base: "/opendata", Version: "0.1.0", Contact: "donnees@exemple.invalid", Toolbox: true, Downloads: true,
}

var sampleNodes = []NodeRow{
	{ID: "siren:210000019", Name: "Commune d’Aval", Level: "commune", Territory: "fr:commune:00001", State: "accepted", URL: "https://aval.invalid/", Catalog: "https://aval.invalid/catalog", Contact: "mairie@aval.invalid", Announced: 1240, Mirrored: 1240, Seen: then, Publishes: []string{"21000001900017"}},
	{ID: "siren:210000027", Name: "Commune d’Amont", Level: "commune", Territory: "fr:commune:00002", State: "pending", URL: "https://amont.invalid/", Reason: "attend la décision de l’échelon supérieur", Announced: 12, Seen: then},
	{ID: "siren:210000035", Name: "Office du bassin", Level: "organisme", State: "suspended", Error: "connexion refusée", Announced: 420, Mirrored: 77, Seen: then},
}

var sampleDatasets = []DatasetRow{
	{ID: "d1", Title: "Marchés et concessions de la commune d’Aval, 2026", Buyer: "21000001900017", BuyerName: "Commune d’Aval", Year: "2026", Records: 1240, Conforming: 1198, Modified: then, Files: []FileRow{
		{Label: "Fichier réglementaire", Format: "JSON", URL: "/opendata/files/aval-2026.json", Size: 812345},
		{Format: "CSV", URL: "/opendata/files/aval-2026.csv", Size: 412345},
		{Format: "XML", URL: "/opendata/files/aval-2026.xml", Size: 1912345}}},
	{ID: "d2", Title: "Marchés et concessions de la commune d’Amont, 2025", Buyer: "21000002700017", BuyerName: "Commune d’Amont", Year: "2025", Records: 1, Conforming: 1, Modified: then, Files: []FileRow{{Format: "JSON", URL: "/opendata/files/amont-2025.json", Size: 912}}},
}

var sampleProblems = []ProblemRow{
	{Rule: "montant-positif", Severity: "error", Text: "Le montant est négatif.", Hint: "Écrivez le montant hors taxes, en euros, sans signe.", Pointer: "/marches/marche/3/montant", Line: 412, Offset: 10233},
	{Rule: "unknown-key", Severity: "warning", Text: "Ce champ n’est pas dans le schéma officiel."},
}

var sampleAreas = []AreaRow{{"commune", "00001", "Aval", "d’après SIRENE", "(code 00002 dans le marché)"}, {"departement", "00", "Exemple", "d’après le code géographique", ""}}

var sampleFacts = []PartyFact{{"Nom", "Travaux <du> Val", "d’après SIRENE"}, {"Effectif", "6 à 9 salariés", "d’après SIRENE"}}

var sampleSuppliers = []SupplierRow{{ID: "30000000700013", IDType: "SIRET", Name: "Travaux du Val", URL: "/opendata/titulaires/30000000700013", Note: "Aval · PME"}, {ID: "FR00300000007", IDType: "TVA"}}

var sampleDeposit = DepositRow{ID: "2026-03-02-7f3a", Name: "marches-2026-02.json", Series: "marches", Outcome: "accepted", At: then, Records: 1240, Conforming: 1198, ToCorrect: 40, Refused: 2, Appended: 312}

func fullPages() []Page {
	hub := NodeRow{ID: "siren:220000012", Name: "Département d’Exemple", Level: "departement", State: "accepted", URL: "https://departement.invalid/", Reason: "rattaché", Error: "délai dépassé"}
	rejected := DepositRow{ID: "2026-02-27-11cc", Name: "export.xml", Outcome: "rejected", At: then}
	return []Page{
		sampleConflicts(), sampleDownloads(),
		DeskConflictsPage{Desk: Desk{Operator: "Camille", Role: "registrar", Form: "ab", Said: "fait"}, ConflictsPage: sampleConflicts(), May: true},
		HomePage{Key: "ed25519:3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Hub: &hub, Members: sampleNodes, Datasets: sampleDatasets, Notice: "Ce nœud est en démonstration.",
			Deposits: []DepositRow{sampleDeposit, rejected, {ID: "2026-02-20-9b01", Name: "marches-2026-01.json", Outcome: "unchanged", At: then, Records: 311, Conforming: 311}},
			Climb:    []ClimbRow{{Node: "siren:220000012", Name: "Département d’Exemple", Level: "departement", URL: "https://departement.invalid/", Size: 1552, Of: 1552, At: then}, {Node: "siren:230000011", Name: "Région d’Exemple", Level: "region", URL: "https://region.invalid/", Size: 1240, Of: 1552, At: then}},
			Totals:   Totals{Contracts: 12408, Conforming: 12001, ToCorrect: 405, Withdrawn: 12, Redacted: 2}},
		DepositPage{DepositRow: sampleDeposit, Mode: "merge", SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Layout: "JSON 2.0.4", Bytes: 812345, First: 1240, Size: 1552, Known: 900, Repeated: 20, KeptOut: 8,
			Problem: &sampleProblems[0], Warnings: sampleProblems[1:], Cut: true, JSON: "/opendata/api/v1/deposits/2026-03-02-7f3a", CSV: "/opendata/depots/2026-03-02-7f3a.csv",
			Rules: []RuleRow{{Rule: "montant-positif", Severity: "error", Text: "Le montant est négatif.", Hint: "Écrivez le montant hors taxes, en euros, sans signe.", Count: 40, Places: []PlaceRow{
				{Key: "21000001900017/2026-014", Pointer: "/marches/marche/3/montant", Line: 412, State: "a-corriger", Found: "-12000", Expected: "un nombre positif", ContractURL: "/opendata/marches/21000001900017/2026-014"},
				{Pointer: "/marches/marche/9/montant", State: "refused", Found: "-1", Expected: "un nombre positif"}}}}},
		sampleContract(),
		ContractsPage{Total: 12408, Follow: "/opendata/alertes?buyer=21000001900017", Feed: "/opendata/feeds/marches.atom", Next: "/opendata/marches?after=x", First: "/opendata/marches", Filter: ContractFilter{Text: "toiture", Buyer: "21000001900017", State: "a-corriger", Kind: "marche", From: "2026-01-01", Hidden: []HiddenField{{"region", "53"}}, Sorts: []Option{{"date", "Les plus récents d’abord", true}}},
			Active: []ActiveFilter{{"Texte", "toiture", "/opendata/marches"}}, Reset: "/opendata/marches", Numbers: "/opendata/chiffres", Exports: []FileRow{{Label: "CSV", URL: "/opendata/api/v1/contracts.csv"}},
			Facets: []FacetGroup{{Label: "Année", Values: []FacetValue{{Label: "2026", URL: "/opendata/marches?from=2026-01-01", Count: 12, Chosen: true}}}},
			Items: []ContractRow{
				{URL: "/opendata/marches/21000001900017/2026-014", Title: "Réfection de la toiture de l’école élémentaire et mise aux normes des gouttières, lot 2", Buyer: "21000001900017", BuyerName: "Commune d’Aval", Supplier: "Travaux du Val", State: "a-corriger", Kind: "marche", Date: "2026-02-27", CPV: "45261210", Departement: "00", Amount: amount(123450.5)},
				{URL: "/opendata/marches/21000002700017/c-7", Title: "Délégation du service de l’eau", Buyer: "21000002700017", State: "conforme", Kind: "contrat-concession", Date: "2026-01-01", Amount: amount(2100000)},
				{URL: "/opendata/marches/21000002700017/c-8", Title: "Fournitures", BuyerName: "Commune d’Amont", State: "withdrawn"}}},
		YearsPage{Total: 205, Year: "sans-date", Number: 2, Of: 3, Previous: "/opendata/marches-par-annee/sans-date/", Next: "/opendata/marches-par-annee/sans-date/3/", Feed: "/opendata/feeds/marches.atom",
			Years: []FacetValue{{Label: "2026", URL: "/opendata/marches-par-annee/2026/", Count: 12}, {Label: "sans date", URL: "/opendata/marches-par-annee/sans-date/", Count: 205, Chosen: true}},
			Items: []ContractRow{{URL: "/opendata/marches/21000001900017/2026-014/", Title: "Réfection de la toiture", Buyer: "21000001900017", BuyerName: "Commune d’Aval", Supplier: "Travaux du Val", State: "a-corriger", Kind: "marche", Amount: amount(123450.5)}}},
		RegisterPage{Nodes: sampleNodes, Buyers: []BuyerRow{{SIRET: "21000001900017", Name: "Commune d’Aval", Node: "siren:210000019", NodeName: "Commune d’Aval", Catalog: "https://aval.invalid/catalog", Territory: "fr:commune:00001", Contracts: 1240}, {SIRET: "21000002700017", Node: "siren:210000027", Contracts: 1}}},
		DeskLoginPage{Desk{Public: "https://hub.invalid/", Error: "Ce jeton n’est connu de personne ici."}},
		DeskMembersPage{
			Desk: Desk{Operator: "Camille", Role: "registrar", Form: "f", Public: "https://hub.invalid/", Said: "Accepté."}, May: true, Charters: true, Drafts: 2,
			Waiting: []DeskMember{{NodeRow: NodeRow{ID: "21000002700012", Name: "Amont", Level: "commune", Territory: "fr:commune:35001", State: "pending", URL: "https://amont.invalid"}}},
			Members: []DeskMember{{NodeRow: NodeRow{ID: "21000003500017", Name: "Aval", Level: "commune", State: "accepted", Seen: then}, Publishes: "21000001900017", Charter: true},
				{NodeRow: NodeRow{ID: "21000004300013", Level: "organisme", State: "suspended", Reason: "deux histoires", Error: "behind"}}},
			Refused: []DeskCount{{"hors du territoire", 3}},
		},
		DeskInvitationsPage{
			Desk: Desk{Operator: "Camille", Role: "registrar", Form: "f", Error: "for: geozone"}, May: true, For: "fr:commune:x", Name: "N", SIRET: "1",
			Made:        []DeskInvitation{{String: "maillon1_AAAA", Name: "Amont", For: "fr:commune:35001"}},
			Invitations: []DeskInvitation{{Token: "ab", Name: "Amont", For: "fr:commune:35001", By: "Camille", Expires: then}, {Token: "cd", For: "fr:commune:35002", By: "Camille", UsedBy: "21000003500017", Used: then}, {Token: "ef", Over: true, Expires: then}},
		},
		DeskTrailPage{Desk: Desk{Operator: "Camille", Role: "reader", Form: "f"}, Acts: []DeskAct{{Number: 2, At: then, By: "Camille", Role: "registrar", What: "accept", About: "21000003500017", Particular: "21000001900017"}, {Number: 1, What: "other", Role: "other"}}, Next: "/bureau/suivi?avant=1"},
		DeskHealthPage{Desk: Desk{Operator: "admin", Role: "administrator", Form: "f", Alone: true}, Findings: []DeskFinding{{"fine", "Disque", "12 Gio libres", ""}, {"watch", "Sauvegarde", "rien n’est sauvegardé", "maillon backup x.tar.zst"}, {"wrong", "Horloge", "décalée", "timedatectl set-ntp true"}}},
		DeskOperatorsPage{Desk: Desk{Operator: "admin", Role: "administrator", Form: "f"}, May: true, Token: "0123", Operators: []DeskOperator{{"Camille", "registrar", then}}},
		BuyerPage{SIRET: "21000001900017", Name: "Commune d’Aval", Catalog: "/opendata/acheteurs/21000001900017/catalog.ttl", Contracts: 1240, ContractsURL: "/opendata/marches?buyer=21000001900017", Audit: "/opendata/audit/21000001900017", Datasets: sampleDatasets, Where: sampleAreas, Facts: sampleFacts,
			Lineage: []LineageRow{{SIRET: "21000002700012", Name: "Amont <b>", URL: "/opendata/acheteurs/21000002700012", Follows: true, Since: "2026-01-01", Why: "fusion", Reason: "arrêté du 3 mars"}, {SIRET: "21000003500017", URL: "/x", Since: "bad"}}, LD: map[string]any{"@type": "GovernmentOrganization"}},
		SupplierPage{ID: "30000000700013", Name: "Travaux <du> Val", Found: true, Facts: sampleFacts, Where: sampleAreas, Contracts: 12, ContractsURL: "/opendata/marches?supplier=30000000700013", JSON: "/opendata/api/v1/suppliers/30000000700013", Met: 120, Known: 99, Percent: 82, Sources: []string{"StockUniteLegale_utf8.zip, mis à jour jusqu’au 1er mars 2026"}},
		AlertsPage{Query: "cpv=45&q=<b>", Search: "CPV : 45 ; mots : <b>", SearchURL: "/opendata/marches?cpv=45", Feed: "https://aval.invalid/feeds/marches.atom?cpv=45", URL: "https://aval.invalid", Mail: true, Hooks: true, Asked: true},
		AlertPage{Action: "/opendata/alertes/x.y", Search: "CPV : 45", Every: "daily", Pending: true},
		MovePage{URL: "https://aval.invalid", Most: 100 << 20, Done: true, File: "decp <2025>.json", Lacks: 2, Error: "ligne 3", Counts: []MoveCount{{"absent du nœud", "Déposez-le.", 2}, {"identique", "Rien.", 40}},
			Items: []MoveRow{{"Toiture <b>", "21000001900017/2026-014", "différent", "/opendata/marches/21000001900017/2026-014", "/marches/marche/3", "montant, durée"}, {"", "21000001900017/x", "absent du nœud", "", "/marches/marche/4", ""}}, Cut: true},
		VendorPage{URL: "https://aval.invalid", Files: []FileRow{{Label: "exemple.json", Format: "JSON 2.0.4", URL: "/opendata/editeurs/exemple.json"}}},
		QualityPage{Known: Known{Sources: []string{"StockEtablissement_utf8.csv"}, Rows: []KnownRow{{Who: "Titulaires", Met: 120, Known: 99, Unknown: 21, Withheld: 3, Invalid: 1, Percent: 82}}, Others: 4}, Points: 380, Of: 405, Nine: 8, Rating: "excellent", Missing: []QualityRow{{"Une période", "Donnez-la.", 2}}, Datasets: []QualityDataset{{"Marchés 2026", "https://aval.invalid/d", "excellent", 380}}},
		CataloguePage{Name: "Catalogue du Val", Text: "eau", Total: 31, Clear: "/opendata/catalogue", Next: "/opendata/catalogue?after=x", Parameter: []HiddenField{{"theme", "GOVE"}},
			Facets:   []FacetGroup{{"Thème", []FacetValue{{"Transports", "/opendata/catalogue?theme=TRAN", 12, false}, {"Gouvernement et secteur public", "/opendata/catalogue", 3, true}}}},
			Items:    []DatasetItem{{"Marchés 2026", "/opendata/jeux/d", "Commune d’Aval", "Contrats notifiés en 2026.", "excellent", []string{"CSV", "JSON"}, then, false}, {Title: "Arbres", URL: "/opendata/jeux/e", Foreign: true}},
			Syntaxes: []FileRow{{Label: "RDF/XML", URL: "/opendata/catalog/all.rdf"}}, LD: map[string]any{"@type": "DataCatalog", "name": "</script><b>"}},
		DatasetPage{Name: "Marchés 2026", IRI: "https://aval.invalid/catalog/datasets/d", Identifier: "d", Description: "Contrats notifiés en 2026.", Publisher: "Commune d’Aval", PublisherURL: "/opendata/acheteurs/1",
			Fields: []FactRow{{"Thème", "Transports", "/opendata/catalogue?theme=TRAN"}, {"Période", "2026-01-01 – 2026-02-01", ""}}, Keywords: []string{"decp", "marchés publics"},
			Files:   []DatasetFile{{FileRow{"Décret, CSV", "CSV", "/opendata/files/d/decret.csv", 12345}, "12 contrats conformes.", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}},
			Sources: []DatasetSource{{"siren:210000019", "Commune d’Aval", "maillon/siren:210000019/0", "https://portail.invalid/catalog.ttl", 12, then}},
			Score:   350, Of: 405, Nine: 8, Rating: "bon", Missing: []QualityRow{{"Un territoire", "Donnez-le.", 0}}, Syntaxes: []FileRow{{Label: "Turtle", URL: "/opendata/catalog/datasets/d.ttl"}}, Foreign: true, LD: map[string]any{"@type": "Dataset"}},
		SourcesPage{[]SourceRow{{URL: "https://portail.invalid/catalog.ttl", Name: "Portail", Error: "503", Datasets: 12, Missing: 3, Held: 9, Own: 1, Pivot: 2, Requests: 1, Failures: 1, Visited: then, Next: then, Problems: sampleProblems}}},
		sampleAudit(), sampleLetter(),
		LoginPage{Next: "/saisie", Error: "Ce jeton n’est pas connu ici."},
		EntryPage{
			Kind: "marche", Contract: "21000001900017/2026-014", Form: "abc", Checked: true, Errors: 1, Warnings: 1, Problems: sampleProblems[1:],
			Fields: []EntryField{
				{Name: "id", Label: "Identifiant", Help: "Le numéro.", Example: "2024-1", Type: "text", Value: "2026-014", Required: true, Problems: sampleProblems[:1]},
				{Name: "nature", Help: "La nature.", Type: "text", Words: []EntryWord{{"Marché", true}, {"Marché de partenariat", false}}},
				{Name: "techniques", Help: "Les techniques.", Type: "text", Several: true, Words: []EntryWord{{"Concours", true}}},
				{Name: "objet", Help: "Ce qui est acheté.", Type: "text", Value: "Toiture"}, {Name: "codeCPV", Help: "Le code.", Type: "text"},
				{Name: "lieuExecution_code", Help: "Le lieu.", Type: "text"}, {Name: "dateNotification", Help: "Le jour.", Type: "date", Value: "2026-01-02"},
			},
			Suppliers:     []EntryRow{{[]EntryField{{Name: "titulaire_id", At: 1, Help: "Le SIRET.", Type: "text"}}}, {[]EntryField{{Name: "titulaire_id", At: 2, Help: "Le SIRET.", Type: "text"}}}},
			Modifications: []EntryRow{{[]EntryField{{Name: "modification_id", At: 1, Help: "Le rang.", Type: "text"}}}},
			SearchCPV:     "toiture", SearchPlace: "renn", Codes: []EntryChoice{{"45260000-7", "Roof works"}}, Places: []EntryChoice{{"35238", "Rennes"}},
		},
		DictionaryPage{Kinds: []DictionaryKind{{ID: "marche", Title: "Marchés publics", Fields: []DictionaryRow{
			{Anchor: "marche.nature", Path: "nature", Text: "La nature du contrat.", Type: "une valeur de la liste", Words: []string{"Marché"}, Example: "Marché", Current: "obligatoire",
				History: []FieldHistory{{"2.0.4", "obligatoire"}, {"1.5.0", "obligatoire : Accord-cadre"}}},
			{Anchor: "marche.uid", Path: "uid", Text: "L’identifiant.", Type: "texte", Current: "n’existe plus"}}}}},
		RulesPage{Scopes: []RuleScopeRows{{ID: "schema", Title: "Le schéma", Lead: "Une erreur.", Rules: []RuleText{
			{ID: "minimum", Severity: "error", Text: "… est trop petit.", Hint: "Corrigez.", Explain: "Zéro veut dire inconnu.", Source: "Arrêtés"},
			{ID: "date-future", Severity: "warning", Text: "… est à venir.", Hint: "Corrigez.", Explain: "Une faute de frappe.", Source: "Calendrier"}}}}},
		CheckPage{
			Done: true, File: "decp-2026.json", Layout: "JSON", Records: 12, Valid: 10, Refused: 2, Warnings: 1, Schema: "2.0.3",
			Versions: []string{"2.0.4", "2.0.3"}, Most: 64 << 20, Rules: []RuleRow{{
				Rule: "minimum", Severity: "error", Text: "Le nombre est trop petit.", Hint: "Corrigez.", Count: 2,
				Places: []PlaceRow{{Key: "21000001900017E-1", Pointer: "/marches/marche/1/dureeMois", Found: "0", Expected: "1"}},
			}},
		},
		ErrorPage{Status: 400, Title: "Demande non comprise", Detail: "La date « 31/02 » n’est pas une date.", Problems: sampleProblems},
		About("accessibilite", sampleSite, texts.French, then), About("mentions-legales", sampleSite, texts.French, then), About("donnees-personnelles", sampleSite, texts.French, then),
	}
}

var sampleDelay = AuditDelay{N: 1143, Median: 24, P90: 273, Late: 337, Percent: 29, Early: 4, Missing: 12, Concessions: 9, ConcessionsLate: 2}

var sampleFields = []AuditField{{"Montant", "montant", "marche", "/opendata/dictionnaire#marche.montant", true, 1200, 1190, 99}, {Legal: "tauxAvance", Kind: "marche", Asked: 1200, Given: 3, Percent: 1}}

var sampleRules = []AuditRule{{"minimum", "… est trop petit.", "Donnez la valeur réelle.", 40}, {Rule: "unknown-key", N: 2}}

func sampleAudit() AuditPage {
	counties := []AuditTotal{
		{Key: "22", Name: "Côtes-d’Armor", URL: "/opendata/audit?territory=fr%3Adepartement%3A22", Bodies: 350, Own: 12, Other: 80, Harvested: 3, Idle: 1, Unknown: 254, DCAT: 92, Silent: 7, Unanswered: 12, UnansweredDays: 61, Stuck: 4, Contracts: 1200, ToCorrect: 40, Late: 337, Percent: 27},
		{Key: "35", Name: "Ille-et-Vilaine", Bodies: 340, Own: 300, Percent: 88}, {Key: "56", Name: "Morbihan", Bodies: 250}, {Key: "29", Name: "Finistère", Bodies: 277, Other: 150, Percent: 54},
	}
	return AuditPage{
		Territory: "Bretagne", At: then, Total: counties[0], Outside: 2, Levels: []AuditTotal{{Key: "commune", Name: "commune", Bodies: 1200, Own: 12, Percent: 1}},
		Map: NewTileMap(counties), Maps: []AuditMap{{"/opendata/audit/carte-epci.svg", "Carte par EPCI"}}, Counties: counties, Unions: counties[:1], Obstacles: []AuditCount{{"no-contact", "aucun contact", 3}},
		Filter: AuditFilter{Level: "commune", AllLevels: []string{"commune", "epci"}, State: "own", AllStates: []string{"own", "unknown"}, AllObstacles: []string{"no-contact"}, Territory: "fr:departement:35"},
		Actors: []AuditActor{
			{URL: "/opendata/audit/21000001900017", Name: "Aval", ID: "21000001900017", Level: "commune", Territory: "fr:commune:00001", State: "other", DCAT: "hosted", Publisher: "Plateforme du Val", Obstacles: []string{"no-contact", "only-to-correct"}, Silent: true, Unanswered: 3, UnansweredDays: 41, Last: then, Contracts: 1200, Faulty: 40, Median: 24, Dated: 1143, Late: 337},
			{Name: "Île sans numéro", ID: "commune:98799", Level: "commune", State: "unknown"}},
		Found: 1, Next: "/opendata/audit?after=x", First: "/opendata/audit", JSON: "/opendata/api/v1/audit", CSV: "/opendata/api/v1/audit.csv", Conforming: 1160,
		Delay: sampleDelay, Fields: sampleFields, Rules: sampleRules, Trend: []AuditCount{{"2026-02", "février 2026", 12}, {"2026-03", "mars 2026", 1188}},
	}
}

func sampleLetter() LetterPage {
	return LetterPage{
		ID: "210000019", SIRET: "21000001900017", Name: "Commune d’Aval", Level: "commune", Territory: "fr:commune:00001", State: "own", DCAT: "own", At: then,
		Well:  []LetterLine{{Text: "Vous publiez par votre propre nœud : 1 200 contrats."}},
		First: []LetterLine{{"Le montant manque : 40 contrats.", "Renseignez-le.", "/opendata/dictionnaire#marche.montant", "le champ, expliqué", ""}, {Text: "Rien n’est arrivé.", Hint: "Envoyez.", URL: "/opendata/saisie", Link: "saisir un contrat", Command: "maillon publish FICHIER"}},
		More:  []LetterLine{{Text: "Votre nœud ne dit pas à qui écrire.", Command: "node.contact"}}, Nodes: sampleNodes[:1], Contracts: 1200, Conforming: 1160, Faulty: 40,
		ContractsURL: "/opendata/marches?buyer=21000001900017", FaultyURL: "/opendata/marches?buyer=21000001900017&state=a-corriger", Delay: sampleDelay, Fields: sampleFields, Rules: sampleRules,
		Years: []AuditCount{{Key: "2025", N: 1000}, {Key: "inconnue", N: 200}}, Trend: []AuditCount{{"2026-03", "mars 2026", 1200}},
		Audit: "/opendata/audit", JSON: "/opendata/api/v1/audit/21000001900017", Feed: "/opendata/feeds/audit/21000001900017.atom",
	}
}

func sampleContract() ContractPage {
	return ContractPage{Address: "21000001900017/2026-014", Kind: "marche", State: "a-corriger", Schema: "2.0.4", Permalink: "/opendata/marches/21000001900017/2026-014?entry=1240", JSON: "/opendata/marches/21000001900017/2026-014.json",
		Title: "Réfection de la toiture de l’école élémentaire et mise aux normes des gouttières, lot 2", Buyer: "21000001900017", BuyerName: "Commune d’Aval", BuyerURL: "/opendata/acheteurs/21000001900017",
		Fields:     []FieldRow{{"Procédure", "procedure", "Procédure adaptée"}, {"Montant", "montant", "123 450,50 €"}, {"Durée", "dureeMois", "6 mois"}, {"Date de notification", "dateNotification", "27 février 2026"}, {"Code CPV", "codeCPV", "45261210 – Travaux de couverture"}, {Legal: "source"}},
		Enrichment: Enrichment{Buyer: sampleAreas, Place: sampleAreas[1:], CPV: []LabelRow{{"45000000", "Construction work", "en"}}}, Suppliers: sampleSuppliers, Problems: sampleProblems, Repairs: []string{"La date « 27/02/2026 » n’est pas au format AAAA-MM-JJ : lue 2026-02-27."},
		Modifications: []ModificationRow{{Number: "1", Date: "2026-03-01", Published: "2026-03-02", Months: "8", Amount: "130 000 €", Suppliers: sampleSuppliers, Object: "Prolongation pour intempéries"}, {Number: "2"}},
		Versions: []VersionRow{
			{Node: "siren:210000019", NodeName: "Commune d’Aval", Authority: "own", State: "a-corriger", Reason: "newest", Shown: true, Index: 1240, Epoch: 1, At: then, Published: "2026-03-02"},
			{Node: "siren:230000011", Authority: "none", Reason: "authority", Index: 77, At: then, Differs: []DifferRow{{"Montant", "montant", "123450.5", "123450"}, {"", "dureeMois", "", "6"}}}},
		Decisions: sampleDecisions, Reports: sampleReports, Report: &ReportForm{Action: "/opendata/marches/21000001900017/1/signaler", Stamp: "1.ab", Error: "Dites ce qui ne va pas.", Topic: "wrong", Text: "x", Mail: "a@b.example"},
		Lots:      []LotRow{{"Lot 1 : gros œuvre", "/opendata/marches/21000001900017/2026-013", "210 000 €"}, {Title: "Lot 3 : peinture"}},
		Withdrawn: true, Redacted: "donnée personnelle publiée à tort"}
}

func emptyPages() []Page {
	return []Page{
		DeskHealthPage{},
		ConflictsPage{}, DeskConflictsPage{}, DownloadsPage{},
		DeskLoginPage{}, DeskMembersPage{}, DeskInvitationsPage{}, DeskTrailPage{}, DeskOperatorsPage{},
		HomePage{}, DepositPage{DepositRow: DepositRow{ID: "d"}}, ContractPage{Address: "b/1"}, ContractsPage{}, YearsPage{}, RegisterPage{}, BuyerPage{SIRET: "s"}, SupplierPage{ID: "s"}, MovePage{}, AlertsPage{}, AlertPage{}, ErrorPage{Status: 404}, About("accessibilite", sampleSite, texts.French, then), CheckPage{Most: 1 << 20},
		DictionaryPage{Kinds: []DictionaryKind{{ID: "marche", Title: "Marchés"}}}, RulesPage{}, VendorPage{}, QualityPage{}, CataloguePage{}, DatasetPage{Identifier: "d"}, SourcesPage{}, AuditPage{}, LetterPage{}, LoginPage{}, EntryPage{Kind: "contrat-concession", SearchCPV: "x", SearchPlace: "y"},
	}
}

// sparsePages have one empty row in every list.
func sparsePages() []Page {
	deposit := DepositPage{Problem: &ProblemRow{}, Warnings: make([]ProblemRow, 1), Rules: []RuleRow{{Places: make([]PlaceRow, 1)}}}
	deposit.ID = "d"
	return []Page{
		DeskHealthPage{Findings: []DeskFinding{{Grade: "wrong", Mend: "x"}}},
		ConflictsPage{Items: []ConflictRow{{Sides: make([]ConflictSide, 1), Decisions: make([]DecisionRow, 1)}}},
		DeskConflictsPage{May: true, ConflictsPage: ConflictsPage{Items: []ConflictRow{{Sides: make([]ConflictSide, 1), Decisions: make([]DecisionRow, 1)}}}},
		DownloadsPage{Unknown: true, SIRET: "x", Whole: make([]DownloadRow, 1), Years: []DownloadCut{{Files: make([]FileRow, 1)}}, Departements: make([]DownloadCut, 1), Buyer: make([]FileRow, 1), Days: make([]DownloadDay, 1), More: make([]FileRow, 1)},
		HomePage{Hub: &NodeRow{}, Members: make([]NodeRow, 1), Deposits: make([]DepositRow, 1), Datasets: []DatasetRow{{Files: make([]FileRow, 1)}}, Climb: make([]ClimbRow, 1)},
		deposit,
		ContractPage{Address: "b/1", Fields: make([]FieldRow, 1), Suppliers: make([]SupplierRow, 1), Modifications: make([]ModificationRow, 1), Problems: make([]ProblemRow, 1), Repairs: make([]string, 1), Versions: []VersionRow{{Differs: make([]DifferRow, 1)}}, Lots: make([]LotRow, 1)},
		ContractsPage{Items: make([]ContractRow, 1), Active: make([]ActiveFilter, 1), Facets: []FacetGroup{{Values: make([]FacetValue, 1)}}, Exports: make([]FileRow, 1)}, YearsPage{Year: "2026", Years: []FacetValue{{Label: "2026", URL: "/opendata/x"}}, Items: make([]ContractRow, 1)}, RegisterPage{Nodes: make([]NodeRow, 1), Buyers: make([]BuyerRow, 1)},
		DeskLoginPage{Desk{Error: "x"}}, DeskMembersPage{May: true, Charters: true, Waiting: make([]DeskMember, 1), Members: make([]DeskMember, 1), Refused: make([]DeskCount, 1)}, DeskInvitationsPage{May: true, Made: make([]DeskInvitation, 1), Invitations: make([]DeskInvitation, 1)}, DeskTrailPage{Acts: make([]DeskAct, 1)}, DeskOperatorsPage{May: true, Operators: make([]DeskOperator, 1)},
		AlertsPage{Mail: true}, AlertPage{Letters: true, Stopped: true}, MovePage{Done: true, Counts: make([]MoveCount, 1), Items: make([]MoveRow, 1)}, SupplierPage{ID: "s", Facts: make([]PartyFact, 1), Where: make([]AreaRow, 1), Sources: make([]string, 1)}, BuyerPage{SIRET: "s", Datasets: make([]DatasetRow, 1), Lineage: make([]LineageRow, 1)}, ErrorPage{Problems: make([]ProblemRow, 1)}, About("mentions-legales", sampleSite, texts.French, then), CheckPage{Done: true, Rules: []RuleRow{{Places: make([]PlaceRow, 1)}}, Versions: make([]string, 1)},
		VendorPage{Files: make([]FileRow, 1)}, QualityPage{Missing: make([]QualityRow, 1), Datasets: make([]QualityDataset, 1)}, LoginPage{}, EntryPage{Kind: "marche", Fields: []EntryField{{Name: "id", Help: "h", Type: "text"}}, Suppliers: make([]EntryRow, 1), Modifications: make([]EntryRow, 1)},
		CataloguePage{Facets: []FacetGroup{{Label: "Thème", Values: []FacetValue{{Label: "x", URL: "/opendata/x"}}}}, Items: []DatasetItem{{Title: "x"}}, Syntaxes: []FileRow{{Label: "x", URL: "/opendata/x"}}},
		DatasetPage{Name: "x", Fields: make([]FactRow, 1), Files: make([]DatasetFile, 1), Sources: make([]DatasetSource, 1), Missing: make([]QualityRow, 1), Of: 405},
		SourcesPage{[]SourceRow{{URL: "https://x.invalid/"}}},
		AuditPage{Counties: make([]AuditTotal, 1), Levels: make([]AuditTotal, 1), Unions: make([]AuditTotal, 1), Obstacles: make([]AuditCount, 1), Actors: make([]AuditActor, 1), Fields: make([]AuditField, 1), Rules: make([]AuditRule, 1), Trend: make([]AuditCount, 1), Total: AuditTotal{Contracts: 1}},
		LetterPage{Well: make([]LetterLine, 1), First: make([]LetterLine, 1), More: make([]LetterLine, 1), Nodes: make([]NodeRow, 1), Fields: make([]AuditField, 1), Rules: make([]AuditRule, 1), Years: make([]AuditCount, 1), Trend: make([]AuditCount, 1), Contracts: 1},
		DictionaryPage{Kinds: []DictionaryKind{{ID: "marche", Title: "Marchés", Fields: []DictionaryRow{{Path: "id"}}}}},
		RulesPage{Scopes: []RuleScopeRows{{ID: "file", Title: "Le fichier", Rules: []RuleText{{ID: "bom", Text: "Une marque."}}}}},
	}
}

var sampleDecisions = []DecisionRow{
	{Key: "0f", What: "show", Reason: "Montant pluriannuel confirmé par l’acheteur", Speaker: "siren:230000011", Name: "Région d’Amont", By: "registrar", At: then, Holds: true, Mine: true},
	{Key: "1f", What: "settled", Reason: "vu", Speaker: "siren:230000011", At: then}, {Key: "2f", What: "apart", Speaker: "s", Void: true},
}

func sampleConflicts() ConflictsPage {
	v := sampleContract().Versions
	return ConflictsPage{Total: 2, Kind: "sources", State: "open", JSON: "/opendata/api/v1/conflicts", Next: "/opendata/conflits?after=x", First: "/opendata/conflits", Items: []ConflictRow{
		{ID: "0", Kind: "sources", Title: "Réfection de la toiture", Buyer: "21000001900017", BuyerName: "Commune d’Aval", Addresses: []string{"21000001900017/1"}, Seen: "aa", Decisions: sampleDecisions,
			Sides: []ConflictSide{{VersionRow: v[0], URL: "/opendata/marches/21000001900017/1", Title: "Réfection", ID: "1", Hash: "ab"}, {VersionRow: v[1], Title: "Réfection", ID: "1", Hash: "cd"}}},
		{ID: "1", Kind: "duplicates", Settled: true, Title: "Papier", Buyer: "21000001900017", Sides: []ConflictSide{{VersionRow: v[0]}, {VersionRow: v[1]}}},
	}}
}
