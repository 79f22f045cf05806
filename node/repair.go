package node

import (
	"context"
	"errors"
	"time"

	"maillon/federation"
	"maillon/federation/follow"
	"maillon/federation/repair"
)

// repairTask makes this pool's book equal to those of others: with the hub from
// time to time, with a member when an exchange shows that it holds something
// else. Gossip and exchanges lose notes; repair with the hub loses none and
// depends on neither (decision 0053).
func (p *pool) repairTask() *repair.Task {
	every := repair.Every
	if p.cfg.Profile == "local" {
		every = repair.EveryLocal
	}
	return repair.NewTask(every, p.repairWithHub, p.repairWith, p.report)
}

// limiter bounds what is taken from one key. On one machine a node may
// announce much faster than elsewhere.
func (p *pool) limiter() *federation.Limiter {
	if p.cfg.Profile == "local" {
		return &federation.Limiter{Burst: 100, Every: 20 * time.Millisecond}
	}
	return federation.DefaultLimiter()
}

// tooMuch reports whether the key has announced more than its limit, before
// anything is decided, kept or logged for it. What is known already costs it
// nothing: the pool repeats everything.
func (p *pool) tooMuch(a federation.Announcement) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.book.News(a) || p.limit.Allow(a.Key, p.n.now()) {
		return false
	}
	p.limited.Add(1)
	return true
}

func (p *pool) report(peer string, err error) {
	if peer == "" {
		peer = p.cfg.Hub
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		p.n.log.Debug().Err(err).Str("pool", p.cfg.Hub).Str("with", peer).Msg("repair of announcements")
	}
}

// repairWithHub gives and takes; a light member only gives. The hub itself has nobody to do it with: the
// others come.
func (p *pool) repairWithHub(ctx context.Context) error {
	hub, ok := p.announcement(p.cfg.Hub)
	if p.hub || !ok {
		return nil
	}
	own, _ := p.announcement(p.n.cfg.ID.String())
	to := remote{p.n.client, hub.URL, p.cfg.Hub}
	var res repair.Result
	var err error
	if p.cfg.Light {
		res, err = p.pair.Own(ctx, to, own.Node, own.Note())
	} else {
		res, err = p.pair.Run(ctx, repairBook{p}, to, own.Note())
	}
	p.told(p.cfg.Hub, res)
	return err
}

// repairWith takes what a member holds, at the address that it announced.
func (p *pool) repairWith(ctx context.Context, peer string, buckets []byte) error {
	a, ok := p.announcement(peer)
	if !ok || peer == p.n.cfg.ID.String() {
		return nil
	}
	res, err := repair.Fetch(ctx, repairBook{p}, remote{p.n.client, a.URL, p.cfg.Hub}, buckets)
	p.told(peer, res)
	return err
}

func (p *pool) told(peer string, r repair.Result) {
	if r.Fresh > 0 || r.Given > 0 {
		p.n.log.Info().Str("pool", p.cfg.Hub).Str("with", peer).Int("buckets", r.Buckets).
			Int("fetched", r.Fetched).Int("new", r.Fresh).Int("given", r.Given).Msg("announcements repaired")
	}
}

// Digest is that of the announcements held.
func (p *pool) Digest() federation.Digest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.Digest(p.n.now())
}

// NotesIn lists the announcements held in some buckets.
func (p *pool) NotesIn(buckets []byte) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.NotesIn(buckets, p.n.now())
}

// repairBook is a pool for package repair: what is learned there is told on,
// as far as it is little.
type repairBook struct{ *pool }

func (b repairBook) Receive(note []byte) bool {
	_, fresh := b.take(note)
	if fresh {
		b.retell(note)
	}
	return fresh
}

func (p *pool) retell(note []byte) {
	p.mu.Lock()
	g := p.gossip
	p.mu.Unlock()
	if g != nil {
		g.Retell(note)
	}
}

// A remote is another member of a pool, over HTTP.
type remote struct {
	client *follow.Client
	base   string
	pool   string // id of its hub
}

func (r remote) Digest(ctx context.Context) (federation.Digest, error) {
	return r.client.Digest(ctx, r.base, r.pool)
}

func (r remote) NotesIn(ctx context.Context, buckets []byte) ([][]byte, error) {
	return r.client.AnnouncementsIn(ctx, r.base, r.pool, buckets)
}

func (r remote) Give(ctx context.Context, note []byte) (refused bool, err error) {
	err = r.client.PostAnnouncement(ctx, r.base, note)
	if _, ok := errors.AsType[*follow.RefusedError](err); ok {
		return true, nil
	}
	return false, err
}

// poolOf finds a pool by the id of its hub; "" is the one this node runs,
// else the one it is in.
func (n *Node) poolOf(hub string) *pool {
	for _, p := range []*pool{n.below, n.above} {
		if p != nil && (hub == "" || p.cfg.Hub == hub) {
			return p
		}
	}
	return nil
}

// Digest tells what this node holds of a pool; ok is false if it is not in it.
func (f fedView) Digest(hub string) (pool string, d federation.Digest, ok bool) {
	p := f.n.poolOf(hub)
	if p == nil {
		return "", d, false
	}
	return p.cfg.Hub, p.Digest(), true
}

// NotesIn lists what this node holds of a pool in some buckets.
func (f fedView) NotesIn(hub string, buckets []byte) (notes [][]byte, ok bool) {
	p := f.n.poolOf(hub)
	if p == nil {
		return nil, false
	}
	return p.NotesIn(buckets), true
}
