package harvester

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"maillon/catalog"
	"maillon/catalog/entry"
	"maillon/federation/follow"
	"maillon/node/deposit"
	"maillon/store/storetest"
)

// A portal serves a catalogue and files, and counts what is asked.
type portal struct {
	*httptest.Server
	mu    sync.Mutex
	docs  map[string]string
	asked []string
	down  int // status to answer instead
}

func newPortal(t *testing.T) *portal {
	p := &portal{docs: map[string]string{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, r.URL.Path)
	doc, ok := p.docs[r.URL.Path]
	switch {
	case p.down != 0:
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(p.down)
		return
	case !ok:
		http.NotFound(w, r)
		return
	}
	if strings.HasSuffix(r.URL.Path, ".ttl") {
		w.Header().Set("Content-Type", "text/turtle; charset=utf-8")
	}
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(doc)))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = io.WriteString(w, doc)
}

// requests are the paths asked for since the last call.
func (p *portal) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.asked
	p.asked = nil
	return out
}

const prefixes = `@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix prov: <http://www.w3.org/ns/prov#> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
`

// catalogue writes datasets, each with a CSV that has nothing to do with contracts.
func (p *portal) catalogue(ids ...string) string {
	var b strings.Builder
	b.WriteString(prefixes + "<> a dcat:Catalog ; dct:title \"Portail\" .\n")
	for _, id := range ids {
		fmt.Fprintf(&b, "<> dcat:dataset </d/%s> . </d/%s> a dcat:Dataset ; dct:title \"Jeu %s\" ; dct:modified \"2026-01-01\" ; dcat:distribution [ dcat:downloadURL </f/%s.csv> ] .\n", id, id, id, id)
	}
	return b.String()
}

// A bench is a harvester whose journal is a list.
type bench struct {
	*Harvester
	t        *testing.T
	now      time.Time
	said     []string
	deposits []string
	refuse   error
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, now: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)}
	b.Harvester = &Harvester{
		DB: storetest.Memory(), Fetch: follow.NewClient(follow.Options{AllowPrivate: true}), Node: "21350238800019", Dir: t.TempDir(), Log: zerolog.Nop(),
		Now: func() time.Time { return b.now }, MaxBytes: 1 << 20, Ready: func() error { return nil },
		State: func(_ context.Context, entries []entry.Entry) error {
			if b.refuse != nil {
				return b.refuse
			}
			for _, e := range entries {
				if _, err := e.Check(); err != nil {
					t.Error(err)
				}
				d, err := entry.ParseDataset(e.Body)
				if err != nil {
					t.Error(err)
				}
				word := "+"
				if d.Gone {
					word = "-"
				}
				b.said = append(b.said, word+d.Dataset[strings.LastIndex(d.Dataset, "/")+1:])
			}
			return nil
		},
		Deposit: func(_ context.Context, req deposit.Request, r io.Reader) (*deposit.Report, error) {
			raw, err := io.ReadAll(r)
			b.deposits = append(b.deposits, fmt.Sprintf("%s %d", req.Name, len(raw)))
			return &deposit.Report{ID: "dep"}, err
		},
		Ours: func(iri string) bool { return strings.HasPrefix(iri, "https://nous.fr/") },
	}
	return b
}

// go visits a source and returns it as it is then, with what was stated.
func (b *bench) visits(id string) (Source, []string) {
	b.t.Helper()
	s, err := b.Source(id)
	if err != nil {
		b.t.Fatal(err)
	}
	b.said = nil
	b.visit(b.t.Context(), s)
	after, err := b.Source(id)
	if err != nil && !errors.Is(err, ErrUnknown) {
		b.t.Fatal(err)
	}
	slices.Sort(b.said)
	return after, b.said
}

func (b *bench) adds(c Config) Source {
	b.t.Helper()
	s, err := b.Add(c, false)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestOnlyWhatChangesIsStated(t *testing.T) {
	p, b := newPortal(t), newBench(t)
	p.docs["/c.ttl"] = p.catalogue("a", "b")
	src := b.adds(Config{URL: p.URL + "/c.ttl", Files: true})
	s, said := b.visits(src.ID)
	equal(t, "first visit", said, "+a", "+b")
	if s.Error != "" || s.Datasets != 2 || s.Title.French != "Portail" || !s.Complete || len(p.requests()) != 1 {
		t.Errorf("%+v", s)
	}
	s, said = b.visits(src.ID)
	equal(t, "nothing has changed", said)
	equal(t, "and one request tells", p.requests(), "/c.ttl")
	if s.Datasets != 2 || s.Next.Sub(b.now) < 20*time.Hour {
		t.Errorf("%+v", s)
	}
	p.docs["/c.ttl"] = strings.Replace(p.catalogue("a", "b", "c"), "Jeu b", "Jeu B", 1)
	_, said = b.visits(src.ID)
	equal(t, "one new, one changed", said, "+b", "+c")
}

func TestWhatIsNoLongerListedGoesLate(t *testing.T) {
	p, b := newPortal(t), newBench(t)
	ids := strings.Fields("a b c d e f g h i j")
	p.docs["/c.ttl"] = p.catalogue(ids...)
	src := b.adds(Config{URL: p.URL + "/c.ttl"})
	b.visits(src.ID)
	p.docs["/c.ttl"] = p.catalogue(ids[1:]...)
	s, said := b.visits(src.ID)
	equal(t, "at once", said)
	if s.Missing != 1 {
		t.Errorf("%+v", s)
	}
	b.now = b.now.Add(8 * 24 * time.Hour)
	s, said = b.visits(src.ID)
	equal(t, "after the grace", said, "-a")
	if s.Datasets != 9 {
		t.Errorf("%+v", s)
	}
	p.docs["/c.ttl"] = p.catalogue("j")
	b.visits(src.ID)
	b.now = b.now.Add(8 * 24 * time.Hour)
	s, said = b.visits(src.ID)
	equal(t, "most of them at once", said)
	if s.Held != 8 || s.Datasets != 9 {
		t.Errorf("%+v", s)
	}
	if err := b.Confirm(src.ID); err != nil {
		t.Fatal(err)
	}
	s, said = b.visits(src.ID)
	if len(said) != 8 || s.Held != 0 || s.Datasets != 1 || s.Confirmed {
		t.Errorf("confirmed: %q %+v", said, s)
	}
}

func TestAServerThatFailsIsLeftAlone(t *testing.T) {
	p, b := newPortal(t), newBench(t)
	p.docs["/c.ttl"] = p.catalogue("a")
	src := b.adds(Config{URL: p.URL + "/c.ttl"})
	b.visits(src.ID)
	p.down = http.StatusServiceUnavailable
	s, said := b.visits(src.ID)
	equal(t, "nothing is gone", said)
	if s.Failures != 1 || s.Error == "" || s.Datasets != 1 || s.Next.Sub(b.now) < 2*time.Hour {
		t.Errorf("Retry-After is not heeded: %+v", s)
	}
	p.down = 0
	if s, _ = b.visits(src.ID); s.Failures != 0 || s.Error != "" {
		t.Errorf("%+v", s)
	}
}

func TestWhatCameFromHereIsNotTakenBack(t *testing.T) {
	p, b := newPortal(t), newBench(t)
	p.docs["/c.ttl"] = prefixes + `<https://nous.fr/d/1> a dcat:Dataset ; dct:title "À nous" .
<https://tiers.fr/d/2> a dcat:Dataset ; dct:title "Passé par nous" .
<r2> a dcat:CatalogRecord ; foaf:primaryTopic <https://tiers.fr/d/2> ; prov:wasDerivedFrom [ prov:wasAttributedTo <urn:maillon:node:11111111111111>, <urn:maillon:node:21350238800019> ] .
<https://tiers.fr/d/3> a dcat:Dataset ; dct:title "Aussi par un autre chemin" .
<r3> a dcat:CatalogRecord ; foaf:primaryTopic <https://tiers.fr/d/3> ; prov:wasDerivedFrom [ prov:wasAttributedTo <urn:maillon:node:21350238800019> ], [ prov:wasAttributedTo <urn:maillon:node:22222222222222> ] .`
	src := b.adds(Config{URL: p.URL + "/c.ttl"})
	s, said := b.visits(src.ID)
	equal(t, "stated", said, "+3")
	if s.Own != 2 || s.Datasets != 1 {
		t.Errorf("%+v", s)
	}
}

const contracts = `{"marches":{"marche":[{"id":"2026-1","acheteur":{"id":"21350238800019"},"objet":"Papier"}]}}`

func TestPivotFilesAreTakenInWhenTheyChange(t *testing.T) {
	p, b := newPortal(t), newBench(t)
	doc := func(modified string) string {
		return prefixes + `</d/decp> a dcat:Dataset ; dct:title "Marchés publics de la ville" ; dcat:distribution </x/json>, </x/xml>, </x/notice>, </x/pdf> .
</x/json> dcat:downloadURL </f/decp-2026.json> ; dct:format "json" ; dct:modified "` + modified + `" .
</x/xml> dcat:downloadURL </f/decp-2026.xml> ; dct:format "xml" ; dct:modified "` + modified + `" .
</x/notice> dcat:downloadURL </f/notice.json> ; dct:format "json" ; dct:modified "` + modified + `" .
</x/pdf> dcat:downloadURL </f/decp.pdf> ; dct:format "pdf" .
</d/eau> a dcat:Dataset ; dct:title "Qualité de l'eau" ; dcat:distribution [ dcat:downloadURL </f/eau.json> ; dct:format "json" ] .`
	}
	p.docs["/c.ttl"], p.docs["/f/decp-2026.json"], p.docs["/f/notice.json"] = doc("2026-01-01"), contracts, `{"a":1}`
	src := b.adds(Config{URL: p.URL + "/c.ttl", Files: true})
	s, _ := b.visits(src.ID)
	equal(t, "deposits", b.deposits, fmt.Sprintf("decp-2026.json %d", len(contracts)))
	equal(t, "requests", p.requests(), "/c.ttl", "/f/decp-2026.json", "/f/notice.json")
	if s.Pivot != 1 || len(s.Problems) != 1 || s.Problems[0].Rule != RuleFileOther {
		t.Errorf("%+v", s)
	}
	b.visits(src.ID)
	equal(t, "nothing has changed", p.requests(), "/c.ttl")
	p.docs["/c.ttl"] = doc("2026-02-01")
	b.visits(src.ID)
	equal(t, "new by its date, the same by its bytes", b.deposits, fmt.Sprintf("decp-2026.json %d", len(contracts)))
	p.docs["/c.ttl"], p.docs["/f/decp-2026.json"] = doc("2026-03-01"), contracts+"\n"
	b.visits(src.ID)
	if len(b.deposits) != 2 {
		t.Errorf("%q", b.deposits)
	}
	p.requests()
	delete(p.docs, "/f/decp-2026.json")
	p.docs["/c.ttl"] = doc("2026-04-01")
	s, _ = b.visits(src.ID)
	if p.requests(); s.Error != "" || len(s.Problems) != 2 {
		t.Errorf("a file that is missing is a problem of the file: %+v", s)
	}
	b.visits(src.ID)
	equal(t, "what failed is asked for again", p.requests(), "/c.ttl", "/f/decp-2026.json")
}

func TestWhatTheJournalRefusesIsStatedLater(t *testing.T) {
	p, b := newPortal(t), newBench(t)
	p.docs["/c.ttl"] = p.catalogue("a")
	src := b.adds(Config{URL: p.URL + "/c.ttl"})
	b.refuse = errors.New("read-only")
	if s, _ := b.visits(src.ID); s.Error == "" || s.Datasets != 0 {
		t.Errorf("%+v", s)
	}
	b.refuse = nil
	_, said := b.visits(src.ID)
	equal(t, "later", said, "+a")
}

func TestSourcesComeAndGo(t *testing.T) {
	p, b := newPortal(t), newBench(t)
	for _, bad := range []string{"", "ftp://a.fr/", "c.ttl", "https://u:p@a.fr/", "http://"} {
		if _, err := b.Add(Config{URL: bad}, false); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	p.docs["/c.ttl"] = p.catalogue("a", "b")
	src := b.adds(Config{URL: p.URL + "/c.ttl"})
	b.visits(src.ID)
	fixed := Config{URL: p.URL + "/d.ttl"}
	if err := b.Configure([]Config{fixed}); err != nil {
		t.Fatal(err)
	}
	if err := b.Remove(IDOf(fixed.URL)); !errors.Is(err, ErrFixed) {
		t.Error(err)
	}
	if err := b.Remove("nothing"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if err := b.Remove(src.ID); err != nil {
		t.Fatal(err)
	}
	_, said := b.visits(src.ID)
	equal(t, "what a removed source said", said, "-a", "-b")
	if err := b.Configure(nil); err != nil {
		t.Fatal(err)
	}
	b.visits(IDOf(fixed.URL))
	if all, err := b.Sources(); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
}

func TestRunVisitsWhatIsDue(t *testing.T) {
	p, b := newPortal(t), newBench(t)
	p.docs["/c.ttl"] = p.catalogue("a")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	src := b.adds(Config{URL: p.URL + "/c.ttl"})
	for {
		s, err := b.Source(src.ID)
		if err != nil || ctx.Err() != nil {
			t.Fatal(err, ctx.Err())
		}
		if s.Datasets == 1 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTheSameContentIsTakenInOneFormat(t *testing.T) {
	file := func(name string, f catalog.Format, schema string) catalog.Distribution {
		d := catalog.Distribution{DownloadURL: "https://a.fr/files/" + name, Format: f}
		if schema != "" {
			d.ConformsTo = []catalog.Standard{{IRI: schema}}
		}
		return d
	}
	const decp = "https://schema.data.gouv.fr/139bercy/format-commande-publique"
	for name, c := range map[string]struct {
		title string
		files []catalog.Distribution
		want  []string
	}{
		"by the schema":            {"Jeu", []catalog.Distribution{file("a.csv", catalog.CSV, decp), file("b.csv", catalog.CSV, "")}, []string{"a.csv"}},
		"by the title":             {"DECP 2024", []catalog.Distribution{file("a.xml", catalog.XML, ""), file("a.json", catalog.JSON, "")}, []string{"a.json"}},
		"by the file's name":       {"Jeu", []catalog.Distribution{file("marches-publics.csv", catalog.CSV, ""), file("eau.csv", catalog.CSV, "")}, []string{"marches-publics.csv"}},
		"two contents":             {"Commande publique", []catalog.Distribution{file("2023.csv", catalog.CSV, ""), file("2024.json", catalog.JSON, "")}, []string{"2023.csv", "2024.json"}},
		"no format, a known end":   {"decp", []catalog.Distribution{file("x.json", "", "")}, []string{"x.json"}},
		"another kind of document": {"Profil d'acheteur", []catalog.Distribution{file("x.pdf", "PDF", ""), file("y.zip", "ZIP", "")}, nil},
		"nothing of ours":          {"Arbres", []catalog.Distribution{file("x.json", catalog.JSON, "")}, nil},
	} {
		var got []string
		for _, f := range candidates(catalog.Dataset{Title: catalog.Text{French: c.title}, Distributions: c.files}) {
			got = append(got, f.DownloadURL[strings.LastIndex(f.DownloadURL, "/")+1:])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
