package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/federation/follow"
	"maillon/federation/witness"
)

// row looks at one journal, and again as long as a copy may still catch up.
func (w *walk) row(ctx context.Context, s subject) Row {
	deadline := w.o.Now().Add(w.o.Grace)
	target, said := uint64(0), w.said
	for {
		l := w.look(ctx, s, target)
		w.account(&l.row, said, s.member)
		target = l.row.Head
		if l.row.Verdict != Missing || !w.o.Now().Before(deadline) || !sleep(ctx, w.pause()) {
			w.accusations(&l.row, s)
			w.deep(ctx, s, l)
			return l.row
		}
		var fresh Integrity
		if w.o.Client.GetList(ctx, w.o.Base+"/api/v1/audit/integrity", maxList, &fresh) == nil {
			said = fresh
		}
	}
}

// pause is how long to wait before a copy is asked again.
func (w *walk) pause() time.Duration {
	return min(max(w.o.Grace/10, 50*time.Millisecond), 2*time.Second)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// A looking is one look at a journal: its row and the heads that the copies
// serve, as many as the row has copies.
type looking struct {
	row   Row
	heads []follow.Checkpoint
}

// look fetches the heads of a journal from everywhere and compares them.
// Entries beyond target do not count as missing, if it is not 0.
func (w *walk) look(ctx context.Context, s subject, target uint64) *looking {
	m := s.member
	l := &looking{row: Row{Node: m.Node, Epoch: m.Epoch, Name: m.Name, Level: m.Level, State: m.State, Verdict: OK}}
	l.row.Copies = w.places(m)
	l.heads = make([]follow.Checkpoint, len(l.row.Copies))
	for i := range l.row.Copies {
		w.fetch(ctx, s, &l.row.Copies[i], &l.heads[i])
		l.row.Head = max(l.row.Head, l.heads[i].Size)
	}
	for _, h := range w.signed[journalID{m.Node, m.Epoch}] {
		l.row.Head = max(l.row.Head, h.Size)
	}
	if target > 0 {
		l.row.Head = target
	}
	l.lacking()
	w.consistent(ctx, s, l)
	return l
}

// places lists where a journal should be served, each address once.
func (w *walk) places(m entry.Member) []Copy {
	var out []Copy
	add := func(place, url string) {
		if url == "" {
			return
		}
		for i := range out {
			if out[i].URL == url {
				out[i].At = append(out[i].At, place)
				return
			}
		}
		out = append(out, Copy{At: []string{place}, URL: url})
	}
	mirror := func(base string) string {
		if base == "" {
			return ""
		}
		return base + "/n/" + m.Node + "/journal"
	}
	if m.Node == w.self.Node {
		add(Owner, w.o.Base+"/journal")
		add(Here, w.o.Base+"/journal")
	} else {
		add(Owner, m.URL+"/journal")
		add(Here, mirror(w.o.Base))
		add(Hub, mirror(w.stated.members[m.Hub].URL))
	}
	if w.said.Above != nil {
		add(Above, mirror(w.said.Above.URL))
	}
	return out
}

// fetch asks a copy for its head.
func (w *walk) fetch(ctx context.Context, s subject, c *Copy, head *follow.Checkpoint) {
	cp, err := w.o.Client.Checkpoint(ctx, c.URL, s.keys)
	switch {
	case errors.Is(err, follow.ErrNotServed):
	case err != nil:
		c.Error, c.Silent = err.Error(), follow.Unreachable(err)
	default:
		*head, c.Size = cp, cp.Size
		var candidates []witness.Key // a federation has more keys than a note has lines
		for _, name := range witness.Names(cp.Served) {
			candidates = append(candidates, w.known[name]...)
		}
		for _, g := range witness.Cosignatures(cp.Served, w.o.Now(), candidates...) {
			c.Cosigned = append(c.Cosigned, g.By)
		}
	}
}

// lacking says which copies lack entries of the newest head. An owner that
// serves less than others hold of it is no loss.
func (l *looking) lacking() {
	r := &l.row
	best := uint64(0)
	for _, c := range r.Copies {
		best = max(best, c.Size)
		where := c.At[0]
		if c.at(Here) {
			where = Here
		}
		bad := Missing
		if r.State == "suspended" || len(c.At) == 1 && c.at(Owner) {
			bad = OK
		}
		switch {
		case c.Silent:
			r.blame(OK, Reason{Code: NoAnswer, Where: where, Detail: c.Error})
		case c.Error != "":
			r.blame(Worse(OK, bad), Reason{Code: Failing, Where: where, Detail: c.Error})
		case c.Size < r.Head:
			r.blame(bad, Reason{Code: LacksEntries, Where: where, Count: r.Head - c.Size})
		}
	}
	if best < r.Head {
		r.blame(Missing, Reason{Code: OnlyHeads, Count: r.Head - best})
	}
}

// consistent proves every signed head to be of one history with the longest
// that is served.
func (w *walk) consistent(ctx context.Context, s subject, l *looking) {
	longest := -1
	for i, h := range l.heads {
		if l.row.Copies[i].Error == "" && h.Size > 0 && (longest < 0 || h.Size > l.heads[longest].Size) {
			longest = i
		}
	}
	if longest < 0 {
		return
	}
	others := slices.Clone(w.signed[journalID{s.member.Node, s.member.Epoch}])
	for i, h := range l.heads {
		if i != longest && h.Size > 0 {
			others = append(others, h)
		}
	}
	for _, old := range others {
		if old.Size > l.heads[longest].Size || old.Size == 0 {
			continue // nobody serves it: it is reported as that
		}
		w.proves(ctx, l, longest, old)
	}
}

// proves checks one earlier head against the longest copy. Where that one's
// tiles are damaged, others of the same head are asked.
func (w *walk) proves(ctx context.Context, l *looking, longest int, old follow.Checkpoint) {
	var err error
	for i, h := range l.heads {
		if h.Size != l.heads[longest].Size || h.Root != l.heads[longest].Root {
			continue
		}
		if err = w.o.Client.Extends(ctx, l.row.Copies[i].URL, h, old); err == nil {
			return
		}
		if fork, ok := errors.AsType[*follow.ForkError](err); ok {
			l.row.blame(Forked, Reason{Code: TwoHeads, Detail: fmt.Sprintf("%d, %d", old.Size, h.Size)})
			l.row.Evidence = []string{string(fork.Ours), string(fork.Theirs)}
			return
		}
		why := Reason{Code: NotSigned, Where: l.row.Copies[i].At[0], Detail: err.Error()}
		if !slices.Contains(l.row.Reasons, why) {
			l.row.blame(Damaged, why)
		}
	}
}

// account adds what the node says has become of the entries it holds.
func (w *walk) account(r *Row, said Integrity, m entry.Member) {
	member, ok := w.saidOf(said, m)
	here, _ := r.At(Here)
	if !ok || member.Entries == nil {
		if here.Size > 0 {
			r.blame(Missing, Reason{Code: NoAccount, Count: here.Size})
		}
		return
	}
	r.Entries = member.Entries
	switch a := *member.Entries; {
	case !a.Balanced():
		r.blame(Missing, Reason{Code: Unbalanced, Detail: fmt.Sprintf("%+v", a)})
	case a.Entries < min(here.Size, r.Head):
		r.blame(Missing, Reason{Code: NoAccount, Count: min(here.Size, r.Head) - a.Entries})
	}
}

// accusations adds the evidence that the node holds, if the owner signed it.
func (w *walk) accusations(r *Row, s subject) {
	member, ok := w.saidOf(w.said, s.member)
	if !ok || len(member.Evidence) != 2 || r.Verdict == Forked {
		return
	}
	for _, raw := range member.Evidence {
		if _, err := note.Open([]byte(raw), note.VerifierList(s.keys.Keys()...)); err != nil {
			return
		}
	}
	if member.Evidence[0] == member.Evidence[1] {
		return
	}
	r.blame(Forked, Reason{Code: Accused, Detail: member.Reason})
	r.Evidence = member.Evidence
}

// deep reads and hashes every entry of every copy.
func (w *walk) deep(ctx context.Context, s subject, l *looking) {
	if !w.o.Deep {
		return
	}
	for i := range l.row.Copies {
		c := &l.row.Copies[i]
		if c.Error != "" || c.Size == 0 {
			continue
		}
		t := &telling{}
		_, err := w.o.Client.Follow(ctx, c.URL, s.keys, t)
		c.Read = t.read.Entries
		switch {
		case err != nil && follow.Unreachable(err):
			l.row.blame(Missing, Reason{Code: NoAnswer, Where: c.At[0], Detail: err.Error()})
		case err != nil:
			l.row.blame(Damaged, Reason{Code: NotSigned, Where: c.At[0], Detail: err.Error()})
		case c.at(Here) && l.row.Entries != nil && !sameOps(*l.row.Entries, t.read):
			l.row.blame(Missing, Reason{Code: Unbalanced, Detail: fmt.Sprintf("%+v, read %+v", *l.row.Entries, t.read)})
		}
	}
}

// sameOps compares what a node says it took in with what was read, if both
// are of the same size.
func sameOps(said, read Account) bool {
	return said.Entries != read.Entries ||
		said.Puts == read.Puts && said.Withdraws == read.Withdraws && said.Redacts == read.Redacts && said.Statements == read.Statements && said.Unknown == read.Unknown
}
