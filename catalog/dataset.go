package catalog

import (
	"fmt"
	"strconv"
	"time"
)

// LicenceOuverte is the IRI of the Licence Ouverte 2.0 (Etalab), the licence
// of French public data, as data.gouv.fr recognises it.
const LicenceOuverte = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"

// A Dataset is one dcat:Dataset. It can be published only with an IRI, an
// identifier and a title ([Catalog.Publishable]).
type Dataset struct {
	IRI           string         `json:"iri"`        // absolute, for ever
	Identifier    string         `json:"identifier"` // for ever: a harvester takes another one for another dataset
	Title         Text           `json:"title"`
	Description   Text           `json:"description"`
	Publisher     Agent          `json:"publisher,omitzero"` // zero: the catalogue's
	Contact       Contact        `json:"contact,omitzero"`   // zero: the catalogue's
	LandingPage   string         `json:"landingPage,omitempty"`
	Keywords      []Text         `json:"keywords,omitempty"`
	Themes        []Theme        `json:"themes,omitempty"`
	Languages     []Language     `json:"languages,omitempty"` // empty: French
	Frequency     Frequency      `json:"frequency,omitempty"`
	Access        Access         `json:"access,omitempty"`
	Coverage      Coverage       `json:"coverage,omitzero"`
	Period        Period         `json:"period,omitzero"`
	Issued        time.Time      `json:"issued,omitzero"`
	Modified      time.Time      `json:"modified,omitzero"`
	ConformsTo    []Standard     `json:"conformsTo,omitempty"`
	InSeries      string         `json:"inSeries,omitempty"` // IRI of a series of the same page
	Foreign       bool           `json:"foreign,omitempty"`  // another body's description: what it leaves out is not taken from this catalogue
	Distributions []Distribution `json:"distributions,omitempty"`
}

// A Series is one dcat:DatasetSeries: datasets of the same kind, such as a
// buyer's years. Datasets point to it; it lists none.
type Series struct {
	IRI         string    `json:"iri"`        // absolute, for ever
	Identifier  string    `json:"identifier"` // for ever
	Title       Text      `json:"title"`
	Description Text      `json:"description"`
	Publisher   Agent     `json:"publisher,omitzero"` // zero: the catalogue's
	Contact     Contact   `json:"contact,omitzero"`   // zero: the catalogue's
	Frequency   Frequency `json:"frequency,omitempty"`
	Coverage    Coverage  `json:"coverage,omitzero"`
	Issued      time.Time `json:"issued,omitzero"`
	Modified    time.Time `json:"modified,omitzero"`
}

// DECPIdentifier is the identifier of the dataset of one buyer's contracts
// notified in one year, fixed for ever: {siret}-decp-{year}. The SIRET must
// have fourteen digits; its key is checked where it is parsed.
func DECPIdentifier(siret string, year int) (string, error) {
	if !isSIRET(siret) {
		return "", fmt.Errorf("dataset identifier: SIRET %q, want fourteen digits", cut(siret))
	}
	if year < 1000 || year > 9999 {
		return "", fmt.Errorf("dataset identifier: year %d, want four digits", year)
	}
	return siret + "-decp-" + strconv.Itoa(year), nil
}

func isSIRET(s string) bool {
	if len(s) != 14 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// A Distribution is one file of a dataset. Its IRI and its URLs never change
// with its content: harvesters match them from one visit to the next.
type Distribution struct {
	IRI          string       `json:"iri"` // absolute, for ever
	Title        Text         `json:"title,omitzero"`
	Description  Text         `json:"description,omitzero"`
	AccessURL    string       `json:"accessURL,omitempty"` // empty: the download URL
	DownloadURL  string       `json:"downloadURL,omitempty"`
	Format       Format       `json:"format,omitempty"`
	FormatName   string       `json:"formatName,omitempty"` // of a format that has no code
	MediaType    string       `json:"mediaType,omitempty"`  // "text/csv"; empty: the format's
	ByteSize     int64        `json:"byteSize,omitempty"`   // 0 is unknown
	SHA256       string       `json:"sha256,omitempty"`     // 64 hexadecimal digits, of the bytes without content coding
	Licence      string       `json:"licence,omitempty"`    // IRI; empty: the catalogue's
	Availability Availability `json:"availability,omitempty"`
	Languages    []Language   `json:"languages,omitempty"`
	Issued       time.Time    `json:"issued,omitzero"`
	Modified     time.Time    `json:"modified,omitzero"`
	ConformsTo   []Standard   `json:"conformsTo,omitempty"`
}

// A DataService is one dcat:DataService: an API that serves datasets.
type DataService struct {
	IRI         string     `json:"iri"`        // absolute, for ever
	Identifier  string     `json:"identifier"` // for ever
	Title       Text       `json:"title"`
	Description Text       `json:"description,omitzero"`
	EndpointURL string     `json:"endpointURL"`
	OpenAPI     string     `json:"openAPI,omitempty"`  // IRI of its description
	Publisher   Agent      `json:"publisher,omitzero"` // zero: the catalogue's
	Contact     Contact    `json:"contact,omitzero"`   // zero: the catalogue's
	Licence     string     `json:"licence,omitempty"`  // IRI; empty: the catalogue's
	Access      Access     `json:"access,omitempty"`
	Themes      []Theme    `json:"themes,omitempty"`
	Keywords    []Text     `json:"keywords,omitempty"`
	Serves      []string   `json:"serves,omitempty"` // IRIs of datasets; those absent from the page are left out
	ConformsTo  []Standard `json:"conformsTo,omitempty"`
}
