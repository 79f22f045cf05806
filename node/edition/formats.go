package edition

import (
	"time"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
	"maillon/catalog/pivot/ocds"
)

// The streams of a piece.
const (
	marches2 = iota
	concessions2
	marches1
	xml2
	xml1
	etendu
	others // that stand in complet alone
	table
	releases
	columns
	columnsMeta // of columns, for the footer
	streams
)

// A Format is a kind of file that every cut has.
type Format struct {
	Name    string // of the file
	Format  catalog.Format
	Media   string
	Content string // decret, etendu, complet, tableau or ocds
	Gen     pivot.Generation

	lists []int  // streams, one after the other
	mixed bool   // they are so in each piece, not in the file
	comma string // between two pieces
}

// Formats lists them in the order in which people see them.
var Formats = []Format{
	{Name: "tableau.csv", Format: catalog.CSV, Media: "text/csv", Content: "tableau", lists: []int{table}},
	{Name: "tableau.parquet", Format: catalog.Parquet, Media: "application/vnd.apache.parquet", Content: "tableau", lists: []int{columns}},
	{Name: "decret.json", Format: catalog.JSON, Media: "application/json", Content: "decret", Gen: pivot.Gen2, lists: []int{marches2, concessions2}, comma: ","},
	{Name: "decret.xml", Format: catalog.XML, Media: "application/xml", Content: "decret", Gen: pivot.Gen2, lists: []int{xml2}},
	{Name: "decret-1x.json", Format: catalog.JSON, Media: "application/json", Content: "decret", Gen: pivot.Gen1, lists: []int{marches1}, comma: ","},
	{Name: "decret-1x.xml", Format: catalog.XML, Media: "application/xml", Content: "decret", Gen: pivot.Gen1, lists: []int{xml1}},
	{Name: "etendu.ndjson", Format: catalog.NDJSON, Media: "application/x-ndjson", Content: "etendu", lists: []int{etendu}},
	{Name: "complet.ndjson", Format: catalog.NDJSON, Media: "application/x-ndjson", Content: "complet", lists: []int{etendu, others}, mixed: true},
	{Name: "ocds.json", Format: catalog.JSON, Media: "application/json", Content: "ocds", lists: []int{releases}, comma: ","},
}

// FormatOf finds the format of a file.
func FormatOf(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// frame is what stands around the lists of a file: before, between two lists that
// both have records or of which the second has, and after.
type frame struct{ head, between, tail string }

func (s *Store) frame(f Format, dataset string, modified time.Time) (frame, error) {
	switch f.Name {
	case "tableau.csv":
		return frame{head: flat.CSVHead()}, nil
	case "tableau.parquet":
		return frame{head: flat.ParquetHead}, nil // its tail is a blob
	case "decret.json":
		return frame{pivot.JSONHead2, pivot.JSONConcessions, pivot.JSONTail2}, nil
	case "decret-1x.json":
		return frame{head: pivot.JSONHead1, tail: pivot.JSONTail1}, nil
	case "decret.xml", "decret-1x.xml":
		return frame{head: pivot.XMLHead, tail: pivot.XMLTail}, nil
	case "ocds.json":
		head, tail, err := ocds.Frame(s.ocdsOptions(f, dataset, modified))
		return frame{head: string(head), tail: string(tail)}, err
	}
	return frame{}, nil
}

func (s *Store) ocdsOptions(f Format, dataset string, published time.Time) ocds.Options {
	return ocds.Options{
		URI: s.URL + "/files/" + dataset + "/" + f.Name, Published: published,
		Publisher: ocds.Publisher{Name: s.Publisher.Name, Scheme: "FR-RCS", UID: s.Publisher.SIRET, URI: s.URL + "/agents/" + s.Publisher.SIRET},
	}
}
