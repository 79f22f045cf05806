package pivot

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func xmlForm(t *testing.T, file string) string {
	t.Helper()
	items, _, err := readAll([]byte(file), Limits{})
	if err != nil || len(items) != 1 {
		t.Fatalf("%s: %d items, %v", file, len(items), err)
	}
	return string(items[0].Record.Raw)
}

func TestElementsTakeTheirJSONForm(t *testing.T) {
	for name, c := range map[string]struct{ xml, json string }{
		"text is not trimmed":                          {"<id> a\n </id>", `{"id":" a\n "}`},
		"an empty element is an empty text":            {"<id/><objet></objet>", `{"id":"","objet":""}`},
		"white space alone is a text":                  {"<id> </id>", `{"id":" "}`},
		"elements of a name are a list at the first":   {"<id>1</id><nature>n</nature><id>2</id>", `{"id":["1","2"],"nature":"n"}`},
		"one element of a list is no list":             {"<titulaires><titulaire>a</titulaire></titulaires>", `{"titulaires":{"titulaire":"a"}}`},
		"white space between elements is nothing":      {"\n <id>1</id>\n <objet>o</objet>\n", `{"id":"1","objet":"o"}`},
		"text among elements is kept":                  {"a <id>1</id> b <objet>o</objet> ", `{"id":"1","objet":"o","#text":"a  b "}`},
		"attributes come first":                        {`<id x="1" y='&lt;"'>7</id>`, `{"id":{"@x":"1","@y":"<\"","#text":"7"}}`},
		"an attribute alone":                           {`<id x="1"/>`, `{"id":{"@x":"1"}}`},
		"references are decoded":                       {"<id>&lt;&amp;&gt;&quot;&apos;&#233;&#xE9;</id>", `{"id":"<&>\"'éé"}`},
		"CDATA is text":                                {"<id>a<![CDATA[<&amp;>]]>b</id>", `{"id":"a<&amp;>b"}`},
		"comments leave the text whole":                {"<id>1<!-- - -->2<?p i?>3</id>", `{"id":"123"}`},
		"line ends are one character":                  {"<id>a\r\nb\rc</id>", `{"id":"a\nb\nc"}`},
		"prefixes stay":                                {`<x:id xmlns:x="u">1</x:id>`, `{"x:id":{"@xmlns:x":"u","#text":"1"}}`},
		"a text beside elements in a list of the same": {"<id>1</id><id/><id>3</id>", `{"id":["1","","3"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := xmlForm(t, "<marches><marche>"+c.xml+"</marche></marches>")
			if got != c.json {
				t.Errorf("got  %s\nwant %s", got, c.json)
			}
		})
	}
}

// TestTheExamplesOfTheSpecificationHold reads docs/xml-records.md.
func TestTheExamplesOfTheSpecificationHold(t *testing.T) {
	raw, err := os.ReadFile("../../docs/xml-records.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(raw), "```")
	n := 0
	for i := 1; i+2 < len(parts); i += 2 {
		file, isXML := strings.CutPrefix(parts[i], "xml\n")
		want, isJSON := strings.CutPrefix(parts[i+2], "json\n")
		if !isXML || !isJSON {
			continue
		}
		n++
		if diff := cmp.Diff(strings.TrimSpace(want), xmlForm(t, file)); diff != "" {
			t.Error(diff)
		}
	}
	if n != 2 {
		t.Errorf("%d examples found, want 2", n)
	}
}
