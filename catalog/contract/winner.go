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
func (c cluster) contract(slug string) Contract {
	records := slices.Clone(c.records)
	slices.SortFunc(records, func(a, b record) int { d, _ := better(a.best, b.best); return d })
	out := Contract{Slug: slug, IDs: c.ids, Case: Alone, Withdrawn: records[0].best.Withdrawn}
	switch {
	case len(out.IDs) > 1:
		out.Case = Folded
	case c.lots:
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
	return out
}

// name gives each cluster its slug: its first id, and among the lots of an id
// the start of the hash of the record that was received first, whatever comes
// later. 8 hexadecimal digits can be made to meet: the one received later then
// takes as many more as it needs, and the address handed out first stays.
func name(clusters []cluster) []string {
	slugs := make([]string, len(clusters))
	firsts := make([]Source, len(clusters))
	order := make([]int, len(clusters))
	for i, c := range clusters {
		order[i], firsts[i] = i, first(c.records)
	}
	slices.SortFunc(order, func(i, j int) int { return compareReceipt(firsts[i], firsts[j]) })
	taken := map[string]bool{}
	for _, i := range order {
		id := Escape(clusters[i].ids[0])
		slugs[i] = id
		for n := shortHash; clusters[i].lots && (slugs[i] == id || taken[slugs[i]]); n += shortHash {
			// Two kinds can share a whole hash: then the kind tells them apart.
			hash := firsts[i].Hash.String()
			slugs[i] = id + "~" + hash[:min(n, len(hash))]
			if n > len(hash) {
				slugs[i] += "-" + string(firsts[i].Contract.Kind)
				break
			}
		}
		taken[slugs[i]] = true
	}
	return slugs
}

// shortHash is the number of hexadecimal digits in the slug of a lot.
const shortHash = 8

// first is the record that was received first.
func first(records []record) Source {
	best := records[0].best
	for _, r := range records {
		for _, s := range r.sources() {
			if compareReceipt(s, best) < 0 {
				best = s
			}
		}
	}
	return best
}

func compareReceipt(a, b Source) int {
	return cmp.Or(a.At.Compare(b.At), slices.Compare(a.Hash[:], b.Hash[:]), strings.Compare(string(a.Contract.Kind), string(b.Contract.Kind)))
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

// published is the latest date of publication that does not lie more than a
// day after the receipt: a date that had not come yet decides nothing.
func published(s Source) string {
	limit := s.At.Add(24 * time.Hour).UTC().Format(time.DateOnly)
	if p := s.Contract.LatestPublication(); p <= limit {
		return p
	}
	c := s.Contract // without the dates that had not come
	if c.Published > limit {
		c.Published = ""
	}
	c.Modifications = before(c.Modifications, limit, func(m pivot.Modification) string { return m.Published })
	c.Subcontracts = before(c.Subcontracts, limit, func(a pivot.Subcontract) string { return a.Published })
	c.SubcontractChanges = before(c.SubcontractChanges, limit, func(a pivot.SubcontractChange) string { return a.Published })
	c.Execution = before(c.Execution, limit, func(e pivot.ExecutionYear) string { return e.Published })
	return c.LatestPublication()
}

// before is the part of list that was published no later than limit; list is
// not changed.
func before[T any](list []T, limit string, published func(T) string) []T {
	return slices.DeleteFunc(slices.Clone(list), func(t T) bool { return published(t) > limit })
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
	dots := strings.Trim(id, ".") == "" // those alone would be taken for a folder
	plain := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' && !dots
	}
	first := 0
	for first < len(id) && plain(id[first]) {
		first++
	}
	if first == len(id) {
		return id
	}
	var b strings.Builder
	for i := range len(id) {
		c := id[i]
		if plain(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}
