package node

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// guides are the operator's guide in both languages.
var guides = []string{"../docs/operating.md", "../docs/operating.en.md"}

func TestEveryKeyIsInTheOperatorsGuide(t *testing.T) {
	for _, guide := range guides {
		raw, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range ConfigKeys() {
			if !strings.Contains(string(raw), "| `"+key+"` |") {
				t.Errorf("%s does not explain %s", guide, key)
			}
		}
	}
}

// Both guides have the same sections, with as many lines in their tables, the same
// commands to type, and name the same commands, keys, files and addresses in the text.
func TestTheGuidesSayTheSame(t *testing.T) {
	fr, en := sectionsOf(t, guides[0]), sectionsOf(t, guides[1])
	if len(fr) != len(en) || len(fr) < 6 {
		t.Fatalf("%d sections in French, %d in English", len(fr), len(en))
	}
	for i := range fr {
		if fr[i].rows != en[i].rows {
			t.Errorf("tables of %q have %d lines, of %q %d", fr[i].title, fr[i].rows, en[i].title, en[i].rows)
		}
		if !slices.Equal(fr[i].typed, en[i].typed) {
			t.Errorf("commands of %q: %q, of %q: %q", fr[i].title, fr[i].typed, en[i].title, en[i].typed)
		}
		if !slices.Equal(fr[i].named, en[i].named) {
			t.Errorf("%q names %q\n%q names %q", fr[i].title, fr[i].named, en[i].title, en[i].named)
		}
	}
}

type section struct {
	title string
	rows  int      // of tables
	typed []string // indented lines, without what explains them
	named []string // between backquotes, sorted, once each
}

var (
	named = regexp.MustCompile("`([^`]+)`")
	// Words in capitals stand for something that the reader fills in.
	filledIn = regexp.MustCompile(`\b(FICHIER|FILE|NOM|NAME|CLES|KEYS|DOSSIER|FOLDER|PHRASE)\b`)
)

func sectionsOf(t *testing.T, file string) (all []section) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &section{}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\n")
		if title, ok := strings.CutPrefix(line, "## "); ok {
			all = append(all, section{title: title})
			s = &all[len(all)-1]
			continue
		}
		if strings.HasPrefix(line, "|") {
			s.rows++
		}
		if typed, ok := strings.CutPrefix(line, "    "); ok {
			typed, _, _ = strings.Cut(typed, " #")
			s.typed = append(s.typed, strings.TrimSpace(typed))
		}
		for _, m := range named.FindAllStringSubmatch(line, -1) {
			s.named = append(s.named, filledIn.ReplaceAllString(m[1], "…"))
		}
	}
	for i := range all {
		slices.Sort(all[i].named)
		all[i].named = slices.Compact(all[i].named)
	}
	return all
}
