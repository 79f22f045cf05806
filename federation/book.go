package federation

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Bounds of a [Book], so that nobody can fill a node's memory with ids that
// exist nowhere.
const (
	MaxBook = 5000 // node ids; those whose key is trusted always find room
	MaxKeys = 4    // keys that say they are one and the same node, none of them trusted
)

// keepFor is how long a Book remembers an announcement after it was signed:
// longer than any other can live, so that none that it replaced, or that a
// tombstone replaced, comes back.
const keepFor = MaxLifetime + 30*24*time.Hour

// A Book holds the newest announcement of every node and key, whatever the
// order in which they came. The zero value is empty and ready. It is not safe
// for concurrent use.
//
// As long as no key of a node is trusted, each key that claims its id is kept
// beside the others (at most [MaxKeys], first come): a stranger cannot make
// the node's own announcement disappear.
type Book struct {
	nodes map[string]map[string]Announcement // node id → key → newest
	trust map[string]string                  // node id → its key
}

// Evidence is two notes signed with one key that cannot both be honest.
type Evidence struct {
	Node   string
	Reason string // for people, in English
	Fork   bool   // they tell two histories; else the owner has only lost count, as after a restore
	A, B   []byte // the two announcements, as signed
}

// Notes is the two announcements as texts.
func (e *Evidence) Notes() []string { return []string{string(e.A), string(e.B)} }

// Later reports whether a replaces b, both signed with one key: the larger
// sequence number; then, so that all nodes agree, the smaller SHA-256 of the
// note. It is a total order over notes.
func Later(a, b Announcement) bool {
	if a.Seq != b.Seq {
		return a.Seq > b.Seq
	}
	x, y := sha256.Sum256(a.note), sha256.Sum256(b.note)
	return bytes.Compare(x[:], y[:]) < 0
}

// equivocates tells why two announcements under one key cannot both be honest,
// and whether they tell two histories.
func equivocates(a, b Announcement) (why string, fork bool) {
	switch {
	case a.Size == b.Size && !bytes.Equal(a.Root, b.Root):
		return fmt.Sprintf("two roots of a journal of %d entries", a.Size), true
	case a.Seq == b.Seq && !sameText(a, b):
		return fmt.Sprintf("two announcements numbered %d that differ", a.Seq), false
	}
	return "", false
}

// sameText compares what was signed: signing it twice is no offence.
func sameText(a, b Announcement) bool {
	x, _, _ := bytes.Cut(a.note, []byte("\n\n"))
	y, _, _ := bytes.Cut(b.note, []byte("\n\n"))
	return bytes.Equal(x, y)
}

// Merge takes an announcement that came from [Open]. fresh reports whether
// the book learned something, that is, whether a is worth telling others.
// evidence is not nil if a and what was known cannot both be honest; the
// book then still keeps the later one, so that all books agree.
func (b *Book) Merge(a Announcement) (fresh bool, evidence *Evidence) {
	if key, ok := b.trust[a.Node]; ok && key != a.Key {
		return false, nil
	}
	keys := b.nodes[a.Node]
	old, known := keys[a.Key]
	if !known {
		if !b.room(a) {
			return false, nil
		}
		if keys == nil {
			if b.nodes == nil {
				b.nodes = map[string]map[string]Announcement{}
			}
			keys = map[string]Announcement{}
			b.nodes[a.Node] = keys
		}
		keys[a.Key] = a
		return true, nil
	}
	if bytes.Equal(a.note, old.note) {
		return false, nil
	}
	if why, fork := equivocates(a, old); why != "" {
		first, second := a, old
		if Later(old, a) {
			first, second = old, a
		}
		evidence = &Evidence{Node: a.Node, Reason: why, Fork: fork, A: first.note, B: second.note}
	}
	if !Later(a, old) {
		return false, evidence
	}
	keys[a.Key] = a
	return true, evidence
}

// News reports whether merging a could change the book: it holds nothing of
// that key, or something older. Most of what a pool brings is none.
func (b *Book) News(a Announcement) bool {
	held, ok := b.nodes[a.Node][a.Key]
	return !ok || Later(a, held) && !bytes.Equal(held.note, a.note)
}

// room reports whether a node and key that the book does not know fit in.
func (b *Book) room(a Announcement) bool {
	if b.trust[a.Node] == a.Key {
		return true
	}
	keys := b.nodes[a.Node]
	return len(keys) < MaxKeys && (len(keys) > 0 || len(b.nodes) < MaxBook)
}

// Trust says that key is the node's own: from now on no other is listened to,
// and what others have said under its id is forgotten.
func (b *Book) Trust(node, key string) {
	if b.trust == nil {
		b.trust = map[string]string{}
	}
	b.trust[node] = key
	maps.DeleteFunc(b.nodes[node], func(k string, _ Announcement) bool { return k != key })
	if len(b.nodes[node]) == 0 {
		delete(b.nodes, node)
	}
}

// Get returns a node's announcement: that of its trusted key, else the
// latest under any key, which nobody has vouched for.
func (b *Book) Get(node string) (Announcement, bool) {
	keys := b.nodes[node]
	if len(keys) == 0 {
		return Announcement{}, false
	}
	return slices.MaxFunc(slices.Collect(maps.Values(keys)), compare), true
}

// compare orders announcements of one node as [Later] does.
func compare(x, y Announcement) int {
	switch {
	case Later(x, y):
		return 1
	case Later(y, x):
		return -1
	}
	return 0
}

// All lists one announcement per node, as [Book.Get] does, by node id.
func (b *Book) All() []Announcement {
	out := make([]Announcement, 0, len(b.nodes))
	for node := range b.nodes {
		if a, ok := b.Get(node); ok {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(x, y Announcement) int { return cmp.Compare(x.Node, y.Node) })
	return out
}

// Notes lists every announcement held, of every key, by node id and key: what
// a peer needs to hold the same book.
func (b *Book) Notes() [][]byte {
	var out [][]byte
	for _, node := range slices.Sorted(maps.Keys(b.nodes)) {
		for _, key := range slices.Sorted(maps.Keys(b.nodes[node])) {
			out = append(out, b.nodes[node][key].note)
		}
	}
	return out
}

// Prune forgets what was signed so long ago that nothing it replaced can
// still be valid. It returns how many announcements that were.
func (b *Book) Prune(now time.Time) int {
	gone := 0
	for node, keys := range b.nodes {
		maps.DeleteFunc(keys, func(_ string, a Announcement) bool {
			old := now.Sub(a.At) > keepFor
			if old {
				gone++
			}
			return old
		})
		if len(keys) == 0 {
			delete(b.nodes, node)
		}
	}
	return gone
}
