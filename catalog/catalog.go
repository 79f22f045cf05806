package catalog

import "time"

// A Catalog is one dcat:Catalog, or one page of it. Datasets keep their order;
// each dataset stands on exactly one page.
type Catalog struct {
	IRI         string          `json:"iri"` // absolute, without page number, for ever
	Title       Text            `json:"title"`
	Description Text            `json:"description"`
	Publisher   Agent           `json:"publisher"`
	Contact     Contact         `json:"contact,omitzero"` // for datasets that name none
	Homepage    string          `json:"homepage,omitempty"`
	Licence     string          `json:"licence,omitempty"`   // IRI; empty: [LicenceOuverte]
	Languages   []Language      `json:"languages,omitempty"` // empty: French
	Coverage    Coverage        `json:"coverage,omitzero"`
	Issued      time.Time       `json:"issued,omitzero"`
	Modified    time.Time       `json:"modified,omitzero"`
	Datasets    []Dataset       `json:"datasets,omitempty"`
	Series      []Series        `json:"series,omitempty"`
	Services    []DataService   `json:"services,omitempty"`
	Parts       []SubCatalog    `json:"parts,omitempty"`
	Replaces    []string        `json:"replaces,omitempty"`   // catalogues of the bodies that this one follows
	ReplacedBy  []string        `json:"replacedBy,omitempty"` // catalogues of those that follow it
	Records     []CatalogRecord `json:"records,omitempty"`
	Page        *Page           `json:"page,omitempty"` // nil: the catalogue is not cut in pages
}

// A Page says which part of a catalogue this is. All its IRIs are absolute and
// answer 200 without redirection, or harvesters refuse them.
type Page struct {
	IRI        string `json:"iri"`
	Number     int    `json:"number"` // from 1
	Total      int    `json:"total"`
	TotalItems int    `json:"totalItems"` // datasets of the whole catalogue
	First      string `json:"first"`
	Previous   string `json:"previous,omitempty"` // empty on the first page
	Next       string `json:"next,omitempty"`     // empty on the last page
	Last       string `json:"last"`
}

// A SubCatalog is another catalogue that this one leads to, such as a
// member's: a titled link, without its datasets.
type SubCatalog struct {
	IRI         string    `json:"iri"` // absolute
	Title       Text      `json:"title"`
	Description Text      `json:"description,omitzero"`
	Publisher   Agent     `json:"publisher"`
	Homepage    string    `json:"homepage,omitempty"`
	Coverage    Coverage  `json:"coverage,omitzero"`
	Modified    time.Time `json:"modified,omitzero"`
}

// A CatalogRecord says since when, and changed when, a dataset or a service
// stands in this catalogue; the dataset's own dates are its publisher's.
type CatalogRecord struct {
	IRI      string    `json:"iri"`             // absolute
	Topic    string    `json:"topic"`           // IRI of a dataset or service of the same page
	Issued   time.Time `json:"issued,omitzero"` // first seen
	Modified time.Time `json:"modified"`        // last changed
	Sources  []Source  `json:"sources,omitempty"`
}

// A Source says from where this node knows a dataset: whose journal holds it,
// and in which foreign catalogue it was found, if it was.
type Source struct {
	Node     string    `json:"node"`               // node id of the journal's owner
	Name     string    `json:"name"`               // of that body
	Journal  string    `json:"journal"`            // the journal's origin, maillon/NODE/EPOCH
	Index    uint64    `json:"index"`              // of the newest entry about it
	Location string    `json:"location,omitempty"` // address of the foreign catalogue
	Through  []string  `json:"through,omitempty"`  // ids of the nodes that it came through before, as that catalogue says
	At       time.Time `json:"at"`                 // receipt of that entry
}
