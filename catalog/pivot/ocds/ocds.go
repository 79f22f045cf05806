// Package ocds writes contracts as Open Contracting Data Standard 1.1 release
// packages (https://standard.open-contracting.org/1.1/).
//
// A contract is a contracting process: one ocid, a release for its award and
// one for each modification, each with the state after it. Marchés and
// concessions of both generations are written. docs/decisions/0033-ocds.md says
// what became what, and what OCDS has no place for.
package ocds

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"regexp"
	"time"

	"maillon/catalog/pivot"
)

// DefaultPrefix is the ocid prefix that the French public data are registered
// under.
const DefaultPrefix = "ocds-78apv2-"

// Options say how a package is written.
type Options struct {
	Prefix    string    // of every ocid; default [DefaultPrefix]
	URI       string    // of the package
	Published time.Time // of the package; a release without any date takes it
	Publisher Publisher
	License   string // address of the licence; default the Licence ouverte 2.0
}

// A Publisher is who publishes a package.
type Publisher struct {
	Name   string `json:"name"`
	Scheme string `json:"scheme,omitempty"`
	UID    string `json:"uid,omitempty"`
	URI    string `json:"uri,omitempty"`
}

// licence is the one that the law gives procurement data.
const licence = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"

// extensions are those whose fields a release may have.
var extensions = []string{
	"https://raw.githubusercontent.com/open-contracting-extensions/ocds_location_extension/v1.1.5/extension.json",
	"https://raw.githubusercontent.com/open-contracting-extensions/ocds_techniques_extension/master/extension.json",
}

var prefixForm = regexp.MustCompile(`^ocds-[a-z0-9]{6}-$`)

// A package without its releases.
type envelope struct {
	URI        string    `json:"uri"`
	Version    string    `json:"version"`
	Extensions []string  `json:"extensions"`
	Publisher  Publisher `json:"publisher"`
	License    string    `json:"license"`
}

// complete checks the options and fills in what they leave out.
func (o *Options) complete() error {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if !prefixForm.MatchString(o.Prefix) {
		return fmt.Errorf("ocid prefix %q: want ocds-, six letters or digits, a hyphen, as the standard's helpdesk gives them", o.Prefix)
	}
	if o.Publisher.Name == "" || o.URI == "" || o.Published.IsZero() {
		return errors.New("a release package has a URI, a publisher with a name and a date of publication")
	}
	if o.License == "" {
		o.License = licence
	}
	return nil
}

// Frame is what stands before the first release of a package and after its last. The
// date, which alone changes each time, stands at the end.
func Frame(o Options) (head, tail []byte, err error) {
	if err := o.complete(); err != nil {
		return nil, nil, err
	}
	head, err = json.Marshal(envelope{URI: o.URI, Version: "1.1", Extensions: extensions, Publisher: o.Publisher, License: o.License})
	if err != nil {
		return nil, nil, err
	}
	return append(head[:len(head)-1], `,"releases":[`...), fmt.Appendf(nil, "],\"publishedDate\":%q}\n", o.Published.UTC().Format(time.RFC3339)), nil
}

// An Encoder makes releases one contract at a time.
type Encoder struct {
	prefix string
	used   map[uint64]int // release ids by their hash; nil if contracts have addresses
	doc                   // the state that a release tells of
}

// NewEncoder makes releases with an ocid prefix; "" is [DefaultPrefix].
func NewEncoder(prefix string) *Encoder { return &Encoder{prefix: cmp.Or(prefix, DefaultPrefix)} }

// Write writes the contracts as one release package, in their order. A contract that
// stands twice has releases of other ids the second time. It holds no more than one
// contract at a time, and eight bytes for each release.
func Write(w io.Writer, o Options, contracts iter.Seq[pivot.Contract]) error {
	enc := NewEncoder(o.Prefix)
	enc.used = map[uint64]int{}
	return enc.write(w, o, func(yield func(string, pivot.Contract) bool) {
		for c := range contracts {
			if !yield("", c) {
				return
			}
		}
	})
}

// WriteAddressed writes contracts that each have an address of their own, which
// [Encoder.Append] explains, as one release package.
func WriteAddressed(w io.Writer, o Options, contracts iter.Seq2[string, pivot.Contract]) error {
	return NewEncoder(o.Prefix).write(w, o, contracts)
}

func (e *Encoder) write(w io.Writer, o Options, contracts iter.Seq2[string, pivot.Contract]) error {
	head, tail, err := Frame(o)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	out.Write(head) //nolint:errcheck // Flush tells
	var b []byte
	some := false
	for address, c := range contracts {
		b = e.Append(b[:0], address, &c, o.Published)
		if some {
			out.WriteByte(',') //nolint:errcheck // Flush tells
		}
		some = true
		out.Write(b) //nolint:errcheck // Flush tells
	}
	out.Write(tail) //nolint:errcheck // Flush tells
	return out.Flush()
}

// OCID is the identifier of the contracting process: prefix, buyer, id. An id of
// 1.x ends in two digits that count the modifications; they go, so that the
// process keeps its ocid.
func OCID(prefix string, c *pivot.Contract) string {
	return prefix + url.PathEscape(c.Buyer.ID) + url.PathEscape(stem(c))
}

func stem(c *pivot.Contract) string {
	sequence := fmt.Sprintf("%02d", len(c.Modifications))
	if n := len(c.ID) - len(sequence); c.Generation == pivot.Gen1 && n > 0 && c.ID[n:] == sequence {
		return c.ID[:n]
	}
	return c.ID
}
