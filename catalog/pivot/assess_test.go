package pivot

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var assessDay = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// apart is what the three say of a record, each by itself.
func apart(rec Record) Assessed {
	a := Assessed{Verdict: Checking{Today: assessDay}.Judge(rec)}
	a.Contract, a.Repairs = Normalise(rec)
	h, err := HashOf(rec.Raw)
	a.Hash, a.Hashed = h, err == nil
	return a
}

// assessSeeds are records whole, odd and broken.
func assessSeeds(t testing.TB) []string {
	list := []string{
		`{}`, `[]`, `null`, ``, ` {"id":"A"}`, `{"id":"A"} `, "\ufeff{}", `{"id":"A","id":"B"}`, `{"a":1,"\u0061":2}`, `{"id":1e5,"objet ":"\ud800NC","objet":"nc\ud83d\ude00"}`,
		`{"id":"A","titulaires":{"titulaire":[{"id":"1 2"},"x",null,[]]},"montant":"1 234,5","marcheInnovant":"oui"}`, "{\"id\":\"\xff\"}", `{"\u0069d":"x","acheteur_id":"21350238800019"}`,
		`{"objet":"a\u0001b\/c","extra":{"a~/b":[1,{"c":"é"}]},"_type":"Marché"}`, `{"a":` + strings.Repeat("[", 40) + `"deep"` + strings.Repeat("]", 40) + `}`,
		strings.Repeat(`{"a":`, 600) + "1" + strings.Repeat("}", 600), `{"a":-0,"b":1.50,"c":1e400,"d":007}`, `{"dateNotification":"2024-01-02+01:00","codeCPV":45000000}`,
	}
	var b bytes.Buffer
	for _, g := range []Generation{Gen1, Gen2} {
		b.Reset()
		if err := WriteJSON(&b, g, slices.Values(ofGeneration(full(), g))); err != nil {
			t.Fatal(err)
		}
		for _, rec := range readJSON(t, g, b.Bytes()) {
			list = append(list, string(rec.Raw))
		}
	}
	for _, c := range full() {
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(raw))
	}
	return list
}

func checkAssessed(t *testing.T, rec Record) {
	t.Helper()
	before := bytes.Clone(rec.Raw)
	want, got := apart(rec), Checking{Today: assessDay}.Assess(rec, true)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%.200q as %s: (-apart +in one reading)\n%s", rec.Raw, rec.Form, diff)
	}
	if !bytes.Equal(before, rec.Raw) {
		t.Error("the record was changed")
	}
	for i := range rec.Raw {
		rec.Raw[i] = 'x' // what was made of it holds on to nothing of it
	}
	if !cmp.Equal(want, got) {
		t.Error("the result changes with the memory of the record")
	}
}

func TestOneReadingSaysWhatThreeDo(t *testing.T) {
	for _, text := range assessSeeds(t) {
		for _, form := range []Form{Flat, Nested, XML, Table} {
			for _, kind := range []Kind{Marche, Concession} {
				checkAssessed(t, Record{Kind: kind, Form: form, Raw: []byte(text)})
			}
		}
	}
	if _, ok := (Checking{}).assess(Record{Kind: Marche, Form: Nested, Raw: []byte(assessSeeds(t)[20])}, true); !ok {
		t.Error("a whole record needs more than one reading")
	}
	if a := (Checking{}).Assess(Record{Kind: Marche, Form: Nested, Raw: []byte(`{}`)}, false); a.Hashed {
		t.Error("a hash that was not asked for")
	}
}

// FuzzAssess: whatever the text, one reading says what three do.
func FuzzAssess(f *testing.F) {
	for i, text := range assessSeeds(f) {
		f.Add([]byte(text), i%2 == 1, byte(i))
	}
	f.Fuzz(func(t *testing.T, raw []byte, concession bool, form byte) {
		rec := Record{Kind: Marche, Form: []Form{Flat, Nested, XML, Table}[form%4], Raw: raw}
		if concession {
			rec.Kind = Concession
		}
		checkAssessed(t, rec)
	})
}

func BenchmarkAssess(b *testing.B) {
	var file bytes.Buffer
	if err := WriteJSON(&file, Gen2, slices.Values([]Contract{fullMarche()})); err != nil {
		b.Fatal(err)
	}
	rec := readJSON(b, Gen2, file.Bytes())[0]
	for name, do := range map[string]func(){
		"one":   func() { Checking{Today: assessDay}.Assess(rec, true) },
		"apart": func() { apart(rec) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(rec.Raw)))
			for b.Loop() {
				do()
			}
		})
	}
}
