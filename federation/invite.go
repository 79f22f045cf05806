package federation

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"maillon/catalog/territory"
)

// Limits of an invitation.
const (
	MaxInvite    = 160 // characters of the string: a line of a letter
	TokenSize    = 16
	InviteLife   = 14 * 24 * time.Hour // unless its maker says otherwise
	invitePrefix = "maillon1_"
)

// Errors by which invitations are told apart. Each is wrapped with what to do.
var (
	ErrInviteMistyped = errors.New("the invitation is mistyped")
	ErrInviteUnknown  = errors.New("the hub does not know this invitation")
	ErrInviteExpired  = errors.New("the invitation has expired")
	ErrInviteUsed     = errors.New("the invitation has been used")
	ErrInvitePerson   = errors.New("the invitation is for somebody else")
)

// An Invite is what an invitation string says.
type Invite struct {
	Hub       string      // public base of the hub
	Authority Fingerprint // of the hub's authority key: whoever answers at Hub must have it
	Token     [TokenSize]byte
	Geozone   string // whom it is for; "" if SIRET alone says so
	SIRET     string // whom it is for; "" if any body of Geozone
}

// The payload of a string: flags (1 byte: 1 https, 2 a geozone follows, 4 a
// SIRET follows), fingerprint, token, geozone (1 byte of length), SIRET (6
// bytes), address without scheme (the rest), and 4 bytes of SHA-256.
const (
	inviteHTTPS   = 1
	inviteGeozone = 2
	inviteSIRET   = 4
	inviteSum     = 4
)

// Format writes the invitation string; an address too long for it is an error.
func (v Invite) Format() (string, error) {
	if err := checkURL(v.Hub); err != nil {
		return "", fmt.Errorf("hub: %w", err)
	}
	host, secure := strings.CutPrefix(v.Hub, "https://")
	if !secure {
		host = strings.TrimPrefix(v.Hub, "http://")
	}
	if v.Geozone == "" && v.SIRET == "" || v.Geozone != "" && !isGeozone(v.Geozone) || v.SIRET != "" && !territory.IsSIRET(v.SIRET) {
		return "", fmt.Errorf("invitation for geozone %q, SIRET %q: one of the two is needed", cut(v.Geozone), cut(v.SIRET))
	}
	raw := []byte{0}
	raw = append(append(raw, v.Authority[:]...), v.Token[:]...)
	if secure {
		raw[0] |= inviteHTTPS
	}
	if v.Geozone != "" {
		raw[0] |= inviteGeozone
		raw = append(append(raw, byte(len(shortZone(v.Geozone)))), shortZone(v.Geozone)...)
	}
	if v.SIRET != "" {
		raw[0] |= inviteSIRET
		n, err := strconv.ParseUint(v.SIRET, 10, 48)
		if err != nil {
			return "", err
		}
		raw = append(raw, binary.BigEndian.AppendUint64(nil, n)[2:]...)
	}
	raw = append(raw, host...)
	sum := sha256.Sum256(raw)
	s := invitePrefix + base64.RawURLEncoding.EncodeToString(append(raw, sum[:inviteSum]...))
	if len(s) > MaxInvite {
		return "", fmt.Errorf("the invitation would have %d characters, at most %d: give the hub a shorter public address than %s", len(s), MaxInvite, v.Hub)
	}
	return s, nil
}

// zoneLetters shorten a geozone's level.
var zoneLetters = map[string]string{"c": "fr:commune:", "e": "fr:epci:", "d": "fr:departement:", "r": "fr:region:"}

func shortZone(zone string) string {
	for letter, prefix := range zoneLetters {
		if code, ok := strings.CutPrefix(zone, prefix); ok {
			return letter + code
		}
	}
	return zone
}

func longZone(short string) string {
	if short != "" && short != "fr" {
		if prefix, ok := zoneLetters[short[:1]]; ok {
			return prefix + short[1:]
		}
	}
	return short
}

// ParseInvite reads an invitation string as people paste it: spaces and line
// ends within are passed over. Any other slip is an [ErrInviteMistyped].
func ParseInvite(s string) (Invite, error) {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s[:min(len(s), 8*MaxInvite)])
	mistyped := func(what string) (Invite, error) {
		return Invite{}, fmt.Errorf("%w: %s; copy the whole line again, from maillon1_ to its last character", ErrInviteMistyped, what)
	}
	payload, ok := strings.CutPrefix(s, invitePrefix)
	if !ok {
		return mistyped("it does not begin with " + invitePrefix)
	}
	if len(s) > MaxInvite {
		return mistyped(fmt.Sprintf("it has %d characters, at most %d", len(s), MaxInvite))
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil || len(raw) < 1+FingerprintSize+TokenSize+inviteSum {
		return mistyped("a character is missing or wrong")
	}
	body, sum := raw[:len(raw)-inviteSum], raw[len(raw)-inviteSum:]
	if want := sha256.Sum256(body); !bytes.Equal(want[:inviteSum], sum) {
		return mistyped("its check digits do not agree: a character is wrong")
	}
	v, ok := decodeInvite(body)
	if again, err := v.Format(); !ok || err != nil || again != s {
		return mistyped("it is not one that maillon writes")
	}
	return v, nil
}

// decodeInvite reads the payload without its check digits.
func decodeInvite(b []byte) (v Invite, ok bool) {
	flags := b[0]
	v.Authority = Fingerprint(b[1:])
	v.Token = [TokenSize]byte(b[1+FingerprintSize:])
	b = b[1+FingerprintSize+TokenSize:]
	if flags&inviteGeozone != 0 {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return v, false
		}
		v.Geozone = longZone(string(b[1 : 1+b[0]]))
		b = b[1+b[0]:]
	}
	if flags&inviteSIRET != 0 {
		if len(b) < 6 {
			return v, false
		}
		v.SIRET = fmt.Sprintf("%014d", binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...)))
		b = b[6:]
	}
	v.Hub = "http://" + string(b)
	if flags&inviteHTTPS != 0 {
		v.Hub = "https://" + string(b)
	}
	return v, true
}

// An Invitation is what the hub keeps of one it gave: never the token itself.
type Invitation struct {
	Token     string    `json:"token"`             // hexadecimal SHA-256 of the token
	Geozone   string    `json:"geozone,omitempty"` // as in the string
	SIRET     string    `json:"siret,omitempty"`
	Role      Role      `json:"role"`
	Level     string    `json:"level,omitempty"` // "": what the geozone says
	Name      string    `json:"name,omitempty"`  // of the body, for people
	Publishes []string  `json:"publishes,omitempty"`
	By        string    `json:"by"` // operator
	At        time.Time `json:"at"`
	Expires   time.Time `json:"expires"`
	UsedBy    string    `json:"usedBy,omitempty"`  // node id
	UsedKey   string    `json:"usedKey,omitempty"` // its verifier key
	UsedAt    time.Time `json:"usedAt,omitzero"`
}

// HashToken is what the hub keeps of a token.
func HashToken(token []byte) string {
	sum := sha256.Sum256(token)
	return fmt.Sprintf("%x", sum)
}

// Redeem decides whether node, with key, may use the invitation now. The same
// node and key may use it again: its answer may have been lost. seat gives the
// geozone of a SIRET's body, "" if it is none that stands for a territory.
func (v Invitation) Redeem(node, key string, now time.Time, seat func(siret string) string) error {
	siret := node[:min(len(node), 14)]
	zone := seat(siret)
	organisme := zone == "" && v.Level == string(territory.Organisme)
	switch {
	case v.SIRET != "" && v.SIRET != siret:
		return fmt.Errorf("%w: it is for SIRET %s, this node is %s; ask the hub for one of your own", ErrInvitePerson, v.SIRET, node)
	case v.SIRET == "" && zone != v.Geozone && !organisme:
		return fmt.Errorf("%w: it is for %s, and SIRET %s is not known to be that body's; ask the hub for one made with your SIRET", ErrInvitePerson, v.Geozone, siret)
	case v.UsedBy == node && v.UsedKey == key:
		return nil
	case v.UsedBy != "":
		return fmt.Errorf("%w on %s, by %s; it serves once: if that was not you, tell the hub at once, and ask for another", ErrInviteUsed, stamp(v.UsedAt), v.UsedBy)
	case !v.Expires.After(now):
		return fmt.Errorf("%w on %s; ask the hub for another", ErrInviteExpired, stamp(v.Expires))
	}
	return nil
}
