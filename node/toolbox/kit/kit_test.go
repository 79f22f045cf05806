package kit

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/catalog/pivot"
	"maillon/catalog/texts"
	"maillon/node/toolbox"
)

func options(lang texts.Lang) Options {
	return Options{Lang: lang, URL: "https://hub.exemple.fr/donnees", Name: "Région <d’Exemple> & Cie", Contact: "a@exemple.fr"}
}

func TestTheKitIsTheSameEachTimeAndWhole(t *testing.T) {
	c := toolbox.Read(nil, toolbox.Options{URL: "https://hub.exemple.fr/donnees"})
	for _, lang := range texts.Langs {
		files, err := Files(c, options(lang))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := Archive(files)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Files(c, options(lang))
		if err != nil {
			t.Fatal(err)
		}
		twice, err := Archive(again)
		if err != nil || !bytes.Equal(raw, twice) {
			t.Errorf("%s: another archive the second time, %v", lang, err)
		}
		z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		if len(z.File) != len(files) || len(files) != 12 {
			t.Errorf("%d files in the archive of %d", len(z.File), len(files))
		}
		for _, f := range files {
			if len(f.Data) == 0 || !texts.Has("toolbox.kit."+f.Key) {
				t.Errorf("%s: %d bytes, key %s", f.Name, len(f.Data), f.Key)
			}
			check(t, f)
		}
	}
}

func check(t *testing.T, f File) {
	t.Helper()
	switch filepath.Ext(f.Name) {
	case ".svg":
		d := xml.NewDecoder(bytes.NewReader(f.Data))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	case ".json", ".xml":
		n := 0
		for c, err := range pivot.NewReader(bytes.NewReader(f.Data), pivot.Limits{}).Check(pivot.Checking{}) {
			if err != nil || c.Verdict.State != pivot.Conforming {
				t.Errorf("%s: %v %v", f.Name, err, c.Verdict.Problems)
			}
			n++
		}
		if n != 2 {
			t.Errorf("%s holds %d records", f.Name, n)
		}
	case ".md":
		if strings.Contains(string(f.Data), "](/") || strings.Contains(string(f.Data), "{adresse}") {
			t.Errorf("%s has an address that leads nowhere outside the node", f.Name)
		}
	}
}

// TestPosters writes the posters to look at.
func TestPosters(t *testing.T) {
	dir := os.Getenv("MAILLON_SCREENSHOTS")
	if dir == "" {
		t.Skip("MAILLON_SCREENSHOTS names no folder to write the posters in")
	}
	c := toolbox.Read(nil, toolbox.Options{})
	for _, lang := range texts.Langs {
		o := options(lang)
		o.Name = "Région Bretagne"
		for _, p := range Posters(c, o) {
			if err := os.WriteFile(filepath.Join(dir, string(lang)+"-"+p.Name), p.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
