package shelf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/catalog/rdf"
	"maillon/catalog/territory"
	"maillon/node/edition"
	"maillon/store/storetest"
	"maillon/store/view"
)

const buyer = "21350238800019"

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A rack is a shelf over views in memory.
type rack struct {
	t *testing.T
	*Shelf
	next uint64
}

func newRack(t *testing.T, hub bool) *rack {
	t.Helper()
	db := storetest.Memory()
	v, err := view.Open(db, buyer)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := territory.ParseGeozone("fr:commune:35238")
	if err != nil {
		t.Fatal(err)
	}
	who := Publisher{NodeID: buyer, SIRET: buyer, Name: "Ville de Rennes", Level: "commune", Contact: "m@x.example", Territory: zone}
	s := &Shelf{Dir: t.TempDir(), DB: db, Views: v, Node: buyer, Hub: hub, URL: "https://x.example", Who: who}
	if hub {
		s.Editions = &edition.Store{
			Dir: t.TempDir(), Views: v, Dataset: ConsolidatedID(buyer), URL: s.URL, Publisher: edition.Publisher{SIRET: buyer, Name: who.Name},
			Keep: edition.Keep{Days: 30, Months: 12}, Now: func() time.Time { return at },
		}
		if err := s.Editions.Load(); err != nil {
			t.Fatal(err)
		}
	}
	return &rack{t: t, Shelf: s}
}

const gen2 = `{"id":"ID","acheteur":{"id":"21350238800019"},"nature":"Marché","objet":"OBJECT","codeCPV":"30190000","techniques":{"technique":["Sans objet"]},` +
	`"modalitesExecution":{"modaliteExecution":["Sans objet"]},"marcheInnovant":false,"ccag":"Pas de CCAG","offresRecues":3,"attributionAvance":false,` +
	`"typeGroupementOperateurs":"Conjoint","sousTraitanceDeclaree":false,"procedure":"Procédure adaptée","lieuExecution":{"code":"35238","typeCode":"Code commune"},` +
	`"dureeMois":12,"dateNotification":"YEAR-03-02","datePublicationDonnees":"YEAR-03-20","montant":41000,"typesPrix":{"typePrix":["Définitif ferme"]},"formePrix":"Forfaitaire",` +
	`"titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}},{"titulaire":{"typeIdentifiant":"SIRET","id":"38103128500491"}}],` +
	`"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}`

const gen1 = `{"id":"2019ABC00","acheteur":{"id":"21350238800019","nom":"Rennes"},"_type":"Marché","nature":"Marché","objet":"Exemple : 1.x","codeCPV":"30190000",` +
	`"procedure":"Procédure adaptée","lieuExecution":{"code":"35238","typeCode":"Code commune","nom":"Rennes"},"dureeMois":12,"dateNotification":"2019-03-02",` +
	`"datePublicationDonnees":"2019-03-20","montant":41000,"formePrix":"Ferme","titulaires":[{"typeIdentifiant":"SIRET","id":"35600000000048","denominationSociale":"La Poste"}],"modifications":[]}`

func (r *rack) apply(e entry.Entry, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.Views.Apply(r.t.Context(), view.Journal{Node: buyer}, []view.Item{{Index: r.next, Entry: e}}); err != nil {
		r.t.Fatal(err)
	}
	r.next++
}

var at = time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC)

func (r *rack) put(form pivot.Form, id, raw string) {
	r.t.Helper()
	rec := pivot.Record{Kind: pivot.Marche, Form: form, Raw: []byte(raw), Buyer: buyer, ID: id}
	r.apply(entry.NewPut(zeros{}, rec, entry.Source{Deposit: "d", Series: "s", Pointer: "/0", Form: form}, at.Add(time.Duration(r.next)*time.Second)))
}

func (r *rack) contract(id, object, year string) {
	r.put(pivot.Nested, id, strings.NewReplacer("ID", id, "OBJECT", object, "YEAR", year).Replace(gen2))
}

func (r *rack) refresh(want int) {
	r.t.Helper()
	if n, err := r.Refresh(r.t.Context()); err != nil || n != want {
		r.t.Errorf("%d datasets made, %v; want %d", n, err, want)
	}
}

func (r *rack) file(dataset, name string) []byte {
	r.t.Helper()
	path, f, ok := r.Path(dataset, name)
	if !ok {
		r.t.Fatalf("%s/%s is not on the shelf", dataset, name)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(raw)) != f.Size {
		r.t.Errorf("%s: size or checksum is not the file's", name)
	}
	packed, err := os.Open(path + ".gz")
	if err != nil {
		r.t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		r.t.Fatal(err)
	}
	if plain, err := io.ReadAll(z); err != nil || !bytes.Equal(plain, raw) {
		r.t.Errorf("%s.gz holds other bytes, %v", name, err)
	}
	return raw
}

// judged reads a file back and counts its conforming records.
func judged(t *testing.T, raw []byte) (conforming int) {
	t.Helper()
	for item, err := range pivot.NewReader(bytes.NewReader(raw), pivot.Limits{}).Items() {
		if err != nil || len(item.Problems) > 0 {
			t.Fatalf("%v %v", err, item.Problems)
		}
		if v := pivot.Judge(item.Record); v.State == pivot.Conforming {
			conforming++
		} else {
			t.Errorf("%s: %v", item.Record.Pointer, v.Problems)
		}
	}
	return conforming
}

func TestFilesHoldWhatTheirNamesSay(t *testing.T) {
	r := newRack(t, false)
	r.contract("A", "papier", "2026")
	r.contract("B", "encre", "2026")
	r.put(pivot.Nested, "C", strings.NewReplacer("ID", "C", "OBJECT", "faux", "YEAR", "2026", `"dureeMois":12`, `"dureeMois":0`).Replace(gen2))
	r.put(pivot.Flat, "2019ABC00", gen1)
	r.refresh(2)
	set := DatasetID(buyer, "2026")
	if n := judged(t, r.file(set, "decret.json")); n != 2 {
		t.Errorf("decret.json: %d contracts", n)
	}
	if n := judged(t, r.file(set, "decret.xml")); n != 2 {
		t.Errorf("decret.xml: %d contracts", n)
	}
	if lines := bytes.Count(r.file(set, "decret.csv"), []byte("\n")); lines != 1+2*2 {
		t.Errorf("decret.csv: %d lines, want a header and one per supplier", lines)
	}
	complet := r.file(set, "complet.ndjson")
	if bytes.Count(complet, []byte("\n")) != 3 || !bytes.Contains(complet, []byte(`"etat":"a-corriger"`)) {
		t.Errorf("complet.ndjson:\n%s", complet)
	}
	if n := judged(t, r.file(DatasetID(buyer, "2019"), "decret-1x.json")); n != 1 {
		t.Errorf("decret-1x.json: %d contracts", n)
	}
	if _, _, ok := r.Path(DatasetID(buyer, "2019"), "decret.json"); ok {
		t.Error("a year without 2.x contracts has a file of them")
	}
}

func TestOnlyWhatChangedIsMadeAgain(t *testing.T) {
	r := newRack(t, false)
	r.contract("A", "papier", "2025")
	r.contract("B", "encre", "2026")
	r.refresh(2)
	r.refresh(0)
	r.contract("C", "colle", "2026")
	r.refresh(1)
	r.apply(entry.NewWithdraw("marche", buyer+"/A", 0, "erreur", at))
	r.refresh(1)
	if _, _, ok := r.Path(DatasetID(buyer, "2025"), "decret.json"); ok {
		t.Error("a withdrawn contract is still in the legal file")
	}
	if err := r.Reset(); err != nil {
		t.Fatal(err)
	}
	if r.Ready() {
		t.Error("a shelf that forgot everything is ready to be harvested")
	}
	r.refresh(2)
}

func TestResetWaitsForARefreshUnderWay(t *testing.T) {
	r := newRack(t, true)
	for i := range 20 {
		r.contract(fmt.Sprint("A", i), "papier", fmt.Sprint(2000+i))
	}
	done := make(chan error, 1)
	go func() { _, err := r.Refresh(t.Context()); done <- err }()
	for range 5 {
		if err := r.Reset(); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestADatasetWithNothingLeftDisappears(t *testing.T) {
	r := newRack(t, false)
	r.contract("A", "papier", "2025")
	r.refresh(1)
	dir := filepath.Join(r.Dir, DatasetID(buyer, "2025"))
	// Redacted, the contract has no year any more: it moves to the undated.
	r.apply(entry.NewRedact("marche", buyer+"/A", 0, "essai", at))
	r.refresh(1)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("its folder is still there: %v", err)
	}
}

func (r *rack) edition() {
	r.t.Helper()
	if _, err := r.Editions.Refresh(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func TestAHubDescribesTheDatasetsOfItsTerritory(t *testing.T) {
	r := newRack(t, true)
	r.contract("A", "papier", "2025")
	r.contract("B", "encre", "2026")
	r.refresh(2)
	if r.Ready() {
		t.Error("a hub without an edition is ready to be harvested")
	}
	r.edition()
	if !r.Ready() {
		t.Error("a hub with an edition is not ready")
	}
	c := r.Catalogue(nil)
	var ids, series []string
	for _, d := range c.Datasets {
		ids = append(ids, strings.TrimPrefix(d.Identifier, buyer))
		for _, x := range d.Distributions {
			if strings.Contains(d.Identifier, "-decp-") && (len(x.SHA256) != 64 || x.ByteSize == 0) || strings.Contains(d.Identifier, "consolide") && len(x.ConformsTo) == 0 {
				t.Errorf("%+v", x)
			}
		}
	}
	for _, d := range c.Series {
		series = append(series, strings.TrimPrefix(d.Identifier, buyer))
	}
	if got := strings.Join(ids, " "); got != "-decp-2025 -decp-2026 -decp-consolide -decp-consolide-2025 -decp-consolide-2026 -decp-consolide-dep-35 -annuaire-acheteurs -repertoire" {
		t.Errorf("datasets %s", got)
	}
	if got := strings.Join(series, " "); got != "-decp -decp-consolide-annees -decp-consolide-departements" {
		t.Errorf("series %s", got)
	}
	if _, problems := rdf.FromCatalog(c); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
	before := r.Version()
	r.contract("C", "colle", "2026")
	r.edition()
	if r.Version() == before {
		t.Error("another edition has the same version")
	}
	all, err := r.All(nil)
	if err != nil || len(all.Datasets) != 8 {
		t.Errorf("%d datasets in all, %v", len(all.Datasets), err)
	}
}

func TestNoNameFromOutsideReachesTheFileSystem(t *testing.T) {
	r := newRack(t, false)
	r.contract("A", "papier", "2026")
	r.refresh(1)
	for _, c := range [][2]string{{"..", "x"}, {DatasetID(buyer, "2026"), "../x"}, {DatasetID(buyer, "2026"), "decret.json.gz"}, {"", ""}} {
		if _, _, ok := r.Path(c[0], c[1]); ok {
			t.Errorf("%q is found", c)
		}
	}
}

func TestCataloguesArePublishable(t *testing.T) {
	r := newRack(t, true)
	r.contract("A", "papier", "2026")
	r.refresh(1)
	r.edition()
	own := r.Catalogue(nil)
	one, ok := r.BuyerCatalogue(buyer)
	if !ok || len(own.Datasets) != 6 || len(one.Datasets) != 1 || one.Datasets[0].Identifier != buyer+"-decp-2026" {
		t.Errorf("own %d datasets, the buyer's %v", len(own.Datasets), one.Datasets)
	}
	for _, c := range []string{own.IRI, one.IRI} {
		if !strings.HasPrefix(c, "https://x.example/") {
			t.Errorf("IRI %s", c)
		}
	}
	if _, problems := rdf.FromCatalog(own); len(problems) > 0 {
		t.Errorf("own: %v", problems)
	}
	if _, problems := rdf.FromCatalog(one); len(problems) > 0 {
		t.Errorf("the buyer's: %v", problems)
	}
	if _, ok := r.BuyerCatalogue("00000000000000"); ok {
		t.Error("a buyer without datasets has a catalogue")
	}
}

func TestAfterARestartTheShelfIsReadyIfItWasWhole(t *testing.T) {
	r := newRack(t, false)
	r.contract("A", "papier", "2026")
	again := func() *Shelf {
		s := &Shelf{Dir: r.Dir, DB: r.DB, Views: r.Views, Node: r.Node, URL: r.URL, Who: r.Who}
		if err := s.load(); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if again().Ready() {
		t.Error("a shelf that was never made is ready")
	}
	r.refresh(1)
	if s := again(); !s.Ready() || len(s.Datasets("")) != 1 {
		t.Error("a whole shelf is not ready after a restart")
	}
	files, err := filepath.Glob(filepath.Join(r.Dir, "*", "*decret.xml.gz"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Truncate(files[0], 10); err != nil {
		t.Fatal(err)
	}
	s := again()
	if s.Ready() {
		t.Error("a shelf whose file is torn is ready")
	}
	if n, err := s.Refresh(t.Context()); n != 1 || err != nil || !s.Ready() {
		t.Errorf("the torn file: %d datasets made again, %v", n, err)
	}
}
