package search

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
	"maillon/store/view"
)

func TestASnapshotIsReadBackAsItWas(t *testing.T) {
	x := small()
	x.Remove(rennes + "/ecole")

	x.Put([]view.Shown{made(rennes, "ecole2", func(c *pivot.Contract) { c.Object = "Réfection de l'école" })})
	name := filepath.Join(t.TempDir(), "index")
	want := Made{"9", "abc", 7}
	if err := x.Save(name, want); err != nil {
		t.Fatal(err)
	}
	y := New()
	got, err := y.Load(name)
	if err != nil || got != want {
		t.Fatal(got, err)
	}
	for _, raw := range []string{"facets=all", "q=ecole", "q=sécurité&facets=all", `q="de+l'école"`, "cpv=90", "buyer_region=53", "supplier=22222222200002", "sort=amount", "q=prop"} {
		a, errA := x.Search(t.Context(), query(t, raw))
		b, errB := y.Search(t.Context(), query(t, raw))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("?%s: %s", raw, diff)
		}
	}
	measures := []Measure{"sum:amount", "sum:initial", "median:growth", "sum:months"}
	a, errA := x.Group(t.Context(), Query{}, []Dimension{ByDivision}, measures)
	b, errB := y.Group(t.Context(), Query{}, []Dimension{ByDivision}, measures)
	if errA != nil || errB != nil || *a.Total.Values[0] != *a.Total.Values[1]+41_000 || *a.Total.Values[2] != 1 {
		t.Errorf("%+v %v %v", a.Total, errA, errB)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	if n := y.Len(); n != 4 {
		t.Errorf("%d contracts", n)
	}
}

func TestDamagedSnapshotsAreRefused(t *testing.T) {
	var b bytes.Buffer
	if err := small().core.save(&b, Made{}); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	for at := range whole {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x15
		if _, _, err := readCore(bytes.NewReader(bad), int64(len(bad))); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("byte %d: %v", at, err)
		}
		if at%7 == 0 {
			if _, _, err := readCore(bytes.NewReader(whole[:at]), int64(at)); !errors.Is(err, ErrSnapshot) {
				t.Fatalf("cut at %d: %v", at, err)
			}
		}
	}
	name := filepath.Join(t.TempDir(), "index")
	if err := os.WriteFile(name, whole[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New().Load(name); !errors.Is(err, ErrSnapshot) {
		t.Error(err)
	}
}

// FuzzSnapshot reads anything as what stands before the sum: it refuses, or the index
// can be asked.
func FuzzSnapshot(f *testing.F) {
	var b bytes.Buffer
	if err := small().core.save(&b, Made{}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes()[:b.Len()-4])
	f.Fuzz(func(t *testing.T, raw []byte) {
		var out bytes.Buffer
		w := newWriter(&out)
		w.raw(raw)
		if err := w.end(); err != nil {
			t.Fatal(err)
		}
		c, _, err := readCore(&out, int64(out.Len()))
		if err != nil {
			return
		}
		x := &Index{core: c, ready: true}
		for _, q := range []string{"facets=all", "q=ecole", `q="de+l'école"&facets=all`, "q=s", "buyer_region=53&cpv=9", "sort=end&q=213502388"} {
			if _, err := x.Search(t.Context(), query(t, q)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := x.Group(t.Context(), Query{}, []Dimension{ByYear, BySupplier}, []Measure{"median:amount"}); err != nil {
			t.Fatal(err)
		}
	})
}
