package audit

import (
	"slices"
	"sync"

	"maillon/catalog/pivot"
)

// A field is a legal field of a kind of contract, and how to tell that it is given.
type field struct {
	name     string // as the law writes it
	kind     pivot.Kind
	required bool // by the newest version of the schema
	given    func(*pivot.Contract) bool
	asked    map[pivot.Version]bool // versions that know the field
}

// given tells by legal name whether a contract gives a field. The names of the two
// kinds that mean the same have the same test.
var given = map[string]func(*pivot.Contract) bool{
	"id": func(c *pivot.Contract) bool { return c.ID != "" }, "acheteur": buyerGiven, "autoriteConcedante": buyerGiven,
	"nature": func(c *pivot.Contract) bool { return c.Nature != "" }, "objet": func(c *pivot.Contract) bool { return c.Object != "" },
	"codeCPV": func(c *pivot.Contract) bool { return c.CPV != "" }, "procedure": func(c *pivot.Contract) bool { return c.Procedure != "" },
	"techniques":                      func(c *pivot.Contract) bool { return len(c.Techniques) > 0 },
	"modalitesExecution":              func(c *pivot.Contract) bool { return len(c.Modalities) > 0 },
	"idAccordCadre":                   func(c *pivot.Contract) bool { return c.FrameworkID != "" },
	"marcheInnovant":                  func(c *pivot.Contract) bool { return c.Innovative != nil },
	"ccag":                            func(c *pivot.Contract) bool { return c.CCAG != "" },
	"offresRecues":                    func(c *pivot.Contract) bool { return c.Offers != nil },
	"attributionAvance":               func(c *pivot.Contract) bool { return c.Advance != nil },
	"tauxAvance":                      func(c *pivot.Contract) bool { return c.AdvanceRate != nil },
	"typeGroupementOperateurs":        func(c *pivot.Contract) bool { return c.Grouping != "" },
	"sousTraitanceDeclaree":           func(c *pivot.Contract) bool { return c.Subcontracting != nil },
	"actesSousTraitance":              func(c *pivot.Contract) bool { return len(c.Subcontracts) > 0 },
	"modificationsActesSousTraitance": func(c *pivot.Contract) bool { return len(c.SubcontractChanges) > 0 },
	"lieuExecution":                   func(c *pivot.Contract) bool { return c.Place != nil && c.Place.Code != "" },
	"dureeMois":                       func(c *pivot.Contract) bool { return c.Months != nil },
	"dateNotification":                notified,
	"dateSignature":                   notified,
	"datePublicationDonnees":          func(c *pivot.Contract) bool { return c.Published != "" },
	"dateDebutExecution":              func(c *pivot.Contract) bool { return c.Start != "" },
	"montant":                         amountGiven,
	"valeurGlobale":                   amountGiven,
	"montantSubventionPublique":       func(c *pivot.Contract) bool { return c.Subsidy != nil },
	"typesPrix":                       func(c *pivot.Contract) bool { return len(c.PriceTypes) > 0 },
	"formePrix":                       func(c *pivot.Contract) bool { return c.PriceForm != "" },
	"origineUE":                       func(c *pivot.Contract) bool { return c.OriginEU != nil },
	"origineFrance":                   func(c *pivot.Contract) bool { return c.OriginFR != nil },
	"titulaires":                      suppliersGiven,
	"concessionnaires":                suppliersGiven,
	"considerationsSociales":          func(c *pivot.Contract) bool { return len(c.Social) > 0 },
	"considerationsEnvironnementales": func(c *pivot.Contract) bool { return len(c.Environment) > 0 },
	"modifications":                   func(c *pivot.Contract) bool { return len(c.Modifications) > 0 },
	"donneesExecution":                func(c *pivot.Contract) bool { return len(c.Execution) > 0 },
}

func buyerGiven(c *pivot.Contract) bool  { return c.Buyer.ID != "" }
func notified(c *pivot.Contract) bool    { return c.Notified != "" }
func amountGiven(c *pivot.Contract) bool { return c.Amount != nil }

func suppliersGiven(c *pivot.Contract) bool {
	return slices.ContainsFunc(c.Suppliers, func(s pivot.Supplier) bool { return s.ID != "" })
}

// fields are the legal fields of today, those of a marché first, in the order
// of the schema. What stands within a field is not looked at.
var fields = sync.OnceValue(func() []field {
	var all []field
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		for _, f := range pivot.Dictionary(kind) {
			now, known := f.In(pivot.V204)
			test := given[f.Path]
			if !known || test == nil {
				continue
			}
			one := field{name: f.Path, kind: kind, required: now.Required, given: test, asked: map[pivot.Version]bool{}}
			for _, v := range []pivot.Version{pivot.V130, pivot.V140, pivot.V150, pivot.V200, pivot.V201, pivot.V202, pivot.V203, pivot.V204} {
				_, one.asked[v] = f.In(v)
			}
			all = append(all, one)
		}
	}
	return all
})

// A FieldShare is how many contracts give a field.
type FieldShare struct {
	Field    string     `json:"field"` // as the law writes it
	Kind     pivot.Kind `json:"kind"`
	Required bool       `json:"required"` // by the newest schema, of every contract; others are given where they apply
	Asked    int        `json:"asked"`    // contracts judged by a version that knows the field
	Given    int        `json:"given"`    // of these, how many give it
}
