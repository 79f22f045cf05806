package pivot

import (
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readRepeat is a text written n times over, without its memory.
type readRepeat struct {
	text string
	n    int
	at   int
}

func (r *readRepeat) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && r.n > 0 {
		got := copy(b[n:], r.text[r.at:])
		n += got
		if r.at += got; r.at == len(r.text) {
			r.at = 0
			r.n--
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// readStreamed tells what comes of a file and how much memory it took at most
// between two items.
func readStreamed(parts ...io.Reader) (lines []string, grown int64) {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := NewReader(io.MultiReader(parts...), Limits{})
	for item, err := range r.Items() {
		switch bad, _ := err.(*FileError); {
		case err != nil:
			lines = append(lines, "error "+bad.Problem.Rule)
		case len(item.Problems) > 0:
			lines = append(lines, item.Record.Pointer+" refused "+item.Problems[0].Rule)
		default:
			lines = append(lines, item.Record.Pointer+" "+item.Record.ID)
		}
	}
	runtime.ReadMemStats(&now)
	return lines, int64(now.TotalAlloc - before.TotalAlloc)
}

var readChunk = strings.Repeat("x", 1<<10)

func TestHostileFilesAreBounded(t *testing.T) {
	text := func(s string) io.Reader { return strings.NewReader(s) }
	times := func(n int, s string) io.Reader { return &readRepeat{text: s, n: n} }
	for name, c := range map[string]struct {
		parts []io.Reader
		want  []string
	}{
		"a record of 5 MiB between two good ones": {
			[]io.Reader{text(`{"marches":[` + flatA + `,{"objet":"`), times(5<<10, readChunk), text(`"},` + flatB + `]}`)},
			[]string{"/marches/0 a", "/marches/1 refused record-too-large", "/marches/2 b"},
		},
		"an XML record of 5 MiB between two good ones": {
			[]io.Reader{text(`<marches>` + xmlA + `<marche><id>`), times(5<<10, readChunk), text(`</id></marche>` + xmlC + `</marches>`)},
			[]string{"/marches/marche/0 a", "/marches/marche/1 refused record-too-large", "/marches/contrat-concession/0 c"},
		},
		"a text of 16 MiB that never ends": {
			[]io.Reader{text(`{"marches":[` + flatA + `,"`), times(16<<10, readChunk)},
			[]string{"/marches/0 a", "error truncated"},
		},
		"many lists in each other": {
			[]io.Reader{text(`{"marches":[` + flatA + `,`), times(300_000, `[`), times(300_000, `]`), text(`,` + flatB + `]}`)},
			[]string{"/marches/0 a", "/marches/1 refused too-deep", "/marches/2 b"},
		},
		"many lists around the file": {
			[]io.Reader{times(300_000, `[`)},
			[]string{"error truncated"},
		},
		"many objects in each other beside the list": {
			[]io.Reader{text(`{"x":`), times(300_000, `{"a":`), text(`1`), times(300_000, `}`), text(`,"marches":[` + flatB + `]}`)},
			[]string{"/marches/0 b"},
		},
		"many tags in each other within a record": {
			[]io.Reader{text(`<marches>` + xmlA + `<marche>`), times(300_000, `<a>`), times(300_000, `</a>`), text(`</marche>` + xmlC + `</marches>`)},
			[]string{"/marches/marche/0 a", "/marches/marche/1 refused too-deep", "/marches/contrat-concession/0 c"},
		},
		"many tags in each other around records": {
			[]io.Reader{text(`<marches>` + xmlA), times(300_000, `<a>`)},
			[]string{"/marches/marche/0 a", "error too-deep"},
		},
		"many elements in a record": {
			[]io.Reader{text(`<marches>` + xmlA + `<marche>`), times(300_000, `<a/>`), text(`</marche>` + xmlC + `</marches>`)},
			[]string{"/marches/marche/0 a", "/marches/marche/1 refused too-many-elements", "/marches/contrat-concession/0 c"},
		},
		"a text in two hundred thousand pieces": {
			[]io.Reader{text(`<marches><marche><acheteur><id>1</id></acheteur><id>`), times(200_000, `<![CDATA[x]]>y<!---->`), text(`</id></marche></marches>`)},
			[]string{"/marches/marche/0 refused record-too-large"},
		},
		"a text in a hundred thousand pieces": {
			[]io.Reader{text(`<marches><marche><acheteur><id>1</id></acheteur><id>`), times(100_000, `<![CDATA[x]]>y<!---->`), text(`</id></marche></marches>`)},
			[]string{"/marches/marche/0 refused id-too-long"},
		},
		"a comment of 16 MiB": {
			[]io.Reader{text(`<marches><!--`), times(16<<10, readChunk), text(`-->` + xmlA + `</marches>`)},
			[]string{"error xml-syntax"},
		},
		"entities that grow": {
			[]io.Reader{text(`<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><marches><marche><id>&b;</id></marche></marches>`)},
			[]string{"error xml-dtd"},
		},
		"an entity that reads a file": {
			[]io.Reader{text(`<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]><marches/>`)},
			[]string{"error xml-dtd"},
		},
		"a name of 5 MiB": {
			[]io.Reader{text(`{"marches":{"`), times(5<<10, readChunk), text(`":1}}`)},
			[]string{"error json-syntax"},
		},
		"two thousand names beside the list": {
			[]io.Reader{text(`{"marches":{` + strings.Join(readNames(2000), ",") + `}}`)},
			[]string{"error not-pivot"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			lines, grown := readStreamed(c.parts...)
			if diff := cmp.Diff(c.want, lines); diff != "" {
				t.Error(diff)
			}
			if grown > 64<<20 {
				t.Errorf("%d MiB were allocated, want at most 64", grown>>20)
			}
		})
	}
}

func readNames(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = `"n` + strings.Repeat("x", i) + `":1`
	}
	return list
}

// TestManyNamesAndItemsTakeTimeInProportion has records just under the limit
// that would take minutes if each name or item were compared with each.
func TestManyNamesAndItemsTakeTimeInProportion(t *testing.T) {
	var names, items strings.Builder
	for i := range 60_000 {
		names.WriteString(`,"` + strings.Repeat("n", i%7) + string(rune('a'+i%26)) + strings.Repeat("0", i/26%5) + `_` + strconv.Itoa(i) + `":1`)
		items.WriteString(`,{"id":"` + strconv.Itoa(i) + `"}`)
	}
	record := `{"id":"x","acheteur":{"id":"1"}` + names.String() + `,"titulaires":[{}` + items.String() + `]}`
	got, _, err := readAll([]byte(`[`+record+`]`), Limits{Record: 16 << 20})
	if err != nil || len(got) != 1 || len(got[0].Problems) > 0 {
		t.Fatalf("%d items, %v", len(got), err)
	}
	if n := len(JudgeBy(got[0].Record, V200)); n != judgeMost {
		t.Errorf("%d problems are told, want the first %d", n, judgeMost)
	}
	if _, err := HashOf(got[0].Record.Raw); err != nil {
		t.Error(err)
	}
}
