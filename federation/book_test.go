package federation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// state is what a book holds, as texts.
func state(b *Book) []string {
	var out []string
	for _, n := range b.Notes() {
		out = append(out, string(n))
	}
	return out
}

// some makes announcements of few nodes, keys and numbers, so that they meet.
func some(t *testing.T) []Announcement {
	var all []Announcement
	for i, node := range []string{rennes, brest} {
		for seed := range byte(2) {
			k := keyFrom(t, node, 0, 10*byte(i+1)+seed)
			for n := range uint64(4) {
				a := k.announcement(t)
				a.Seq += n / 2
				a.Size += n % 3
				a.Name = fmt.Sprint("name ", n)
				if n == 3 {
					a.Status = Gone
				}
				all = append(all, k.sign(t, a))
			}
		}
	}
	return all
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestBooksAgreeWhateverTheOrder(t *testing.T) {
	all := some(t)
	trusted := all[0].Key
	for _, trust := range []bool{false, true} {
		var want Book
		for _, a := range all {
			want.Merge(a)
		}
		if trust {
			want.Trust(rennes, trusted)
		}
		rapid.Check(t, func(rt *rapid.T) {
			order := rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 0, 3*len(all)).Draw(rt, "order")
			order = append(order, rapid.Permutation(indexes(len(all))).Draw(rt, "and each once")...)
			at := rapid.IntRange(0, len(order)).Draw(rt, "trust after")
			var b Book
			for i, n := range order {
				if trust && i == at {
					b.Trust(rennes, trusted)
				}
				b.Merge(all[n])
			}
			if trust {
				b.Trust(rennes, trusted)
			}
			if d := cmp.Diff(state(&want), state(&b)); d != "" {
				rt.Fatal(d)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	first := k.announcement(t)
	with := func(f func(*Announcement)) Announcement {
		a := first
		a.Root = slices.Clone(first.Root)
		f(&a)
		return k.sign(t, a)
	}
	held := with(func(*Announcement) {})
	for name, c := range map[string]struct {
		a        Announcement
		fresh    bool
		evidence string
	}{
		"the same again":                     {held, false, ""},
		"a larger number":                    {with(func(a *Announcement) { a.Seq++ }), true, ""},
		"a smaller number":                   {with(func(a *Announcement) { a.Seq-- }), false, ""},
		"a larger journal":                   {with(func(a *Announcement) { a.Seq++; a.Size++; a.Root[0]++ }), true, ""},
		"a shorter journal, honestly":        {with(func(a *Announcement) { a.Seq++; a.Size--; a.Root[0]++ }), true, ""},
		"another root of the same size":      {with(func(a *Announcement) { a.Seq++; a.Root[0]++ }), true, "two roots of a journal of 12 entries"},
		"the same, told late":                {with(func(a *Announcement) { a.Seq--; a.Root[0]++ }), false, "two roots of a journal of 12 entries"},
		"another name under the same number": {with(func(a *Announcement) { a.Name = "x" }), Later(with(func(a *Announcement) { a.Name = "x" }), held), fmt.Sprintf("two announcements numbered %d that differ", first.Seq)},
	} {
		t.Run(name, func(t *testing.T) {
			var b Book
			b.Merge(held)
			fresh, ev := b.Merge(c.a)
			if fresh != c.fresh {
				t.Errorf("fresh %v", fresh)
			}
			got := ""
			if ev != nil {
				got = ev.Reason
				if ev.Fork != strings.HasPrefix(got, "two roots") {
					t.Errorf("fork %v", ev.Fork)
				}
				if ev.Node != rennes || len(ev.Notes()) != 2 || ev.Notes()[0] == ev.Notes()[1] {
					t.Errorf("evidence %+v", ev)
				}
			}
			if got != c.evidence {
				t.Errorf("evidence %q, want %q", got, c.evidence)
			}
		})
	}
}

// A stranger with a key of its own and a high number must not hide a node.
func TestStrangersDoNotHideANode(t *testing.T) {
	own := keyFrom(t, rennes, 0, 1)
	mine := own.sign(t, own.announcement(t))
	var b Book
	for seed := range byte(10) {
		k := keyFrom(t, rennes, 0, 100+seed)
		a := k.announcement(t)
		a.Seq += 1000
		fresh, ev := b.Merge(k.sign(t, a))
		if fresh != (seed < MaxKeys-1) || ev != nil { // the node itself has one of the places
			t.Errorf("stranger %d: %v, %v", seed, fresh, ev)
		}
		if seed == 0 {
			b.Merge(mine)
		}
	}
	if got, _ := b.Get(rennes); got.Key == own.text {
		t.Error("nobody has vouched for any key: the latest is shown")
	}
	b.Trust(rennes, own.text)
	if got, ok := b.Get(rennes); !ok || got.Key != own.text {
		t.Error("the trusted key's announcement is not shown")
	}
	if len(b.Notes()) != 1 || len(b.All()) != 1 {
		t.Error("strangers are still there")
	}
	k := keyFrom(t, rennes, 0, 200)
	if fresh, _ := b.Merge(k.sign(t, k.announcement(t))); fresh {
		t.Error("a stranger was taken")
	}
}

func TestTrustedKeyFindsRoomAmongStrangers(t *testing.T) {
	var b Book
	own := keyFrom(t, rennes, 0, 1)
	for seed := range byte(MaxKeys) {
		k := keyFrom(t, rennes, 0, 100+seed)
		b.Merge(k.sign(t, k.announcement(t)))
	}
	mine := own.sign(t, own.announcement(t))
	if fresh, _ := b.Merge(mine); fresh {
		t.Error("a fifth key was taken")
	}
	b.Trust(rennes, own.text)
	if _, ok := b.Get(rennes); ok {
		t.Error("a stranger is shown as the node")
	}
	if fresh, _ := b.Merge(mine); !fresh {
		t.Error("the node itself found no room")
	}
}

func TestBookIsBounded(t *testing.T) {
	b := Book{nodes: map[string]map[string]Announcement{}}
	for i := range MaxBook {
		b.nodes[fmt.Sprint(i)] = map[string]Announcement{"k": {Node: fmt.Sprint(i)}}
	}
	k := keyFrom(t, rennes, 0, 1)
	a := k.sign(t, k.announcement(t))
	if fresh, _ := b.Merge(a); fresh {
		t.Error("taken by a full book")
	}
	b.Trust(rennes, a.Key)
	if fresh, _ := b.Merge(a); !fresh {
		t.Error("a trusted node found no room")
	}
}

func TestTombstoneOutlivesWhatItReplaced(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	a := k.announcement(t)
	a.Expires = a.At.Add(MaxLifetime)
	alive := k.sign(t, a)
	a.Seq, a.Status, a.Expires = a.Seq+1, Gone, a.At.Add(time.Hour)
	var b Book
	b.Merge(k.sign(t, a))
	late := noon.Add(MaxLifetime - time.Second) // the last moment at which Open takes alive
	if b.Prune(late) != 0 {
		t.Error("pruned too early")
	}
	if fresh, _ := b.Merge(alive); fresh {
		t.Error("a node that is gone came back")
	}
	if b.Prune(noon.Add(keepFor+time.Second)) != 1 || len(b.All()) != 0 {
		t.Error("never pruned")
	}
}
