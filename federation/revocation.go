package federation

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Limits of a revocation list.
const (
	MaxRevocationList = 4 << 20              // bytes of the note
	MaxRevocations    = 10_000               // entries
	MaxRevocationLife = 400 * 24 * time.Hour // from At to Expires
	MaxLists          = 2_000                // issuers in [Revocations]
	maxReason         = 200                  // bytes
)

const revocationKind = "maillon/revocations/v1"

// ErrLowerVersion: a newer revocation list of that issuer is known.
var ErrLowerVersion = errors.New("an older revocation list")

// A RevocationList is all that an authority has taken back. The one with the
// larger version replaces; its issuer keeps every entry until what it takes
// back has expired.
type RevocationList struct {
	Issuer  string       `json:"issuer"`  // verifier key of the authority that signed it
	Version uint64       `json:"version"` // 1 or more, also across a change of the issuer's key
	At      time.Time    `json:"at"`      // when it was signed, UTC, whole seconds
	Expires time.Time    `json:"expires"` // when to worry that a newer one was kept from us
	Entries []Revocation `json:"entries"`

	note []byte
}

// A Revocation takes back one charter, or all that a key does.
type Revocation struct {
	Serial string    `json:"serial,omitempty"` // of a charter that the issuer, or a hub below it, gave
	Key    string    `json:"key,omitempty"`    // verifier key of a node or an authority
	At     time.Time `json:"at"`
	Reason string    `json:"reason"` // public, 1 to 200 bytes
}

// Note is the signed note as it came, byte for byte.
func (l RevocationList) Note() []byte { return l.note }

// Revocations signs a list. The issuer is filled in.
func (a *Authority) Revocations(l RevocationList) ([]byte, error) {
	l.Issuer = a.text
	if l.Entries == nil {
		l.Entries = []Revocation{}
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("revocation list: %w", err)
	}
	return writeNote(revocationKind, l, a.signer)
}

// OpenRevocations reads a list and verifies it with the issuer's key that it
// carries. now is the reader's clock: a list from the future is refused, one
// that has expired is not, for what it takes back stays taken back.
func OpenRevocations(raw []byte, now time.Time) (RevocationList, error) {
	var l RevocationList
	if err := readText(raw, revocationKind, MaxRevocationList, &l); err != nil {
		return RevocationList{}, err
	}
	if err := l.check(); err != nil {
		return RevocationList{}, err
	}
	v, err := issuerVerifier(l.Issuer)
	if err != nil {
		return RevocationList{}, badNote("issuer: %w", err)
	}
	if err := checkSignatures(raw, v); err != nil {
		return RevocationList{}, err
	}
	if l.At.After(now.Add(MaxSkew)) {
		return RevocationList{}, fmt.Errorf("%w: the revocation list of %s was signed at %s, here it is %s", ErrFuture, v.Name(), stamp(l.At), stamp(now))
	}
	l.note = slices.Clone(raw)
	return l, nil
}

// DraftRevocations is the text of a list that is not signed yet, for an
// authority that works on another machine.
func DraftRevocations(l RevocationList) ([]byte, error) {
	if l.Entries == nil {
		l.Entries = []Revocation{}
	}
	text, err := noteText(revocationKind, l)
	return []byte(text), err
}

// OpenRevocationsDraft reads what [DraftRevocations] writes. Its fields are
// not checked before [Authority.Revocations] signs it.
func OpenRevocationsDraft(text []byte) (RevocationList, error) {
	var l RevocationList
	err := readText(append(slices.Clip(text), '\n'), revocationKind, MaxRevocationList, &l)
	return l, err
}

func (l RevocationList) check() error {
	if err := CheckIssuer(l.Issuer); err != nil {
		return badNote("issuer: %w", err)
	}
	switch {
	case l.Version == 0:
		return badNote("version 0, want 1 or more")
	case !canonicalTime(l.At) || !canonicalTime(l.Expires):
		return badNote("at and expires must be UTC and whole seconds")
	case !l.Expires.After(l.At) || l.Expires.Sub(l.At) > MaxRevocationLife:
		return badNote("expires %s is not within %d days after at %s", stamp(l.Expires), int(MaxRevocationLife.Hours()/24), stamp(l.At))
	case len(l.Entries) > MaxRevocations:
		return badNote("%d entries, at most %d", len(l.Entries), MaxRevocations)
	}
	for _, e := range l.Entries {
		if err := e.check(); err != nil {
			return err
		}
	}
	return nil
}

func (e Revocation) check() error {
	switch {
	case (e.Serial == "") == (e.Key == ""):
		return badNote("an entry names one serial or one key")
	case e.Serial != "" && !isSerial(e.Serial):
		return badNote("serial %q, want 16 hexadecimal digits", cut(e.Serial))
	case !canonicalTime(e.At):
		return badNote("at must be UTC and whole seconds")
	case !isPhrase(e.Reason, maxReason):
		return badNote("reason %q, want 1 to %d bytes without control characters", cut(e.Reason), maxReason)
	}
	if e.Key != "" {
		if _, err := canonicalVerifier(e.Key); err != nil {
			return badNote("%w", err)
		}
	}
	return nil
}

// takesBack finds what the list says against a charter: its serial, one of
// its keys, or the key that signed it.
func (l RevocationList) takesBack(c Charter) (Revocation, bool) {
	i := slices.IndexFunc(l.Entries, func(e Revocation) bool {
		return e.Serial != "" && e.Serial == c.Serial || e.Key != "" && (e.Key == c.Key || e.Key == c.Authority || e.Key == c.Issuer)
	})
	if i < 0 {
		return Revocation{}, false
	}
	return l.Entries[i], true
}

// Bars reports whether the list takes a key back.
func (l RevocationList) Bars(key string) bool {
	return slices.ContainsFunc(l.Entries, func(e Revocation) bool { return e.Key != "" && e.Key == key })
}

// replaces is a total order over the lists of one issuer: the larger version,
// then the smaller SHA-256 of the note, so that all nodes agree.
func (l RevocationList) replaces(old RevocationList) bool {
	if l.Version != old.Version {
		return l.Version > old.Version
	}
	x, y := sha256.Sum256(l.note), sha256.Sum256(old.note)
	return bytes.Compare(x[:], y[:]) < 0
}

// Revocations holds the newest list of every issuer's key, whatever the order
// in which they came. The zero value is empty and ready. It is not safe for
// concurrent use. Whoever fills it decides which issuers may enter; a list
// has effect only on charters below its issuer.
type Revocations struct {
	lists map[string]RevocationList // by the issuer's verifier key
}

// Get returns the newest list that a key has signed.
func (r Revocations) Get(issuer string) (RevocationList, bool) {
	l, ok := r.lists[issuer]
	return l, ok
}

// Merge takes a list that came from [OpenRevocations]. news reports whether
// it is worth telling others; the error is [ErrLowerVersion] for an older one,
// and says when one version has two texts: the issuer is then at fault, and
// all nodes keep the same of the two.
func (r *Revocations) Merge(l RevocationList) (news bool, err error) {
	old, known := r.lists[l.Issuer]
	switch {
	case !known && len(r.lists) >= MaxLists:
		return false, fmt.Errorf("lists of %d issuers are known: no more are taken", MaxLists)
	case known && bytes.Equal(old.note, l.note):
		return false, nil
	case known && l.Version < old.Version:
		return false, fmt.Errorf("%w: version %d of %s, version %d is known", ErrLowerVersion, l.Version, keyName(l.Issuer), old.Version)
	case known && l.Version == old.Version:
		err = fmt.Errorf("%s signed two revocation lists of version %d: tell its operator", keyName(l.Issuer), l.Version)
	}
	if known && !l.replaces(old) {
		return false, err
	}
	if r.lists == nil {
		r.lists = map[string]RevocationList{}
	}
	r.lists[l.Issuer] = l
	return true, err
}

// Clone is a copy that does not change with r.
func (r Revocations) Clone() Revocations { return Revocations{maps.Clone(r.lists)} }

// All lists the lists, by issuer.
func (r Revocations) All() []RevocationList {
	var out []RevocationList
	for _, key := range slices.Sorted(maps.Keys(r.lists)) {
		out = append(out, r.lists[key])
	}
	return out
}
