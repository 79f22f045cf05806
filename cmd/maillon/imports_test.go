package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var backquoted = regexp.MustCompile("`([^`]+)`")

// mayImport reads the table of docs/architecture.md: for each package, the
// packages of this module it may import.
func mayImport(t *testing.T) map[string][]string {
	raw, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string][]string{}
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		pkg := strings.Trim(strings.TrimSpace(cells[1]), "`")
		allowed[pkg] = nil
		for _, m := range backquoted.FindAllStringSubmatch(cells[3], -1) {
			allowed[pkg] = append(allowed[pkg], m[1])
		}
	}
	if len(allowed) < 15 {
		t.Fatalf("docs/architecture.md lists %d packages: is its table still there?", len(allowed))
	}
	return allowed
}

func TestImports(t *testing.T) {
	allowed := mayImport(t)
	const module = "maillon/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		pkg := strings.TrimPrefix(f[0], module)
		if _, listed := allowed[pkg]; !listed {
			t.Errorf("%s is not in the table of docs/architecture.md", pkg)
		}
		for _, imp := range f[1:] {
			if to, ours := strings.CutPrefix(imp, module); ours && !may(allowed[pkg], to) {
				t.Errorf("%s may not import %s", pkg, to)
			}
		}
	}
}

func may(allowed []string, to string) bool {
	for _, a := range allowed {
		if base, ok := strings.CutSuffix(a, "/*"); a == to || ok && strings.HasPrefix(to, base+"/") {
			return true
		}
	}
	return false
}

// TestOneUser checks that some dependencies stay behind their wall.
func TestOneUser(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "maillon/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	only := map[string]string{
		"github.com/deiu/rdf2go":          "maillon/catalog/rdf",
		"github.com/hashicorp/memberlist": "maillon/federation/gossip",
		"go.etcd.io/bbolt":                "maillon/store/bolt",
		"github.com/google/nftables":      "", // tests alone
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		for _, imp := range f[1:] {
			if user, walled := only[imp]; walled && f[0] != user {
				t.Errorf("%s imports %s, only %q may", f[0], imp, user)
			}
		}
	}
}

// What tests need stays with the tests: these were 6.6 MB of the program (0095).
func TestTheProgramDoesNotCarryWhatOnlyTestsNeed(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range strings.Lines(string(out)) {
		for _, heavy := range []string{"github.com/parquet-go/", "google.golang.org/protobuf/", "github.com/andybalholm/brotli"} {
			if strings.HasPrefix(pkg, heavy) {
				t.Errorf("the program imports %s", strings.TrimSpace(pkg))
			}
		}
	}
}
