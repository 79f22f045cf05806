package view

import (
	"cmp"
	"strings"

	"maillon/store"
)

// Rules is the version of what the views are a function of beside the journals.
func Rules() string { return rules }

// MainDepartements finds, for each buyer that is asked for, the département in
// which most of its contracts are executed; of two that have as many, the first.
// Those of whom none is known are left out. It reads the list once.
func (v *Views) MainDepartements(wanted map[string]bool) (map[string]string, error) {
	counts := map[string]map[string]int{}
	err := v.db.View(func(tx store.Tx) error {
		for k, raw := range tx.Bucket(listBucket).Ascend(nil) {
			if len(k) < dayBytes {
				return errRow
			}
			escaped, _, _ := strings.Cut(string(k[dayBytes:]), "/")
			buyer := unescape(escaped)
			if !wanted[buyer] {
				continue
			}
			code, err := placeOf(raw)
			if err != nil {
				return err
			}
			if code == "" {
				continue
			}
			if counts[buyer] == nil {
				counts[buyer] = map[string]int{}
			}
			counts[buyer][code]++
		}
		return nil
	})
	out := make(map[string]string, len(counts))
	for buyer, codes := range counts {
		out[buyer] = mostOf(codes)
	}
	return out, err
}

// MainDepartement is [Views.MainDepartements] of one buyer; "" if none is known. It reads
// what there is of that buyer alone.
func (v *Views) MainDepartement(buyer string) (string, error) {
	codes := map[string]int{}
	err := v.db.View(func(tx store.Tx) error {
		keys, err := buyerPlaces(tx, buyer)
		if err != nil {
			return err
		}
		for _, k := range keys {
			code, err := placeOf(tx.Bucket(listBucket).Get(k))
			if err != nil {
				return err
			}
			if code != "" {
				codes[code]++
			}
		}
		return nil
	})
	return mostOf(codes), err
}

// placeOf is the département of execution in a value of the list.
func placeOf(raw []byte) (string, error) {
	d := decoder{b: raw}
	d.byte()
	d.rawName()
	code := string(d.raw(d.count()))
	if d.bad {
		return "", errRow
	}
	return code, nil
}

func mostOf(codes map[string]int) (best string) {
	for code, n := range codes {
		if c := cmp.Compare(n, codes[best]); c > 0 || c == 0 && code < best {
			best = code
		}
	}
	return best
}
