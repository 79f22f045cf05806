package catalog

import "time"

// Text is what people read, in French and, if there is one, in English. The
// zero value is "no text".
type Text struct {
	French  string `json:"fr,omitempty"`
	English string `json:"en,omitempty"`
}

// IsZero reports whether there is no text in either language.
func (t Text) IsZero() bool { return t == Text{} }

// first is the French text, or the English one where French is missing.
func (t Text) first() string {
	if t.French != "" {
		return t.French
	}
	return t.English
}

// An Agent is a body that publishes. Agents with the same IRI are the same
// one: the first description met in a catalogue is the one that is written.
type Agent struct {
	IRI      string        `json:"iri"`                // absolute, for ever
	Name     string        `json:"name"`               // as the body writes it
	SIRET    string        `json:"siret,omitempty"`    // fourteen digits, or "" for a body that has none
	Type     PublisherType `json:"type,omitempty"`     // what kind of authority; "" says nothing
	Level    string        `json:"level,omitempty"`    // of the federation: commune, epci, departement, region, national, organisme
	Homepage string        `json:"homepage,omitempty"` // absolute IRI
}

// IsZero reports whether a says nothing.
func (a Agent) IsZero() bool { return a == Agent{} }

// A Contact is whom a reader of the data may write to: a service, never a
// person's private address.
type Contact struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"` // without "mailto:"
	Page  string `json:"page,omitempty"`  // absolute IRI of a form or page
}

// IsZero reports whether there is nobody to write to.
func (c Contact) IsZero() bool { return c == Contact{} }

// A Coverage is the territory that data speaks about.
type Coverage struct {
	Geozone string `json:"geozone,omitempty"` // "fr:departement:35"; "fr" is France; an absolute IRI for a place of another vocabulary
	Name    string `json:"name,omitempty"`    // "Ille-et-Vilaine"
	Box     Box    `json:"box,omitzero"`      // optional
}

// IsZero reports whether no territory is given.
func (c Coverage) IsZero() bool { return c == Coverage{} }

// A Box is a rectangle in degrees of longitude and latitude (WGS 84). The zero
// value is "none".
type Box struct {
	West, South, East, North float64
}

// IsZero reports whether b is "none".
func (b Box) IsZero() bool { return b == Box{} }

// valid also refuses what is not a number: comparisons with NaN are false.
func (b Box) valid() bool {
	return b.West >= -180 && b.West < b.East && b.East <= 180 &&
		b.South >= -90 && b.South < b.North && b.North <= 90
}

// A Period is the days that data speaks about, both included. A zero end is
// open. Only the dates count, as they stand, whatever the time zone.
type Period struct {
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
}

// IsZero reports whether no day is given.
func (p Period) IsZero() bool { return p.Start.IsZero() && p.End.IsZero() }

// A Standard is a document that data conforms to, such as the schema of the
// pivot format.
type Standard struct {
	IRI   string `json:"iri"` // absolute
	Title Text   `json:"title,omitzero"`
}
