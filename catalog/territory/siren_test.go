package territory

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseSIRET(t *testing.T) {
	for _, c := range []struct{ rule, siret, want string }{
		{"a municipality", "21350238800019", ""},
		{"the state's digital directorate", "13002526500013", ""},
		{"the head office of La Poste follows the Luhn key", "35600000000048", ""},
		{"an establishment of La Poste has a sum that is a multiple of five", "35600000049837", ""},
		{"an establishment of La Poste with another sum is none", "35600000049838",
			`SIRET "35600000049838" is no establishment of La Poste: the sum of its digits is 46, want a multiple of 5`},
		{"the exception is for La Poste only", "21350238800014",
			`SIRET "21350238800014" fails its check digit: its SIREN is right, so look at the last five digits`},
		{"two digits swapped in the SIREN", "21350283800019",
			`SIRET "21350283800019" begins with a SIREN (213502838) that fails its check digit`},
		{"nothing", "", "SIRET is empty"},
		{"a SIREN alone", "213502388", `SIRET "213502388" has 9 digits, want 14`},
		{"a digit too many", "213502388000190", `SIRET "213502388000190" has 15 digits, want 14`},
		{"spaces between groups", "213 502 388 00019", `SIRET "213 502 388 00019" has ' ' at position 4, want 14 digits and nothing else`},
		{"digits of another script", "2135023880001٩", `SIRET "2135023880001٩" has '٩' at position 14, want 14 digits and nothing else`},
	} {
		got, err := ParseSIRET(c.siret)
		if c.want == "" {
			if err != nil || got.String() != c.siret || got.SIREN().String() != c.siret[:9] {
				t.Errorf("%s: got %q, %v", c.rule, got, err)
			}
			continue
		}
		if err == nil || err.Error() != c.want || !got.IsZero() {
			t.Errorf("%s: got %q, %v\nwant %s", c.rule, got, err, c.want)
		}
	}
}

func TestParseSIREN(t *testing.T) {
	for siren, want := range map[string]string{
		"213502388": "",
		"243500139": "",
		"213502389": `SIREN "213502389" fails its check digit: a digit is wrong or two are swapped`,
		"21350238":  `SIREN "21350238" has 8 digits, want 9`,
		"FR3502388": `SIREN "FR3502388" has 'F' at position 1, want 9 digits and nothing else`,
	} {
		got, err := ParseSIREN(siren)
		if want == "" && (err != nil || got.String() != siren) {
			t.Errorf("%s: got %q, %v", siren, got, err)
		}
		if want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: got %v, want %s", siren, err, want)
		}
	}
}

func TestHugeInputMakesAShortMessage(t *testing.T) {
	_, err := ParseSIRET(strings.Repeat("9", 1<<20))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("got a message of %d characters", len(err.Error()))
	}
	_, err = ParseGeozone("fr:" + strings.Repeat("x", 1<<20))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("got a message of %d characters", len(err.Error()))
	}
}

func TestParseNodeID(t *testing.T) {
	for _, c := range []struct {
		rule, id string
		ok       bool
	}{
		{"the first node of a body", "35600000000048", true},
		{"its second", "35600000000048-2", true},
		{"its last", "35600000000048-999", true},
		{"one has no number", "35600000000048-1", false},
		{"zero is no number", "35600000000048-0", false},
		{"a thousand is too many", "35600000000048-1000", false},
		{"no zero before the number", "35600000000048-02", false},
		{"no sign", "35600000000048-+2", false},
		{"no number after the hyphen", "35600000000048-", false},
		{"two numbers", "35600000000048-2-3", false},
		{"a number that overflows", "35600000000048-65538", false},
		{"a wrong SIRET", "35600000000049-2", false},
		{"nothing", "", false},
		{"a way out of the folder", "35600000000048-2/../x", false},
	} {
		id, err := ParseNodeID(c.id)
		if (err == nil) != c.ok {
			t.Errorf("%s: %q gives %v", c.rule, c.id, err)
		}
		if c.ok && (id.String() != c.id || id.SIRET().String() != c.id[:14]) {
			t.Errorf("%s: got %q of %q", c.rule, id, id.SIRET())
		}
	}
	_, err := ParseNodeID("35600000000048-1")
	if want := `node id "35600000000048-1" ends in "-1", want nothing or a number from 2 to 999`; err.Error() != want {
		t.Errorf("got %s\nwant %s", err, want)
	}
}

func TestValuesTravelAsText(t *testing.T) {
	type values struct {
		SIREN   SIREN
		SIRET   SIRET
		Node    NodeID
		Geozone Geozone
		Nodes   map[NodeID]int
	}
	in := values{Nodes: map[NodeID]int{}}
	in.SIRET, _ = ParseSIRET("21350238800019")
	in.SIREN = in.SIRET.SIREN()
	in.Node, _ = ParseNodeID("21350238800019-2")
	in.Geozone, _ = ParseGeozone("fr:commune:35238")
	in.Nodes[FirstNode(in.SIRET)] = 1
	raw, err := json.Marshal(in)
	want := `{"SIREN":"213502388","SIRET":"21350238800019","Node":"21350238800019-2","Geozone":"fr:commune:35238","Nodes":{"21350238800019":1}}`
	if err != nil || string(raw) != want {
		t.Fatalf("got %s, %v\nwant %s", raw, err, want)
	}
	var out values
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if out.SIRET != in.SIRET || out.SIREN != in.SIREN || out.Node != in.Node || out.Geozone != in.Geozone || out.Nodes[FirstNode(in.SIRET)] != 1 {
		t.Errorf("got %v, want %v", out, in)
	}
	for _, bad := range []string{`{"SIREN":"1"}`, `{"SIRET":"1"}`, `{"Node":"1"}`, `{"Geozone":"fr:1"}`, `{"Nodes":{"1":1}}`} {
		if err := json.Unmarshal([]byte(bad), &out); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if out.SIRET != in.SIRET {
		t.Errorf("a refused text changed the value to %q", out.SIRET)
	}
	if err := json.Unmarshal([]byte(`{"SIRET":""}`), &out); err != nil || !out.SIRET.IsZero() || !out.SIRET.SIREN().IsZero() {
		t.Errorf("the empty text gives %q, %v, want none", out.SIRET, err)
	}
}

func FuzzParseSIRET(f *testing.F) {
	for _, s := range []string{"21350238800019", "35600000049837", "35600000000048", "00000000000000", "2135023880001٩"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		siret, err := ParseSIRET(s)
		if err != nil {
			return
		}
		if siret.String() != s || len(s) != 14 {
			t.Fatalf("%q became %q", s, siret)
		}
		if _, err := ParseSIREN(siret.SIREN().String()); err != nil {
			t.Fatalf("%q has a bad SIREN: %v", s, err)
		}
	})
}

func FuzzParseNodeID(f *testing.F) {
	for _, s := range []string{"21350238800019", "21350238800019-2", "21350238800019-999", "21350238800019--2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseNodeID(s)
		if err != nil {
			return
		}
		if id.String() != s || id.IsZero() {
			t.Fatalf("%q became %q", s, id)
		}
	})
}
