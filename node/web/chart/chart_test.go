package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

// elements reads a picture to its end and counts what it is made of.
func elements(t *testing.T, picture []byte) map[string]int {
	t.Helper()
	count := map[string]int{}
	d := xml.NewDecoder(bytes.NewReader(picture))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
		if e, ok := token.(xml.StartElement); ok {
			count[e.Name.Local]++
		}
	}
}

func points(n int) (all []Point) {
	for i := range n {
		all = append(all, Point{fmt.Sprintf("2%03d", i), "x €", float64(i)})
	}
	return all
}

func TestEachPointHasItsMarkAndThePictureItsWords(t *testing.T) {
	for _, n := range []int{0, 1, 12, 300} {
		for name, draw := range map[string]func(Chart) []byte{"bars": Bars, "columns": Columns} {
			count := elements(t, draw(Chart{Title: "Titre", Desc: "Ce qu’il montre.", Points: points(n)}))
			if count["rect"] != n+1 || count["title"] != 1 || count["desc"] != 1 {
				t.Errorf("%s of %d: %v", name, n, count)
			}
		}
	}
}

func TestHostileTextsAndNumbersDrawNothingElse(t *testing.T) {
	bad := `"><script>alert(1)</script><image href="https://evil.test"/>` + "\x00\xff"
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -5, 1e308} {
		c := Chart{Title: bad, Desc: bad, Colour: `"/><script>`, Points: []Point{{bad, bad, v}, {strings.Repeat("é", 500), "", 1}}}
		for _, picture := range [][]byte{Bars(c), Columns(c)} {
			count := elements(t, picture)
			if count["script"]+count["image"] > 0 || bytes.Contains(picture, []byte("NaN")) || bytes.Contains(picture, []byte("Inf")) {
				t.Errorf("%g: %s", v, picture)
			}
		}
	}
}

func TestABarIsAsLongAsItsValue(t *testing.T) {
	picture := string(Bars(Chart{Points: []Point{{"a", "", 2}, {"b", "", 1}}}))
	if !strings.Contains(picture, `width="558.0" height="14"`) || !strings.Contains(picture, `width="279.0" height="14"`) {
		t.Error(picture)
	}
}

func TestEveryColumnIsAsHighAsItsValue(t *testing.T) {
	picture := string(Columns(Chart{Points: []Point{{"a", "", 1}, {"b", "B", 2}, {"c", "", 2}, {"d", "", 1}}}))
	for height, want := range map[string]int{`height="212.0"`: 2, `height="106.0"`: 2} {
		if got := strings.Count(picture, height); got != want {
			t.Errorf("%d columns of %s, want %d: %s", got, height, want, picture)
		}
	}
}
