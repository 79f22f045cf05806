package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"maillon/store/search"
)

// Every input of this file is one that someone sends to do harm. The list is what an
// auditor asks for first; each name is a test.

// injections would end a query, a template, a header, a line or a page somewhere.
var injections = map[string]string{
	"SQL":           `' OR 1=1; DROP TABLE contracts;--`,
	"a script":      `"><script>alert(1)</script>`,
	"a template":    `{{.}}${7*7}<%= 1 %>`,
	"a shell":       "$(id);`id`|id",
	"a header":      "x\r\nSet-Cookie: a=b\r\n\r\n<html>",
	"a NUL":         "a\x00b",
	"no UTF-8":      "\xff\xfe\xc0\xaf",
	"JSON":          `","x":{"$ne":null}}`,
	"a formula":     `=cmd|' /C calc'!A0`,
	"a path":        `../../../../etc/passwd`,
	"right to left": "\u202egnp.exe",
	"a long text":   strings.Repeat("a", 5000),
	"a number":      "1e999999",
	"a year":        "9999999999-99-99",
}

// pagesAsked are pages with parameters, which are those of the search unless told.
var pagesAsked = map[string][]string{
	"/marches": nil, "/chiffres": {"q", "buyer", "from", "region", "amount_min", "sort"}, "/chiffres.svg?by=year": {"by", "measures"}, "/profils/acheteur": {"buyer", "embed"}, "/profils/entreprise": {"q", "cpv"}, "/profils/elu": {"name"},
	"/profils/citoyen": {"departement"}, "/catalogue": {"q", "theme", "publisher", "level", "territory", "format", "quality", "modified_since"},
	"/audit": {"level", "territory", "state", "obstacle", "after"}, "/api/try?op=listContracts": {"q", "cpv", "op"}, "/": {"lang", "embed"},
}

// harmed says what an answer to an injection must not be.
func harmed(res *http.Response, body string) string {
	switch {
	case res.StatusCode >= 500:
		return res.Status
	case res.Header.Get("Set-Cookie") != "":
		return "a cookie is set: " + res.Header.Get("Set-Cookie")
	case strings.Contains(body, "<script>alert"):
		return "a script comes through"
	case strings.Contains(body, "root:"):
		return "a file of the machine"
	case strings.Contains(body, "goroutine "):
		return "a trace"
	}
	return ""
}

func TestHostileInjectionInEveryParameterOfTheAPI(t *testing.T) {
	r := bought(t)
	r.withAlerts()
	addresses := asked(r)
	for name, value := range injections {
		for _, o := range operations {
			if !o.Readable() {
				continue
			}
			for _, p := range o.Params {
				v, _ := url.ParseQuery(addresses[o.ID])
				v.Set(p.Name, value)
				address, missing := o.Address(v)
				if missing != "" {
					t.Fatal(o.ID, missing)
				}
				for _, accept := range []string{"application/json", "text/html"} {
					res := r.do("GET", address, "", "Accept", accept)
					if harm := harmed(res, text(t, res)); harm != "" && !(accept == "application/json" && strings.HasPrefix(harm, "a script")) {
						t.Errorf("%s in %s of %s: %s", name, p.Name, o.ID, harm)
					}
				}
			}
		}
	}
}

func TestHostileInjectionInEveryParameterOfThePages(t *testing.T) {
	r := bought(t)
	for name, value := range injections {
		for path, parameters := range pagesAsked {
			if parameters == nil {
				parameters = append(search.Params(), "lang", "embed", "nope")
			}
			before := "?"
			if strings.Contains(path, "?") {
				before = "&"
			}
			for _, p := range parameters {
				res := r.do("GET", path+before+url.QueryEscape(p)+"="+url.QueryEscape(value), "", "Accept", "text/html")
				if harm := harmed(res, text(t, res)); harm != "" {
					t.Errorf("%s in %s of %s: %s", name, p, path, harm)
				}
			}
		}
	}
}

func TestHostileHugePages(t *testing.T) {
	r := bought(t)
	for _, query := range []string{
		"limit=1000000000", "limit=-1", "limit=99999999999999999999", "limit=1001", "after=" + strings.Repeat("A", 4000), "after=////", "q=" + strings.Repeat("x", 401),
		strings.Repeat("cpv=45&cpv=46&", 40), "by=buyer,supplier,year", "facets=" + strings.Repeat("buyer,", 2000),
	} {
		path := "/api/v1/contracts?"
		if strings.HasPrefix(query, "by=") {
			path = "/api/v1/stats?"
		}
		res := r.do("GET", path+query, "")
		if body := text(t, res); res.StatusCode != http.StatusBadRequest && res.StatusCode != http.StatusOK || len(body) > 1<<20 {
			t.Errorf("%.60s: %s, %d bytes", query, res.Status, len(body))
		}
	}
	for _, query := range []string{"limit=1000000000", "limit=-1", "limit=1001", "after=////"} {
		if res := r.do("GET", "/api/v1/contracts?"+query, ""); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", query, res.Status)
		}
	}
}

func TestHostilePatterns(t *testing.T) {
	r := bought(t)
	start := time.Now()
	for name, q := range map[string]string{
		"quotes": strings.Repeat(`"`, 400), "half a quote": `"papier`, "one letter": "a", "letters": strings.Repeat("a ", 199), "marks": strings.Repeat("\u0301", 200),
		"stars": strings.Repeat("*", 400), "a pattern": "(a+)+$" + strings.Repeat("a", 200) + "!", "hyphens": strings.Repeat("-", 400), "elisions": strings.Repeat("l'", 200), "spaces": strings.Repeat(" ", 400),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		req := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/contracts?facets=all&q="+url.QueryEscape(q), nil)
		w := httptest.NewRecorder()
		r.h.ServeHTTP(w, req)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest || ctx.Err() != nil {
			t.Errorf("%s: %d", name, w.Code)
		}
		cancel()
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("ten patterns over four contracts took %s", took)
	}
}

func TestHostileFormulasInEveryTable(t *testing.T) {
	r := withFormulas(t)
	rep := r.deposit(pivotFile(strings.Replace(contractJSONText("=1+1", "+cmd", 12), `"ccag":"Pas de CCAG"`, `"ccag":"@x"`, 1)))
	cells := regexp.MustCompile(`(?m)(?:^|[;,"])([=@+][^;,\n]*)`)
	for _, path := range []string{
		"/api/v1/contracts.csv", "/api/v1/stats?by=supplier&format=csv", "/api/v1/stats?by=buyer&format=csv", "/api/v1/audit.csv", "/register.csv",
		"/api/v1/deposits/" + rep["id"].(string) + ".csv", "/files/" + rennes + "-decp-2026/decret.csv",
	} {
		res := r.do("GET", path, "")
		body := text(t, res)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, res.Status)
		}
		if found := cells.FindString(body); found != "" {
			t.Errorf("%s: a spreadsheet would run %q", path, found)
		}
	}
}

func TestHostileTextInEveryFieldOfAContract(t *testing.T) {
	r := newRig(t, "https://x.example")
	var record map[string]any
	if err := json.Unmarshal([]byte(contractJSONText("A", "x", 12)), &record); err != nil {
		t.Fatal(err)
	}
	bad := `"'><script>alert(1)</script><img src=x onerror=alert(2)>`
	for name, v := range record {
		if _, ok := v.(string); ok && !strings.HasPrefix(name, "date") {
			record[name] = bad
		}
	}
	record["acheteur"] = map[string]any{"id": rennes, "nom": bad}
	record["titulaires"] = []any{map[string]any{"titulaire": map[string]any{"typeIdentifiant": bad, "id": bad, "denominationSociale": bad}}}
	record["lieuExecution"] = map[string]any{"code": bad, "typeCode": bad, "nom": bad}
	raw, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	rep := r.deposit(pivotFile(string(raw)))
	var found search.Result
	if err := json.NewDecoder(r.do("GET", "/api/v1/contracts", "").Body).Decode(&found); err != nil || len(found.Items) != 1 {
		t.Fatal(err, found)
	}
	paths := []string{"/", "/marches", "/marches?q=script", "/marches/" + found.Items[0].Address, "/acheteurs/" + rennes, "/chiffres", "/profils/acheteur?buyer=" + rennes, "/profils/citoyen",
		"/profils/entreprise", "/depots/" + rep["id"].(string), "/audit", "/conflits", "/register", "/catalogue", "/titulaires/" + url.PathEscape(bad), "/chiffres.svg?by=supplier", "/chiffres.svg?by=buyer"}
	for _, path := range paths {
		res := r.do("GET", path, "", "Accept", "text/html")
		body := text(t, res)
		if res.StatusCode >= 500 {
			t.Errorf("%s: %s", path, res.Status)
		}
		for _, tag := range []string{"<script>alert", "<img src=x"} {
			if strings.Contains(body, tag) {
				t.Errorf("%s: %s comes through", path, tag)
			}
		}
	}
}

func TestHostilePaths(t *testing.T) {
	r := bought(t)
	for _, path := range []string{
		"/files/../../../../etc/passwd", "/files/%2e%2e/%2e%2e/etc%2fpasswd", "/files/" + rennes + "-decp-2026/..%2f..%2f..%2fetc%2fpasswd", "/assets/../../etc/passwd", "/assets/..%2f..%2fgo.mod",
		"//etc/passwd", "/./../etc/passwd", "/api/v1/contracts/..%2f../x", "/api/v1/deposits/..%2f..%2fmaillon.db", "/api/v1/deposits/..%2fnode.key.csv", "/depots/..%2f..%2fnode.key", "/n/..%2f../journal/checkpoint",
		"/territoires/commune/..%2f..%2fetc", "/territoires/pays/fr", "/journal/..%2f..%2fnode.key", "/editeurs/..%2f..%2fgo.mod", "/jeux/..%2f..", "/titulaires/..%2f..%2fetc%2fpasswd",
		"/acheteurs/..%5c..%5c", "/api/v1/nodes/%00", "/marches/%ff%fe/%c0%af", "/files/%00/%00",
	} {
		req := &http.Request{Method: "GET", URL: &url.URL{Path: path, RawPath: path}, Header: http.Header{"Accept": {"text/html"}}, Host: "x.example"}
		if plain, err := url.PathUnescape(path); err == nil {
			req.URL.Path = plain
		}
		w := httptest.NewRecorder()
		r.h.ServeHTTP(w, req.WithContext(t.Context()))
		if harm := harmed(w.Result(), w.Body.String()); harm != "" || w.Code == http.StatusOK && !strings.HasPrefix(path, "/titulaires/") {
			t.Errorf("%s: %d %s", path, w.Code, harm)
		}
	}
}

// A reader who takes nothing of an export holds up nobody: others read, and the index
// takes changes.
func TestHostileSlowReaderOfAnExport(t *testing.T) {
	r := newRig(t, "https://x.example")
	var records []string
	for i := range 400 {
		records = append(records, contractJSONText(fmt.Sprintf("S-%03d", i), strings.Repeat("long ", 190), 12))
	}
	r.s.Desk.MaxBytes, r.s.MaxBytes = 16<<20, 16<<20
	if rep := r.deposit(pivotFile(records...)); rep["outcome"] != "accepted" {
		t.Fatal(rep)
	}
	server := httptest.NewServer(r.h)
	defer server.Close()
	var stuck []net.Conn
	for range mostExports {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.(*net.TCPConn).SetReadBuffer(1024)
		if _, err := io.WriteString(conn, "GET /api/v1/contracts.ndjson HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		stuck = append(stuck, conn)
	}
	done := make(chan error, 1)
	go func() {
		res, err := http.Get(server.URL + "/api/v1/contracts?q=long&facets=all")
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		if err == nil {
			r.s.Index.Remove("nobody/nothing") // takes the lock of changes
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Errorf("%d slow readers hold up all others", len(stuck))
	}
}

// What is fetched by address is described or a page: nothing answers that nobody knows.
func TestHostileMethods(t *testing.T) {
	r := bought(t)
	err := r.s.router().Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil || strings.Contains(path, "{") {
			return nil
		}
		for _, method := range []string{"TRACE", "PROPFIND", "DELETE", "PATCH"} {
			if res := r.do(method, path, ""); res.StatusCode < 400 && !strings.HasPrefix(path, "/assets") {
				t.Errorf("%s %s: %s", method, path, res.Status)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
