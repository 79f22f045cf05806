// Package sirene reads what INSEE publishes of its register of legal units and
// establishments: the stock files StockEtablissement and StockUniteLegale, as CSV.
//
// The files have some forty million rows; of these only the ones that somebody asks
// for are kept, in a [Table] that is small enough to hold in memory. Rows of partial
// diffusion (statutDiffusion P, or N in files of before 2022) keep neither name nor
// place: those who asked for that are not to be shown. The package does no I/O of its
// own and knows no addresses.
package sirene

import "strings"

// Kind is which of the two stock files.
type Kind string

// The stock files.
const (
	Establishments Kind = "etablissements" // StockEtablissement: a row for each SIRET
	Units          Kind = "unites"         // StockUniteLegale: a row for each SIREN
)

// A Row is what is kept of a row of either file. A field that the file does not
// give, or may not be shown, is empty.
type Row struct {
	Key      uint64 // SIRET or SIREN, as a number
	Name     string // of the unit; the sign of an establishment
	Commune  string // INSEE code, of establishments
	Size     string // tranche d'effectif, a code
	Category string // PME, ETI, GE; of units
	Activity string // NAF code
	Legal    string // catégorie juridique, a code; of units
	Closed   bool
	Withheld bool // partial diffusion
}

// A Firm is what is known of an establishment and its legal unit together.
type Firm struct {
	Name, Commune, Size, Category, Activity, Legal string
	Closed, Withheld                               bool
}

// Join makes one of an establishment and its unit; either may be missing. The name is
// that of the unit, which signs contracts; size and category are the unit's.
func Join(establishment, unit *Row) (f Firm, ok bool) {
	if unit != nil {
		f = Firm{unit.Name, "", unit.Size, unit.Category, unit.Activity, unit.Legal, unit.Closed, unit.Withheld}
	}
	if e := establishment; e != nil {
		f.Commune = e.Commune
		f.Closed, f.Withheld = f.Closed || e.Closed, f.Withheld || e.Withheld
		if f.Name == "" {
			f.Name = e.Name
		}
		if unit == nil {
			f.Size = e.Size
		}
		if e.Activity != "" {
			f.Activity = e.Activity // what is done there
		}
	}
	if f.Withheld {
		f.Name, f.Commune = "", ""
	}
	return f, unit != nil || establishment != nil
}

// Number reads digits as a number; ok is false for anything else, and for what is
// longer than a SIRET.
func Number[T string | []byte](s T) (n uint64, ok bool) {
	if len(s) == 0 || len(s) > siretDigits {
		return 0, false
	}
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	return n, true
}

const (
	sirenDigits = 9
	siretDigits = 14
	nicFactor   = 100_000 // a SIRET is its SIREN and five digits
)

// Unit is the number of the legal unit of an establishment.
func Unit(siret uint64) uint64 { return siret / nicFactor }

// said is a cell without what stands for "not to be shown", and on one line.
func said(cell []byte) string {
	s := strings.TrimSpace(string(cell))
	if s == "[ND]" || s == "[NON-DIFFUSIBLE]" {
		return ""
	}
	if strings.ContainsAny(s, "\t\r\n") {
		s = strings.Join(strings.Fields(s), " ")
	}
	const most = 200
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return strings.ToValidUTF8(s, "")
}
