package pivot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A verdict is what the official JSON Schemas say of one real record.
type verdict struct {
	place  string // file and pointer
	rec    Record
	accept []Version // versions that accept it, oldest first
}

// conformance reads the verdicts on real records, in their order.
func conformance(t testing.TB) []verdict {
	t.Helper()
	root := os.Getenv("MAILLON_CONFORMANCE")
	if root == "" {
		t.Skip("SKIPPED: MAILLON_CONFORMANCE is not set, no real record is checked")
	}
	table, err := os.ReadFile(filepath.Join(root, "pivot", "verdicts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*normNode{}
	var list []verdict
	for line := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimSpace(line), "\t") // file, pointer, kind, version, 1 or 0
		if place := f[0] + f[1]; len(list) == 0 || list[len(list)-1].place != place {
			if files[f[0]] == nil {
				files[f[0]] = conformanceFile(t, filepath.Join(root, "pivot", f[0]))
			}
			rec := Record{Kind: Kind(f[2]), Form: Flat, Pointer: f[1], Raw: conformanceRaw(t, files[f[0]], f[1])}
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
	return list
}

func conformanceFile(t testing.TB, path string) *normNode {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// One level is enough to find the records.
	root := &normNode{kind: '{'}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &doc); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for name, v := range doc {
		root.kids = append(root.kids, conformanceTree(t, name, v, 2))
	}
	return root
}

func conformanceTree(t testing.TB, name string, raw json.RawMessage, deep int) *normNode {
	n := &normNode{name: name, raw: raw, kind: raw[0]}
	switch {
	case deep > 0 && n.kind == '[':
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			n.kids = append(n.kids, &normNode{raw: e})
		}
	case deep > 0 && n.kind == '{':
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			t.Fatal(err)
		}
		for name, v := range members {
			n.kids = append(n.kids, conformanceTree(t, name, v, deep-1))
		}
	}
	return n
}

func conformanceRaw(t testing.TB, n *normNode, pointer string) []byte {
	for _, part := range strings.Split(pointer, "/")[1:] {
		if i, err := strconv.Atoi(part); err == nil && n.kind == '[' && i < len(n.kids) {
			n = n.kids[i]
		} else if n = n.get(part); n == nil {
			t.Fatalf("no record at %s", pointer)
		}
	}
	return n.raw
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
	n := 0
	for _, v := range conformance(t) {
		c, _ := Normalise(v.rec)
		one := slices.Values([]Contract{c})
		var j, x bytes.Buffer
		if err := errors.Join(WriteJSON(&j, c.Generation, one), WriteXML(&x, c.Generation, one)); err != nil {
			t.Fatal(err)
		}
		want := legalOnly(c)
		for _, rec := range append(readJSON(t, c.Generation, j.Bytes()), readXML(t, x.Bytes())...) {
			got, repairs := Normalise(rec)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s as %s (-read +written and read):\n%s", v.place, rec.Form, diff)
			}
			if len(v.accept) > 0 && len(repairs) > 0 {
				t.Errorf("%s as %s: repairs %v, want none in what was written", v.place, rec.Form, repairs)
			}
		}
		n++
	}
	if n < 6000 {
		t.Errorf("%d records were read, want all of verdicts.tsv", n)
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
