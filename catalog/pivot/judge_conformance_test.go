package pivot

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/catalog"
)

// judgeConformance gives the folder of official schemas and real files.
func judgeConformance(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: real files and official verdicts are not checked")
	}
	return dir
}

// readAll reads a file to its end.
func readAll(raw []byte, lim Limits) (items []Item, r *Reader, err error) {
	r = NewReader(bytes.NewReader(raw), lim)
	for item, e := range r.Items() {
		if e != nil {
			return items, r, e
		}
		items = append(items, item)
	}
	return items, r, nil
}

func readConformance(t testing.TB, name string) (items []Item, r *Reader, err error) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(judgeConformance(t), "pivot", name))
	if err != nil {
		t.Fatal(err)
	}
	return readAll(raw, Limits{})
}

type judgeLine struct {
	file, pointer string
	kind          Kind
	version       Version
	valid         bool
}

func judgeLines(t testing.TB, name string) (lines []judgeLine) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(judgeConformance(t), "pivot", name))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		v := judgeLine{file: f[0], version: Version(f[len(f)-2]), valid: f[len(f)-1] == "1"}
		if len(f) == 5 {
			v.pointer, v.kind = f[1], Kind(f[2])
		}
		lines = append(lines, v)
	}
	return lines
}

// TestEveryRecordIsJudgedAsTheOfficialJSONSchemaJudgesIt compares with what
// the schemas said of each record of the real files.
func TestEveryRecordIsJudgedAsTheOfficialJSONSchemaJudgesIt(t *testing.T) {
	files := map[string]map[string]Item{}
	agreed := 0
	for _, line := range judgeLines(t, "verdicts.tsv") {
		if files[line.file] == nil {
			items, _, err := readConformance(t, line.file)
			if err != nil {
				t.Fatalf("%s: %v", line.file, err)
			}
			files[line.file] = map[string]Item{}
			for _, item := range items {
				files[line.file][item.Record.Pointer] = item
			}
		}
		item, ok := files[line.file][line.pointer]
		if !ok {
			t.Errorf("%s%s was not yielded", line.file, line.pointer)
			continue
		}
		if item.Record.Kind != line.kind {
			t.Errorf("%s%s is read as %s, want %s", line.file, line.pointer, item.Record.Kind, line.kind)
		}
		problems := append(item.Problems, JudgeBy(item.Record, line.version)...)
		if got := problems.Errors() == 0; got != line.valid {
			t.Errorf("%s%s by %s: valid %v, want %v\n%v", line.file, line.pointer, line.version, got, line.valid, problems)
			continue
		}
		agreed++
	}
	t.Logf("%d verdicts agree", agreed)
}

// TestEveryFileIsJudgedAsTheOfficialXSDJudgesIt compares file by file: a file
// is valid if all that it holds is.
func TestEveryFileIsJudgedAsTheOfficialXSDJudgesIt(t *testing.T) {
	agreed := 0
	for _, line := range judgeLines(t, "verdicts-xml.tsv") {
		items, r, err := readConformance(t, line.file)
		var problems catalog.Problems
		for _, item := range items {
			problems = append(append(problems, item.Problems...), JudgeBy(item.Record, line.version)...)
		}
		got := err == nil && problems.Errors() == 0 && len(r.Warnings()) == 0
		if got != line.valid {
			t.Errorf("%s by %s: valid %v, want %v\n%v %v", line.file, line.version, got, line.valid, err, problems)
			continue
		}
		agreed++
	}
	t.Logf("%d verdicts agree", agreed)
}
