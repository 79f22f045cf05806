package node

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"maillon/federation"
)

// A node that announced much in a second, and is restored from a copy of before,
// goes on numbering where it had come: its hub has nothing to hold against it.
func TestARestoredNodeUsesNoNumberTwice(t *testing.T) {
	t.Parallel()
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	publish := func(id string) {
		t.Helper()
		member.publish(strings.ReplaceAll(contractFile, "P-1", id))
	}
	mirrored := func(want uint64) {
		t.Helper()
		eventually(t, fmt.Sprint(want, " entries at the hub"), func() error {
			if n := hub.node.Mirrored(memberID); n != want {
				return fmt.Errorf("%d entries", n)
			}
			return nil
		})
	}
	publish("A")
	mirrored(1)
	member.stop()
	old := t.TempDir()
	if err := os.CopyFS(old, os.DirFS(member.dir)); err != nil {
		t.Fatal(err)
	}
	member.restart()
	for i := range uint64(4) {
		for range 30 { // the numbers run ahead of the clock
			if _, err := member.node.nextSeq(time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		publish(fmt.Sprint("B", i))
		mirrored(2 + i)
	}
	last, ok := hub.node.below.announcement(memberID)
	if !ok {
		t.Fatal("the hub has no announcement of the member")
	}
	member.stop()
	if err := os.RemoveAll(member.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(member.dir, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	member.restart()
	publish("C")
	mirrored(6)
	if err := hub.says(memberID, Accepted); err != nil {
		t.Error(err)
	}
	if now, _ := hub.node.below.announcement(memberID); now.Seq <= last.Seq {
		t.Errorf("number %d after %d", now.Seq, last.Seq)
	}
}

// A number that stands under two texts hides the second from whoever holds the
// first: the node that sees the other text goes on to the next number.
func TestANumberThatAnotherTextBearsIsLeft(t *testing.T) {
	t.Parallel()
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	member.publish(contractFile)
	var said federation.Announcement
	eventually(t, "it has announced its entry", func() (err error) {
		said, _ = hub.node.below.announcement(memberID)
		if said.Size != 1 {
			return fmt.Errorf("it announced %d", said.Size)
		}
		return nil
	})
	last := *member.node.said.Load()
	mine, err := federation.Open(last, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signer, key := member.node.key.signer.Key()
	other := mine
	other.Key, other.Name = key, "as it was called in another life"
	raw, err := federation.Sign(signer, other)
	if err != nil {
		t.Fatal(err)
	}
	member.node.above.take(last)
	if got := *member.node.said.Load(); !bytes.Equal(got, last) {
		t.Error("its own word made it speak again")
	}
	member.node.above.take(raw)
	eventually(t, "it has taken another number", func() error {
		a, err := federation.Open(*member.node.said.Load(), time.Now())
		if err != nil || a.Seq <= mine.Seq {
			return fmt.Errorf("number %d after %d, %w", a.Seq, mine.Seq, err)
		}
		return nil
	})
}

// A clock that was a year ahead is set right: what was numbered by it is not
// continued, and what was said by it is said again.
func TestAClockThatIsSetBackLosesNothing(t *testing.T) {
	t.Parallel()
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	var ahead atomic.Int64
	member.stop()
	member.clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())).Round(0) }
	member.restart()
	announced := func(want uint64) {
		t.Helper()
		eventually(t, fmt.Sprint(want, " entries announced at the hub"), func() error {
			a, _ := hub.node.below.announcement(memberID)
			if a.Size != want || a.At.After(time.Now().Add(time.Hour)) {
				return fmt.Errorf("it announced %d on %s", a.Size, a.At)
			}
			return nil
		})
	}
	member.publish(contractFile)
	announced(1)
	time.Sleep(1100 * time.Millisecond) // numbers are whole seconds: what is said anew must not bear the number of what was said
	ahead.Store(int64(365 * 24 * time.Hour))
	member.publish(strings.ReplaceAll(contractFile, "P-1", "P-2"))
	eventually(t, "it has announced what nobody takes", func() error {
		if a, _ := member.node.above.announcement(memberID); a.Size != 2 {
			return fmt.Errorf("it announced %d", a.Size)
		}
		return nil
	})
	ahead.Store(0)
	announced(2)
}
