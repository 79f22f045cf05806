package edition

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
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
