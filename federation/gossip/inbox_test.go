package gossip

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"maillon/federation"
)

func signed(text, signer string) []byte {
	return fmt.Appendf(nil, "%s\n\n— %s AAAABxx\n", text, signer)
}

func TestOneSignerDoesNotFillTheInbox(t *testing.T) {
	b, now := newInbox(), time.Unix(0, 0)
	got := map[takes]int{}
	for i := range 10_000 {
		got[b.putNote(signed(fmt.Sprint(i), "maillon/noisy/0"), false, now)]++
	}
	if got[taken] != maxWaiting || got[crowded] != 10_000-maxWaiting {
		t.Errorf("%v", got)
	}
	if b.putNote(signed("1", "maillon/quiet/0"), false, now) != taken {
		t.Error("another signer finds no room")
	}
	for range maxWaiting + 1 {
		b.done(<-b.wait)
	}
	if len(b.waiting) != 0 {
		t.Errorf("signers still counted: %v", b.waiting)
	}
	if b.putNote(signed("x", "maillon/noisy/0"), false, now) != taken {
		t.Error("once read, the signer has no room again")
	}
}

func TestNotesAreSeenOncePerMoment(t *testing.T) {
	b, now := newInbox(), time.Unix(1000, 0)
	note := signed("1", "maillon/a/0")
	for i, c := range []struct {
		after time.Duration
		want  takes
	}{{0, taken}, {0, repeated}, {59 * time.Second, repeated}, {61 * time.Second, repeated}, {122 * time.Second, taken}, {-time.Hour, repeated}} {
		if got := b.putNote(note, false, now.Add(c.after)); got != c.want {
			t.Errorf("%d: after %s: %v, want %v", i, c.after, got, c.want)
		}
	}
	for i := range 5 * maxRecent {
		b.putNote(signed(fmt.Sprint(i), fmt.Sprint(i)), false, now)
		select {
		case m := <-b.wait:
			b.done(m)
		default:
		}
	}
	if len(b.seen) > maxRecent || len(b.old) > maxRecent {
		t.Errorf("%d and %d notes remembered", len(b.seen), len(b.old))
	}
}

func TestNoteDroppedForLackOfRoomIsTakenWhenItComesAgain(t *testing.T) {
	b, now := newInbox(), time.Unix(0, 0)
	b.wait = make(chan message, 1)
	b.putNote(signed("1", "a"), false, now)
	if b.putNote(signed("2", "b"), false, now) != dropped {
		t.Fatal("more than there is room for")
	}
	b.done(<-b.wait)
	if b.putNote(signed("2", "b"), false, now) != taken {
		t.Error("a note that was dropped counts as seen")
	}
}

func TestFewNotesAreHandedOverManyAreDigested(t *testing.T) {
	var d federation.Digest
	d[7] = 1
	digest := func() federation.Digest { return d }
	var all [][]byte
	for i := range 200 {
		all = append(all, signed(fmt.Sprintf("%04d%s", i, bytes.Repeat([]byte("x"), 600)), fmt.Sprintf("maillon/%d/0", i)))
	}
	few, ok := read(state("3", all[:100], digest, 5))
	if !ok || len(few) != 100 {
		t.Errorf("%d notes of 100", len(few))
	}
	b := state("3", all, digest, 5)
	got, ok := read(b)
	if !ok || len(got) != 1 || got[0] != string(all[3]) {
		t.Errorf("%d notes beside the digest, want the member's own", len(got))
	}
	var seen []string
	for it, err := range items(b) {
		if it.kind != kindDigest {
			continue
		}
		peer, theirs, perr := parseDigest(it.content)
		if err != nil || perr != nil || theirs != d {
			t.Errorf("%v, %v", err, perr)
		}
		seen = append(seen, peer)
	}
	if len(seen) != 1 || seen[0] != "3" || len(b) > 3<<10 {
		t.Errorf("digests of %v in %d bytes", seen, len(b))
	}
}

func TestDigestsThatAreNone(t *testing.T) {
	good := appendDigest(nil, "a", federation.Digest{})[itemHead:]
	long := append([]byte{maxPeerName + 1}, make([]byte, maxPeerName+1+federation.DigestSize)...)
	for _, bad := range [][]byte{nil, {0}, {1}, good[:len(good)-1], append(bytes.Clone(good), 0), long, append([]byte{0}, good[2:]...)} {
		if _, _, err := parseDigest(bad); err == nil {
			t.Errorf("%.10x… is a digest", bad)
		}
	}
}

// Two members with more notes than an exchange hands over learn which buckets
// differ, and whom to ask.
func TestMembersThatDifferAreToldWhere(t *testing.T) {
	t.Parallel()
	type want struct {
		peer    string
		buckets []byte
	}
	asked := make(chan want, 100)
	a := join(t, "a", func(c *Config) {
		c.Repair = func(peer string, buckets []byte) {
			select {
			case asked <- want{peer, buckets}:
			default:
			}
		}
	})
	for i := range 200 {
		a.Receive(signed(fmt.Sprintf("%04d%s", i, bytes.Repeat([]byte("x"), 600)), fmt.Sprintf("maillon/%d/0", i)))
	}
	b := join(t, "b", nil)
	for note := range a.notes {
		b.Receive([]byte(note))
	}
	extra := signed("extra", "maillon/x/0")
	b.Receive(extra)
	if _, err := b.list.Join([]string{a.Addr()}); err != nil {
		t.Fatal(err)
	}
	select {
	case w := <-asked:
		da, db := a.Digest(), b.Digest()
		if diff := da.Differ(&db); w.peer != "b" || !bytes.Equal(w.buckets, diff) || len(diff) != 1 {
			t.Errorf("%s, buckets %x, want b, %x", w.peer, w.buckets, diff)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("never told")
	}
	if a.has(string(extra)) {
		t.Error("the note itself came along")
	}
}
