package flat

import (
	"fmt"

	"maillon/catalog/parquet"
	"maillon/catalog/pivot"
)

// ParquetHead stands before the first piece of a Parquet file.
const ParquetHead = parquet.Magic

// A PieceWriter writes row groups that may stand in any Parquet file of this table:
// a file is [ParquetHead], pieces, and the [Footer] of them all.
type PieceWriter struct {
	table *parquet.Table
	data  []byte
	meta  []byte
}

// NewPieceWriter may be used again after each Close.
func NewPieceWriter() *PieceWriter { return &PieceWriter{table: parquet.New(parquetColumns())} }

// Add takes the lines of a contract.
func (w *PieceWriter) Add(c pivot.Contract) {
	for row := range Rows(c) {
		if addRow(w.table, &row); w.table.Rows() == parquetGroup {
			w.spill()
		}
	}
}

func (w *PieceWriter) spill() {
	var g parquet.Group
	w.data, g = w.table.Group(w.data)
	w.meta = g.Append(w.meta)
}

// Close gives the row groups and what a footer has to know of them; nothing if
// there was no contract. The bytes are good until the next Add.
func (w *PieceWriter) Close() (data, meta []byte) {
	if w.table.Rows() > 0 {
		w.spill()
	}
	data, meta = w.data, w.meta
	w.data, w.meta = w.data[:0], w.meta[:0]
	return data, meta
}

// A Footer gathers what stands at the end of a Parquet file of pieces.
type Footer struct{ groups []parquet.Group }

// Add takes the meta of the next piece of the file.
func (f *Footer) Add(meta []byte) error {
	for len(meta) > 0 {
		g, rest, err := parquet.ReadGroup(meta)
		if err != nil {
			return fmt.Errorf("read the footer of a piece: %w", err)
		}
		f.groups, meta = append(f.groups, g), rest
	}
	return nil
}

// Bytes is the end of the file.
func (f *Footer) Bytes() ([]byte, error) {
	return parquet.Footer(parquetColumns(), f.groups, "maillon")
}
