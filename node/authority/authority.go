// Package authority is the desk of a hub at which members are admitted: it
// keeps the invitations, the charters and the revocation list of the hub, the
// operators who may act, and a trail of all that they did.
//
// The authority key signs charters and revocation lists and nothing else. It
// is kept apart from the node's key: in a file under a passphrase, opened for
// as long as the node runs, or on another machine. In the second case an
// [Office] has no signer: what is to be signed waits as drafts, which are
// exported, signed elsewhere ([SignBatch]) and imported.
//
// Every act is written in the trail in the transaction that does it: nothing
// is done without a trace, and no trace is ever changed. Tokens of invitations
// and of operators are kept as hashes only.
//
// The package does not decide who may be admitted: those rules are in package
// federation. It speaks no HTTP and does not know the journal.
package authority

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"maillon/federation"
	"maillon/store"
)

// Times.
const (
	CharterLife = 395 * 24 * time.Hour // thirteen months
	ListLife    = 7 * 24 * time.Hour   // of a list that can be renewed at any time
	ListOffline = 90 * 24 * time.Hour  // of a list that must be signed elsewhere
)

// ErrWaits: the authority key is on another machine; the charter will be
// there once its draft was signed and imported.
var ErrWaits = errors.New("waits for the authority's signature")

// Buckets, all below "authority" in the main store:
//
//	invitations  hex SHA-256 of the token => JSON of a federation.Invitation
//	charters     node id                  => the newest charter issued to it, a signed note
//	drafts       node id                  => a charter that waits for its signature
//	list         "list"                   => the newest revocation list, a signed note
//	             "draft"                  => one that waits for its signature
//	operators    name                     => JSON of an Operator
//	trail        number, 8 bytes          => JSON of an Act
const bucket = "authority"

// Options describe an [Office].
type Options struct {
	DB   store.DB
	Node string                // id of the hub
	Key  string                // verifier key of the authority
	Sign *federation.Authority // nil if the key is on another machine
	Now  func() time.Time
}

// An Office is a hub's desk. Its methods may be called from any goroutine.
type Office struct {
	db   store.DB
	node string
	now  func() time.Time

	mu   sync.RWMutex
	key  string
	sign *federation.Authority
}

// Open opens the office over a store, and makes its first, empty revocation
// list if it can sign.
func Open(o Options) (*Office, error) {
	f := &Office{db: o.DB, node: o.Node, now: o.Now, key: o.Key, sign: o.Sign}
	if f.now == nil {
		f.now = time.Now
	}
	if o.Sign != nil {
		f.key = o.Sign.Key()
	}
	if f.key == "" {
		return f, nil // only invitations of nobody, operators and the trail: a hub that admits by hand
	}
	if err := federation.CheckIssuer(f.key); err != nil {
		return nil, fmt.Errorf("authority key of %s: %w", o.Node, err)
	}
	return f, f.RefreshList()
}

// Key is the authority's verifier key, "" if the hub has none.
func (f *Office) Key() string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.key
}

// Online reports whether the office can sign by itself.
func (f *Office) Online() bool { return f.signer() != nil }

func (f *Office) signer() *federation.Authority {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.sign
}

// Rekey makes another key the authority's from now on. Charters that the old
// one signed stay good once the hub's own charter names it as past.
func (f *Office) Rekey(by Operator, a *federation.Authority) error {
	if a.Name() != federation.AuthorityName(f.node) {
		return fmt.Errorf("the key is of %q, want one of %q", a.Name(), federation.AuthorityName(f.node))
	}
	f.mu.Lock()
	f.key, f.sign = a.Key(), a
	f.mu.Unlock()
	return f.signList(nil, func(tx store.Tx) error { return f.record(tx, by, "rekey", f.node, a.Key()) })
}

func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// serial makes a serial number that was never used: 64 bits by chance.
func serial() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// issue signs a charter, or lays its draft down and returns [ErrWaits].
func (f *Office) issue(tx store.Tx, c federation.Charter) ([]byte, error) {
	c.Serial, c.Issuer = serial(), f.Key()
	c.From = seconds(f.now())
	c.Expires = c.From.Add(CharterLife)
	key := []byte(c.Node)
	if s := f.signer(); s != nil {
		raw, err := s.Charter(c)
		if err != nil {
			return nil, err
		}
		return raw, tx.Bucket(bucket, "charters").Put(key, raw)
	}
	draft, err := federation.DraftCharter(c)
	if err != nil {
		return nil, err
	}
	return nil, tx.Bucket(bucket, "drafts").Put(key, draft)
}

// Charter returns the newest charter issued to a node.
func (f *Office) Charter(node string) (c federation.Charter, ok bool, err error) {
	var raw []byte
	err = f.db.View(func(tx store.Tx) error {
		raw = bytes.Clone(tx.Bucket(bucket, "charters").Get([]byte(node)))
		return nil
	})
	if err != nil || raw == nil {
		return c, false, err
	}
	c, err = federation.OpenCharter(raw)
	return c, err == nil, err
}

// Grant issues a charter that changes nothing but what change does: a renewed
// one, one for another key, or more buyers. Allowed checks what would be
// signed, nil allows all.
func (f *Office) Grant(by Operator, act string, c federation.Charter, allowed func(federation.Charter) error) ([]byte, error) {
	if allowed != nil {
		if err := allowed(c); err != nil {
			return nil, err
		}
	}
	var raw []byte
	err := f.db.Update(func(tx store.Tx) (err error) {
		if raw, err = f.issue(tx, c); err != nil {
			return err
		}
		return f.record(tx, by, act, c.Node, "")
	})
	if err == nil && raw == nil {
		err = fmt.Errorf("charter of %s %w", c.Node, ErrWaits)
	}
	return raw, err
}

func putJSON(b store.Bucket, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put([]byte(key), raw)
}

func getJSON(b store.Bucket, key string, v any) (bool, error) {
	raw := b.Get([]byte(key))
	if raw == nil {
		return false, nil
	}
	return true, json.Unmarshal(raw, v)
}
