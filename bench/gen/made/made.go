// Package made makes contracts up, in the layout of 2.0.4: the same seed gives the
// same. They are what benchmarks measure with.
package made

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"maillon/catalog/pivot"
)

// Line writes one record, without the list around it; b is memory to use.
func Line(w io.Writer, b *bytes.Buffer, c pivot.Contract) error {
	b.Reset()
	if err := pivot.WriteJSON(b, pivot.Gen2, one(c)); err != nil {
		return err
	}
	head, tail := len("{\"marches\":{\"\":[\n")+len(c.Kind), len("]}}\n")
	_, err := w.Write(append(b.Bytes()[head:b.Len()-tail], '\n'))
	return err
}

func one(c pivot.Contract) iter.Seq[pivot.Contract] {
	return func(yield func(pivot.Contract) bool) { yield(c) }
}

// Contracts yields n contracts, the same for the same seed.
func Contracts(seed uint64, n int64) iter.Seq[pivot.Contract] {
	return func(yield func(pivot.Contract) bool) {
		m := maker{rand.New(rand.NewPCG(seed, 2024))}
		for i := range n {
			if !yield(m.contract(i)) {
				return
			}
		}
	}
}

// A maker makes contracts up.
type maker struct{ r *rand.Rand }

func pick(m maker, of ...string) string { return of[m.r.IntN(len(of))] }

func some[T any](v T) *T { return &v }

// siret is a number that passes its key.
func (m maker) siret() string {
	d := make([]byte, 14)
	sum := func(b []byte) (n int) {
		for i := range b {
			v := int(b[len(b)-1-i] - '0')
			if i%2 == 1 {
				if v *= 2; v > 9 {
					v -= 9
				}
			}
			n += v
		}
		return n
	}
	for i := range d {
		d[i] = byte('0' + m.r.IntN(10))
	}
	d[0] = '2'
	d[8] = '0'
	d[8] = byte('0' + (10-sum(d[:9])%10)%10)
	d[13] = '0'
	d[13] = byte('0' + (10-sum(d)%10)%10)
	return string(d)
}

// day is a day of 2024.
func (m maker) day() time.Time { return time.Date(2024, 1, 1+m.r.IntN(366), 0, 0, 0, 0, time.UTC) }

// told is when data are published: in time or, as three in ten of the real ones, late.
func (m maker) told(after time.Time) time.Time {
	if m.r.IntN(10) < 3 {
		return after.AddDate(0, 0, 62+m.r.IntN(200))
	}
	return after.AddDate(0, 0, m.r.IntN(58))
}

func written(t time.Time) string { return t.Format(time.DateOnly) }

// share is a part of an amount, in euros and cents.
func (m maker) share(of, least, most float64) *float64 {
	return some(math.Round(of*(least+(most-least)*m.r.Float64())*100) / 100)
}

func (m maker) supplier() pivot.Supplier { return pivot.Supplier{IDType: "SIRET", ID: m.siret()} }

func (m maker) amount() *float64 { return some(float64(m.r.IntN(90_000_000)+4_000_000) / 100) }

// contract makes number i: one in twenty is a concession, one in twenty breaks
// the schema.
func (m maker) contract(i int64) pivot.Contract {
	notified := m.day()
	c := pivot.Contract{
		Kind: pivot.Marche, Generation: pivot.Gen2, ID: fmt.Sprintf("2024M%d", i), Buyer: pivot.Buyer{ID: m.siret()},
		Nature: "Marché", CPV: pick(m, "45214200-2", "71311300", "33600000-6", "90910000"),
		Object: pick(m, "Travaux de rénovation énergétique de l'école", "Fourniture de denrées alimentaires «bio»",
			"Maîtrise d'œuvre pour l'aménagement de la place", "Entretien des espaces verts") + fmt.Sprintf(" - lot n° %d : \"tranche ferme\"", i%40),
		Procedure:   pick(m, "Procédure adaptée", "Appel d'offres ouvert", "Procédure avec négociation"),
		Months:      some(1 + m.r.IntN(60)),
		Notified:    written(notified),
		Published:   written(m.told(notified)),
		Amount:      m.amount(),
		Social:      []string{pick(m, "Clause sociale", "Pas de considération sociale")},
		Environment: []string{pick(m, "Clause environnementale", "Pas de considération environnementale")},
	}
	for range 1 + m.r.IntN(3)*m.r.IntN(2) {
		c.Suppliers = append(c.Suppliers, m.supplier())
	}
	if i%20 == 7 {
		c.Months = some(0)
	}
	if m.r.IntN(20) == 0 {
		return m.concession(c, notified)
	}
	return m.marche(c, notified)
}

func (m maker) concession(c pivot.Contract, notified time.Time) pivot.Contract {
	c.Kind, c.Nature, c.CPV = pivot.Concession, "Délégation de service public", ""
	c.Procedure = "Procédure négociée ouverte"
	c.Start, c.Subsidy = written(notified.AddDate(0, 10, 0)), some(0.0)
	return c
}

func (m maker) marche(c pivot.Contract, notified time.Time) pivot.Contract {
	c.Techniques, c.Modalities = []string{pick(m, "Accord-cadre", "Sans objet")}, []string{pick(m, "Bons de commande", "Tranches", "Sans objet")}
	c.Innovative, c.CCAG, c.Offers, c.Advance = some(false), pick(m, "Travaux", "Pas de CCAG"), some(1+m.r.IntN(9)), some(true)
	c.AdvanceRate, c.Grouping, c.Subcontracting = some(0.05), "Pas de groupement", some(false)
	if len(c.Suppliers) > 1 {
		c.Grouping = "Conjoint"
	}
	c.Place = &pivot.Place{Code: pick(m, "35238", "22113", "29019"), CodeType: "Code commune"}
	c.PriceTypes, c.PriceForm = []string{"Définitif révisable"}, pick(m, "Unitaire", "Forfaitaire")
	if m.r.IntN(11) == 0 {
		c.Subcontracting = some(true)
		c.Subcontracts = []pivot.Subcontract{{
			ID: some(1), Supplier: m.supplier(), Months: some(6), Notified: written(notified.AddDate(0, 1, 0)),
			Published: written(notified.AddDate(0, 2, 0)), Amount: m.share(*c.Amount, 0.05, 0.6), PriceVar: "Révisable",
		}}
	}
	for k := range m.r.IntN(5) * m.r.IntN(2) {
		notified = notified.AddDate(0, 2, m.r.IntN(30))
		mod := pivot.Modification{
			ID: some(k + 1), Notified: written(notified), Published: written(m.told(notified)), Amount: m.share(*c.Amount, 1.01, 1.3),
		}
		if m.r.IntN(4) == 0 {
			mod.Suppliers = []pivot.Supplier{m.supplier()}
		}
		c.Modifications = append(c.Modifications, mod)
	}
	return c
}

// SIRETs makes up n numbers that pass their key, the same for the same seed.
func SIRETs(seed uint64, n int) []string {
	m := maker{rand.New(rand.NewPCG(seed, 14))}
	seen, out := map[string]bool{}, make([]string, 0, n)
	for len(out) < n {
		if s := m.siret(); !seen[s[:9]] {
			seen[s[:9]] = true
			out = append(out, s)
		}
	}
	return out
}
