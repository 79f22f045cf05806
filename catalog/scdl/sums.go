package scdl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The values of closed lists, see plain.
var (
	stages = map[string]string{
		"compte administratif": string(Realised), "compte financier unique": string(Realised), "budget primitif": string(Voted), "budget previsionnel": string(Voted),
		"budget supplementaire": "other", "decision modificative": "other",
	}
	sections = map[string]string{"fonctionnement": "f", "f": "f", "investissement": "i", "i": "i"}
	kindsOf  = map[string]string{"reel": "r", "reelle": "r", "r": "r", "ordre": "o", "o": "o"}
	ways     = map[string]string{"depense": "d", "d": "d", "recette": "r", "r": "r"}
)

type budgetKey struct {
	siret string
	year  int
	stage Stage
}

// budgets adds up lines.
type budgets map[budgetKey]*Budget

func (b budgets) take(t *table, c *Content) error {
	key := budgetKey{t.siret("BGT_SIRET"), t.year("BGT_ANNEE"), Stage(t.one("BGT_NATDEC", stages))}
	section, kind, way := t.one("BGT_SECTION", sections), t.one("BGT_OPBUDG", kindsOf), t.one("BGT_CODRD", ways)
	amount, given := 0.0, false
	switch key.stage {
	case Realised:
		amount, _ = t.amount("BGT_MTREAL")
	case Voted:
		if amount, given = t.amount("BGT_MTPREV"); !given {
			amount, _ = t.amount("BGT_MTPROPNOUV")
		}
	}
	if len(t.problems) > 0 {
		return nil
	}
	if key.stage != Realised && key.stage != Voted {
		c.Others++
		return nil
	}
	one, ok := b[key]
	if !ok {
		if len(b) == maxKept {
			return fmt.Errorf("%w: more than %d budgets", ErrLarge, maxKept)
		}
		one = &Budget{SIRET: strings.Clone(key.siret), Year: key.year, Stage: key.stage, Name: said(t.cell("BGT_NOM"))}
		key.siret = one.SIRET
		b[key] = one
	}
	one.Lines++
	switch {
	case kind == "o":
	case way == "r":
		one.Income += amount
	default:
		if section == "f" {
			one.Operating += amount
		} else {
			one.Investment += amount
		}
		if Bought(t.account()) {
			one.Purchases += amount
		}
	}
	return nil
}

// account is the finer of the two codes of a line: the schema calls BGT_CONTNAT the
// account and BGT_NATURE the chapter, the software that makes most files the reverse.
func (t *table) account() string {
	a, b := t.cell("BGT_NATURE"), t.cell("BGT_CONTNAT")
	if len(b) > len(a) {
		return b
	}
	return a
}

func (b budgets) list() []Budget {
	out := make([]Budget, 0, len(b))
	for _, one := range b {
		out = append(out, *one)
	}
	slices.SortFunc(out, compareBudgets)
	return out
}

func compareBudgets(a, b Budget) int {
	return cmp.Or(cmp.Compare(a.SIRET, b.SIRET), cmp.Compare(a.Year, b.Year), cmp.Compare(a.Stage, b.Stage))
}

// A grantRow is a line, until it is known what its amount is: see list.
type grantRow struct {
	Grant
	share    float64
	decision string // with giver; "" if not given
}

type grants []grantRow

func (g *grants) take(t *table) error {
	row := grantRow{Grant: Grant{Giver: strings.Clone(t.siret("idAttribuant")), Year: t.yearOf("dateConvention"), N: 1}, share: 1}
	var given bool
	if row.Amount, given = t.amount("montant"); !given {
		t.bad("montant", "a number such as 47800.20")
	}
	if p, given := t.amount("pourcentageSubvention"); given {
		if p > 1 && p <= 100 {
			p /= 100
		}
		if row.share = p; !(p > 0 && p <= 1) {
			t.bad("pourcentageSubvention", "a part from 0.01 to 1")
		}
	}
	if len(t.problems) > 0 {
		return nil
	}
	if len(*g) == maxKept {
		return fmt.Errorf("%w: more than %d grants", ErrLarge, maxKept)
	}
	row.GiverName = said(t.cell("nomAttribuant"))
	if row.Beneficiary = beneficiary(t.cell("idBeneficiaire"), t.cell("rnaBeneficiaire")); row.Beneficiary != "" {
		row.Name = said(t.cell("nomBeneficiaire"))
	}
	if ref := t.cell("referenceDecision"); ref != "" && row.share < 1 {
		row.decision = row.Giver + "\x00" + strings.Clone(ref)
	}
	*g = append(*g, row)
	return nil
}

// list adds up the lines of one giver, beneficiary and year. The schema's amount is that
// of the whole grant, of which a beneficiary has its share; version 1 gave each its own
// amount beside the share. Where lines of one decision differ in their amounts they are
// such.
func (g grants) list() []Grant {
	whole, split := map[string]float64{}, map[string]bool{}
	for i := range g {
		if d := g[i].decision; d != "" {
			if first, ok := whole[d]; ok && first != g[i].Amount {
				split[d] = true
			}
			whole[d] = g[i].Amount
		}
	}
	type key struct {
		giver, to string
		year      int
	}
	sums := map[key]*Grant{}
	for i := range g {
		one := g[i].Grant
		if !split[g[i].decision] {
			one.Amount *= g[i].share
		}
		k := key{one.Giver, one.Beneficiary, one.Year}
		if sum, ok := sums[k]; ok {
			sum.N++
			sum.Amount += one.Amount
			continue
		}
		sums[k] = &one
	}
	out := make([]Grant, 0, len(sums))
	for _, one := range sums {
		out = append(out, *one)
	}
	slices.SortFunc(out, compareGrants)
	return out
}

func compareGrants(a, b Grant) int {
	return cmp.Or(cmp.Compare(a.Giver, b.Giver), cmp.Compare(a.Year, b.Year), cmp.Compare(a.Beneficiary, b.Beneficiary))
}
