package entry

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
)

var received = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// salts is a source of salts for tests: 0, 1, 2…
type salts byte

func (s *salts) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(*s)
		*s++
	}
	return len(p), nil
}

func newPut(t *testing.T) Entry {
	t.Helper()
	rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Flat, Raw: []byte(`{"id":"2026-01/é"}`), Buyer: "21350238800019", ID: "2026-01/é"}
	e, err := NewPut(new(salts), rec, Source{Deposit: "d1", Series: "main", Pointer: "/marches/0", Form: pivot.Flat}, received.Add(400*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestBytesOfAPut(t *testing.T) {
	e := newPut(t)
	want := `{"v":1,"op":"put","kind":"marche","key":"21350238800019/2026-01/é",` +
		`"source":{"deposit":"d1","series":"main","pointer":"/marches/0","form":"json-flat"},` +
		`"at":"2026-03-01T09:30:00Z","body":"` + bodyHash(e.Salt, e.Body) + `"}`
	if d := cmp.Diff(want, string(e.Header)); d != "" {
		t.Error(d)
	}
	h, err := e.Check()
	if err != nil {
		t.Fatal(err)
	}
	src := Source{Deposit: "d1", Series: "main", Pointer: "/marches/0", Form: pivot.Flat}
	if d := cmp.Diff(Header{V: 1, Op: Put, Kind: "marche", Key: "21350238800019/2026-01/é", Source: &src, At: received, Body: h.Body}, h); d != "" {
		t.Error(d)
	}
	if f := BodyOf(e, h).Flag; f != Present {
		t.Errorf("flag %d", f)
	}
}

func TestOtherEntries(t *testing.T) {
	said, err := NewStatement(new(salts), KindHead, "n", []byte(`{}`), received)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := NewRedact("marche", "b/1", 0, "secret", received)
	if err != nil {
		t.Fatal(err)
	}
	erased := newPut(t)
	erased.Salt, erased.Body = nil, nil
	for _, c := range []struct {
		e    Entry
		op   Op
		flag Flag
	}{{said, Statement, Present}, {gone, Redact, NoBody}, {erased, Put, Erased}} {
		h, err := c.e.Check()
		if err != nil || h.Op != c.op || BodyOf(c.e, h).Flag != c.flag {
			t.Errorf("%s: %+v, %v", c.e.Header, h, err)
		}
	}
	if h, _ := gone.Parse(); h.Target == nil || *h.Target != 0 {
		t.Error("target 0 was lost")
	}
}

func TestEntriesThatCannotBeMade(t *testing.T) {
	rec := pivot.Record{Kind: pivot.Marche, Raw: []byte(`{}`), Buyer: "b", ID: "i"}
	with := func(f func(*pivot.Record)) error {
		r := rec
		f(&r)
		_, err := NewPut(new(salts), r, Source{}, received)
		return err
	}
	_, long := NewRedact("marche", "b/1", 1, strings.Repeat("é", 500), received)
	_, noTime := NewStatement(new(salts), KindHead, "n", []byte(`{}`), time.Time{})
	_, noSalt := NewStatement(bytes.NewReader(nil), KindHead, "n", []byte(`{}`), received)
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"no buyer":           {with(func(r *pivot.Record) { r.Buyer = "" }), "no buyer"},
		"no id":              {with(func(r *pivot.Record) { r.ID = "" }), "no id"},
		"id not UTF-8":       {with(func(r *pivot.Record) { r.ID = "\xff" }), "UTF-8"},
		"no body":            {with(func(r *pivot.Record) { r.Raw = nil }), "body of 0 bytes"},
		"body too long":      {with(func(r *pivot.Record) { r.Raw = make([]byte, MaxBody+1) }), "body of 4194305 bytes"},
		"long id":            {with(func(r *pivot.Record) { r.ID = strings.Repeat("9", 900) }), "at most 1024: shorten the id"},
		"long reason":        {long, "shorten"},
		"no time of receipt": {noTime, "no time"},
		"no randomness":      {noSalt, "salt of an entry"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", name, c.err, c.says)
		}
	}
}

func TestHeadersThatAreRefused(t *testing.T) {
	good := string(newPut(t).Header)
	swap := func(old, new string) string {
		s := strings.Replace(good, old, new, 1)
		if s == good {
			t.Fatalf("%q is not in the header", old)
		}
		return s
	}
	for name, c := range map[string]struct{ header, says string }{
		"empty":                {"", "EOF"},
		"null":                 {"null", "version 0"},
		"not an object":        {"[]", "array"},
		"text after it":        {good + "{}", "after"},
		"too long":             {good + strings.Repeat(" ", 1024), "at most 1024"},
		"newer version":        {swap(`"v":1`, `"v":2`), "newer one is needed"},
		"duplicate name":       {swap(`"v":1`, `"v":1,"v":1`), "duplicate"},
		"invalid UTF-8":        {swap("é", "\xe9"), "UTF-8"},
		"op is not a word":     {swap(`"put"`, `"Put!"`), "small letters"},
		"name in capitals":     {swap(`"op"`, `"OP"`), "op \"\""},
		"put without source":   {swap(`"source"`, `"sauce"`), "put needs"},
		"put with target":      {swap(`"v":1`, `"v":1,"target":3`), "no target"},
		"negative target":      {`{"v":1,"op":"redact","target":-1,"at":"2026-03-01T09:30:00Z"}`, "target"},
		"redact without one":   {`{"v":1,"op":"redact","at":"2026-03-01T09:30:00Z"}`, "needs a target"},
		"local time":           {swap("09:30:00Z", "09:30:00+01:00"), "UTC"},
		"fraction of a second": {swap("09:30:00Z", "09:30:00.5Z"), "whole seconds"},
		"hash in capitals":     {swap(`"body":"`, `"body":"A`), "64 hexadecimal"},
	} {
		_, err := Entry{Header: []byte(c.header)}.Parse()
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", name, err, c.says)
		}
	}
}

func TestNewerHeadersAreHeld(t *testing.T) {
	for _, header := range []string{
		`{"v":1,"op":"statement","kind":"weather","key":"n","at":"2026-03-01T09:30:00Z","mood":{"a":[1]},"body":"` + bodyHash(nil, nil) + `"}`,
		`{"v":1,"op":"supersede","at":"2026-03-01T09:30:00Z"}`,
	} {
		if _, err := (Entry{Header: []byte(header)}).Check(); err != nil {
			t.Errorf("%s: %v", header, err)
		}
	}
}

func TestBodiesThatAreNotTheirs(t *testing.T) {
	for name, f := range map[string]func(*Entry){
		"one byte changed": func(e *Entry) { e.Body[3] ^= 1 },
		"salt changed":     func(e *Entry) { e.Salt[0] ^= 1 },
		"salt missing":     func(e *Entry) { e.Salt = nil },
		"body missing":     func(e *Entry) { e.Body = nil },
		"not named": func(e *Entry) {
			e.Header = []byte(`{"v":1,"op":"withdraw","target":1,"at":"2026-03-01T09:30:00Z"}`)
		},
	} {
		e := newPut(t)
		e.Body, e.Salt = bytes.Clone(e.Body), bytes.Clone(e.Salt)
		f(&e)
		if _, err := e.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStatements(t *testing.T) {
	if m, err := ParseMember([]byte(`{"node":"1","epoch":2,"state":"accepted","new":true}`)); err != nil || m.Epoch != 2 {
		t.Errorf("%+v, %v", m, err)
	}
	if h, err := ParseHead([]byte(`{"node":"1","epoch":0,"checkpoint":"x"}`)); err != nil || h.Checkpoint != "x" {
		t.Errorf("%+v, %v", h, err)
	}
	for _, bad := range []string{``, `{}`, `{"node":"1","epoch":-1,"checkpoint":"x"}`, `{"node":"1","node":"2"}`, `"` + strings.Repeat("x", maxStatement) + `"`} {
		if _, err := ParseMember([]byte(bad)); !errors.Is(err, ErrInvalid) {
			t.Errorf("member %.40q: %v", bad, err)
		}
		if _, err := ParseHead([]byte(bad)); !errors.Is(err, ErrInvalid) {
			t.Errorf("head %.40q: %v", bad, err)
		}
	}
}

func TestTheSeriesOfAHarvestSaysThroughWhom(t *testing.T) {
	for _, through := range [][]string{nil, {"21350238800019"}, {"1", "2", "3"}} {
		got, ok := HarvestedThrough(HarvestSeries("abc", through))
		if d := cmp.Diff(through, got); !ok || d != "" {
			t.Error(d)
		}
	}
	if _, ok := HarvestedThrough("default"); ok {
		t.Error("a series of deposits is none of a harvest")
	}
	if s := HarvestSeries("abc", strings.Split(strings.Repeat("21350238800019,", 50), ",")); len(s) > 200 {
		t.Errorf("%d bytes", len(s))
	}
}
