package api

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/compare"
)

func TestCompareSaysWhatTheNodeLacks(t *testing.T) {
	r := newRig(t, "https://x.example")
	lots := []string{contractJSONText("L", "toiture", 12), contractJSONText("L", "peinture", 6)}
	r.deposit(pivotFile(append(lots, contractJSONText("A", "papier", 12), contractJSONText("B", "encre", 12), contractJSONText("N", "neuf", 12))...))
	file := pivotFile(append(lots,
		contractJSONText("A", "papier", 12), contractJSONText("B", "encre", 24), contractJSONText("C", "colle <b>", 12),
		`{"objet":"sans identité"}`)...)
	var got CompareJSON
	if err := json.NewDecoder(r.do("POST", "/api/v1/compare?name=decp.json", file).Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := map[compare.State]int{compare.Same: 3, compare.Differs: 1, compare.Lacking: 1, compare.Unreadable: 1, compare.More: 1, compare.Withdrawn: 0, compare.Superseded: 0}
	if diff := cmp.Diff(want, got.States); diff != "" || got.Records != 6 || got.Buyers != 1 {
		t.Errorf("%s %+v", diff, got)
	}
	for _, one := range got.Items {
		if one.State == compare.Differs && (one.ID != "B" || len(one.Differs) != 1 || one.Differs[0] != "dureeMois" || one.Permalink != "https://x.example/marches/"+rennes+"/B") ||
			one.State == compare.Lacking && one.ID != "C" || one.State == compare.More && one.ID != "N" {
			t.Errorf("%+v", one)
		}
	}

	r.deposit(pivotFile(contractJSONText("B", "encre", 24)))
	got = CompareJSON{}
	if err := json.NewDecoder(r.do("POST", "/api/v1/compare", pivotFile(contractJSONText("A", "papier", 12), contractJSONText("C", "colle", 12))[:900]).Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Error == "" {
		t.Errorf("a file that breaks off is taken for whole: %+v", got)
	}
}

func TestThePageOnMovingComparesAFile(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "decp.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte(pivotFile(contractJSONText("A", "papier", 13), contractJSONText("C", "colle <b>", 12)))); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest("POST", "/demenager?lang=fr", &body)
	req.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	r.h.ServeHTTP(w, req)
	page := w.Body.String()
	for _, want := range []string{"Comparaison de decp.json", "n’a pas 1 contrats", "colle &lt;b&gt;", `href="/marches/` + rennes + `/A"`} {
		if w.Code != 200 || !strings.Contains(page, want) {
			t.Errorf("%d: no %q in\n%.3000s", w.Code, want, page)
		}
	}
	if res := r.do("GET", "/demenager", ""); res.StatusCode != 200 {
		t.Error(res.Status)
	}
}
