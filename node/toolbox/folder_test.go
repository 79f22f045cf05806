package toolbox

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/texts"
)

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderIsReadAgainWhenItChanges(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "boite")
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	f := Open(dir, Options{}, zerolog.Nop(), func() time.Time { return now })
	first := f.State()
	if len(first.Problems) != 1 || len(first.Roles) != 5 {
		t.Fatalf("a folder that is not there: %v, %d roles", said(first.Content), len(first.Roles))
	}
	write(t, dir, "contacts.yaml", "- nom: A\n")
	if again := f.State(); again.Tag != first.Tag {
		t.Error("the disk is looked at for each request")
	}
	now = now.Add(lookEvery)
	second := f.State()
	if second.Tag == first.Tag || len(second.Problems) != 0 || len(second.Contacts) != 1 {
		t.Errorf("not read again: %v, %d contacts", said(second.Content), len(second.Contacts))
	}
	now = now.Add(lookEvery)
	if third := f.State(); third.Content != second.Content {
		t.Error("read again though nothing has changed")
	}
	if err := os.Remove(filepath.Join(dir, "contacts.yaml")); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery)
	if last := f.State(); len(last.Contacts) != 0 {
		t.Error("what is removed stays")
	}
}

func TestImagesComeFromTheFolderAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "images/carte.png", "carte")
	write(t, dir, "images/grande.png", strings.Repeat("x", MostImage+1))
	write(t, dir, "secret.png", "secret")
	for name, to := range map[string]string{"lien.png": "../secret.png", "dehors.png": "/etc/passwd"} {
		if err := os.Symlink(to, filepath.Join(dir, "images", name)); err != nil {
			t.Skip(err)
		}
	}
	f := Open(dir, Options{}, zerolog.Nop(), time.Now)
	file, size, err := f.Image("carte.png")
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := io.ReadAll(file)
	if file.Close(); string(raw) != "carte" || size != 5 {
		t.Errorf("%d bytes: %q", size, raw)
	}
	for _, name := range []string{"grande.png", "dehors.png", "../secret.png", "rien.png", ""} {
		if _, _, err := f.Image(name); err == nil {
			t.Errorf("%q is served", name)
		}
	}
	if _, _, err := f.Image("rien.png"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestCalendarFeeds(t *testing.T) {
	c := Read(folder(map[string]string{"calendrier.yaml": `
- titre: "Atelier ; un, deux"
  debut: 2027-07-14 14:00
  fuseau: Indian/Reunion
  lieu: Saint-Denis
  resume: ` + strings.Repeat("é", 100) + `
- titre: {fr: Journée, en: Day}
  debut: 2027-01-14
  fin: 2027-01-15
  annule: oui
  lien: /valider
`}), Options{})
	if len(c.Problems) > 0 {
		t.Fatal(said(c))
	}
	feed := Feed{Title: "Calendrier", URL: "https://hub.fr/x", Lang: texts.French}
	ics := string(feed.ICS(c.Events, defaultsFrom))
	for _, want := range []string{
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "DTSTART:20270714T100000Z\r\nDTEND:20270714T120000Z\r\n", `SUMMARY:Atelier \; un\, deux` + "\r\n",
		"DTSTART;VALUE=DATE:20270114\r\nDTEND;VALUE=DATE:20270116\r\n", "STATUS:CANCELLED\r\n", "URL:https://hub.fr/x/valider\r\n", "é\r\n é", "DTSTAMP:20261101T000000Z\r\n",
	} {
		if !strings.Contains(ics, want) {
			t.Errorf("the calendar lacks %q:\n%s", want, ics)
		}
	}
	atom, err := feed.Atom(c.Events, defaultsFrom, func(e Event) string { return e.At().Format(time.DateOnly) })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<title>Journée</title>`, `<summary>2027-07-14. Saint-Denis. é`, `<updated>2026-11-01T00:00:00Z</updated>`, `href="https://hub.fr/x/boite-a-outils/calendrier.atom"`} {
		if !strings.Contains(string(atom), want) {
			t.Errorf("the feed lacks %q:\n%s", want, atom)
		}
	}
}

func TestCallsOpenAndClose(t *testing.T) {
	c := Read(folder(map[string]string{"appels.yaml": "- {titre: A, ouverture: 2027-02-01, cloture: 2027-02-28}\n- {titre: B}\n"}), Options{})
	for day, want := range map[string]string{"2027-01-31T22:59:59Z": "coming", "2027-01-31T23:00:00Z": "open", "2027-02-28T22:59:59Z": "open", "2027-02-28T23:00:00Z": "closed"} {
		now, _ := time.Parse(time.RFC3339, day)
		if got := c.Calls[0].State(now); got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
		if got := c.Calls[1].State(now); got != "open" {
			t.Errorf("a call without days is %s", got)
		}
	}
}

func TestAPlanWithAStartHasDays(t *testing.T) {
	c := Read(folder(map[string]string{"jalons.yaml": "depart: 2027-11\nvoies: [{voie: V, jalons: [{titre: T, mois: 1, duree: 2}, {titre: Tard, mois: 200, fait: oui}]}]\n"}), Options{})
	from, to := c.Plan.When(c.Plan.Lanes[0].Steps[0])
	if got := from.Format(time.DateOnly) + " " + to.Format(time.DateOnly); got != "2027-12-01 2028-02-01" {
		t.Errorf("from and to: %s", got)
	}
	if svg := string(DrawPlan(c.Plan, texts.French, "a & b")); !strings.Contains(svg, `aria-label="a &amp; b"`) || strings.Contains(svg, "Tard") {
		t.Errorf("drawing %s", svg)
	}
}

func TestWrap(t *testing.T) {
	for in, want := range map[string]string{"": "", "a b c": "a b|c", "abcdef": "ab…", "é è": "é è"} {
		if got := strings.Join(Wrap(in, 3), "|"); got != want {
			t.Errorf("Wrap(%q) = %q, want %q", in, got, want)
		}
	}
}
