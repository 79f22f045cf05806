package cpv

import "testing"

func TestFrench(t *testing.T) {
	for code, want := range map[string]string{
		"45000000": "Travaux de construction", "45000000-7": "Travaux de construction", "45111200": "Travaux de préparation et de dégagement de chantier",
		"00000000": "", "x": "",
	} {
		if got := French(code); got != want {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
	missing := 0
	for code := range All() {
		if French(code) == "" {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d codes have no French name", missing)
	}
}
