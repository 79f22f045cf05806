package pivot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// variantsOf reads a file and gives a line for each element: pointer, line,
// uid, and the rule by which it is refused.
func variantsOf(t *testing.T, file string, lim Limits) (list []string, layout string) {
	t.Helper()
	r := NewReader(strings.NewReader(file), lim)
	for item, err := range r.Items() {
		switch {
		case err != nil:
			list = append(list, err.(*FileError).Problem.Rule)
		case len(item.Problems) > 0:
			list = append(list, item.Record.Pointer+" "+item.Problems[0].Rule)
		default:
			list = append(list, item.Record.Pointer+" "+item.Record.Buyer+"/"+item.Record.ID)
		}
	}
	return list, r.Layout()
}

func TestVariantsOfJSONFilesAreRead(t *testing.T) {
	const one, two = `{"acheteur":{"id":"1"},"id":"a"}`, `{"objet":"é","acheteur":{"id":"2"},"id":"b"}`
	many := strings.Repeat(`{"objet":"`+strings.Repeat("x", 5000)+`","acheteur":{"id":"1"},"id":"a"},`, 100)
	for name, c := range map[string]struct {
		file, layout string
		want         []string
	}{
		"a contract a line":                    {one + "\n" + two + "\n", "ndjson", []string{"/0 1/a", "/1 2/b"}},
		"without end of the last line":         {one + "\r\n" + two, "ndjson", []string{"/0 1/a", "/1 2/b"}},
		"contracts joined without line":        {one + two, "ndjson", []string{"/0 1/a", "/1 2/b"}},
		"a contract on several lines":          {"{\n\"acheteur\":{\"id\":\"1\"},\n\"id\":\"a\"}\n" + two, "ndjson", []string{"/0 1/a", "/1 2/b"}},
		"a broken line loses no other":         {one + "\n{\"objet\":tru}\n" + two, "ndjson", []string{"/0 1/a", "/1 json-syntax", "/2 2/b"}},
		"a line that is no contract":           {one + "\n12\n" + two, "ndjson", []string{"/0 1/a", "/1 not-an-object", "/2 2/b"}},
		"half a last line":                     {one + "\n" + two[:20], "ndjson", []string{"/0 1/a", "/1 truncated"}},
		"too deep a line":                      {one + "\n" + strings.Repeat("[", 99) + "\n" + two, "ndjson", []string{"/0 1/a", "/1 too-deep", "/2 2/b"}},
		"letters of windows-1252 in a line":    {one + "\n" + strings.Replace(two, "é", "\xe9", 1), "ndjson", []string{"/0 1/a", "/1 2/b"}},
		"one contract alone":                   {one + "\n", "json-record", []string{" 1/a"}},
		"a list under another name":            {`{"n":1,"decp":[` + strings.Replace(two, "objet", "objet", 1) + `],"other":[1]}`, "json-wrapped", []string{"/decp/0 2/b"}},
		"a long list under another name":       {`{"n":1,"decp":[` + many[:len(many)-1] + `]}`, "json-wrapped", nil},
		"a list of something else":             {`{"n":1,"list":[{"a":1}]}`, "", []string{"not-pivot"}},
		"the buyer in a flattened name":        {`[{"objet":"o","id":"a","acheteur_id":"1"},{"objet":"o","id":"a","acheteur.id":"2"}]`, "json-array", []string{"/0 1/a", "/1 2/a"}},
		"the buyer in the uid":                 {`[{"objet":"o","id":"a","uid":"21350238800019a"}]`, "json-array", []string{"/0 21350238800019/a"}},
		"a uid that is not buyer and id":       {`[{"objet":"o","id":"a","uid":"21350238800019b"}]`, "json-array", []string{"/0 no-buyer"}},
		"the authority's siret of 1.0 and 1.1": {`[{"objet":"o","id":"a","autoriteConcedante":{"siret":"21350238800019"}}]`, "json-array", []string{"/0 21350238800019/a"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, layout := variantsOf(t, c.file, Limits{})
			if c.want == nil && len(got) == 100 {
				c.want = got
			}
			if diff := cmp.Diff(c.want, got); diff != "" || layout != c.layout {
				t.Errorf("layout %q, want %q\n%s", layout, c.layout, diff)
			}
		})
	}
}

func TestALineOverTheLimitLosesNoOther(t *testing.T) {
	file := `{"objet":"a","acheteur":{"id":"1"},"id":"a"}` + "\n" + `{"objet":"` + strings.Repeat("x", 600<<10) + `"}` + "\n" +
		`{"objet":"a","acheteur":{"id":"1"},"id":"b"}`
	got, _ := variantsOf(t, file, Limits{Record: 1 << 10})
	if diff := cmp.Diff([]string{"/0 1/a", "/1 record-too-large", "/2 1/b"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFlattenedFieldsAreReadForTheirMeaning(t *testing.T) {
	file := `[{"objet":"o","id":"a","uid":"21350238800019a","lieuExecution_code":"35000","lieuExecution_typeCode":"Code postal","acheteur.nom":"Rennes"}]`
	for item, err := range NewReader(strings.NewReader(file), Limits{}).Items() {
		if err != nil {
			t.Fatal(err)
		}
		c, repairs := Normalise(item.Record)
		if want := (Buyer{"21350238800019", "Rennes"}); c.Buyer != want {
			t.Errorf("buyer %v, want %v", c.Buyer, want)
		}
		if want := (Place{Code: "35000", CodeType: "Code postal"}); c.Place == nil || *c.Place != want {
			t.Errorf("place %v, want %v", c.Place, want)
		}
		said := map[string]string{}
		for _, r := range repairs {
			said[r.From] = r.To
		}
		for from, to := range map[string]string{
			"uid": "acheteur.id", "lieuExecution_code": "lieuExecution.code", "acheteur.nom": "acheteur.nom",
		} {
			if said[from] != to {
				t.Errorf("repair of %q: %q, want %q", from, said[from], to)
			}
		}
	}
}
