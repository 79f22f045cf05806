package main

import (
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

// What the schema of CycloneDX 1.6 requires, and what readers of it look for, is there.
func TestABillOfMaterials(t *testing.T) {
	info := &debug.BuildInfo{
		GoVersion: "go1.26.8", Main: debug.Module{Path: "maillon", Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: "example.org/a", Version: "v1.2.3", Sum: "h1:abc="},
			{Path: "example.org/b", Version: "v0.1.0", Replace: &debug.Module{Path: "example.org/c", Version: "v0.2.0"}},
			{Path: "github.com/deiu/gon3", Version: "v0.0.1"},
		},
		Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "-gcflags", Value: "x"}},
	}
	sum := sha256.Sum256([]byte("a program"))
	b, err := bomOf(info, sum, moment("1795654956"), func(m *debug.Module) (string, error) {
		return map[string]string{"maillon": "Apache-2.0", "example.org/a": "MIT", "example.org/c": "BSD-3-Clause"}[m.Path], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		BomFormat    string `json:"bomFormat"`
		SpecVersion  string `json:"specVersion"`
		SerialNumber string `json:"serialNumber"`
		Version      int
		Metadata     struct {
			Timestamp string
			Component map[string]any
		}
		Components   []map[string]any
		Dependencies []struct {
			Ref       string
			DependsOn []string `json:"dependsOn"`
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.BomFormat != "CycloneDX" || doc.SpecVersion != "1.6" || doc.Version != 1 || doc.Metadata.Timestamp != "2026-11-26T01:02:36Z" {
		t.Errorf("head of the document: %.200s", raw)
	}
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(doc.SerialNumber) {
		t.Errorf("serial number %q", doc.SerialNumber)
	}
	refs := map[string]bool{}
	for i, c := range append(doc.Components, doc.Metadata.Component) {
		for _, must := range []string{"type", "name", "version", "purl", "bom-ref"} {
			if text, _ := c[must].(string); text == "" {
				t.Errorf("component %d has no %s: %v", i, must, c)
			}
		}
		if licences, _ := c["licenses"].([]any); len(licences) != 1 {
			t.Errorf("component %v states no licence", c["name"])
		}
		if ref := c["bom-ref"].(string); refs[ref] {
			t.Errorf("%s stands twice", ref)
		} else {
			refs[ref] = true
		}
	}
	if len(refs) != 5 || !refs["pkg:golang/example.org/c@v0.2.0"] || !refs["pkg:golang/std@1.26.8"] {
		t.Errorf("components %v", refs)
	}
	for _, d := range doc.Dependencies {
		for _, on := range append(d.DependsOn, d.Ref) {
			if !refs[on] {
				t.Errorf("a dependency on %s, which is no component", on)
			}
		}
	}
	if strings.Contains(string(raw), "gcflags") || !strings.Contains(string(raw), "none stated") {
		t.Errorf("%s", raw)
	}
}

// Licences are read from the files of modules.
func TestLicencesAreRead(t *testing.T) {
	dirs, err := moduleDirs()
	if err != nil {
		t.Fatal(err)
	}
	own, err := licenceIn("../..")
	if err != nil || own != "Apache-2.0" {
		t.Errorf("the project's own licence is %q, %v", own, err)
	}
	for _, must := range []struct{ module, id string }{
		{"go.etcd.io/bbolt", "MIT"}, {"github.com/hashicorp/memberlist", "MPL-2.0"}, {"golang.org/x/net", "BSD-3-Clause"},
		{"github.com/xuri/excelize/v2", "BSD-3-Clause"}, {"github.com/RoaringBitmap/roaring/v2", "Apache-2.0"}, {"go.yaml.in/yaml/v3", "Apache-2.0"},
	} {
		if got, err := licenceIn(dirs[must.module]); err != nil || got != must.id {
			t.Errorf("%s is under %q, %v; want %s", must.module, got, err, must.id)
		}
	}
	if _, err := licenceIn(t.TempDir()); err == nil {
		t.Error("a folder without licence has one")
	}
}
