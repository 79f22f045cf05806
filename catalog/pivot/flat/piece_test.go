package flat

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"maillon/catalog/pivot"
)

// A writer used again writes what a new one does, and says of each column where in
// the schema it stands: readers find columns by that.
func TestAPieceDoesNotDependOnTheOneBefore(t *testing.T) {
	w := NewPieceWriter()
	piece := func() (data, meta []byte) {
		t.Helper()
		for i := range 8 {
			c := pivot.Contract{}
			c.ID, c.Object = fmt.Sprint("P-", i), "Réfection de la toiture"
			if err := w.Add(c); err != nil {
				t.Fatal(err)
			}
		}
		data, meta, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Clone(data), bytes.Clone(meta)
	}
	data, meta := piece()
	again, metaAgain := piece()
	if !bytes.Equal(data, again) || !bytes.Equal(meta, metaAgain) {
		t.Error("the second piece differs from the first")
	}
	var m format.FileMetaData
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, metaAgain, &m); err != nil {
		t.Fatal(err)
	}
	for i, c := range m.RowGroups[0].Columns {
		if path := c.MetaData.PathInSchema; len(path) != 1 || path[0] == "" || path[0] != m.Schema[1+i].Name {
			t.Errorf("column %d stands at %q of the schema, want %q", i, path, m.Schema[1+i].Name)
		}
	}
}
