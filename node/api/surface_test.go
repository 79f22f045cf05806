package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rs/zerolog"

	"maillon/catalog/entry"
	"maillon/catalog/territory"
	"maillon/federation"
	"maillon/federation/audit"
	"maillon/node/deposit"
	"maillon/node/reports"
	"maillon/node/shelf"
	"maillon/node/web"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/search"
	"maillon/store/storetest"
	"maillon/store/view"
)

const rennes = "21350238800019"

// A rig is a server over real stores in memory, with a federation of one.
type rig struct {
	t     *testing.T
	s     *Server
	h     http.Handler
	ready error

	contact string // of the member Acigné
}

func (r *rig) Nodes() ([]NodeStatus, error) {
	return []NodeStatus{r.s.Self, {ID: "21350001000011", Name: "Acigné", Level: "commune", Geozone: "fr:commune:35001", State: "accepted",
		URL: "https://acigne.example", Catalog: "https://acigne.example/catalog", Contact: r.contact}}, nil
}

func (r *rig) Node(id string) (NodeStatus, bool, error) {
	nodes, err := r.Nodes()
	i := slices.IndexFunc(nodes, func(n NodeStatus) bool { return n.ID == id })
	if i < 0 {
		return NodeStatus{}, false, err
	}
	return nodes[i], true, err
}
func (r *rig) Announce([]byte) federation.Decision {
	return federation.Decision{Status: federation.Refused, Reason: "signature"}
}
func (r *rig) Uplinks() []Uplink       { return nil }
func (r *rig) Announcements() [][]byte { return nil }
func (r *rig) Digest(hub string) (string, federation.Digest, bool) {
	return "hub", federation.Digest{1, 255: 2}, hub == "" || hub == "hub"
}
func (r *rig) NotesIn(hub string, buckets []byte) ([][]byte, bool) {
	return [][]byte{fmt.Append(nil, buckets)}, hub == "" || hub == "hub"
}
func (r *rig) Climb(*http.Request, string) []Step { return nil }
func (r *rig) Mirror(string) (*journal.Log, bool) { return nil, false }
func (r *rig) Cosigned(l *journal.Log) []byte     { return l.Checkpoint() }
func (r *rig) Witness([]byte) ([]byte, error)     { return nil, store.ErrNotFound }
func (r *rig) Integrity(context.Context) (*audit.Integrity, error) {
	return &audit.Integrity{Verdicts: map[audit.Verdict]int{}, Members: []audit.Member{}}, nil
}
func (r *rig) Deposit(req *http.Request, d deposit.Request) (*deposit.Report, error) {
	rep, err := r.s.Desk.Deposit(req.Context(), d, req.Body)
	if err == nil {
		r.catchUp()
	}
	return rep, err
}
func (r *rig) Retract(req *http.Request, op entry.Op, target uint64, reason string) (uint64, error) {
	n, err := r.s.Desk.Retract(req.Context(), op, target, reason)
	if err == nil {
		r.catchUp()
	}
	return n, err
}

// catchUp brings views and files up to the journal.
func (r *rig) catchUp() {
	r.t.Helper()
	j := view.Journal{Node: rennes}
	from, err := r.s.Views.Cursor(j)
	if err != nil {
		r.t.Fatal(err)
	}
	var items []view.Item
	for e, err := range r.s.Own.Entries(r.t.Context(), from, r.s.Own.Size()) {
		if err != nil {
			r.t.Fatal(err)
		}
		items = append(items, view.Item{Index: from + uint64(len(items)), Entry: e})
	}
	if err := r.s.Views.Apply(r.t.Context(), j, items); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.s.Shelf.Refresh(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.s.Index.Fill(r.t.Context(), r.s.Views); err != nil {
		r.t.Fatal(err)
	}
}

func newRig(t *testing.T, base string) *rig {
	t.Helper()
	r := &rig{t: t}
	main, views := storetest.Memory(), storetest.Memory()
	secret, public, err := federation.GenerateKey(rennes, 0)
	if err != nil {
		t.Fatal(err)
	}
	signer, _, err := federation.NewSigner(secret, rennes, 0)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := federation.NewVerifier(public, rennes, 0)
	if err != nil {
		t.Fatal(err)
	}
	own, err := journal.Open(main, rennes, 0, verifier)
	if err != nil {
		t.Fatal(err)
	}
	v, err := view.Open(views, rennes)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := territory.ParseGeozone("fr:commune:35238")
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC) }
	sh := &shelf.Shelf{Dir: t.TempDir(), DB: views, Views: v, Node: rennes, URL: base,
		Who: shelf.Publisher{NodeID: rennes, SIRET: rennes, Name: "Ville de Rennes", Level: "commune", Contact: "marches@rennes.example", Territory: zone}}
	pages, err := web.New(web.Site{Name: "Ville de Rennes", NodeID: rennes, Level: "commune", Territory: zone.String()})
	if err != nil {
		t.Fatal(err)
	}
	book := reports.Book{DB: storetest.Memory()}
	if err := book.Add(reports.Report{ID: strings.Repeat("0a", 16), Contract: rennes + "/A", Topic: "wrong", Made: now(), Changed: now(), Node: rennes, To: rennes, State: "received", Text: "secret words", Mail: "a@b.example"}); err != nil {
		t.Fatal(err)
	}
	r.s = &Server{
		Reports: &reports.Desk{Book: book, Self: rennes, Now: now}, MayReport: func(*http.Request) bool { return true },
		Self:    NodeStatus{ID: rennes, Name: "Ville de Rennes", Level: "commune", Geozone: zone.String(), State: "self", URL: base, Catalog: base + "/catalog", Key: public},
		Catalog: sh, Log: zerolog.Nop(), Views: v, Index: search.New(), Shelf: sh, Own: own, Fed: r, Publisher: r, Pages: pages, Tokens: []string{"good"}, MaxBytes: 1 << 20,
		Desk:  &deposit.Desk{Dir: t.TempDir(), DB: main, Log: own, Signer: signer, MaxBytes: 1 << 20, Ready: func() error { return nil }, Now: now},
		Ready: func() error { return r.ready }, Now: now,
	}
	r.s.Index.Loaded()
	r.h = r.s.Handler()
	return r
}

func contractJSONText(id, object string, months int) string {
	obj, _ := json.Marshal(object)
	name, _ := json.Marshal(id)
	return fmt.Sprintf(`{"id":%s,"acheteur":{"id":"%s"},"nature":"Marché","objet":%s,"codeCPV":"30190000","techniques":{"technique":["Sans objet"]},`+
		`"modalitesExecution":{"modaliteExecution":["Sans objet"]},"marcheInnovant":false,"ccag":"Pas de CCAG","offresRecues":3,"attributionAvance":false,`+
		`"typeGroupementOperateurs":"Pas de groupement","sousTraitanceDeclaree":false,"procedure":"Procédure adaptée","lieuExecution":{"code":"35238","typeCode":"Code commune"},`+
		`"dureeMois":%d,"dateNotification":"2026-03-02","datePublicationDonnees":"2026-03-20","montant":41000,"typesPrix":{"typePrix":["Définitif ferme"]},`+
		`"formePrix":"Forfaitaire","titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}}],`+
		`"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},`+
		`"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}`, name, rennes, obj, months)
}

func pivotFile(records ...string) string {
	return `{"marches":{"marche":[` + strings.Join(records, ",") + `]}}`
}

// do sends a request; headers come in pairs.
func (r *rig) do(method, path, body string, headers ...string) *http.Response {
	r.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.h.ServeHTTP(w, req)
	return w.Result()
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (r *rig) deposit(body string) map[string]any {
	r.t.Helper()
	res := r.do("POST", "/api/v1/deposits?name=f.json", body, "Authorization", "Bearer good")
	var rep map[string]any
	if err := json.NewDecoder(res.Body).Decode(&rep); err != nil {
		r.t.Fatal(err)
	}
	rep["status"] = res.StatusCode
	return rep
}

func TestDepositsNeedATokenAndAnswerWithAReport(t *testing.T) {
	r := newRig(t, "https://x.example")
	good := pivotFile(contractJSONText("A", "papier", 12), contractJSONText("B", "encre", 0))
	for _, auth := range []string{"", "Bearer bad", "good"} {
		res := r.do("POST", "/api/v1/deposits", good, "Authorization", auth)
		if res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("token %q: %s", auth, res.Status)
		}
	}
	if rep := r.deposit(good); rep["status"] != 201 || rep["outcome"] != "accepted" {
		t.Errorf("first: %v", rep)
	} else if raw, _ := json.Marshal(rep["records"]); !strings.Contains(string(raw), `"hint":"`) {
		t.Errorf("the report has no hint: %s", raw)
	}
	if rep := r.deposit(good); rep["status"] != 200 || rep["outcome"] != "unchanged" {
		t.Errorf("again: %v", rep)
	}
	if rep := r.deposit(good[:300]); rep["status"] != 422 || rep["problem"] == nil {
		t.Errorf("cut short: %v", rep)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, pivotFile(contractJSONText("Z", "colle", 12)))
	_ = z.Close()
	if rep := r.deposit(packed.String()); rep["status"] != 201 {
		t.Errorf("gzip: %v", rep)
	}
	if res := r.do("POST", "/api/v1/deposits?mode=swap", good, "Authorization", "Bearer good"); res.StatusCode != 400 {
		t.Errorf("unknown mode: %s", res.Status)
	}
}

func TestTheReportAsCSVHoldsNoFormula(t *testing.T) {
	r := newRig(t, "https://x.example")
	rep := r.deposit(pivotFile(strings.Replace(contractJSONText("A", "papier", 12), `"ccag":"Pas de CCAG"`, `"ccag":"=cmd()"`, 1)))
	res := r.do("GET", "/api/v1/deposits/"+rep["id"].(string)+".csv", "")
	if body := text(t, res); res.StatusCode != 200 || !strings.Contains(body, ";'=cmd()") {
		t.Errorf("%s: %s", res.Status, body)
	}
}

func TestTheCatalogueIsMadeForHarvesters(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	tags := map[string]bool{}
	for suffix, media := range map[string]string{"ttl": "text/turtle", "jsonld": "application/ld+json", "rdf": "application/rdf+xml", "nt": "application/n-triples"} {
		for _, coding := range []string{"", "gzip"} {
			res := r.do("GET", "/catalog."+suffix, "", "Accept-Encoding", coding)
			head := r.do("HEAD", "/catalog."+suffix, "", "Accept-Encoding", coding)
			if res.StatusCode != 200 || res.Header.Get("Content-Type") != media+"; charset=utf-8" || res.Header.Get("Content-Encoding") != coding {
				t.Errorf("%s: %s %v", suffix, res.Status, res.Header)
			}
			if head.StatusCode != 200 || head.Header.Get("Content-Length") != res.Header.Get("Content-Length") || len(text(t, head)) != 0 {
				t.Errorf("HEAD %s differs: %v", suffix, head.Header)
			}
			tag := res.Header.Get("ETag")
			if tag == "" || tags[tag] || strings.HasPrefix(tag, "W/") {
				t.Errorf("%s %s: tag %s", suffix, coding, tag)
			}
			tags[tag] = true
			if again := r.do("GET", "/catalog."+suffix, "", "Accept-Encoding", coding, "If-None-Match", tag); again.StatusCode != 304 {
				t.Errorf("%s with its tag: %s", suffix, again.Status)
			}
		}
	}
	for accept, want := range map[string]string{
		"": "application/rdf+xml", "*/*": "application/rdf+xml", "text/turtle": "text/turtle",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html",
	} {
		res := r.do("GET", "/catalog", "", "Accept", accept)
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), want) || !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Accept") {
			t.Errorf("Accept %q: %s %s", accept, res.Status, res.Header.Get("Content-Type"))
		}
	}
	if body := text(t, r.do("GET", "/buyers/"+rennes+"/catalog.ttl", "")); !strings.Contains(body, rennes+"-decp-2026") {
		t.Error("the buyer's catalogue lacks its dataset")
	}
	r.ready = NotReady{{Code: "views", Detail: "the views are being made: 40 %", Mend: "journalctl -u maillon -n 50"}}
	var why Problem
	if err := json.Unmarshal([]byte(text(t, r.do("GET", "/readyz", ""))), &why); err != nil || why.Status != 503 || len(why.Reasons) != 1 || why.Reasons[0].Code != "views" || why.Reasons[0].Mend == "" {
		t.Errorf("/readyz says %+v, %v", why, err)
	}
	for _, path := range []string{"/catalog.ttl", "/buyers/" + rennes + "/catalog.rdf", "/api/v1/contracts", "/readyz"} {
		if res := r.do("GET", path, ""); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s while starting: %s", path, res.Status)
		}
	}
}

func TestAddressesStartFromThePublicBase(t *testing.T) {
	r := newRig(t, "https://x.example/sous/chemin")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	for _, path := range []string{"/catalog.nt", "/sous/chemin/catalog.nt"} { // proxies cut the path, or do not
		body := text(t, r.do("GET", path, ""))
		if !strings.Contains(body, "<https://x.example/sous/chemin/files/"+rennes+"-decp-2026/decret.json>") || strings.Contains(body, "x.example/files") {
			t.Errorf("%s: wrong addresses in\n%s", path, body)
		}
	}
}

func TestLargeCataloguesAreCutInPages(t *testing.T) {
	r := newRig(t, "https://x.example")
	var records []string
	for year := 1950; year < 1950+datasetsPerPage+5; year++ {
		records = append(records, strings.Replace(contractJSONText(fmt.Sprint("Y", year), "papier", 12), "2026-03-02", fmt.Sprintf("%d-03-02", year), 1))
	}
	r.deposit(pivotFile(records...))
	first, second := text(t, r.do("GET", "/catalog.nt", "")), text(t, r.do("GET", "/catalog.nt?page=2", ""))
	if n := strings.Count(first, "#type> <http://www.w3.org/ns/dcat#Dataset>"); n != datasetsPerPage {
		t.Errorf("%d datasets on the first page", n)
	}
	if n := strings.Count(second, "#type> <http://www.w3.org/ns/dcat#Dataset>"); n != 5 {
		t.Errorf("%d datasets on the second page", n)
	}
	if !strings.Contains(first, "hydra/core#next> <https://x.example/catalog.nt?page=2>") {
		t.Error("the first page does not lead to the second")
	}
	for page, status := range map[string]int{"3": 404, "0": 400, "x": 400, "1": 200} {
		if res := r.do("GET", "/catalog.nt?page="+page, ""); res.StatusCode != status {
			t.Errorf("page %s: %s, want %d", page, res.Status, status)
		}
	}
}

func TestFilesAreReallyDownloadable(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	path := "/files/" + rennes + "-decp-2026/decret.json"
	res := r.do("GET", path, "")
	whole := text(t, res)
	if res.StatusCode != 200 || !json.Valid([]byte(whole)) || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") ||
		res.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%s %v", res.Status, res.Header)
	}
	part := r.do("GET", path, "", "Range", "bytes=2-5")
	if part.StatusCode != 206 || text(t, part) != whole[2:6] {
		t.Errorf("range: %s", part.Status)
	}
	packed := r.do("GET", path, "", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(z); err != nil || string(plain) != whole || packed.Header.Get("ETag") == res.Header.Get("ETag") {
		t.Errorf("gzip: %v", err)
	}
	for _, bad := range []string{"/files/x/decret.json", "/files/" + rennes + "-decp-2026/..%2Fsecret", "/files/..%2f..%2fetc/passwd", "/files/" + rennes + "-decp-2026/decret.json.gz"} {
		if res := r.do("GET", bad, ""); res.StatusCode != 404 {
			t.Errorf("%s: %s", bad, res.Status)
		}
	}
}

func TestContractsAreFoundByOddIDsAndWrongQuestionsAreNamed(t *testing.T) {
	r := newRig(t, "https://x.example")
	ids := []string{"A", "1/2 #?%", "a b", "é~x"}
	var records []string
	for _, id := range ids {
		records = append(records, contractJSONText(id, "<script>alert(1)</script>", 12))
	}
	r.deposit(pivotFile(records...))
	for _, id := range ids {
		path := "/" + rennes + "/" + url.PathEscape(id)
		res := r.do("GET", "/api/v1/contracts"+path, "")
		var c ContractJSON
		if err := json.NewDecoder(res.Body).Decode(&c); err != nil || c.Contract.ID != id {
			t.Errorf("%q: %s, %v", id, res.Status, err)
			continue
		}
		if res := r.do("GET", strings.TrimPrefix(c.Permalink, "https://x.example"), "", "Accept", "text/html"); res.StatusCode != 200 {
			t.Errorf("page of %q at %s: %s", id, c.Permalink, res.Status)
		} else if strings.Contains(text(t, res), "<script>") {
			t.Errorf("page of %q: a script comes through", id)
		}
		if res := r.do("GET", "/api/v1/contracts"+path+"/history", ""); res.StatusCode != 200 {
			t.Errorf("history of %q: %s", id, res.Status)
		}
	}
	for q, field := range map[string]string{"limit=0": "limit", "limit=x": "limit", "from=hier": "from", "state=bon": "state", "kind=x": "kind", "nope=1": "nope", "after=!": "after"} {
		res := r.do("GET", "/api/v1/contracts?"+q, "")
		var p Problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil || res.StatusCode != 400 || res.Header.Get("Content-Type") != "application/problem+json" ||
			len(p.Problems) != 1 || p.Problems[0].Pointer != field {
			t.Errorf("%s: %s %+v %v", q, res.Status, p, err)
		}
	}
	res := r.do("GET", "/api/v1/contracts?limit=1", "")
	if link := res.Header.Get("Link"); !strings.Contains(link, `rel="next"`) {
		t.Errorf("Link %q", link)
	}
	if lines := strings.Count(text(t, r.do("GET", "/api/v1/contracts", "", "Accept", "application/x-ndjson")), "\n"); lines != len(ids) {
		t.Errorf("%d lines of NDJSON", lines)
	}
}

func TestRetractions(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "secret", 12)))
	for q, status := range map[string]int{"op=redact&entry=0": 400, "op=burn&entry=0&reason=x": 400, "op=redact&entry=9&reason=x": 404, "op=redact&entry=0&reason=erreur": 200} {
		if res := r.do("POST", "/api/v1/retractions?"+q, "", "Authorization", "Bearer good"); res.StatusCode != status {
			t.Errorf("%s: %s, want %d", q, res.Status, status)
		}
	}
	for _, path := range []string{"/api/v1/contracts/" + rennes + "/A", "/journal/bodies/000.p/2", "/files/" + rennes + "-decp-2026/complet.ndjson"} {
		if body := text(t, r.do("GET", path, "")); strings.Contains(body, "secret") {
			t.Errorf("%s still tells: %s", path, body)
		}
	}
}

func TestJournalsInTheTlogTilesLayout(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	for path, cache := range map[string]string{"checkpoint": "no-cache", "key": "no-cache", "tile/0/000.p/1": "immutable", "tile/entries/000.p/1": "immutable", "bodies/000.p/1": "max-age=60"} {
		res := r.do("GET", "/journal/"+path, "")
		if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Cache-Control"), cache) {
			t.Errorf("%s: %s %s", path, res.Status, res.Header.Get("Cache-Control"))
		}
	}
	for _, path := range []string{"tile/0/000", "tile/0/0", "tile/0/x000/000", "tile/00/000.p/1", "tile/0/000.p/2", "nothing", "../admin.token"} {
		if res := r.do("GET", "/journal/"+path, ""); res.StatusCode != 404 || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	if res := r.do("GET", "/n/21350001000011/journal/checkpoint", ""); res.StatusCode != 404 {
		t.Errorf("a mirror that is not there: %s", res.Status)
	}
}

func TestRegister(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	csv := text(t, r.do("GET", "/register.csv", ""))
	if !strings.HasPrefix(csv, "siretAcheteur;urlProfilAcheteur;urlDCAT;coordonnees;") || !strings.Contains(csv, "21350001000011;https://acigne.example;https://acigne.example/catalog") {
		t.Errorf("register.csv:\n%s", csv)
	}
	for path, media := range map[string]string{"/register.json": "application/json", "/register.ttl": "text/turtle", "/register.rdf": "application/rdf+xml"} {
		if res := r.do("GET", path, ""); res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), media) {
			t.Errorf("%s: %s %s", path, res.Status, res.Header.Get("Content-Type"))
		}
	}
}

func TestEveryPageAnswers(t *testing.T) {
	r := newRig(t, "https://x.example")
	rep := r.deposit(pivotFile(contractJSONText("A", "papier", 12), contractJSONText("B", "encre", 0)))
	for _, path := range []string{"/", "/marches", "/marches?buyer=&state=conforme", "/marches/" + rennes + "/B", "/register", "/acheteurs/" + rennes,
		"/depots/" + rep["id"].(string), "/accessibilite", "/mentions-legales", "/donnees-personnelles"} {
		for _, lang := range []string{"fr", "en"} {
			res := r.do("GET", path, "", "Accept", "text/html", "Accept-Language", lang)
			body := text(t, res)
			if res.StatusCode != 200 || !strings.Contains(body, `<html lang="`+lang) || strings.Contains(body, ">web.") || strings.Contains(body, "%!") {
				t.Errorf("%s in %s: %s", path, lang, res.Status)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	r := newRig(t, "https://x.example")
	for _, c := range []struct {
		method, path string
		status       int
	}{{"GET", "/nothing", 404}, {"DELETE", "/catalog.ttl", 405}, {"GET", "/marches/x/y", 404}, {"GET", "/depots/..", 404}, {"GET", "/acheteurs/000", 404},
		{"POST", "/federation/v1/announce", 403}, {"GET", "/api/v1/nodes/none", 404}, {"GET", "/marches?limit=99999", 400}} {
		res := r.do(c.method, c.path, "")
		if res.StatusCode != c.status {
			t.Errorf("%s %s: %s, want %d", c.method, c.path, res.Status, c.status)
		}
		page := r.do(c.method, c.path, "", "Accept", "text/html")
		if c.method == "GET" && (page.StatusCode != c.status || !strings.Contains(text(t, page), "<h1")) {
			t.Errorf("%s %s as a page: %s", c.method, c.path, page.Status)
		}
	}
	if res := r.do("GET", "/api/v1/nodes", ""); res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("reading needs no origin")
	}
}

func TestDigestAndBuckets(t *testing.T) {
	r := newRig(t, "https://x.example")
	var d struct {
		Pool   string
		Digest []byte
	}
	if err := json.Unmarshal([]byte(text(t, r.do("GET", "/federation/v1/digest?pool=hub", ""))), &d); err != nil {
		t.Fatal(err)
	}
	if got, err := federation.ParseDigest(d.Digest); err != nil || d.Pool != "hub" || got != (federation.Digest{1, 255: 2}) {
		t.Errorf("%s, %v", d.Pool, err)
	}
	if got := text(t, r.do("GET", "/federation/v1/announcements?buckets=03,ff", "")); got != `{"items":["[3 255]"]}`+"\n" {
		t.Error(got)
	}
	for path, want := range map[string]int{"digest?pool=other": 404, "announcements?buckets=03&pool=other": 404, "announcements?buckets=": 400, "announcements?buckets=g": 400} {
		if res := r.do("GET", "/federation/v1/"+path, ""); res.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, res.Status, want)
		}
	}
}

// Whoever needs DCAT-AP 2.1.1 asks for it; the pages of such a catalogue lead on to their like.
func TestTheCatalogueIsGivenInAnOlderProfile(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	now, old := text(t, r.do("GET", "/catalog.nt", "")), text(t, r.do("GET", "/catalog.nt?profile=2.1.1&page=1", ""))
	if !strings.Contains(now, "spdx") || !strings.Contains(now, "nonNegativeInteger") {
		t.Error("3.0.1 is not what is given unasked")
	}
	if strings.Contains(old, "spdx") || !strings.Contains(old, "XMLSchema#decimal") || !strings.Contains(old, "page=1&profile=2.1.1") {
		t.Errorf("2.1.1 is given as %s", old)
	}
	if res := r.do("GET", "/catalog.nt?profile=1.0", ""); res.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown profile: %s", res.Status)
	}
}

func TestTheCatalogueIsScored(t *testing.T) {
	r := newRig(t, "https://x.example")
	if got := text(t, r.do("GET", "/api/v1/quality", "")); !strings.Contains(got, `"items":[]`) {
		t.Errorf("nothing is published: %s", got)
	}
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	got := text(t, r.do("GET", "/api/v1/quality", ""))
	if !strings.Contains(got, `"of":405`) || !strings.Contains(got, `"rating":"excellent"`) {
		t.Errorf("the catalogue gets %s", got)
	}
	if page := text(t, r.do("GET", "/qualite?lang=fr", "")); !strings.Contains(page, "points sur 405\u00a0: excellent") || strings.Contains(page, "quality.") {
		t.Errorf("the page: %s", page)
	}
}

// A catalogue is the same bytes in every coding, and each coding has a tag of
// its own.
func TestTheCatalogueIsPackedAsTheClientLikes(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	plain := r.do("GET", "/catalog.nt", "")
	want := text(t, plain)
	tags := map[string]bool{plain.Header.Get("ETag"): true}
	for accept, coding := range map[string]string{"zstd, gzip": "zstd", "gzip, br": "gzip", "zstd;q=0, gzip": "gzip", "br": ""} {
		res := r.do("GET", "/catalog.nt", "", "Accept-Encoding", accept)
		if got := res.Header.Get("Content-Encoding"); got != coding {
			t.Errorf("%s: coded as %q", accept, got)
			continue
		}
		body := io.Reader(res.Body)
		var err error
		switch coding {
		case "zstd":
			body, err = zstd.NewReader(res.Body)
		case "gzip":
			body, err = gzip.NewReader(res.Body)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != want {
			t.Errorf("%s: %v, other bytes", accept, err)
		}
		tags[res.Header.Get("ETag")] = true
		if again := r.do("GET", "/catalog.nt", "", "Accept-Encoding", accept, "If-None-Match", res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: asked again: %s", accept, again.Status)
		}
	}
	if len(tags) != 3 {
		t.Errorf("%d tags: %v", len(tags), tags)
	}
}
