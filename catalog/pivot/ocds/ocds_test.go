package ocds

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
)

var options = Options{
	URI: "https://noeud.invalid/files/ocds.json", Published: time.Date(2024, 7, 1, 9, 0, 0, 0, time.UTC), Publisher: Publisher{Name: "Nœud"},
}

// contracts reads those of a file.
func contracts(t testing.TB, name string) []pivot.Contract {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []pivot.Contract
	for item, err := range pivot.NewReader(f, pivot.Limits{}).Items() {
		if err != nil {
			break // the records before it stand
		}
		if len(item.Problems) == 0 {
			c, _ := pivot.Normalise(item.Record)
			list = append(list, c)
		}
	}
	return list
}

func conformance(t testing.TB, path ...string) string {
	t.Helper()
	root := os.Getenv("MAILLON_CONFORMANCE")
	if root == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no real files")
	}
	return filepath.Join(append([]string{root, "pivot"}, path...)...)
}

// written gives the releases of a package as any reader of JSON sees them.
func written(t testing.TB, all iter.Seq[pivot.Contract]) []map[string]any {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, options, all); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Releases []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Releases
}

// at finds a value by its path: names and places.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// Where the public mapping of 1.x has a value, ours has the same. It differs on
// purpose in ids (a release is named by its day and number, an organisation has one id
// whatever its roles, the sequence of an id of 1.x is no part of the ocid), in the status of the contract, and
// in calling the object title and not description.
func TestAgreesWithThePublicMapping(t *testing.T) {
	for _, name := range []string{"001_marche_simple.json", "003_pas_de_num_sequence_dans_id.json", "005_marche_meme_siret_acheteur_titulaire.json"} {
		t.Run(name, func(t *testing.T) {
			got := written(t, slices.Values(contracts(t, conformance(t, "ocds", "source", name))))
			raw, err := os.ReadFile(conformance(t, "ocds", "expected-ocds", name))
			if err != nil {
				t.Fatal(err)
			}
			var want struct{ Releases []map[string]any }
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want.Releases) {
				t.Fatalf("%d releases, want %d", len(got), len(want.Releases))
			}
			for _, path := range [][]any{
				{"initiationType"}, {"language"}, {"tag"},
				{"buyer", "name"}, {"parties", 0, "identifier"},
				{"awards", 0, "status"}, {"awards", 0, "date"}, {"awards", 0, "value"}, {"awards", 0, "contractPeriod", "durationInDays"},
				{"awards", 0, "items", 0, "classification"}, {"awards", 0, "items", 0, "description"}, {"awards", 0, "suppliers", 0, "name"},
				{"contracts", 0, "value"}, {"contracts", 0, "period", "durationInDays"},
			} {
				if diff := cmp.Diff(at(want.Releases[0], path...), at(got[0], path...)); diff != "" {
					t.Errorf("%v: %s", path, diff)
				}
			}
			theirs, ours := at(want.Releases[0], "ocid").(string), at(got[0], "ocid").(string)
			if theirs != ours && theirs != ours+"00" {
				t.Errorf("ocid %s, want %s", ours, theirs)
			}
		})
	}
}

// One contracting process has one ocid, and a release for each of its states.
func TestAModificationIsARelease(t *testing.T) {
	one, two, id1, id2 := 100000.0, 120000.0, 1, 2
	months := 24
	c := pivot.Contract{
		Kind: pivot.Marche, Generation: pivot.Gen2, ID: "2024/1", Buyer: pivot.Buyer{ID: "21350238800019", Name: "Ville"}, Object: "Travaux", CPV: "45000000-7",
		Procedure: "Appel d'offres ouvert", Notified: "2024-01-02", Published: "2024-01-10", Amount: &one,
		Suppliers: []pivot.Supplier{{IDType: "SIRET", ID: "81223113200026", Name: "Atlas"}, {IDType: "TVA", ID: "BE 0123"}, {Name: "Sans numéro"}},
		Modifications: []pivot.Modification{
			{ID: &id1, Notified: "2024-03-01", Published: "2024-03-05", Amount: &two},
			{ID: &id2, Notified: "2024-04-01", Published: "2024-04-05", Months: &months, Suppliers: []pivot.Supplier{{IDType: "SIRET", ID: "35600000000048"}}},
		},
	}
	got := written(t, slices.Values([]pivot.Contract{c, c}))
	if len(got) != 6 {
		t.Fatalf("%d releases", len(got))
	}
	for i, want := range []struct {
		id, tag, supplier string
		amount            float64
		amended           int
	}{
		{"-2024-01-10-00-", "[award contract]", "FR-RCS-81223113200026", 100000, 0},
		{"-2024-03-05-01-", "[contractAmendment]", "FR-RCS-81223113200026", 120000, 1},
		{"-2024-04-05-02-", "[awardUpdate contractAmendment]", "FR-RCS-35600000000048", 120000, 2},
		{"-2024-01-10-00-", "[award contract]", "FR-RCS-81223113200026", 100000, 0},
	} {
		r := got[i]
		ocid := "ocds-78apv2-213502388000192024%2F1"
		amended, _ := at(r, "contracts", 0, "amendments").([]any)
		if r["ocid"] != ocid || !strings.HasPrefix(fmt.Sprint(r["id"]), ocid+want.id) || fmt.Sprint(r["tag"]) != want.tag ||
			at(r, "awards", 0, "suppliers", 0, "id") != want.supplier || at(r, "contracts", 0, "value", "amount") != want.amount || len(amended) != want.amended {
			t.Errorf("release %d: %v", i, r)
		}
	}
	if at(got[0], "tender", "procurementMethod") != "open" || at(got[0], "tender", "mainProcurementCategory") != "works" {
		t.Errorf("tender: %v", got[0]["tender"])
	}
	if got[0]["id"] == got[3]["id"] {
		t.Error("a contract that stands twice has one id twice")
	}
	if at(got[2], "contracts", 0, "amendments", 1, "amendsReleaseID") != got[1]["id"] {
		t.Errorf("amendments: %v", at(got[2], "contracts", 0, "amendments"))
	}
}

func TestTheSequenceOf1xIsNoPartOfTheOCID(t *testing.T) {
	for id, want := range map[string]string{"2018050001": "20180500", "2018050002": "2018050002"} {
		c := pivot.Contract{Generation: pivot.Gen1, ID: id, Buyer: pivot.Buyer{ID: "1"}, Modifications: make([]pivot.Modification, 1)}
		if got := OCID("p-", &c); got != "p-1"+want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

func TestAPackageNeedsItsOptions(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no URI": func(o *Options) { o.URI = "" }, "no publisher": func(o *Options) { o.Publisher.Name = "" },
		"no day": func(o *Options) { o.Published = time.Time{} }, "another prefix": func(o *Options) { o.Prefix = "decp-" },
	} {
		o := options
		if change(&o); Write(io.Discard, o, slices.Values([]pivot.Contract(nil))) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Every real file gives a package that keeps the rules of OCDS 1.1.
func TestRealFilesKeepTheRules(t *testing.T) {
	for _, folder := range []string{"v1", "v2", "official"} {
		err := filepath.WalkDir(conformance(t, folder), func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".xml") {
				return err
			}
			list := contracts(t, name)
			var b bytes.Buffer
			if err := Write(&b, options, slices.Values(list)); err != nil {
				t.Fatal(err)
			}
			for _, wrong := range brokenPackage(b.Bytes()) {
				t.Errorf("%s: %s", filepath.Base(name), wrong)
			}
			releases := written(t, slices.Values(list))
			want := 0
			for _, c := range list {
				want += 1 + len(c.Modifications)
			}
			if len(releases) != want {
				t.Errorf("%s: %d releases of %d states", name, len(releases), want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	list := contracts(b, conformance(b, "v2", "dematis.json"))
	var size int64
	for b.Loop() {
		w := counter(0)
		if err := Write(&w, options, slices.Values(list)); err != nil {
			b.Fatal(err)
		}
		size = int64(w)
	}
	b.SetBytes(size)
	b.ReportMetric(float64(len(list)*b.N)/b.Elapsed().Seconds(), "contracts/s")
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// addressed gives the releases of contracts under their addresses, each written by an
// encoder of its own: pieces of a package are made apart.
func addressed(t *testing.T, list map[string]pivot.Contract) map[string][]map[string]any {
	t.Helper()
	out := map[string][]map[string]any{}
	for address, c := range list {
		raw := NewEncoder("").Append([]byte("["), address, &c, options.Published)
		var releases []map[string]any
		if err := json.Unmarshal(append(raw, ']'), &releases); err != nil {
			t.Fatalf("%s: %v\n%s", address, err, raw)
		}
		for _, r := range releases {
			for _, wrong := range broken(r) {
				t.Errorf("%s: %s", address, wrong)
			}
		}
		out[address] = releases
	}
	return out
}

// Releases of contracts that share buyer, id and days differ in their ids wherever they
// are written; a release keeps its id when a modification follows, and no other release
// takes it.
func TestReleaseIDsAreUniqueInTheWhole(t *testing.T) {
	one, two := 100.0, 200.0
	lot := pivot.Contract{Kind: pivot.Marche, Generation: pivot.Gen2, ID: "M", Buyer: pivot.Buyer{ID: "21350238800019"}, Object: "Lot", Published: "2024-01-10", Notified: "2023-12-30", Amount: &one}
	same, changed, later := lot, lot, lot
	changed.Amount = &two
	later.Modifications = []pivot.Modification{{Notified: "2024-02-01", Published: "2024-02-02", Object: "Avenant", Amount: &two}}
	other := later
	other.Modifications = []pivot.Modification{{Notified: "2024-02-01", Published: "2024-02-02", Object: "Autre avenant", Amount: &two}}
	got := addressed(t, map[string]pivot.Contract{"21350238800019/M~aaaaaaaa": lot, "21350238800019/M~bbbbbbbb": same})
	a, b := got["21350238800019/M~aaaaaaaa"][0], got["21350238800019/M~bbbbbbbb"][0]
	if a["ocid"] != b["ocid"] || a["id"] == b["id"] || at(a, "awards", 0, "id") == at(b, "awards", 0, "id") || at(a, "contracts", 0, "id") == at(b, "contracts", 0, "id") {
		t.Errorf("two lots of one process:\n%v\n%v", a, b)
	}
	ids := map[string]any{}
	for name, c := range map[string]pivot.Contract{"lot": lot, "changed": changed, "later": later, "other": other} {
		for i, r := range addressed(t, map[string]pivot.Contract{"21350238800019/M": c})["21350238800019/M"] {
			ids[fmt.Sprint(name, i)] = r["id"]
		}
	}
	if ids["lot0"] != ids["later0"] || ids["lot0"] == ids["changed0"] || ids["later1"] == ids["other1"] {
		t.Errorf("ids %v", ids)
	}
}

func TestASupplierThatStandsTwiceIsReferredToOnce(t *testing.T) {
	c := pivot.Contract{ID: "M", Buyer: pivot.Buyer{ID: "21350238800019", Name: "Rennes"}, Published: "2024-01-10", Suppliers: []pivot.Supplier{
		{IDType: "SIRET", ID: "35600000000048"}, {IDType: "SIRET", ID: "35600000000048", Name: "La Poste"}, {IDType: "SIRET", ID: "21350238800019", Name: "Atlas"},
	}}
	r := addressed(t, map[string]pivot.Contract{"a": c})["a"][0]
	var got []string
	for _, p := range append(at(r, "awards", 0, "suppliers").([]any), r["buyer"]) {
		got = append(got, fmt.Sprint(at(p, "id"), " ", at(p, "name")))
	}
	if want := []string{"FR-RCS-35600000000048 La Poste", "FR-RCS-21350238800019-2 Atlas", "FR-RCS-21350238800019 Rennes"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Any text may stand in a contract.
func TestEveryTextIsWritten(t *testing.T) {
	hard := "\"\\\x00\x1f\n\u2028 é \xff \U0001f600 <&>"
	c := pivot.Contract{ID: hard, Buyer: pivot.Buyer{ID: hard, Name: hard}, Object: hard, Published: hard, Procedure: hard, CPV: hard, FrameworkID: hard + "1",
		Suppliers: []pivot.Supplier{{IDType: hard, ID: hard, Name: hard}}, Place: &pivot.Place{Code: hard, CodeType: "Code postal", Name: hard},
		Modifications: []pivot.Modification{{Object: hard, Notified: hard}}}
	r := addressed(t, map[string]pivot.Contract{hard: c})[hard][1]
	if got, want := at(r, "tender", "title"), strings.ToValidUTF8(hard, "\ufffd"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
