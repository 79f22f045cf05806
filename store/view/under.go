package view

import (
	"errors"
	"slices"

	"maillon/catalog/contract"
	"maillon/store"
)

// mostUnder bounds the contracts that Under gives.
const mostUnder = 200

// Under lists the contracts of a buyer that have an id as written, several if it stands
// for lots or was used again, and those that it led to before their buyer went on as
// another; at most 200. None is no error.
func (v *Views) Under(buyer, id string) ([]Detail, error) {
	var out []Detail
	err := v.db.View(func(tx store.Tx) error {
		g, err := getGroup(tx, groupKey(buyer, id))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		for i := range g.contracts {
			if c := &g.contracts[i]; slices.Contains(c.ids, id) && len(out) < mostUnder {
				d, err := detail(tx, contract.Escape(buyer), c)
				if err != nil {
					return err
				}
				out = append(out, d)
			}
		}
		if len(out) > 0 {
			return nil
		}
		where, c, err := find(tx, contract.Escape(buyer), contract.Escape(id))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		d, err := detail(tx, where, &c)
		out = append(out, d)
		return err
	})
	return out, err
}
