package toolbox

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/texts"
)

func folder(files map[string]string) fstest.MapFS {
	f := fstest.MapFS{}
	for name, content := range files {
		f[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return f
}

func said(c *Content) []string {
	var all []string
	for _, p := range c.Problems {
		all = append(all, p.Where()+" "+p.Text(texts.French))
	}
	return all
}

func TestTheDefaultsAreSound(t *testing.T) {
	c := Read(nil, Options{URL: "https://hub.exemple.fr/donnees"})
	for _, p := range said(c) {
		t.Error(p)
	}
	again := Read(Defaults(), Options{URL: "https://hub.exemple.fr/donnees"})
	for _, p := range said(again) {
		t.Error("as a folder:", p)
	}
	guide, ok := c.Page("guide")
	if !ok {
		t.Fatal("no guide")
	}
	for _, lang := range texts.Langs {
		doc := guide.In(lang)
		if len(doc.Sections) != 10 {
			t.Errorf("%s: the guide in ten steps has %d", lang, len(doc.Sections))
		}
		if !strings.Contains(string(doc.Body), "https://hub.exemple.fr/donnees/api/v1/deposits") || !strings.Contains(string(doc.Body), `href="/donnees/valider"`) {
			t.Errorf("%s: the guide does not name this node's addresses", lang)
		}
	}
	if len(c.Roles) != 5 || len(c.Plan.Lanes) != 4 || len(c.Profiles) != 4 {
		t.Errorf("%d roles, %d lanes, %d profiles", len(c.Roles), len(c.Plan.Lanes), len(c.Profiles))
	}
	if len(c.Contacts)+len(c.Events)+len(c.Calls)+len(c.Stories) != 0 {
		t.Error("the defaults invent people")
	}
}

// The entries that the comments of the defaults show can be uncommented.
func TestTheExamplesInTheDefaultsAreRead(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"contacts.yaml", "calendrier.yaml", "appels.yaml"} {
		raw, err := Defaults().(interface{ ReadFile(string) ([]byte, error) }).ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, example, _ := strings.Cut(string(raw), "#\n")
		files[name] = strings.ReplaceAll("\n"+example, "\n# ", "\n")
	}
	c := Read(folder(files), Options{})
	if len(c.Problems) > 0 || len(c.Contacts) != 1 || len(c.Events) != 1 || len(c.Calls) != 1 {
		t.Errorf("%v; %d contacts, %d events, %d calls", said(c), len(c.Contacts), len(c.Events), len(c.Calls))
	}
}

func TestWhatIsWrongIsSaidWithItsLineAndCostsOnlyItself(t *testing.T) {
	c := Read(folder(map[string]string{
		"contacts.yaml":   "- nom: A\n  couriel: a@b.fr\n- nom: B\n  courriel: pas une adresse\n- nom: C\n  sujets: [x, y]\n- {fonction: x}\n- texte\n",
		"calendrier.yaml": "- titre: Atelier\n  debut: 14/01/2027\n- titre: {fr: Bon, de: Gut}\n  debut: 2027-01-14\n- titre: Bon\n  debut: 2027-01-14\n  echelon: cantonal\n- titre: Reste\n  debut: 2027-01-14\n  fuseau: Indian/Reunion\n  lien: javascript:alert(1)\n",
		"jalons.yaml":     "voies:\n- voie: V\n  jalons:\n  - titre: T\n    mois: douze\n  - titre: U\n    fait: oui\n",
		"appels.yaml":     "a: [\n",
		"roles.yaml":      "- &a {niveau: N, mission: M}\n- *a\n",
		"contact.yml":     "",
		"pages/kit.md":    "# Non",
		"pages/À.md":      "# Non",
		"autre/x.md":      "# Non",
		"images/x.exe":    "",
	}), Options{})
	want := []string{
		"appels.yaml ce fichier n’est pas du YAML",
		"autre ce dossier n’est pas lu",
		"calendrier.yaml:2 « 14/01/2027 » n’est pas une date",
		"calendrier.yaml:3 « de » n’est pas une clé connue ; vouliez-vous écrire « fr » ?",
		"calendrier.yaml:7 « cantonal » : un de ces mots est attendu : national, territorial, local",
		"calendrier.yaml:11 « javascript:alert(1) » n’est pas une adresse",
		"contact.yml ce fichier n’est pas lu ; vouliez-vous le nommer contacts.yaml ?",
		"contacts.yaml:2 « couriel » n’est pas une clé connue ; vouliez-vous écrire « courriel » ?",
		"contacts.yaml:4 « pas une adresse » n’est pas une adresse électronique",
		"contacts.yaml:7 il manque « nom »",
		"contacts.yaml:8 « texte » : des clés sont attendues ici (nom, fonction,",
		"images/x.exe ce n’est pas une image",
		"jalons.yaml:5 « douze » : un nombre",
		"pages/kit.md l’adresse « kit » est celle",
		"pages/À.md ce nom ne convient pas",
		"roles.yaml:2 les renvois",
	}
	got := said(c)
	for i, w := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], w) {
			t.Fatalf("problems:\n%s\nwant at %d: %s", strings.Join(got, "\n"), i, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d problems, want %d: %v", len(got), len(want), got[len(want):])
	}
	if len(c.Contacts) != 1 || len(c.Events) != 0 || len(c.Plan.Lanes[0].Steps) != 1 || len(c.Roles) != 1 {
		t.Errorf("kept %d contacts, %d events, %d steps, %d roles", len(c.Contacts), len(c.Events), len(c.Plan.Lanes[0].Steps), len(c.Roles))
	}
	if !c.Broken["appels.yaml"] || c.Broken["contacts.yaml"] {
		t.Errorf("broken: %v", c.Broken)
	}
	if len(c.Profiles) == 0 {
		t.Error("a file that the folder lacks is not the default")
	}
}

func TestAFileOfTheOperatorTakesThePlaceOfBothLanguages(t *testing.T) {
	c := Read(folder(map[string]string{"pages/guide.md": "# Le nôtre\n\nUn seul pas.\n", "pages/eau.en.md": "# Water\n", "pages/eau.md": "# L’eau\n"}), Options{})
	guide, _ := c.Page("guide")
	if got := guide.In(texts.English).Title; got != "Le nôtre" {
		t.Errorf("the English guide is %q", got)
	}
	water, ok := c.Page("eau")
	if !ok || water.In(texts.English).Title != "Water" || water.In(texts.French).Title != "L’eau" {
		t.Errorf("page eau: %v %q %q", ok, water.In(texts.English).Title, water.In(texts.French).Title)
	}
}

func TestStoriesHaveAFrontAndAreInOrder(t *testing.T) {
	c := Read(folder(map[string]string{
		"temoignages/a.md": "---\nauteur: X\ndate: 2026-01-02\n---\n# Avant\n\n## Sous-titre\n",
		"temoignages/b.md": "---\r\ngenre: analyse\r\ndate: 2027-01-02\r\n---\r\n# Après\r\n",
		"temoignages/c.md": "---\nauteurs: X\n---\n# Non\n",
		"temoignages/d.md": "---\nsans fin\n# Non\n",
	}), Options{})
	var got []string
	for _, s := range c.Stories {
		got = append(got, s.Kind+" "+s.In(texts.French).Title)
	}
	if diff := cmp.Diff([]string{"analyse Après", "temoignage Avant"}, got); diff != "" {
		t.Error(diff)
	}
	if s := c.Stories[1].In(texts.French); !strings.Contains(string(s.Body), `<h4 id="t-a-sous-titre">`) {
		t.Errorf("body %s", s.Body)
	}
	if p := said(c); len(p) != 2 || !strings.HasPrefix(p[0], "temoignages/c.md:2 « auteurs »") || !strings.HasPrefix(p[1], "temoignages/d.md:1 ") {
		t.Errorf("problems %q", p)
	}
}
