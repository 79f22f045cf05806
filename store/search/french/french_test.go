package french

import (
	"slices"
	"testing"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"Réfection de l'école Jean-Moulin": {"réfection", "de", "école", "jean", "moulin"},
		"TRAVAUX D’ENTRETIEN (lot n°2)":    {"travaux", "entretien", "lot", "n", "2"},
		"jusqu'à aujourd'hui":              {"à", "aujourd", "hui"},
		"e\u0301cole":                      {"école"},
		"l'":                               nil,
		"":                                 nil,
		"\xff\xfe bois\x00énergie":         {"bois", "énergie"},
		"Maîtrise d'œuvre 2024/2025, tranche A": {"maîtrise", "œuvre", "2024", "2025", "tranche", "a"},
	} {
		if got := slices.Collect(Words(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestStem: words that a person takes for the same have one stem.
func TestStem(t *testing.T) {
	for _, same := range [][]string{
		{"école", "écoles", "ecole"}, {"travail", "travaux"}, {"local", "locaux"}, {"réseau", "réseaux", "reseaux"}, {"œuvre", "oeuvre", "œuvres"},
		{"rénovation", "rénovations", "renovation", "rénover"}, {"hôpital", "hôpitaux", "hopital"}, {"communal", "communale", "communaux", "communales"},
		{"2024"}, {"nettoyage", "nettoyages"}, {"véhicule", "vehicules"}, {"eau", "eaux"}, {"cantine", "cantines"},
	} {
		for _, w := range same[1:] {
			if Stem(w) != Stem(same[0]) {
				t.Errorf("%s → %s, but %s → %s", w, Stem(w), same[0], Stem(same[0]))
			}
		}
	}
	if Stem("école") == Stem("écologie") {
		t.Error("école and écologie have one stem")
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"Réfection de l'école", "\xcc\x81'", "d'd'd'", "ŒUVRE İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for w := range Words(s) {
			if w == "" || len(w) > maxWord+4 {
				t.Fatalf("word %q", w)
			}
			_ = Stem(w)
		}
	})
}
