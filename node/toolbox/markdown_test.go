package toolbox

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"maillon/catalog/texts"
)

func page(t *testing.T, text string) (*Doc, []string) {
	t.Helper()
	c := Read(folder(map[string]string{"pages/p.md": text, "pages/autre.md": "# Autre\n", "images/carte.png": "x"}), Options{URL: "https://x.fr/base"})
	p, ok := c.Page("p")
	if !ok {
		t.Fatalf("no page: %q", said(c))
	}
	return p.In(texts.French), said(c)
}

func TestMarkdown(t *testing.T) {
	for name, c := range map[string]struct{ in, want, problem string }{
		"headings start at h2 and skip none": {"# T\n\n# A\n\n#### B\n\n## C\n\n## C\n", `<h2 id="a">A</h2>` + "\n" + `<h3 id="b">B</h3>` + "\n" + `<h2 id="c">C</h2>` + "\n" + `<h2 id="c-2">C</h2>` + "\n", ""},
		"anchors are told apart":             {"# T\n\n## a\n## a\n## a-2\n## a\n", `<h2 id="a">a</h2>` + "\n" + `<h2 id="a-2">a</h2>` + "\n" + `<h2 id="a-2-2">a-2</h2>` + "\n" + `<h2 id="a-3">a</h2>` + "\n", ""},
		"no id of the page is taken":         {"# T\n\n## Content\n", `<h2 id="content-2">Content</h2>` + "\n", ""},
		"a link of this node":                {"# T\n\n[x](/valider?a=1&b=2)\n", `<p><a href="/base/valider?a=1&amp;b=2">x</a></p>` + "\n", ""},
		"a link to a page":                   {"# T\n\n[x](autre.md#la) [y](/boite-a-outils/kit)\n", `<p><a href="/base/boite-a-outils/autre#la">x</a> <a href="/base/boite-a-outils/kit">y</a></p>` + "\n", ""},
		"a link to a page that is not there": {"# T\n\n[x](rien.md)\n", "<p>x</p>\n", "pages/p.md:3 ce lien n’est pas suivi"},
		"a link to a script":                 {"# T\n\n[*x*](javascript:alert%281%29)\n", "<p><em>x</em></p>\n", "pages/p.md:3 ce lien"},
		"a script hidden by an entity":       {"# T\n\n[x](javascript&colon;alert(1))\n", "<p>x</p>\n", "pages/p.md:3 ce lien"},
		"a script between angles":            {"# T\n\n<javascript:alert(1)>\n", "<p>javascript:alert(1)</p>\n", "pages/p.md:3 ce lien"},
		"another host without scheme":        {"# T\n\n[x](//evil.fr) [y](/\\\\evil)\n", "<p>x <a href=\"/base/%5Cevil\">y</a></p>\n", "pages/p.md:3 ce lien"},
		"twice escaped":                      {"# T\n\n[x](/&amp;sol;evil)\n", `<p><a href="/base/&amp;sol;evil">x</a></p>` + "\n", ""},
		"mail and web between angles":        {"# T\n\n<a@b.fr> <https://b.fr>\n", `<p><a href="mailto:a@b.fr">a@b.fr</a> <a href="https://b.fr">https://b.fr</a></p>` + "\n", ""},
		"an image":                           {"# T\n\n![La *carte* \"d’ici\"](images/carte.png)\n", `<p><img src="/base/boite-a-outils/images/carte.png" alt="La carte &quot;d’ici&quot;"></p>` + "\n", ""},
		"an image from elsewhere":            {"# T\n\n![La carte](https://x.fr/carte.png)\n", "<p>La carte</p>\n", "pages/p.md:3 « https://x.fr/carte.png » n’est pas une image"},
		"an image without words":             {"# T\n\n![](images/carte.png)\n", "<p></p>\n", "pages/p.md:3 l’image"},
		"HTML":                               {"# T\n\na <b onclick=x>b</b>\n\n<script>x</script>\n", "<p>a b</p>\n", "pages/p.md:3 le HTML"},
		"a table with a caption": {"# T\n\nTableau : Les délais\n\n| Quoi | Quand |\n|:---|---:|\n| a | b |\n",
			"<table class=\"stack\">\n<caption>Les délais</caption>\n<thead><tr><th scope=\"col\">Quoi</th><th scope=\"col\">Quand</th></tr></thead>\n<tbody>\n<tr><th scope=\"row\">a</th><td data-label=\"Quand\">b</td></tr>\n</tbody>\n</table>\n", ""},
		"no title": {"Texte\n", "<p>Texte</p>\n", "pages/p.md il n’y a pas de titre"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, problems := page(t, c.in)
			if got := string(doc.Body); strings.TrimSpace(got) != strings.TrimSpace(c.want) {
				t.Errorf("body\n%s\nwant\n%s", got, c.want)
			}
			if all := strings.Join(problems, "\n"); c.problem == "" && all != "" || !strings.HasPrefix(all, c.problem) {
				t.Errorf("problems %q, want %q", all, c.problem)
			}
		})
	}
}

func TestAFileThatWouldTakeLongIsNotRead(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"a long line":  {"# T\n\n" + strings.Repeat("[a](", mostLine), "pages/p.md:3 cette ligne a plus de 4096 octets"},
		"a large file": {strings.Repeat("a\n", mostBytes), "pages/p.md plus de 64 Kio"},
		"a deep file":  {"# T\n\n" + strings.Repeat(">", 600) + " a\n", "pages/p.md plus de 64 listes"},
	} {
		c2 := readOnly(map[string]string{"pages/p.md": c.content})
		if got := said(c2); len(got) != 1 || !strings.HasPrefix(got[0], c.want) || len(c2.Pages) != 0 {
			t.Errorf("%s: %q, %d pages", name, got, len(c2.Pages))
		}
	}
}

// allowed are the elements that the rendering of Markdown makes.
var allowed = " html head body h2 h3 h4 h5 h6 p a em strong code pre blockquote ul ol li hr br img table caption thead tbody tr th td "

// checkHTML fails if a body could do anything but be read.
func checkHTML(t *testing.T, body string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !strings.Contains(allowed, " "+n.Data+" ") {
			t.Fatalf("an element %s in %q", n.Data, body)
		}
		for _, a := range n.Attr {
			switch a.Key {
			case "href":
				if !linkable(a.Val) && !strings.HasPrefix(a.Val, "#") {
					t.Fatalf("a link to %q", a.Val)
				}
			case "src":
				if !strings.HasPrefix(a.Val, "/base/boite-a-outils/images/") {
					t.Fatalf("an image from %q", a.Val)
				}
			case "id", "alt", "class", "scope", "data-label", "start":
			default:
				t.Fatalf("an attribute %s in %q", a.Key, body)
			}
		}
	}
}

// readOnly reads files without the defaults.
func readOnly(files map[string]string) *Content {
	r := newReader(Options{URL: "https://x.fr/base"})
	r.find(folder(files), true)
	return r.read()
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# T\n\n[x](javascript:a) ![y](images/carte.png)\n\n|a|b|\n|-|-|\n|c|\n\n<b>x</b> <x:y>")
	f.Add("---\ngenre: analyse\n---\n# T\n[a]: /b\n[a] [![x](images/carte.png)](//c)\n> - 1. ```x\n")
	guide, _ := Defaults().(interface{ ReadFile(string) ([]byte, error) }).ReadFile("pages/guide.md")
	f.Add(string(guide))
	f.Fuzz(func(t *testing.T, text string) {
		c := readOnly(map[string]string{"pages/p.md": text, "temoignages/s.md": text, "images/carte.png": "x"})
		if p, ok := c.Page("p"); ok {
			checkHTML(t, string(p.In(texts.French).Body))
		}
		for _, s := range c.Stories {
			checkHTML(t, string(s.In(texts.French).Body))
		}
	})
}

func FuzzYAML(f *testing.F) {
	for _, name := range []string{"roles.yaml", "services.yaml", "jalons.yaml", "contacts.yaml"} {
		raw, _ := Defaults().(interface{ ReadFile(string) ([]byte, error) }).ReadFile(name)
		f.Add(string(raw))
	}
	f.Add("- titre: {fr: a, en: b}\n  debut: 2027-01-14T14:00\n  fuseau: ../../x\n- &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		files := map[string]string{}
		for name := range (&Content{}).lists() {
			files[name] = text
		}
		c := readOnly(files)
		for _, p := range c.Problems {
			if p.Text(texts.French) == "" {
				t.Fatal("a problem without words")
			}
		}
		DrawRoles(c.Roles, texts.French, "x")
		DrawPlan(c.Plan, texts.French, "x")
		feed := Feed{Title: "x", URL: "https://x.fr", Lang: texts.French}
		for line := range strings.SplitSeq(string(feed.ICS(c.Events, defaultsFrom)), "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("a line of %d bytes", len(line))
			}
		}
		if _, err := feed.Atom(c.Events, defaultsFrom, func(Event) string { return "x" }); err != nil {
			t.Fatal(err)
		}
	})
}
