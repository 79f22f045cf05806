package deposit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/storetest"
)

const buyer = "21350238800019"

// newDesk opens a desk over a store, with a key made for the test.
func newDesk(t *testing.T, db store.DB) *Desk {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, journal.Origin(buyer, 0))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := journal.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	log, err := journal.Open(db, buyer, 0, verifier)
	if err != nil {
		t.Fatal(err)
	}
	return &Desk{
		Dir: t.TempDir(), DB: db, Log: log, Signer: signer, MaxBytes: 1 << 20,
		Ready: func() error { return nil }, Now: func() time.Time { return time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC) },
	}
}

// file makes a pivot file of contracts with these ids. An id "" makes a
// record that has none, and an id that begins with ! one with a mistake.
func file(ids ...string) string {
	var records []string
	for _, id := range ids {
		months := 12
		if strings.HasPrefix(id, "!") {
			months = 0
		}
		records = append(records, fmt.Sprintf(`{"id":%q,"acheteur":{"id":%q},"nature":"Marché","objet":"Exemple : %s","codeCPV":"30190000",`+
			`"techniques":{"technique":["Sans objet"]},"modalitesExecution":{"modaliteExecution":["Sans objet"]},"marcheInnovant":false,"ccag":"Pas de CCAG",`+
			`"offresRecues":3,"attributionAvance":false,"typeGroupementOperateurs":"Pas de groupement","sousTraitanceDeclaree":false,"procedure":"Procédure adaptée",`+
			`"lieuExecution":{"code":"35238","typeCode":"Code commune"},"dureeMois":%d,"dateNotification":"2026-03-02","datePublicationDonnees":"2026-03-20",`+
			`"montant":41000,"typesPrix":{"typePrix":["Définitif ferme"]},"formePrix":"Forfaitaire","titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"35600000000048"}}],`+
			`"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}`,
			id, buyer, id, months))
	}
	return `{"marches":{"marche":[` + strings.Join(records, ",") + `]}}`
}

// deposit deposits a file and checks the outcome.
func (d *Desk) must(t *testing.T, req Request, body string, want Outcome) *Report {
	t.Helper()
	rep, err := d.Deposit(t.Context(), req, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if rep.Outcome != want {
		t.Fatalf("outcome %s (%v), want %s", rep.Outcome, rep.Problem, want)
	}
	return rep
}

func TestRecordsAreJudgedOneByOne(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	rep := d.must(t, Request{Name: "lot.json"}, file("A", "!B", "", "C"), Accepted)
	want := Counts{Records: 4, Conforming: 2, ToCorrect: 1, Refused: 1, Appended: 3, Warnings: rep.Counts.Warnings}
	if rep.Counts != want {
		t.Errorf("counts %+v, want %+v", rep.Counts, want)
	}
	if d.Log.Size() != 3 || rep.First != 0 || rep.Size != 3 {
		t.Errorf("journal of %d entries, report says %d to %d", d.Log.Size(), rep.First, rep.Size)
	}
	kept, err := d.Report(rep.ID)
	if err != nil || kept.Counts != want {
		t.Errorf("report kept: %+v, %v", kept, err)
	}
	raw, err := os.ReadFile(filepath.Join(d.Dir, rep.ID, rep.Stored))
	if err != nil || string(raw) != file("A", "!B", "", "C") {
		t.Errorf("the file is not kept as received: %v", err)
	}
}

func TestTheSameFileTwiceAppendsNothing(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	d.must(t, Request{}, file("A", "B", "A"), Accepted)
	if d.Log.Size() != 2 {
		t.Fatalf("journal of %d entries, want 2: a record repeated in the file is one", d.Log.Size())
	}
	rep := d.must(t, Request{Series: "other"}, file("B", "A"), Unchanged)
	if rep.Counts.Known != 2 || d.Log.Size() != 2 {
		t.Errorf("counts %+v, journal of %d entries", rep.Counts, d.Log.Size())
	}
}

func TestReplaceWithdrawsWhatIsAbsentFromItsSeriesOnly(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	d.must(t, Request{Series: "s"}, file("A", "B", "C"), Accepted)
	d.must(t, Request{Series: "other"}, file("X"), Accepted)
	d.must(t, Request{Series: "s", Mode: Replace}, file("A", "B", "D"), Accepted)
	var withdrawn []string
	for e, err := range d.Log.Entries(t.Context(), 0, d.Log.Size()) {
		if err != nil {
			t.Fatal(err)
		}
		h, err := e.Parse()
		if err != nil {
			t.Fatal(err)
		}
		if h.Op == entry.Withdraw {
			withdrawn = append(withdrawn, h.Key)
		}
	}
	if len(withdrawn) != 1 || withdrawn[0] != buyer+"/C" {
		t.Errorf("withdrawn %v, want C alone", withdrawn)
	}
	d.must(t, Request{Series: "s", Mode: Replace}, file("A", "B", "D"), Unchanged)
}

func TestReplaceThatDropsMoreThanHalfNeedsForce(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	d.must(t, Request{}, file("A", "B", "C"), Accepted)
	rep := d.must(t, Request{Mode: Replace}, file("A"), Rejected)
	if rep.Problem.Rule != "replace-drops-half" || d.Log.Size() != 3 {
		t.Errorf("problem %v, journal of %d entries", rep.Problem, d.Log.Size())
	}
	d.must(t, Request{Mode: Replace, Force: true}, file("A"), Accepted)
	if d.Log.Size() != 5 {
		t.Errorf("journal of %d entries, want 5 with two withdrawals", d.Log.Size())
	}
}

func TestStrictPublicationKeepsOutWhatDoesNotConform(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	d.Strict = true
	rep := d.must(t, Request{}, file("A", "!B"), Accepted)
	if rep.Counts.KeptOut != 1 || d.Log.Size() != 1 {
		t.Errorf("counts %+v, journal of %d entries", rep.Counts, d.Log.Size())
	}
}

func TestAFileAtFaultAppendsNothing(t *testing.T) {
	good := file("A", "B", "C")
	for name, body := range map[string]string{
		"cut short":        good[:len(good)-200],
		"not a pivot file": `{"features":[]}`,
		"no JSON at all":   "bonjour",
		"empty":            "",
		"too large":        file("A") + strings.Repeat(" ", 1<<20),
		"a list too deep":  `{"marches":` + strings.Repeat("[", 10000),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, storetest.Memory())
			d.must(t, Request{}, file("Z"), Accepted)
			rep := d.must(t, Request{Name: "f.json"}, body, Rejected)
			if rep.Problem == nil || rep.Problem.Rule == "" {
				t.Error("the report does not say what is wrong")
			}
			if d.Log.Size() != 1 {
				t.Errorf("journal of %d entries, want the one from before", d.Log.Size())
			}
		})
	}
}

func TestAnUploadThatBreaksOffLeavesNoTrace(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	_, err := d.Deposit(t.Context(), Request{}, io.MultiReader(strings.NewReader(file("A")[:100]), iotest.ErrReader(errors.New("reset"))))
	if !errors.Is(err, ErrUpload) {
		t.Errorf("error %v, want ErrUpload", err)
	}
	left, err := os.ReadDir(d.Dir)
	if err != nil || len(left) != 0 || d.Log.Size() != 0 {
		t.Errorf("%d folders left, journal of %d entries, %v", len(left), d.Log.Size(), err)
	}
}

func TestAReadOnlyNodeTakesNothing(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	d.Ready = func() error { return store.ErrReadOnly }
	if _, err := d.Deposit(t.Context(), Request{}, strings.NewReader(file("A"))); !errors.Is(err, ErrReadOnly) {
		t.Errorf("error %v, want ErrReadOnly", err)
	}
}

// TestACrashLosesNothingAcknowledged fails every transaction of a deposit in
// turn, both ways, opens the journal again and deposits again.
// A signer after whose signature no report can be kept.
type fullDisk struct {
	note.Signer
	dir string
}

func (f fullDisk) Sign(msg []byte) ([]byte, error) {
	dirs, err := filepath.Glob(filepath.Join(f.dir, "*"))
	for _, dir := range dirs {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, "report.json", "in the way"), 0o700))
	}
	sig, signErr := f.Signer.Sign(msg)
	return sig, errors.Join(err, signErr)
}

func TestWhatIsPublishedIsAnsweredForThoughItsReportIsLost(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	d.Signer = fullDisk{d.Signer, d.Dir}
	rep := d.must(t, Request{}, file("A"), Accepted)
	if rep.Unsaved == nil || rep.Size != 1 || d.Log.Size() != 1 {
		t.Errorf("unsaved %v, size %d, journal of %d entries", rep.Unsaved, rep.Size, d.Log.Size())
	}
}

func TestACrashLosesNothingAcknowledged(t *testing.T) {
	for _, happens := range []bool{false, true} {
		for fail := 1; ; fail++ {
			db := storetest.Memory()
			d := newDesk(t, db)
			d.must(t, Request{}, file("A"), Accepted)
			n, reached := 0, false
			db.Fail(func(string) (bool, error) {
				if n++; n == fail {
					reached = true
					return happens, errors.New("crash")
				}
				return true, nil
			})
			_, err := d.Deposit(t.Context(), Request{}, strings.NewReader(file("A", "B", "C")))
			if !reached {
				break
			}
			if err == nil {
				t.Fatalf("transaction %d failed, the deposit did not", fail)
			}
			db.Fail(nil)
			log, err := journal.Open(db, buyer, 0, verifierOf(t, d))
			if err != nil {
				t.Fatal(err)
			}
			d.Log = log
			rep, err := d.Deposit(t.Context(), Request{}, strings.NewReader(file("A", "B", "C")))
			if err != nil {
				t.Fatal(err)
			}
			if got := rep.Counts.Appended + rep.Counts.Known; got != 3 || log.Size() != 3 {
				t.Errorf("transaction %d (happens %v): %d appended or known, journal of %d entries; want 3 and 3", fail, happens, got, log.Size())
			}
		}
	}
}

func verifierOf(t *testing.T, d *Desk) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(string(must(d.Log.Resource("key", false)).Bytes))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func must(r journal.Resource, err error) journal.Resource {
	if err != nil {
		panic(err)
	}
	return r
}

func TestRetract(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	first := d.must(t, Request{}, file("!A", "B"), Accepted)
	if _, err := d.Retract(t.Context(), entry.Redact, 0, "personal data"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(d.Dir, first.ID, first.Stored)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file that holds the redacted record is still kept: %v", err)
	}
	if kept, err := d.Report(first.ID); err != nil || len(kept.Records) == 0 || kept.Records[0].Problems[0].Found != "" {
		t.Errorf("the report still quotes the redacted record: %+v, %v", kept, err)
	}
	e, err := d.Log.Entry(0)
	if err != nil || e.Body != nil || e.Salt != nil {
		t.Errorf("the redacted body is still there: %v", err)
	}
	if _, err := d.Retract(t.Context(), entry.Withdraw, 1, "mistake"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Retract(t.Context(), entry.Withdraw, 99, "x"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
	if _, err := d.Retract(t.Context(), entry.Withdraw, 2, "x"); err == nil {
		t.Error("a redaction can be withdrawn")
	}
	rep := d.must(t, Request{}, file("B"), Accepted) // withdrawn, so it is news again
	if rep.Counts.Appended != 1 {
		t.Errorf("counts %+v", rep.Counts)
	}
}

func TestReindexFindsWhatIsLive(t *testing.T) {
	db := storetest.Memory()
	d := newDesk(t, db)
	d.must(t, Request{Series: "s"}, file("A", "B", "C"), Accepted)
	d.must(t, Request{Series: "s", Mode: Replace}, file("A", "B"), Accepted)
	before := dump(t, db)
	if err := d.Reindex(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, db); after != before || !strings.Contains(after, "A") {
		t.Errorf("live index after reindex:\n%q\nbefore:\n%q", after, before)
	}
}

func dump(t *testing.T, db store.DB) string {
	t.Helper()
	var b strings.Builder
	err := db.View(func(tx store.Tx) error {
		for k, v := range tx.Bucket(liveBucket).Ascend(nil) {
			fmt.Fprintf(&b, "%q=%s\n", k, v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReportsNewestFirst(t *testing.T) {
	d := newDesk(t, storetest.Memory())
	at := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	d.Now = func() time.Time { at = at.Add(time.Second); return at }
	first := d.must(t, Request{Name: `..\..\evil/..\first.json`}, file("A"), Accepted)
	second := d.must(t, Request{Name: "second.json"}, file("B"), Accepted)
	got, err := d.Reports(10)
	if err != nil || len(got) != 2 || got[0].ID != second.ID || got[1].ID != first.ID {
		t.Fatalf("reports %v, %v", got, err)
	}
	if got[1].Name != "first.json" {
		t.Errorf("name %q, want the last part alone", got[1].Name)
	}
	for _, id := range []string{"", "..", "../x", "a/b", "none"} {
		if _, err := d.Report(id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Report(%q): %v, want ErrNotFound", id, err)
		}
	}
}
