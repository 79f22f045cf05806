package flat

import (
	"fmt"

	"maillon/catalog/parquet"
)

// ParquetHead stands before the first piece of a Parquet file.
const ParquetHead = parquet.Magic

// A PieceWriter writes row groups that may stand in any Parquet file of this table:
// a file is [ParquetHead], pieces, and the [Footer] of them all.
type PieceWriter struct {
	table  *parquet.Table
	joiner *parquet.Joiner // nil until something is joined
	data   []byte
	meta   []byte
}

// NewPieceWriter may be used again after each Close.
func NewPieceWriter() *PieceWriter { return &PieceWriter{table: parquet.New(parquetColumns())} }

// Add takes lines.
func (w *PieceWriter) Add(rows ...Row) {
	for i := range rows {
		if addRow(w.table, &rows[i]); w.table.Rows() >= parquetGroup {
			w.spill()
		}
	}
}

// Join takes the lines of a piece that was written before: its data, and what Close told
// of them.
func (w *PieceWriter) Join(data, meta []byte) error {
	if w.joiner == nil {
		w.joiner = parquet.NewJoiner()
	}
	var f Footer
	if err := f.Add(meta); err != nil {
		return err
	}
	for _, g := range f.groups {
		var err error
		if data, err = w.joiner.Join(w.table, data, g); err != nil {
			return err
		}
		if w.table.Rows() >= parquetGroup {
			w.spill()
		}
	}
	return nil
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
