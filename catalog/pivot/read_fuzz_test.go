package pivot

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"
)

// fuzzRead reads a file and holds what every file must keep to.
func fuzzRead(t *testing.T, raw []byte) {
	lim := Limits{Record: 1 << 12, File: 1 << 20, Depth: 16}
	items, _, err := readAll(raw, lim)
	var bad *FileError
	if err != nil && (!errors.As(err, &bad) || bad.Problem.Rule == "" || bad.Line < 1 || bad.Offset < 0) {
		t.Fatalf("the file ends with %#v", err)
	}
	for _, item := range items {
		rec := item.Record
		if len(item.Problems) > 0 {
			continue
		}
		if rec.Buyer == "" || rec.ID == "" || len(rec.Raw) > lim.Record || !utf8.Valid(rec.Raw) || !json.Valid(rec.Raw) {
			t.Fatalf("yielded %+v", rec)
		}
		if v := Judge(rec); v.State == Refused || (v.State == Conforming) != (v.Problems.Errors() == 0) {
			t.Fatalf("%s is judged %+v", rec.Raw, v)
		}
		if _, err := HashOf(rec.Raw); err != nil {
			t.Fatalf("%s: %v", rec.Raw, err)
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	for _, seed := range []string{
		`{"marches":[` + flatA + `,` + flatC + `,NaN,"x"]}`, `{"marches":{"marche":[` + goodNested + `],"contrat-concession":` + flatC + `}}`,
		`[` + goodFlat + `]`, flatC, "\ufeff" + `[{"id":"é"}]`, `[{"id":"` + "\xe9" + `"}]`, readUTF16(`[`+flatA+`]`, 1), `{"a":{"b":[1e3]},"marches":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Add(readGzipped(f, `[`+flatA+`]`))
	f.Fuzz(fuzzRead)
}

func FuzzReadXML(f *testing.F) {
	for _, seed := range []string{
		`<?xml version="1.0" encoding="ISO-8859-1"?><marches xmlns="u">` + xmlA + `<!-- c --><csv>` + xmlC + "\xe9" + `</csv></marches>`,
		xmlC, `<marches><marche a="&lt;">` + xmlA[8:] + `<marche><id>&x;</id></marche></marches>`,
		`<marches><marche><id><![CDATA[<]]>a<?p?></id><acheteur>t<id>1</id></acheteur><id>2</id></marche></marches>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fuzzRead(t, append([]byte("<"), bytes.TrimPrefix(raw, []byte("<"))...))
	})
}

func FuzzHashOf(f *testing.F) {
	for _, seed := range []string{goodNested, goodFlat, `[1.0,"\ud83d",{"b":1e5,"a":-0}]`, `"\u0000\/"`, ` [] `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := HashOf(raw)
		if err != nil {
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("%q is no JSON and has a hash", raw)
		}
		var tape jsonTape
		tape.whole = true
		tape.parse(bytes.TrimSpace(raw), jsonMaxDepth)
		canonical := tape.canonical(nil, 0)
		if again, err := HashOf(canonical); err != nil || again != h {
			t.Fatalf("%q has another hash than its canonical text %q: %v", raw, canonical, err)
		}
	})
}

func FuzzJudge(f *testing.F) {
	for _, seed := range []string{goodNested, goodFlat, `{"objet":["a",{"#text":"b","@c":"d"}]}`, `{"titulaires":[{},{}]}`, `[]`, `{`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, form := range []Form{Flat, Nested, XML} {
			for _, kind := range []Kind{Marche, Concession} {
				rec := Record{Kind: kind, Form: form, Raw: raw}
				v := Judge(rec)
				if by := JudgeBy(rec, v.Version); v.State != Refused && by.Errors() != v.Problems.Errors() {
					t.Fatalf("%s %s: %v, and by %s %v", kind, form, v.Problems, v.Version, by)
				}
				for _, p := range v.Problems {
					if !utf8.ValidString(p.Pointer) || !utf8.ValidString(p.Found) || len(p.Found) > 500 {
						t.Fatalf("%s %s: %+v", kind, form, p)
					}
				}
			}
		}
	})
}
