package node

import (
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/entry"
	"maillon/catalog/rdf"
	"maillon/federation/follow"
	"maillon/node/harvester"
	"maillon/node/plain"
	"maillon/store/journal"
	"maillon/store/storetest"
)

// leaf is a node that is no hub, with one deposit: many contracts of 2026, some of other
// years, one without a date, and ids that no web server likes.
func leaf(t *testing.T) *running {
	t.Helper()
	dir := t.TempDir()
	r := start(t, dir, fmt.Sprintf(`
node: {id: "%s", name: "Ville « d’essai » & fils", level: commune, territory: "fr:commune:35238", contact: a@exemple.fr}
url: http://127.0.0.1:%d
http: {listen: "127.0.0.1:%[2]d", admin: "127.0.0.1:%d"}
data: %s
federation: {allow_private: true, debounce: 10ms}`, memberID, freePort(t), freePort(t), dir))
	var all pivotRows
	add := func(id, day string) { all.add(memberID, id, day) }
	for i := range 205 {
		add("2026-"+strconv.Itoa(1000+i), fmt.Sprintf("2026-%02d-%02d", 1+i%9, 1+i%28))
	}
	for i, id := range []string{"2025/17", "25 % & ?#", "..", "é~a", strings.Repeat("/", 90), `<b>"x"</b>`, "a;b=c", "+1"} {
		add(id, fmt.Sprintf("2025-02-%02d", i+1))
	}
	add("vieux", "1999-01-01")
	add("sans", "")
	all.deposit(t, r)
	return r
}

// pivotRows are the contracts of a pivot file to be.
type pivotRows []string

func (c *pivotRows) add(buyer, id, day string) {
	one := strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(pivotFile, acheteur, buyer), `{"marches":{"marche":[`), `]}}`)
	one = strings.NewReplacer(`"id":"2026-77"`, `"id":`+strconv.Quote(id), `"dateNotification":"2026-03-02"`, `"dateNotification":"`+day+`"`).Replace(one)
	if day == "" {
		one = strings.Replace(one, `"dateNotification":"",`, "", 1)
	}
	*c = append(*c, one)
}

func (c pivotRows) deposit(t *testing.T, r *running) {
	t.Helper()
	file := `{"marches":{"marche":[` + strings.Join(c, ",") + `]}}`
	rep, err := r.node.PostDeposit(t.Context(), http.DefaultClient, "a.json", strings.NewReader(file))
	if err != nil || rep.Counts.Appended != len(c) {
		t.Fatalf("%+v %v", rep, err)
	}
}

// export writes the site of a node to a folder.
func export(t *testing.T, send func(base string, w io.Writer) error, base, dir string) plain.Report {
	t.Helper()
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(send(base, w)) }()
	rep, err := plain.Receive(t.Context(), dir, r, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, r) // until the sender is done
	}
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func (r *running) send(base string, w io.Writer) error {
	return r.node.SendSite(r.t.Context(), base, w)
}

// served hands out a folder below /decp, as any web server does, and nothing else.
func served(t *testing.T, dir string) (base string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/decp/", http.StripPrefix("/decp", http.FileServer(http.Dir(dir))))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/decp"
}

var (
	linkIn = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	formIn = regexp.MustCompile(`<(form|input|button|search)\b`)
)

// A crawler follows every link of a site.
type crawler struct {
	t    *testing.T
	base string
	seen map[string]string // address: where it stood
	todo []string
	// reads tells which pages are read on; nil for all. The others are only asked for.
	reads func(address string) bool
}

func (c *crawler) add(from, link string) {
	link = strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`, "&#39;", "'").Replace(link)
	at, err := url.Parse(from)
	if err != nil {
		c.t.Fatal(err)
	}
	to, err := at.Parse(link)
	if err != nil {
		c.t.Errorf("%s: link %q: %v", from, link, err)
		return
	}
	to.Fragment, to.RawFragment = "", ""
	s := to.String()
	host, _ := url.Parse(c.base)
	switch {
	case to.Host != host.Host:
		return // elsewhere
	case !strings.HasPrefix(s+"/", c.base+"/"):
		c.t.Errorf("%s leads out of the folder: %s", from, s)
	case to.RawQuery != "":
		c.t.Errorf("%s leads to what a file cannot answer: %s", from, s)
	}
	if _, ok := c.seen[s]; !ok {
		c.seen[s] = from
		c.todo = append(c.todo, s)
	}
}

func (c *crawler) run() {
	for len(c.todo) > 0 {
		at := c.todo[0]
		c.todo = c.todo[1:]
		ask := http.Get
		if c.reads != nil && !c.reads(at) {
			ask = http.Head
		}
		res, err := ask(at)
		if err != nil {
			c.t.Fatal(err)
		}
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			c.t.Errorf("%s, to which %s leads: %s %v", at, c.seen[at], res.Status, err)
			continue
		}
		body := string(raw)
		switch kind := res.Header.Get("Content-Type"); {
		case strings.HasPrefix(kind, "text/html"):
			if found := formIn.FindString(body); found != "" {
				c.t.Errorf("%s has %s>: nobody answers it", at, found)
			}
			for _, m := range linkIn.FindAllStringSubmatch(body, -1) {
				c.add(at, m[1])
			}
		case strings.HasSuffix(at, ".atom"):
			for _, m := range linkIn.FindAllStringSubmatch(body, -1) {
				c.add(at, m[1])
			}
		case strings.HasSuffix(at, "/sitemap.xml"):
			var list struct {
				URL []struct {
					Loc string `xml:"loc"`
				} `xml:"url"`
			}
			if err := xml.Unmarshal(raw, &list); err != nil || len(list.URL) == 0 {
				c.t.Errorf("%s: %v", at, err)
			}
			for _, u := range list.URL {
				c.add(at, u.Loc)
			}
		}
	}
}

func TestEveryLinkOfTheExportedSiteLeadsToAFile(t *testing.T) {
	r, dir := leaf(t), t.TempDir()
	base := served(t, dir)
	rep := export(t, r.send, base, dir)
	if rep.LeftOut != 0 {
		t.Errorf("%d files were left out", rep.LeftOut)
	}
	c := &crawler{t: t, base: base, seen: map[string]string{}}
	c.add(base+"/", "")
	for _, also := range []string{"sitemap.xml", "feeds/marches.atom", "404.html", "register.csv", "catalog/", "en/"} {
		c.add(base+"/", also)
	}
	c.run()
	if page, err := os.ReadFile(filepath.Join(dir, "acheteurs", memberID, "index.html")); err != nil || !strings.Contains(string(page), `<p><a href="/decp/marches/">`) {
		t.Errorf("the page of the only buyer does not lead to its contracts: %v", err)
	}
	pages, missed := 0, []string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "index.html" {
			return err
		}
		pages++
		at, _ := filepath.Rel(dir, filepath.Dir(path))
		u := base + "/" + strings.ReplaceAll(filepath.ToSlash(at), "%", "%25") + "/"
		if at == "." {
			u = base + "/"
		}
		if _, ok := c.seen[u]; !ok && !strings.Contains(at+"/", "catalog/") { // these are names of the catalogue: the pages stand at other addresses too
			missed = append(missed, at)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if contracts := 205 + 10; pages < 2*contracts {
		t.Errorf("%d pages", pages)
	}
	if len(missed) > 0 {
		t.Errorf("nothing leads to %q", missed)
	}
	again := export(t, r.send, base, dir)
	if again.Written != 0 || again.Deleted != 0 || again.Files != rep.Files {
		t.Errorf("a second export of the same data: %+v", again)
	}
}

// The catalogue of files says what that of the running node says, but for the API.
func TestTheExportedCatalogueIsTheNodes(t *testing.T) {
	r, dir := leaf(t), t.TempDir()
	export(t, r.send, "", dir)
	for _, syntax := range rdf.Syntaxes() {
		for _, path := range []string{"/catalog", "/catalog/all", "/buyers/" + memberID + "/catalog", "/catalog/datasets/" + memberID + "-decp-2026", "/register"} {
			raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)+syntax.Suffix()))
			if err != nil {
				t.Fatal(err)
			}
			want, _, status := r.get(t, path+syntax.Suffix(), "")
			if status != http.StatusOK {
				t.Fatal(path, status)
			}
			if diff := cmp.Diff(graphLines(t, want, syntax), graphLines(t, string(raw), syntax)); diff != "" {
				t.Errorf("%s%s (-node +file):\n%s", path, syntax.Suffix(), diff)
			}
		}
	}
	older, err := os.ReadFile(filepath.Join(dir, "catalog-dcat-ap-2.1.1.ttl"))
	want, _, _ := r.get(t, "/catalog.ttl?profile=2.1.1", "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(graphLines(t, want, rdf.Turtle), graphLines(t, string(older), rdf.Turtle)); diff != "" {
		t.Errorf("the older profile (-node +file):\n%s", diff)
	}
}

// graphLines is a graph as sorted lines, blank nodes written out where they stand, without what
// is said of the API.
func graphLines(t *testing.T, doc string, s rdf.Syntax) (lines []string) {
	t.Helper()
	g, refused, err := rdf.Read(strings.NewReader(doc), s, "")
	if err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	of := map[string][]string{}
	name := func(term rdf.Term) string {
		if !term.IsBlank() {
			return term.String()
		}
		parts := slices.Clone(of[term.Value()])
		slices.Sort(parts)
		return "[" + strings.Join(parts, "; ") + "]"
	}
	for range 4 { // each round sees one step farther
		next := map[string][]string{}
		for tr := range g.All() {
			if tr.Subject.IsBlank() {
				next[tr.Subject.Value()] = append(next[tr.Subject.Value()], tr.Predicate.String()+" "+name(tr.Object))
			}
		}
		of = next
	}
	for tr := range g.All() {
		line := tr.Subject.String() + " " + tr.Predicate.String() + " " + name(tr.Object)
		if !tr.Subject.IsBlank() && !strings.Contains(line, "/catalog/services/") && !strings.Contains(line, "/api/v1>") {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// Another node harvests the files, and anyone follows the journal, as if a node answered.
func TestTheExportedSiteIsHarvestedAndFollowed(t *testing.T) {
	r, dir := leaf(t), t.TempDir()
	base := served(t, dir)
	export(t, r.send, base, dir)

	mirror, err := journal.Open(storetest.Memory(), memberID, 0, r.node.key.verifier)
	if err != nil {
		t.Fatal(err)
	}
	client := follow.NewClient(follow.Options{AllowPrivate: true})
	if _, err := client.Follow(t.Context(), base+"/journal", r.node.key.verifier, mirror); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Verify(t.Context(), mirror); err != nil || mirror.Root() != r.node.own.Root() || mirror.Size() != r.node.own.Size() {
		t.Errorf("the mirror has %d entries, the journal %d: %v", mirror.Size(), r.node.own.Size(), err)
	}
	more := strings.Replace(strings.ReplaceAll(pivotFile, acheteur, memberID), "2026-77", "nouveau", 1)
	if _, err := r.node.PostDeposit(t.Context(), http.DefaultClient, "b.json", strings.NewReader(more)); err != nil {
		t.Fatal(err)
	}
	rep := export(t, r.send, base, dir)
	if rep.Written == 0 || rep.Written > rep.Files/4 || rep.Deleted == 0 { // partial tiles go
		t.Errorf("after one contract more: %+v", rep)
	}
	if _, err := client.Follow(t.Context(), base+"/journal", r.node.key.verifier, mirror); err != nil || mirror.Size() != r.node.own.Size() {
		t.Errorf("followed again: %d of %d: %v", mirror.Size(), r.node.own.Size(), err)
	}

	two := alone(t, hubID, "")
	src, err := two.node.gather.Add(harvester.Config{URL: base + "/catalog.ttl", Files: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the harvest", func() error {
		s, err := two.node.gather.Source(src.ID)
		if err != nil {
			return err
		}
		sum, err := two.node.Summary()
		if err == nil && (s.Visited.IsZero() || s.Error != "" || s.Datasets != len(r.node.shelf.Datasets("")) || sum.Contracts < 210) {
			err = fmt.Errorf("%d datasets, %d contracts, %q", s.Datasets, sum.Contracts, s.Error)
		}
		return err
	})
}

// A catalogue of several pages is read to its end, by people and by programs, though
// nobody looks at parameters.
func TestThePagesOfALargeCatalogueAreFiles(t *testing.T) {
	if os.Getenv("MAILLON_LARGE") == "" {
		t.Skip("it writes thousands of pages: MAILLON_LARGE=small runs it")
	}
	r, dir := leaf(t), t.TempDir()
	var more pivotRows
	for i := range 200 { // with the years of leaf, more than a page
		more.add(memberID, "A"+strconv.Itoa(i), strconv.Itoa(1826+i)+"-01-02")
	}
	for _, odd := range []string{"n’est pas un SIRET / du tout", "..", "a b", "ABC-1"} {
		more.add(odd, "1", "2026-01-02")
	}
	more.deposit(t, r)
	base := served(t, dir)
	if rep := export(t, r.send, base, dir); rep.LeftOut != 0 {
		t.Errorf("%d files were left out", rep.LeftOut)
	}
	c := &crawler{t: t, base: base, seen: map[string]string{}, reads: func(at string) bool {
		many := regexp.MustCompile("/(jeux|marches|catalog|files|marches-par-annee)/.")
		return strings.Contains(at, "183") || !many.MatchString(at)
	}}
	c.add(base+"/", "")
	c.add(base+"/", "sitemap.xml")
	c.run()
	for _, path := range []string{"/catalogue/7/", "/en/jeux/" + memberID + "-decp-1830/", "/marches-par-annee/1830/", "/en/acheteurs/" + memberID + "/", "/acheteurs/ABC-1/"} {
		if _, ok := c.seen[base+path]; !ok {
			t.Errorf("nothing leads to %s", path)
		}
	}
	sets := len(r.node.shelf.Datasets(""))
	var iris []string
	for doc := "/catalog.rdf"; doc != ""; {
		raw, err := os.ReadFile(dir + filepath.FromSlash(doc))
		if err != nil {
			t.Fatal(err)
		}
		g, refused, err := rdf.Read(strings.NewReader(string(raw)), rdf.RDFXML, "")
		if err != nil || len(refused) > 0 {
			t.Fatal(err, refused)
		}
		f := rdf.FeedOf(g)
		for _, d := range f.Found {
			iris = append(iris, d.Key)
		}
		doc = strings.TrimPrefix(f.Next, base)
	}
	slices.Sort(iris)
	if n := len(slices.Compact(iris)); n != sets || sets <= 200 {
		t.Errorf("%d of %d datasets on the pages of the catalogue", n, sets)
	}
	two := alone(t, hubID, "")
	src, err := two.node.gather.Add(harvester.Config{URL: base + "/catalog.rdf"}, false)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the harvest", func() error {
		s, err := two.node.gather.Source(src.ID)
		if err == nil && (s.Visited.IsZero() || s.Error != "" || s.Datasets != sets || s.Requests != 2) {
			err = fmt.Errorf("%d datasets, %d requests, %q", s.Datasets, s.Requests, s.Error)
		}
		return err
	})
}

// A node that does not run is exported from its data, and its export says the same.
func TestAStoppedNodeIsExported(t *testing.T) {
	r, dir := leaf(t), t.TempDir()
	rep := export(t, r.send, "", dir)
	r.stop()
	cfg := r.node.cfg
	again := export(t, func(base string, w io.Writer) error { return SiteStopped(t.Context(), cfg, base, w) }, "", dir)
	if again.Written != 0 || again.Files != rep.Files {
		t.Errorf("running %+v, stopped %+v", rep, again)
	}
	if err := os.Remove(filepath.Join(cfg.Data, "views.db")); err != nil {
		t.Fatal(err)
	}
	again = export(t, func(base string, w io.Writer) error { return SiteStopped(t.Context(), cfg, base, w) }, "", dir)
	if again.Files != rep.Files {
		t.Errorf("running %+v, stopped, with views made again, %+v", rep, again)
	}
}

func TestAHubIsNoSiteOfFiles(t *testing.T) {
	r, dir := alone(t, hubID, ""), t.TempDir()
	pr, pw := io.Pipe()
	go func() { _ = pw.CloseWithError(r.node.SendSite(t.Context(), "", pw)) }()
	if _, err := plain.Receive(t.Context(), dir, pr, nil); err == nil || err.Error() != ErrHubSite.Error() {
		t.Errorf("%v", err)
	}
}

// What is redacted is gone from every file of the next export, those of earlier partial
// tiles too.
func TestWhatIsRedactedLeavesTheExportedSite(t *testing.T) {
	r, dir := leaf(t), t.TempDir()
	const secret = "42, rue des Lilas"
	deposit := func(id, object string) uint64 {
		file := strings.NewReplacer(acheteur, memberID, "2026-77", id, "Peinture de l'école", object).Replace(pivotFile)
		rep, err := r.node.PostDeposit(t.Context(), http.DefaultClient, id+".json", strings.NewReader(file))
		if err != nil || rep.Counts.Appended != 1 {
			t.Fatalf("%+v %v", rep, err)
		}
		return rep.First
	}
	holding := func() (files []string) {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			if strings.Contains(string(raw), secret) {
				name, _ := filepath.Rel(dir, path)
				files = append(files, filepath.ToSlash(name))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	target := deposit("secret", secret)
	export(t, r.send, "", dir)
	if files := holding(); !slices.Contains(files, "journal/bodies/000.p/"+strconv.Itoa(int(target)+1)) || !slices.Contains(files, "marches/"+memberID+"/secret/index.html") {
		t.Fatalf("before it is redacted, it stands in %q", files)
	}
	if _, err := r.node.Retract(t.Context(), entry.Redact, target, "données personnelles"); err != nil {
		t.Fatal(err)
	}
	export(t, r.send, "", dir)
	if files := holding(); len(files) > 0 {
		t.Errorf("after it was redacted, it stands in %q", files)
	}
}
