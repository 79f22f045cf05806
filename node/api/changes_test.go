package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"maillon/store/view"
)

// changeLines reads the answer to a request for changes: its lines, and the last.
func (r *rig) changeLines(query string) (list []ChangeJSON, end changeEnd) {
	r.t.Helper()
	res := r.do("GET", "/api/v1/changes"+query, "")
	raw := text(r.t, res)
	if res.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s %s", query, res.Status, raw)
	}
	parts := strings.Split(strings.TrimSpace(raw), "\n")
	for _, one := range parts[:len(parts)-1] {
		var l ChangeJSON
		if err := json.Unmarshal([]byte(one), &l); err != nil || l.Address == "" {
			r.t.Fatalf("%s: %v", one, err)
		}
		list = append(list, l)
	}
	if err := json.Unmarshal([]byte(parts[len(parts)-1]), &end); err != nil || end.Cursor == "" {
		r.t.Fatalf("last line %q: %v", parts[len(parts)-1], err)
	}
	return list, end
}

// changesIn are the changes told, without the buyer of their addresses.
func changesIn(list []ChangeJSON) (out []string) {
	for _, l := range list {
		one := l.Change + " " + strings.TrimPrefix(l.Address, rennes+"/")
		if l.Contract == nil {
			one += " gone"
		}
		out = append(out, one)
	}
	return out
}

func TestChangesTellWhatHappenedSinceACursor(t *testing.T) {
	r := newRig(t, "https://x.example/m")
	r.deposit(pivotFile(contractJSONText("A", "lot 1", 12), contractJSONText("B", "encre", 0), contractJSONText("C/2", "dossier", 3)))
	list, end := r.changeLines("")
	if diff := cmp.Diff([]string{"added A", "added B", "added C%2F2"}, changesIn(list)); diff != "" || end.More {
		t.Errorf("snapshot: %+v %s", end, diff)
	}
	one := list[0]
	if one.URL != "https://x.example/m/marches/"+rennes+"/A" || one.Provenance.Node != rennes || one.Provenance.Hash == "" || one.Provenance.Authority != "own" ||
		one.Provenance.At.IsZero() || one.Contract.Object != "lot 1" || !strings.Contains(string(one.Record), `"empreinte":"`+one.Provenance.Hash) {
		t.Errorf("line %+v", one)
	}
	if none, again := r.changeLines("?since=" + end.Cursor); len(none) != 0 || again != end {
		t.Errorf("nothing new: %v, %+v", none, again)
	}
	r.deposit(pivotFile(contractJSONText("A", "lot 2", 12), contractJSONText("D", "bureau", 3)))
	for _, op := range []string{"op=withdraw&entry=1&reason=erreur", "op=redact&entry=2&reason=personne"} {
		if res := r.do("POST", "/api/v1/retractions?"+op, "", "Authorization", "Bearer good"); res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", op, res.Status, text(t, res))
		}
	}
	list, _ = r.changeLines("?since=" + end.Cursor)
	if diff := cmp.Diff([]string{"changed A", "added D", "withdrawn B", "redacted C%2F2"}, changesIn(list)); diff != "" {
		t.Errorf("changes: %s", diff)
	}
	last := list[len(list)-1]
	if last.Contract.Object != "" || strings.Contains(string(last.Record), "dossier") || last.Provenance.Index != 6 || last.Provenance.Hash != "" {
		t.Errorf("redacted: %+v %s", last, last.Record)
	}
	if list, _ := r.changeLines("?record=no&limit=2"); len(list) != 2 || list[0].Record != nil || list[0].Contract == nil {
		t.Errorf("without records: %+v", list)
	}
	if list, _ := r.changeLines("?departement=22"); len(list) != 0 {
		t.Errorf("of another département: %q", changesIn(list))
	}
	if list, _ := r.changeLines("?departement=35&buyer=" + rennes); len(list) != 4 {
		t.Errorf("of the buyer: %q", changesIn(list))
	}
}

// TestALineWithoutContract: nothing stands at the address any more, or not for those
// who follow one département.
func TestALineWithoutContract(t *testing.T) {
	stream := changeStream{s: &Server{}, cursor: changeCursor{diary: "d", at: 5}, req: changeRequest{query: view.ChangeQuery{Departement: "29"}}}
	for name, told := range map[string]view.Told{
		"gone":      {Change: view.Change{Seq: 7, Born: 1, What: view.Gone, Address: "1/A"}},
		"elsewhere": {Change: view.Change{Seq: 7, Born: 1, What: view.Living, Address: "1/A"}, Row: view.Row{Departement: "35"}},
	} {
		raw, err := json.Marshal(stream.line(&told))
		if err != nil || !strings.Contains(string(raw), `"cursor":"d-7","change":"withdrawn","address":"1/A"`) || !strings.Contains(string(raw), `"contract":null`) || strings.Contains(string(raw), "record") {
			t.Errorf("%s: %s, %v", name, raw, err)
		}
	}
}

func TestChangesRefuseWhatTheyCannotTell(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	_, end := r.changeLines("")
	id, _, _ := strings.Cut(end.Cursor, "-")
	for query, want := range map[string]int{
		"?since=" + id + "-99": 410, "?since=0123456789abcdef-1": 410, "?since=" + id + "-1-99": 410, "?since=x": 400, "?since=" + id + "--1": 400,
		"?limit=0": 400, "?limit=10001": 400, "?wait=61": 400, "?wait=x": 400, "?record=maybe": 400, "?sinse=1": 400, "?since=" + id + "-18446744073709551615": 410,
	} {
		res := r.do("GET", "/api/v1/changes"+query, "")
		var p Problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil || res.StatusCode != want || p.Detail == "" {
			t.Errorf("%s: %s, want %d: %+v %v", query, res.Status, want, p, err)
		}
		if want == 410 && (!strings.Contains(p.Detail, "snapshot") || p.Type != "urn:maillon:problem:cursor-gone") {
			t.Errorf("%s does not say what to do: %+v", query, p)
		}
	}
	res := r.do("HEAD", "/api/v1/changes?wait=30&since="+end.Cursor, "")
	if res.StatusCode != 200 || text(t, res) != "" || !strings.Contains(res.Header.Get("Link"), "since="+end.Cursor+"&") || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("HEAD: %s %v", res.Status, res.Header)
	}
	r.ready = ErrStarting
	if res := r.do("GET", "/api/v1/changes", ""); res.StatusCode != 503 {
		t.Errorf("while starting: %s", res.Status)
	}
	r.ready = nil
	if err := r.s.Views.Reset(); err != nil {
		t.Fatal(err)
	}
	if res := r.do("GET", "/api/v1/changes?since="+end.Cursor, ""); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("while the views are made again: %s", res.Status)
	}
}

func TestChangesArePacked(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	res := r.do("GET", "/api/v1/changes", "", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(res.Body)
	if err != nil || res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("%v, %v", err, res.Header)
	}
	packed, err := io.ReadAll(z)
	if plain := text(t, r.do("GET", "/api/v1/changes", "")); err != nil || string(packed) != plain {
		t.Errorf("%v: packed\n%s\nplain\n%s", err, packed, plain)
	}
}

// TestWaitersAreWokenByNewsAndLetGo when the node stops.
func TestWaitersAreWokenByNewsAndLetGo(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	_, end := r.changeLines("")
	ask := func(ctx context.Context) (body chan string) {
		body = make(chan string, 1)
		go func() {
			w := httptest.NewRecorder()
			r.h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/api/v1/changes?wait=60&since="+end.Cursor, nil))
			body <- w.Body.String()
		}()
		return body
	}
	ctx, stop := context.WithCancel(t.Context())
	woken, stopped := ask(t.Context()), ask(ctx)
	stop()
	if got := <-stopped; !strings.HasPrefix(got, `{"cursor":"`+end.Cursor) {
		t.Errorf("let go with %q", got)
	}
	select {
	case got := <-woken:
		t.Fatalf("woken by nothing: %q", got)
	case <-time.After(20 * time.Millisecond):
	}
	r.deposit(pivotFile(contractJSONText("B", "encre", 12)))
	if got := <-woken; !strings.Contains(got, rennes+"/B") {
		t.Errorf("woken with %q", got)
	}
	full := make(chan struct{}, 1)
	full <- struct{}{}
	at, err := r.s.place(end.Cursor)
	if err != nil {
		t.Fatal(err)
	}
	at.at++ // B
	_, err = r.s.awaitChanges(t.Context(), changeRequest{wait: time.Second, query: view.ChangeQuery{After: at.at, Limit: 1}}, full)
	if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.Status != http.StatusTooManyRequests {
		t.Errorf("one too many waits: %v", err)
	}
}

// TestTheExamplesKeepACopy runs the programs of docs/examples against a node that
// changes, is made again, and loses its history: each time they hold what it lists.
func TestTheExamplesKeepACopy(t *testing.T) {
	for name, program := range examples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(program) == 0 {
				t.Skip("SKIPPED: not installed here, the example was not run")
			}
			r := newRig(t, "")
			cut := &cutting{next: r.h}
			ts := httptest.NewServer(cut)
			t.Cleanup(ts.Close)
			file := filepath.Join(t.TempDir(), "copy")
			same := func(what string) {
				t.Helper()
				runExample(t, program, "once", ts.URL, file)
				var list view.Page
				if err := json.NewDecoder(r.do("GET", "/api/v1/contracts?limit=1000", "").Body).Decode(&list); err != nil {
					t.Fatal(err)
				}
				want, got := map[string]view.Row{}, map[string]view.Row{}
				for _, row := range list.Items {
					want[row.Address] = row
				}
				for one := range strings.Lines(runExample(t, program, "list", ts.URL, file)) {
					var l ChangeJSON
					if err := json.Unmarshal([]byte(one), &l); err != nil {
						t.Fatal(err)
					}
					got[l.Address] = *l.Contract
				}
				if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
					t.Errorf("%s: (-listed +copy)\n%s", what, diff)
				}
			}
			random := rand.New(rand.NewPCG(1, 1))
			for i := range 2 {
				var records []string
				for n := range 60 {
					records = append(records, contractJSONText(fmt.Sprintf("N%02d", n), fmt.Sprint("objet ", random.IntN(3)), 1+random.IntN(2)))
				}
				r.deposit(pivotFile(records...))
				cut.set(r.h, i) // an answer is cut
				same(fmt.Sprint("round ", i))
			}
			r.deposit(pivotFile(contractJSONText("last", "papier", 1)))
			if res := r.do("POST", "/api/v1/retractions?op=withdraw&entry=3&reason=erreur", "", "Authorization", "Bearer good"); res.StatusCode != 200 {
				t.Fatal(res.Status)
			}
			same("after a withdrawal")
			if err := r.s.Views.Reset(); err != nil {
				t.Fatal(err)
			}
			if _, err := r.s.Views.CatchUp(t.Context(), view.Source{Journal: view.Journal{Node: rennes}, Log: r.s.Own}); err != nil {
				t.Fatal(err)
			}
			same("after a rebuild")
			other := newRig(t, "")
			other.deposit(pivotFile(contractJSONText("only", "papier", 1)))
			r = other
			cut.set(other.h, 0)
			same("when another history is told")
		})
	}
}

// A cutting handler cuts answers in the middle some times.
type cutting struct {
	mu    sync.Mutex
	next  http.Handler
	times int
}

// set says who answers, and how many answers are cut.
func (c *cutting) set(next http.Handler, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next, c.times = next, times
}

func (c *cutting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	next, cut := c.next, c.times > 0
	if cut {
		c.times--
	}
	c.mu.Unlock()
	if !cut {
		next.ServeHTTP(w, r)
		return
	}
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	maps.Copy(w.Header(), rec.Header())
	_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	panic(http.ErrAbortHandler)
}

// examples are the programs; without arguments what is not installed.
func examples(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{"python": nil, "go": nil}
	if python, err := exec.LookPath("python3"); err == nil {
		out["python"] = []string{python, "../../docs/examples/changes.py"}
	}
	if tool, err := exec.LookPath("go"); err == nil {
		program := filepath.Join(t.TempDir(), "changes")
		if raw, err := exec.Command(tool, "build", "-o", program, "../../docs/examples/changes").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		out["go"] = []string{program}
	}
	return out
}

// runExample runs a program, whose ways of being called differ a little.
func runExample(t *testing.T, program []string, mode, url, file string) string {
	t.Helper()
	args := append(program[1:len(program):len(program)], url, file, "--"+mode)
	if len(program) == 1 {
		args = []string{"-" + mode, url, file}
	}
	cmd := exec.CommandContext(t.Context(), program[0], args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, &errs)
	}
	return out.String()
}
