package authority

import (
	"bytes"
	"fmt"

	"maillon/federation"
	"maillon/store"
)

// List is the newest revocation list, a signed note; nil if there is none yet.
func (f *Office) List() (raw []byte, err error) {
	err = f.db.View(func(tx store.Tx) error {
		raw = bytes.Clone(tx.Bucket(bucket, "list").Get([]byte("list")))
		return nil
	})
	return raw, err
}

// RefreshList signs the revocation list anew when a third of its life has
// passed, so that nobody meets one that has expired. Without a signer it
// lays down a draft.
func (f *Office) RefreshList() error {
	l, known, err := f.list()
	if err != nil {
		return err
	}
	if known && f.now().Before(l.At.Add(l.Expires.Sub(l.At)/3)) {
		return nil
	}
	return f.signList(nil, nil)
}

func (f *Office) list() (l federation.RevocationList, known bool, err error) {
	raw, err := f.List()
	if err != nil || raw == nil {
		return l, false, err
	}
	// Its time was checked when it was signed, or imported.
	l, err = federation.OpenRevocations(raw, f.now().AddDate(1000, 0, 0))
	return l, err == nil, err
}

// Revoke takes back a node's charter and key: in the next version of the
// list, or in its draft if the key is elsewhere ([ErrWaits]).
func (f *Office) Revoke(by Operator, c federation.Charter, reason string) error {
	at := seconds(f.now())
	entries := []federation.Revocation{{Key: c.Key, At: at, Reason: reason}}
	if c.Serial != "" {
		entries = append(entries, federation.Revocation{Serial: c.Serial, At: at, Reason: reason})
	}
	if c.Authority != "" {
		entries = append(entries, federation.Revocation{Key: c.Authority, At: at, Reason: reason})
	}
	for _, p := range c.Past { // charters that name them may still be about
		entries = append(entries, federation.Revocation{Key: p.Key, At: at, Reason: reason})
	}
	err := f.signList(entries, func(tx store.Tx) error {
		for _, b := range []string{"charters", "drafts"} {
			if err := tx.Bucket(bucket, b).Delete([]byte(c.Node)); err != nil {
				return err
			}
		}
		return f.record(tx, by, "revoke", c.Node, reason)
	})
	if err != nil {
		return fmt.Errorf("revoke %s: %w", c.Node, err)
	}
	if !f.Online() {
		return fmt.Errorf("revocation of %s %w", c.Node, ErrWaits)
	}
	return nil
}

// Supersede takes back a charter whose key was replaced: whoever holds the old
// key cannot come back with it. What it signed before stays.
func (f *Office) Supersede(by Operator, c federation.Charter) error {
	e := federation.Revocation{Serial: c.Serial, At: seconds(f.now()), Reason: "replaced by a charter for another key"}
	return f.signList([]federation.Revocation{e}, func(tx store.Tx) error {
		return f.record(tx, by, "supersede", c.Node, c.Serial)
	})
}

// signList makes the next version of the list with more entries; also, if it
// is not nil, is done in the same transaction.
func (f *Office) signList(more []federation.Revocation, also func(store.Tx) error) error {
	old, _, err := f.list()
	if err != nil {
		return err
	}
	return f.db.Update(func(tx store.Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return f.writeList(tx.Bucket(bucket, "list"), old, more)
	})
}

func (f *Office) writeList(b store.Bucket, old federation.RevocationList, more []federation.Revocation) error {
	l := federation.RevocationList{Issuer: f.Key(), Version: old.Version + 1, At: seconds(f.now())}
	if raw := b.Get([]byte("draft")); raw != nil { // not signed yet: it grows
		if draft, err := federation.OpenRevocationsDraft(raw); err == nil && draft.Version == l.Version {
			old = draft
		}
	}
	for _, e := range append(old.Entries, more...) {
		if f.now().Sub(e.At) < 2*federation.MaxCharterLife { // what it takes back has long expired
			l.Entries = append(l.Entries, e)
		}
	}
	s := f.signer()
	if s == nil {
		l.Expires = l.At.Add(ListOffline)
		draft, err := federation.DraftRevocations(l)
		if err != nil {
			return err
		}
		return b.Put([]byte("draft"), draft)
	}
	l.Expires = l.At.Add(ListLife)
	raw, err := s.Revocations(l)
	if err != nil {
		return err
	}
	if err := b.Delete([]byte("draft")); err != nil {
		return err
	}
	return b.Put([]byte("list"), raw)
}
