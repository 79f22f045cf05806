package node

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"maillon/catalog/territory"
	"maillon/federation/follow"
	"maillon/node/api"
	"maillon/store"
)

// uplinks is to whom this node reports: its hub, and while that is silent the
// nearest level above that answers. Nobody registers anew for it: the level above
// knows this node by the hub's own journal.
type uplinks struct {
	mu    sync.Mutex
	above []api.Uplink // of the hub, the nearest first, as it told when it last answered
	since time.Time    // the hub has not answered since then; zero if it does
	dead  map[string]bool
}

// Key, in the main store:
//
//	uplinks   "above"  => []api.Uplink in JSON
const uplinksBucket = "uplinks"

// maxUplinks bounds the levels above a hub that are remembered.
const maxUplinks = 8

// uplink is where this node reports now; ok is false as long as it knows of none.
func (n *Node) uplink() (u api.Uplink, ok bool) {
	url, ok := n.hubURL()
	if !ok {
		return u, false
	}
	u = api.Uplink{ID: n.cfg.Federation.Join.Hub, URL: url}
	n.uplinks.mu.Lock()
	defer n.uplinks.mu.Unlock()
	if n.uplinks.since.IsZero() || n.now().Sub(n.uplinks.since) < n.cfg.Federation.OrphanAfter {
		return u, true
	}
	for _, a := range n.uplinks.above {
		if !n.uplinks.dead[a.URL] {
			return a, true
		}
	}
	return u, true
}

// Uplinks lists the hub above this node and the levels above that, the nearest
// first: what its members need to know for the day it is silent.
func (f fedView) Uplinks() []api.Uplink {
	n := f.n
	url, ok := n.hubURL()
	if !ok {
		return nil
	}
	n.uplinks.mu.Lock()
	defer n.uplinks.mu.Unlock()
	out := append([]api.Uplink{{ID: n.cfg.Federation.Join.Hub, URL: url}}, n.uplinks.above...)
	return out[:min(len(out), maxUplinks)]
}

// openUplinks reads back what the hub told before the last stop.
func (n *Node) openUplinks() error {
	return n.main.View(func(tx store.Tx) error {
		raw := tx.Bucket(uplinksBucket).Get([]byte("above"))
		if raw == nil {
			return nil
		}
		return json.Unmarshal(raw, &n.uplinks.above)
	})
}

// runUplink asks the hub now and then whether it is there, and who is above it,
// until ctx ends.
func (n *Node) runUplink(ctx context.Context) error {
	if n.cfg.Federation.Join == nil {
		return waitForEnd(ctx)
	}
	every := min(n.cfg.Federation.FollowEvery, max(n.cfg.Federation.OrphanAfter/4, 200*time.Millisecond))
	wait := rand.N(every)
	for sleep(ctx, wait) {
		wait = time.Duration((0.8 + 0.4*rand.Float64()) * float64(every))
		url, ok := n.hubURL()
		if !ok {
			continue
		}
		before, _ := n.uplink()
		var answer uplinkList
		err := n.client.GetJSON(ctx, url+"/federation/v1/above", &answer)
		if ctx.Err() != nil {
			return nil
		}
		if err := n.hubAnswered(err, answer.Items); err != nil {
			return err
		}
		n.whoAnswers(ctx)
		if now, _ := n.uplink(); now != before {
			n.log.Warn().Str("from", before.URL).Str("to", now.URL).Msg("this node reports elsewhere from now on")
			for _, bell := range []chan struct{}{n.bells.announce, n.bells.push, n.bells.confirm} {
				ring(bell)
			}
		}
	}
	return nil
}

type uplinkList struct {
	Items []api.Uplink `json:"items"`
}

// hubAnswered takes note of whether the hub answered, and what.
func (n *Node) hubAnswered(err error, above []api.Uplink) error {
	n.uplinks.mu.Lock()
	defer n.uplinks.mu.Unlock()
	u := &n.uplinks
	if follow.Unreachable(err) {
		if u.since.IsZero() {
			u.since = n.now()
		}
		return nil
	}
	u.since, u.dead = time.Time{}, nil
	if err != nil {
		return nil // it answers, if not this question
	}
	above = slices.DeleteFunc(above[:min(len(above), maxUplinks)], func(a api.Uplink) bool {
		_, err := territory.ParseNodeID(a.ID)
		return err != nil || a.URL == "" || len(a.URL) > 200 || a.ID == n.cfg.ID.String()
	})
	if slices.Equal(above, u.above) {
		return nil
	}
	u.above = above
	raw, err := json.Marshal(above)
	if err != nil {
		return err
	}
	return n.main.Update(func(tx store.Tx) error { return tx.Bucket(uplinksBucket).Put([]byte("above"), raw) })
}

// whoAnswers looks, while the hub is silent, which of the levels above answers.
func (n *Node) whoAnswers(ctx context.Context) {
	n.uplinks.mu.Lock()
	silent := !n.uplinks.since.IsZero()
	above := slices.Clone(n.uplinks.above)
	n.uplinks.mu.Unlock()
	if !silent {
		return
	}
	dead := map[string]bool{}
	for _, a := range above {
		var answer uplinkList
		if err := n.client.GetJSON(ctx, a.URL+"/federation/v1/above", &answer); !follow.Unreachable(err) {
			break // the nearest that answers is enough
		}
		dead[a.URL] = true
	}
	n.uplinks.mu.Lock()
	n.uplinks.dead = dead
	n.uplinks.mu.Unlock()
}
