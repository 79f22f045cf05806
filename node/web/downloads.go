package web

import (
	"time"

	"maillon/catalog/texts"
)

// DownloadsPage lists the files of a hub's territory, in words.
type DownloadsPage struct {
	Contracts    int
	Made         time.Time // of the newest edition; zero if there is none yet
	Whole        []DownloadRow
	Years        []DownloadCut
	Departements []DownloadCut
	SIRET        string // of the buyer asked for
	Unknown      bool   // it has no contract here
	Buyer        []FileRow
	Days         []DownloadDay // dated editions, the newest first
	Lost         []time.Time   // days whose editions were made and are no more, the newest first
	More         []FileRow     // lists of buyers and nodes
	Sums         string        // address of the checksums
	List         string        // address of the list of editions, for programs
	Example      string        // address of a file, for the example
	ExampleName  string
}

// A DownloadRow is a file: for whom it is, in words.
type DownloadRow struct {
	FileRow
	For     string
	Packed  int64 // its size on the way, compressed; 0 if it is not
	Records int
	Schema  string // address; "" for none
}

// A DownloadCut is the files of a year or a département.
type DownloadCut struct {
	Name      string
	Contracts int
	Page      string // of the dataset
	Files     []FileRow
}

// A DownloadDay is a dated edition.
type DownloadDay struct {
	Day   time.Time
	Sums  string
	Files []FileRow
}

func (DownloadsPage) name() string { return "downloads" }

func (DownloadsPage) title(lang texts.Lang) string { return texts.T(lang, "downloads.title") }
