package api

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"maillon/catalog/audit"
	"maillon/catalog/entry"
	"maillon/catalog/territory"
	"maillon/catalog/territory/outline"
	"maillon/federation"
	"maillon/node/reports"
	"maillon/store/view"
)

// hub is a rig that tells of its territory, here a département.
func hub(t *testing.T) *rig {
	r := newRig(t, "https://x.example")
	r.s.Self.IsHub, r.s.Self.Geozone = true, "fr:departement:35"
	return r
}

// An auditAnswer is what /api/v1/audit answers, as far as the tests look.
type auditAnswer struct {
	Summary audit.Total
	Outside int
	Figures AuditFigures
	Actors  struct {
		Total int
		Items []audit.Actor
		Next  string
	}
	Departements, EPCIs, Levels []audit.Total
}

func getJSON[T any](r *rig, path string) (out T) {
	r.t.Helper()
	res := r.do("GET", path, "")
	if res.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s %s", path, res.Status, text(r.t, res))
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		r.t.Fatalf("%s: %v", path, err)
	}
	return out
}

// audited waits until the audit has n contracts: a report may be a little old.
func (r *rig) audited(n int) auditAnswer {
	r.t.Helper()
	for range 1500 {
		if a := getJSON[auditAnswer](r, "/api/v1/audit"); a.Summary.Contracts == n {
			return a
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.t.Fatalf("the audit never had %d contracts: %+v", n, getJSON[auditAnswer](r, "/api/v1/audit").Summary)
	return auditAnswer{}
}

func TestAuditOfATerritory(t *testing.T) {
	r := hub(t)
	r.audited(0)
	r.deposit(pivotFile(contractJSONText("A", "papier", 12), contractJSONText("B", "encre", 0)))
	a := r.audited(2)
	if a.Summary.States[audit.Own] != 1 || a.Summary.States[audit.Idle] != 1 || a.Summary.Bodies != a.Actors.Total || a.Summary.ToCorrect != 1 {
		t.Errorf("summary %+v, actors %d", a.Summary, a.Actors.Total)
	}
	if d := a.Figures.Delay; d.N != 2 || d.Median != 18 || d.Late != 0 {
		t.Errorf("delays %+v", d)
	}
	if len(a.Figures.Fields) < 20 || len(a.Figures.Trend) != 1 || a.Figures.Trend[0].Key != "2026-04" || len(a.Departements) != 1 || len(a.EPCIs) < 18 {
		t.Errorf("figures %+v", a.Figures)
	}
	if first := a.Actors.Items[0]; first.State == audit.Unknown {
		t.Errorf("what is known stands first, not %+v", first)
	}
	r.deposit(pivotFile(contractJSONText("B", "encre", 6)))
	if a := r.audited(2); a.Summary.Contracts != 2 {
		t.Errorf("after a correction: %+v", a.Summary)
	}
}

func TestAuditFiltersAndPages(t *testing.T) {
	r := hub(t)
	all := getJSON[auditAnswer](r, "/api/v1/audit?limit=1000").Actors.Total
	for _, c := range []struct {
		query string
		least int
		most  int
	}{
		{"level=departement", 1, 1}, {"level=epci", 15, 30}, {"state=idle", 2, 2}, {"state=own", 0, 0}, {"obstacle=no-contact", 2, 2},
		{"territory=fr:epci:243500139", 44, 44}, {"territory=fr:commune:35238&state=", 1, 1}, {"territory=fr:departement:22", 0, 5},
	} {
		if n := getJSON[auditAnswer](r, "/api/v1/audit?"+c.query).Actors.Total; n < c.least || n > c.most {
			t.Errorf("%s: %d actors, want %d to %d", c.query, n, c.least, c.most)
		}
	}
	seen := map[string]bool{}
	after := ""
	for range 100 {
		a := getJSON[auditAnswer](r, "/api/v1/audit?limit=37&after="+after)
		for _, one := range a.Actors.Items {
			if seen[one.ID] {
				t.Fatalf("%s stands on two pages", one.ID)
			}
			seen[one.ID] = true
		}
		if after = a.Actors.Next; after == "" {
			break
		}
	}
	if len(seen) != all {
		t.Errorf("pages have %d actors of %d", len(seen), all)
	}
	for _, bad := range []string{"level=x", "state=x", "territory=fr:departement:00", "obstacle=x", "limit=0", "limit=x", "page=2"} {
		if res := r.do("GET", "/api/v1/audit?"+bad, ""); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", bad, res.Status)
		}
	}
}

func TestAuditAsCSVHoldsNoFormula(t *testing.T) {
	r := hub(t)
	r.s.Self.Contact = "x"
	bad := strings.Replace(contractJSONText("A", "papier", 12), rennes, "=cmd()", 1)
	r.deposit(pivotFile(bad))
	r.audited(1)
	res := r.do("GET", "/api/v1/audit.csv?level=organisme", "")
	c := csv.NewReader(res.Body)
	c.Comma = ';'
	rows, err := c.ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != "'=cmd()" || len(rows[0]) != len(rows[1]) {
		t.Errorf("%v: %q", err, rows)
	}
}

func TestLettersAndTheirFeed(t *testing.T) {
	r := hub(t)
	r.s.Self.Contact = "marches@rennes.example"
	r.deposit(pivotFile(contractJSONText("A", "papier", 12), contractJSONText("B", "encre", 0)))
	r.audited(2)
	type answer struct {
		Actor  audit.Actor
		Letter audit.Letter
	}
	l := getJSON[answer](r, "/api/v1/audit/"+rennes)
	if l.Actor.Name != "Rennes" || len(l.Letter.Well) == 0 || len(l.Letter.Mend) == 0 || l.Letter.Mend[0].Rule != "minimum" {
		t.Errorf("letter %+v", l)
	}
	if by := getJSON[answer](r, "/api/v1/audit/"+rennes[:9]); by.Letter.Tag != l.Letter.Tag {
		t.Error("the SIREN gives another letter")
	}
	id := func() string {
		var feed struct {
			Entries []struct {
				ID string `xml:"id"`
			} `xml:"entry"`
		}
		res := r.do("GET", "/feeds/audit/"+rennes+".atom", "")
		if err := xml.NewDecoder(res.Body).Decode(&feed); err != nil || len(feed.Entries) != 1 || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/atom+xml") {
			t.Fatalf("%v %s %+v", err, res.Status, feed)
		}
		return feed.Entries[0].ID
	}
	first := id()
	if again := id(); again != first || !strings.Contains(first, l.Letter.Tag) {
		t.Errorf("the same letter is %s, then %s", first, again)
	}
	r.deposit(pivotFile(contractJSONText("B", "encre", 6), contractJSONText("C", "colle", 6)))
	r.audited(3)
	if id() == first {
		t.Error("a changed letter has the old id")
	}
	for _, path := range []string{"/api/v1/audit/12345678900000", "/audit/1", "/feeds/audit/1.atom"} {
		if res := r.do("GET", path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
}

func TestAuditPagesForAHubAndForABuyer(t *testing.T) {
	r := hub(t)
	for path, want := range map[string]string{
		"/audit": "Audit territorial : Ille-et-Vilaine", "/audit?level=epci&state=unknown": "Rennes Métropole", "/audit?lang=en": "Territorial audit",
		"/audit/" + rennes: "Bilan de publication : Rennes", "/audit/21350001000011?lang=en": "Publication report: Acigné",
	} {
		res := r.do("GET", path, "", "Accept", "text/html")
		if body := text(t, res); res.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %s, without %q", path, res.Status, want)
		}
	}
	r.s.Self.IsHub = false
	if body := text(t, r.do("GET", "/audit", "")); !strings.Contains(body, "Bilan de publication : Rennes") {
		t.Error("a buyer's node does not show its own letter")
	}
}

func TestHostileNamesInAnAudit(t *testing.T) {
	r := hub(t)
	const name = `<script>x</script>"'`
	r.s.Self.Name = name
	r.deposit(pivotFile(strings.Replace(contractJSONText("A", "papier", 12), rennes, "123456782 <b>", 1)))
	r.audited(1)
	for _, path := range []string{"/audit", "/audit?level=organisme", "/audit/" + rennes, "/feeds/audit/" + rennes + ".atom"} {
		if body := text(t, r.do("GET", path, "", "Accept", "text/html")); strings.Contains(body, "<script>") || strings.Contains(body, "<b>") {
			t.Errorf("%s has the name as it is", path)
		}
	}
}

func TestAuditWaitsForTheNode(t *testing.T) {
	r := hub(t)
	r.ready = ErrStarting
	for _, path := range []string{"/api/v1/audit", "/api/v1/audit.csv", "/audit", "/audit/" + rennes} {
		if res := r.do("GET", path, ""); res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	r.ready = nil
	if err := r.s.Audits.Close(); err != nil {
		t.Fatal(err)
	}
	if res := r.do("GET", "/api/v1/audit", ""); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("closed: %s", res.Status)
	}
}

// The delays of real files of July 2024 were counted apart, by a script over the
// records that are distinct by buyer, id and objet.
func TestAuditOfRealFiles(t *testing.T) {
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no audit of real files")
	}
	files, err := filepath.Glob(filepath.Join(dir, "pivot/v2/dematis*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no real files in %s: %v", dir, err)
	}
	r := newRig(t, "https://x.example")
	r.s.Self.IsHub, r.s.Self.Geozone, r.s.MaxBytes, r.s.Desk.MaxBytes = true, "fr", 64<<20, 64<<20
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if rep := r.deposit(string(raw)); rep["outcome"] != "accepted" && rep["outcome"] != "unchanged" {
			t.Fatalf("%s: %v %v", f, rep["outcome"], rep["problem"])
		}
	}
	totals, err := r.s.Views.Totals()
	if err != nil {
		t.Fatal(err)
	}
	a := r.audited(totals.Contracts)
	want := audit.Delay{N: 651, Median: 21, P90: 190, Late: 152, Share: 152. / 651, Early: 1, Concessions: 1, ConcessionsLate: 1}
	if a.Figures.Delay != want || a.Figures.Conforming != totals.Conforming {
		t.Errorf("delays %+v, want %+v; conforming %d of %d", a.Figures.Delay, want, a.Figures.Conforming, totals.Conforming)
	}
}

func TestMapsByRealOutlines(t *testing.T) {
	r := hub(t)
	if res := r.do("GET", "/audit/carte-commune.svg", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("without outlines: %s", res.Status)
	}
	r.s.OutlineDir = t.TempDir()
	keep := func(codes ...string) {
		t.Helper()
		set := outline.Set{Level: territory.Commune}
		for i, code := range codes {
			x := float64(i)
			set.Shapes = append(set.Shapes, outline.Shape{Code: code, Rings: [][]outline.Point{{{x, 0}, {x + 1, 0}, {x + 1, 1}, {x, 1}}}})
		}
		f, err := os.Create(filepath.Join(r.s.OutlineDir, outline.FileName(set.Level)))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(outline.Write(f, set), f.Close()); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(f.Name(), time.Time{}, time.Unix(int64(1e9+len(codes)), 0)); err != nil {
			t.Fatal(err)
		}
	}
	keep("35238", "75056")
	if res := r.do("GET", "/audit/carte-commune.svg", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("with one commune of the territory: %s", res.Status)
	}
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	r.audited(1)
	keep("35001", "35238", "75056")
	res := r.do("GET", "/audit/carte-commune.svg", "")
	body := text(t, res)
	if res.StatusCode != 200 || strings.Count(body, "<path") != 2 || strings.Count(body, `fill="#123668"`) != 1 || res.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("%s: %s", res.Status, body)
	}
	if page := text(t, r.do("GET", "/audit", "")); !strings.Contains(page, "/audit/carte-commune.svg") || strings.Contains(page, "carte-epci") {
		t.Error("the page shows other maps than there are")
	}
	if err := os.WriteFile(filepath.Join(r.s.OutlineDir, outline.FileName(territory.Commune)), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if res := r.do("GET", "/audit/carte-commune.svg", ""); res.StatusCode != http.StatusInternalServerError {
		t.Errorf("a broken file: %s", res.Status)
	}
}

func TestTheLatestCharterOfANodeCounts(t *testing.T) {
	secret, _, err := federation.GenerateAuthority("")
	if err != nil {
		t.Fatal(err)
	}
	root, err := federation.NewAuthority(secret)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := federation.GenerateKey(rennes, 0)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	charter := func(months int) string {
		raw, err := root.Charter(federation.Charter{Serial: "00112233445566" + strconv.Itoa(10+months), Node: rennes, Key: key, Role: federation.RoleNode,
			Level: "commune", Territory: "fr:commune:35238", From: from, Expires: from.AddDate(0, months, 0)})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	row := func(node, charter string) view.MemberRow {
		return view.MemberRow{Member: entry.Member{Node: node, Charter: charter}}
	}
	var e expiries
	rows := []view.MemberRow{row(rennes, charter(12)), row(rennes, charter(6)), row("21350001000011", "not a charter"), row("x", "")}
	for range 2 { // the second time from memory
		if got := e.of(rows); !got[rennes].Equal(from.AddDate(0, 12, 0)) || len(got) != 1 || len(e.notes) != 3 {
			t.Errorf("%v of %d charters", got, len(e.notes))
		}
	}
	if e.of(nil); len(e.notes) != 0 {
		t.Error("charters of nobody are remembered")
	}
}

// The audit counts the reported errors that nobody answered, in JSON, CSV, on the page and
// in the letter.
func TestTheAuditCountsReportsWithoutAnAnswer(t *testing.T) {
	r := hub(t)
	r.s.Self.Geozone = "fr:region:53"
	for i, one := range []reports.Report{
		{Contract: rennes + "/A", State: "received", Made: r.s.Now().AddDate(0, 0, -40)},
		{Contract: rennes + "/B", State: "answered", Made: r.s.Now().AddDate(0, 0, -90)},
		{Contract: "21000000000000/A", State: "waiting", Made: r.s.Now()},
	} {
		one.ID, one.Topic, one.To = strings.Repeat(strconv.Itoa(i), 32), "wrong", rennes
		if err := r.s.Reports.Book.Add(one); err != nil {
			t.Fatal(err)
		}
	}
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	a := r.audited(1)
	if a.Summary.Unanswered != 2 || a.Summary.UnansweredDays != 40 { // one is of the rig
		t.Errorf("summary %+v", a.Summary)
	}
	for _, actor := range a.Actors.Items {
		if want := map[bool]int{true: 2}[actor.SIRET == rennes]; actor.Unanswered != want {
			t.Errorf("%s: %d without an answer, want %d", actor.Name, actor.Unanswered, want)
		}
	}
	lines, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(text(t, r.do("GET", "/api/v1/audit.csv?state=own", "")), ";", ","))).ReadAll()
	if err != nil || len(lines) != 2 {
		t.Fatalf("%v %v", lines, err)
	}
	if n := len(lines[0]); lines[1][n-2] != "2" || lines[1][n-1] != "40" || lines[0][n-2] != "signalementsSansReponse" {
		t.Errorf("%v", lines)
	}
	for path, want := range map[string]string{
		"/audit?lang=en&state=own":      "2 reported errors without an answer",
		"/audit/" + rennes + "?lang=en": "2 errors reported on your contracts have no answer; the oldest is of 20\u00a0February\u00a02026.",
	} {
		if page := text(t, r.do("GET", path, "", "Accept", "text/html")); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	letter := getJSON[struct{ Letter audit.Letter }](r, "/api/v1/audit/"+rennes)
	found := false
	for _, l := range letter.Letter.Mend {
		found = found || l.Code == "reports"
	}
	if !found {
		t.Errorf("the letter does not ask for answers: %+v", letter.Letter.Mend)
	}
}
