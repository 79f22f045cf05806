package web

import "maillon/catalog/texts"

// QualityPage says how good the catalogue's metadata are, and what is missing.
type QualityPage struct {
	Points, Of int    // of the average dataset
	Rating     string // in words
	Nine       int    // of the nine points of data.gouv.fr
	Missing    []QualityRow
	Datasets   []QualityDataset // the worst first
	Known      Known
}

func (QualityPage) name() string { return "quality" }

func (QualityPage) title(lang texts.Lang) string { return texts.T(lang, "web.quality.title") }

// A QualityRow is a metric that some dataset does not meet.
type QualityRow struct {
	Text, Hint string
	Datasets   int // that do not
}

// A QualityDataset is the score of one dataset.
type QualityDataset struct {
	Title, URL, Rating string
	Points             int
}
