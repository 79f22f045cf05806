package view

import (
	"bytes"
	"context"
	"strings"

	"maillon/store"
)

// Parties counts who is named in the contracts that the views hold: for each number
// of fourteen digits, in how many contracts it stands.
type Parties struct {
	Buyers    map[string]int
	Suppliers map[string]int // as they are after modifications
	Others    int            // mentions of suppliers under identifiers of another kind
}

// Parties lists the buyers and suppliers of all contracts. Each stretch of the list has
// a transaction of its own, so what changes meanwhile may or may not be counted.
func (v *Views) Parties(ctx context.Context) (Parties, error) {
	const stretch = 20_000
	p := Parties{Buyers: map[string]int{}, Suppliers: map[string]int{}}
	var from []byte
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		more = false
		err := v.db.View(func(tx store.Tx) error {
			n := 0
			for k, value := range tx.Bucket(listBucket).Ascend(from) {
				if n++; n > stretch {
					from, more = bytes.Clone(k), true
					return nil
				}
				if err := p.add(k, value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// add counts those of one row of the list.
func (p *Parties) add(key, value []byte) error {
	k, d := decoder{b: key}, decoder{b: value}
	k.uint32()
	buyer, _, _ := strings.Cut(string(k.b), "/")
	d.byte()
	d.rawName()
	for range 3 {
		d.raw(d.count())
	}
	if buyer = unescape(buyer); isSIRETLike(buyer) {
		p.Buyers[buyer]++
	}
	for !d.bad && len(d.b) > 0 {
		if id := d.name(); isSIRETLike(id) {
			p.Suppliers[id]++
		} else {
			p.Others++
		}
	}
	if k.bad || d.bad {
		return errRow
	}
	return nil
}

// isSIRETLike: fourteen digits; whether the key holds is for those who look it up.
func isSIRETLike(s string) bool { return len(s) == 14 && strings.Trim(s, "0123456789") == "" }
