package follow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"maillon/catalog/entry"
)

func mustFollow(t *testing.T, c *Client, s *server, m Mirror) Result {
	t.Helper()
	res, err := c.Follow(t.Context(), s.URL, s.verifier, m)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestMirrorGrowsWithTheJournal(t *testing.T) {
	s, m, c := newServer(t), &copied{}, client(Options{})
	var from uint64
	for _, n := range []int{0, 1, 2, 252, 1, 1, 299, 256, 1} { // ends: 0 1 3 255 256 257 556 812 813
		s.grow(t, n)
		res := mustFollow(t, c, s, m)
		want := Result{From: from, To: from + uint64(n), Bytes: res.Bytes, Unchanged: n == 0}
		if res != want || res.Bytes == 0 {
			t.Fatalf("%+v, want %+v", res, want)
		}
		if d := differ(s.entries, m.entries); d != "" {
			t.Fatal(d)
		}
		from = res.To
	}
	if got := s.requests("tile/entries/000"); got != 4 {
		t.Errorf("bundle 0 was asked for %d times, want once for each of the sizes 1, 3, 255 and 256", got)
	}
}

// counted is a mirror that keeps only how far it has come.
type counted struct {
	size       uint64
	checkpoint []byte
}

func (m *counted) Size() uint64       { return m.size }
func (m *counted) Checkpoint() []byte { return m.checkpoint }

func (m *counted) Extend(_ context.Context, checkpoint []byte, batches iter.Seq2[[]entry.Entry, error]) error {
	size := m.size
	for batch, err := range batches {
		if err != nil {
			return err
		}
		size += uint64(len(batch))
	}
	m.size, m.checkpoint = size, checkpoint
	return nil
}

func TestTallTree(t *testing.T) {
	s, c := newServer(t), client(Options{})
	s.add(t, slices.Repeat([]entry.Entry{s.put(t, []byte("{}"))}, 66_000)...)
	// The mirror is about to see the first tile of level 2, and two of level 1.
	m := &counted{size: 65_000, checkpoint: s.checkpoint(t, 65_000)}
	mustFollow(t, c, s, m)
	if m.Size() != 66_000 {
		t.Error(m.Size())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tiles := len(s.asked) - 1 - 2*5 // the checkpoint, and five bundles with their bodies
	if tiles < 4 || tiles > 10 {
		t.Errorf("%d tiles for 1,000 entries", tiles)
	}
}

func TestNothingNewCostsOneSmallRequest(t *testing.T) {
	s, m, c := newServer(t), &copied{}, client(Options{})
	s.grow(t, 10)
	mustFollow(t, c, s, m)
	s.requests("")
	res := mustFollow(t, c, s, m)
	if !res.Unchanged || res.Bytes != 0 || res.From != 10 || res.To != 10 {
		t.Errorf("%+v, want an answer without content", res)
	}
	if n := s.requests(""); n != 1 {
		t.Errorf("%d requests", n)
	}
	// Another mirror must not be told that nothing has changed.
	other := &copied{}
	if res := mustFollow(t, c, s, other); res.To != 10 {
		t.Errorf("%+v", res)
	}
}

func TestKilledMidwayItBeginsWhereTheMirrorIs(t *testing.T) {
	s, m, c := newServer(t), &copied{}, client(Options{Fetchers: 2})
	s.grow(t, 300)
	mustFollow(t, c, s, m)
	s.grow(t, 1_200)
	full := errors.New("disk full")
	m.stop = func(n int) error {
		if n == 3 {
			return full
		}
		return nil
	}
	if _, err := c.Follow(t.Context(), s.URL, s.verifier, m); !errors.Is(err, full) {
		t.Errorf("the mirror's error is lost: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	m.stop = func(n int) error {
		if n == 2 {
			cancel()
		}
		return nil
	}
	if _, err := c.Follow(ctx, s.URL, s.verifier, m); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if m.Size() != 300 {
		t.Fatalf("%d entries after a failure, want 300", m.Size())
	}
	m.stop = nil
	s.requests("")
	if res := mustFollow(t, c, s, m); res.From != 300 || res.To != 1500 {
		t.Errorf("%+v", res)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.asked, "tile/entries/000") {
		t.Error("what the mirror has was fetched again")
	}
}

func TestMirrorThatStopsEarlyLeavesNothingRunning(t *testing.T) {
	s, c := newServer(t), client(Options{})
	s.grow(t, 3_000)
	b := &batches{s: &session{c: c, base: s.URL, left: 1 << 30}, to: 3_000}
	cp, err := c.Checkpoint(t.Context(), s.URL, s.verifier)
	if err != nil {
		t.Fatal(err)
	}
	b.tree = newTree(t.Context(), b.s, cp)
	for batch, err := range b.all(t.Context()) {
		if err != nil || len(batch) != entry.BundleSize {
			t.Fatal(len(batch), err)
		}
		break
	}
	if b.err != nil {
		t.Errorf("stopping is no error: %v", b.err)
	}
	s.CloseClientConnections()
	s.Close() // would wait for a request that nobody reads
}

func TestRedactedBodies(t *testing.T) {
	s, m, c := newServer(t), &copied{}, client(Options{})
	s.grow(t, 300)
	s.redact(t, 7)
	s.breakAt(t, "bodies/001.p/45", func(b []byte) []byte { b[len(b)-1] = byte(entry.Erased); return b })
	if _, err := c.Follow(t.Context(), s.URL, s.verifier, m); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a body is said to be erased that never was: %v", err)
	}
	s.mend()
	mustFollow(t, c, s, m)
	if e := m.entries[7]; e.Body != nil || m.entries[8].Body == nil {
		t.Error("the redacted body came along, or another did not")
	}
	s.redact(t, 8) // in the mirror already: erasing it there is the mirror's part
	mustFollow(t, c, s, m)
	if m.Size() != 302 {
		t.Error(m.Size())
	}
	s.grow(t, 10)
	s.entries[305].Salt, s.entries[305].Body = nil, nil // erased, and nothing says why
	_, err := c.Follow(t.Context(), s.URL, s.verifier, m)
	if e, ok := errors.AsType[*CorruptError](err); !ok || e.Resource != "bodies/001.p/56" {
		t.Errorf("a body withheld: %v", err)
	}
	s.redact(t, 305)
	mustFollow(t, c, s, m)
}

func TestLargeBodiesComeInSeveralBatches(t *testing.T) {
	s, m, c := newServer(t), &copied{}, client(Options{})
	s.grow(t, 2)
	mustFollow(t, c, s, m)
	var all []entry.Entry
	for i := range 7 {
		all = append(all, s.put(t, bytes.Repeat([]byte{'0' + byte(i)}, 3<<20)))
	}
	s.add(t, all...)
	mustFollow(t, c, s, m)
	if d := differ(s.entries, m.entries); d != "" {
		t.Error(d)
	}
	if m.batches != 3 || m.most > prefetched+entry.MaxBody {
		t.Errorf("%d batches, the largest of %d bytes", m.batches, m.most)
	}
}

func TestVerifierDecidesWhoseJournalItIs(t *testing.T) {
	s, m, c := newServer(t), &copied{}, client(Options{})
	s.grow(t, 3)
	_, stranger := keyFrom(t, 2)
	if _, err := c.Follow(t.Context(), s.URL, stranger, m); !errors.Is(err, ErrCorrupt) || m.Size() != 0 {
		t.Errorf("another key: %v", err)
	}
	mustFollow(t, c, s, m)
	if _, err := c.Follow(t.Context(), s.URL, stranger, m); err == nil {
		t.Error("a mirror of another key was followed")
	}
	m.checkpoint = s.checkpoint(t, 2)
	if _, err := c.Follow(t.Context(), s.URL, s.verifier, m); err == nil {
		t.Error("a mirror that is longer than its checkpoint was followed")
	}
}

// older is a mirror that knows its earlier roots.
type older struct {
	*copied
}

func (o older) RootAt(size uint64) ([32]byte, error) {
	h, err := rootOfEntries(o.entries[:size])
	return h, err
}

func TestTwoHistories(t *testing.T) {
	honest, other := newServer(t), newServer(t)
	honest.grow(t, 600)
	other.grow(t, 599)
	other.add(t, other.put(t, []byte(`{"other":true}`)))
	c := client(Options{})
	for name, size := range map[string]int{"as long": 0, "longer": 1, "much longer": 900} {
		m := &copied{}
		mustFollow(t, c, honest, m)
		ours := m.Checkpoint()
		if size > 0 {
			other.grow(t, size)
		}
		_, err := c.Follow(t.Context(), other.URL, other.verifier, m)
		fork, ok := errors.AsType[*ForkError](err)
		if !ok || !errors.Is(err, ErrFork) {
			t.Fatalf("%s: %v", name, err)
		}
		theirs, err := other.resource("checkpoint")
		if err != nil || !bytes.Equal(fork.Ours, ours) || !bytes.Equal(fork.Theirs, theirs) {
			t.Errorf("%s: the evidence is not the two checkpoints", name)
		}
		if m.Size() != 600 {
			t.Errorf("%s: the mirror has changed", name)
		}
	}
}

func TestOlderCopy(t *testing.T) {
	s, c := newServer(t), client(Options{})
	s.grow(t, 600)
	m := &copied{}
	mustFollow(t, c, s, m)
	s.shown = 400
	for name, mirror := range map[string]Mirror{"knows no earlier roots": m, "knows them": older{m}} {
		_, err := c.Follow(t.Context(), s.URL, s.verifier, mirror)
		back, ok := errors.AsType[*RollbackError](err)
		if !ok || !errors.Is(err, ErrRollback) || back.Have != 600 || back.Served != 400 || errors.Is(err, ErrFork) {
			t.Errorf("%s: %v", name, err)
		}
	}
	forked := newServer(t)
	forked.add(t, forked.put(t, []byte(`{"other":true}`)))
	forked.grow(t, 399)
	if _, err := c.Follow(t.Context(), forked.URL, forked.verifier, older{m}); !errors.Is(err, ErrFork) {
		t.Errorf("a shorter history that is another one: %v", err)
	}
	s.shown = 0
	if _, err := c.Follow(t.Context(), s.URL, s.verifier, older{m}); !errors.Is(err, ErrRollback) {
		t.Errorf("an empty journal: %v", err)
	}
	if m.Size() != 600 {
		t.Error("the mirror has changed")
	}
}

func TestEmptyJournalHasOneRoot(t *testing.T) {
	s, c := newServer(t), client(Options{})
	s.breakAt(t, "checkpoint", func([]byte) []byte { return signed(t, s.signer, 0, [32]byte{1}) })
	if _, err := c.Follow(t.Context(), s.URL, s.verifier, &copied{}); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

func TestSignedEntriesThatAreNone(t *testing.T) {
	for name, header := range map[string]string{
		"no JSON":      "hello",
		"no time":      `{"v":1,"op":"redact","target":1}`,
		"of version 2": `{"v":2,"op":"put","at":"2026-03-01T12:00:00Z"}`,
	} {
		s, m := newServer(t), &copied{}
		s.grow(t, 3)
		s.add(t, entry.Entry{Header: []byte(header)})
		_, err := client(Options{}).Follow(t.Context(), s.URL, s.verifier, m)
		if e, ok := errors.AsType[*InvalidEntryError](err); !ok || e.Index != 3 || errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ExampleRollbackError() {
	fmt.Println(&RollbackError{Have: 600, Served: 400})
	// Output: an older copy of the journal is served, with 400 entries where 600 are known: the server is behind, or was restored from a backup and has not caught up
}
