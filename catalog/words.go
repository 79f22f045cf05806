package catalog

import (
	"slices"
	"strings"
)

// The words below are codes of the controlled vocabularies that DCAT-AP names.
// Unless said otherwise they are the last part of an IRI of the authority
// tables of the Publications Office of the European Union. "" says nothing.
type (
	// PublisherType is a code of the ADMS publisher types.
	PublisherType string
	// Theme is a code of the table data-theme.
	Theme string
	// Language is a code of the table language: three capital letters.
	Language string
	// Frequency is a code of the table frequency: how often data is updated.
	Frequency string
	// Access is a code of the table access-right.
	Access string
	// Availability is a code of the table planned-availability.
	Availability string
	// Format is a file format that Maillon publishes.
	Format string
)

// Kinds of authority.
const (
	LocalAuthority    PublisherType = "LocalAuthority"
	RegionalAuthority PublisherType = "RegionalAuthority"
	NationalAuthority PublisherType = "NationalAuthority"
)

// Themes that procurement data and its neighbours have.
const (
	Agriculture   Theme = "AGRI"
	Economy       Theme = "ECON"
	Education     Theme = "EDUC"
	Energy        Theme = "ENER"
	Environment   Theme = "ENVI"
	Government    Theme = "GOVE"
	Health        Theme = "HEAL"
	International Theme = "INTR"
	Justice       Theme = "JUST"
	Regions       Theme = "REGI"
	Society       Theme = "SOCI"
	Technology    Theme = "TECH"
	Transport     Theme = "TRAN"
)

// Languages of texts and data.
const (
	French  Language = "FRA"
	English Language = "ENG"
)

// Frequencies of update. Continuous is for data that follows its journal.
const (
	Continuous Frequency = "UPDATE_CONT"
	Daily      Frequency = "DAILY"
	Weekly     Frequency = "WEEKLY"
	Monthly    Frequency = "MONTHLY"
	Quarterly  Frequency = "QUARTERLY"
	Annual     Frequency = "ANNUAL"
	Irregular  Frequency = "IRREG"
	Unknown    Frequency = "UNKNOWN"
)

// Rights of access.
const (
	Public     Access = "PUBLIC"
	Restricted Access = "RESTRICTED"
	NonPublic  Access = "NON_PUBLIC"
)

// How long a file is planned to stay: Stable for ever, Available for some
// years, Experimental and Temporary without promise.
const (
	Stable       Availability = "STABLE"
	Available    Availability = "AVAILABLE"
	Experimental Availability = "EXPERIMENTAL"
	Temporary    Availability = "TEMPORARY"
)

// File formats.
const (
	JSON    Format = "JSON"
	XML     Format = "XML"
	CSV     Format = "CSV"
	NDJSON  Format = "NDJSON" // one JSON object per line
	Parquet Format = "PARQUET"
	XLSX    Format = "XLSX"
)

// PublisherTypes lists every kind of authority that may be published; the
// lists below do the same for the other words.
func PublisherTypes() []PublisherType {
	return []PublisherType{LocalAuthority, RegionalAuthority, NationalAuthority}
}

// Themes lists every theme.
func Themes() []Theme {
	return []Theme{Agriculture, Economy, Education, Energy, Environment, Government, Health,
		International, Justice, Regions, Society, Technology, Transport}
}

// Languages lists every language.
func Languages() []Language { return []Language{French, English} }

// Frequencies lists every frequency.
func Frequencies() []Frequency {
	return []Frequency{Continuous, Daily, Weekly, Monthly, Quarterly, Annual, Irregular, Unknown}
}

// Accesses lists every right of access.
func Accesses() []Access { return []Access{Public, Restricted, NonPublic} }

// Availabilities lists every availability.
func Availabilities() []Availability {
	return []Availability{Stable, Available, Experimental, Temporary}
}

// Formats lists every format.
func Formats() []Format { return []Format{JSON, XML, CSV, NDJSON, Parquet, XLSX} }

// MediaType is the media type of f, without parameters, or "" if f is unknown.
func (f Format) MediaType() string {
	switch f {
	case JSON:
		return "application/json"
	case XML:
		return "application/xml"
	case CSV:
		return "text/csv"
	case NDJSON:
		return "application/x-ndjson"
	case Parquet:
		return "application/vnd.apache.parquet"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return ""
}

// PublisherTypeOf is the kind of authority of a level of the federation
// (commune, epci, departement, region, national). It says nothing of an
// organisme, which may be a hospital as well as a state service.
func PublisherTypeOf(level string) PublisherType {
	switch level {
	case "commune", "epci", "departement":
		return LocalAuthority
	case "region":
		return RegionalAuthority
	case "national":
		return NationalAuthority
	}
	return ""
}

// known reports whether w is one of all, or says nothing.
func known[W ~string](w W, all []W) bool { return w == "" || slices.Contains(all, w) }

// listed writes the words of a list for the one who has to choose.
func listed[W ~string](all []W) string {
	words := make([]string, len(all))
	for i, w := range all {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}
