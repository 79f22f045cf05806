package guide

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"maillon/catalog/pivot"
	"maillon/catalog/texts"
)

// docs/dictionary.md is made by `maillon dictionary --to markdown --lang fr`.
func TestTheWrittenDictionaryIsUpToDate(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMarkdown(&b, texts.French); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "dictionary.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != b.String() {
		t.Error("docs/dictionary.md is out of date: make dictionary")
	}
}

func TestTemplatesAskForEveryMandatoryField(t *testing.T) {
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		asked := map[string]bool{}
		for _, c := range Columns(kind) {
			asked[c.Path] = true
		}
		known := map[string]bool{}
		for _, r := range Rows(kind, texts.French) {
			known[r.Path] = r.Known
			within := strings.Contains(r.Path, "/") && !strings.HasPrefix(r.Path, "titulaires/") && !strings.HasPrefix(r.Path, "concessionnaires/")
			group := strings.HasPrefix(r.Type, texts.T(texts.French, "type.object")) || strings.HasPrefix(r.Type, texts.T(texts.French, "type.list"))
			if r.Required && !within && !group && !asked[r.Path] {
				t.Errorf("%s: the template does not ask for %s", kind, r.Path)
			}
		}
		for path := range asked {
			if !known[path] {
				t.Errorf("%s: the template asks for %s, which is not in the newest version", kind, path)
			}
		}
	}
}

// A template filled in with the dictionary's own examples is a conforming file.
func TestATemplateFilledInConforms(t *testing.T) {
	for _, lang := range texts.Langs {
		var b bytes.Buffer
		if err := WriteTemplateXLSX(&b, lang); err != nil {
			t.Fatal(err)
		}
		book, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
			fillIn(t, book, texts.T(lang, "template."+string(kind)), kind)
		}
		var filled bytes.Buffer
		if err := book.Write(&filled); err != nil {
			t.Fatal(err)
		}
		var kinds []pivot.Kind
		for c, err := range pivot.NewReader(&filled, pivot.Limits{}).Check(pivot.Checking{}) {
			if err != nil {
				t.Fatal(err)
			}
			if kinds = append(kinds, c.Record.Kind); c.Verdict.State != pivot.Conforming || c.Verdict.Version != pivot.V204 {
				t.Errorf("%s: %s by %s: %v", c.Record.Kind, c.Verdict.State, c.Verdict.Version, c.Verdict.Problems)
			}
		}
		if fmt.Sprint(kinds) != "[marche contrat-concession]" {
			t.Errorf("the workbook holds %v", kinds)
		}
	}
}

// fillIn types the dictionary's examples into the first line of a sheet.
func fillIn(t *testing.T, book *excelize.File, sheet string, kind pivot.Kind) {
	t.Helper()
	for i, c := range Columns(kind) {
		value := ""
		for _, r := range Rows(kind, texts.French) {
			if value == "" && r.Path == c.Path {
				value = r.Example
			}
		}
		switch {
		case c.Header == "nature" && kind == pivot.Concession:
			value = "Délégation de service public"
		case c.Header == "procedure" && kind == pivot.Concession:
			value = "Procédure négociée ouverte"
		}
		name, err := excelize.CoordinatesToCellName(i+1, 2)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := book.GetCellValue(sheet, strings.TrimRight(name, "0123456789")+"1"); err != nil || got != c.Header {
			t.Errorf("%s has header %q, %v; want %q", name, got, err, c.Header)
		}
		if err := book.SetCellStr(sheet, name, value); err != nil {
			t.Fatal(err)
		}
	}
}
