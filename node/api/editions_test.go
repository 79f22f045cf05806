package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"maillon/node/edition"
	"maillon/node/shelf"
)

// newHub is a rig with the datasets of a territory, of two contracts.
func newHub(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, "https://x.example")
	r.s.Shelf.Editions = &edition.Store{
		Dir: t.TempDir(), Views: r.s.Views, Dataset: shelf.ConsolidatedID(rennes), URL: "https://x.example",
		Publisher: edition.Publisher{SIRET: rennes, Name: "Ville de Rennes"}, Keep: edition.Keep{Days: 3, Months: 1}, Now: r.s.Now,
	}
	if err := r.s.Shelf.Editions.Load(); err != nil {
		t.Fatal(err)
	}
	r.h = r.s.Handler()
	r.deposit(pivotFile(contractJSONText("A", "papier", 12), contractJSONText("B", strings.Repeat("encre ", 300), 6)))
	if _, err := r.s.Shelf.Editions.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

const territoryFiles = "/files/" + rennes + "-decp-consolide"

func TestTheFilesOfATerritory(t *testing.T) {
	r := newHub(t)
	var list struct {
		Editions []struct {
			Edition, Checksums string
			Files              []struct {
				Name, URL, SHA256 string
				Size, Gzipped     int64
			}
		}
	}
	if err := json.Unmarshal([]byte(text(t, r.do("GET", territoryFiles+"-2026/editions.json", ""))), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Editions) != 1 || list.Editions[0].Edition != "latest" || len(list.Editions[0].Files) != 7 {
		t.Fatalf("%+v", list)
	}
	sums := text(t, r.do("GET", territoryFiles+"-2026/latest/SHA256SUMS", ""))
	for _, f := range list.Editions[0].Files {
		path := strings.TrimPrefix(f.URL, "https://x.example")
		for _, p := range []string{path, strings.Replace(path, "/latest/", "/", 1)} {
			res := r.do("GET", p, "")
			body := text(t, res)
			sum := sha256.Sum256([]byte(body))
			if hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(body)) != f.Size || res.Header.Get("ETag") != `"`+f.SHA256[:32]+`"` {
				t.Errorf("%s: %s, %d bytes, %s", p, res.Status, len(body), res.Header.Get("ETag"))
			}
			if !strings.Contains(sums, f.SHA256+"  "+f.Name+"\n") {
				t.Errorf("%s is not in\n%s", f.Name, sums)
			}
			if part := text(t, r.do("GET", p, "", "Range", "bytes=10-29", "Accept-Encoding", "gzip")); part != body[10:30] {
				t.Errorf("%s: a part is %q", p, part)
			}
			res = r.do("GET", p, "", "Accept-Encoding", "gzip")
			if f.Gzipped == 0 {
				continue
			}
			if res.ContentLength != f.Gzipped || res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("ETag") != `"`+f.SHA256[:32]+`-gzip"` {
				t.Errorf("%s: %v", p, res.Header)
			}
			z, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if raw, err := io.ReadAll(z); err != nil || string(raw) != body {
				t.Errorf("%s: compressed it is another, %v", p, err)
			}
			if again := r.do("GET", p, "", "If-None-Match", res.Header.Get("ETag"), "Accept-Encoding", "gzip"); again.StatusCode != http.StatusNotModified {
				t.Errorf("%s: %s", p, again.Status)
			}
			if head := r.do("HEAD", p, "", "Accept-Encoding", "gzip"); head.ContentLength != f.Gzipped {
				t.Errorf("HEAD %s: %v", p, head.Header)
			}
		}
	}
	for _, p := range []string{
		"/files/" + rennes + "-decp-consolide-1999/tableau.csv", territoryFiles + "/other.csv", territoryFiles + "/2026-03-01/tableau.csv", territoryFiles + "/decret-1x.json",
		territoryFiles + "/..%2f..%2flatest.json", territoryFiles + "/2026-13-45/SHA256SUMS", territoryFiles + "-acheteur-00000000000000/tableau.csv",
		territoryFiles + "-acheteur-" + rennes + "/other", territoryFiles + "-dep-99/editions.json", territoryFiles + "-dep-99/SHA256SUMS",
	} {
		if res := r.do("GET", p, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", p, res.Status)
		}
	}
}

func TestOneBuyersFileIsStreamed(t *testing.T) {
	r := newHub(t)
	want := text(t, r.do("GET", territoryFiles+"/etendu.ndjson", ""))
	path := territoryFiles + "-acheteur-" + rennes + "/etendu.ndjson"
	if got := text(t, r.do("GET", path, "")); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	res := r.do("GET", path, "", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(z); err != nil || string(raw) != want {
		t.Errorf("compressed it is another, %v", err)
	}
	if res := r.do("HEAD", path, ""); res.StatusCode != http.StatusOK || text(t, res) != "" {
		t.Errorf("HEAD: %s", res.Status)
	}
}

// A piece that is damaged on the disk cuts the connection: no client takes what came
// for the file.
func TestHalfAFileNeverLooksWhole(t *testing.T) {
	r := newHub(t)
	pieces, err := filepath.Glob(filepath.Join(r.s.Shelf.Editions.Dir, "pieces", "*", "*"))
	if err != nil || len(pieces) == 0 {
		t.Fatal(pieces, err)
	}
	for _, p := range pieces {
		if err := os.Truncate(p, 100); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(r.h)
	defer server.Close()
	for _, coding := range []string{"identity", "gzip"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+territoryFiles+"/complet.ndjson", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", coding)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue // cut before the headers
		}
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %d bytes of %d, %v", coding, len(raw), res.ContentLength, err)
		}
	}
}

func TestSchemasOfFilesAreServed(t *testing.T) {
	r := newHub(t)
	catalogue := text(t, r.do("GET", "/catalog.nt", ""))
	for _, path := range []string{shelf.TableSchemaPath, shelf.ContractSchemaPath, shelf.DirectorySchemaPath, shelf.RegisterSchemaPath} {
		res := r.do("GET", path, "")
		if !json.Valid([]byte(text(t, res))) || res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, res.Status)
		}
		if !strings.Contains(catalogue, "<https://x.example"+path+">") {
			t.Errorf("the catalogue does not name %s", path)
		}
	}
	for _, id := range []string{"-decp-consolide", "-decp-consolide-2026", "-decp-consolide-dep-35"} {
		if res := r.do("GET", "/catalog/datasets/"+rennes+id+".ttl", ""); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", id, res.Status)
		}
	}
	if res := r.do("GET", "/catalog/series/"+rennes+"-decp-consolide-annees.ttl", ""); res.StatusCode != http.StatusOK || !strings.Contains(text(t, res), "-decp-consolide-2026") {
		t.Errorf("the series of years: %s", res.Status)
	}
}

func TestTheDirectoryHasTheColumnsOfTheNationalOne(t *testing.T) {
	r := newHub(t)
	lines := strings.Split(text(t, r.do("GET", shelf.DirectoryPath, "")), "\n")
	if len(lines) != 3 || lines[0] != "siretAcheteur;urlProfilAcheteur;urlDCAT;coordonnees" || !strings.HasPrefix(lines[1], rennes+";https://x.example;https://x.example/catalog;") {
		t.Errorf("%q", lines)
	}
	if res := newRig(t, "https://x.example").do("GET", shelf.DirectoryPath, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("a node that is no hub: %s", res.Status)
	}
}

func TestThePageOfDownloads(t *testing.T) {
	r := newHub(t)
	page := text(t, r.do("GET", "/telechargements?acheteur="+rennes, "", "Accept", "text/html", "Accept-Language", "fr"))
	for _, want := range []string{
		territoryFiles + "/tableau.csv", territoryFiles + "-2026/decret.json", territoryFiles + "-dep-35/ocds.json", territoryFiles + "-acheteur-" + rennes + "/tableau.parquet",
		"Ille-et-Vilaine", "Agents, journalistes, citoyens", "/latest/SHA256SUMS", shelf.DirectoryPath, "La première édition datée",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if page := text(t, r.do("GET", "/telechargements?acheteur=123", "", "Accept", "text/html")); !strings.Contains(page, "Check the fourteen digits") && !strings.Contains(page, "Vérifiez les quatorze chiffres") {
		t.Error("an unknown buyer is not said")
	}
}
