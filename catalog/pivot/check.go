package pivot

import (
	"iter"
	"time"

	"maillon/catalog"
)

// Checking says how the records of a file are to be judged.
type Checking struct {
	// Schema is the version to judge by; "" judges each record by the newest
	// that accepts it.
	Schema Version
	// Today is the day on which the file is judged: what is dated later is
	// suspicious. The zero time leaves such warnings out.
	Today time.Time
}

// A Checked is an element of a file with what is to be said of it.
type Checked struct {
	Item
	// Verdict is that of [Judge] or [JudgeBy]. For an element that is no record
	// its State is Refused and its Problems are those of the Item.
	Verdict Verdict
}

// Check yields the elements of the file in their order, each judged. Errors
// are those of [Reader.Items]. It takes the place of Items.
func (r *Reader) Check(how Checking) iter.Seq2[Checked, error] {
	return func(yield func(Checked, error) bool) {
		for item, err := range r.Items() {
			if err != nil {
				yield(Checked{}, err)
				return
			}
			if !yield(Checked{item, how.verdict(item)}, nil) {
				return
			}
		}
	}
}

func (how Checking) verdict(item Item) Verdict {
	switch {
	case len(item.Problems) > 0:
		return Verdict{State: Refused, Problems: item.Problems}
	case how.Schema == "":
		return Judge(item.Record)
	}
	return verdictBy(how.Schema, JudgeBy(item.Record, how.Schema))
}

func verdictBy(v Version, problems catalog.Problems) Verdict {
	if problems.Errors() > 0 {
		return Verdict{State: ToCorrect, Version: v, Problems: problems}
	}
	return Verdict{State: Conforming, Version: v, Problems: problems}
}
