package follow

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/storetest"
)

// serveJournal serves a real journal under /n/ID/journal.
func serveJournal(t testing.TB, l *journal.Log) string {
	t.Helper()
	const prefix = "/n/" + rennes + "/journal"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := l.Resource(strings.TrimPrefix(r.URL.Path, prefix+"/"), strings.Contains(r.Header.Get("Accept-Encoding"), "zstd"))
		if errors.Is(err, store.ErrNotFound) {
			http.NotFound(w, r)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if res.Encoding != "" {
			w.Header().Set("Content-Encoding", res.Encoding)
		}
		if res.WriteTo != nil {
			if res.WriteTo(w) != nil {
				panic(http.ErrAbortHandler)
			}
			return
		}
		_, _ = w.Write(res.Bytes)
	}))
	t.Cleanup(s.Close)
	return s.URL + prefix
}

// append commits entries to a journal of its own key.
func (s *server) append(t testing.TB, l *journal.Log, all ...entry.Entry) {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(s.signer, all, nil); err != nil {
		t.Fatal(err)
	}
}

func openLog(t *testing.T, s *server) *journal.Log {
	t.Helper()
	l, err := journal.Open(storetest.Memory(), rennes, 0, s.verifier)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The journal of package store/journal as server and as mirror, over two hops.
func TestRealJournalClimbsOverTwoHops(t *testing.T) {
	keys := newServer(t) // for its key and its records
	own, hub, nation := openLog(t, keys), openLog(t, keys), openLog(t, keys)
	atOwn, atHub := serveJournal(t, own), serveJournal(t, hub)
	c := client(Options{})
	if _, err := c.Follow(t.Context(), atOwn, keys.verifier, hub); !errors.Is(err, ErrNotServed) {
		t.Fatalf("a journal with no checkpoint yet: %v", err)
	}
	for _, n := range []int{1, 300, 212, 100} {
		var all []entry.Entry
		for range n {
			all = append(all, keys.put(t, []byte(`{"id":"2026-1","objet":"travaux"}`)))
		}
		keys.append(t, own, all...)
		if n == 212 {
			redact, err := entry.NewRedact("marche", "k", 5, "données personnelles", received)
			if err != nil {
				t.Fatal(err)
			}
			keys.append(t, own, redact)
		}
		for _, hop := range []struct {
			base string
			to   *journal.Log
		}{{atOwn, hub}, {atHub, nation}} {
			if _, err := c.Follow(t.Context(), hop.base, keys.verifier, hop.to); err != nil {
				t.Fatal(err)
			}
		}
		if nation.Size() != own.Size() || nation.Root() != own.Root() || string(nation.Checkpoint()) != string(own.Checkpoint()) {
			t.Fatalf("the nation has %d entries of %d", nation.Size(), own.Size())
		}
	}
	e, err := nation.Entry(5)
	if err != nil || e.Body != nil {
		t.Errorf("the redacted body is at the nation: %q, %v", e.Body, err)
	}
	if e, err = nation.Entry(6); err != nil || e.Body == nil {
		t.Errorf("another body is not: %v", err)
	}
}

func TestRealMirrorSurvivesAFailureMidway(t *testing.T) {
	s := newServer(t)
	s.grow(t, 1_100)
	m := openLog(t, s)
	c := client(Options{})
	s.breakAt(t, "bodies/003", flip(100))
	if _, err := c.Follow(t.Context(), s.URL, s.verifier, m); !errors.Is(err, ErrCorrupt) || m.Size() != 0 {
		t.Fatalf("%d entries: %v", m.Size(), err)
	}
	s.mend()
	ctx, cancel := context.WithCancel(t.Context())
	s.setFault("bodies/002", func(http.ResponseWriter, *http.Request) { cancel(); <-ctx.Done() })
	if _, err := c.Follow(ctx, s.URL, s.verifier, m); !errors.Is(err, context.Canceled) || m.Size() != 0 {
		t.Fatalf("%d entries: %v", m.Size(), err)
	}
	s.mend()
	mustFollow(t, c, s, m)
	if m.Size() != 1_100 {
		t.Error(m.Size())
	}
}

func TestRealMirrorKnowsItsEarlierRoots(t *testing.T) {
	s, other := newServer(t), newServer(t)
	s.grow(t, 500)
	m := openLog(t, s)
	c := client(Options{})
	mustFollow(t, c, s, m)
	s.shown = 300
	if _, err := c.Follow(t.Context(), s.URL, s.verifier, m); !errors.Is(err, ErrRollback) {
		t.Error(err)
	}
	other.add(t, other.put(t, []byte(`{}`)))
	if _, err := c.Follow(t.Context(), other.URL, s.verifier, m); !errors.Is(err, ErrFork) {
		t.Error(err)
	}
}
