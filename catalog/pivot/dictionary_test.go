package pivot

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/texts"
)

func TestEveryFieldIsExplained(t *testing.T) {
	for _, kind := range []Kind{Marche, Concession} {
		for _, f := range Dictionary(kind) {
			if !texts.Has(f.TextKey()) {
				t.Errorf("%s has no text", f.TextKey())
			}
			if within := f.Usage[0].Type == FieldObject || f.Usage[0].Type == FieldList; within == (f.Example != "") {
				t.Errorf("%s: an example is %q", f.Path, f.Example)
			}
			for _, u := range f.Usage {
				if !texts.Has("type." + string(u.Type)) {
					t.Errorf("type.%s has no text", u.Type)
				}
			}
		}
	}
}

func TestWhatVersionsSayOfAField(t *testing.T) {
	find := func(k Kind, path string) Field {
		t.Helper()
		for _, f := range Dictionary(k) {
			if f.Path == path {
				return f
			}
		}
		t.Fatalf("no field %s", path)
		return Field{}
	}
	montant := find(Marche, "montant")
	if u, ok := montant.In(V204); !ok || !u.Required || u.Type != FieldNumber || *u.Min != 1 {
		t.Errorf("montant in 2.0.4: %+v", u)
	}
	if u, ok := montant.In(V150); !ok || *u.Min != 0 {
		t.Errorf("montant in 1.5.0: %+v", u)
	}
	if _, ok := find(Marche, "techniques").In(V150); ok {
		t.Error("1.5.0 knows techniques")
	}
	if u, ok := find(Marche, "titulaires/titulaire/typeIdentifiant").In(V203); !ok || slices.Contains(u.Words, "UE") {
		t.Errorf("typeIdentifiant in 2.0.3: %+v", u)
	}
	if u, _ := find(Marche, "origineUE").In(V203); u.Required || u.Type != FieldNumber || *u.Max != 1 {
		t.Errorf("origineUE in 2.0.3: %+v", u)
	}
	if _, ok := find(Concession, "lieuExecution").In(V204); ok {
		t.Error("a concession of 2.0.4 has a place")
	}
}

// The dictionary says what the official JSON schemas say: which fields there
// are, which are mandatory, and which words they may be.
func TestTheDictionaryIsThatOfTheOfficialSchemas(t *testing.T) {
	root := os.Getenv("MAILLON_CONFORMANCE")
	if root == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no official schemas")
	}
	for _, v := range []Version{V140, V150, V200, V201, V202, V203, V204} {
		names, err := filepath.Glob(filepath.Join(root, "schemas", "v"+string(v), "*.json"))
		if err != nil || len(names) == 0 {
			t.Fatalf("no schema %s: %v", v, err)
		}
		raw, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		for kind, name := range map[Kind]string{Marche: "marche", Concession: "contrat-concession"} {
			want := dictionaryTop(t, doc, name)
			got := map[string]string{}
			for _, f := range Dictionary(kind) {
				u, known := f.In(v)
				if !known || f.Name == "_type" || strings.Contains(f.Path, "/") {
					continue
				}
				if !slices.Contains(u.JSON, v) {
					continue // in the XSD only
				}
				got[f.Name] = dictionaryLine(u.Required, u.Words)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %s:\n%s", kind, v, diff)
			}
		}
	}
}

func dictionaryLine(required bool, words []string) string {
	s := "optional"
	if required {
		s = "required"
	}
	words = slices.Clone(words)
	slices.Sort(words)
	return s + " " + strings.Join(words, "|")
}

// dictionaryTop reads the fields of a kind out of an official schema.
func dictionaryTop(t *testing.T, doc map[string]any, name string) map[string]string {
	t.Helper()
	def := dictionaryDefinition(doc, name)
	if def == nil {
		t.Fatalf("the schema has no %s", name)
	}
	required := map[string]bool{}
	for _, r := range def["required"].([]any) {
		required[r.(string)] = true
	}
	fields := map[string]string{}
	for field, s := range def["properties"].(map[string]any) {
		if field == "_type" { // a constant, written as a pattern
			continue
		}
		fields[field] = dictionaryLine(required[field], dictionaryWords(doc, s, 0))
	}
	return fields
}

func dictionaryDefinition(doc map[string]any, name string) map[string]any {
	for _, in := range []string{"definitions", "$defs"} {
		if defs, ok := doc[in].(map[string]any); ok {
			if d, ok := defs[name].(map[string]any); ok {
				return d
			}
		}
	}
	return nil
}

// dictionaryWords finds the closed list of a field, at the first level or in
// the list it wraps.
func dictionaryWords(doc map[string]any, schema any, deep int) []string {
	s, ok := schema.(map[string]any)
	if !ok || deep > 8 {
		return nil
	}
	if ref, ok := s["$ref"].(string); ok {
		var at any = doc
		for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			in, _ := at.(map[string]any)
			at = in[name]
		}
		return dictionaryWords(doc, at, deep+1)
	}
	var words []string
	for _, key := range []string{"enum"} {
		if list, ok := s[key].([]any); ok {
			for _, w := range list {
				if text, ok := w.(string); ok {
					words = append(words, text)
				}
			}
		}
	}
	if c, ok := s["const"].(string); ok {
		words = append(words, c)
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf"} {
		if list, ok := s[key].([]any); ok {
			for _, in := range list {
				words = append(words, dictionaryWords(doc, in, deep+1)...)
			}
		}
	}
	if len(words) > 0 {
		return words
	}
	if items, ok := s["items"].(map[string]any); ok && items["properties"] == nil {
		return dictionaryWords(doc, items, deep+1)
	}
	if props, ok := s["properties"].(map[string]any); ok && len(props) == 1 {
		for _, p := range props {
			return dictionaryWords(doc, p, deep+1)
		}
	}
	return nil
}
