package harvest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func ledgerOf(n int) (map[string]Seen, map[string]bool) {
	l, keys := map[string]Seen{}, map[string]bool{}
	for i := range n {
		k := fmt.Sprint("d", i)
		l[k], keys[k] = Seen{First: start, Last: start}, true
	}
	return l, keys
}

func visitOf(keys map[string]bool, complete bool) Visit { return Visit{Keys: keys, Complete: complete} }

func TestWhatIsMissingGoesAfterTheGrace(t *testing.T) {
	p := Policy{Grace: 7 * day, Share: 0.25}
	l, keys := ledgerOf(10)
	delete(keys, "d3")
	if c := Settle(l, visitOf(keys, true), p, start, false); c.Missing != 1 || len(c.Gone) != 0 {
		t.Errorf("at once: %+v", c)
	}
	if c := Settle(l, visitOf(keys, true), p, start.Add(6*day), false); len(c.Gone) != 0 {
		t.Errorf("within the grace: %+v", c)
	}
	if c := Settle(l, visitOf(map[string]bool{"d0": true}, false), p, start.Add(8*day), false); len(c.Gone) != 0 {
		t.Errorf("a visit that broke off deletes: %+v", c)
	}
	if c := Settle(l, visitOf(nil, true), p, start.Add(8*day), false); len(c.Gone) != 0 {
		t.Errorf("an empty catalogue deletes: %+v", c)
	}
	if c := Settle(l, visitOf(keys, true), p, start.Add(8*day), false); !slices.Equal(c.Gone, []string{"d3"}) {
		t.Errorf("after the grace: %+v", c)
	}
	if _, still := l["d3"]; still || len(l) != 9 {
		t.Errorf("%d in the ledger", len(l))
	}
}

func TestWhatComesBackWasNotGone(t *testing.T) {
	p := Policy{Grace: 7 * day, Share: 0.25}
	l, keys := ledgerOf(4)
	fewer := map[string]bool{"d0": true, "d1": true, "d2": true}
	Settle(l, visitOf(fewer, true), p, start, false)
	Settle(l, visitOf(keys, true), p, start.Add(5*day), false)
	if c := Settle(l, visitOf(fewer, true), p, start.Add(8*day), false); len(c.Gone) != 0 {
		t.Errorf("the grace did not start again: %+v", c)
	}
}

func TestManyAtOnceWaitForAnOperator(t *testing.T) {
	p := Policy{Grace: day, Share: 0.25}
	l, _ := ledgerOf(100)
	left := map[string]bool{"d0": true}
	Settle(l, visitOf(left, true), p, start, false)
	if c := Settle(l, visitOf(left, true), p, start.Add(30*day), false); c.Held != 99 || len(c.Gone) != 0 || len(l) != 100 {
		t.Errorf("%+v", c)
	}
	if c := Settle(l, visitOf(left, true), p, start.Add(31*day), true); len(c.Gone) != 99 || len(l) != 1 {
		t.Errorf("confirmed: %+v", c)
	}
}

// Whatever the visits, nothing that the last complete visit found is deleted, and
// never more than the share at once.
func TestNothingThatIsThereIsDeleted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Grace: time.Duration(rapid.IntRange(0, 5).Draw(t, "grace")) * day, Share: rapid.Float64Range(0, 1).Draw(t, "share")}
		l, _ := ledgerOf(rapid.IntRange(1, 20).Draw(t, "datasets"))
		now := start
		for range rapid.IntRange(1, 12).Draw(t, "visits") {
			now = now.Add(day)
			keys := map[string]bool{}
			for k := range l {
				keys[k] = rapid.Bool().Draw(t, "there")
				if !keys[k] {
					delete(keys, k)
				}
			}
			before := len(l)
			c := Settle(l, visitOf(keys, rapid.Bool().Draw(t, "complete")), p, now, false)
			if len(c.Gone) > max(1, int(p.Share*float64(before))) {
				t.Fatalf("%d of %d at once, share %g", len(c.Gone), before, p.Share)
			}
			for _, k := range c.Gone {
				if keys[k] {
					t.Fatalf("%s is there and was deleted", k)
				}
			}
		}
	})
}
