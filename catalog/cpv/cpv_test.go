package cpv_test

import (
	"testing"

	"maillon/catalog/cpv"
)

func TestCodesOfTheVocabulary(t *testing.T) {
	for _, code := range []string{"03000000", "45000000", "45000000-7", "98910000"} {
		if !cpv.Known(code) {
			t.Errorf("%s: unknown", code)
		}
	}
	for _, code := range []string{"", "4500000", "45000001", "99999999", "4500000x", "00000000"} {
		if cpv.Known([]byte(code)) {
			t.Errorf("%q: known", code)
		}
	}
	if got := cpv.Name("45000000-7"); got != "Construction work" {
		t.Errorf("name of 45000000: %q", got)
	}
	if got := cpv.Name("99999999"); got != "" {
		t.Errorf("name of no code: %q", got)
	}
}

func TestTheListIsWholeAndSorted(t *testing.T) {
	n, last := 0, ""
	for code, name := range cpv.All() {
		if len(code) != 8 || code <= last || name == "" {
			t.Fatalf("%q after %q: %q", code, last, name)
		}
		n, last = n+1, code
	}
	if n != 9454 {
		t.Errorf("%d codes, want the 9454 of 2008", n)
	}
}

func TestCheckDigit(t *testing.T) {
	for code, want := range map[string]byte{
		"45000000": '7', "30190000": '7', "48411000": '2', "80511000": '9', "79800000-2": '2', "71350000": '6', "90620000": '9',
	} {
		if got, known := cpv.CheckDigit(code); !known || got != want {
			t.Errorf("%s: %c, want %c", code, got, want)
		}
	}
	// 09123000-7 and 72400000-4 are right and do not follow the formula.
	for _, code := range []string{"09123000", "72400000", "4500000", "4500000x"} {
		if _, known := cpv.CheckDigit(code); known {
			t.Errorf("%s: a digit is known", code)
		}
	}
}
