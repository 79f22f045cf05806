package flat

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"maillon/catalog/pivot"
)

// ParquetHead stands before the first piece of a Parquet file.
const ParquetHead = "PAR1"

// A PieceWriter writes row groups that may stand in any Parquet file of this table:
// a file is [ParquetHead], pieces, and the [Footer] of them all.
type PieceWriter struct {
	b    bytes.Buffer
	out  *parquet.GenericWriter[Row]
	rows []Row
	n    int
}

// NewPieceWriter may be used again after each Close.
func NewPieceWriter() *PieceWriter {
	w := &PieceWriter{rows: make([]Row, 0, parquetBatch)}
	w.out = parquet.NewGenericWriter[Row](&w.b,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}), parquet.MaxRowsPerRowGroup(parquetGroup), parquet.CreatedBy("maillon", "", ""))
	return w
}

// Add takes the lines of a contract.
func (w *PieceWriter) Add(c pivot.Contract) error {
	for row := range Rows(c) {
		w.n++
		if w.rows = append(w.rows, row); len(w.rows) < parquetBatch {
			continue
		}
		if err := w.spill(); err != nil {
			return err
		}
	}
	return nil
}

func (w *PieceWriter) spill() error {
	_, err := w.out.Write(w.rows)
	w.rows = w.rows[:0]
	return err
}

// Close gives the row groups and what a footer has to know of them; nothing if
// there was no contract. The bytes are good until the next Add.
func (w *PieceWriter) Close() (data, meta []byte, err error) {
	defer func() { w.b.Reset(); w.out.Reset(&w.b); w.n = 0 }()
	if w.n == 0 {
		return nil, nil, nil
	}
	if err := w.spill(); err != nil {
		return nil, nil, err
	}
	if err := w.out.Close(); err != nil {
		return nil, nil, err
	}
	raw := w.b.Bytes()
	f, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, nil, fmt.Errorf("read back a piece of Parquet: %w", err)
	}
	m, end := f.Metadata(), int64(len(ParquetHead))
	for _, g := range m.RowGroups {
		for i := range g.Columns {
			c := &g.Columns[i].MetaData
			c.PathInSchema = []string{m.Schema[1+i].Name} // parquet-go forgets it in a writer used again; the table is flat
			end = max(end, chunkStart(c)+c.TotalCompressedSize)
		}
	}
	if meta, err = thrift.Marshal(&thrift.CompactProtocol{}, m); err != nil {
		return nil, nil, err
	}
	return raw[len(ParquetHead):end], meta, nil
}

func chunkStart(c *format.ColumnMetaData) int64 {
	if c.DictionaryPageOffset > 0 && c.DictionaryPageOffset < c.DataPageOffset {
		return c.DictionaryPageOffset
	}
	return c.DataPageOffset
}

// A Footer gathers what stands at the end of a Parquet file of pieces.
type Footer struct {
	m   format.FileMetaData
	end int64
}

// Add takes the next piece of the file: the length of its data, and its meta.
func (f *Footer) Add(length int64, meta []byte) error {
	var m format.FileMetaData
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, meta, &m); err != nil {
		return fmt.Errorf("read the footer of a piece: %w", err)
	}
	shift := f.end
	f.end += length
	for _, g := range m.RowGroups {
		for i := range g.Columns {
			move(&g.Columns[i], shift)
		}
		if g.FileOffset > 0 {
			g.FileOffset += shift
		}
		g.Ordinal = int16(min(len(f.m.RowGroups), 1<<15-1))
		f.m.RowGroups = append(f.m.RowGroups, g)
	}
	f.m.NumRows += m.NumRows
	m.RowGroups, m.NumRows = f.m.RowGroups, f.m.NumRows
	f.m = m
	return nil
}

// move says where a column stands once its piece has been moved. Its page index is
// left behind.
func move(c *format.ColumnChunk, shift int64) {
	c.OffsetIndexOffset, c.OffsetIndexLength, c.ColumnIndexOffset, c.ColumnIndexLength = 0, 0, 0, 0
	if c.FileOffset > 0 {
		c.FileOffset += shift
	}
	c.MetaData.DataPageOffset += shift
	if c.MetaData.DictionaryPageOffset > 0 {
		c.MetaData.DictionaryPageOffset += shift
	}
}

// Bytes is the end of the file.
func (f *Footer) Bytes() ([]byte, error) {
	raw, err := thrift.Marshal(&thrift.CompactProtocol{}, &f.m)
	if err != nil {
		return nil, err
	}
	raw = binary.LittleEndian.AppendUint32(raw, uint32(len(raw)))
	return append(raw, "PAR1"...), nil
}
