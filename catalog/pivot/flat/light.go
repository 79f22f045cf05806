package flat

import (
	"encoding/csv"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"maillon/catalog/pivot"
)

// Amounts, in euros without tax, from and up to which a contract stands in the
// light annual list (code de la commande publique, article R2196-1: from 25,000
// to under 40,000).
const (
	lightFrom = 25_000
	lightTo   = 40_000
)

// LightColumns are those of the light annual list: object, amount, supplier, the
// postcode of the supplier, day of the contract; before them, whose it is.
var LightColumns = []string{"acheteur_id", "id", "objet", "montant", "titulaire_nom", "titulaire_id", "titulaire_codePostal", "dateNotification"}

// WriteLight writes the light annual list: the marchés whose first amount is
// from 25,000 to under 40,000 euros without tax and which were notified in year
// (0 for every year), one line per contract and supplier, cells separated by
// semicolons. The legal format has no postcode of suppliers: it is that which the
// deposit gave in a field of its own, else empty.
func WriteLight(w io.Writer, year int, contracts iter.Seq[pivot.Contract]) error {
	out := csv.NewWriter(w)
	out.Comma = ';'
	if err := out.Write(LightColumns); err != nil {
		return err
	}
	for c := range contracts {
		if !light(&c, year) {
			continue
		}
		suppliers := c.Suppliers
		if len(suppliers) == 0 {
			suppliers = make([]pivot.Supplier, 1)
		}
		for _, s := range suppliers {
			err := out.Write([]string{
				guard(c.Buyer.ID), guard(c.ID), guard(c.Object), strconv.FormatFloat(*c.Amount, 'f', -1, 64),
				guard(s.Name), guard(s.ID), guard(postcode(&c)), guard(c.Notified),
			})
			if err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func light(c *pivot.Contract, year int) bool {
	return c.Kind == pivot.Marche && c.Amount != nil && *c.Amount >= lightFrom && *c.Amount < lightTo &&
		(year == 0 || strings.HasPrefix(c.Notified, strconv.Itoa(year)+"-"))
}

// postcode is that of the supplier, if the deposit has one.
func postcode(c *pivot.Contract) string {
	var names []string
	for name := range c.Extra {
		if low := strings.ToLower(name); strings.Contains(low, "postal") && strings.Contains(low, "titulaire") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	s, err := strconv.Unquote(string(c.Extra[names[0]]))
	if err != nil {
		return ""
	}
	return s
}
