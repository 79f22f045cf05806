package federation

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/territory"
)

// Limits of an announcement, in bytes. A note of MaxAnnouncement bytes fits a
// gossip packet, whatever the pool's label and key.
const (
	MaxAnnouncement = 1300
	MaxName         = 80
	MaxURL          = 200
)

// Limits in time.
const (
	MaxSkew     = time.Hour           // how far ahead another node's clock may be
	MaxLifetime = 90 * 24 * time.Hour // from At to Expires
)

// maxTree bounds the size of any journal.
const maxTree = 1 << 48

// firstLine names the format and its version.
const firstLine = "maillon/announcement/v1"

// Role says what a node does for others.
type Role string

// The roles.
const (
	RoleNode Role = "node"
	RoleHub  Role = "hub" // chef de file: it admits members
)

// Status says whether a node is still there.
type Status string

// The statuses. A node that is Gone has said so itself; its journal stays.
const (
	Active Status = "active"
	Gone   Status = "gone"
)

// Errors of [Open]. Each is wrapped with what was found.
var (
	ErrTooLarge  = errors.New("announcement is too large")
	ErrMalformed = errors.New("not an announcement")
	ErrSignature = errors.New("announcement's signature does not verify")
	ErrExpired   = errors.New("announcement has expired")
	ErrFuture    = errors.New("announcement is from the future")
)

// An Announcement is what a node says of itself to its pool. Make it known
// with [Sign]; one that came from outside is only ever made by [Open].
type Announcement struct {
	Node    string    `json:"node"`    // node id
	Epoch   int       `json:"epoch"`   // of its journal and key, from 0
	Key     string    `json:"key"`     // verifier key text, named KeyName(Node, Epoch)
	Seq     uint64    `json:"seq"`     // the larger replaces; max(last + 1, Unix seconds)
	At      time.Time `json:"at"`      // when it was signed, UTC, whole seconds
	Expires time.Time `json:"expires"` // UTC, whole seconds, at most MaxLifetime after At
	Level   string    `json:"level"`   // a territory.Level
	Geozone string    `json:"geozone"` // fr, or fr:level:code; whether it exists is the reader's to say
	Name    string    `json:"name"`    // for people, at most MaxName bytes
	URL     string    `json:"url"`     // public base, http or https, without trailing slash
	Role    Role      `json:"role"`
	Size    uint64    `json:"size"`   // of its journal
	Root    []byte    `json:"root"`   // root hash at Size, 32 bytes
	Status  Status    `json:"status"` // active or gone

	note []byte // the signed bytes, if it came from Open
}

// Note is the signed note as it came, byte for byte; nil for an announcement
// that did not come from [Open]. It must not be changed.
func (a Announcement) Note() []byte { return a.note }

// Sign writes the announcement as a signed note. It refuses what [Open] would
// refuse at the time a.At.
func Sign(signer note.Signer, a Announcement) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	line, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	raw, err := note.Sign(&note.Note{Text: firstLine + "\n" + string(line) + "\n"}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign announcement of %s: %w", a.Node, err)
	}
	if _, err := Open(raw, a.At); err != nil {
		return nil, fmt.Errorf("sign announcement of %s: %w", a.Node, err)
	}
	return raw, nil
}

// Open reads a note, verifies it with the key it carries and checks every
// field and its times. now is the reader's clock.
func Open(raw []byte, now time.Time) (Announcement, error) {
	if len(raw) > MaxAnnouncement {
		return Announcement{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(raw), MaxAnnouncement)
	}
	text, _, ok := bytes.Cut(raw, []byte("\n\n"))
	head, line, _ := strings.Cut(string(text), "\n")
	switch {
	case !ok:
		return Announcement{}, malformed("no signature block")
	case head != firstLine:
		return Announcement{}, malformed("first line %q, want %q", cut(head), firstLine)
	case strings.Contains(line, "\n"):
		return Announcement{}, malformed("more than one line after the first")
	}
	var a Announcement
	// Strict: no duplicate or differently capitalised names, no invalid
	// UTF-8. Members this version does not know are passed over.
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		return Announcement{}, malformed("%w", err)
	}
	if err := a.check(); err != nil {
		return Announcement{}, err
	}
	if err := a.verify(raw); err != nil {
		return Announcement{}, err
	}
	a.At, a.Expires = a.At.UTC(), a.Expires.UTC()
	a.note = bytes.Clone(raw)
	return a, a.timely(now)
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMalformed, fmt.Errorf(format, args...))
}

// verify checks that the note has exactly one signature, by the key that the
// announcement carries, and is written in the one way there is: otherwise
// anyone could make a second note of the same sequence number.
func (a Announcement) verify(raw []byte) error {
	v, err := NewVerifier(a.Key, a.Node, a.Epoch)
	if err != nil {
		return malformed("%w", err)
	}
	n, err := note.Open(raw, note.VerifierList(v))
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrSignature, a.Node, err)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) > 0 {
		return malformed("more than one signature")
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	if err != nil {
		return malformed("signature is not strict base64")
	}
	want := n.Text + "\n— " + v.Name() + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
	if string(raw) != want {
		return malformed("the note is not written in its one form")
	}
	return nil
}

// timely checks the times against the reader's clock.
func (a Announcement) timely(now time.Time) error {
	latest := now.Add(MaxSkew)
	switch {
	case a.At.After(latest):
		return fmt.Errorf("%w: %s signed it at %s, here it is %s: set the clock of one of the two", ErrFuture, a.Node, stamp(a.At), stamp(now))
	case a.Seq > uint64(max(latest.Unix(), 0)):
		return fmt.Errorf("%w: %s numbered it %d, here the highest allowed is %d: set the clock of one of the two", ErrFuture, a.Node, a.Seq, latest.Unix())
	case !a.Expires.After(now):
		return fmt.Errorf("%w: that of %s, on %s", ErrExpired, a.Node, stamp(a.Expires))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// check checks each field by itself.
func (a Announcement) check() error {
	if _, err := territory.ParseNodeID(a.Node); err != nil {
		return malformed("%w", err)
	}
	if _, err := territory.ParseLevel(a.Level); err != nil {
		return malformed("%w", err)
	}
	if err := checkURL(a.URL); err != nil {
		return malformed("url: %w", err)
	}
	switch {
	case a.Epoch < 0 || a.Epoch > maxEpoch:
		return malformed("epoch %d, want 0 to %d", a.Epoch, maxEpoch)
	case a.Seq == 0:
		return malformed("seq 0, want 1 or more")
	case !canonicalTime(a.At) || !canonicalTime(a.Expires):
		return malformed("at and expires must be UTC and whole seconds")
	case !a.Expires.After(a.At) || a.Expires.Sub(a.At) > MaxLifetime:
		return malformed("expires %s is not within %d days after at %s", stamp(a.Expires), int(MaxLifetime.Hours()/24), stamp(a.At))
	case !isGeozone(a.Geozone):
		return malformed("geozone %q, want fr or fr:level:code", cut(a.Geozone))
	case !isName(a.Name):
		return malformed("name %q, want 1 to %d bytes without control characters", cut(a.Name), MaxName)
	case a.Role != RoleNode && a.Role != RoleHub:
		return malformed("role %q, want node or hub", cut(string(a.Role)))
	case a.Status != Active && a.Status != Gone:
		return malformed("status %q, want active or gone", cut(string(a.Status)))
	case a.Size > maxTree:
		return malformed("size %d, at most %d", a.Size, uint64(maxTree))
	case len(a.Root) != 32:
		return malformed("root of %d bytes, want 32", len(a.Root))
	}
	return nil
}

// canonicalTime reports whether t is a time as announcements have it.
func canonicalTime(t time.Time) bool {
	_, offset := t.Zone()
	return offset == 0 && t.Nanosecond() == 0 && t.Year() >= 2020 && t.Year() <= 9999
}

// isGeozone checks the form only, so that a node with a newer geographic code
// is not refused for a commune that is new.
func isGeozone(s string) bool {
	if s == "fr" {
		return true
	}
	parts := strings.Split(s, ":")
	return len(s) <= 64 && len(parts) == 3 && parts[0] == "fr" && isWord(parts[1]) && isWord(parts[2])
}

func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-'
	})
}

// isContact takes an e-mail address, written plainly, or none.
func isContact(s string) bool {
	if s == "" {
		return true
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= maxContact
}

// isName refuses control and format characters: the latter can turn the text
// around it on a screen.
func isName(s string) bool { return isPhrase(s, MaxName) }

// isPhrase reports whether s is 1 to most bytes of text for one line.
func isPhrase(s string, most int) bool {
	return s != "" && len(s) <= most && utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.C, r) || unicode.In(r, unicode.Zl, unicode.Zp) })
}

// checkURL wants the one way to write a public base.
func checkURL(s string) error {
	if len(s) > MaxURL {
		return fmt.Errorf("%d bytes, at most %d", len(s), MaxURL)
	}
	u, err := url.Parse(s)
	if err != nil {
		return fmt.Errorf("%q is not an address", cut(s))
	}
	switch {
	case !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Host == "" || u.Opaque != "":
		return fmt.Errorf("%q, want https://host or http://host", cut(s))
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#"):
		return fmt.Errorf("%q has a user, a query or a fragment", cut(s))
	case strings.HasSuffix(s, "/") || u.String() != s:
		return fmt.Errorf("%q, want it written as %q", cut(s), cut(strings.TrimRight(u.String(), "/")))
	}
	return nil
}
