package contract

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"maillon/catalog/pivot"
)

// GroupKey is the key of the group that a record belongs to: records of other
// groups never concern it. It is the id without the two final digits where
// the id could be one of 1.x (year, 1 to 10 characters, two digits), so that
// the ids of one contract before and after its modifications meet.
func GroupKey(id string) string {
	if base, _, ok := sequence(id); ok {
		return base + "*"
	}
	return id
}

// sequence splits an id of 1.x into its base and the number in its last two digits.
func sequence(id string) (base string, n int, ok bool) {
	if len(id) < 7 || len(id) > 16 || !digits(id[:4]) || !digits(id[len(id)-2:]) {
		return "", 0, false
	}
	n, _ = strconv.Atoi(id[len(id)-2:])
	return id[:len(id)-2], n, true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

const (
	siretDigits = 14
	sirenDigits = 9
)

// A cluster is the records of one contract.
type cluster struct {
	ids     []string
	records []record
	lots    bool // other clusters stand beside it under its id
}

// split makes clusters of the records of one id.
func split(id string, records []record) []cluster {
	byKind := map[string][]record{}
	for _, r := range records {
		k := string(r.best.Contract.Kind) + "\x00" + r.words
		byKind[k] = append(byKind[k], r)
	}
	var out []cluster
	for _, k := range sortedKeys(byKind) {
		for _, part := range apart(byKind[k]) {
			out = append(out, cluster{ids: []string{id}, records: part})
		}
	}
	out = mergeTold(out)
	for i := range out {
		out[i].lots = len(out) > 1
	}
	return out
}

// apart splits records with the same objet where one deposit holds several of
// them side by side: first by suppliers, then, where that does not tell them
// apart, by what was signed.
func apart(records []record) [][]record {
	if !sideBySide(records) {
		return [][]record{records}
	}
	var out [][]record
	for _, part := range by(records, func(r record) string { return holders(r.best.Contract.Suppliers) }) {
		if !sideBySide(part) {
			out = append(out, part)
			continue
		}
		out = append(out, by(part, signed)...)
	}
	return out
}

// sideBySide reports whether one deposit holds two of the records as published
// on one day: no one publishes two versions of a contract on one day in one file.
func sideBySide(records []record) bool {
	seen := map[string]bool{}
	for _, r := range records {
		state := "\x00" + r.best.Contract.LatestPublication() + "\x00" + strconv.Itoa(len(r.best.Contract.Modifications))
		mine := map[string]bool{} // a deposit that repeats a record does not hold two
		for _, s := range r.sources() {
			mine[s.Ref.Node+"\x00"+s.Deposit+state] = true
		}
		for k := range mine {
			if seen[k] {
				return true
			}
			seen[k] = true
		}
	}
	return false
}

func by(records []record, key func(record) string) [][]record {
	parts := map[string][]record{}
	for _, r := range records {
		parts[key(r)] = append(parts[key(r)], r)
	}
	var out [][]record
	for _, k := range sortedKeys(parts) {
		out = append(out, parts[k])
	}
	return out
}

// signed is what was signed, as a key: it does not change with modifications.
func signed(r record) string {
	c := r.best.Contract
	amount := ""
	if c.Amount != nil {
		amount = strconv.FormatFloat(*c.Amount, 'g', -1, 64)
	}
	return c.Notified + "\x00" + amount
}

// holders is the set of suppliers as a key.
func holders(list []pivot.Supplier) string {
	ids := make([]string, 0, len(list))
	for _, s := range list {
		ids = append(ids, cmp.Or(s.ID, s.Name))
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ",")
}

// mergeTold brings the two objets under one id together where they can only
// be two tellings of one contract, as when a buyer's software and its treasury
// both publish it: they are all there is under the id, they were notified on
// one day to the same companies, and no deposit holds both as of one day. That
// they differ is told with the contract.
func mergeTold(clusters []cluster) []cluster {
	if len(clusters) != 2 {
		return clusters
	}
	a, b := clusters[0].records, clusters[1].records
	x, y := a[0].best.Contract, b[0].best.Contract
	all := append(slices.Clone(a), b...)
	agree := x.Kind == y.Kind && x.Notified != "" && x.Notified == y.Notified &&
		companies(x.Suppliers) != "" && companies(x.Suppliers) == companies(y.Suppliers)
	if !agree || sideBySide(all) {
		return clusters
	}
	return []cluster{{ids: clusters[0].ids, records: all}}
}

// companies is the set of suppliers by company: two tools may name two
// establishments of one.
func companies(list []pivot.Supplier) string {
	short := make([]pivot.Supplier, len(list))
	for i, s := range list {
		if len(s.ID) == siretDigits && digits(s.ID) {
			s.ID = s.ID[:sirenDigits]
		}
		short[i] = s
	}
	return holders(short)
}

// fold brings clusters of 1.x ids with one base together where the rule
// allows: the last two digits equal the number of modifications in both, or
// the modifications of one contain the other's. An id that covers lots is
// left alone.
func fold(clusters []cluster) []cluster {
	byBase := map[string][]int{}
	for i, c := range clusters {
		if base, _, ok := sequence(c.ids[0]); ok && !c.lots && c.firstGeneration() {
			byBase[base] = append(byBase[base], i)
		}
	}
	into := make([]int, len(clusters))
	for i := range into {
		into[i] = i
	}
	for _, base := range sortedKeys(byBase) {
		list := byBase[base] // in the order of ids
		for n, i := range list {
			for _, j := range list[:n] {
				if sameContract(clusters[i], clusters[j]) {
					into[i] = into[j]
					break
				}
			}
		}
	}
	var out []cluster
	at := map[int]int{}
	for i, c := range clusters {
		if k, ok := at[into[i]]; ok {
			out[k].ids = append(out[k].ids, c.ids...)
			out[k].records = append(out[k].records, c.records...)
			continue
		}
		at[into[i]] = len(out)
		out = append(out, c)
	}
	return out
}

// firstGeneration reports whether every record is of 1.x: in 2.x ids are free.
func (c cluster) firstGeneration() bool {
	return !slices.ContainsFunc(c.records, func(r record) bool { return r.best.Contract.Generation != pivot.Gen1 })
}

// sameContract reports whether two ids of 1.x are one contract before and
// after modifications. Numbered lots look just like that, so what does not
// change must agree too: the objet, or the day of notification and to whom.
func sameContract(a, b cluster) bool {
	x, y := longest(a), longest(b)
	if x.Kind != y.Kind {
		return false
	}
	told := fold8(x.Object) == fold8(y.Object) ||
		x.Notified != "" && x.Notified == y.Notified && companies(x.Suppliers) == companies(y.Suppliers)
	if !told {
		return false
	}
	if regular(x) && regular(y) && len(x.Modifications) != len(y.Modifications) {
		return true
	}
	if len(x.Modifications) == 0 || len(y.Modifications) == 0 {
		return false
	}
	return containsAll(x.Modifications, y.Modifications) || containsAll(y.Modifications, x.Modifications)
}

// longest is the contract of the cluster with the most modifications.
func longest(c cluster) pivot.Contract {
	best := c.records[0].best.Contract
	for _, r := range c.records[1:] {
		if len(r.best.Contract.Modifications) > len(best.Modifications) {
			best = r.best.Contract
		}
	}
	return best
}

// regular reports whether the id counts the modifications, as 1.x asks.
func regular(c pivot.Contract) bool {
	_, n, ok := sequence(c.ID)
	return ok && n == len(c.Modifications)
}

// containsAll reports whether every modification of sub is in all.
func containsAll(all, sub []pivot.Modification) bool {
	have := make(map[modification]bool, len(all))
	for _, m := range all {
		have[keyOf(m)] = true
	}
	for _, m := range sub {
		if !have[keyOf(m)] {
			return false
		}
	}
	return true
}

// A modification is a pivot.Modification as a key. Its number does not count:
// 1.x has none.
type modification struct {
	notified, published, object, holders string
	months                               given[int]
	amount                               given[float64]
}

// given is a value that may not be given.
type given[T comparable] struct {
	is    bool
	value T
}

func giving[T comparable](p *T) given[T] {
	if p == nil {
		return given[T]{}
	}
	return given[T]{true, *p}
}

func keyOf(m pivot.Modification) modification {
	return modification{m.Notified, m.Published, m.Object, holders(m.Suppliers), giving(m.Months), giving(m.Amount)}
}

// fold8 reduces a text to its letters and digits, without accents and case,
// so that "Travaux  d’Isolation" and "travaux d'isolation" are one.
func fold8(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}
