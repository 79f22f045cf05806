package federation

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"
)

// A Ring is the verifiers of one journal: the key that signs it now, and
// those that this one has replaced. It is itself a verifier, of the present
// key; whoever reads what may be older asks for [Ring.Keys]. Its keys may be
// changed while it is in use, by any goroutine.
type Ring struct {
	name string
	keys atomic.Pointer[[]note.Verifier]
}

// NewRing makes the ring of a node's journal, the present key first.
func NewRing(node string, epoch int, keys ...string) (*Ring, error) {
	r := &Ring{name: KeyName(node, epoch)}
	return r, r.Set(keys...)
}

// Set replaces the keys, the present one first. A past key that is not one of
// the journal's is an error, and then nothing changes.
func (r *Ring) Set(keys ...string) error {
	if len(keys) == 0 {
		return errors.New("a journal needs a key")
	}
	node, epoch, err := ParseKeyName(r.name)
	if err != nil {
		return err
	}
	list := make([]note.Verifier, 0, len(keys))
	for _, text := range keys {
		v, err := NewVerifier(text, node, epoch)
		if err != nil {
			return fmt.Errorf("keys of %s: %w", r.name, err)
		}
		list = append(list, v)
	}
	r.keys.Store(&list)
	return nil
}

// Keys lists the verifiers, the present one first. It must not be changed.
func (r *Ring) Keys() []note.Verifier { return *r.keys.Load() }

func (r *Ring) present() note.Verifier { return r.Keys()[0] }

// Name is the name of all keys: the journal's origin.
func (r *Ring) Name() string { return r.name }

// KeyHash is that of the present key.
func (r *Ring) KeyHash() uint32 { return r.present().KeyHash() }

// Verify checks a signature by the present key.
func (r *Ring) Verify(msg, sig []byte) bool { return r.present().Verify(msg, sig) }

// KeyText is the text of the present key.
func (r *Ring) KeyText() string { return r.Texts()[0] }

// Texts lists the keys as texts, the present one first.
func (r *Ring) Texts() []string {
	var out []string
	for _, v := range r.Keys() {
		if k, ok := v.(keyed); ok {
			out = append(out, k.text)
		}
	}
	return out
}

// A LiveSigner signs with a key that may be replaced while it is in use. Who
// signs a note takes [LiveSigner.Current] first, so that one key's hash never
// stands before another's signature.
type LiveSigner struct{ p atomic.Pointer[signing] }

type signing struct {
	signer note.Signer
	text   string
}

// NewLiveSigner begins with s, whose verifier key is text.
func NewLiveSigner(s note.Signer, text string) *LiveSigner {
	l := &LiveSigner{}
	l.Replace(s, text)
	return l
}

// Replace makes s the one that signs from now on.
func (l *LiveSigner) Replace(s note.Signer, text string) { l.p.Store(&signing{s, text}) }

// Current is the signer of this moment.
func (l *LiveSigner) Current() note.Signer { return l.p.Load().signer }

// Key is the signer of this moment, and its verifier key.
func (l *LiveSigner) Key() (note.Signer, string) {
	now := l.p.Load()
	return now.signer, now.text
}

// Name is that of the present signer.
func (l *LiveSigner) Name() string { return l.Current().Name() }

// KeyHash is that of the present signer.
func (l *LiveSigner) KeyHash() uint32 { return l.Current().KeyHash() }

// Sign signs with the present signer.
func (l *LiveSigner) Sign(msg []byte) ([]byte, error) { return l.Current().Sign(msg) }
