package authority

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"maillon/federation"
	"maillon/store"
)

// maxBatch is how many drafts one file may hold.
const maxBatch = MaxBulk

// Drafts is all that waits for the authority's signature, as one text.
func (f *Office) Drafts() (text []byte, n int, err error) {
	err = f.db.View(func(tx store.Tx) error {
		for _, raw := range tx.Bucket(bucket, "drafts").Ascend(nil) {
			text, n = append(text, raw...), n+1
		}
		if raw := tx.Bucket(bucket, "list").Get([]byte("draft")); raw != nil {
			text, n = append(text, raw...), n+1
		}
		return nil
	})
	return text, n, err
}

// SignBatch signs the drafts of a text, each in its turn, and returns the
// notes. What a draft leaves open is filled in: its serial, that it holds from
// now on, for life (0: thirteen months). It runs where the key is.
func SignBatch(a *federation.Authority, drafts []byte, now time.Time, life time.Duration) (notes []byte, summary []string, err error) {
	if life == 0 {
		life = CharterLife
	}
	parts, err := federation.SplitNotes(drafts, maxBatch)
	if err != nil {
		return nil, nil, fmt.Errorf("no drafts: %w", err)
	}
	for i, part := range parts {
		raw, line, err := signOne(a, part, now, life)
		if err != nil {
			return nil, nil, fmt.Errorf("draft %d: %w", i+1, err)
		}
		notes, summary = append(notes, raw...), append(summary, line)
	}
	return notes, summary, nil
}

func signOne(a *federation.Authority, part []byte, now time.Time, life time.Duration) (raw []byte, line string, err error) {
	if federation.IsRevocations(part) {
		l, err := federation.OpenRevocationsDraft(part)
		if err != nil {
			return nil, "", err
		}
		if l.Issuer != a.Key() {
			return nil, "", fmt.Errorf("it is a list of %s, this key is %s", l.Issuer, a.Key())
		}
		raw, err := a.Revocations(l)
		return raw, fmt.Sprintf("revocation list, version %d, %d entries", l.Version, len(l.Entries)), err
	}
	c, err := federation.OpenDraft(part)
	if err != nil {
		return nil, "", err
	}
	if c.Issuer != "" && c.Issuer != a.Key() {
		return nil, "", fmt.Errorf("the draft is for the key %s, this one is %s", c.Issuer, a.Key())
	}
	if c.Serial == "" {
		c.Serial = serial()
	}
	if c.Expires.IsZero() {
		c.From = seconds(now)
		c.Expires = c.From.Add(life)
	}
	raw, err = a.Charter(c)
	return raw, fmt.Sprintf("%s %s, %s %s, until %s", c.Role, c.Node, c.Level, c.Territory, c.Expires.Format(time.DateOnly)), err
}

// Import takes what [SignBatch] made of [Office.Drafts]. Only what was asked
// for is taken: a charter must be that of a draft, a list must be newer. It
// returns the nodes that have a charter now.
func (f *Office) Import(by Operator, notes []byte) (nodes []string, err error) {
	parts, err := federation.SplitNotes(notes, maxBatch)
	if err != nil {
		return nil, err
	}
	err = f.db.Update(func(tx store.Tx) error {
		for i, part := range parts {
			node, err := f.importOne(tx, part)
			if err != nil {
				return fmt.Errorf("note %d: %w", i+1, err)
			}
			if node != "" {
				nodes = append(nodes, node)
			}
		}
		return f.record(tx, by, "import", "", fmt.Sprintf("%d notes", len(parts)))
	})
	if err != nil {
		return nil, err
	}
	return nodes, nil
}

func (f *Office) importOne(tx store.Tx, part []byte) (node string, err error) {
	if federation.IsRevocations(part) {
		return "", f.importList(tx, part)
	}
	c, err := federation.OpenCharter(part)
	if err != nil {
		return "", err
	}
	drafts := tx.Bucket(bucket, "drafts")
	raw := drafts.Get([]byte(c.Node))
	if raw == nil {
		return "", fmt.Errorf("no charter of %s was asked for here", c.Node)
	}
	draft, err := federation.OpenDraft(raw)
	if err != nil {
		return "", err
	}
	if !sameGrant(draft, c) || c.Issuer != f.Key() {
		return "", fmt.Errorf("the charter of %s is not what was asked for: export again, sign that", c.Node)
	}
	if err := tx.Bucket(bucket, "charters").Put([]byte(c.Node), bytes.Clone(part)); err != nil {
		return "", err
	}
	return c.Node, drafts.Delete([]byte(c.Node))
}

// sameGrant compares what two charters grant, and to whom.
func sameGrant(a, b federation.Charter) bool {
	return a.Node == b.Node && a.Key == b.Key && a.Role == b.Role && a.Level == b.Level && a.Territory == b.Territory &&
		a.Authority == b.Authority && a.Root == b.Root && slices.Equal(a.Publishes, b.Publishes) && slices.Equal(a.Past, b.Past)
}

func (f *Office) importList(tx store.Tx, part []byte) error {
	l, err := federation.OpenRevocations(part, f.now())
	if err != nil {
		return err
	}
	if l.Issuer != f.Key() {
		return fmt.Errorf("the revocation list is of %s, this hub's authority is %s", l.Issuer, f.Key())
	}
	b := tx.Bucket(bucket, "list")
	if raw := b.Get([]byte("list")); raw != nil {
		old, err := federation.OpenRevocations(raw, l.At.AddDate(1000, 0, 0))
		if err == nil && old.Version >= l.Version {
			return errors.Join(federation.ErrLowerVersion, fmt.Errorf("version %d, version %d is here", l.Version, old.Version))
		}
	}
	if raw := b.Get([]byte("draft")); raw != nil {
		if draft, err := federation.OpenRevocationsDraft(raw); err == nil && draft.Version <= l.Version {
			if err := b.Delete([]byte("draft")); err != nil {
				return err
			}
		}
	}
	return b.Put([]byte("list"), bytes.Clone(part))
}
