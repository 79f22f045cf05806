package federation

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/territory"
)

// keyPrefix begins the name of every node key.
const keyPrefix = "maillon/"

// KeyName is the name of a node's key, and the origin of its journal:
// "maillon/<node id>/<epoch>". It depends on no address.
func KeyName(node string, epoch int) string {
	return keyPrefix + node + "/" + strconv.Itoa(epoch)
}

// ParseKeyName reads what [KeyName] writes, and checks the node id.
func ParseKeyName(name string) (node string, epoch int, err error) {
	rest, ok := strings.CutPrefix(name, keyPrefix)
	node, digits, found := strings.Cut(rest, "/")
	if !ok || !found {
		return "", 0, fmt.Errorf("key name %q, want maillon/<node id>/<epoch>", cut(name))
	}
	if _, err := territory.ParseNodeID(node); err != nil {
		return "", 0, fmt.Errorf("key name: %w", err)
	}
	epoch, err = strconv.Atoi(digits)
	if err != nil || epoch < 0 || epoch > maxEpoch || strconv.Itoa(epoch) != digits {
		return "", 0, fmt.Errorf("key name %q ends in %q, want an epoch from 0 to %d", cut(name), cut(digits), maxEpoch)
	}
	return node, epoch, nil
}

// maxEpoch bounds how often a node may begin a new journal.
const maxEpoch = 9999

// GenerateKey makes a node's Ed25519 key. secret is the signer key, to be
// kept by the node alone; verifier is the text that others know it by.
func GenerateKey(node string, epoch int) (secret, verifier string, err error) {
	name := KeyName(node, epoch)
	if _, _, err := ParseKeyName(name); err != nil {
		return "", "", err
	}
	return note.GenerateKey(rand.Reader, name)
}

// NewSigner reads a secret made by [GenerateKey] and checks that it belongs
// to the node and epoch. verifier is the key's public text.
func NewSigner(secret, node string, epoch int) (signer note.Signer, verifier string, err error) {
	signer, err = note.NewSigner(secret)
	if err != nil {
		return nil, "", errors.New("the secret key is not one that maillon wrote (PRIVATE+KEY+…): put the file back from your backup")
	}
	if want := KeyName(node, epoch); signer.Name() != want {
		return nil, "", fmt.Errorf("the secret key is of %q, want one of %q: the key file belongs to another node", signer.Name(), want)
	}
	// note.NewSigner has checked the form: the last part is an algorithm byte and the seed.
	parts := strings.SplitN(secret, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, "", errors.New("the secret key is cut short: put the file back from your backup")
	}
	pub, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return nil, "", errors.New("the secret key is no Ed25519 key")
	}
	verifier, err = note.NewEd25519VerifierKey(signer.Name(), pub)
	return signer, verifier, err
}

// NewVerifier reads a node's public key and checks that it belongs to the
// node and epoch, so that no key speaks for another node. The verifier also
// has a method KeyText, which gives the text back.
func NewVerifier(text, node string, epoch int) (note.Verifier, error) {
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("verifier key %q is not name+hash+key: %w", cut(text), err)
	}
	if want := KeyName(node, epoch); v.Name() != want {
		return nil, fmt.Errorf("verifier key is of %q, want one of %q", cut(v.Name()), want)
	}
	return keyed{v, text}, nil
}

// keyed is a verifier that remembers its text, so that a journal opened with
// it can show its key.
type keyed struct {
	note.Verifier
	text string
}

// KeyText is the text that [NewVerifier] read.
func (k keyed) KeyText() string { return k.text }

// cut shortens what came from outside, so that no message grows with it.
func cut(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// Shorten cuts a text to at most most bytes, between characters.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
