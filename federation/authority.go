package federation

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/territory"
)

// RootName is the name of the national root's keys.
const RootName = keyPrefix + "root"

// AuthorityName is the name of a hub's authority keys: those that sign
// charters and revocation lists, and nothing else.
func AuthorityName(node string) string { return keyPrefix + node + "/authority" }

// isIssuer reports whether name is the root's or some hub's authority's.
func isIssuer(name string) bool {
	if name == RootName {
		return true
	}
	rest, ok := strings.CutPrefix(name, keyPrefix)
	node, is := strings.CutSuffix(rest, "/authority")
	if !ok || !is {
		return false
	}
	_, err := territory.ParseNodeID(node)
	return err == nil
}

// GenerateAuthority makes an authority key: a hub's, or, for "", a root's.
func GenerateAuthority(node string) (secret, verifier string, err error) {
	if node == "" {
		return note.GenerateKey(rand.Reader, RootName)
	}
	if _, err := territory.ParseNodeID(node); err != nil {
		return "", "", err
	}
	return note.GenerateKey(rand.Reader, AuthorityName(node))
}

// An Authority signs charters and revocation lists.
type Authority struct {
	signer note.Signer
	text   string
}

// NewAuthority reads a secret made by [GenerateAuthority].
func NewAuthority(secret string) (*Authority, error) {
	s, err := note.NewSigner(secret)
	if err != nil || !isIssuer(s.Name()) {
		return nil, errors.New("the secret key is no authority's (PRIVATE+KEY+maillon/…): put the file back from your backup")
	}
	text, err := verifierText(secret, s.Name())
	if err != nil {
		return nil, err
	}
	return &Authority{s, text}, nil
}

// Key is the verifier key text that others know the authority by.
func (a *Authority) Key() string { return a.text }

// Name is the key's name: [RootName] or an [AuthorityName].
func (a *Authority) Name() string { return a.signer.Name() }

// verifierText derives the public text of a secret that note.NewSigner took.
func verifierText(secret, name string) (string, error) {
	parts := strings.SplitN(secret, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", errors.New("the secret key is cut short: put the file back from your backup")
	}
	pub, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("the secret key is no Ed25519 key")
	}
	return note.NewEd25519VerifierKey(name, pub)
}

// CheckIssuer checks that text is the public key of a root or of a hub's
// authority.
func CheckIssuer(text string) error {
	_, err := issuerVerifier(text)
	return err
}

func issuerVerifier(text string) (note.Verifier, error) {
	v, err := canonicalVerifier(text)
	if err != nil {
		return nil, err
	}
	if !isIssuer(v.Name()) {
		return nil, fmt.Errorf("%q is neither the root's key nor a hub's authority key", cut(v.Name()))
	}
	return v, nil
}

// canonicalVerifier reads a key that is written in the one way there is, so
// that equal keys are equal texts.
func canonicalVerifier(text string) (note.Verifier, error) {
	if len(text) > maxKeyText {
		return nil, fmt.Errorf("verifier key of %d bytes, at most %d", len(text), maxKeyText)
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("verifier key %q is not name+hash+key", cut(text))
	}
	parts := strings.SplitN(text, "+", 3) // note.NewVerifier has found all three
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || text != fmt.Sprintf("%s+%08x+%s", v.Name(), v.KeyHash(), base64.StdEncoding.EncodeToString(key)) {
		return nil, fmt.Errorf("verifier key %q is not written in its one form", cut(text))
	}
	return v, nil
}

// maxKeyText is longer than any verifier key of ours.
const maxKeyText = 128

// keyName is the name in a verifier key's text, "" if it has none.
func keyName(text string) string {
	name, _, _ := strings.Cut(text, "+")
	return name
}

// KeyNameOf is the name in a verifier key's text, "" if it has none.
func KeyNameOf(text string) string { return keyName(text) }

// FingerprintSize is the size of a [Fingerprint].
const FingerprintSize = 16

// A Fingerprint names a key where its text does not fit: the first bytes of
// the text's SHA-256.
type Fingerprint [FingerprintSize]byte

// FingerprintOf names a verifier key.
func FingerprintOf(verifier string) Fingerprint {
	sum := sha256.Sum256([]byte(verifier))
	return Fingerprint(sum[:FingerprintSize])
}

func (f Fingerprint) String() string { return fmt.Sprintf("%x", f[:]) }
