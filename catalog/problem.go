// Package catalog holds what every part of Maillon speaks about: problems
// found in a document, and the catalogue of a node with its datasets,
// distributions and agents. It is plain values and pure rules; it reads no
// file, opens no socket and asks no clock.
package catalog

import (
	"fmt"
	"strings"
)

// Severity says how much a [Problem] matters.
type Severity string

// The two severities: an Error is refused by the legal schema, a Warning is
// legal but suspicious.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// A Problem is one thing wrong with a document, told to whoever wrote it.
// The words for people (text and hint) are not kept here: they are found in
// the table of texts under the rule's id, in the reader's language.
type Problem struct {
	Pointer  string   `json:"pointer"`            // JSON pointer of the place, relative to the record; "" is the whole
	Line     int      `json:"line,omitempty"`     // line of the file, from 1, where the format has lines (XML)
	Rule     string   `json:"rule"`               // stable id of the rule: "siret-key"
	Severity Severity `json:"severity"`           // error or warning
	Found    string   `json:"found,omitempty"`    // what stood there, cut to 120 characters
	Expected string   `json:"expected,omitempty"` // what the rule wanted
}

func (p Problem) String() string {
	s := fmt.Sprintf("%s: %s [%s]", p.Pointer, p.Found, p.Rule)
	if p.Expected != "" {
		s += ", want " + p.Expected
	}
	return s
}

// Problems is a list of things wrong with one document.
type Problems []Problem

// Error makes Problems an error; use [Problems.Err] to get nil for an empty list.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns ps as an error, or nil when there is nothing to say.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Errors counts the problems of severity [Error].
func (ps Problems) Errors() int {
	n := 0
	for _, p := range ps {
		if p.Severity == Error {
			n++
		}
	}
	return n
}
