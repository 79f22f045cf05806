package follow

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/federation"
)

const rennes = "21350238800019"

var received = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// counting is a source of salts.
type counting byte

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		*c++
		p[i] = byte(*c)
	}
	return len(p), nil
}

// A server is a journal in memory, served as docs/journal.md says, with
// faults on demand.
type server struct {
	*httptest.Server
	signer   note.Signer
	verifier note.Verifier
	salts    counting

	mu      sync.Mutex
	entries []entry.Entry
	hashes  []tlog.Hash // in the order of tlog.StoredHashIndex
	shown   uint64      // size of the checkpoint served
	asked   []string    // paths
	fault   map[string]http.HandlerFunc
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{fault: map[string]http.HandlerFunc{}}
	s.signer, s.verifier = keyFrom(t, 1)
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func keyFrom(t testing.TB, seed byte) (note.Signer, note.Verifier) {
	t.Helper()
	secret, text, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, ed25519.SeedSize)), federation.KeyName(rennes, 0))
	if err != nil {
		t.Fatal(err)
	}
	signer, _, err := federation.NewSigner(secret, rennes, 0)
	if err != nil {
		t.Fatal(err)
	}
	v, err := federation.NewVerifier(text, rennes, 0)
	if err != nil {
		t.Fatal(err)
	}
	return signer, v
}

// readHashes implements tlog.HashReader.
func (s *server) readHashes(at []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range at {
		out = append(out, s.hashes[i])
	}
	return out, nil
}

func (s *server) add(t testing.TB, all ...entry.Entry) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range all {
		h, err := tlog.StoredHashes(int64(len(s.entries)), e.Header, tlog.HashReaderFunc(s.readHashes))
		if err != nil {
			t.Fatal(err)
		}
		s.hashes = append(s.hashes, h...)
		s.entries = append(s.entries, e)
	}
	s.shown = uint64(len(s.entries))
}

// grow adds n records with small bodies.
func (s *server) grow(t testing.TB, n int) {
	t.Helper()
	all := make([]entry.Entry, 0, n)
	for i := range n {
		all = append(all, s.put(t, fmt.Appendf(nil, `{"id":"%d","objet":"%s"}`, len(s.entries)+i, strings.Repeat("é", 20))))
	}
	s.add(t, all...)
}

func (s *server) put(t testing.TB, body []byte) entry.Entry {
	t.Helper()
	rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Flat, Raw: body, Buyer: rennes, ID: "2026-1"}
	e, err := entry.NewPut(&s.salts, rec, entry.Source{Deposit: "d", Series: "main", Pointer: "/0", Form: pivot.Flat}, received)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// redact erases a body and adds the entry that says so.
func (s *server) redact(t testing.TB, target uint64) {
	t.Helper()
	e, err := entry.NewRedact("marche", rennes+"/2026-1", target, "données personnelles", received)
	if err != nil {
		t.Fatal(err)
	}
	s.add(t, e)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[target].Salt, s.entries[target].Body = nil, nil
}

// checkpoint signs the tree of a size.
func (s *server) checkpoint(t testing.TB, size uint64) []byte {
	t.Helper()
	root, err := tlog.TreeHash(int64(size), tlog.HashReaderFunc(s.readHashes))
	if err != nil {
		t.Fatal(err)
	}
	return signed(t, s.signer, size, root)
}

func signed(t testing.TB, signer note.Signer, size uint64, root tlog.Hash) []byte {
	t.Helper()
	text := log.Checkpoint{Origin: signer.Name(), Size: size, Hash: root[:]}.Marshal()
	raw, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	s.mu.Lock()
	s.asked = append(s.asked, path)
	fault := s.fault[path]
	s.mu.Unlock()
	if fault != nil {
		fault(w, r)
		return
	}
	b, err := s.resource(path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", strconv.Quote(fmt.Sprint(len(b), path, s.size())))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

func (s *server) size() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown
}

// resource is what is served under a path.
func (s *server) resource(path string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if path == "checkpoint" {
		root, err := tlog.TreeHash(int64(s.shown), tlog.HashReaderFunc(s.readHashes))
		if err != nil {
			return nil, err
		}
		text := log.Checkpoint{Origin: s.signer.Name(), Size: s.shown, Hash: root[:]}.Marshal()
		return note.Sign(&note.Note{Text: string(text)}, s.signer)
	}
	kind, rest, _ := strings.Cut(path, "/")
	if kind == "tile" {
		kind, rest, _ = strings.Cut(rest, "/")
	}
	n, width, err := parseIndex(rest)
	if err != nil {
		return nil, err
	}
	if level, err := strconv.Atoi(kind); err == nil {
		return tlog.ReadTileData(tlog.Tile{H: tileHeight, L: level, N: int64(n), W: width}, tlog.HashReaderFunc(s.readHashes))
	}
	if n*entry.BundleSize+width > len(s.entries) {
		return nil, errors.New("beyond the end")
	}
	var out []byte
	for _, e := range s.entries[n*entry.BundleSize:][:width] {
		// Headers of tests may be none, so they are not parsed.
		body := entry.Body{Flag: entry.NoBody}
		switch {
		case len(e.Body) > 0:
			body = entry.Body{Flag: entry.Present, Salt: e.Salt, Bytes: e.Body}
		case bytes.Contains(e.Header, []byte(`"body":`)):
			body.Flag = entry.Erased
		}
		if kind == "bodies" {
			out = entry.AppendBody(out, body)
		} else if out, err = entry.AppendBundle(out, e.Header); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parseIndex reads x001/234.p/5.
func parseIndex(s string) (n, width int, err error) {
	s, w, partial := strings.Cut(s, ".p/")
	width = entry.BundleSize
	if partial {
		if width, err = strconv.Atoi(w); err != nil {
			return 0, 0, err
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		d, err := strconv.Atoi(strings.TrimPrefix(part, "x"))
		if err != nil {
			return 0, 0, err
		}
		n = n*1000 + d
	}
	return n, width, nil
}

// breakAt serves a path through f, which changes the right bytes.
func (s *server) breakAt(t testing.TB, path string, f func([]byte) []byte) {
	t.Helper()
	good, err := s.resource(path)
	if err != nil {
		t.Fatal(path, err)
	}
	bad := f(bytes.Clone(good))
	s.setFault(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bad) })
}

func (s *server) setFault(path string, f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault[path] = f
}

func (s *server) mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.fault)
}

// requests counts the paths asked for that begin with prefix, and forgets all.
func (s *server) requests(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.asked {
		if strings.HasPrefix(p, prefix) {
			n++
		}
	}
	s.asked = nil
	return n
}

// A copied journal is a mirror in memory. It keeps the promise of [Mirror].
type copied struct {
	entries    []entry.Entry
	checkpoint []byte
	batches    int             // of the last Extend
	most       int             // bytes of bodies in its largest batch
	stop       func(int) error // asked before each batch, with the number of those before
}

func (m *copied) Size() uint64       { return uint64(len(m.entries)) }
func (m *copied) Checkpoint() []byte { return m.checkpoint }

func (m *copied) Extend(_ context.Context, checkpoint []byte, batches iter.Seq2[[]entry.Entry, error]) error {
	all := append([]entry.Entry(nil), m.entries...)
	m.batches = 0
	for batch, err := range batches {
		if err == nil && m.stop != nil {
			err = m.stop(m.batches)
		}
		if err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
		size := 0
		for _, e := range batch {
			size += len(e.Body)
		}
		m.most = max(m.most, size)
		m.batches++
		all = append(all, batch...)
	}
	root, err := rootOfEntries(all)
	if err != nil {
		return err
	}
	var cp log.Checkpoint
	if _, err := cp.Unmarshal(checkpoint); err != nil {
		return err
	}
	if cp.Size != uint64(len(all)) || !bytes.Equal(cp.Hash, root[:]) {
		return fmt.Errorf("mirror: %d entries with root %s, want %d with %x", len(all), root, cp.Size, cp.Hash)
	}
	m.entries, m.checkpoint = all, checkpoint
	return nil
}

func rootOfEntries(all []entry.Entry) (tlog.Hash, error) {
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, err error) {
		for _, i := range at {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	for i, e := range all {
		h, err := tlog.StoredHashes(int64(i), e.Header, read)
		if err != nil {
			return tlog.Hash{}, err
		}
		hashes = append(hashes, h...)
	}
	return tlog.TreeHash(int64(len(all)), read)
}

// client is one that may talk to a test's server.
func client(o Options) *Client {
	o.AllowPrivate = true
	return NewClient(o)
}

// differ says where two journals differ, "" if nowhere.
func differ(a, b []entry.Entry) string {
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i].Header, b[i].Header) || !bytes.Equal(a[i].Salt, b[i].Salt) || !bytes.Equal(a[i].Body, b[i].Body) {
			return fmt.Sprintf("entry %d: %.200q and %.200q", i, a[i], b[i])
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d entries", len(a), len(b))
	}
	return ""
}
