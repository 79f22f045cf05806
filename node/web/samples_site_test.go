package web

func fullSite() []Page {
	return []Page{
		APIPage{URL: "https://x.invalid/opendata", Document: "/opendata/openapi.json", Try: "/opendata/api/try", Groups: []APIGroup{{ID: "contracts", Title: "Contrats", Operations: []APIOperation{
			{ID: "listContracts", Method: "GET", Path: "/api/v1/contracts", Text: "Chercher des contrats", More: "Les plus récents d’abord.", Media: "application/json", Readable: true, Params: []APIParam{
				{Name: "cpv", Text: "Code CPV", Example: "45"}, {Name: "state", Text: "État", Values: []string{"conforme", "a-corriger"}},
				{Name: "from", Text: "À partir du", Date: true}, {Name: "limit", Text: "Nombre", Number: true, Least: 1, Most: 1000}, {Name: "buyer", Text: "Acheteur", Required: true}}},
			{ID: "getStats", Method: "GET", Path: "/api/v1/stats", Text: "Combien", Media: "application/json", Readable: true},
			{ID: "postDeposit", Method: "POST", Path: "/api/v1/deposits", Text: "Publier", Media: "application/json", Token: true, Params: []APIParam{{Name: "mode", Text: "Manière", Values: []string{"merge", "replace"}}}},
		}}}},
		NumbersPage{Who: "entreprise", Lead: "Les contrats qui finissent.", Action: "/opendata/profils/entreprise", Asked: true, Numbers: sampleNumbers(), Embed: "https://x.invalid/opendata/profils/entreprise?embed=1", Unavailable: "Rien.",
			Fields: []AskField{{Name: "q", Label: "Mots", Hint: "voirie", Value: "papier"}, {Name: "cpv", Label: "Domaine", Options: []Option{{"45", "Travaux", true}}}},
			Active: []ActiveFilter{{"Mots", "papier", "/opendata/profils/entreprise"}}, Links: []FileRow{{Label: "Page", URL: "/opendata/acheteurs/1"}}},
		ProfilesPage{[]Profile{{"Je suis une entreprise", "Les contrats qui finissent.", "/opendata/profils/entreprise"}}},
	}
}

func sampleNumbers() Numbers {
	return Numbers{Total: 12, Period: "de mars 2024 à mai 2026", Sentences: []string{"La moitié des contrats valent moins de 40 000 €."}, Figures: []Figure{{"Contrats", "12", "sur 3 ans"}},
		Map: NewTileMap([]AuditTotal{{Key: "35", Percent: 100}, {Key: "22", Percent: 3}}), MapTitle: "Montant par département", Contracts: "/opendata/marches",
		Blocks:   []Block{{ID: "by-year", Title: "Par année", Text: "En tête : 2026.", By: "Année", Head: []string{"Contrats", "Montant"}, Rows: []BlockRow{{"2026", "/opendata/marches", []string{"12", "41 000 €"}, 100}, {"non indiqué", "", []string{"1", "–"}, 0}}, More: 3, Note: "1 sans montant", CSV: "/opendata/x.csv", SVG: "/opendata/x.svg"}},
		Compared: &Comparison{"Semblables : Aval.", []string{"Amont", "Aval"}, []ComparedRow{{"Contrats", []ComparedCell{{"Amont", "3"}, {"Aval", "4"}}}}},
		After:    []ContractList{{ID: "list-largest", Title: "Les plus gros", None: "Aucun."}},
		Lists:    []ContractList{{ID: "list-ending", Title: "Finissent bientôt", Lead: "Les plus proches d’abord.", None: "Aucun.", Total: 1, More: "/opendata/marches", Items: []ContractRow{{URL: "/opendata/marches/a/b", Title: "Papier", Date: "2026-01-01", End: "2026-12-31", Amount: amount(3)}}}},
		Outline:  &OutlineMap{"/opendata/chiffres/carte-epci.svg", "Carte. Les nombres sont dans le tableau."}, Targets: sampleTargets(), Finances: sampleFinances(),
		Facts: []Indicator{{"Contrats", "12", "Leur nombre.", 12, 0, 0}}, NotGiven: []NotGiven{{"Taux de réussite", "Non publié."}}, Files: []FileRow{{Label: "CSV", URL: "/opendata/x.csv"}}}
}

// sampleFinances is what a body's budgets and grants say, and sampleTargets what it
// has set itself.
func sampleFinances() []Finances {
	return []Finances{{
		ID: "finances-1", Name: "Amont", API: "/opendata/api/v1/buyers/1/budget", More: 2,
		Years: []FinanceYear{{"2025 – réalisé", "820 000 €", "164 000 €", "82 000 €", "10 %", "50 %", 3, 1, 10}, {Label: "2024 – voté", Amount: "–"}},
		Given: []GrantRow{{Amount: "30 €", Year: 2025, N: 2}}, Received: []GrantRow{{"Bretagne", "/opendata/acheteurs/2", "77 €", 2024, 1}},
		Beneficiaries: []BeneficiaryRow{{"La Poste", "/opendata/titulaires/3", "1 000 €", 1, "3", "82 000 €"}, {Name: "Sans SIRET", Amount: "30 €", N: 1}},
	}}
}

func sampleTargets() []Target {
	return []Target{{"Considérations sociales", "Part des contrats.", 2026, "30 %", "12 %", "Il manque 18 %.", 30, 12, 8, 2, 20, "https://x.invalid/spaser"}, {Label: "PME", Aim: "50 %", Actual: "–", State: "Inconnu.", AimAt: 50}}
}

func emptySite() []Page { return []Page{APIPage{}, NumbersPage{}, ProfilesPage{}} }

func sparseSite() []Page {
	return []Page{
		NumbersPage{Who: "citoyen", Name: "x", Action: "/x", Fields: []AskField{{Name: "f", Label: "F"}}, Active: make([]ActiveFilter, 1), Links: make([]FileRow, 1), Asked: true, Numbers: Numbers{
			Sentences: make([]string, 1), Figures: make([]Figure, 1), Blocks: []Block{{ID: "b", Head: make([]string, 1), Rows: []BlockRow{{Cells: make([]string, 1)}}}}, Compared: &Comparison{Head: make([]string, 1), Rows: []ComparedRow{{Cells: make([]ComparedCell, 1)}}},
			Lists: []ContractList{{ID: "l", Items: make([]ContractRow, 1)}}, Facts: make([]Indicator, 1), NotGiven: make([]NotGiven, 1), Files: make([]FileRow, 1)}},
		ProfilesPage{make([]Profile, 1)}, APIPage{Groups: []APIGroup{{ID: "g", Title: "G", Operations: []APIOperation{{ID: "o", Text: "O", Readable: true, Params: []APIParam{{Name: "p"}}}}}}}}
}
