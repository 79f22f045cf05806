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
	// Format is a code of the table file-type, or NDJSON, which it lacks.
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
	Provisional   Theme = "OP_DATPRO"
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
	French     Language = "FRA"
	English    Language = "ENG"
	Breton     Language = "BRE"
	German     Language = "DEU"
	Spanish    Language = "SPA"
	Italian    Language = "ITA"
	Dutch      Language = "NLD"
	Portuguese Language = "POR"
	Catalan    Language = "CAT"
	Basque     Language = "EUS"
	Occitan    Language = "OCI"
)

// Frequencies of update. Continuous is for data that follows its journal.
const (
	Continuous Frequency = "UPDATE_CONT"
	Hourly     Frequency = "HOURLY"
	Daily      Frequency = "DAILY"
	Weekly     Frequency = "WEEKLY"
	Biweekly   Frequency = "BIWEEKLY"
	Monthly    Frequency = "MONTHLY"
	Bimonthly  Frequency = "BIMONTHLY"
	Quarterly  Frequency = "QUARTERLY"
	Semiannual Frequency = "ANNUAL_2"
	Annual     Frequency = "ANNUAL"
	Biennial   Frequency = "BIENNIAL"
	Triennial  Frequency = "TRIENNIAL"
	Never      Frequency = "NEVER"
	AsNeeded   Frequency = "AS_NEEDED"
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

// PublisherTypes lists every kind of authority that may be published; the
// lists below do the same for the other words.
func PublisherTypes() []PublisherType {
	return []PublisherType{LocalAuthority, RegionalAuthority, NationalAuthority}
}

// Themes lists every theme.
func Themes() []Theme {
	return []Theme{Agriculture, Economy, Education, Energy, Environment, Government, Health,
		International, Justice, Provisional, Regions, Society, Technology, Transport}
}

// Languages lists every language.
func Languages() []Language {
	return []Language{French, English, Breton, German, Spanish, Italian, Dutch, Portuguese, Catalan, Basque, Occitan}
}

// Frequencies lists every frequency.
func Frequencies() []Frequency {
	return []Frequency{Continuous, Hourly, Daily, Weekly, Biweekly, Monthly, Bimonthly, Quarterly, Semiannual, Annual, Biennial,
		Triennial, Never, AsNeeded, Irregular, Unknown}
}

// Accesses lists every right of access.
func Accesses() []Access { return []Access{Public, Restricted, NonPublic} }

// Availabilities lists every availability.
func Availabilities() []Availability {
	return []Availability{Stable, Available, Experimental, Temporary}
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

// levels of the federation that an agent may have.
func levels() []string {
	return []string{"commune", "epci", "departement", "region", "national", "organisme"}
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
