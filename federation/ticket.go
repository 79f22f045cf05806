package federation

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/territory"
)

// Limits of a ticket.
const (
	MaxTicket     = 1024      // bytes of the note
	TicketFor     = time.Hour // how long a node makes its tickets for
	ticketLongest = 2 * time.Hour
	ticketLine    = "maillon/push/v1"
	ticketScheme  = "Maillon " // before the note in base64, in the header Authorization
)

// ErrTicket is what every refusal of a ticket is.
var ErrTicket = errors.New("the ticket does not open this hub's mirror")

// A Ticket lets a node write into its mirror at one hub, for an hour or two.
// What it writes is shown only under a checkpoint that it has signed; the
// ticket keeps strangers from filling the place where it waits for that.
type Ticket struct {
	Node  string    `json:"node"`
	Epoch int       `json:"epoch"`
	Hub   string    `json:"hub"`   // node id of the hub it is for
	Until time.Time `json:"until"` // UTC, whole seconds
}

// SignTicket writes a ticket as the value of the header Authorization.
func SignTicket(signer note.Signer, t Ticket) (string, error) {
	raw, err := writeNote(ticketLine, t, signer)
	if err != nil {
		return "", fmt.Errorf("sign a ticket of %s: %w", t.Node, err)
	}
	return ticketScheme + base64.StdEncoding.EncodeToString(raw), nil
}

// OpenTicket checks what [SignTicket] wrote: signed by v, for the node that v
// is the key of, at this hub, and good at now.
func OpenTicket(header string, v note.Verifier, hub string, now time.Time) error {
	text, ok := strings.CutPrefix(header, ticketScheme)
	if !ok || len(text) > 2*MaxTicket {
		return fmt.Errorf("%w: want Authorization: Maillon and a signed note in base64", ErrTicket)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("%w: it is not base64", ErrTicket)
	}
	var t Ticket
	if err := errors.Join(readText(raw, ticketLine, MaxTicket, &t), checkSignatures(raw, v)); err != nil {
		return fmt.Errorf("%w: %w", ErrTicket, err)
	}
	switch {
	case KeyName(t.Node, t.Epoch) != v.Name():
		return fmt.Errorf("%w: it is of %q, the key of %q", ErrTicket, cut(t.Node), v.Name())
	case t.Hub != hub:
		return fmt.Errorf("%w: it is for %q, this is %s (federation.join.hub)", ErrTicket, cut(t.Hub), hub)
	case !t.Until.After(now):
		return fmt.Errorf("%w: it was good until %s, here it is %s", ErrTicket, stamp(t.Until), stamp(now))
	case t.Until.Sub(now) > ticketLongest:
		return fmt.Errorf("%w: it is good until %s, here it is %s: more than %s (set the clock of one of the two)", ErrTicket, stamp(t.Until), stamp(now), ticketLongest)
	}
	return nil
}

// A Profile is what a node says of itself beside its announcement: what its
// catalogue shows and is not gossiped. The hub that serves the catalogue in
// the node's place needs it. It is a signed note; the newest counts.
type Profile struct {
	Node    string    `json:"node"`
	Epoch   int       `json:"epoch"`
	Seq     uint64    `json:"seq"`               // the larger replaces
	Base    string    `json:"base"`              // of its public IRIs, chosen once, without trailing slash
	Name    string    `json:"name"`              // in full, at most MaxFullName bytes
	Contact string    `json:"contact,omitempty"` // e-mail
	Box     []float64 `json:"box,omitempty"`     // west, south, east, north in degrees, around its territory
}

// Limits of a profile, in bytes.
const (
	MaxProfile  = 2048
	MaxFullName = 300
	maxContact  = 254 // RFC 5321
	profileLine = "maillon/profile/v1"
)

// SignProfile writes the profile as a signed note.
func SignProfile(signer note.Signer, p Profile) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return writeNote(profileLine, p, signer)
}

// OpenProfile reads a profile that v has signed, whose name is its node's key.
func OpenProfile(raw []byte, v note.Verifier) (Profile, error) {
	var p Profile
	if err := errors.Join(readText(raw, profileLine, MaxProfile, &p), checkSignatures(raw, v)); err != nil {
		return Profile{}, fmt.Errorf("profile: %w", err)
	}
	if KeyName(p.Node, p.Epoch) != v.Name() {
		return Profile{}, fmt.Errorf("profile of %q under the key of %q", cut(p.Node), v.Name())
	}
	return p, p.check()
}

func (p Profile) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("profile of %s: %w", cut(p.Node), fmt.Errorf(format, args...))
	}
	if _, err := territory.ParseNodeID(p.Node); err != nil {
		return bad("%w", err)
	}
	if err := checkURL(p.Base); err != nil {
		return bad("base: %w", err)
	}
	switch {
	case p.Seq == 0:
		return bad("seq 0, want 1 or more")
	case !isPhrase(p.Name, MaxFullName):
		return bad("name %q, want 1 to %d bytes without control characters", cut(p.Name), MaxFullName)
	case !isContact(p.Contact):
		return bad("contact %q is not an e-mail address of at most %d bytes", cut(p.Contact), maxContact)
	case len(p.Box) > 0 && !isBox(p.Box):
		return bad("box %v, want west, south, east and north in degrees", p.Box)
	}
	return nil
}

func isBox(b []float64) bool {
	return len(b) == 4 && b[0] < b[2] && b[1] < b[3] && b[0] >= -180 && b[2] <= 180 && b[1] >= -90 && b[3] <= 90
}
