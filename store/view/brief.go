package view

import (
	"bytes"
	"fmt"
	"time"

	"maillon/store"
)

// A Brief is of a partition what says whether it has changed. A nation has hundreds of
// thousands.
type Brief struct {
	Buyer, Year string
	Contracts   int
	Revision    uint64
	Changed     time.Time
}

// Briefs lists all partitions by buyer and year. Texts that are the same share memory.
func (v *Views) Briefs() ([]Brief, error) {
	var out []Brief
	years, buyer := map[string]string{}, ""
	err := v.db.View(func(tx store.Tx) error {
		for k, raw := range tx.Bucket(partBucket).Ascend(nil) {
			who, year, _ := bytes.Cut(k, []byte{0})
			if buyer != string(who) {
				buyer = string(who)
			}
			y, known := years[string(year)]
			if !known {
				y = string(year)
				years[y] = y
			}
			d := decoder{b: raw}
			d.raw(d.count()) // its name
			b := Brief{Buyer: buyer, Year: y, Contracts: int(d.varint())}
			d.varint()
			d.varint()
			b.Revision, b.Changed = d.uint64(), time.Unix(d.varint(), 0).UTC()
			if d.bad {
				return fmt.Errorf("partition %q: %w", k, errRow)
			}
			out = append(out, b)
		}
		return nil
	})
	return out, err
}
