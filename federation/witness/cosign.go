package witness

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Algorithm bytes of c2sp.org/signed-note.
const (
	algEd25519     = 1
	algCosignature = 4
)

// A Cosigner cosigns with a node's own key: the same name and the same
// Ed25519 key, under the algorithm byte 4, which gives it another key id.
// What a node signs as owner and what it signs as witness cannot be taken for
// each other: the signed bytes begin with another line.
type Cosigner struct {
	key  Key
	node note.Signer
}

// NewCosigner makes a cosigner of a node's signing key, of which verifier is
// the public text.
func NewCosigner(signer note.Signer, verifier string) (*Cosigner, error) {
	k, err := NewVerifier(verifier)
	if err != nil {
		return nil, err
	}
	if signer.Name() != k.name {
		return nil, fmt.Errorf("the signer is %.80q, its verifier %.80q", signer.Name(), k.name)
	}
	return &Cosigner{k, signer}, nil
}

// Key is what verifies this cosigner's lines.
func (c *Cosigner) Key() Key { return c.key }

// Cosign makes the signature line of a head, for the time at, of which whole
// seconds count.
func (c *Cosigner) Cosign(h Head, at time.Time) ([]byte, error) {
	sec := at.Unix()
	if sec < 0 {
		return nil, fmt.Errorf("cosign %s: the clock says %s", h.Origin, at)
	}
	sig, err := c.node.Sign(message(uint64(sec), h.Text))
	if err != nil {
		return nil, fmt.Errorf("cosign %s: %w", h.Origin, err)
	}
	raw := binary.BigEndian.AppendUint32(nil, c.key.hash)
	raw = binary.BigEndian.AppendUint64(raw, uint64(sec))
	raw = append(raw, sig...)
	if !c.key.Verify([]byte(h.Text), raw[4:]) {
		return nil, errors.New("cosign: the signing key is not an Ed25519 key, or not the one of its verifier")
	}
	return []byte(line(c.key.name, base64.StdEncoding.EncodeToString(raw))), nil
}

// message is what a cosignature signs.
func message(sec uint64, text string) []byte {
	return []byte("cosignature/v1\ntime " + strconv.FormatUint(sec, 10) + "\n" + text)
}

// A Key verifies cosignatures. It is a [note.Verifier].
type Key struct {
	name string
	hash uint32
	pub  ed25519.PublicKey
}

// NewVerifier reads the verifier key of a node (algorithm 1), from which that
// of its cosignatures follows, or the latter itself (algorithm 4).
func NewVerifier(text string) (Key, error) {
	bad := func(why string) (Key, error) {
		return Key{}, fmt.Errorf("verifier key %.120q: %s", text, why)
	}
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || parts[0] == "" || strings.ContainsAny(parts[0], " \n\t") {
		return bad("want name+hash+key")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return bad("want 33 bytes in base64 after the hash")
	}
	if raw[0] != algEd25519 && raw[0] != algCosignature {
		return bad("want an Ed25519 key")
	}
	if fmt.Sprintf("%08x", keyID(parts[0], raw)) != parts[1] {
		return bad("the hash is not that of the key")
	}
	k := Key{name: parts[0], pub: ed25519.PublicKey(raw[1:])}
	k.hash = keyID(k.name, append([]byte{algCosignature}, k.pub...))
	return k, nil
}

// keyID is the key id of c2sp.org/signed-note; key begins with its algorithm.
func keyID(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// Name implements [note.Verifier].
func (k Key) Name() string { return k.name }

// KeyHash implements [note.Verifier].
func (k Key) KeyHash() uint32 { return k.hash }

// Text is the verifier key of the cosignatures, with algorithm byte 4.
func (k Key) Text() string {
	raw := append([]byte{algCosignature}, k.pub...)
	return fmt.Sprintf("%s+%08x+%s", k.name, k.hash, base64.StdEncoding.EncodeToString(raw))
}

// Verify implements [note.Verifier]: sig is the time, 8 bytes, and the signature.
func (k Key) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize || len(k.pub) != ed25519.PublicKeySize {
		return false
	}
	sec := binary.BigEndian.Uint64(sig)
	return sec <= math.MaxInt64 && ed25519.Verify(k.pub, message(sec, string(msg)), sig[8:])
}

// A Cosignature is a line that was verified.
type Cosignature struct {
	By   string    // name of the key
	At   time.Time // UTC, as the cosigner says
	Line []byte
}

// maxFuture is how far a cosigner's clock may be ahead.
const maxFuture = time.Hour

// Cosignatures lists those of a checkpoint that one of the keys has made, at
// most one by each, the latest. now bounds what is from the future. The
// owner's signature is not looked at: [Open] does that.
func Cosignatures(checkpoint []byte, now time.Time, keys ...Key) []Cosignature {
	if len(checkpoint) > MaxCheckpoint {
		return nil
	}
	text, sigs, err := sigLines(checkpoint)
	if err != nil {
		return nil
	}
	var out []Cosignature
	for _, k := range keys {
		var best *Cosignature
		for _, s := range sigs {
			hash, sig, ok := split(s)
			if !ok || s.Name != k.name || hash != k.hash || !k.Verify([]byte(text), sig) {
				continue
			}
			at := time.Unix(int64(binary.BigEndian.Uint64(sig)), 0).UTC()
			if at.After(now.Add(maxFuture)) || best != nil && !at.After(best.At) {
				continue
			}
			best = &Cosignature{By: k.name, At: at, Line: []byte(line(s.Name, s.Base64))}
		}
		if best != nil {
			out = append(out, *best)
		}
	}
	return out
}
