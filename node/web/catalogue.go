package web

import (
	"time"

	"maillon/catalog/texts"
)

// CataloguePage lists datasets, and lets people narrow the list.
type CataloguePage struct {
	Name      string // of the catalogue
	Text      string // words looked for
	Total     int
	Facets    []FacetGroup
	Items     []DatasetItem
	Next      string    // address of the next page
	Clear     string    // address without any filter, if there is one
	Syntaxes  []FileRow // the same as data
	LD        any       // schema.org, for search engines
	Parameter []HiddenField
}

// A HiddenField carries a filter through the search form.
type HiddenField struct{ Name, Value string }

func (CataloguePage) name() string { return "catalogue" }

func (p CataloguePage) title(lang texts.Lang) string {
	if p.Name == "" {
		return texts.T(lang, "web.catalogue.title")
	}
	return p.Name
}

// A FacetGroup is one facet with its values.
type FacetGroup struct {
	Label  string
	Values []FacetValue
}

// A FacetValue narrows the list, or if it is chosen widens it again.
type FacetValue struct {
	Label, URL string
	Count      int
	Chosen     bool
}

// A DatasetItem is a dataset in a list.
type DatasetItem struct {
	Title, URL, Publisher, Description, Rating string
	Formats                                    []string
	Modified                                   time.Time
	Foreign                                    bool
}

// DatasetPage is one dataset.
type DatasetPage struct {
	Name, IRI, Identifier, Description string
	Publisher, PublisherURL            string
	Fields                             []FactRow
	Keywords                           []string
	Files                              []DatasetFile
	Sources                            []DatasetSource
	Score, Of, Nine                    int
	Rating                             string
	Missing                            []QualityRow
	Syntaxes                           []FileRow
	Foreign                            bool
	LD                                 any
}

func (DatasetPage) name() string { return "dataset" }

func (p DatasetPage) title(texts.Lang) string { return p.Name }

// A FactRow is one thing that is known of a dataset.
type FactRow struct{ Label, Text, URL string }

// A DatasetFile is one file of a dataset.
type DatasetFile struct {
	FileRow
	Description, SHA256 string
}

// A DatasetSource says from where a dataset is known.
type DatasetSource struct {
	Node, Name, Journal, Location string
	Index                         uint64
	At                            time.Time
}

// SourcesPage tells how the harvest of foreign catalogues goes.
type SourcesPage struct{ Sources []SourceRow }

func (SourcesPage) name() string { return "sources" }

func (SourcesPage) title(lang texts.Lang) string { return texts.T(lang, "web.sources.title") }

// A SourceRow is one foreign catalogue.
type SourceRow struct {
	URL, Name, Error                              string
	Datasets, Missing, Held, Own, Pivot, Requests int
	Failures                                      int
	Visited, Next                                 time.Time
	Problems                                      []ProblemRow
}
