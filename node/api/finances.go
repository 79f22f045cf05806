package api

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"maillon/catalog/scdl"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store/search"
)

// A BudgetJSON is what a body's budgets and grants say beside its contracts.
type BudgetJSON struct {
	SIRET         string            `json:"siret"`
	Name          string            `json:"name,omitempty"`
	Years         []BudgetYear      `json:"years"`
	Given         []GrantYear       `json:"given"`         // grants that it gave, by year
	Beneficiaries []BeneficiaryJSON `json:"beneficiaries"` // the largest ones, over all years
	Received      []scdl.Grant      `json:"received"`
	Definition    string            `json:"definition"`
	Sources       []scdl.Source     `json:"sources"` // every file that this node has read
}

// A BudgetYear is a budget beside the contracts that its body notified in that year.
type BudgetYear struct {
	scdl.Budget
	Spent       float64  `json:"spent"`       // operating and investment
	Contracts   int      `json:"contracts"`   // notified in the year
	Missing     int      `json:"missing"`     // of them, without an amount that can be
	Amount      *float64 `json:"amount"`      // of the others; null if none is known
	OfSpending  *float64 `json:"ofSpending"`  // amount by spent
	OfPurchases *float64 `json:"ofPurchases"` // amount by purchases
}

// A GrantYear is what a body gave in a year.
type GrantYear struct {
	Year   int     `json:"year"`
	N      int     `json:"n"`
	Amount float64 `json:"amount"`
}

// A BeneficiaryJSON is who was given grants, beside its contracts with the giver and
// with anyone, as a supplier of the same SIRET.
type BeneficiaryJSON struct {
	ID             string   `json:"id,omitempty"` // SIRET, or RNA; "" for all those without
	Name           string   `json:"name,omitempty"`
	N              int      `json:"n"`
	Amount         float64  `json:"amount"`
	Contracts      int      `json:"contracts"` // with the giver
	ContractAmount *float64 `json:"contractAmount"`
	AllContracts   int      `json:"allContracts"` // with anyone
}

// mostBeneficiaries bounds those that are listed.
const mostBeneficiaries = 100

func (s *Server) getBudget(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	siret := pathVar(r, "siret")
	c := counter{s, r.Context(), search.Query{}, langOf(r)}
	b, err := c.budget(siret)
	if err != nil {
		return err
	}
	if b == nil {
		return notFound("budget", siret)
	}
	return writeJSON(w, b)
}

// budget crosses what is known of a body with its contracts; nil if nothing is known.
func (c counter) budget(siret string) (*BudgetJSON, error) {
	f := c.s.Finances
	budgets, given, received := f.Budgets(siret), f.Given(siret), f.Received(siret)
	if len(budgets)+len(given)+len(received) == 0 {
		return nil, nil
	}
	b := &BudgetJSON{
		SIRET: siret, Years: []BudgetYear{}, Given: []GrantYear{}, Beneficiaries: []BeneficiaryJSON{}, Received: append([]scdl.Grant{}, received...),
		Definition: texts.T(c.lang, "finances.definition"), Sources: f.Sources(),
	}
	if name := c.s.Catalog.BuyerName(siret); name != siret {
		b.Name = name
	}
	for i := range budgets {
		one, err := c.budgetYear(budgets[i])
		if err != nil {
			return nil, err
		}
		b.Years = append(b.Years, one)
	}
	for _, g := range given {
		at := slices.IndexFunc(b.Given, func(y GrantYear) bool { return y.Year == g.Year })
		if at < 0 {
			at = len(b.Given)
			b.Given = append(b.Given, GrantYear{Year: g.Year})
		}
		b.Given[at].N += g.N
		b.Given[at].Amount += g.Amount
	}
	list, err := c.beneficiaries(siret, given)
	b.Beneficiaries = append(b.Beneficiaries, list...)
	return b, err
}

func (c counter) budgetYear(b scdl.Budget) (BudgetYear, error) {
	out := BudgetYear{Budget: b, Spent: b.Spent()}
	year := strconv.Itoa(b.Year)
	q := counted(search.Query{Buyer: []string{b.SIRET}, Notified: search.Days{From: year + "-01-01", To: year + "-12-31"}})
	t, err := c.s.Index.Plausible(c.ctx, q, []search.Dimension{}, []search.Measure{"sum:amount"})
	if err != nil {
		return out, err
	}
	out.Contracts, out.Missing, out.Amount = t.Total.N, t.Total.Missing[0], t.Total.Values[0]
	by := func(whole float64) *float64 {
		if out.Amount == nil || whole <= 0 {
			return nil
		}
		return new(*out.Amount / whole)
	}
	out.OfSpending, out.OfPurchases = by(out.Spent), by(b.Purchases)
	return out, nil
}

// beneficiaries are those who were given most, with their contracts.
func (c counter) beneficiaries(giver string, given []scdl.Grant) ([]BeneficiaryJSON, error) {
	sums := map[string]*BeneficiaryJSON{}
	for _, g := range given {
		one, ok := sums[g.Beneficiary]
		if !ok {
			one = &BeneficiaryJSON{ID: g.Beneficiary}
			sums[g.Beneficiary] = one
		}
		one.Name = cmp.Or(g.Name, one.Name)
		one.N += g.N
		one.Amount += g.Amount
	}
	var list []BeneficiaryJSON
	for _, one := range sums {
		list = append(list, *one)
	}
	slices.SortFunc(list, func(a, b BeneficiaryJSON) int {
		return cmp.Or(cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.ID, b.ID))
	})
	list = list[:min(len(list), mostBeneficiaries)]
	var sirets []string
	for _, one := range list {
		if len(one.ID) == 14 {
			sirets = append(sirets, one.ID)
		}
	}
	if len(sirets) == 0 {
		return list, nil
	}
	for _, own := range []bool{true, false} {
		q := counted(search.Query{Supplier: sirets})
		if own {
			q.Buyer = []string{giver}
		}
		t, err := c.s.Index.Plausible(c.ctx, q, []search.Dimension{search.BySupplier}, []search.Measure{"sum:amount"})
		if err != nil {
			return nil, err
		}
		for _, g := range t.Groups {
			at := slices.IndexFunc(list, func(b BeneficiaryJSON) bool { return b.ID == g.Keys[0].Code && b.ID != "" })
			switch {
			case at < 0:
			case own:
				list[at].Contracts, list[at].ContractAmount = g.N, g.Values[0]
			default:
				list[at].AllContracts = g.N
			}
		}
	}
	return list, nil
}

// financesOf is what pages show of a body's budgets and grants; none if nothing is known.
func (c counter) financesOf(sirets ...string) (list []web.Finances, err error) {
	for _, siret := range sirets {
		b, err := c.budget(siret)
		if err != nil {
			return nil, err
		}
		if b != nil {
			list = append(list, c.financeRows(b))
		}
	}
	return list, nil
}

// financesIn are those of the bodies that stand for a territory.
func (c counter) financesIn(z territory.Geozone) ([]web.Finances, error) {
	return c.financesOf(c.s.Finances.Bodies(sirenOf(z))...)
}

// sirenOf is the SIREN of the body that stands for a territory, "" if none is known.
func sirenOf(z territory.Geozone) string {
	switch z.Level() {
	case territory.Commune:
		m, _ := territory.CommuneByCode(z.Code())
		return m.SIREN
	case territory.EPCI:
		return z.Code()
	}
	for siren, body := range territory.Bodies() {
		if body.Geozone == z {
			return siren
		}
	}
	return ""
}

// shownBeneficiaries and shownGrants bound what a page lists; the API has more.
const (
	shownBeneficiaries = 12
	shownGrants        = 20
)

func (c counter) financeRows(b *BudgetJSON) web.Finances {
	euros := func(v float64) string { return amountOf(c.lang, "euros", &v) }
	page := web.Finances{ID: "finances-" + b.SIRET, Name: cmp.Or(b.Name, b.SIRET), API: c.s.base() + "/api/v1/buyers/" + url.PathEscape(b.SIRET) + "/budget?lang=" + string(c.lang)}
	years := slices.Clone(b.Years)
	slices.SortStableFunc(years, func(x, y BudgetYear) int { return y.Year - x.Year }) // what was spent before what was voted
	for _, y := range years {
		row := web.FinanceYear{
			Label: strconv.Itoa(y.Year) + " – " + texts.T(c.lang, "finances.stage."+string(y.Stage)), Spent: euros(y.Spent), Purchases: euros(y.Purchases),
			Amount: amountOf(c.lang, "euros", y.Amount), N: y.Contracts, Missing: y.Missing, OfSpending: amountOf(c.lang, "share", y.OfSpending), OfPurchases: amountOf(c.lang, "share", y.OfPurchases),
		}
		if y.OfSpending != nil {
			row.At = share(*y.OfSpending)
		}
		page.Years = append(page.Years, row)
	}
	for _, g := range slices.Backward(b.Given) {
		page.Given = append(page.Given, web.GrantRow{Year: g.Year, N: g.N, Amount: euros(g.Amount)})
	}
	for _, one := range b.Beneficiaries[:min(len(b.Beneficiaries), shownBeneficiaries)] {
		row := web.BeneficiaryRow{Name: cmp.Or(one.Name, one.ID, texts.T(c.lang, "finances.others")), N: one.N, Amount: euros(one.Amount)}
		if len(one.ID) == 14 {
			row.Contracts, row.ContractAmount = whole(c.lang, float64(one.Contracts)), amountOf(c.lang, "euros", one.ContractAmount)
			if one.AllContracts > 0 {
				row.URL = c.s.base() + "/titulaires/" + one.ID
			}
		}
		page.Beneficiaries = append(page.Beneficiaries, row)
	}
	page.More = len(b.Beneficiaries) - len(page.Beneficiaries)
	latest := slices.Clone(b.Received)
	slices.SortStableFunc(latest, func(x, y scdl.Grant) int { return cmp.Or(y.Year-x.Year, cmp.Compare(y.Amount, x.Amount)) })
	for _, g := range latest[:min(len(latest), shownGrants)] {
		page.Received = append(page.Received, web.GrantRow{Giver: cmp.Or(g.GiverName, g.Giver), URL: c.s.base() + "/acheteurs/" + url.PathEscape(g.Giver), Year: g.Year, N: g.N, Amount: euros(g.Amount)})
	}
	return page
}
