package web

import (
	"math"
	"testing"

	"maillon/catalog/texts"
)

func TestFormatMoney(t *testing.T) {
	for _, c := range []struct {
		euros  float64
		fr, en string
	}{
		{1234.5, "1\u202f234,50\u00a0€", "€1,234.50"},
		{0, "0\u00a0€", "€0"},
		{-0.001, "0\u00a0€", "€0"},
		{999, "999\u00a0€", "€999"},
		{-1000000, "−1\u202f000\u202f000\u00a0€", "−€1,000,000"},
		{0.005, "0,01\u00a0€", "€0.01"},
		{1e300, "1.00e+300\u00a0€", "1.00e+300\u00a0€"},
		{math.NaN(), "", ""},
		{math.Inf(-1), "", ""},
	} {
		if got := FormatMoney(texts.French, c.euros); got != c.fr {
			t.Errorf("%v in French: %q, want %q", c.euros, got, c.fr)
		}
		if got := FormatMoney(texts.English, c.euros); got != c.en {
			t.Errorf("%v in English: %q, want %q", c.euros, got, c.en)
		}
	}
}

func TestFormatDate(t *testing.T) {
	for in, want := range map[string][2]string{
		"2026-11-24":    {"24\u00a0novembre\u00a02026", "24\u00a0November\u00a02026"},
		"2026-03-01":    {"1er\u00a0mars\u00a02026", "1\u00a0March\u00a02026"},
		"2026-02-30":    {"2026-02-30", "2026-02-30"},
		"le 24 au soir": {"le 24 au soir", "le 24 au soir"},
		"":              {"", ""},
	} {
		for i, lang := range texts.Langs {
			if got := FormatDate(lang, in); got != want[i] {
				t.Errorf("FormatDate(%s, %q) = %q, want %q", lang, in, got, want[i])
			}
		}
	}
}

func TestSizesAndCounts(t *testing.T) {
	for n, want := range map[int64]string{0: "0\u00a0octets", 999: "999\u00a0octets", 1000: "1\u00a0Ko", 1540: "1,5\u00a0Ko", 12345: "12\u00a0Ko", 7_000_000_000_000: "7000\u00a0Go"} {
		if got := size(texts.French, n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
	for _, c := range []struct {
		n    any
		want string
	}{{-1234, "−1\u202f234"}, {uint64(math.MaxUint64), "18\u202f446\u202f744\u202f073\u202f709\u202f551\u202f615"}, {int64(100), "100"}} {
		if got := count(texts.French, c.n); got != c.want {
			t.Errorf("count(%v) = %q, want %q", c.n, got, c.want)
		}
	}
	if fr, en := many(texts.French, "web.records", 0), many(texts.English, "web.records", 0); fr != "0 enregistrement" || en != "0 records" {
		t.Errorf("none is %q and %q", fr, en)
	}
}

func TestOnlyAMailAddressBecomesALinkToWriteTo(t *testing.T) {
	for in, want := range map[string]bool{"a@b.fr": true, "01 23 45 67 89": false, "a@b.fr?cc=x@y": false, "a@b, c@d": false, "": false} {
		if got := isMail(in); got != want {
			t.Errorf("isMail(%q) = %v", in, got)
		}
	}
}

func TestFrenchSignsStayBesideTheirWords(t *testing.T) {
	const said = "« Oui » ; non ? Si : là !"
	if got, want := typeset(texts.French, said), "«\u00a0Oui\u00a0»\u202f; non\u202f? Si\u00a0: là\u202f!"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := typeset(texts.English, said); got != said {
		t.Errorf("%q", got)
	}
}
