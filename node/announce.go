package node

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"maillon/federation"
	"maillon/store"
)

// announceEvery renews an announcement that nothing else renews.
const (
	announceEvery  = 24 * time.Hour
	announcementLT = 30 * 24 * time.Hour
)

// runAnnounce tells the pools how far the own journal has come: soon after it
// grew, after a pool was joined, and once a day.
func (n *Node) runAnnounce(ctx context.Context) error {
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
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
		raw, err := n.announcement()
		if err != nil {
			return fmt.Errorf("sign an announcement: %w", err)
		}
		n.above.announce(raw)
		n.below.announce(raw)
		n.postAbove(ctx, raw)
	}
}

// announcement signs what this node is and how far its journal has come.
func (n *Node) announcement() ([]byte, error) {
	seq, err := n.nextSeq()
	if err != nil {
		return nil, err
	}
	role := federation.RoleNode
	if n.below != nil {
		role = federation.RoleHub
	}
	size := n.own.Size()
	root, err := n.own.RootAt(size)
	if err != nil {
		return nil, err
	}
	now := n.now().UTC().Truncate(time.Second)
	signer, key := n.key.signer.Key()
	return federation.Sign(signer, federation.Announcement{
		Node: n.cfg.ID.String(), Epoch: 0, Key: key, Seq: seq, At: now, Expires: now.Add(announcementLT),
		Level: string(n.cfg.Level), Geozone: n.cfg.Territory.String(), Name: shorten(n.cfg.Name, federation.MaxName), URL: n.cfg.Address,
		Role: role, Size: size, Root: root[:], Status: federation.Active,
	})
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

// nextSeq is larger than any sequence number used before, also after the
// store was lost: at least the time in seconds.
func (n *Node) nextSeq() (uint64, error) {
	seq := uint64(n.now().Unix())
	err := n.main.Update(func(tx store.Tx) error {
		b := tx.Bucket(announcementsBucket)
		if old := b.Get([]byte("seq")); len(old) == 8 {
			seq = max(seq, beUint64(old)+1)
		}
		return b.Put([]byte("seq"), bePutUint64(seq))
	})
	return seq, err
}

// sawSeq keeps the numbers of this node's announcements ahead of any that others
// hold: a restored store does not know how far they had come, and must not use one
// twice.
func (n *Node) sawSeq(a federation.Announcement) error {
	behind := false
	err := n.main.Update(func(tx store.Tx) error {
		b := tx.Bucket(announcementsBucket)
		old := b.Get([]byte("seq"))
		if behind = len(old) != 8 || beUint64(old) < a.Seq; !behind {
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
	hub, ok := n.hubURL()
	if !ok {
		return
	}
	if err := n.client.PostAnnouncement(ctx, hub, raw); err != nil && !errors.Is(err, context.Canceled) {
		n.log.Debug().Err(err).Msg("post announcement to hub")
	}
}
