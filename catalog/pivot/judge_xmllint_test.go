package pivot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A lintNode is an element of a file to damage, or a text if it has no name.
type lintNode struct {
	name string
	text string
	kids []*lintNode
}

func lintParse(t *testing.T, raw []byte) *lintNode {
	t.Helper()
	root := &lintNode{}
	open := []*lintNode{root}
	for d := xml.NewDecoder(bytes.NewReader(raw)); ; {
		tok, err := d.Token()
		if err == io.EOF {
			return root.kids[len(root.kids)-1]
		}
		if err != nil {
			t.Fatal(err)
		}
		top := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &lintNode{name: tok.Name.Local}
			top.kids, open = append(top.kids, n), append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(bytes.TrimSpace(tok)) > 0 {
				top.kids = append(top.kids, &lintNode{text: string(tok)})
			}
		}
	}
}

func (n *lintNode) write(b *strings.Builder) {
	if n.name == "" {
		_ = xml.EscapeText(b, []byte(n.text)) // a Builder does not fail
		return
	}
	name, _, _ := strings.Cut(n.name, " ") // attributes may follow
	b.WriteString("<" + n.name + ">")
	for _, k := range n.kids {
		k.write(b)
	}
	b.WriteString("</" + name + ">")
}

func (n *lintNode) clone() *lintNode {
	c := &lintNode{name: n.name, text: n.text}
	for _, k := range n.kids {
		c.kids = append(c.kids, k.clone())
	}
	return c
}

// White space around a date is left out: the standard collapses it, libxml2
// does not.
var lintTexts = []string{
	"", " ", "0", "1", " 1 ", "+1", "-1", "01", "1.5", "1.", ".5", "0.5", "1e0", "1,5", "oui", "non", "true", " true ", "TRUE", "NC",
	"2024-02-29", "2023-02-29", "2024-01-01+01:00", "2024-01-01Z", "2024-01-01+14:00", "2024-01-01+14:01", "2024-1-1",
	"0000-01-01", "12024-01-01", "-2024-01-01", "2024-01-01T00:00:00", "Marché", " Marché", "Ferme", "Sans objet",
	"12345678901234", " 12345678901234", "45112500-0", "1234567", "éèàùç€é", "12345678901234567", "12345678901234éèàùç€é",
	strings.Repeat("é", 256), strings.Repeat("é", 257), strings.Repeat("é", 1001), "SIRET", "UE", "2147483648", "99999999999999999999",
}

// damage changes one place under n.
func (n *lintNode) damage(r *rand.Rand) {
	if len(n.kids) == 0 || n.kids[0].name == "" && r.IntN(4) > 0 {
		n.kids = []*lintNode{{text: lintTexts[r.IntN(len(lintTexts))]}}
		return
	}
	i := r.IntN(len(n.kids))
	switch r.IntN(12) {
	case 0:
		n.kids = append(n.kids[:i:i], n.kids[i+1:]...)
	case 1:
		n.kids = append(n.kids, n.kids[i].clone())
	case 2:
		n.kids = append(n.kids, &lintNode{name: []string{"source", "_type", "uid", "nom", "tauxAvance", "id"}[r.IntN(6)],
			kids: []*lintNode{{text: lintTexts[r.IntN(len(lintTexts))]}}})
	case 3:
		j := r.IntN(len(n.kids))
		n.kids[i], n.kids[j] = n.kids[j], n.kids[i]
	case 4:
		n.kids = nil
	case 5:
		switch r.IntN(4) {
		case 0:
			n.kids = append(n.kids, &lintNode{text: " texte "})
		case 1:
			n.name += ` x="1"`
		case 2:
			n.name += ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"`
		case 3:
			n.kids[i].damage(r)
		}
	default:
		n.kids[i].damage(r)
	}
}

// TestDamagedXMLIsJudgedAsTheOfficialXSDJudgesIt compares with xmllint on
// damaged official examples.
func TestDamagedXMLIsJudgedAsTheOfficialXSDJudgesIt(t *testing.T) {
	dir := judgeConformance(t)
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (libxml2-utils): damaged XML is not compared with the official XSDs")
	}
	r := rand.New(rand.NewPCG(20260101, 8))
	tmp := t.TempDir()
	var files []string
	for _, name := range []string{
		"1.5.0/xml/paquet.xml", "1.5.0/xml/mar-avec-modifications.xml", "1.5.0/xml/cc-avec-modifications.xml",
		"2.0.0/xml/paquet.xml", "2.0.0/xml/mar-avec-modifications.xml", "2.0.0/xml/cc-avec-modifications.xml",
		"2.0.2/xml/Marche.xml", "2.0.2/xml/Contrat-concession.xml", "2.0.2/xml/Contrat-concession-modification.xml",
	} {
		raw, err := os.ReadFile(filepath.Join(dir, "pivot", "official", name))
		if err != nil {
			t.Fatal(err)
		}
		root := lintParse(t, raw)
		for range lintRounds {
			n := root.clone()
			for range 1 + r.IntN(2) {
				n.damage(r)
			}
			var b strings.Builder
			n.write(&b)
			file := filepath.Join(tmp, fmt.Sprintf("%04d.xml", len(files)))
			if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	agreed, valid := 0, 0
	for _, v := range Versions(XML) {
		for file, want := range lintVerdicts(t, lint, filepath.Join(dir, "schemas", "v"+string(v)), files) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, why := lintOurs(raw, v)
			if agreed++; want {
				valid++
			}
			if got != want {
				t.Errorf("by %s: the XSD says %v, we say %v\n%s\n%s", v, want, why, raw, lintSays(lint, filepath.Join(dir, "schemas", "v"+string(v)), file))
			}
		}
	}
	t.Logf("%d judgements, of which %d valid", agreed, valid)
}

const lintRounds = 25

// lintOurs is our verdict on a file as a whole.
func lintOurs(raw []byte, v Version) (bool, string) {
	items, r, err := readAll(raw, Limits{})
	why := fmt.Sprint(err, r.Warnings())
	ok := err == nil && (len(r.Warnings()) == 0 || r.Warnings()[0].Rule == ruleNoRecord)
	for _, item := range items {
		ps := JudgeBy(item.Record, v)
		if len(item.Problems) > 0 && item.Record.Raw == nil {
			ps = item.Problems
		}
		ok = ok && ps.Errors() == 0
		why += fmt.Sprint(ps)
	}
	return ok, why
}

func lintSchema(dir string) string {
	names, _ := filepath.Glob(filepath.Join(dir, "*.xsd"))
	for _, n := range names {
		if !strings.Contains(n, "dgfip") {
			return n
		}
	}
	return ""
}

func lintSays(lint, dir, file string) string {
	out, _ := exec.Command(lint, "--noout", "--schema", lintSchema(dir), file).CombinedOutput()
	return string(out)
}

// lintVerdicts asks xmllint about all files at once.
func lintVerdicts(t *testing.T, lint, dir string, files []string) map[string]bool {
	t.Helper()
	out, _ := exec.Command(lint, append([]string{"--noout", "--schema", lintSchema(dir)}, files...)...).CombinedOutput()
	verdicts := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if file, ok := strings.CutSuffix(line, " fails to validate"); ok {
			verdicts[file] = false
		} else if file, ok := strings.CutSuffix(line, " validates"); ok {
			verdicts[file] = true
		}
	}
	if len(verdicts) == 0 {
		t.Fatalf("xmllint judged nothing by %s\n%.2000s", dir, out)
	}
	for _, file := range files {
		if _, judged := verdicts[file]; !judged {
			verdicts[file] = false // it is not well formed
		}
	}
	return verdicts
}
