package api

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// verdicts are the pointers and verdicts of an answer, the file's last.
func verdicts(t *testing.T, answer string) []string {
	t.Helper()
	var list []string
	for line := range strings.Lines(answer) {
		var rec validatedRecord
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		list = append(list, rec.Pointer+" "+rec.Verdict)
	}
	return list
}

func TestAFileIsCheckedRecordByRecordAndNotKept(t *testing.T) {
	r := newRig(t, "https://x.example")
	good, bad := contractJSONText("A", "papier", 12), contractJSONText("B", "encre", 0)
	for name, c := range map[string]struct {
		path, body string
		want       []string
	}{
		"all is well":            {"/api/v1/validate", pivotFile(good), []string{" OK"}},
		"one record is wrong":    {"/api/v1/validate", pivotFile(good, bad), []string{"/marches/marche/1 KO", " KO"}},
		"every record told":      {"/api/v1/validate?all=true", pivotFile(good, bad), []string{"/marches/marche/0 OK", "/marches/marche/1 KO", " KO"}},
		"by an older version":    {"/api/v1/validate?schema=1.5.0", pivotFile(good), []string{"/marches/marche/0 KO", " KO"}},
		"a contract a line":      {"/api/v1/validate?all=1", good + "\n" + bad + "\n", []string{"/0 OK", "/1 KO", " KO"}},
		"nothing but a space":    {"/api/v1/validate", " ", []string{" KO", " KO"}},
		"a file that breaks off": {"/api/v1/validate", pivotFile(good, bad)[:len(good)+60], []string{" KO", " KO"}},
	} {
		t.Run(name, func(t *testing.T) {
			res := r.do("POST", c.path, c.body)
			answer := text(t, res)
			if res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s", res.Status, answer)
			}
			if diff := cmp.Diff(c.want, verdicts(t, answer)); diff != "" {
				t.Errorf("%s\n%s", diff, answer)
			}
		})
	}
	if reports := text(t, r.do("GET", "/api/v1/deposits", "")); strings.Contains(reports, "outcome") {
		t.Errorf("something was kept: %s", reports)
	}
}

func TestACompressedFileIsChecked(t *testing.T) {
	r := newRig(t, "https://x.example")
	file := pivotFile(contractJSONText("B", "encre", 0))
	var zipped, zstded bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(file))
	_ = z.Close()
	e, err := zstd.NewWriter(&zstded)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = e.Write([]byte(file))
	_ = e.Close()
	want := []string{"/marches/marche/0 KO", " KO"}
	for coding, body := range map[string]string{"gzip": zipped.String(), "zstd": zstded.String()} {
		for _, header := range []string{coding, ""} {
			res := r.do("POST", "/api/v1/validate", body, "Content-Encoding", header)
			if diff := cmp.Diff(want, verdicts(t, text(t, res))); diff != "" {
				t.Errorf("%s, Content-Encoding %q: %s", coding, header, diff)
			}
		}
		res := r.do("POST", "/api/v1/validate", body[:len(body)/2])
		if answer := text(t, res); !strings.Contains(answer, `"rule":"truncated"`) {
			t.Errorf("half a file of %s: %s", coding, answer)
		}
	}
	if res := r.do("POST", "/api/v1/validate", file, "Content-Encoding", "br"); res.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("another coding: %s", res.Status)
	}
}

func TestWhatCannotBeCheckedIsRefused(t *testing.T) {
	r := newRig(t, "https://x.example")
	if res := r.do("POST", "/api/v1/validate", strings.Repeat(" ", 2<<20)); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %s", res.Status)
	}
	if res := r.do("POST", "/api/v1/validate", ""); res.StatusCode != http.StatusBadRequest {
		t.Errorf("nothing at all: %s", res.Status)
	}
	for _, query := range []string{"schema=9", "all=perhaps", "name=" + strings.Repeat("x", 201)} {
		if res := r.do("POST", "/api/v1/validate?"+query, "{}"); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", query, res.Status)
		}
	}
}

func TestTheReportCanBeATable(t *testing.T) {
	r := newRig(t, "https://x.example")
	res := r.do("POST", "/api/v1/validate?lang=fr", pivotFile(contractJSONText("=B", "encre", 0)), "Accept", "text/csv")
	answer := text(t, res)
	if !strings.HasPrefix(answer, "pointer;line;uid;") || !strings.Contains(answer, ";KO;error;minimum;/dureeMois;0;1;") {
		t.Errorf("report: %s", answer)
	}
}

// hold begins to send a file and ends it with end; it gives the answer's
// status, 0 if the connection broke.
func hold(server string, end <-chan struct{}) int {
	body, send := io.Pipe()
	go func() {
		_, _ = send.Write([]byte(strings.Repeat(" ", 64<<10))) // enough to leave the buffers
		<-end
		_ = send.Close()
	}()
	res, err := http.Post(server+"/api/v1/validate", "application/json", body)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

func TestMoreChecksAtOnceThanTurnsAreAskedToWait(t *testing.T) {
	r := newRig(t, "https://x.example")
	server := httptest.NewServer(r.h)
	defer server.Close()
	end := make(chan struct{})
	for range 2 * runtime.GOMAXPROCS(0) {
		go func() {
			for hold(server.URL, end) != http.StatusOK { // the probe below was first
				select {
				case <-end:
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
	}
	defer close(end)
	for range 2000 {
		res, err := http.Post(server.URL+"/api/v1/validate", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode == http.StatusTooManyRequests {
			if res.Header.Get("Retry-After") == "" {
				t.Error("nobody is told when to come again")
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("every turn is taken, and one more file was checked")
}

func TestRulesAreToldInTheReadersLanguage(t *testing.T) {
	r := newRig(t, "https://x.example")
	if all := text(t, r.do("GET", "/api/v1/rules", "")); strings.Count(all, `"id":`) < 40 {
		t.Errorf("rules: %s", all)
	}
	one := text(t, r.do("GET", "/api/v1/rules/minimum?lang=fr", ""))
	if !strings.Contains(one, `"scope":"schema"`) || !strings.Contains(one, "{1}") {
		t.Errorf("rule: %s", one)
	}
	for path, want := range map[string]string{
		"/api/v1/dictionary?lang=fr": `"path":"titulaires/titulaire/id"`, "/dictionnaire?lang=fr": `id="marche.titulaires.titulaire.id"`,
		"/api/v1/table-schema": `"name": "donneesActuelles"`, "/editeurs": "/editeurs/exemple.json", "/regles?lang=fr": `id="publication-late"`,
	} {
		if page := text(t, r.do("GET", path, "")); !strings.Contains(page, want) {
			t.Errorf("%s has no %s", path, want)
		}
	}
	if res := r.do("GET", "/api/v1/rules/none", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("no such rule: %s", res.Status)
	}
}

// sendForm sends a file by the form of the page.
func (r *rig) sendForm(file string, fields map[string]string) *http.Response {
	r.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		_ = form.WriteField(name, value)
	}
	if file != "" {
		part, err := form.CreateFormFile("file", "mes <marchés>.json")
		if err != nil {
			r.t.Fatal(err)
		}
		_, _ = part.Write([]byte(file))
	}
	_ = form.Close()
	return r.do("POST", "/valider", body.String(), "Content-Type", form.FormDataContentType(), "Accept", "text/html", "Accept-Language", "fr")
}

func TestABuyerSendsAFileAndReadsWhatToMend(t *testing.T) {
	r := newRig(t, "https://x.example")
	if page := text(t, r.do("GET", "/valider", "", "Accept-Language", "fr")); !strings.Contains(page, `enctype="multipart/form-data"`) ||
		!strings.Contains(page, "<option>2.0.4</option>") {
		t.Errorf("form: %s", page)
	}
	bad := strings.Replace(contractJSONText("C", "encre", 0), `"offresRecues":3`, `"offresRecues":0`, 1)
	file := pivotFile(contractJSONText("A", "papier", 12), contractJSONText("B", "encre", 0), bad)
	res := r.sendForm(file, nil)
	page := text(t, res)
	for _, want := range []string{"mes &lt;marchés&gt;.json", "refuse 2 enregistrement(s) sur 3", "/marches/marche/1/dureeMois", "/marches/marche/2/offresRecues", "<code>minimum</code>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report has no %q: %s", want, page)
		}
	}
	if page := text(t, r.sendForm(pivotFile(contractJSONText("A", "papier", 12)), map[string]string{"schema": "2.0.3"})); !strings.Contains(page, "accepte tout") ||
		!strings.Contains(page, "<option selected>2.0.3</option>") {
		t.Errorf("a file without fault: %s", page)
	}
	if table := text(t, r.sendForm(file, map[string]string{"as": "csv"})); !strings.HasPrefix(table, "pointer;") || strings.Count(table, ";KO;error;") != 3 {
		t.Errorf("as a table: %s", table)
	}
}

func TestAFormThatIsNoneIsRefusedWithAPage(t *testing.T) {
	r := newRig(t, "https://x.example")
	for name, res := range map[string]*http.Response{
		"no file":      r.sendForm("", nil),
		"no version":   r.sendForm("{}", map[string]string{"schema": "9"}),
		"another body": r.do("POST", "/valider", "{}", "Content-Type", "application/json"),
	} {
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", name, res.Status)
		}
	}
	if res := r.sendForm(strings.Repeat("x", 2<<20), nil); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %s", res.Status)
	}
}

// The examples that vendors start from are found to have nothing wrong.
func TestTheExamplesForVendorsAreClean(t *testing.T) {
	r := newRig(t, "https://x.example")
	for _, name := range []string{"exemple.json", "exemple.xml", "exemple.csv"} {
		file := text(t, r.do("GET", "/editeurs/"+name, ""))
		report := text(t, r.do("POST", "/api/v1/validate", file))
		if !strings.Contains(report, `"records":2,"valid":2,"invalid":0,"warnings":0`) {
			t.Errorf("%s: %s", name, report)
		}
	}
	if res := r.do("GET", "/editeurs/modele.xlsx", ""); res.StatusCode != http.StatusOK {
		t.Errorf("the template: %s", res.Status)
	}
	if res := r.do("GET", "/editeurs/other", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("another file: %s", res.Status)
	}
}
