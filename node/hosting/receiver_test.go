package hosting

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/node/api"
	"maillon/store/bolt"
)

// A push that breaks off at any request, whether or not the hub has seen it,
// goes on where it was; until its end nothing of it is shown.
func TestAPushThatBreaksOffGoesOn(t *testing.T) {
	m := newMember(t)
	m.grow(t, 3)
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			h := newHub(t, m)
			if _, err := pusher(http.DefaultTransport).Push(t.Context(), h.base(), m.parcel(t, 3)); err != nil {
				t.Fatal(err)
			}
			for m.log.Size() < 600 {
				m.grow(t, 597)
			}
			w := &wire{fail: at, after: after}
			_, err := pusher(w).Push(t.Context(), h.base(), m.parcel(t, 600))
			if err == nil && w.n < at {
				same(t, m, h.log)
				if at < 8 {
					t.Errorf("a whole push took %d requests", w.n)
				}
				break
			}
			if n := h.log.Size(); n != 3 && n != 600 {
				t.Fatalf("broken off at request %d, %d entries are shown", at, n)
			}
			again := &wire{}
			if _, err := pusher(again).Push(t.Context(), h.base(), m.parcel(t, 600)); err != nil {
				t.Fatalf("broken off at request %d (after: %v), the next push: %v", at, after, err)
			}
			same(t, m, h.log)
			twice := 0
			for _, sent := range w.asked {
				if sent != "PUT checkpoint" && slices.Contains(again.asked, sent) {
					twice++
				}
			}
			if twice > pushWide {
				t.Errorf("broken off at request %d: %d resources are sent again", at, twice)
			}
		}
	}
}

// pushWide is how many resources are under way at a time, and may be lost.
const pushWide = 4

// The hub's store fails at any of its transactions, with and without effect.
func TestAHubWhoseStoreFailsTakesThePushLater(t *testing.T) {
	m := newMember(t)
	m.grow(t, 300)
	for _, happens := range []bool{false, true} {
		for at := 1; at < 60; at++ {
			h := newHub(t, m)
			n := 0
			h.store.Fail(func(string) (bool, error) {
				if n++; n == at {
					return happens, errors.New("the disk fails")
				}
				return true, nil
			})
			_, first := pusher(http.DefaultTransport).Push(t.Context(), h.base(), m.parcel(t, 300))
			h.store.Fail(nil)
			if first == nil && n < at {
				return
			}
			if _, err := pusher(http.DefaultTransport).Push(t.Context(), h.base(), m.parcel(t, 300)); err != nil {
				t.Fatalf("failed at transaction %d (%v), the next push: %v", at, first, err)
			}
			same(t, m, h.log)
		}
	}
}

// Whatever the sizes, what Needed lists is all that a visit reads.
func TestNeededIsAllThatIsNeeded(t *testing.T) {
	const seed = 7
	dice := rand.New(rand.NewPCG(seed, seed))
	sizes := [][]int{{1}, {256}, {257}, {255, 1}, {256, 256}, {1, 255, 1}, {3000}}
	for range 12 {
		sizes = append(sizes, []int{1 + dice.IntN(600), 1 + dice.IntN(300), 1 + dice.IntN(600)})
	}
	for _, steps := range sizes {
		m := newMember(t)
		h := newHub(t, m)
		for _, n := range steps {
			m.grow(t, n)
			w := &wire{}
			if _, err := pusher(w).Push(t.Context(), h.base(), m.parcel(t, m.log.Size())); err != nil {
				t.Fatalf("seed %d, %v: %v", seed, steps, err)
			}
			shown := 0
			for _, a := range w.asked {
				if a == "PUT checkpoint" {
					shown++
				}
			}
			if shown != 2 {
				t.Fatalf("seed %d, %v: the checkpoint was shown %d times, want 2", seed, steps, shown)
			}
		}
		same(t, m, h.log)
	}
}

// put sends one resource by hand and returns the status, the problem's type
// and the header Retry-After.
func (h *hub) put(t testing.TB, path, ticket string, body []byte) (status int, kind, after string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, h.base()+"/"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", ticket)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, kind, _ = strings.Cut(string(raw), `"type":"urn:maillon:problem:`)
	kind, _, _ = strings.Cut(kind, `"`)
	return res.StatusCode, kind, res.Header.Get("Retry-After")
}

func TestOnlyTheMemberMayPush(t *testing.T) {
	m := newMember(t)
	m.grow(t, 1)
	h := newHub(t, m)
	stranger := newMember(t)
	stranger.signer, _ = keyFrom(t, 2)
	for name, ticket := range map[string]string{
		"none":              "",
		"of another scheme": "Bearer x",
		"not base64":        "Maillon *",
		"not a note":        "Maillon QUJD",
		"another key":       stranger.ticket(t, federation.Ticket{}),
		"another hub":       m.ticket(t, federation.Ticket{Node: rennes, Hub: rennes, Until: noon.Add(time.Hour)}),
		"another node":      m.ticket(t, federation.Ticket{Node: hubID, Hub: hubID, Until: noon.Add(time.Hour)}),
		"over":              m.ticket(t, federation.Ticket{Node: rennes, Hub: hubID, Until: noon}),
		"for too long":      m.ticket(t, federation.Ticket{Node: rennes, Hub: hubID, Until: noon.Add(3 * time.Hour)}),
	} {
		for _, path := range []string{"checkpoint", "tile/entries/000.p/1"} {
			if status, kind, _ := h.put(t, path, ticket, m.log.Checkpoint()); status != http.StatusUnauthorized || kind != "ticket" {
				t.Errorf("%s: %d %s", name, status, kind)
			}
		}
	}
	h.refuse = &api.Refusal{Kind: "suspended", Status: http.StatusForbidden, Detail: "ask"}
	if status, kind, _ := h.put(t, "checkpoint", m.ticket(t, federation.Ticket{}), m.log.Checkpoint()); status != http.StatusForbidden || kind != "suspended" {
		t.Errorf("suspended: %d %s", status, kind)
	}
	if files, held := h.stageOf(t).held(); files != 0 || held != 0 {
		t.Errorf("%d files of %d bytes are staged", files, held)
	}
}

func (h *hub) stageOf(t testing.TB) *stage {
	t.Helper()
	p, err := h.admit(Guest{Node: rennes})
	if err != nil {
		t.Fatal(err)
	}
	return p.stage
}

func TestWhatCannotBeThereIsRefused(t *testing.T) {
	m := newMember(t)
	m.grow(t, 300)
	h := newHub(t, m)
	ticket := m.ticket(t, federation.Ticket{})
	h.Quota = 1 << 20
	for path, want := range map[string]struct {
		body   int
		status int
		kind   string
	}{
		"tile/0/000":                {8192, 204, ""},
		"tile/0/001":                {8193, 413, "too-large"},
		"tile/0/002.p/1":            {33, 413, "too-large"},
		"tile/entries/000.p/1":      {1027, 413, "too-large"},
		"tile/9/000":                {1, 400, "path"},
		"tile/0/1":                  {1, 400, "path"},
		"../../etc/passwd":          {1, 400, "path"},
		"key":                       {1, 400, "path"},
		"":                          {1, 400, "path"},
		"bodies/x999/x999/x999/999": {1, 413, "step"},
		"tile/entries/x001/000":     {1, 413, "step"},
		"bodies/000":                {1 << 21, 507, "quota"},
	} {
		status, kind, _ := h.put(t, path, ticket, make([]byte, want.body))
		if status != want.status || kind != want.kind {
			t.Errorf("%q with %d bytes: %d %s, want %d %s", path, want.body, status, kind, want.status, want.kind)
		}
	}
	if files, held := h.stageOf(t).held(); files != 1 || held != 8192 {
		t.Errorf("%d files of %d bytes are staged, want one of 8192", files, held)
	}
}

// A stage whose bytes come without a length is bounded all the same.
func TestTheQuotaHoldsWhileBytesArrive(t *testing.T) {
	m := newMember(t)
	m.grow(t, 300)
	h := newHub(t, m)
	h.Quota = 100 << 10
	endless := io.MultiReader(bytes.NewReader(make([]byte, 64<<10)), bytes.NewReader(make([]byte, 64<<10)))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, h.base()+"/bodies/000", endless)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", m.ticket(t, federation.Ticket{}))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if files, held := h.stageOf(t).held(); res.StatusCode != http.StatusInsufficientStorage || files != 0 || held != 0 {
		t.Errorf("%s, %d files of %d bytes", res.Status, files, held)
	}
}

func TestAHubThatIsBusySaysWhenToComeBack(t *testing.T) {
	m := newMember(t)
	m.grow(t, 1)
	h := newHub(t, m)
	for range maxPuts {
		h.puts <- struct{}{}
	}
	seen := map[string]bool{}
	for range 20 {
		status, kind, after := h.put(t, "checkpoint", m.ticket(t, federation.Ticket{}), m.log.Checkpoint())
		if status != http.StatusTooManyRequests || kind != "busy" || after == "" {
			t.Fatalf("%d %s %q", status, kind, after)
		}
		seen[after] = true
	}
	if len(seen) < 3 {
		t.Errorf("all are told to come back at once: %v", seen)
	}
}

func TestDamagedResourcesAreThrownAwayAndPushedAnew(t *testing.T) {
	for _, path := range []string{"tile/entries/000", "bodies/000", "tile/1/000.p/1", "tile/entries/001.p/44", "bodies/001.p/44", "tile/0/001.p/44"} {
		m := newMember(t)
		m.grow(t, 300)
		h := newHub(t, m)
		p := m.parcel(t, 300)
		p.Open = func(asked string) (string, io.ReadCloser, error) {
			if asked != path {
				return m.open(asked)
			}
			b := bytes.Clone(content(t, m.log, asked))
			b[len(b)/2] ^= 1
			return "", io.NopCloser(bytes.NewReader(b)), nil
		}
		_, err := pusher(http.DefaultTransport).Push(t.Context(), h.base(), p)
		if refused, ok := errors.AsType[*follow.PushError](err); !ok || refused.Kind != "corrupt" {
			t.Errorf("%s damaged: %v", path, err)
		}
		if h.log.Size() != 0 {
			t.Errorf("%s damaged: %d entries are shown", path, h.log.Size())
		}
		if _, err := pusher(http.DefaultTransport).Push(t.Context(), h.base(), m.parcel(t, 300)); err != nil {
			t.Fatal(err)
		}
		same(t, m, h.log)
	}
}

func TestAnotherHistoryIsEvidenceAndAnOldOneIsNot(t *testing.T) {
	m := newMember(t)
	m.grow(t, 10)
	h := newHub(t, m)
	push := func(m *member, size uint64) string {
		_, err := pusher(http.DefaultTransport).Push(t.Context(), h.base(), m.parcel(t, size))
		if err == nil {
			return ""
		}
		refused, ok := errors.AsType[*follow.PushError](err)
		if !ok {
			return err.Error()
		}
		return refused.Kind
	}
	if kind := push(m, 10); kind != "" {
		t.Fatal(kind)
	}
	if kind := push(m, 4); kind != "behind" || h.forks != 0 {
		t.Errorf("an older checkpoint: %q, %d forks", kind, h.forks)
	}
	other := newMember(t)
	other.size = 50
	other.grow(t, 12)
	for i, size := range []uint64{4, 10, 12} {
		if kind := push(other, size); kind != "fork" || h.forks != i+1 {
			t.Errorf("another history of %d entries: %q, %d forks", size, kind, h.forks)
		}
	}
	if h.log.Size() != 10 {
		t.Errorf("%d entries are shown", h.log.Size())
	}
}

func TestPushesOfOneMemberTakeTurns(t *testing.T) {
	m := newMember(t)
	m.grow(t, 700)
	h := newHub(t, m)
	parcels := []follow.Parcel{m.parcel(t, 300), m.parcel(t, 700), m.parcel(t, 512), m.parcel(t, 700)}
	var wg sync.WaitGroup
	for _, p := range parcels {
		wg.Go(func() {
			_, err := pusher(http.DefaultTransport).Push(t.Context(), h.base(), p)
			if refused, ok := errors.AsType[*follow.PushError](err); err != nil && (!ok || refused.Kind != "behind" && refused.Kind != "incomplete") {
				t.Errorf("push: %v", err)
			}
		})
	}
	wg.Wait()
	if _, err := pusher(http.DefaultTransport).Push(t.Context(), h.base(), m.parcel(t, 700)); err != nil {
		t.Fatal(err)
	}
	same(t, m, h.log)
	if h.forks > 0 {
		t.Errorf("%d forks", h.forks)
	}
}

func TestABodyThatIsErasedNeedsItsRedactionInTheSamePush(t *testing.T) {
	m := newMember(t)
	m.grow(t, 300)
	e, err := entry.NewRedact("marche", rennes+"/1", 5, "données personnelles", noon)
	if err != nil {
		t.Fatal(err)
	}
	m.commit(t, e)
	h := newHub(t, m)
	_, err = pusher(http.DefaultTransport).Push(t.Context(), h.base(), m.parcel(t, 300))
	if refused, ok := errors.AsType[*follow.PushError](err); !ok || refused.Kind != "corrupt" {
		t.Errorf("without the redaction: %v", err)
	}
	if _, err := pusher(http.DefaultTransport).Push(t.Context(), h.base(), m.parcel(t, 301)); err != nil {
		t.Fatal(err)
	}
	same(t, m, h.log)
}

// What waits is still there after a restart of the hub, and thrown away when
// nothing comes for a day.
func TestAStageOutlivesARestartAndNotADay(t *testing.T) {
	m := newMember(t)
	m.grow(t, 600)
	h := newHub(t, m)
	w := &wire{fail: 6}
	if _, err := pusher(w).Push(t.Context(), h.base(), m.parcel(t, 600)); err == nil {
		t.Fatal("nothing failed")
	}
	for len(h.puts) > 0 { // what was under way
		time.Sleep(time.Millisecond)
	}
	files, held := h.stageOf(t).held()
	again := newHub(t, m)
	again.Dir = h.Dir
	if f, b := again.stageOf(t).held(); f != files || b != held || f == 0 {
		t.Errorf("%d files of %d bytes after a restart, %d of %d before", f, b, files, held)
	}
	again.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	if err := again.sweep(); err != nil {
		t.Fatal(err)
	}
	if f, b := again.stageOf(t).held(); f != 0 || b != 0 {
		t.Errorf("%d files of %d bytes after a day", f, b)
	}
}

func FuzzPut(f *testing.F) {
	f.Add("tile/0/000", "", []byte("x"))
	f.Add("checkpoint", "zstd", []byte("maillon/x/0\n1\n\n"))
	f.Add("bodies/x001/000.p/3", "zstd", []byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Add("../x", "gzip", []byte{})
	m := newMember(f)
	m.grow(f, 300)
	f.Add("checkpoint", "", m.log.Checkpoint())
	f.Add("tile/entries/001.p/44", "", content(f, m.log, "tile/entries/001.p/44"))
	h := newHub(f, m)
	h.Quota = 1 << 20
	handler, ticket := h.server.Config.Handler, m.ticket(f, federation.Ticket{})
	f.Fuzz(func(t *testing.T, path, coding string, body []byte) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://hub/n/"+rennes+"/journal/x", bytes.NewReader(body))
		if err != nil {
			t.Skip()
		}
		req.URL.Path = "/n/" + rennes + "/journal/" + path
		req.Header.Set("Authorization", ticket)
		req.Header.Set("Content-Encoding", coding)
		rec := newRecorder()
		handler.ServeHTTP(rec, req)
		if rec.status >= 500 && rec.status != http.StatusInsufficientStorage || h.log.Size() != 0 {
			t.Errorf("%q: %d, %d entries", path, rec.status, h.log.Size())
		}
		if files, held := h.stageOf(t).held(); files > maxFiles || held > h.Quota {
			t.Errorf("%d files of %d bytes", files, held)
		}
	})
}

// recorder is a response writer that keeps the status.
type recorder struct {
	header http.Header
	status int
}

func newRecorder() *recorder                    { return &recorder{header: http.Header{}, status: 200} }
func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(p []byte) (int, error) { return len(p), nil }
func (r *recorder) WriteHeader(status int)      { r.status = status }

// BenchmarkPush brings 10,000 records of 1.5 kB into an empty mirror.
func BenchmarkPush(b *testing.B) {
	m := newMember(b)
	m.size = 1500
	for range 10 {
		m.grow(b, 1000)
	}
	for b.Loop() {
		h := newHub(b, m)
		db, err := bolt.Open(filepath.Join(b.TempDir(), "maillon.db"), bolt.Options{InitialMmap: 64 << 20})
		if err != nil {
			b.Fatal(err)
		}
		h.log = openLog(b, db, m.verifier)
		if _, err := pusher(http.DefaultTransport).Push(b.Context(), h.base(), m.parcel(b, 10000)); err != nil {
			b.Fatal(err)
		}
		h.server.Close()
		_ = db.Close()
	}
	b.ReportMetric(10000*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
