package hosting

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/node/api"
	"maillon/node/web"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/storetest"
)

const (
	rennes = "21350238800019"
	hubID  = "23350001600040"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func keyFrom(t testing.TB, seed byte) (note.Signer, note.Verifier) {
	t.Helper()
	secret, text, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, ed25519.SeedSize)), federation.KeyName(rennes, 0))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := journal.NewVerifier(text)
	if err != nil {
		t.Fatal(err)
	}
	return signer, v
}

// A member has a journal in memory.
type member struct {
	signer   note.Signer
	verifier note.Verifier
	log      *journal.Log
	n        int
	size     int // of each body
}

func newMember(t testing.TB) *member {
	t.Helper()
	m := &member{size: 40}
	m.signer, m.verifier = keyFrom(t, 1)
	m.log = openLog(t, storetest.Memory(), m.verifier)
	return m
}

func openLog(t testing.TB, db store.DB, v note.Verifier) *journal.Log {
	t.Helper()
	l, err := journal.Open(db, rennes, 0, v)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// zeros is a source of salts.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func (m *member) grow(t testing.TB, n int) {
	t.Helper()
	var all []entry.Entry
	for range n {
		m.n++
		body := fmt.Appendf(nil, `{"id":"%d","objet":"%s"}`, m.n, strings.Repeat("x", m.size))
		rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Flat, Raw: body, Buyer: rennes, ID: fmt.Sprint(m.n)}
		e, err := entry.NewPut(zeros{}, rec, entry.Source{Deposit: "d", Series: "main", Pointer: "/0", Form: pivot.Flat}, noon)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	m.commit(t, all...)
}

func (m *member) commit(t testing.TB, all ...entry.Entry) {
	t.Helper()
	w, err := m.log.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(m.signer, all, nil); err != nil {
		t.Fatal(err)
	}
}

func (m *member) ticket(t testing.TB, ticket federation.Ticket) string {
	t.Helper()
	if ticket.Node == "" {
		ticket = federation.Ticket{Node: rennes, Hub: hubID, Until: noon.Add(federation.TicketFor)}
	}
	text, err := federation.SignTicket(m.signer, ticket)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// parcel is the journal up to a size.
func (m *member) parcel(t testing.TB, size uint64) follow.Parcel {
	t.Helper()
	cp, err := m.log.SignAt(size, m.signer)
	if err != nil {
		t.Fatal(err)
	}
	return follow.Parcel{Checkpoint: cp, Ticket: m.ticket(t, federation.Ticket{}), Open: m.open}
}

func (m *member) open(path string) (string, io.ReadCloser, error) {
	res, err := m.log.Resource(path, true)
	if err != nil {
		return "", nil, err
	}
	if res.WriteTo == nil {
		return res.Encoding, io.NopCloser(bytes.NewReader(res.Bytes)), nil
	}
	var b bytes.Buffer
	err = res.WriteTo(&b)
	return res.Encoding, io.NopCloser(&b), err
}

// A hub has a receiver behind the real API.
type hub struct {
	*Receiver
	server *httptest.Server
	store  *storetest.Mem
	log    *journal.Log

	mu     sync.Mutex
	forks  int
	landed []uint64
	refuse error
}

func newHub(t testing.TB, m *member) *hub {
	t.Helper()
	h := &hub{store: storetest.Memory()}
	h.log = openLog(t, h.store, m.verifier)
	h.Receiver = (&Receiver{
		Dir: filepath.Join(t.TempDir(), "pushed"), Hub: hubID, Quota: 1 << 30, Log: zerolog.Nop(), Now: func() time.Time { return noon },
		Guest: func(string) (Guest, error) { return Guest{Node: rennes, Verifier: m.verifier, Mirror: h.log}, h.refuse },
		Landed: func(g Guest) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.landed = append(h.landed, g.Mirror.Size())
		},
		Forked: func(string, string, string) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.forks++
		},
	}).Open()
	pages, err := web.New(web.Site{})
	if err != nil {
		t.Fatal(err)
	}
	s := &api.Server{Self: api.NodeStatus{ID: hubID, URL: "http://hub"}, Log: zerolog.Nop(), Pages: pages, Hosting: onlyPut{h.Receiver}}
	h.server = httptest.NewServer(s.Handler())
	t.Cleanup(h.server.Close)
	return h
}

type onlyPut struct{ *Receiver }

func (onlyPut) PutProfile(string, []byte) error                       { return nil }
func (onlyPut) Profile(string) ([]byte, error)                        { return nil, store.ErrNotFound }
func (onlyPut) Face(http.ResponseWriter, *http.Request, string) error { return store.ErrNotFound }
func (h *hub) base() string                                           { return h.server.URL + "/n/" + rennes + "/journal" }

// wire is a network that fails on demand, before or after the server has seen
// the request.
type wire struct {
	mu    sync.Mutex
	n     int
	fail  int // the request that fails, from 1; 0 for none
	after bool
	asked []string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.n++
	fails := w.n == w.fail
	w.asked = append(w.asked, r.Method+" "+r.URL.Path[strings.LastIndex(r.URL.Path, "journal/")+len("journal/"):])
	w.mu.Unlock()
	if fails && !w.after {
		return nil, io.ErrUnexpectedEOF
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if fails && err == nil {
		_ = res.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return res, err
}

func pusher(w http.RoundTripper) *follow.Client {
	return follow.NewClient(follow.Options{Transport: w, Timeout: 5 * time.Second})
}

// same compares a mirror with its origin, resource by resource.
func same(t testing.TB, m *member, l *journal.Log) {
	t.Helper()
	if l.Size() != m.log.Size() || !bytes.Equal(l.Checkpoint(), m.log.Checkpoint()) {
		t.Fatalf("mirror of %d entries, journal of %d; checkpoints are the same: %v", l.Size(), m.log.Size(), bytes.Equal(l.Checkpoint(), m.log.Checkpoint()))
	}
	for _, path := range follow.Needed(0, l.Size()) {
		a, b := content(t, m.log, path), content(t, l, path)
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs", path)
		}
	}
	if _, err := journal.Verify(t.Context(), l); err != nil {
		t.Error(err)
	}
}

func content(t testing.TB, l *journal.Log, path string) []byte {
	t.Helper()
	res, err := l.Resource(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if res.WriteTo == nil {
		return res.Bytes
	}
	var b bytes.Buffer
	if err := res.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
