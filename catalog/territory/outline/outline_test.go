package outline

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/territory"
)

const square = `{"type":"Feature","properties":{"code":"35"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[0.0001,0],[1,0],[1,1],[0,1],[0,0]]]}}`

func collection(features ...string) string {
	return `{"type":"FeatureCollection","name":{"x":[1]},"features":[` + strings.Join(features, ",") + `]}`
}

func TestReadThinsAndCloses(t *testing.T) {
	set, unknown, err := Read(strings.NewReader(collection(square, strings.Replace(square, `"35"`, `"00"`, 1))), "")
	want := Set{territory.Departement, []Shape{{"35", [][]Point{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}}}}}
	if diff := cmp.Diff(want, set); diff != "" || unknown != 1 || err != nil {
		t.Errorf("%v, unknown %d: %s", err, unknown, diff)
	}
}

func TestTheLevelIsThatOfTheFirstCodeOrAsSaid(t *testing.T) {
	for _, c := range []struct {
		code  string
		said  territory.Level
		want  territory.Level
		there string
	}{
		{"243500139", "", territory.EPCI, "243500139"}, {"35238", "", territory.Commune, "35238"}, {"2A", "", territory.Departement, "2A"},
		{"53", "", territory.Departement, "53"}, {"53", territory.Region, territory.Region, "53"},
	} {
		set, _, err := Read(strings.NewReader(collection(strings.Replace(square, `"35"`, `"`+c.code+`"`, 1))), c.said)
		if err != nil || set.Level != c.want || set.Shapes[0].Code != c.there {
			t.Errorf("%s as %q: %v, %+v", c.code, c.said, err, set)
		}
	}
}

func TestWhatIsNoOutlineIsSaid(t *testing.T) {
	for name, in := range map[string]string{
		"nothing": "", "no json": "<svg>", "no list": "{}", "a list": "[]", "cut short": collection(square)[:150], "no end": collection(square)[:len(collection(square))-2],
		"a point": collection(strings.Replace(square, "Polygon", "Point", 1)), "off the earth": collection(strings.Replace(square, "[1,1]", "[1,91]", 1)),
		"one number": collection(strings.Replace(square, "[1,1]", "[1]", 1)), "unknown only": collection(strings.Replace(square, `"35"`, `"00"`, 1)), "bad gzip": "\x1f\x8bxx",
		"text": collection(strings.Replace(square, "[1,1]", `["1","2"]`, 1)),
	} {
		if _, _, err := Read(strings.NewReader(in), ""); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWrittenOutlinesAreReadBackAndDrawn(t *testing.T) {
	set, _, err := Read(strings.NewReader(collection(square)), "")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, set); err != nil {
		t.Fatal(err)
	}
	back, err := Open(&b)
	if diff := cmp.Diff(set, back); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	svg := Picture{Shapes: back.Shapes, Title: "<b>", Look: func(string) (string, string, string) { return `"><script>`, "#000", "<5" }}.SVG()
	wellFormed(t, svg)
	if bytes.Contains(svg, []byte("<script>")) || bytes.Contains(svg, []byte("<b>")) || !bytes.Contains(svg, []byte("M0 1600l")) {
		t.Errorf("%s", svg)
	}
	if (Picture{}).SVG() != nil {
		t.Error("nothing to draw is a picture")
	}
}

func wellFormed(t testing.TB, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v in %.200s", err, svg)
		}
	}
}

func TestOfficialOutlines(t *testing.T) {
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no official outlines")
	}
	for name, want := range map[string]struct {
		level territory.Level
		least int
		bytes int // of the drawing, at most
	}{"departements": {territory.Departement, 96, 250_000}, "epci-bretagne": {territory.EPCI, 59, 100_000}, "communes-bretagne": {territory.Commune, 1150, 450_000}} {
		f, err := os.Open(filepath.Join(dir, "territory", name+".geojson"))
		if err != nil {
			t.Fatal(err)
		}
		set, unknown, err := Read(f, "")
		_ = f.Close()
		if err != nil || set.Level != want.level || len(set.Shapes) < want.least {
			t.Errorf("%s: %v, %s, %d shapes, %d unknown", name, err, set.Level, len(set.Shapes), unknown)
		}
		svg := Picture{Shapes: set.Shapes, Look: func(string) (string, string, string) { return "#fff", "", "" }}.SVG()
		wellFormed(t, svg)
		if len(svg) > want.bytes {
			t.Errorf("%s is drawn in %d bytes", name, len(svg))
		}
		t.Logf("%s: %d shapes, %d unknown, %d bytes drawn", name, len(set.Shapes), unknown, len(svg))
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(collection(square)))
	f.Add([]byte(collection(strings.NewReplacer("Polygon", "MultiPolygon", "[[[", "[[[[", "]]]", "]]]]").Replace(square))))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		set, _, err := Read(bytes.NewReader(in), "")
		if err != nil {
			return
		}
		for _, s := range set.Shapes {
			for _, ring := range s.Rings {
				for _, p := range ring {
					if math.IsNaN(p[0]) || math.Abs(p[0]) > 180 || math.Abs(p[1]) > 90 {
						t.Fatalf("%v is no place", p)
					}
				}
			}
		}
		if svg := (Picture{Shapes: set.Shapes, Look: func(string) (string, string, string) { return "#fff", "#000", "1" }}).SVG(); svg != nil {
			wellFormed(t, svg)
		}
	})
}
