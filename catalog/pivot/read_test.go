package pivot

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// readLines tells what a file was read as, a line per item: place, kind,
// form, buyer and id, or place and rule; then the error; then the warnings.
func readLines(raw []byte, lim Limits) []string {
	items, r, err := readAll(raw, lim)
	lines := []string{r.Layout()}
	for _, item := range items {
		rec := item.Record
		if len(item.Problems) > 0 {
			lines = append(lines, fmt.Sprintf("%s refused %s", rec.Pointer, item.Problems[0].Rule))
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s", rec.Pointer, rec.Kind, rec.Form, rec.Buyer, rec.ID))
	}
	var bad *FileError
	if errors.As(err, &bad) {
		lines = append(lines, "error "+bad.Problem.Rule)
	}
	for _, w := range r.Warnings() {
		lines = append(lines, "warning "+w.Rule)
	}
	return lines
}

const (
	flatA = `{"id":"a","acheteur":{"id":"1"}}`
	flatB = `{"id":"b","acheteur":{"id":"1"}}`
	flatC = `{"id":"c","autoriteConcedante":{"id":"2"}}`
	xmlA  = `<marche><id>a</id><acheteur><id>1</id></acheteur></marche>`
	xmlC  = `<contrat-concession><id>c</id><autoriteConcedante><id>2</id></autoriteConcedante></contrat-concession>`
)

func TestLayouts(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"a list of marches is flat":              {`{"marches":[` + flatA + `, ` + flatC + ` ]}`, []string{"json-flat", "/marches/0 marche json-flat 1 a", "/marches/1 contrat-concession json-flat 2 c"}},
		"_type tells the kind":                   {`{"marches":[{"_type":"Contrat de concession","id":"a","acheteur":{"id":"1"}}]}`, []string{"json-flat", "/marches/0 contrat-concession json-flat 1 a"}},
		"two lists are nested":                   {`{"marches":{"marche":[` + flatA + `],"contrat-concession":[` + flatC + `]}}`, []string{"json-nested", "/marches/marche/0 marche json-nested 1 a", "/marches/contrat-concession/0 contrat-concession json-nested 2 c"}},
		"one object stands for a list of one":    {`{"marches":{"marche":` + flatA + `,"contrat-concession":null}}`, []string{"json-nested", "/marches/marche marche json-nested 1 a", "warning unknown-key"}},
		"a bare list":                            {`[` + flatA + `,` + flatC + `]`, []string{"json-array", "/0 marche json-flat 1 a", "/1 contrat-concession json-flat 2 c"}},
		"a bare list of nested records":          {`[{"id":"a","acheteur":{"id":"1"},"titulaires":[{"titulaire":{}}]}]`, []string{"json-array", "/0 marche json-nested 1 a"}},
		"one contract is the root":               {` {"$schema":"x","id":"a","acheteur":{"id":"1"}} `, []string{"json-record", " marche json-flat 1 a"}},
		"one nested concession is the root":      {`{"autoriteConcedante":{"id":"2"},"id":"c","considerationsSociales":{"considerationSociale":["x"]}}`, []string{"json-record", " contrat-concession json-nested 2 c"}},
		"other members are passed over":          {`{"$schema":"s","meta":{"a":[1,"]"]},"marches":[` + flatA + `],"fin":"}"}`, []string{"json-flat", "/marches/0 marche json-flat 1 a", "warning unknown-key"}},
		"no records":                             {`{"marches":[]}`, []string{"json-flat", "warning no-record"}},
		"contracts under another name":           {`{"id":"1","decp":[` + flatA + `]}`, []string{"json-wrapped", "/decp/0 marche json-flat 1 a", "warning unknown-key"}},
		"another application's file":             {`{"id":"1","list":[{"a":1}]}`, []string{"", "error not-pivot"}},
		"marches that is no list":                {`{"marches":"x"}`, []string{"", "error not-pivot"}},
		"a number":                               {`12`, []string{"", "error not-pivot"}},
		"a spreadsheet":                          {"PK\x03\x04", []string{"", "error workbook-damaged"}},
		"nothing":                                {"", []string{"", "error empty-file"}},
		"white space":                            {" \n", []string{"", "error empty-file"}},
		"two documents":                          {`{"marches":[` + flatA + `]}{}`, []string{"json-flat", "/marches/0 marche json-flat 1 a", "error json-trailing"}},
		"marches twice":                          {`{"marches":[` + flatA + `],"marches":[]}`, []string{"json-flat", "/marches/0 marche json-flat 1 a", "error duplicate-key"}},
		"XML":                                    {`<?xml version="1.0"?><!-- x --><marches>` + xmlA + "\n" + xmlC + xmlA + `</marches><!-- -->`, []string{"xml", "/marches/marche/0 marche xml 1 a", "/marches/contrat-concession/0 contrat-concession xml 2 c", "/marches/marche/1 marche xml 1 a"}},
		"one XML record is the root":             {xmlC + "\n", []string{"xml", " contrat-concession xml 2 c"}},
		"XML records in another element":         {`<marches><csv>` + xmlA + `</csv></marches>`, []string{"xml", "/marches/marche/0 marche xml 1 a", "warning unknown-key"}},
		"an XML namespace stays with the record": {`<marches xmlns="u">` + xmlA + `</marches>`, []string{"xml", "/marches/marche/0 marche xml 1 a"}},
		"XML without records":                    {`<marches/>`, []string{"xml", "warning no-record"}},
		"XML records in another root":            {`<csv>` + xmlA + `</csv>`, []string{"xml", "/marches/marche/0 marche xml 1 a", "warning unknown-key"}},
		"another XML file":                       {`<html><body/></html>`, []string{"xml", "error not-pivot", "warning unknown-key", "warning unknown-key"}},
		"text between XML records":               {`<marches>x` + xmlA + `</marches>`, []string{"xml", "/marches/marche/0 marche xml 1 a", "warning unknown-text"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, readLines([]byte(c.file), Limits{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsNoRecordIsRefusedAlone(t *testing.T) {
	long := strings.Repeat("9", 257)
	for name, c := range map[string]struct{ record, want string }{
		"no buyer":                  {`{"id":"x"}`, "refused no-buyer"},
		"a buyer without id":        {`{"id":"x","acheteur":{"nom":"n"}}`, "refused no-buyer"},
		"an empty buyer":            {`{"id":"x","acheteur":{"id":" "}}`, "refused no-buyer"},
		"no id":                     {`{"acheteur":{"id":"1"}}`, "refused no-id"},
		"an id that is a list":      {`{"id":["x"],"acheteur":{"id":"1"}}`, "refused no-id"},
		"an id of 257 bytes":        {`{"id":"` + long + `","acheteur":{"id":"1"}}`, "refused id-too-long"},
		"a buyer of 257 bytes":      {`{"id":"x","acheteur":{"id":"` + long + `"}}`, "refused id-too-long"},
		"a text":                    {`"x"`, "refused not-an-object"},
		"null":                      {`null`, "refused not-an-object"},
		"a list":                    {`[[]]`, "refused not-an-object"},
		"a key twice":               {`{"id":"x","acheteur":{"id":"1"},"id":"y"}`, "refused duplicate-key"},
		"a key twice, once escaped": {`{"id":"x","acheteur":{"id":"1"},"\u0069d":"y"}`, "refused duplicate-key"},
		"an unknown key twice":      {`{"id":"x","acheteur":{"id":"1"},"zz":{"yy":1,"yy":2}}`, "refused duplicate-key"},
		"NaN":                       {`{"id":"x","acheteur":{"id":"1"},"montant":NaN}`, "refused json-syntax"},
		"Infinity":                  {`{"id":"x","acheteur":{"id":"1"},"montant":-Infinity}`, "refused json-syntax"},
		"a wrong escape":            {`{"id":"x","acheteur":{"id":"1"},"objet":"C:\dossier"}`, "refused json-syntax"},
		"a wrong code point":        {`{"id":"x","acheteur":{"id":"1"},"objet":"\u12G4"}`, "refused json-syntax"},
		"a line break in a text":    {"{\"id\":\"x\",\"acheteur\":{\"id\":\"1\"},\"objet\":\"a\nb\"}", "refused json-syntax"},
		"a leading zero":            {`{"id":"x","acheteur":{"id":"1"},"montant":012}`, "refused json-syntax"},
		"a missing comma":           {`{"id":"x" "acheteur":{"id":"1"}}`, "refused json-syntax"},
		"too many levels":           {`{"id":"x","a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`, "refused too-deep"},
		"a numeric id is its text":  {`{"id":20240012,"acheteur":{"id":1.50}}`, "marche json-flat 1.50 20240012"},
		"signs in an id":            {`{"id":"a/b#c%d?e f","acheteur":{"id":"1"}}`, "marche json-flat 1 a/b#c%d?e f"},
		"escapes in an id":          {`{"id":"\u0041\/\"","acheteur":{"id":"1"}}`, `marche json-flat 1 A/"`},
		"numbers as texts":          {`{"id":"x","acheteur":{"id":"1"},"montant":"12,50"}`, "marche json-flat 1 x"},
	} {
		t.Run(name, func(t *testing.T) {
			file := `{"marches":[` + flatA + `,` + c.record + `,` + flatB + `]}`
			want := []string{"json-flat", "/marches/0 marche json-flat 1 a", "/marches/1 " + c.want, "/marches/2 marche json-flat 1 b"}
			if diff := cmp.Diff(want, readLines([]byte(file), Limits{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsNoXMLRecordIsRefusedAlone(t *testing.T) {
	for name, c := range map[string]struct{ record, want string }{
		"no buyer":                 {`<marche><id>x</id></marche>`, "refused no-buyer"},
		"an empty id":              {`<marche><id/><acheteur><id>1</id></acheteur></marche>`, "refused no-id"},
		"two ids":                  {`<marche><id>x</id><id>y</id><acheteur><id>1</id></acheteur></marche>`, "refused no-id"},
		"no elements":              {`<marche>x</marche>`, "refused not-an-object"},
		"an entity":                {`<marche><id>&eacute;</id></marche>`, "refused xml-entity"},
		"a lone ampersand":         {`<marche><id>a & b</id></marche>`, "refused xml-syntax"},
		"a control character":      {"<marche><id>a\x02</id></marche>", "refused xml-character"},
		"its reference":            {"<marche><id>a&#2;</id></marche>", "refused xml-character"},
		"a tag that is not closed": {`<marche><id>x<objet></objet></marche>`, "refused xml-syntax"},
		"an attribute twice":       {`<marche a="1" a="2"><id>x</id></marche>`, "refused duplicate-key"},
		"too many levels":          {`<marche>` + strings.Repeat("<a>", 70) + strings.Repeat("</a>", 70) + `</marche>`, "refused too-deep"},
		"too many names":           {`<marche>` + xmlManyNames(300) + `</marche>`, "refused too-many-elements"},
		"the end of another":       {`<marche><id>x</id></contrat-concession></marche>`, "refused xml-syntax"},
		"no end":                   {`<marche><id>x</id>`, "refused xml-syntax"},
	} {
		t.Run(name, func(t *testing.T) {
			file := "<marches>" + xmlA + c.record + xmlC + "</marches>"
			want := []string{"xml", "/marches/marche/0 marche xml 1 a", "/marches/marche/1 " + c.want, "/marches/contrat-concession/0 contrat-concession xml 2 c"}
			if diff := cmp.Diff(want, readLines([]byte(file), Limits{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func xmlManyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<a%d/>", i)
	}
	return b.String()
}

func TestEncodings(t *testing.T) {
	file := func(id string) string { return `{"marches":[` + flatA + `,{"id":"` + id + `","acheteur":{"id":"1"}}]}` }
	xmlFile := func(encoding, id string) string {
		return `<?xml version="1.0" encoding="` + encoding + `"?><marches><marche><id>` + id + `</id><acheteur><id>1</id></acheteur></marche></marches>`
	}
	json := func(id string, more ...string) []string {
		return append([]string{"json-flat", "/marches/0 marche json-flat 1 a", "/marches/1 marche json-flat 1 " + id}, more...)
	}
	xml := func(id string, more ...string) []string {
		return append([]string{"xml", "/marches/marche/0 marche xml 1 " + id}, more...)
	}
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"UTF-8":                            {file("é€"), json("é€")},
		"UTF-8 with a mark":                {"\ufeff" + file("é€"), json("é€", "warning bom")},
		"UTF-16, little end first":         {readUTF16(file("é€😀"), 0), json("é€😀", "warning encoding-other")},
		"UTF-16, big end first":            {readUTF16(file("é€"), 1), json("é€", "warning encoding-other")},
		"windows-1252, undeclared":         {file("\xe9\x80"), json("é€", "warning encoding-guessed")},
		"one broken record in UTF-8":       {strings.Replace(file("\xe9"), `"a"`, `"é"`, 1), []string{"json-flat", "/marches/0 marche json-flat 1 é", "/marches/1 refused encoding"}},
		"a lost letter is a letter":        {file("\ufffd"), json("\ufffd")},
		"XML that says ISO-8859-1":         {xmlFile("ISO-8859-1", "\xe9"), xml("é", "warning encoding-other")},
		"XML that says windows-1252":       {xmlFile("windows-1252", "\x80"), xml("€", "warning encoding-other")},
		"XML that says ISO-8859-15":        {xmlFile("iso-8859-15", "\xa4"), xml("€", "warning encoding-other")},
		"XML that says UTF-8 and is":       {xmlFile("utf-8", "é"), xml("é")},
		"XML that says UTF-8 and is not":   {xmlFile("UTF-8", "\xe9"), xml("é", "warning encoding-guessed")},
		"XML in UTF-16":                    {readUTF16(xmlFile("UTF-16", "é"), 0), xml("é", "warning encoding-other")},
		"XML that says what we don't know": {xmlFile("EBCDIC-1", "e"), []string{"", "error encoding-unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, readLines([]byte(c.file), Limits{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// readUTF16 writes s in UTF-16 with its mark; big is 1 for the big end first.
func readUTF16(s string, big int) string {
	var b []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		pair := [2]byte{byte(u), byte(u >> 8)}
		b = append(b, pair[big], pair[1-big])
	}
	return string(b)
}

func readGzipped(t testing.TB, raw string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGzipIsReadAndBounded(t *testing.T) {
	small := `{"marches":[` + flatA + `]}`
	whole := []string{"json-flat", "/marches/0 marche json-flat 1 a"}
	packed := readGzipped(t, small)
	damaged := bytes.Clone(packed)
	damaged[len(damaged)-5] ^= 1
	for name, c := range map[string]struct {
		file []byte
		lim  Limits
		want []string
	}{
		"a gzip file":             {packed, Limits{}, whole},
		"a gzip file cut short":   {packed[:len(packed)-12], Limits{}, nil},
		"a damaged gzip file":     {damaged, Limits{}, append(whole[:2:2], "error gzip-damaged")},
		"a bomb":                  {readGzipped(t, `{"marches":[`+flatA+`,"`+strings.Repeat("x", 20<<20)), Limits{}, append(whole[:2:2], "error gzip-bomb")},
		"a file over the limit":   {[]byte(`{"marches":[` + flatA + strings.Repeat(" ", 200) + `]}`), Limits{File: 100}, append(whole[:2:2], "error file-too-large")},
		"a gzip header, no more":  {packed[:6], Limits{}, []string{"", "error truncated"}},
		"the first byte of a zip": {packed[:1], Limits{}, []string{"", "error not-pivot"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := readLines(c.file, c.lim)
			if c.want == nil {
				if got[len(got)-1] != "error truncated" {
					t.Errorf("got %q, want it truncated", got)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAFileCutAnywhereGivesWhatStandsBeforeTheCut cuts small files after each
// byte. The records that end before the cut come, no others, then an error.
func TestAFileCutAnywhereGivesWhatStandsBeforeTheCut(t *testing.T) {
	for _, file := range []string{
		`{"x":{"y":[1.5e3]},"marches":[` + flatA + `,` + flatB + `,` + flatC + `]}`,
		`{"marches":{"marche":[` + flatA + `,` + flatB + `],"contrat-concession":` + flatC + `}}`,
		`[` + flatA + `,` + flatC + `]`,
		"\ufeff" + flatA,
		`<?xml version="1.0" encoding="UTF-8"?><!-- c --><marches a="1">` + xmlA + "\n<csv>" + xmlC + `</csv><marche x="&lt;">` + xmlA[8:] + `</marches>`,
	} {
		all, _, err := readAll([]byte(file), Limits{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for cut := range len(file) {
			items, _, err := readAll([]byte(file[:cut]), Limits{})
			var bad *FileError
			if !errors.As(err, &bad) {
				t.Fatalf("cut after %d of %s: %v, want a FileError", cut, file, err)
			}
			if bad.Offset > int64(cut) || bad.Line < 1 {
				t.Errorf("cut after %d: the error is at byte %d, line %d", cut, bad.Offset, bad.Line)
			}
			if len(items) > len(all) {
				t.Fatalf("cut after %d of %s: %d items, the whole has %d", cut, file, len(items), len(all))
			}
			if diff := cmp.Diff(all[:len(items)], items, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("cut after %d of %s: %s", cut, file, diff)
			}
		}
	}
}

func TestAFileComesByteByByteAsItComesWhole(t *testing.T) {
	for _, file := range []string{
		`{"marches":[` + flatA + `,{"id":"é","acheteur":{"id":"1"},"n":12}, NaN ,` + flatC + `]}`,
		`{"marches":[` + flatA + `,{"id":"` + "\xe9" + `","acheteur":{"id":"1"}}]}`,
		`<marches>` + xmlA + `<marche><id>&x;</id></marche>` + xmlC + `</marches>`,
	} {
		want := readLines([]byte(file), Limits{})
		r := NewReader(iotest.OneByteReader(strings.NewReader(file)), Limits{})
		n := 0
		for item, err := range r.Items() {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if !strings.HasPrefix(want[n], item.Record.Pointer+" ") {
				t.Errorf("item %d is %s, want %s", n, item.Record.Pointer, want[n])
			}
		}
		if n != strings.Count(strings.Join(want, "\n"), "\n/") {
			t.Errorf("%d items of %q", n, want)
		}
	}
}

func TestAFailingSourceEndsTheFileWithItsError(t *testing.T) {
	broken := errors.New("the line went dead")
	for _, part := range []string{"", "{", `{"marches":[` + flatA, "<marches>" + xmlA, string(readGzipped(t, "{}")[:5])} {
		r := NewReader(io.MultiReader(strings.NewReader(part), iotest.ErrReader(broken)), Limits{})
		var last error
		for _, err := range r.Items() {
			last = err
		}
		var bad *FileError
		if !errors.As(last, &bad) || bad.Problem.Rule != ruleReadFailed || !errors.Is(last, broken) {
			t.Errorf("after %q: %v, want read-failed with its cause", part, last)
		}
	}
}

func TestItemsStopsWhenAskedTo(t *testing.T) {
	for _, file := range []string{`[` + flatA + `,` + flatB + `]`, `<marches>` + xmlA + xmlC + `</marches>`} {
		r := NewReader(strings.NewReader(file), Limits{})
		n := 0
		for range r.Items() {
			n++
			break
		}
		for range r.Items() {
			n++
		}
		if n != 1 {
			t.Errorf("%d items after a break at the first, want 1", n)
		}
	}
}
