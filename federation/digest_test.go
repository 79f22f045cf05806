package federation

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// universe makes announcements of some nodes, each with two numbers.
func universe(t *testing.T) []Announcement {
	var all []Announcement
	for i := range 12 {
		node := rennes
		if i > 0 {
			node = fmt.Sprintf("%s-%d", rennes, i+1)
		}
		k := keyFrom(t, node, 0, byte(i+1))
		for n := range uint64(2) {
			a := k.announcement(t)
			a.Seq += n
			all = append(all, k.sign(t, a))
		}
	}
	return all
}

// repair lets two books exchange digests, then the notes of the buckets that
// differ, in the orders given.
func repair(x, y *Book, order func(n int) []int, opened map[string]Announcement) {
	dx, dy := x.Digest(noon), y.Digest(noon)
	diff := dx.Differ(&dy)
	fromX, fromY := x.NotesIn(diff, noon), y.NotesIn(diff, noon)
	for _, i := range order(len(fromX)) {
		y.Merge(opened[string(fromX[i])])
	}
	for _, i := range order(len(fromY)) {
		x.Merge(opened[string(fromY[i])])
	}
}

func TestBooksThatExchangeDigestsBecomeEqual(t *testing.T) {
	all := universe(t)
	opened := map[string]Announcement{}
	for _, a := range all {
		opened[string(a.note)] = a
	}
	rapid.Check(t, func(rt *rapid.T) {
		books := make([]Book, rapid.IntRange(2, 5).Draw(rt, "books"))
		var whole Book
		for i := range books {
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 0, len(all)).Draw(rt, "holds") {
				books[i].Merge(all[n])
				whole.Merge(all[n])
			}
		}
		order := func(n int) []int { return rapid.Permutation(indexes(n)).Draw(rt, "order") }
		repair(&books[0], &books[1], order, opened)
		if d := cmp.Diff(state(&books[0]), state(&books[1])); d != "" {
			rt.Fatal(d)
		}
		// A chain of exchanges brings everything to the last; the way back to all.
		for i := 1; i < len(books); i++ {
			repair(&books[i-1], &books[i], order, opened)
		}
		for i := len(books) - 1; i > 0; i-- {
			repair(&books[i], &books[i-1], order, opened)
		}
		want := whole.Digest(noon)
		for i := range books {
			d := books[i].Digest(noon)
			if len(d.Differ(&want)) != 0 || !cmp.Equal(state(&books[i]), state(&whole)) {
				rt.Fatalf("book %d is not whole", i)
			}
		}
	})
}

func TestDigestsAreEqualExactlyIfBooksAre(t *testing.T) {
	all := universe(t)
	rapid.Check(t, func(rt *rapid.T) {
		var x, y Book
		for _, n := range rapid.SliceOf(rapid.IntRange(0, len(all)-1)).Draw(rt, "x") {
			x.Merge(all[n])
		}
		for _, n := range rapid.SliceOf(rapid.IntRange(0, len(all)-1)).Draw(rt, "y") {
			y.Merge(all[n])
		}
		dx, dy := x.Digest(noon), y.Digest(noon)
		if (dx == dy) != cmp.Equal(state(&x), state(&y)) {
			rt.Fatal("digests and books disagree")
		}
		// Every note that one lacks is in a bucket that differs.
		inX, inY := map[string]bool{}, map[string]bool{}
		for _, n := range x.Notes() {
			inX[string(n)] = true
		}
		for _, n := range y.Notes() {
			inY[string(n)] = true
		}
		for _, n := range x.NotesIn(dx.Differ(&dy), noon) {
			delete(inX, string(n))
		}
		for n := range inX {
			if !inY[n] {
				rt.Fatal("a note is lacking in a bucket that does not differ")
			}
		}
	})
}

func TestWhatHasExpiredIsNotInADigest(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	a := k.sign(t, k.announcement(t))
	var b Book
	b.Merge(a)
	all := []byte{BucketOf(rennes)}
	if b.Digest(a.Expires) != (Digest{}) || len(b.NotesIn(all, a.Expires)) != 0 {
		t.Error("an expired announcement is offered")
	}
	last := a.Expires.Add(-time.Second)
	if b.Digest(last) == (Digest{}) || len(b.NotesIn(all, last)) != 1 {
		t.Error("a valid one is not")
	}
}

func TestDigestReadsWhatItWrites(t *testing.T) {
	var b Book
	for _, a := range universe(t) {
		b.Merge(a)
	}
	d := b.Digest(noon)
	got, err := ParseDigest(d.Append(nil))
	if err != nil || got != d {
		t.Errorf("%v", err)
	}
	for _, n := range []int{0, DigestSize - 1, DigestSize + 1} {
		if _, err := ParseDigest(make([]byte, n)); err == nil {
			t.Errorf("%d bytes are a digest", n)
		}
	}
}

func TestBuckets(t *testing.T) {
	all := bytes.Repeat([]byte{0xa0}, MaxBuckets)
	for text, want := range map[string][]byte{
		"00": {0}, "03,a0,ff": {3, 0xa0, 0xff}, "ff,00": {0xff, 0}, FormatBuckets(all): all,
	} {
		if got, err := ParseBuckets(text); err != nil || !bytes.Equal(got, want) || FormatBuckets(got) != text {
			t.Errorf("%s: %x, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", ",", "0", "A0", "a0,", "a0 ", "0g", "a0;ff", "000", FormatBuckets(append(all, 1)), strings.Repeat("0", 1<<20)} {
		if got, err := ParseBuckets(bad); err == nil {
			t.Errorf("%.20q reads as %x", bad, got)
		}
	}
}

func FuzzParseBuckets(f *testing.F) {
	f.Add("03,a0,ff")
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ParseBuckets(s)
		if err == nil && (FormatBuckets(b) != s || len(b) == 0 || len(b) > MaxBuckets) {
			t.Fatalf("%q reads as %x", s, b)
		}
	})
}
