package search

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"maillon/store/search/french"
)

// ids finds rows by the number that the buyer gave to the contract, as people paste it:
// capitals, accents and what is neither letter nor digit do not count. It keeps a hash
// and a row for each contract; what it finds is compared with the number itself.
type ids struct {
	sorted []idAt
	fresh  []idAt // not sorted in yet
}

type idAt struct{ hash, row uint32 }

func compareIDs(a, b idAt) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row))
}

// bareID is what counts of a number.
func bareID(id string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, french.Fold(strings.ToLower(id)))
}

// hashOf is FNV-1a of what counts of a number. Most are ASCII, and need no copy.
func hashOf(id string) uint32 {
	h := uint32(2166136261)
	for i := range len(id) {
		b := id[i]
		switch {
		case b >= utf8.RuneSelf:
			if bare := bareID(id); bare != id {
				return hashOf(bare)
			}
		case 'A' <= b && b <= 'Z':
			b += 'a' - 'A'
		case !('a' <= b && b <= 'z' || '0' <= b && b <= '9'):
			continue
		}
		h = (h ^ uint32(b)) * 16777619
	}
	return h
}

func (x *ids) add(row uint32, id string) {
	x.fresh = append(x.fresh, idAt{hashOf(id), row})
	if len(x.fresh) > max(4096, len(x.sorted)/8) {
		x.sortIn()
	}
}

func (x *ids) sortIn() {
	slices.SortFunc(x.fresh, compareIDs)
	if len(x.sorted) == 0 {
		x.sorted, x.fresh = x.fresh, nil
		return
	}
	merged := make([]idAt, 0, len(x.sorted)+len(x.fresh))
	i := 0
	for _, one := range x.fresh {
		for ; i < len(x.sorted) && compareIDs(x.sorted[i], one) < 0; i++ {
			merged = append(merged, x.sorted[i])
		}
		merged = append(merged, one)
	}
	x.sorted, x.fresh = append(merged, x.sorted[i:]...), nil
}

// find calls f with the rows whose number may be the one.
func (x *ids) find(bare string, f func(row uint32)) {
	h := hashOf(bare)
	at, _ := slices.BinarySearchFunc(x.sorted, h, func(one idAt, h uint32) int { return cmp.Compare(one.hash, h) })
	for ; at < len(x.sorted) && x.sorted[at].hash == h; at++ {
		f(x.sorted[at].row)
	}
	for _, one := range x.fresh {
		if one.hash == h {
			f(one.row)
		}
	}
}

// Bounds of what is looked for as a number: shorter ones are words, as in "lot 12".
const (
	leastID    = 5
	lengthID   = 14 // of a SIRET
	lengthUnit = 9  // of a SIREN
)

// numbered are the rows of contracts that bear a number, as they may be pasted: the
// number, or after the SIRET of the buyer (uid, address); nil for none.
func (c *core) numbered(text string) rowset {
	bare := bareID(text)
	if len(bare) < leastID || !strings.ContainsAny(bare, "0123456789") {
		return nil
	}
	var set rowset
	take := func(id string, of func(buyer uint32) bool) {
		c.ids.find(id, func(row uint32) {
			if bareID(c.id(row)) == id && of(c.cols[baseBuyer].at(row)) {
				if set == nil {
					set = newRowset(c.n)
				}
				set.add(row)
			}
		})
	}
	take(bare, func(uint32) bool { return true })
	if len(bare) > lengthID {
		if buyer, ok := c.buyers.codes[bare[:lengthID]]; ok {
			take(bare[lengthID:], func(b uint32) bool { return b == buyer })
		}
	}
	return set
}

// id is the number of a row.
func (c *core) id(row uint32) string {
	slug, rest := text(c.blobs.at(row))
	id, _ := text(rest)
	return cmp.Or(id, unescaped(slug))
}

// joinedDigits puts an identifier of a body that was pasted with spaces together.
func joinedDigits(text string) string {
	digits := strings.Join(strings.Fields(text), "")
	if strings.Trim(digits, "0123456789") == "" && (len(digits) == lengthID || len(digits) == lengthUnit) {
		return digits
	}
	return text
}
