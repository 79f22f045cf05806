package edition

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"maillon/store"
)

func TestEveryFileIsWholeAndWhatIsAnnounced(t *testing.T) {
	r := newRack(t)
	r.fill()
	e := r.refresh(true)
	var suffixes []string
	for i := range e.Cuts {
		suffixes = append(suffixes, e.Cuts[i].Suffix())
	}
	if got := strings.Join(suffixes, " "); got != " -2019 -2023 -2024 -2025 -dep-29 -dep-35 -dep-56" {
		t.Errorf("cuts %q", got) // nobody's contracts are executed in 56
	}
	whole, _ := e.Cut("")
	if whole.Contracts != 40 || whole.Conforming != 39 || len(whole.Files) != len(Formats) {
		t.Errorf("%d contracts, %d conforming, %d files", whole.Contracts, whole.Conforming, len(whole.Files))
	}
	r.check()
	r.refresh(false)
}

func TestOnlyPiecesThatChangedAreWritten(t *testing.T) {
	r := newRack(t)
	r.fill()
	before := r.refresh(true)
	r.marche(brest, "NEW", "2025", "filets")
	after := r.refresh(true)
	have := map[string]bool{}
	for _, p := range before.Pieces {
		have[p.File] = true
	}
	var fresh []string
	for _, p := range after.Pieces {
		if !have[p.File] {
			fresh = append(fresh, p.Year+"/"+p.Departement)
		}
	}
	if fmt.Sprint(fresh) != "[2025/29]" {
		t.Errorf("new pieces %v", fresh)
	}
	if before.Hash == after.Hash {
		t.Error("another content has the same hash")
	}
	r.check()
	// What is not needed any more goes with the next change.
	need := map[string]bool{}
	for _, f := range after.files() {
		need[f] = true
	}
	for _, f := range r.onDisk() {
		if !need[f] {
			t.Errorf("%s stays on the disk", f)
		}
	}
}

// One contract that changes makes one piece, the group of its year and the ends of three
// Parquet files, and no file of another year or département changes.
func TestOneContractChangesOnlyItsFiles(t *testing.T) {
	r := newRack(t)
	r.fill()
	sums := func(e *Edition) map[string]string {
		out := map[string]string{}
		for i := range e.Cuts {
			for _, f := range e.Cuts[i].Files {
				out[e.Cuts[i].Suffix()+" "+f.Name] = f.SHA256
			}
		}
		return out
	}
	before, there := sums(r.refresh(true)), r.onDisk()
	r.marche(brest, "B1", "2025", "autre encre")
	e := r.refresh(true)
	changed := map[string]bool{}
	for file, sum := range sums(e) {
		cut, name, _ := strings.Cut(file, " ")
		if sum != before[file] {
			changed[cut] = true
			if cut != "" && cut != "-2025" && cut != "-dep-29" || strings.HasPrefix(name, "decret-1x") {
				t.Errorf("%s has changed", file)
			}
		} else if !strings.HasPrefix(name, "decret-1x") && (cut == "" || cut == "-2025" || cut == "-dep-29") {
			t.Errorf("%s has not", file)
		}
	}
	if len(changed) != 3 {
		t.Errorf("changed %v", changed)
	}
	var fresh []string
	for _, f := range r.onDisk() {
		if !slices.Contains(there, f) {
			fresh = append(fresh, f)
		}
	}
	if want := 1 + 1 + 3; len(fresh) != want {
		t.Errorf("%d new files on the disk, want %d", len(fresh), want)
	}
	r.check()
}

func (r *rack) onDisk() (names []string) {
	r.t.Helper()
	paths, err := filepath.Glob(filepath.Join(r.Dir, "pieces", "*", "*"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	return names
}

func TestAFileIsReadFromAnyPlace(t *testing.T) {
	r := newRack(t)
	r.fill()
	r.refresh(true)
	random := rand.New(rand.NewPCG(1, 2))
	for _, f := range Formats {
		for _, plain := range []bool{true, false} {
			if !plain && f.Format == "PARQUET" {
				continue
			}
			all := r.read("", "", f.Name, plain)
			in, _, _, err := r.Open("", "", f.Name, plain)
			if err != nil {
				t.Fatal(err)
			}
			for range 50 {
				from := random.IntN(len(all))
				n := 1 + random.IntN(len(all)-from)
				if _, err := in.Seek(int64(from), io.SeekStart); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, n)
				if _, err := io.ReadFull(in, got); err != nil || !bytes.Equal(got, all[from:from+n]) {
					t.Fatalf("%s plain %v: %d bytes from %d are others, %v", f.Name, plain, n, from, err)
				}
			}
			in.Close()
		}
	}
}

func TestADownloadGoesOnWithTheEditionItBeganWith(t *testing.T) {
	r := newRack(t)
	r.fill()
	r.refresh(true)
	want := r.read("", "-2025", "complet.ndjson", true)
	in, _, _, err := r.Open("", "-2025", "complet.ndjson", true)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		r.marche(rennes, "A2", "2025", fmt.Sprint("autre ", i))
		r.marche(brest, "B1", "2025", fmt.Sprint("autre ", i))
		r.refresh(true)
	}
	got, err := io.ReadAll(in)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, same %v", err, bytes.Equal(got, want))
	}
	in.Close()
	r.marche(brest, "B1", "2025", "encore")
	r.refresh(true)
	if n := len(r.onDisk()); n != len(slices.Compact(slices.Sorted(slices.Values(r.Latest().files())))) {
		t.Errorf("%d pieces on the disk", n)
	}
}

func TestAfterACrash(t *testing.T) {
	r := newRack(t)
	r.fill()
	e := r.refresh(true)
	half := filepath.Join(r.Dir, "pieces", e.Pieces[0].File[:2], "."+e.Pieces[0].File+"123456")
	if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := func() *Store {
		s := &Store{Dir: r.Dir, Views: r.Views, Dataset: r.Dataset, URL: r.URL, Publisher: r.Publisher, Keep: r.Keep, Now: r.Now}
		if err := s.Load(); err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := again()
	if s.Latest() == nil || s.Latest().Hash != e.Hash {
		t.Fatal("the edition is not there after a restart")
	}
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Errorf("what was half written stays: %v", err)
	}
	if changed, err := s.Refresh(t.Context()); changed || err != nil {
		t.Errorf("an edition that is whole was made again: %v %v", changed, err)
	}
	for what, harm := range map[string]func() error{
		"a torn edition":  func() error { return os.Truncate(filepath.Join(r.Dir, latestName), 100) },
		"a piece is gone": func() error { return os.Remove(r.piecePath(e.Pieces[1].File)) },
		"a torn piece":    func() error { return os.Truncate(r.piecePath(e.Pieces[2].File), 10) },
	} {
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		r.Store = again()
		if r.Latest() != nil {
			t.Errorf("%s: it is served", what)
		}
		if got := r.refresh(true); got.Hash != e.Hash {
			t.Errorf("%s: made again it is another", what)
			for i := range got.Cuts {
				for j, f := range got.Cuts[i].Files {
					if f.SHA256 != e.Cuts[i].Files[j].SHA256 {
						t.Errorf("%s%s differs", f.Name, got.Cuts[i].Suffix())
					}
				}
			}
		}
		r.check()
	}
}

func TestABrokenPieceIsAnError(t *testing.T) {
	r := newRack(t)
	r.fill()
	e := r.refresh(true)
	for i := range e.Pieces {
		if err := os.Truncate(r.piecePath(e.Pieces[i].File), 10); err != nil {
			t.Fatal(err)
		}
	}
	for _, plain := range []bool{true, false} {
		in, _, _, err := r.Open("", "", "decret.json", plain)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(in); err == nil || in.Err() == nil {
			t.Errorf("plain %v: half a file was read without an error", plain)
		}
		in.Close()
	}
}

func TestEditionsOfDays(t *testing.T) {
	r := newRack(t)
	r.fill()
	first := r.refresh(true)
	if days := r.Days(); len(days) != 0 {
		t.Errorf("a day is kept before it is over: %v", days)
	}
	want := r.read("", "", "etendu.ndjson", true)
	next := func() { r.now = r.now.AddDate(0, 0, 1) }
	next()
	r.marche(brest, "B1", "2025", "autre")
	r.refresh(true)
	if got := r.read("2026-04-01", "", "etendu.ndjson", true); !bytes.Equal(got, want) {
		t.Error("the edition of a day is not that of its end")
	}
	r.marche(brest, "B1", "2025", "encre") // as it was
	next()
	r.refresh(true)
	for range 3 { // nothing changes
		next()
		if err := r.Freeze(); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(r.Days()) != "[2026-04-01 2026-04-02 2026-04-03]" {
		t.Errorf("days %v", r.Days())
	}
	r.now = r.now.AddDate(0, 2, 0)
	if err := r.Freeze(); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(r.Days()) != "[2026-04-01]" {
		t.Errorf("after two months: %v", r.Days())
	}
	e, err := r.Dated("2026-04-01")
	if err != nil || e.Hash != first.Hash {
		t.Errorf("%v", err)
	}
	if _, _, _, err := r.Open("2026-04-02", "", "etendu.ndjson", true); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a dropped edition: %v", err)
	}
	for _, f := range e.files() {
		if _, err := os.Stat(r.piecePath(f)); err != nil {
			t.Error(err)
		}
	}
}

// After a restore the list of days is there and the editions are not: they are lost, as
// long as they would have been kept, and new ones are made.
func TestEditionsThatAreLostAreKnown(t *testing.T) {
	r := newRack(t)
	r.fill()
	r.refresh(true)
	day := func(object string) {
		r.now = r.now.AddDate(0, 0, 1)
		r.marche(brest, "B1", "2025", object)
		r.refresh(true)
	}
	day("autre")
	day("encre")
	days, err := os.ReadFile(filepath.Join(r.Dir, DaysName))
	if err != nil {
		t.Fatal(err)
	}
	r.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(r.Dir, DaysName), days, 0o600); err != nil {
		t.Fatal(err)
	}
	r.needs = nil
	if err := r.Load(); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(r.Lost(), r.Days()) != "[2026-04-01 2026-04-02] []" {
		t.Errorf("lost %v, there %v", r.Lost(), r.Days())
	}
	for day, want := range map[string]error{"2026-04-01": ErrLost, "2026-03-01": store.ErrNotFound} {
		if _, _, _, err := r.Open(day, "", "etendu.ndjson", true); !errors.Is(err, want) {
			t.Errorf("%s: %v", day, err)
		}
	}
	r.refresh(true)
	day("papier")
	if fmt.Sprint(r.Lost(), r.Days()) != "[2026-04-01 2026-04-02] [2026-04-03]" {
		t.Errorf("lost %v, there %v", r.Lost(), r.Days())
	}
	r.now = r.now.AddDate(0, 2, 0)
	if err := r.Freeze(); err != nil {
		t.Fatal(err)
	}
	if err := r.Load(); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(r.Lost()) != "[2026-04-01]" { // the first of its month
		t.Errorf("lost %v after two months", r.Lost())
	}
	if err := os.Remove(filepath.Join(r.Dir, r.Days()[0]+".json")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Dated(r.Days()[0]); !errors.Is(err, ErrLost) {
		t.Errorf("an edition whose file is gone: %v", err)
	}
}

func TestKept(t *testing.T) {
	today := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	days := []string{"2025-12-30", "2026-01-01", "2026-01-15", "2026-02-03", "2026-02-04", "2026-03-01", "2026-03-29", "2026-03-30"}
	for _, c := range []struct {
		keep Keep
		want string
	}{
		{Keep{Days: 2, Months: 0}, "2026-03-01 2026-03-29 2026-03-30"},
		{Keep{Days: 2, Months: 1}, "2026-02-03 2026-03-01 2026-03-29 2026-03-30"},
		{Keep{Days: 60, Months: 2}, "2026-01-01 2026-02-03 2026-02-04 2026-03-01 2026-03-29 2026-03-30"},
		{Keep{Days: 1, Months: 24}, "2025-12-30 2026-01-01 2026-02-03 2026-03-01 2026-03-30"},
		{Keep{Days: -1, Months: -1}, ""},
	} {
		if got := strings.Join(c.keep.Kept(days, today), " "); got != c.want {
			t.Errorf("%+v: %s, want %s", c.keep, got, c.want)
		}
	}
}

func TestOneBuyersFilesHoldTheSameContracts(t *testing.T) {
	r := newRack(t)
	r.fill()
	r.refresh(true)
	for name, want := range map[string]int{
		"tableau.csv": 14, "tableau.parquet": 14, "decret.json": 13, "decret.xml": 13, "decret-1x.json": 1, "decret-1x.xml": 1,
		"etendu.ndjson": 14, "complet.ndjson": 15, "ocds.json": 14,
	} {
		var b bytes.Buffer
		if err := r.WriteBuyer(t.Context(), &b, rennes, name); err != nil {
			t.Fatal(err)
		}
		if n := count(t, name, b.Bytes()); n != want {
			t.Errorf("%s: %d, want %d", name, n, want)
		}
	}
	if ok, err := r.HasBuyer(hub); ok || err != nil {
		t.Errorf("a buyer without contracts: %v %v", ok, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.WriteBuyer(ctx, io.Discard, rennes, "complet.ndjson"); err == nil {
		t.Error("what broke off has no error")
	}
}

func TestCombine(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		a, b := make([]byte, random.IntN(3000)), make([]byte, random.IntN(3000))
		for _, s := range [][]byte{a, b} {
			for i := range s {
				s[i] = byte(random.IntN(256))
			}
		}
		if got, want := combine(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), int64(len(b))), crc32.ChecksumIEEE(append(a, b...)); got != want {
			t.Fatalf("%d + %d bytes: %x, want %x", len(a), len(b), got, want)
		}
	}
}
