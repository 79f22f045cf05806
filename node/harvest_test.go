package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"maillon/catalog/rdf"
	"maillon/node/harvester"
)

// entity is a portal that has only a DCAT address: no node, no journal.
type entity struct {
	*httptest.Server
	mu    sync.Mutex
	docs  map[string]string
	types map[string]string
}

func newEntity(t *testing.T) *entity {
	e := &entity{docs: map[string]string{}, types: map[string]string{}}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		doc, ok := e.docs[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", e.types[r.URL.Path])
		_, _ = io.WriteString(w, doc)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *entity) serve(path, contentType, doc string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.docs[path], e.types[path] = doc, contentType
}

const acheteur = "21350238800019"

const pivotFile = `{"marches":{"marche":[{"id":"2026-77","acheteur":{"id":"21350238800019"},"nature":"Marché","objet":"Peinture de l'école","codeCPV":"45442100",
"techniques":{"technique":["Sans objet"]},"modalitesExecution":{"modaliteExecution":["Sans objet"]},"marcheInnovant":false,"ccag":"Pas de CCAG","offresRecues":3,
"attributionAvance":false,"typeGroupementOperateurs":"Pas de groupement","sousTraitanceDeclaree":false,"procedure":"Procédure adaptée",
"lieuExecution":{"code":"35238","typeCode":"Code commune"},"dureeMois":12,"dateNotification":"2026-03-02","datePublicationDonnees":"2026-03-20","montant":41000,
"typesPrix":{"typePrix":["Définitif ferme"]},"formePrix":"Forfaitaire","titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}}],
"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}]}}`

func (e *entity) catalogue(more string) string {
	return fmt.Sprintf(`@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
<%[1]s/catalog> a dcat:Catalog ; dct:title "Portail de l'entité A"@fr ; dcat:dataset <%[1]s/d/decp>, <%[1]s/d/arbres>, <%[1]s/d/casse> .
<%[1]s/d/decp> a dcat:Dataset ; dct:identifier "decp-2026" ; dct:title "Marchés publics 2026"@fr ; dct:description "Données essentielles"@fr ;
  dct:publisher [ a foaf:Agent ; foaf:name "Entité A" ] ; dct:modified "2026-03-20" ; dcat:distribution <%[1]s/x/json> .
<%[1]s/x/json> a dcat:Distribution ; dcat:downloadURL <%[1]s/f/decp-2026.json> ; dcat:accessURL <%[1]s/f/decp-2026.json> ; dct:format "json" .
<%[1]s/d/arbres> a dcat:Dataset ; dct:identifier "1" ; dct:title "Arbres remarquables"@fr ; dcat:theme <http://publications.europa.eu/resource/authority/data-theme/ENVI> ;
  dcat:distribution [ dcat:downloadURL <%[1]s/f/arbres.csv> ; dct:format "CSV" ; dct:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> ] .
<%[1]s/d/casse> a dcat:Dataset .
%[2]s`, e.URL, more)
}

func alone(t *testing.T, id, extra string) *running {
	t.Helper()
	dir := t.TempDir()
	r := start(t, dir, fmt.Sprintf(`
node: {id: "%s", name: Nœud %s, level: region, territory: "fr:region:53", contact: a@exemple.fr}
url: http://127.0.0.1:%d
http: {listen: "127.0.0.1:%[3]d", admin: "127.0.0.1:%d"}
data: %s
federation: {allow_private: true, debounce: 10ms, hub: {listen: "127.0.0.1:%d", profile: local}}
%s`, id, id, freePort(t), freePort(t), dir, freePort(t), extra))
	eventually(t, "start", func() error {
		if raw, _, status := r.get(t, "/catalog.rdf", ""); status != http.StatusOK {
			return fmt.Errorf("%d %s", status, raw)
		}
		return nil
	})
	return r
}

func (r *running) get(t *testing.T, path, accept string) (string, http.Header, int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error(), nil, 0
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), res.Header, res.StatusCode
}

// feed reads a catalogue that a node serves.
func (r *running) feed(t *testing.T, path string) rdf.Feed {
	t.Helper()
	raw, _, status := r.get(t, path, "")
	g, refused, err := rdf.Read(strings.NewReader(raw), rdf.Turtle, "")
	if err != nil || status != http.StatusOK || len(refused) > 0 {
		t.Fatalf("%s: %d %v %v\n%.500s", path, status, err, refused, raw)
	}
	return rdf.FeedOf(g)
}

type datasets struct {
	Total int
	Items []struct {
		IRI, Identifier, Page string
		Sources               []struct {
			Node, Location string
			Index          uint64
		}
	}
}

func (r *running) datasets(t *testing.T, query string) (d datasets) {
	t.Helper()
	raw, _, status := r.get(t, "/api/v1/datasets?"+query, "")
	if err := json.Unmarshal([]byte(raw), &d); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v %.300s", status, err, raw)
	}
	return d
}

// «Entité A», which has only a DCAT address, takes part: its datasets are listed
// under their own names, its contracts are found, and a broken dataset of its
// costs no other.
func TestAnEntityWithOnlyADCATAddressTakesPart(t *testing.T) {
	a := newEntity(t)
	a.serve("/catalog.ttl", "text/turtle", a.catalogue(""))
	a.serve("/f/decp-2026.json", "application/json", pivotFile)
	hub := alone(t, hubID, "sources: [{url: '"+a.URL+"/catalog.ttl', every: 1h}]")
	eventually(t, "the contract of the entity's pivot file", func() error {
		raw, _, status := hub.get(t, "/api/v1/contracts/"+acheteur+"/2026-77", "application/json")
		if status != http.StatusOK {
			return fmt.Errorf("%d %s", status, raw)
		}
		return nil
	})
	eventually(t, "the buyer's catalogue", func() error {
		if raw, _, status := hub.get(t, "/buyers/"+acheteur+"/catalog.ttl", ""); status != http.StatusOK {
			return fmt.Errorf("%d %s", status, raw)
		}
		return nil
	})
	got := hub.datasets(t, "")
	names := map[string]bool{}
	for _, d := range got.Items {
		names[d.IRI] = true
	}
	for _, iri := range []string{a.URL + "/d/decp", a.URL + "/d/arbres", hub.url + "/catalog/datasets/" + acheteur + "-decp-2026"} {
		if !names[iri] {
			t.Errorf("%s is not listed: %v", iri, names)
		}
	}
	if names[a.URL+"/d/casse"] {
		t.Error("a dataset of which nothing is said is listed")
	}
	eventually(t, "the hub’s own: of a buyer; of all, of a year, of a département; directory and register", func() error {
		if got = hub.datasets(t, ""); got.Total != 2+6 {
			return fmt.Errorf("%+v", got)
		}
		return nil
	})
	feed := hub.feed(t, "/catalog/all.ttl")
	if len(feed.Found) != got.Total || len(feed.Problems) > 0 {
		t.Errorf("%d datasets in RDF, %d in JSON; %v", len(feed.Found), got.Total, feed.Problems)
	}
	for _, d := range feed.Found {
		if d.Key == a.URL+"/d/decp" && (d.Dataset.Identifier != "decp-2026" || d.Dataset.Publisher.Name != "Entité A" || len(d.Through) != 1 || d.Through[0] != hubID) {
			t.Errorf("identifiers, publishers and provenance are kept: %+v %v", d.Dataset, d.Through)
		}
	}
	d := hub.datasets(t, "theme=envi")
	if d.Total != 1 || d.Items[0].Sources[0].Location != a.URL+"/catalog.ttl" {
		t.Fatalf("%+v", d)
	}
	one, _, _ := hub.get(t, strings.Replace(strings.TrimPrefix(d.Items[0].Page, hub.url), "/jeux/", "/api/v1/datasets/", 1)+"?lang=en", "")
	for _, want := range []string{`"of":405`, `"of":9`, `"metric":"quality.temporal","text":"`, `"iri":"` + a.URL} {
		if !strings.Contains(one, want) {
			t.Errorf("without %s: %.900s", want, one)
		}
	}
	raw, _, _ := hub.get(t, "/api/v1/sources", "")
	if !strings.Contains(raw, `"datasets":2`) || !strings.Contains(raw, "feed-stub") {
		t.Errorf("%.600s", raw)
	}
	for path, want := range map[string]string{"/catalogue?q=arbres": "Arbres remarquables", "/sources": "Portail de l’entité", "/sitemap.xml": hub.url + "/jeux/", "/robots.txt": "Sitemap: "} {
		page, _, status := hub.get(t, path, "text/html")
		page = strings.ReplaceAll(page, "&#39;", "’")
		if status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("%s: %d, without %q", path, status, want)
		}
	}
}

// Two federations that harvest each other do not take back what is theirs, and
// what its home drops does not live on between them.
func TestTwoFederationsThatHarvestEachOther(t *testing.T) {
	t.Parallel()
	a := newEntity(t)
	a.serve("/catalog.ttl", "text/turtle", a.catalogue("<"+a.URL+"/d/bancs> a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> \"Bancs\" ."))
	a.serve("/f/decp-2026.json", "application/json", pivotFile)
	one := alone(t, hubID, "sources: [{url: '"+a.URL+"/catalog.ttl', every: 1s, grace: 1s, max_deletions: 50%}]")
	two := alone(t, "24350013900189", "sources: [{url: '"+one.url+"/catalog/all.ttl', every: 1s, grace: 1s, max_deletions: 50%}]")
	if _, err := one.node.gather.Add(harvesterConfig(two.url+"/catalog/all.ttl"), false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the entity's dataset at the second", func() error {
		for _, d := range two.datasets(t, "q=bancs").Items {
			if d.IRI == a.URL+"/d/bancs" && d.Sources[0].Location == one.url+"/catalog/all.ttl" {
				return nil
			}
		}
		return fmt.Errorf("%+v", two.datasets(t, ""))
	})
	eventually(t, "a visit of the first to the second", func() error {
		s, err := one.node.gather.Source(harvester.IDOf(two.url + "/catalog/all.ttl"))
		if err == nil && (s.Own == 0 || s.Error != "") {
			err = fmt.Errorf("%+v", s)
		}
		return err
	})
	for _, d := range one.datasets(t, "").Items {
		if len(d.Sources) != 1 {
			t.Errorf("%s came back: %+v", d.IRI, d.Sources)
		}
	}
	a.serve("/catalog.ttl", "text/turtle", a.catalogue(""))
	eventually(t, "what its home drops is gone from both", func() error {
		if n, m := one.datasets(t, "q=bancs").Total, two.datasets(t, "q=bancs").Total; n+m > 0 {
			return fmt.Errorf("%d and %d", n, m)
		}
		return nil
	})
	if two.datasets(t, "q=arbres").Total != 1 {
		t.Error("the others are gone too")
	}
}

func harvesterConfig(url string) harvester.Config {
	return harvester.Config{URL: url, Every: 1e9, Grace: 1e9, Share: 0.5}
}

// The catalogues of every kind of page are the same bytes until something
// changes, and one request tells a harvester so.
func TestAnsweringAgainIsNotMakingAgain(t *testing.T) {
	a := newEntity(t)
	a.serve("/catalog.ttl", "text/turtle", a.catalogue(""))
	hub := alone(t, hubID, "")
	_, h, _ := hub.get(t, "/catalog/all.rdf", "")
	tag := h.Get("ETag")
	if _, err := hub.node.gather.Add(harvester.Config{URL: a.URL + "/catalog.ttl"}, false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another tag", func() error {
		if _, h, _ := hub.get(t, "/catalog/all.rdf", ""); h.Get("ETag") == tag {
			return fmt.Errorf("still %s", tag)
		}
		return nil
	})
	_, h, _ = hub.get(t, "/catalog/all.rdf", "")
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, hub.url+"/catalog/all.rdf", nil)
	req.Header.Set("If-None-Match", h.Get("ETag"))
	req.Header.Set("Accept-Encoding", "identity")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if first := strings.TrimSuffix(strings.TrimSuffix(h.Get("ETag"), `-gzip"`), `"`); res.StatusCode != http.StatusNotModified && !strings.HasPrefix(res.Header.Get("ETag"), first) {
		t.Errorf("%d %s, had %s", res.StatusCode, res.Header.Get("ETag"), h.Get("ETag"))
	}
}

// A large catalogue is walked page by page, each dataset once, filters kept; and a
// second visit of a node of ours, when nothing has changed, is one request.
func TestALargeCatalogueIsWalkedAndThenOneRequestTells(t *testing.T) {
	const all = 450 + 2 // with the directory and the register of the hub
	a := newEntity(t)
	var b strings.Builder
	b.WriteString("@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n")
	for i := range 450 {
		theme := []string{"ENVI", "TRAN"}[i%2]
		fmt.Fprintf(&b, "<%s/d/%d> a dcat:Dataset ; dct:title \"Jeu %d\" ; dcat:theme <http://publications.europa.eu/resource/authority/data-theme/%s> ; dct:modified \"2026-01-01\" .\n", a.URL, i, i, theme)
	}
	a.serve("/catalog.ttl", "text/turtle", b.String())
	one := alone(t, hubID, "sources: [{url: '"+a.URL+"/catalog.ttl', files: false}]")
	eventually(t, "all of them", func() error {
		if d := one.datasets(t, ""); d.Total != all {
			return fmt.Errorf("%d", d.Total)
		}
		return nil
	})
	for path, want := range map[string]int{"/catalog/all.ttl": all, "/catalog/all.ttl?theme=ENVI": 225, "/catalog/all.ttl?modified_since=2027-01-01": 0} {
		seen, pages := map[string]bool{}, 0
		for next := path; next != ""; pages++ {
			f := one.feed(t, next)
			for _, d := range f.Found {
				if seen[d.Key] {
					t.Errorf("%s: %s stands on two pages", path, d.Key)
				}
				seen[d.Key] = true
			}
			next = strings.TrimPrefix(f.Next, one.url)
		}
		if len(seen) != want || pages != max(1, (want+199)/200) {
			t.Errorf("%s: %d datasets on %d pages, want %d", path, len(seen), pages, want)
		}
	}
	_, h, _ := one.get(t, "/catalog/all.rdf?page=2", "")
	if l := h.Get("Link"); !strings.Contains(l, `page=3>; rel="next"`) || !strings.Contains(l, `page=1>; rel="prev"`) {
		t.Errorf("Link: %s", l)
	}
	if _, _, status := one.get(t, "/catalog/all.rdf?page=4", ""); status != http.StatusNotFound {
		t.Errorf("a page after the last: %d", status)
	}
	if _, _, status := one.get(t, "/catalog/all.rdf?theme=NOPE", ""); status != http.StatusBadRequest {
		t.Errorf("a theme that there is not: %d", status)
	}
	two := alone(t, "24350013900189", "")
	src, err := two.node.gather.Add(harvester.Config{URL: one.url + "/catalog/all.rdf"}, false)
	if err != nil {
		t.Fatal(err)
	}
	visited := func(requests int) {
		t.Helper()
		eventually(t, "a visit", func() error {
			s, err := two.node.gather.Source(src.ID)
			if err == nil && (s.Visited.IsZero() || s.Next.IsZero() || s.Error != "" || s.Datasets != all || s.Requests != requests) {
				err = fmt.Errorf("%d datasets, %d requests, %s", s.Datasets, s.Requests, s.Error)
			}
			return err
		})
	}
	visited(3)
	if err := two.node.gather.Visit(src.ID); err != nil {
		t.Fatal(err)
	}
	visited(1)
}

// Every real feed that can be read is harvested, and its datasets are listed.
func TestRealFeedsAreHarvested(t *testing.T) {
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("SKIPPED: needs MAILLON_CONFORMANCE")
	}
	dir = filepath.Join(dir, "dcat", "feeds")
	index, err := os.ReadFile(filepath.Join(dir, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	a := newEntity(t)
	hub := alone(t, hubID, "")
	want := map[string]int{}
	n := 0
	for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n")[1:] {
		col := strings.Split(line, "\t")
		kind, known := map[string]string{"turtle": "text/turtle", "rdfxml": "application/rdf+xml", "jsonld": "application/ld+json", "ntriples": "application/n-triples", "trig": "application/trig"}[col[3]]
		if !known || col[10] != "ok" && col[11] != "ok" || col[7] == "0" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(col[0])))
		if err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("/feed/%d", n)
		a.serve(path, kind, string(raw))
		if _, err := hub.node.gather.Add(harvester.Config{URL: a.URL + path}, false); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(col[7], &n); err != nil {
			t.Fatal(err)
		}
		want[a.URL+path] = n
		n = len(want)
	}
	within(t, 3*time.Minute, "a visit to each", func() error {
		all, err := hub.node.Sources()
		if err != nil {
			return err
		}
		for _, s := range all {
			if s.Visited.IsZero() {
				return fmt.Errorf("%s waits", s.URL)
			}
		}
		return nil
	})
	all, err := hub.node.Sources()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, s := range all {
		left := 0
		for _, p := range s.Problems {
			if p.Rule == rdf.RuleFoundStub || p.Rule == rdf.RuleFoundTwice {
				left++
			}
		}
		if s.Error != "" || s.Datasets+left != want[s.URL] {
			t.Errorf("%s: %d datasets and %d left out, want %d: %s %v", s.URL, s.Datasets, left, want[s.URL], s.Error, s.Problems)
		}
		sum += s.Datasets
	}
	eventually(t, "the union", func() error {
		if d := hub.datasets(t, ""); d.Total == 0 || d.Total > sum {
			return fmt.Errorf("%d of %d", d.Total, sum)
		}
		return nil
	})
	// Whatever they say, the union of all can be published, and read again.
	eventually(t, "the union as RDF", func() error {
		raw, _, status := hub.get(t, "/catalog/all.ttl", "")
		if status != http.StatusOK {
			return fmt.Errorf("%d %.300s", status, raw)
		}
		return nil
	})
	if out := os.Getenv("MAILLON_KEEP"); out != "" {
		raw, _, _ := hub.get(t, "/catalog/all.ttl", "")
		_ = os.WriteFile(out, []byte(raw), 0o600)
	}
	t.Logf("%d feeds, %d datasets, %d listed", len(all), sum, hub.datasets(t, "").Total)
}
