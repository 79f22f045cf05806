package view

import (
	"maillon/catalog/entry"
	"maillon/store"
)

// Harvested tells whether all of a node's records among a buyer's contracts of
// a year were read from foreign catalogues; false if it has none there. It
// stops at the first that was not.
func (v *Views) Harvested(node, buyer, year string) (bool, error) {
	found := false
	err := v.db.View(func(tx store.Tx) error {
		for ref, err := range refsOf(tx, buyer, year) {
			if err != nil {
				return err
			}
			if ref.Node != node {
				continue
			}
			r, err := getRecord(tx, ref)
			if err != nil {
				return err
			}
			t, err := unpack(r.packed)
			if err != nil {
				return err
			}
			if _, found = entry.HarvestedThrough(t.Series); !found {
				return nil
			}
		}
		return nil
	})
	return found, err
}
