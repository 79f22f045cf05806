package texts

import (
	"regexp"
	"slices"
	"testing"
)

var placeholder = regexp.MustCompile(`\{[0-9]\}`)

func TestEveryTextHasBothLanguagesAndTheSamePlaceholders(t *testing.T) {
	for key, text := range table {
		if text.French == "" || text.English == "" {
			t.Errorf("%s: a language is missing: fr %q, en %q", key, text.French, text.English)
		}
		fr, en := places(text.French), places(text.English)
		if !slices.Equal(fr, en) {
			t.Errorf("%s: placeholders %v in French, %v in English", key, fr, en)
		}
	}
}

func places(s string) []string {
	found := placeholder.FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestT(t *testing.T) {
	if got := T(English, "no.such.key"); got != "no.such.key" {
		t.Errorf("missing key gave %q", got)
	}
	if got, want := T(French, "state.conforme"), "conforme"; got != want {
		t.Errorf("T = %q, want %q", got, want)
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]Lang{"": French, "fr_FR.UTF-8": French, "en-GB,fr;q=0.5": English, "de, en": English, "C": French} {
		if got := Parse(in); got != want {
			t.Errorf("Parse(%q) = %q, want %q", in, got, want)
		}
	}
}
