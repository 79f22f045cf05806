package parquet_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	reference "github.com/parquet-go/parquet-go"

	"maillon/catalog/parquet"
)

// A line has a column of every kind, with and without a value.
type line struct {
	Text    string   `parquet:"text"`
	Word    *string  `parquet:"word,optional"`
	Small   int32    `parquet:"small"`
	Large   *int64   `parquet:"large,optional"`
	Number  *float64 `parquet:"number,optional"`
	Yes     bool     `parquet:"yes"`
	Perhaps *bool    `parquet:"perhaps,optional"`
	Day     *int32   `parquet:"day,optional,date"`
	Never   *string  `parquet:"never,optional"`
}

var lineColumns = []parquet.Column{
	{Name: "text"}, {Name: "word", Optional: true}, {Name: "small", Kind: parquet.Int32}, {Name: "large", Kind: parquet.Int64, Optional: true},
	{Name: "number", Kind: parquet.Double, Optional: true}, {Name: "yes", Kind: parquet.Boolean}, {Name: "perhaps", Kind: parquet.Boolean, Optional: true},
	{Name: "day", Kind: parquet.Date, Optional: true}, {Name: "never", Optional: true},
}

func add(t *parquet.Table, l line) {
	t.Text(0, l.Text)
	maybe(t, 1, l.Word, t.Text)
	t.Int(2, int64(l.Small))
	maybe(t, 3, l.Large, t.Int)
	maybe(t, 4, l.Number, t.Double)
	t.Bool(5, l.Yes)
	maybe(t, 6, l.Perhaps, t.Bool)
	maybe(t, 7, l.Day, func(i int, d int32) { t.Int(i, int64(d)) })
	maybe(t, 8, l.Never, t.Text)
	t.End()
}

func maybe[T any](t *parquet.Table, i int, v *T, add func(int, T)) {
	if v == nil {
		t.Null(i)
		return
	}
	add(i, *v)
}

// some makes n lines, with runs of equal values and of nulls among them.
func some(r *rand.Rand, n int) []line {
	list := make([]line, n)
	sticky := 0
	for i := range list {
		l := &list[i]
		if r.IntN(20) == 0 {
			sticky = r.IntN(4)
		}
		l.Text = fmt.Sprintf("%d %s", r.IntN(1<<30), strings.Repeat("é", r.IntN(200)))
		l.Small, l.Yes = r.Int32()-1<<30, r.IntN(3) == 0
		if sticky > 0 {
			l.Word = new(fmt.Sprint("word ", r.IntN(1+sticky*100)))
			l.Large = new(int64(r.Uint64()))
		}
		if sticky > 1 || r.IntN(2) == 0 {
			l.Number, l.Perhaps, l.Day = new(r.NormFloat64()), new(r.IntN(2) == 0), new(r.Int32N(30000)-9000)
		}
	}
	return list
}

// write gives a file of groups of most lines.
func write(tb testing.TB, list []line, most int) []byte {
	tb.Helper()
	file := []byte(parquet.Magic)
	var groups []parquet.Group
	t := parquet.New(lineColumns)
	for part := range slices.Chunk(list, most) {
		for _, l := range part {
			add(t, l)
		}
		var g parquet.Group
		file, g = t.Group(file)
		back, rest, err := parquet.ReadGroup(g.Append(nil))
		if err != nil || len(rest) > 0 || !reflect.DeepEqual(back, g) {
			tb.Fatalf("a group reads back as %+v, %v; want %+v", back, err, g)
		}
		groups = append(groups, back)
	}
	end, err := parquet.Footer(lineColumns, groups, "test")
	if err != nil {
		tb.Fatal(err)
	}
	return append(file, end...)
}

// What is written is what another reader reads, whatever the sizes.
func TestAnotherReaderReadsTheSame(t *testing.T) {
	for seed, size := range []int{0, 1, 7, 8, 9, 100, 5000, 30_000} {
		want := some(rand.New(rand.NewPCG(uint64(seed), 1)), size)
		file := write(t, want, 20_000)
		got, err := reference.Read[line](bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatalf("%d lines: %v", size, err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d lines read, %d written", len(got), len(want))
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("of %d lines, line %d reads %+v, want %+v", size, i, got[i], want[i])
			}
		}
	}
}

// Bounds and numbers of nulls are those of the values.
func TestBoundsOfAGroup(t *testing.T) {
	zero, word := 0.0, "b"
	file := write(t, []line{
		{Text: "m", Small: -3, Number: &zero, Word: &word}, {Text: strings.Repeat("z", 200), Small: 9, Yes: true}, {Text: "a", Small: 2},
	}, 10)
	f, err := reference.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	columns := f.Metadata().RowGroups[0].Columns
	for i, want := range map[int]string{
		0: "- - 0", // too long to be told
		1: "b b 2",
		2: "\xfd\xff\xff\xff \t\x00\x00\x00 0",
		4: "\x00\x00\x00\x00\x00\x00\x00\x80 \x00\x00\x00\x00\x00\x00\x00\x00 2", // -0 to +0
		5: "\x00 \x01 0",
		8: "- - 3",
	} {
		s := columns[i].MetaData.Statistics
		text := func(b []byte) string {
			if len(b) == 0 {
				return "-"
			}
			return string(b)
		}
		if got := fmt.Sprint(text(s.MinValue), " ", text(s.MaxValue), " ", s.NullCount); got != want {
			t.Errorf("column %d has %q, want %q", i, got, want)
		}
	}
}

func TestNotANumberHasNoPlaceInAnOrder(t *testing.T) {
	nan, one := math.NaN(), 1.0
	file := write(t, []line{{Number: &one}, {Number: &nan}}, 10)
	f, err := reference.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if s := f.Metadata().RowGroups[0].Columns[4].MetaData.Statistics; len(s.MinValue) > 0 || len(s.MaxValue) > 0 {
		t.Errorf("bounds %x, %x of a column with NaN", s.MinValue, s.MaxValue)
	}
}

func TestAFooterWantsTheSameColumns(t *testing.T) {
	table := parquet.New(lineColumns)
	add(table, line{})
	_, g := table.Group(nil)
	if _, err := parquet.Footer(lineColumns[1:], []parquet.Group{g}, "test"); err == nil {
		t.Error("a group of another table is taken")
	}
}

func FuzzReadGroup(f *testing.F) {
	table := parquet.New(lineColumns)
	for _, l := range some(rand.New(rand.NewPCG(1, 2)), 20) {
		add(table, l)
	}
	_, g := table.Group(nil)
	f.Add(g.Append(nil))
	f.Add([]byte{1, 1, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, rest, err := parquet.ReadGroup(raw)
		if err != nil {
			return
		}
		again, left, err := parquet.ReadGroup(g.Append(nil))
		if err != nil || len(left) > 0 || !reflect.DeepEqual(again, g) || len(rest) > len(raw) {
			t.Fatalf("%+v reads back as %+v, %v", g, again, err)
		}
	})
}

func BenchmarkTable(b *testing.B) {
	list := some(rand.New(rand.NewPCG(1, 3)), 20_000)
	t := parquet.New(lineColumns)
	for b.Loop() {
		for _, l := range list {
			add(t, l)
		}
		data, _ := t.Group(nil)
		_, _ = io.Discard.Write(data)
	}
	b.ReportMetric(float64(len(list)*b.N)/b.Elapsed().Seconds(), "lines/s")
}
