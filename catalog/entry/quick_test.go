package entry

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
)

// quickSeeds are headers that the quick way reads, and some that it leaves.
func quickSeeds(t testing.TB) (read, left []string) {
	target := uint64(7)
	for _, h := range []Header{
		{Op: Put, Kind: "marche", Key: "21350238800019/2026-01/é", Source: &Source{Deposit: "d", Series: "main", Pointer: "/marches/0", Form: pivot.Flat}, Body: bodyHash(nil, nil)},
		{Op: Redact, Kind: "marche", Key: "k", Target: &target, Reason: "données personnelles"},
		{Op: Statement, Kind: KindHead, Key: "n", Body: bodyHash(nil, nil)},
		{Op: "later"},
	} {
		h.V, h.At = 1, received
		b, err := h.encode()
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, string(b))
	}
	left = []string{
		`{"v":1,"op":"put","at":"2026-03-01T09:30:00Z"} `, `{"v":1, "op":"put","at":"2026-03-01T09:30:00Z"}`, `{"v":2,"op":"put","at":"2026-03-01T09:30:00Z"}`,
		`{"v":1,"op":"put","kind":"\u0061","at":"2026-03-01T09:30:00Z"}`, `{"v":1,"op":"x","target":01,"at":"2026-03-01T09:30:00Z"}`,
		`{"v":1,"op":"x","target":18446744073709551615,"at":"2026-03-01T09:30:00Z"}`, `{"v":1,"op":"x","at":"2026-03-01T09:30:00.5Z"}`,
		`{"v":1,"op":"x","at":"2026-03-01T09:30:00+00:00"}`, `{"v":1,"op":"x","at":"2026-02-30T09:30:00Z"}`, "{\"v\":1,\"op\":\"\xff\",\"at\":\"2026-03-01T09:30:00Z\"}",
		`{"v":1,"op":"x","kind":"a","kind":"b","at":"2026-03-01T09:30:00Z"}`, `{"v":1,"op":"x`, `{"v":1,"op":"x","new":1,"at":"2026-03-01T09:30:00Z"}`, ``,
	}
	return read, left
}

func TestHeadersAsWrittenAreReadTheQuickWay(t *testing.T) {
	read, left := quickSeeds(t)
	for _, s := range read {
		if _, ok := quickHeader([]byte(s)); !ok {
			t.Errorf("left: %s", s)
		}
	}
	for _, s := range left {
		if h, ok := quickHeader([]byte(s)); ok {
			t.Errorf("read: %s as %+v", s, h)
		}
	}
}

// FuzzQuickHeader: what the quick way reads, the strict way reads the same.
func FuzzQuickHeader(f *testing.F) {
	read, left := quickSeeds(f)
	for _, s := range append(read, left...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := quickHeader(b)
		if !ok {
			return
		}
		var want Header
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("%q is read, though it is %v", b, err)
		}
		if !want.At.Equal(got.At) || got.At.Location() != time.UTC {
			t.Errorf("time %s, want %s", got.At, want.At)
		}
		got.At = want.At
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	read, _ := quickSeeds(b)
	e := Entry{Header: []byte(read[0])}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Parse(); err != nil {
			b.Fatal(err)
		}
	}
}
