package pivot

import (
	"crypto/sha256"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEqualValuesHaveOneCanonicalText(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"names are sorted":               {` { "b" : 1 , "a" : { "d":2,"c":3 } } `, `{"a":{"c":3,"d":2},"b":1}`},
		"by their bytes when decoded":    {`{"é":1,"\u007a":2,"Z":3,"":4}`, `{"":4,"Z":3,"z":2,"é":1}`},
		"lists keep their order":         {"[ 3,\n1 , [ ] ]", `[3,1,[]]`},
		"escapes are few":                {`"\u00e9\/\u0041\u001f\n\"\\\ud83d\ude00"`, `"é/A\u001f\n\"\\😀"`},
		"half a pair stays half a pair":  {`"\ud83dx\uDE00"`, `"\ud83dx\ude00"`},
		"U+FFFD is itself":               {`"\ufffd"`, "\"\ufffd\""},
		"whole numbers":                  {`[1.0,1e0,10E-1,-0,0.0,-0.0,1E2,12]`, `[1,1,1,0,0,0,100,12]`},
		"long whole numbers stay apart":  {`[12345678901234567,12345678901234568]`, `[12345678901234567,12345678901234568]`},
		"fractions are nearest doubles":  {`[0.10,1.5e-7,100.10000000000000142]`, `[0.1,1.5e-07,100.1]`},
		"what no double holds is itself": {`[1e999,-1.5E999]`, `[1e999,-1.5E999]`},
		"words":                          {`[true, false, null]`, `[true,false,null]`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := HashOf([]byte(c.raw))
			if err != nil {
				t.Fatal(err)
			}
			if want := Hash(sha256.Sum256([]byte(c.want))); got != want {
				t.Errorf("the hash is not that of %s", c.want)
			}
		})
	}
}

func TestHashOfRefusesWhatIsNotOneJSONValue(t *testing.T) {
	for _, raw := range []string{"", " ", "{", "{}{}", `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, "\"\xff\"", "nul", "NaN", "01", "[1,]"} {
		if _, err := HashOf([]byte(raw)); err == nil {
			t.Errorf("HashOf(%q) gives no error", raw)
		}
	}
}

// TestRealRecordsKeepTheirHashWhenWrittenAnew writes real records as another
// program would.
func TestRealRecordsKeepTheirHashWhenWrittenAnew(t *testing.T) {
	for _, name := range []string{"v2/dematis16.json", "v2/megalis-2024-07.json", "v1/dematis-2019.json"} {
		items, _, err := readConformance(t, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			var v any
			if err := json.Unmarshal(item.Record.Raw, &v); err != nil {
				t.Fatal(err)
			}
			anew, err := json.MarshalIndent(v, " ", "\t")
			if err != nil {
				t.Fatal(err)
			}
			a, errA := HashOf(item.Record.Raw)
			b, errB := HashOf(anew)
			if errA != nil || errB != nil || a != b {
				t.Errorf("%s%s: %s and %s, %v %v", name, item.Record.Pointer, a, b, errA, errB)
			}
		}
	}
}

func TestTheHashIsShownInHexadecimal(t *testing.T) {
	h, err := HashOf([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	const want = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	if diff := cmp.Diff([]string{want, want[:8]}, []string{h.String(), h.Short()}); diff != "" {
		t.Error(diff)
	}
}

// TestHashOfLegalNames: members with legal names are put in order by their numbers,
// others by sorting; both give the same text.
func TestHashOfLegalNames(t *testing.T) {
	for i := 2; i <= schemaNames.count; i++ {
		if schemaNames.quoted[i-1] >= schemaNames.quoted[i] {
			t.Fatalf("%s comes before %s", schemaNames.quoted[i-1], schemaNames.quoted[i])
		}
	}
	for _, text := range []string{
		`{"objet":"x","id":{"nom":1,"id":[{"uid":2,"code":3}]},"acheteur":{}}`, `{"objet":"x","id":{"nom":1,"id":[{"zz":2,"code":3}]},"acheteur":{}}`, `{"\u0069d":1,"code":2}`,
	} {
		tape := &jsonTape{whole: true}
		tape.parse([]byte(text), jsonMaxDepth)
		for node := range tape.nodes {
			if tape.nodes[node].kind != '{' {
				continue
			}
			if quick, sorted := string(tape.canonicalObject(nil, int32(node))), string(tape.canonicalSorted(nil, int32(node))); quick != sorted {
				t.Errorf("%s by numbers, %s sorted", quick, sorted)
			}
		}
	}
}
