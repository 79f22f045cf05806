// Package enrich adds to a contract what follows from its codes: the commune,
// EPCI, département and région of its buyer and of its place of execution, what its
// CPV code means at each level of the vocabulary, and what a register of firms says
// of those who are named in it.
//
// Nothing is guessed. What does not follow is absent, and every value says where it
// comes from. The package is pure: the geographic code and the vocabulary are
// embedded, and facts about firms are handed in.
package enrich

import (
	"strconv"
	"strings"

	"maillon/catalog/cpv"
	"maillon/catalog/pivot"
	"maillon/catalog/sirene"
	"maillon/catalog/territory"
)

// Where a value comes from.
const (
	Record = "contract" // the contract itself
	SIRENE = "sirene"   // INSEE's register of legal units and establishments
	CPV    = "cpv-2008" // the common procurement vocabulary
)

// COG is the source of what the embedded geographic code says, with its year.
var COG = "cog-" + strconv.Itoa(territory.Vintage)

// A Value is a text with its source.
type Value struct {
	Value  string `json:"value"`
	Source string `json:"source"`
}

// An Area is a territory of the geographic code of today.
type Area struct {
	Code    string `json:"code"` // INSEE code, SIREN of an EPCI
	Name    string `json:"name"`
	Geozone string `json:"geozone"`
	Source  string `json:"source"`           // of the code: what was known that leads here
	Former  string `json:"former,omitempty"` // the code as written, if it is no more in use
}

// A Where is a place at each level; a level that is not known, or of which there
// are several, is nil.
type Where struct {
	Commune     *Area `json:"commune,omitempty"`
	EPCI        *Area `json:"epci,omitempty"`
	Departement *Area `json:"departement,omitempty"`
	Region      *Area `json:"region,omitempty"`
}

// Known reports whether any level is.
func (w Where) Known() bool {
	return w.Commune != nil || w.EPCI != nil || w.Departement != nil || w.Region != nil
}

// Areas lists what is known, the smallest first.
func (w Where) Areas() []Area {
	var out []Area
	for _, a := range []*Area{w.Commune, w.EPCI, w.Departement, w.Region} {
		if a != nil {
			out = append(out, *a)
		}
	}
	return out
}

// A Party is a buyer or a supplier.
type Party struct {
	ID       string `json:"id"`
	IDType   string `json:"typeIdentifiant,omitempty"`
	Name     *Value `json:"name,omitempty"`
	Where    *Where `json:"where,omitempty"`
	Size     *Value `json:"size,omitempty"`      // tranche d'effectif, a code of INSEE
	Category *Value `json:"category,omitempty"`  // PME, ETI, GE
	Activity *Value `json:"activity,omitempty"`  // NAF code
	Legal    *Value `json:"legalForm,omitempty"` // catégorie juridique, a code of INSEE
	Closed   bool   `json:"closed,omitempty"`    // the establishment or the unit has ceased
	Withheld bool   `json:"withheld,omitempty"`  // partial diffusion: no name, no address
}

// A Label is one level of the vocabulary, from the division to the code itself.
type Label struct {
	Code   string `json:"code"`
	Name   string `json:"name"` // in English
	French string `json:"nameFr,omitempty"`
	Source string `json:"source"`
}

// An Enrichment is what is added to a contract.
type Enrichment struct {
	Buyer     Party   `json:"acheteur"`
	Place     *Where  `json:"lieuExecution,omitempty"`
	CPV       []Label `json:"codeCPV,omitempty"`
	Suppliers []Party `json:"titulaires"`
}

// A Register answers what is known of an establishment, by its SIRET.
type Register func(siret string) (sirene.Firm, bool)

// Of enriches a contract, as it stands after its modifications. register may be nil.
func Of(c pivot.Contract, register Register) Enrichment {
	c = c.Current()
	e := Enrichment{Buyer: Buyer(c.Buyer.ID, c.Buyer.Name, register), CPV: Path(c.CPV), Suppliers: []Party{}}
	if c.Place != nil {
		if w := Place(c.Place.Code, c.Place.CodeType); w.Known() {
			e.Place = &w
		}
	}
	for _, s := range c.Suppliers {
		e.Suppliers = append(e.Suppliers, Supplier(s, register))
	}
	return e
}

// Buyer is what is known of a buyer. Where it is follows from its SIREN if that is
// of a commune, an EPCI, a département or a région, else from its establishment.
func Buyer(siret, name string, register Register) Party {
	p := Party{ID: siret}
	if name != "" {
		p.Name = &Value{name, Record}
	}
	p.know(siret, register)
	if len(siret) < 9 {
		return p
	}
	if body, ok := territory.BySIREN(siret[:9]); ok {
		w := of(body.Geozone, COG)
		p.Where = &w
		if p.Name == nil {
			p.Name = &Value{body.Name, COG}
		}
	}
	return p
}

// Supplier is what is known of a supplier. Only a SIRET leads to the register.
func Supplier(s pivot.Supplier, register Register) Party {
	p := Party{ID: s.ID, IDType: s.IDType}
	if s.Name != "" {
		p.Name = &Value{s.Name, Record}
	}
	p.know(s.ID, register)
	return p
}

// know adds what the register says. A name that the contract gives stays.
func (p *Party) know(siret string, register Register) {
	if register == nil || !territory.IsSIRET(siret) {
		return
	}
	f, ok := register(siret)
	if !ok {
		return
	}
	from := func(s string) *Value {
		if s == "" {
			return nil
		}
		return &Value{s, SIRENE}
	}
	if p.Name == nil {
		p.Name = from(f.Name)
	}
	p.Size, p.Category, p.Activity, p.Legal = from(f.Size), from(f.Category), from(f.Activity), from(f.Legal)
	p.Closed, p.Withheld = f.Closed, f.Withheld
	if w := Commune(f.Commune, SIRENE); w.Known() {
		p.Where = &w
	}
}

// Path is a CPV code at each level of the vocabulary that has a name of its own:
// division, group, class, category, and the code. It is empty if the vocabulary does
// not have the code.
func Path(code string) []Label {
	if !cpv.Known(code) {
		return nil
	}
	code = code[:8]
	var out []Label
	for n := 2; n <= 8; n++ {
		level := code[:n] + strings.Repeat("0", 8-n)
		if len(out) > 0 && out[len(out)-1].Code == level {
			continue
		}
		if name := cpv.Name(level); name != "" {
			out = append(out, Label{level, name, cpv.French(level), CPV})
		}
	}
	return out
}
