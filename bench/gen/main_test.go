package main

import (
	"bytes"
	"testing"

	"maillon/catalog/pivot"
)

func TestTheSameSeedGivesTheSameFile(t *testing.T) {
	for _, layout := range []string{"official", "ndjson", "xml"} {
		t.Run(layout, func(t *testing.T) {
			var a, b, c bytes.Buffer
			for buf, seed := range map[*bytes.Buffer]uint64{&a: 1, &b: 1, &c: 2} {
				if err := generate(buf, layout, 300_000, seed, ""); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(a.Bytes(), b.Bytes()) || bytes.Equal(a.Bytes(), c.Bytes()) {
				t.Error("the seed does not decide")
			}
			if n := a.Len(); n < 240_000 || n > 360_000 {
				t.Errorf("%d bytes were written, 300,000 asked for", n)
			}
			valid, invalid := 0, 0
			for got, err := range pivot.NewReader(&a, pivot.Limits{}).Check(pivot.Checking{}) {
				if err != nil {
					t.Fatal(err)
				}
				if got.Verdict.State == pivot.Conforming {
					valid++
				} else {
					invalid++
				}
			}
			if invalid == 0 || valid < 15*invalid {
				t.Errorf("%d valid and %d invalid records, want one in twenty invalid", valid, invalid)
			}
		})
	}
}
