package contract

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"

	"maillon/catalog/pivot"
)

// contract puts the records of a cluster in order and says why.
func (c cluster) contract(perID map[string]int) Contract {
	records := slices.Clone(c.records)
	slices.SortFunc(records, func(a, b record) int { d, _ := better(a.best, b.best); return d })
	slices.Sort(c.ids)
	out := Contract{IDs: slices.Compact(c.ids), Case: Alone, Withdrawn: records[0].best.Withdrawn}
	several := slices.ContainsFunc(out.IDs, func(id string) bool { return perID[id] > 1 })
	switch {
	case len(out.IDs) > 1:
		out.Case = Folded
	case several:
		out.Case = Lots
	case len(records) > 1:
		out.Case = Versions
	}
	shown := records[0].best
	for i, r := range records {
		v := Version{Source: r.best, Also: r.also, Reason: "shown-only"}
		if i > 0 {
			_, why := better(shown, r.best)
			v.Reason = "lost-" + why
			v.Differs = Differs(shown.Contract, r.best.Contract)
		} else if len(records) > 1 {
			_, why := better(shown, records[1].best)
			v.Reason = "shown-" + why
		}
		out.Versions = append(out.Versions, v)
	}
	out.Slug = Escape(out.IDs[0])
	if several {
		out.Slug += "~" + first(records).Hash.Short()
	}
	return out
}

// first is the record that was received first: its hash names the contract
// among those of its id, whatever comes later.
func first(records []record) Source {
	best := records[0].best
	for _, r := range records {
		for _, s := range append([]Source{r.best}, r.also...) {
			if c := s.At.Compare(best.At); c < 0 || c == 0 && slices.Compare(s.Hash[:], best.Hash[:]) < 0 {
				best = s
			}
		}
	}
	return best
}

// better compares two records of a contract; the reason is the criterion that
// decides: living, authority, later, richer, hash. A negative result means
// that a is shown rather than b.
func better(a, b Source) (int, string) {
	for _, c := range []struct {
		why  string
		diff int
	}{
		{"living", boolCompare(a.Withdrawn, b.Withdrawn)},
		{"authority", cmp.Compare(b.Authority, a.Authority)},
		{"later", strings.Compare(published(b), published(a))},
		{"richer", cmp.Compare(b.Contract.Completeness(), a.Contract.Completeness())},
	} {
		if c.diff != 0 {
			return c.diff, c.why
		}
	}
	return slices.Compare(a.Hash[:], b.Hash[:]), "hash"
}

// published is the latest date of publication, unless it lies more than a day
// after the receipt: such a date decides nothing.
func published(s Source) string {
	p := s.Contract.LatestPublication()
	if p > s.At.Add(24*time.Hour).UTC().Format(time.DateOnly) {
		return ""
	}
	return p
}

// legalNames are the fields of a contract under their legal names, in the
// order in which people read them.
var legalNames = func() []string {
	var names []string
	for i := range reflect.TypeFor[pivot.Contract]().NumField() {
		names = append(names, strings.Split(reflect.TypeFor[pivot.Contract]().Field(i).Tag.Get("json"), ",")[0])
	}
	return names
}()

// Differs lists the legal names of the fields in which two contracts differ.
// How a field is written (generation) and what is in no schema do not count.
func Differs(a, b pivot.Contract) []string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	var out []string
	for i, name := range legalNames {
		if name == "extra" || name == "generation" {
			continue
		}
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			out = append(out, name)
		}
	}
	return out
}

const hexDigits = "0123456789ABCDEF"

// Escape writes an id as one segment of a path: letters, digits, - _ and . stay,
// all else is percent-encoded, "." and ".." too, and so is ~, which ends the
// id in a slug.
func Escape(id string) string {
	var b strings.Builder
	for i := range len(id) {
		c := id[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' && strings.Trim(id, ".") != ""
		if plain {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}
