package pivot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A verdict is what the official JSON Schemas say of one real record.
type verdict struct {
	place  string // file and pointer
	rec    Record
	accept []Version // versions that accept it, oldest first
}

// conformance gives the verdicts on real records, in their order.
func conformance(t testing.TB) []verdict {
	t.Helper()
	if os.Getenv("MAILLON_CONFORMANCE") == "" {
		t.Skip("SKIPPED: MAILLON_CONFORMANCE is not set, no real record is checked")
	}
	list, err := verdicts()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var verdicts = sync.OnceValues(func() ([]verdict, error) {
	root := filepath.Join(os.Getenv("MAILLON_CONFORMANCE"), "pivot")
	table, err := os.ReadFile(filepath.Join(root, "verdicts.tsv"))
	if err != nil {
		return nil, err
	}
	files := map[string]map[string]json.RawMessage{} // by name, the records by pointer
	var list []verdict
	for line := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimSpace(line), "\t") // file, pointer, kind, version, 1 or 0
		if place := f[0] + f[1]; len(list) == 0 || list[len(list)-1].place != place {
			if files[f[0]] == nil {
				if files[f[0]], err = recordsOf(filepath.Join(root, f[0])); err != nil {
					return nil, err
				}
			}
			rec := Record{Kind: Kind(f[2]), Form: Flat, Pointer: f[1], Raw: files[f[0]][f[1]]}
			if strings.Count(f[1], "/") == 3 {
				rec.Form = Nested
			}
			list = append(list, verdict{place: place, rec: rec})
		}
		if f[4] == "1" {
			last := &list[len(list)-1]
			last.accept = append(last.accept, Version(f[3]))
		}
	}
	return list, nil
})

// recordsOf finds the records of a file of either JSON layout, by pointer.
func recordsOf(path string) (map[string]json.RawMessage, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc struct{ Marches json.RawMessage }
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	lists := map[string][]json.RawMessage{}
	var list []json.RawMessage
	if json.Unmarshal(doc.Marches, &list) == nil {
		lists["/marches/"] = list
	} else {
		var kinds map[string][]json.RawMessage
		if err := json.Unmarshal(doc.Marches, &kinds); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for kind, list := range kinds {
			lists["/marches/"+kind+"/"] = list
		}
	}
	records := map[string]json.RawMessage{}
	for before, list := range lists {
		for i, rec := range list {
			records[before+strconv.Itoa(i)] = rec
		}
	}
	return records, nil
}

func TestEveryRealValidRecordIsReadInItsGeneration(t *testing.T) {
	for _, v := range conformance(t) {
		if len(v.accept) == 0 {
			continue
		}
		want := Gen2
		if v.accept[len(v.accept)-1] < V200 {
			want = Gen1
		}
		if c, _ := Normalise(v.rec); c.Generation != want {
			t.Errorf("%s, valid in %v: generation %d, want %d", v.place, v.accept, c.Generation, want)
		}
	}
}

// Only these repairs may touch a valid record: every other one would say
// that the schema accepts a form which it does not.
func TestRealValidRecordsNeedFewRepairs(t *testing.T) {
	harmless := []string{repairTimezone, repairSpace, repairVersion, repairNull}
	for _, v := range conformance(t) {
		_, repairs := Normalise(v.rec)
		for _, r := range repairs {
			if len(v.accept) > 0 && !slices.Contains(harmless, r.Rule) {
				t.Errorf("%s, valid in %v: %+v", v.place, v.accept, r)
			}
		}
	}
}

func TestRealRecordsReadTheSameAfterWriting(t *testing.T) {
	all := conformance(t)
	if len(all) < 6000 {
		t.Errorf("%d records, want all of verdicts.tsv", len(all))
	}
	for _, v := range all {
		c, _ := Normalise(v.rec)
		one := slices.Values([]Contract{c})
		var j, x bytes.Buffer
		if err := errors.Join(WriteJSON(&j, c.Generation, one), WriteXML(&x, c.Generation, one)); err != nil {
			t.Fatal(err)
		}
		want := legalOnly(c)
		for _, rec := range append(readJSON(t, c.Generation, j.Bytes()), readXML(t, x.Bytes())...) {
			got, repairs := Normalise(rec)
			if !reflect.DeepEqual(want, got) {
				diff := cmp.Diff(want, got)
				t.Errorf("%s as %s (-read +written and read):\n%s", v.place, rec.Form, diff)
			}
			if len(v.accept) > 0 && len(repairs) > 0 {
				t.Errorf("%s as %s: repairs %v, want none in what was written", v.place, rec.Form, repairs)
			}
		}
	}
}

// TestOfficialXSD gives what WriteXML writes of the real valid records to
// the official XSD.
func TestOfficialXSD(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("SKIPPED: xmllint is not installed (Debian: libxml2-utils), no XML is checked against the official XSD")
	}
	schemas := filepath.Join(os.Getenv("MAILLON_CONFORMANCE"), "schemas")
	for name, tt := range map[string]struct {
		g      Generation
		newest Version // the newest version that accepts the records
		xsd    string
	}{
		"1.4.0": {Gen1, V140, "v1.4.0/marches.xsd"},
		"1.5.0": {Gen1, V150, "v1.5.0/marches.xsd"},
		"2.0.2": {Gen2, V202, "v2.0.2/schema_decp_v2.0.2.xsd"},
		"2.0.4": {Gen2, V204, "v2.0.3/schema_decp_v2.0.2.xsd"},
	} {
		t.Run(name, func(t *testing.T) {
			list := newestAccepted(t, tt.newest)
			if len(list) < 100 {
				t.Fatalf("%d records, want more", len(list))
			}
			out := runXmllint(t, xmllint, filepath.Join(schemas, tt.xsd), tt.g, list)
			if out != "" {
				t.Errorf("the XSD refuses what WriteXML wrote:\n%.3000s", out)
			}
			list[0].Nature = "Bail"
			if out := runXmllint(t, xmllint, filepath.Join(schemas, tt.xsd), tt.g, list); !strings.Contains(out, "Bail") {
				t.Errorf("the XSD does not see a wrong value: the check checks nothing\n%s", out)
			}
		})
	}
}

// newestAccepted reads the real records whose newest accepting version is v.
func newestAccepted(t testing.TB, v Version) []Contract {
	var list []Contract
	for _, r := range conformance(t) {
		if len(r.accept) > 0 && r.accept[len(r.accept)-1] == v {
			c, _ := Normalise(r.rec)
			list = append(list, c)
		}
	}
	return list
}

// runXmllint gives the complaints of an XSD about list.
func runXmllint(t *testing.T, xmllint, xsd string, g Generation, list []Contract) string {
	path := filepath.Join(t.TempDir(), fmt.Sprintf("gen%d.xml", g))
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(WriteXML(f, g, slices.Values(list)), f.Close()); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(xmllint, "--noout", "--huge", "--schema", xsd, path).CombinedOutput()
	if err == nil {
		return ""
	}
	return string(out)
}

// What is written is accepted by the newest version that accepted the source.
// 2.0.0 is left out: it has no layout of its own to be written in.
func TestWhatIsWrittenOfRealValidRecordsIsValid(t *testing.T) {
	for _, v := range conformance(t) {
		if len(v.accept) == 0 || v.accept[len(v.accept)-1] == V200 {
			continue
		}
		newest := v.accept[len(v.accept)-1]
		c, _ := Normalise(v.rec)
		one := slices.Values([]Contract{c})
		var j, x bytes.Buffer
		if err := errors.Join(WriteJSON(&j, c.Generation, one), WriteXML(&x, c.Generation, one)); err != nil {
			t.Fatal(err)
		}
		if problems := JudgeBy(readJSON(t, c.Generation, j.Bytes())[0], newest); problems.Errors() > 0 {
			t.Errorf("%s as JSON of %s:\n%v", v.place, newest, problems)
		}
		if problems := JudgeBy(readXML(t, x.Bytes())[0], min(newest, V202)); problems.Errors() > 0 {
			t.Errorf("%s as XML of %s:\n%v", v.place, min(newest, V202), problems)
		}
	}
}
