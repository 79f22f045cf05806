package view

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// chunk is how many contracts one transaction of an export reads.
const chunk = 500

// PartitionContracts yields the shown versions of a buyer's contracts that
// were notified in a year, or with buyer "" of all contracts, by address.
// Memory is bounded by the largest buyer's addresses: each chunk has its own
// transaction, so what changes meanwhile may or may not be seen; the partition's
// revision tells. If the views are thrown away meanwhile, the error is
// [store.ErrNotFound].
func (v *Views) PartitionContracts(ctx context.Context, buyer, year string) iter.Seq2[pivot.Complete, error] {
	prefix := ""
	if buyer != "" {
		prefix = contract.Escape(buyer) + "/"
	}
	return func(yield func(pivot.Complete, error) bool) {
		var from []byte
		for {
			list, next, err := v.shownFrom(prefix, from, func(c *groupContract) bool { return buyer == "" || c.year == year })
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(pivot.Complete{}, err)
				return
			}
			for part := range slices.Chunk(list, chunk) {
				if !v.export(ctx, part, yield) {
					return
				}
			}
			if next == nil {
				return
			}
			from = next
		}
	}
}

// A listed is a contract's address and the record it shows.
type listed struct {
	address string
	ref     entry.Ref
}

// shownFrom lists the contracts of whole buyers, a chunk or more, by address; next
// is where the next buyer begins.
func (v *Views) shownFrom(prefix string, from []byte, wanted func(*groupContract) bool) (list []listed, next []byte, err error) {
	err = v.db.View(func(tx store.Tx) error {
		last := ""
		for g, err := range groups(tx, prefix, from) {
			if err != nil {
				return err
			}
			if g.buyer != last && len(list) >= chunk {
				next = []byte(g.key)
				return nil
			}
			last = g.buyer
			for i := range g.row.contracts {
				if c := &g.row.contracts[i]; wanted(c) {
					list = append(list, listed{c.address(g.buyer), c.shown()})
				}
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b listed) int { return strings.Compare(a.address, b.address) })
	return list, next, err
}

// export yields the contracts of the list; false ends the export.
func (v *Views) export(ctx context.Context, list []listed, yield func(pivot.Complete, error) bool) bool {
	records := make([]*record, len(list))
	err := v.db.View(func(tx store.Tx) (err error) {
		for i, s := range list {
			if records[i], err = getRecord(tx, s.ref); err != nil {
				return err
			}
		}
		return nil
	})
	out := make([]pivot.Complete, len(list))
	if err == nil {
		err = derive(ctx, list, records, out)
	}
	if err != nil {
		yield(pivot.Complete{}, err)
		return false
	}
	for _, c := range out {
		if !yield(c, nil) {
			return false
		}
	}
	return true
}

// derive judges records again, on every core.
func derive(ctx context.Context, list []listed, records []*record, out []pivot.Complete) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < len(list); from += prepareRun {
		g.Go(func() error {
			for i := from; i < min(from+prepareRun, len(list)); i++ {
				r, err := records[i].row()
				if err = cmp.Or(err, ctx.Err()); err != nil {
					return err
				}
				out[i] = complete(list[i].address, r)
			}
			return nil
		})
	}
	return g.Wait()
}

// refsOf yields all records of a buyer's contracts that were notified in a year, or
// with buyer "" of all contracts.
func refsOf(tx store.Tx, buyer, year string) iter.Seq2[entry.Ref, error] {
	prefix := ""
	if buyer != "" {
		prefix = contract.Escape(buyer) + "/"
	}
	return func(yield func(entry.Ref, error) bool) {
		for g, err := range groups(tx, prefix, nil) {
			if err != nil {
				yield(entry.Ref{}, err)
				return
			}
			for _, c := range g.row.contracts {
				if buyer != "" && c.year != year {
					continue
				}
				for _, v := range c.versions {
					for _, ref := range v.refs {
						if !yield(ref, nil) {
							return
						}
					}
				}
			}
		}
	}
}

// Newest is the newest entry of each node among the records of a buyer's
// contracts that were notified in a year, or with buyer "" of all contracts.
func (v *Views) Newest(buyer, year string) (map[string]entry.Ref, error) {
	newest := map[string]entry.Ref{}
	err := v.db.View(func(tx store.Tx) error {
		for r, err := range refsOf(tx, buyer, year) {
			if err != nil {
				return err
			}
			old, ok := newest[r.Node]
			if !ok || cmp.Or(cmp.Compare(r.Epoch, old.Epoch), cmp.Compare(r.Index, old.Index)) > 0 {
				newest[r.Node] = r
			}
		}
		return nil
	})
	return newest, err
}

// HarvestedThrough tells of a node's records among a buyer's contracts of a year,
// or with buyer "" among all, through which nodes all of them came; none if one was
// not harvested.
func (v *Views) HarvestedThrough(node, buyer, year string) ([]string, error) {
	var shared []string
	first := true
	err := v.db.View(func(tx store.Tx) error {
		for ref, err := range refsOf(tx, buyer, year) {
			if err != nil {
				return err
			}
			if ref.Node != node {
				continue
			}
			through, err := harvestedThrough(tx, ref)
			if err != nil {
				return err
			}
			if len(through) == 0 {
				shared = nil
				return nil
			}
			if first {
				shared, first = through, false
				continue
			}
			shared = slices.DeleteFunc(shared, func(n string) bool { return !slices.Contains(through, n) })
		}
		return nil
	})
	return shared, err
}

// harvestedThrough is empty for a record that was not harvested.
func harvestedThrough(tx store.Tx, ref entry.Ref) ([]string, error) {
	r, err := getRecord(tx, ref)
	if err != nil {
		return nil, err
	}
	t, err := unpack(r.packed)
	if err != nil {
		return nil, err
	}
	through, _ := entry.HarvestedThrough(t.Series)
	return through, nil
}
