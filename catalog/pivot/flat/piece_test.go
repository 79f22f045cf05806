package flat

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"

	"maillon/catalog/pivot"
)

// A writer used again writes what a new one does; pieces with their footer are a file
// that another reader reads.
func TestAPieceDoesNotDependOnTheOneBefore(t *testing.T) {
	w := NewPieceWriter()
	piece := func() (data, meta []byte) {
		for i := range 8 {
			c := pivot.Contract{}
			c.ID, c.Object = fmt.Sprint("P-", i), "Réfection de la toiture"
			w.Add(slices.Collect(Rows(c))...)
		}
		data, meta = w.Close()
		return bytes.Clone(data), bytes.Clone(meta)
	}
	data, meta := piece()
	again, metaAgain := piece()
	if !bytes.Equal(data, again) || !bytes.Equal(meta, metaAgain) {
		t.Error("the second piece differs from the first")
	}
	if data, meta := w.Close(); len(data)+len(meta) > 0 {
		t.Error("a piece of no contract has bytes")
	}
	var end Footer
	for _, m := range [][]byte{meta, metaAgain} {
		if err := end.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	tail, err := end.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	file := slices.Concat([]byte(ParquetHead), data, again, tail)
	rows, err := parquet.Read[Row](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 16 || rows[15].ID != "P-7" || *rows[8].Object != "Réfection de la toiture" {
		t.Errorf("%d lines, the last %+v", len(rows), rows[len(rows)-1])
	}
	if err := end.Add(meta[:len(meta)-1]); err == nil {
		t.Error("a damaged meta is believed")
	}
}
