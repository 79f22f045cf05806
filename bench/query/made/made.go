// Package made makes contracts up, as many as a country has: buyers and suppliers of
// which few have many, objects in the words of the CPV and of places. The same seed
// gives the same contracts.
package made

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"maillon/catalog/cpv"
	"maillon/catalog/pivot"
	"maillon/catalog/territory"
)

// A Maker makes contracts.
type Maker struct {
	r         *rand.Rand
	communes  []territory.Municipality
	codes     []string
	buyers    []buyer
	suppliers int
}

type buyer struct {
	siret string
	home  territory.Municipality
}

// New is a maker of about n contracts: 36,000 buyers and 300,000 suppliers for 1.2
// million, in proportion for less.
func New(seed uint64, n int) *Maker {
	m := &Maker{r: rand.New(rand.NewPCG(seed, 7)), suppliers: max(50, n/4)}
	for c := range territory.Communes() {
		if c.SIREN != "" && c.EPCI != "" {
			m.communes = append(m.communes, c)
		}
	}
	for code := range cpv.All() {
		m.codes = append(m.codes, code)
	}
	m.r.Shuffle(len(m.codes), func(i, j int) { m.codes[i], m.codes[j] = m.codes[j], m.codes[i] })
	for range max(20, n*3/100) {
		home := m.communes[m.r.IntN(len(m.communes))]
		m.buyers = append(m.buyers, buyer{SIRET(home.SIREN, m.r.IntN(900)), home})
	}
	return m
}

// SIRET is the number of an establishment of a legal unit.
func SIRET(siren string, nic int) string {
	head := fmt.Sprintf("%s%04d", siren, nic)
	for d := '0'; d <= '9'; d++ {
		if s := head + string(d); territory.IsSIRET(s) {
			return s
		}
	}
	return head + "0"
}

// siren is a number that passes its key.
func siren(n int) string {
	head := fmt.Sprintf("%08d", 30_000_000+n)
	for d := '0'; d <= '9'; d++ {
		if s := head + string(d); territory.IsSIREN(s) {
			return s
		}
	}
	return head + "0"
}

// zipf is a number below n, small ones far more often.
func (m *Maker) zipf(n int) int {
	return min(n-1, int(math.Pow(float64(n), m.r.Float64()))-1)
}

func pick[T any](m *Maker, of ...T) T { return of[m.r.IntN(len(of))] }

func some[T any](v T) *T { return &v }

// Contracts yields n contracts.
func (m *Maker) Contracts(n int) iter.Seq2[int, pivot.Contract] {
	return func(yield func(int, pivot.Contract) bool) {
		for i := range n {
			if !yield(i, m.contract(i)) {
				return
			}
		}
	}
}

// first is the day on which notifications begin.
var first = time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)

const days = 365 * 8

func (m *Maker) contract(i int) pivot.Contract {
	b := m.buyers[m.zipf(len(m.buyers))]
	code := m.codes[m.zipf(len(m.codes))]
	notified := first.AddDate(0, 0, m.r.IntN(days))
	c := pivot.Contract{
		Kind: pivot.Marche, Generation: pivot.Gen2, ID: fmt.Sprintf("%d-%06d", notified.Year(), i), Buyer: pivot.Buyer{ID: b.siret},
		Nature: pick(m, "Marché", "Marché", "Marché", "Marché de partenariat"), CPV: code, Object: m.object(code, b.home),
		Procedure: pick(m, "Procédure adaptée", "Procédure adaptée", "Appel d'offres ouvert", "Procédure avec négociation",
			"Marché passé sans publicité ni mise en concurrence préalable"),
		Techniques: []string{pick(m, "Accord-cadre", "Sans objet")}, Modalities: []string{pick(m, "Bons de commande", "Tranches", "Sans objet")},
		Months: some(1 + m.r.IntN(60)), Notified: notified.Format(time.DateOnly), Published: notified.AddDate(0, 0, m.r.IntN(120)).Format(time.DateOnly),
		Amount: some(math.Round(math.Exp(8+m.r.NormFloat64()*1.6)*100) / 100), Offers: some(1 + m.zipf(12)), Innovative: some(false),
		CCAG: pick(m, "Travaux", "Pas de CCAG"), Advance: some(false), Grouping: "Pas de groupement", Subcontracting: some(false),
		PriceTypes: []string{"Définitif révisable"}, PriceForm: pick(m, "Unitaire", "Forfaitaire"),
		Place:       &pivot.Place{Code: b.home.Code, CodeType: "Code commune"},
		Social:      []string{pick(m, "Clause sociale", "Pas de considération sociale", "Pas de considération sociale")},
		Environment: []string{pick(m, "Clause environnementale", "Pas de considération environnementale")},
	}
	if m.r.IntN(5) == 0 {
		other := m.communes[m.r.IntN(len(m.communes))]
		c.Place.Code = other.Code
	}
	for range 1 + m.zipf(3) {
		s := m.zipf(m.suppliers)
		c.Suppliers = append(c.Suppliers, pivot.Supplier{IDType: "SIRET", ID: SIRET(siren(s), s%7)})
	}
	return c
}

// object is what a contract is about, in some words.
func (m *Maker) object(code string, home territory.Municipality) string {
	var b strings.Builder
	b.WriteString(pick(m, "Fourniture et pose : ", "Marché de ", "Accord-cadre : ", "Maîtrise d'œuvre - ", "Entretien, ", "Réhabilitation et ", ""))
	b.WriteString(cpv.French(code))
	b.WriteString(pick(m, " pour l'école ", " pour la médiathèque ", " du gymnase ", " de la mairie ", " pour les services ", " du centre hospitalier "))
	b.WriteString(pick(m, "de la commune de ", "à ", "sur le territoire de "))
	b.WriteString(home.Name)
	fmt.Fprintf(&b, " - lot n° %d", 1+m.r.IntN(40))
	return b.String()
}
