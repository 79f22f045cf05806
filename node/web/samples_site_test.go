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
	}
}

func emptySite() []Page { return []Page{APIPage{}} }

func sparseSite() []Page {
	return []Page{APIPage{Groups: []APIGroup{{ID: "g", Title: "G", Operations: []APIOperation{{ID: "o", Text: "O", Readable: true, Params: []APIParam{{Name: "p"}}}}}}}}
}
