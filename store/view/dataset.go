package view

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/entry"
	"maillon/catalog/rdf"
	"maillon/store"
)

// A DatasetRow is a dataset of a foreign catalogue, as the node that harvests it
// says in its journal.
type DatasetRow struct {
	Ref     entry.Ref       `json:"ref"` // of the newest statement about it
	Source  string          `json:"source"`
	Key     string          `json:"key"` // IRI or identifier in the source
	Through []string        `json:"through,omitempty"`
	First   time.Time       `json:"first"`          // first stated
	At      time.Time       `json:"at"`             // last stated
	Gone    bool            `json:"gone,omitempty"` // the source has it no more
	Dataset catalog.Dataset `json:"dataset"`
}

// dataset keeps the newest word on a foreign dataset. One that is gone stays as a
// row without description: that its own source dropped it outweighs who else
// still lists it.
func (b *applying) dataset(p prepared, d entry.Dataset) error {
	key := statementKey(b.j.Node, p.header.Key)
	row := DatasetRow{
		Ref:    entry.Ref{Node: b.j.Node, Epoch: b.j.Epoch, Index: p.index},
		Source: d.Source, Key: d.Dataset, Through: d.Through, First: p.header.At, At: p.header.At, Gone: d.Gone,
	}
	if raw := b.tx.Bucket(datasetBucket).Get(key); raw != nil {
		var old DatasetRow
		if err := json.Unmarshal(raw, &old); err != nil {
			return err
		}
		row.First = old.First
		row.Dataset.IRI, row.Dataset.Identifier = old.Dataset.IRI, old.Dataset.Identifier
	}
	if !d.Gone {
		set, err := rdf.DatasetOf([]byte(d.Triples))
		if err != nil {
			return nil // its speaker signed nonsense
		}
		row.Dataset = set
	}
	b.found = true
	return putJSON(b.tx.Bucket(datasetBucket), key, row)
}

// DatasetsRevision changes whenever the foreign datasets do.
func (v *Views) DatasetsRevision() uint64 { return v.datasets.Load() }

// Datasets lists the foreign datasets that nodes state, those of suspended nodes
// left out, by speaker and source.
func (v *Views) Datasets() ([]DatasetRow, error) {
	var out []DatasetRow
	err := v.db.View(func(tx store.Tx) error {
		auth, err := readAuthorities(tx, v.self)
		if err != nil {
			return err
		}
		for _, raw := range tx.Bucket(datasetBucket).Ascend(nil) {
			var r DatasetRow
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			if !auth.suspended[r.Ref.Node] {
				out = append(out, r)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b DatasetRow) int {
		for _, c := range []int{strings.Compare(a.Ref.Node, b.Ref.Node), strings.Compare(a.Source, b.Source)} {
			if c != 0 {
				return c
			}
		}
		return strings.Compare(a.Key, b.Key)
	})
	return out, err
}
