package edition

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
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

	"github.com/parquet-go/parquet-go"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
	"maillon/store"
	"maillon/store/storetest"
	"maillon/store/view"
)

const (
	hub    = "23350001600040"
	rennes = "21350238800019" // in 35
	brest  = "21290019500016" // in 29
	nobody = "35600000000048" // of no territory
)

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A rack is a store over views in memory.
type rack struct {
	t *testing.T
	*Store
	next uint64
	now  time.Time
}

func newRack(t *testing.T) *rack {
	t.Helper()
	v, err := view.Open(storetest.Memory(), hub)
	if err != nil {
		t.Fatal(err)
	}
	r := &rack{t: t, now: time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC)}
	r.Store = &Store{
		Dir: t.TempDir(), Views: v, Dataset: hub + "-decp-consolide", URL: "https://x.example",
		Publisher: Publisher{SIRET: hub, Name: "Région"}, Keep: Keep{Days: 30, Months: 12}, Now: func() time.Time { return r.now },
	}
	if err := r.Load(); err != nil {
		t.Fatal(err)
	}
	return r
}

const marche = `{"id":"ID","acheteur":{"id":"BUYER"},"nature":"Marché","objet":"OBJECT","codeCPV":"30190000","techniques":{"technique":["Sans objet"]},` +
	`"modalitesExecution":{"modaliteExecution":["Sans objet"]},"marcheInnovant":false,"ccag":"Pas de CCAG","offresRecues":3,"attributionAvance":false,` +
	`"typeGroupementOperateurs":"Pas de groupement","sousTraitanceDeclaree":false,"procedure":"Procédure adaptée","lieuExecution":{"code":"56260","typeCode":"Code commune"},` +
	`"dureeMois":12,"dateNotification":"YEAR-03-02","datePublicationDonnees":"YEAR-03-20","montant":41000,"typesPrix":{"typePrix":["Définitif ferme"]},"formePrix":"Forfaitaire",` +
	`"titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}}],"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},` +
	`"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}`

const concession = `{"id":"ID","autoriteConcedante":{"id":"BUYER"},"nature":"Délégation de service public","objet":"OBJECT","procedure":"Procédure négociée ouverte",` +
	`"dureeMois":60,"dateSignature":"YEAR-01-10","datePublicationDonnees":"YEAR-03-20","dateDebutExecution":"YEAR-04-01","valeurGlobale":500000,"montantSubventionPublique":0,` +
	`"concessionnaires":[{"concessionnaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}}],"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},` +
	`"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]},` +
	`"donneesExecution":[{"donneesAnnuelles":{"datePublicationDonneesExecution":"YEAR-12-01","depensesInvestissement":10,"tarifs":[{"tarif":{"intituleTarif":"Entrée","tarif":5}}]}}]}`

const old = `{"id":"2019ABC00","acheteur":{"id":"BUYER","nom":"Rennes"},"_type":"Marché","nature":"Marché","objet":"OBJECT","codeCPV":"30190000",` +
	`"procedure":"Procédure adaptée","lieuExecution":{"code":"35238","typeCode":"Code commune","nom":"Rennes"},"dureeMois":12,"dateNotification":"2019-03-02",` +
	`"datePublicationDonnees":"2019-03-20","montant":41000,"formePrix":"Ferme","titulaires":[{"typeIdentifiant":"SIRET","id":"35600000000048","denominationSociale":"La Poste"}],"modifications":[]}`

func (r *rack) put(kind pivot.Kind, form pivot.Form, buyer, id, year, object, raw string) {
	r.t.Helper()
	text := strings.NewReplacer("BUYER", buyer, "ID", id, "YEAR", year, "OBJECT", object).Replace(raw)
	rec := pivot.Record{Kind: kind, Form: form, Raw: []byte(text), Buyer: buyer, ID: id}
	e, err := entry.NewPut(zeros{}, rec, entry.Source{Deposit: "d", Series: "s", Pointer: "/0", Form: form}, r.now.Add(time.Duration(r.next)*time.Second)) //nolint:gosec // small
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.Views.Apply(r.t.Context(), view.Journal{Node: hub}, []view.Item{{Index: r.next, Entry: e}}); err != nil {
		r.t.Fatal(err)
	}
	r.next++
}

func (r *rack) marche(buyer, id, year, object string) {
	r.t.Helper()
	r.put(pivot.Marche, pivot.Nested, buyer, id, year, object, marche)
}

// fill puts contracts of several buyers, years, kinds and generations.
func (r *rack) fill() {
	for i := range 12 {
		r.marche(rennes, fmt.Sprint("A", i), fmt.Sprint(2023+i%3), strings.Repeat(`papier, \"recyclé\" <&> `, i+1))
		r.marche(brest, fmt.Sprint("B", i), fmt.Sprint(2024+i%2), "encre")
		r.marche(nobody, fmt.Sprint("N", i), "2025", "timbres")
	}
	r.put(pivot.Concession, pivot.Nested, rennes, "C1", "2024", "Piscine", concession)
	r.put(pivot.Concession, pivot.Nested, brest, "C2", "2025", "Port", concession)
	r.put(pivot.Marche, pivot.Flat, rennes, "2019ABC00", "2019", "Exemple : 1.x", old)
	r.put(pivot.Marche, pivot.Nested, rennes, "BAD", "2024", "à corriger", strings.Replace(marche, `"offresRecues":3`, `"offresRecues":"beaucoup"`, 1))
}

func (r *rack) refresh(want bool) *Edition {
	r.t.Helper()
	changed, err := r.Refresh(r.t.Context())
	if err != nil || changed != want {
		r.t.Fatalf("changed %v, %v; want %v", changed, err, want)
	}
	return r.Latest()
}

func (r *rack) read(day, suffix, name string, plain bool) []byte {
	r.t.Helper()
	f, _, _, err := r.Open(day, suffix, name, plain)
	if err != nil {
		r.t.Fatalf("%s%s: %v", name, suffix, err)
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err != nil || int64(len(raw)) != f.Size() {
		r.t.Fatalf("%s%s: %d of %d bytes, %v", name, suffix, len(raw), f.Size(), err)
	}
	return raw
}

// check reads every file of the newest edition in both ways.
func (r *rack) check() {
	r.t.Helper()
	e := r.Latest()
	for i := range e.Cuts {
		c := &e.Cuts[i]
		for _, f := range c.Files {
			plain := r.read("", c.Suffix(), f.Name, true)
			sum := sha256.Sum256(plain)
			if hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(plain)) != f.Size {
				r.t.Errorf("%s%s: %d bytes, want %d; SHA-256 %x, want %s", f.Name, c.Suffix(), len(plain), f.Size, sum, f.SHA256)
			}
			if n := count(r.t, f.Name, plain); n != f.Records {
				r.t.Errorf("%s%s: %d records, want %d", f.Name, c.Suffix(), n, f.Records)
			}
			if f.Gzipped == 0 {
				continue
			}
			packed := r.read("", c.Suffix(), f.Name, false)
			if int64(len(packed)) != f.Gzipped {
				r.t.Errorf("%s%s: %d bytes compressed, want %d", f.Name, c.Suffix(), len(packed), f.Gzipped)
			}
			if got := unzip(r.t, packed); !bytes.Equal(got, plain) {
				r.t.Errorf("%s%s: compressed it is another file", f.Name, c.Suffix())
			}
		}
	}
}

// unzip reads exactly one member.
func unzip(t *testing.T, packed []byte) []byte {
	t.Helper()
	in := bytes.NewReader(packed)
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	z.Multistream(false)
	raw, err := io.ReadAll(z)
	if err != nil || in.Len() != 0 {
		t.Fatalf("%v, %d bytes after the member", err, in.Len())
	}
	return raw
}

// count counts what a file holds: contracts, or for tables those of whom a line tells.
func count(t *testing.T, name string, raw []byte) int {
	t.Helper()
	fail := func(err error) {
		if err != nil {
			t.Fatalf("%s: %v\n%.300s", name, err, raw)
		}
	}
	switch name {
	case "tableau.csv":
		lines, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
		fail(err)
		if !slices.Equal(lines[0], flat.Columns()) {
			t.Errorf("columns %v", lines[0])
		}
		return len(lines) - 1 // one supplier each here
	case "tableau.parquet":
		rows, err := parquet.Read[flat.Row](bytes.NewReader(raw), int64(len(raw)))
		fail(err)
		return len(rows)
	case "decret.json":
		var doc struct {
			Marches struct {
				Marche     []json.RawMessage `json:"marche"`
				Concession []json.RawMessage `json:"contrat-concession"`
			} `json:"marches"`
		}
		fail(json.Unmarshal(raw, &doc))
		return len(doc.Marches.Marche) + len(doc.Marches.Concession)
	case "decret-1x.json":
		var doc struct{ Marches []json.RawMessage }
		fail(json.Unmarshal(raw, &doc))
		return len(doc.Marches)
	case "decret.xml", "decret-1x.xml":
		var doc struct {
			Marche     []struct{} `xml:"marche"`
			Concession []struct{} `xml:"contrat-concession"`
		}
		fail(xml.Unmarshal(raw, &doc))
		return len(doc.Marche) + len(doc.Concession)
	case "ocds.json":
		var doc struct {
			Date     string `json:"publishedDate"`
			Releases []struct {
				ID string `json:"id"`
			}
		}
		fail(json.Unmarshal(raw, &doc))
		return len(doc.Releases)
	}
	return bytes.Count(raw, []byte("\n"))
}

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
