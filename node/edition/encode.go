package edition

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"slices"
	"time"

	"github.com/klauspost/compress/flate"

	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
	"maillon/catalog/pivot/ocds"
)

// packLevel trades a tenth of the size for a third of the time.
const packLevel = 1

// packRun is how many bytes of a stream are compressed at once: many, so that the tables
// of one compressor stay in the processor's cache.
const packRun = 256 << 10

// A packer gathers one stream of a piece.
type packer struct {
	z     *flate.Writer
	out   bytes.Buffer
	crc   uint32
	plain int64
	n     int
	raw   []byte // not yet compressed
}

// add takes a record that was appended to raw, after a comma if it needs one.
func (p *packer) add(comma string, record func([]byte) ([]byte, error)) (err error) {
	if p.n > 0 {
		p.raw = append(p.raw, comma...)
	}
	p.n++
	if p.raw, err = record(p.raw); err != nil || len(p.raw) < packRun {
		return err
	}
	return p.spill()
}

func (p *packer) spill() error {
	p.crc = crc32.Update(p.crc, crc32.IEEETable, p.raw)
	p.plain += int64(len(p.raw))
	_, err := p.z.Write(p.raw)
	p.raw = p.raw[:0]
	return err
}

// end closes the stream on a byte boundary, without a last block.
func (p *packer) end() (Stream, error) {
	if p.n == 0 {
		return Stream{}, nil
	}
	if err := p.spill(); err != nil {
		return Stream{}, err
	}
	if err := p.z.Flush(); err != nil {
		return Stream{}, err
	}
	return Stream{Packed: int64(p.out.Len()), Plain: p.plain, CRC: p.crc, Records: p.n}, nil
}

func (p *packer) reset() {
	p.out.Reset()
	p.z.Reset(&p.out)
	p.crc, p.plain, p.n, p.raw = 0, 0, 0, p.raw[:0]
}

// An encoder makes pieces, one after the other.
type encoder struct {
	packers [columns]packer
	columns *flat.PieceWriter
	rows    int
	ocds    *ocds.Encoder
	facts   Facts
	table   []flat.Row // of the contract
}

func newEncoder() (*encoder, error) {
	e := &encoder{columns: flat.NewPieceWriter(), ocds: ocds.NewEncoder("")}
	for i := range e.packers {
		z, err := flate.NewWriter(&e.packers[i].out, packLevel)
		if err != nil {
			return nil, err
		}
		e.packers[i].z = z
	}
	e.reset()
	return e, nil
}

func (e *encoder) reset() {
	for i := range e.packers {
		e.packers[i].reset()
	}
	e.facts, e.rows = Facts{}, 0
}

// add puts a contract into every stream that it belongs to.
func (e *encoder) add(c *pivot.Complete) error {
	e.note(c)
	line := func(b []byte) ([]byte, error) { return append(c.AppendJSON(b), '\n'), nil }
	if !isConforming(c) {
		return e.packers[others].add("", line)
	}
	e.facts.Conforming++
	if err := e.packers[etendu].add("", line); err != nil {
		return err
	}
	if err := e.rowsOf(c); err != nil {
		return err
	}
	err := e.packers[releases].add(",", func(b []byte) ([]byte, error) { return e.ocds.Append(b, c.Address, &c.Contract, c.ReceivedAt), nil })
	if err != nil {
		return err
	}
	return e.legal(c)
}

// rowsOf adds the lines of a contract to both tables.
func (e *encoder) rowsOf(c *pivot.Complete) error {
	e.rows++
	e.table = slices.AppendSeq(e.table[:0], flat.Rows(c.Contract))
	err := e.packers[table].add("", func(b []byte) ([]byte, error) {
		for i := range e.table {
			b = e.table[i].AppendCSV(b)
		}
		return b, nil
	})
	if err != nil {
		return err
	}
	e.columns.Add(e.table...)
	return nil
}

func isConforming(c *pivot.Complete) bool { return c.State == pivot.Conforming && !c.Withdrawn }

// isLegal reports whether a contract belongs to the content décret, whose files name
// the schema that they conform to. What only 2.0.0 accepts does not: that version has a
// layout and values of its own; nor what only versions before 1.5.0 accept.
func isLegal(c *pivot.Complete) bool {
	return isConforming(c) && c.Schema != pivot.V200 && (c.Generation != pivot.Gen1 || c.Schema == pivot.V150)
}

// legal adds a contract to the files of the content décret.
func (e *encoder) legal(c *pivot.Complete) error {
	if !isLegal(c) {
		return nil
	}
	js, xml := marches2, xml2
	switch {
	case c.Generation == pivot.Gen1:
		js, xml = marches1, xml1
	case c.Kind == pivot.Concession:
		js = concessions2
	}
	err := e.packers[js].add(",", func(b []byte) ([]byte, error) { return pivot.AppendJSON(b, &c.Contract) })
	if err != nil {
		return err
	}
	return e.packers[xml].add("", func(b []byte) ([]byte, error) { return pivot.AppendXML(b, &c.Contract) })
}

func (e *encoder) note(c *pivot.Complete) {
	f := Facts{Contracts: 1, Issued: c.ReceivedAt}
	if _, err := time.Parse(time.DateOnly, c.Notified); err == nil {
		f.First, f.Last = c.Notified, c.Notified
	}
	e.facts.add(f)
}

// piece closes the piece: its bytes, which begin with no head, and where its streams
// stand.
func (e *encoder) piece(p *Piece) ([]byte, error) {
	defer e.reset()
	p.Facts.Contracts, p.Conforming, p.First, p.Last, p.Issued = e.facts.Contracts, e.facts.Conforming, e.facts.First, e.facts.Last, e.facts.Issued
	var out []byte
	put := func(i int, s Stream, raw []byte) {
		s.At = int64(len(out))
		p.Streams[i] = s
		out = append(out, raw...)
	}
	for i := range e.packers {
		s, err := e.packers[i].end()
		if err != nil {
			return nil, err
		}
		if s.Packed > 0 {
			put(i, s, e.packers[i].out.Bytes())
		}
	}
	data, meta := e.columns.Close()
	if len(data) > 0 {
		put(columns, Stream{Packed: int64(len(data)), Plain: int64(len(data)), Records: e.rows}, data)
		put(columnsMeta, Stream{Packed: int64(len(meta)), Plain: int64(len(meta))}, meta)
	}
	p.File, p.Size = nameOf(out), int64(len(out))
	return out, nil
}

// nameOf names a file by its bytes.
func nameOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
