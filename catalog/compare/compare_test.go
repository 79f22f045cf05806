package compare

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/pivot"
)

func lot(object string, months int) pivot.Contract {
	return pivot.Contract{ID: "L", Buyer: pivot.Buyer{ID: "21350238800019"}, Object: object, Months: &months}
}

func TestJudge(t *testing.T) {
	held := []Held{
		{Address: "b/L~1", Shown: lot("toiture", 12), Hashes: []string{"aa", "old"}},
		{Address: "b/L~2", Shown: lot("peinture", 6), Hashes: []string{"bb"}},
		{Address: "b/L~3", Shown: lot("gros œuvre", 3), Hashes: []string{"cc"}, Withdrawn: true},
	}
	for _, c := range []struct {
		rule, hash string
		said       pivot.Contract
		held       []Held
		taken      string
		want       Verdict
	}{
		{"nothing under the id", "aa", lot("toiture", 12), nil, "", Verdict{State: Lacking}},
		{"the very record", "aa", lot("toiture", 12), held, "", Verdict{Same, "b/L~1", nil}},
		{"an older version that is held", "old", lot("toiture", 10), held, "", Verdict{Superseded, "b/L~1", []string{"dureeMois"}}},
		{"the same in another layout", "zz", lot("peinture", 6), held, "", Verdict{Same, "b/L~2", nil}},
		{"the lot that differs least", "zz", lot("peinture", 7), held, "", Verdict{Differs, "b/L~2", []string{"dureeMois"}}},
		{"a lot that is free rather than one that is taken", "zz", lot("menuiserie", 7), held[:2], "b/L~1", Verdict{Differs, "b/L~2", []string{"objet", "dureeMois"}}},
		{"one that was withdrawn", "cc", lot("gros œuvre", 3), held, "", Verdict{Withdrawn, "b/L~3", nil}},
	} {
		got := Judge(c.hash, c.said, c.held, func(a string) bool { return a == c.taken })
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.rule, diff)
		}
	}
}
