// Package edition keeps the datasets of a hub's territory: every contract that it
// holds, whole, by year of notification and by département of the buyer, in each
// format.
//
// The unit of work is a piece: the contracts of a year and a département (of a part
// of its buyers where they are many), in every format at once. A piece is one file,
// named by the hash of its bytes, and never changes. When contracts change, their
// pieces alone are written again, in one pass over their contracts. The files that
// people download are put together from pieces when they are read, also compressed:
// they take no room of their own, and a download under way goes on with the pieces it
// began with.
//
// An edition is the list of pieces of one moment, with the size and SHA-256 of every
// file. The newest is served under stable addresses; the last one of a day is kept
// under that day's date for some time. Editions share the pieces that did not change.
// An edition takes its place by one rename, after its pieces are on the disk: a crash
// at any moment leaves the one before.
package edition

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// layout is raised when the content or the order of files changes: then every piece
// is made again.
const layout = 4

// An Edition is the state of a territory's datasets at one moment. It is not changed
// once it is made.
type Edition struct {
	Layout int       `json:"layout"`
	Rules  string    `json:"rules"` // of the views it was made from
	Day    string    `json:"day"`   // YYYY-MM-DD, on which it was made
	Made   time.Time `json:"made"`
	Hash   string    `json:"hash"` // of its content: two that are alike have the same
	Pieces []Piece   `json:"pieces"`
	Groups []Group   `json:"groups"`
	Cuts   []Cut     `json:"cuts"`
}

// A Piece is some contracts in every format.
type Piece struct {
	Year        string `json:"year"`        // of notification; "" if unknown
	Departement string `json:"departement"` // of the buyer; "" if unknown
	Part        uint32 `json:"part"`        // of the buyers, by the hash of their SIRET
	Parts       uint32 `json:"parts"`
	Revision    uint64 `json:"revision"` // of what it was made from
	File        string `json:"file"`
	Size        int64  `json:"size"`
	Facts
	Streams [streams]Stream `json:"streams"`
}

// Facts are what is told of the contracts of a piece or a cut.
type Facts struct {
	Contracts  int       `json:"contracts"`
	Conforming int       `json:"conforming"`
	First      string    `json:"first,omitempty"` // notification
	Last       string    `json:"last,omitempty"`
	Issued     time.Time `json:"issued"`   // receipt of the oldest record
	Modified   time.Time `json:"modified"` // receipt of the newest
}

func (f *Facts) add(o Facts) {
	f.Contracts += o.Contracts
	f.Conforming += o.Conforming
	if f.First == "" || o.First != "" && o.First < f.First {
		f.First = o.First
	}
	f.Last = max(f.Last, o.Last)
	if f.Issued.IsZero() || !o.Issued.IsZero() && o.Issued.Before(f.Issued) {
		f.Issued = o.Issued
	}
	if o.Modified.After(f.Modified) {
		f.Modified = o.Modified
	}
}

// A Stream is the part of a piece that belongs to one format: raw deflate that ends
// on a byte boundary without a last block, so that streams can follow each other; of
// Parquet, the bytes themselves.
type Stream struct {
	At      int64  `json:"at"`
	Packed  int64  `json:"packed"`
	Plain   int64  `json:"plain"`
	CRC     uint32 `json:"crc"`
	Records int    `json:"records"`
}

// Kinds of cuts.
const (
	Whole         = ""
	ByYear        = "annee"
	ByDepartement = "departement"
)

// A Cut is a dataset: the whole territory, a year, or a département.
type Cut struct {
	Kind string `json:"kind"`
	Code string `json:"code"` // 2025, 35; "" of the whole, and of what has no year
	Facts
	Files []File `json:"files"`
}

// A File is one distribution of a cut.
type File struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	Gzipped int64  `json:"gzipped,omitempty"` // 0: it is not compressed again
	SHA256  string `json:"sha256"`            // of the plain bytes
	Records int    `json:"records"`
	CRC     uint32 `json:"crc"`
	Marks   []mark `json:"marks,omitempty"` // of the way to SHA256
	Tail    *Blob  `json:"tail,omitempty"`
}

// A Blob is a file of bytes that are no piece: the end of a Parquet file.
type Blob struct {
	File string `json:"file"`
	Size int64  `json:"size"`
}

// Suffix is what the dataset of a cut has at the end of its identifier.
func (c *Cut) Suffix() string { return suffix(c.Kind, c.Code) }

func suffix(kind, code string) string {
	switch kind {
	case ByYear:
		return "-" + cmp.Or(code, "sans-date")
	case ByDepartement:
		return "-dep-" + strings.ToLower(code)
	}
	return ""
}

// File finds a file of the cut. It looks at names only: the files of one cut are
// summed at the same time, each by who makes its format.
func (c *Cut) File(name string) (*File, bool) {
	for i := range c.Files {
		if f := &c.Files[i]; f.Name == name {
			return f, true
		}
	}
	return nil, false
}

// Cut finds a cut by the end of its dataset's identifier.
func (e *Edition) Cut(suffix string) (*Cut, bool) {
	i := slices.IndexFunc(e.Cuts, func(c Cut) bool { return c.Suffix() == suffix })
	if i < 0 {
		return nil, false
	}
	return &e.Cuts[i], true
}

// has reports whether a piece belongs to a cut.
func (c *Cut) has(p *Piece) bool {
	switch c.Kind {
	case ByYear:
		return p.Year == c.Code
	case ByDepartement:
		return p.Departement == c.Code
	}
	return true
}

// files lists the files on the disk that the edition needs.
func (e *Edition) files() []string {
	var out []string
	for i := range e.Pieces {
		out = append(out, e.Pieces[i].File)
	}
	for i := range e.Groups {
		out = append(out, e.Groups[i].File)
	}
	for i := range e.Cuts {
		for _, f := range e.Cuts[i].Files {
			if f.Tail != nil {
				out = append(out, f.Tail.File)
			}
		}
	}
	return out
}

// comparePieces puts pieces in the order in which every file has them: what has no
// year first, the newest year last.
func comparePieces(a, b *Piece) int {
	return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Departement, b.Departement), cmp.Compare(a.Part, b.Part))
}
