package edition

import (
	"context"
	"fmt"
	"io"
	"iter"
	"time"

	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
	"maillon/catalog/pivot/ocds"
	"maillon/store"
	"maillon/store/view"
)

// BuyerSuffix stands between the dataset and the SIRET in the address of what is
// streamed of one buyer.
const BuyerSuffix = "-acheteur-"

// HasBuyer reports whether there are contracts of a buyer.
func (s *Store) HasBuyer(buyer string) (bool, error) {
	parts, err := s.Views.Partitions(view.PartitionQuery{Buyer: buyer})
	return len(parts) > 0 && parts[0].Buyer == buyer, err
}

// WriteBuyer writes all contracts of one buyer, read as they are now. After an error
// what was written is not whole.
func (s *Store) WriteBuyer(ctx context.Context, w io.Writer, buyer, name string) error {
	f, ok := FormatOf(name)
	if !ok {
		return fmt.Errorf("file %s: %w", name, store.ErrNotFound)
	}
	parts, err := s.Views.Partitions(view.PartitionQuery{Buyer: buyer})
	if err != nil {
		return err
	}
	var failed error
	all := func(yield func(pivot.Complete) bool) {
		for _, p := range parts {
			if p.Buyer != buyer {
				continue
			}
			for c, err := range s.Views.PartitionContracts(ctx, buyer, p.Year) {
				if err != nil {
					failed = err
					return
				}
				if !yield(c) {
					return
				}
			}
		}
	}
	if err := s.writeList(w, f, s.Dataset+BuyerSuffix+buyer, all); err != nil {
		return err
	}
	return failed
}

func (s *Store) writeList(w io.Writer, f Format, dataset string, all iter.Seq[pivot.Complete]) error {
	switch f.Name {
	case "complet.ndjson":
		return pivot.WriteComplet(w, all)
	case "etendu.ndjson":
		return pivot.WriteComplet(w, conforming(all))
	case "tableau.csv":
		return flat.WriteCSV(w, contracts(conforming(all)))
	case "tableau.parquet":
		return flat.WriteParquet(w, contracts(conforming(all)))
	case "ocds.json":
		var newest time.Time
		for c := range all {
			if c.ReceivedAt.After(newest) {
				newest = c.ReceivedAt
			}
		}
		if newest.IsZero() {
			newest = s.Now()
		}
		return ocds.WriteAddressed(w, s.ocdsOptions(f, dataset, newest), addressed(conforming(all)))
	}
	legal := func(yield func(pivot.Contract) bool) {
		for c := range contracts(legal(all)) {
			if c.Generation == f.Gen && !yield(c) {
				return
			}
		}
	}
	if f.Media == "application/xml" {
		return pivot.WriteXML(w, f.Gen, legal)
	}
	return pivot.WriteJSON(w, f.Gen, legal)
}

func filter(all iter.Seq[pivot.Complete], keep func(*pivot.Complete) bool) iter.Seq[pivot.Complete] {
	return func(yield func(pivot.Complete) bool) {
		for c := range all {
			if keep(&c) && !yield(c) {
				return
			}
		}
	}
}

func conforming(all iter.Seq[pivot.Complete]) iter.Seq[pivot.Complete] {
	return filter(all, isConforming)
}

func legal(all iter.Seq[pivot.Complete]) iter.Seq[pivot.Complete] { return filter(all, isLegal) }

func addressed(all iter.Seq[pivot.Complete]) iter.Seq2[string, pivot.Contract] {
	return func(yield func(string, pivot.Contract) bool) {
		for c := range all {
			if !yield(c.Address, c.Contract) {
				return
			}
		}
	}
}

func contracts(all iter.Seq[pivot.Complete]) iter.Seq[pivot.Contract] {
	return func(yield func(pivot.Contract) bool) {
		for c := range all {
			if !yield(c.Contract) {
				return
			}
		}
	}
}
