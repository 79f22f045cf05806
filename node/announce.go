package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"maillon/federation"
	"maillon/federation/follow"
	"maillon/store"
)

const (
	announceEvery  = 24 * time.Hour // renews an announcement that nothing else renews
	announceLook   = 10 * time.Second
	announcementLT = 30 * 24 * time.Hour
)

// runAnnounce tells the pools how far the own journal has come: soon after it
// grew, after a pool was joined, and once a day.
func (n *Node) runAnnounce(ctx context.Context) error {
	tick := time.NewTicker(announceLook)
	defer tick.Stop()
	var last time.Time // when what was last said is dated
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if last.IsZero() || !renew(last, n.now()) {
				continue
			}
			n.above.prune(n.now())
			n.below.prune(n.now())
		case <-n.bells.announce:
			if !sleep(ctx, n.cfg.Federation.Debounce) {
				return nil
			}
		}
		if n.head.ready() != nil {
			continue // what would be announced may be older than what was: wait for the hub's word
		}
		raw, at, err := n.announcement()
		if err != nil {
			return fmt.Errorf("make an announcement: %w", err)
		}
		last = at
		n.said.Store(&raw)
		n.above.announce(raw)
		n.below.announce(raw)
		n.postAbove(ctx, raw)
	}
}

// renew reports whether what was announced at last is to be said again: it is
// a day old, or the clock was ahead and has been set right, and nobody took it.
func renew(last, now time.Time) bool {
	age := now.Sub(last)
	return age >= announceEvery || age < -federation.MaxSkew
}

// announcement signs what this node is and how far its journal has come. Number
// and date are of one reading of the clock, which may be set meanwhile.
func (n *Node) announcement() (raw []byte, at time.Time, err error) {
	at = n.now().UTC().Truncate(time.Second)
	seq, err := n.nextSeq(at)
	if err != nil {
		return nil, at, err
	}
	role := federation.RoleNode
	if n.below != nil {
		role = federation.RoleHub
	}
	size := n.own.Size()
	root, err := n.own.RootAt(size)
	if err != nil {
		return nil, at, err
	}
	status, err := n.status()
	if err != nil {
		return nil, at, err
	}
	signer, key := n.key.signer.Key()
	raw, err = federation.Sign(signer, federation.Announcement{
		Node: n.cfg.ID.String(), Epoch: 0, Key: key, Seq: seq, At: at, Expires: at.Add(announcementLT),
		Level: string(n.cfg.Level), Geozone: n.cfg.Territory.String(), Name: shorten(n.cfg.Name, federation.MaxName), URL: n.cfg.Address,
		Role: role, Size: size, Root: root[:], Status: status,
	})
	return raw, at, err
}

// shorten cuts s to at most n bytes, between characters.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// nextSeq takes the number of the next announcement. If the clock leaps, the number
// from before is kept as well: when the clock is set right it is the one to exceed.
func (n *Node) nextSeq(now time.Time) (seq uint64, err error) {
	err = n.main.Update(func(tx store.Tx) error {
		b := tx.Bucket(announcementsBucket)
		number := func(key string) uint64 {
			if old := b.Get([]byte(key)); len(old) == 8 {
				return beUint64(old)
			}
			return 0
		}
		last := number("seq")
		seq = federation.NextSeq(last, now)
		if seq < last {
			seq = max(seq, federation.NextSeq(number("seq before leap"), now))
		} else if seq-last > uint64(federation.MaxSkew/time.Second) {
			if err := b.Put([]byte("seq before leap"), bePutUint64(last)); err != nil {
				return err
			}
		}
		return b.Put([]byte("seq"), bePutUint64(seq))
	})
	return seq, err
}

// sawSeq keeps the numbers of this node's announcements ahead of any that others
// hold: a restored store does not know how far they had come, and must not use one
// twice. One that bears the last number but is not what was last said counts as
// ahead: whoever holds it takes nothing else under that number.
func (n *Node) sawSeq(a federation.Announcement) error {
	behind := false
	err := n.main.Update(func(tx store.Tx) error {
		b := tx.Bucket(announcementsBucket)
		old := b.Get([]byte("seq"))
		said := n.said.Load()
		behind = len(old) != 8 || beUint64(old) < a.Seq ||
			beUint64(old) == a.Seq && said != nil && !bytes.Equal(*said, a.Note())
		if !behind {
			return nil
		}
		return b.Put([]byte("seq"), bePutUint64(a.Seq))
	})
	if behind {
		ring(n.bells.announce)
	}
	return err
}

// postAbove posts the announcement straight to the hub, if its address is
// known: gossip alone loses data.
func (n *Node) postAbove(ctx context.Context, raw []byte) {
	if n.atHub() {
		n.pusher.announce(raw)
		ring(n.bells.push)
		return
	}
	up, ok := n.uplink()
	if !ok {
		return
	}
	err := n.client.PostAnnouncement(ctx, up.URL, raw)
	if _, refused := errors.AsType[*follow.RefusedError](err); refused {
		n.log.Warn().Err(err).Msg("post announcement to hub")
	} else if err != nil && !errors.Is(err, context.Canceled) {
		n.log.Debug().Err(err).Msg("post announcement to hub")
	}
}
