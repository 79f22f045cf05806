package search

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"maillon/catalog/territory"
)

// The bounds of a page, and of what one query may say.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
	maxText      = 400 // bytes of q
	maxValues    = 50  // of one parameter
	maxValue     = 300 // bytes
)

// A ParamError is a parameter that cannot be read.
type ParamError struct {
	Name, Value string
	Want        string // what would do, in words or as a list
	Nearest     string // of an unknown parameter: the known one that is nearest; "" if none is near
}

func (e *ParamError) Error() string {
	if e.Nearest != "" {
		return fmt.Sprintf("parameter %q is unknown: did you mean %q?", e.Name, e.Nearest)
	}
	return fmt.Sprintf("parameter %s=%q: want %s", e.Name, e.Value, e.Want)
}

// lists are the parameters that may stand several times.
func (q *Query) lists() map[string]*[]string {
	return map[string]*[]string{
		"buyer": &q.Buyer, "supplier": &q.Supplier, "cpv": &q.CPV, "procedure": &q.Procedure, "nature": &q.Nature, "technique": &q.Technique,
		"level": &q.Level, "state": &q.State, "kind": &q.Kind, "node": &q.Node, "considerations": &q.Considered,
		"supplier_size": &q.Size, "supplier_local": &q.Local,
	}
}

// ranges are the parameters with _min and _max.
func (q *Query) ranges() map[string]*Range {
	return map[string]*Range{"amount": &q.Amount, "months": &q.Months, "offers": &q.Offers}
}

// days are the parameters that are dates.
func (q *Query) days() map[string]*string {
	return map[string]*string{"from": &q.Notified.From, "to": &q.Notified.To, "ends_from": &q.Ends.From, "ends_to": &q.Ends.To}
}

// Params lists every parameter that [ParseQuery] reads.
func Params() []string {
	var q Query
	out := []string{"q", "conflict", "sort", "facets", "limit", "after"}
	for name := range q.lists() {
		out = append(out, name)
	}
	for name := range q.ranges() {
		out = append(out, name+"_min", name+"_max")
	}
	for name := range q.days() {
		out = append(out, name)
	}
	for _, level := range zones {
		out = append(out, level, string(BuyerSide)+"_"+level, string(PlaceSide)+"_"+level, string(SupplierSide)+"_"+level)
	}
	slices.Sort(out)
	return out
}

// ParseQuery reads a query from the parameters of an address. also names parameters
// that the caller reads itself; any other is a [ParamError], as is a value that means
// nothing. Empty values are passed over, as forms send them.
func ParseQuery(v url.Values, also ...string) (Query, error) {
	q := Query{Limit: DefaultLimit}
	known := Params()
	for _, name := range sortedKeys(v) {
		if slices.Contains(also, name) {
			continue
		}
		if !slices.Contains(known, name) {
			return q, &ParamError{Name: name, Value: v.Get(name), Want: strings.Join(known, ", "), Nearest: nearest(name, slices.Concat(known, also))}
		}
		values := slices.DeleteFunc(slices.Clone(v[name]), func(s string) bool { return strings.TrimSpace(s) == "" })
		if len(values) > maxValues {
			return q, &ParamError{Name: name, Value: values[0], Want: fmt.Sprintf("at most %d values", maxValues)}
		}
		for _, value := range values {
			if err := q.set(name, value); err != nil {
				return q, err
			}
		}
	}
	return q, q.check()
}

// set reads one value.
func (q *Query) set(name, value string) error {
	most := maxValue
	if name == "q" {
		most = maxText
	}
	if len(value) > most || !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return &ParamError{Name: name, Value: shown(value), Want: fmt.Sprintf("text of at most %d bytes", most)}
	}
	if list, ok := q.lists()[name]; ok {
		if value = alias(name, strings.TrimSpace(value)); !slices.Contains(*list, value) {
			*list = append(*list, value)
		}
		return nil
	}
	if day, ok := q.days()[name]; ok {
		if dayOf(value) == 0 {
			return &ParamError{Name: name, Value: value, Want: "YYYY-MM-DD"}
		}
		*day = value
		return nil
	}
	if base, bound, ok := strings.Cut(name, "_"); ok && q.ranges()[base] != nil {
		return setBound(q.ranges()[base], name, bound, value)
	}
	switch name {
	case "q":
		q.Text = strings.TrimLeft(value, " \t\r\n") // a space at its end says that the last word is whole
	case "after":
		q.After = value
	case "sort":
		q.Sort = Sort(value)
	case "conflict":
		if value != "1" && value != "true" {
			return &ParamError{Name: name, Value: value, Want: "1"}
		}
		q.Conflict = true
	case "limit":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > MaxLimit {
			return &ParamError{Name: name, Value: value, Want: fmt.Sprintf("1 to %d", MaxLimit)}
		}
		q.Limit = n
	case "facets":
		return q.setFacets(value)
	default:
		return q.setZone(name, strings.TrimSpace(value))
	}
	return nil
}

// alias is the value in the words of the format.
func alias(name, value string) string {
	if name == "kind" && value == "concession" {
		return kinds[1]
	}
	return value
}

func setBound(r *Range, name, bound, value string) error {
	n, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(value), ",", "."), 64)
	if err != nil || n != n || n < -1e18 || n > 1e18 {
		return &ParamError{Name: name, Value: value, Want: "a number"}
	}
	if bound == "min" {
		r.Min = &n
	} else {
		r.Max = &n
	}
	return nil
}

func (q *Query) setFacets(value string) error {
	if value == "all" {
		q.Facets = Facets()
		return nil
	}
	for name := range strings.SplitSeq(value, ",") {
		d := Dimension(strings.TrimSpace(name))
		if !d.Known() {
			return &ParamError{Name: "facets", Value: name, Want: "all, or some of " + joined(Dimensions())}
		}
		if !slices.Contains(q.Facets, d) {
			q.Facets = append(q.Facets, d)
		}
	}
	return nil
}

func (q *Query) setZone(name, value string) error {
	z := Zone{Level: name, Code: value}
	if side, level, ok := strings.Cut(name, "_"); ok {
		z.Side, z.Level = Side(side), level
	}
	if _, err := z.geozone(); err != nil {
		return &ParamError{Name: name, Value: value, Want: "the code of a " + z.Level}
	}
	if !slices.Contains(q.Where, z) {
		q.Where = append(q.Where, z)
	}
	return nil
}

func (z Zone) geozone() (territory.Geozone, error) {
	return territory.ParseGeozone("fr:" + z.Level + ":" + z.Code)
}

// check looks at what is to be of closed lists.
func (q *Query) check() error {
	for _, c := range []struct {
		name         string
		values, list []string
	}{
		{"state", q.State, stateNames()}, {"kind", q.Kind, kinds}, {"level", q.Level, levels}, {"considerations", q.Considered, wishes},
		{"supplier_size", q.Size, sizes}, {"supplier_local", q.Local, nearLevels},
	} {
		if bad, ok := oneOf(c.values, c.list); !ok {
			return &ParamError{Name: c.name, Value: bad, Want: strings.Join(c.list, ", ")}
		}
	}
	for _, code := range q.CPV {
		if len(code) > 10 || strings.Trim(code, "0123456789-") != "" {
			return &ParamError{Name: "cpv", Value: code, Want: "a code of the CPV or its first digits"}
		}
	}
	if q.Sort != "" && !slices.Contains(Sorts(), q.Sort) {
		return &ParamError{Name: "sort", Value: string(q.Sort), Want: joined(Sorts())}
	}
	if _, err := q.cursor(); err != nil {
		return &ParamError{Name: "after", Value: shown(q.After), Want: "the value of next in the page before"}
	}
	return nil
}

func joined[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return strings.Join(out, ", ")
}

// shown cuts what came from outside.
func shown(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return strings.ToValidUTF8(s, "")
}
