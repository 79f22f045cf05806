package journal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
	"maillon/store/bolt"
	"maillon/store/storetest"
)

const self = "21350238800019"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A keyPair is the same in every run.
type keyPair struct {
	note.Signer
	v note.Verifier
}

func newKey(t testing.TB, node string, seed byte) keyPair {
	t.Helper()
	skey, vkey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, ed25519.SeedSize)), Origin(node, 0))
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{s, v}
}

func openBolt(t testing.TB) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "journal.db"), bolt.Options{InitialMmap: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// bothStores runs a test over the real store and over the one in memory.
func bothStores(t *testing.T, f func(*testing.T, store.DB)) {
	t.Run("bolt", func(t *testing.T) { f(t, openBolt(t)) })
	t.Run("memory", func(t *testing.T) { f(t, storetest.Memory()) })
}

func open(t testing.TB, db store.DB, k keyPair) *Log {
	t.Helper()
	l, err := Open(db, self, 0, k.v)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// salts gives salts that depend on the entry alone.
func salts(i uint64) io.Reader {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], i)
	return rand.NewChaCha8(seed)
}

// record is the i-th entry of a journal of nothing but records; size is about
// what bodies have.
func record(t testing.TB, i uint64, size int) entry.Entry {
	t.Helper()
	id := fmt.Sprintf("2026-%06d", i)
	raw := fmt.Appendf(nil, `{"id":%q,"objet":"%0*d"}`, id, size, i*7919)
	rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Flat, Raw: raw, Buyer: self, ID: id}
	e, err := entry.NewPut(salts(i), rec, entry.Source{Deposit: "d1", Series: "main", Pointer: fmt.Sprintf("/marches/%d", i), Form: pivot.Flat}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func records(t testing.TB, from, to uint64) []entry.Entry {
	t.Helper()
	var es []entry.Entry
	for i := from; i < to; i++ {
		es = append(es, record(t, i, int(i%50)))
	}
	return es
}

func redaction(t testing.TB, target uint64) entry.Entry {
	t.Helper()
	e, err := entry.NewRedact("marche", "k", target, "personal data", noon)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func commit(t testing.TB, l *Log, k keyPair, es ...entry.Entry) {
	t.Helper()
	if err := tryCommit(t, l, k, es...); err != nil {
		t.Fatal(err)
	}
}

func tryCommit(t testing.TB, l *Log, k keyPair, es ...entry.Entry) error {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		return err
	}
	return w.Commit(k, es, nil)
}

// all reads the whole log.
func all(t testing.TB, l *Log) []entry.Entry {
	t.Helper()
	var es []entry.Entry
	for e, err := range l.Entries(t.Context(), 0, l.Size()) {
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, e)
	}
	return es
}

func wantEntries(t testing.TB, l *Log, want []entry.Entry) {
	t.Helper()
	same := func(a, b entry.Entry) bool {
		return bytes.Equal(a.Header, b.Header) && bytes.Equal(a.Salt, b.Salt) && bytes.Equal(a.Body, b.Body)
	}
	if got := all(t, l); !slices.EqualFunc(got, want, same) {
		t.Fatalf("%d entries, want %d, or they differ", len(got), len(want))
	}
	for i := 0; i < len(want); i += 1 + len(want)/20 { // one by one it is slow
		e := want[i]
		if got, err := l.Entry(uint64(i)); err != nil || !same(got, e) {
			t.Fatalf("entry %d: %v, %v", i, got, err)
		}
	}
}

func verify(t testing.TB, l *Log) Report {
	t.Helper()
	r, err := Verify(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if r.Size != l.Size() || r.Root != l.Root() {
		t.Fatalf("report %+v of a log of %d", r, l.Size())
	}
	return r
}

// get fetches a resource; ok is false if the log does not have it.
func get(t testing.TB, l *Log, path string, zstd bool) (Resource, []byte, error) {
	t.Helper()
	r, err := l.Resource(path, zstd)
	if err != nil || r.WriteTo == nil {
		return r, r.Bytes, err
	}
	var buf bytes.Buffer
	err = r.WriteTo(&buf)
	return r, buf.Bytes(), err
}
