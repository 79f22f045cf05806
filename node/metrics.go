package node

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// counts are the node's counters since it started, by name and labels as they
// are written. Labels take values from short lists only, never from others.
type counts struct {
	mu sync.Mutex
	n  map[string]uint64
}

// add counts one. labels are names and values in turn.
func (c *counts) add(name string, labels ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]uint64{}
	}
	c.n[metric(name, labels...)]++
}

func (c *counts) all() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.n)
}

func metric(name string, labels ...string) string {
	var pairs []string
	for i := 0; i+1 < len(labels); i += 2 {
		pairs = append(pairs, fmt.Sprintf("%s=%q", labels[i], labels[i+1]))
	}
	if pairs == nil {
		return name
	}
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// metrics answers in the text format of Prometheus, on the admin listener.
func (n *Node) metrics(w http.ResponseWriter, _ *http.Request) {
	all := n.counts.all()
	if all == nil {
		all = map[string]uint64{}
	}
	all["maillon_index_contracts"] = uint64(n.follower.Index.Len())
	all["maillon_index_behind"] = n.follower.Behind()
	for _, m := range n.roster.all() {
		all[metric("maillon_members", "state", m.State)]++
	}
	for why, count := range n.Refusals() {
		all[metric("maillon_refusals_total", "why", string(why))] = count
	}
	n.targets.mu.Lock()
	for _, st := range n.targets.state {
		if st.Failures > 0 {
			all["maillon_follows_failing"]++
		}
	}
	n.targets.mu.Unlock()
	n.measureReports(all)
	for _, p := range []*pool{n.above, n.below} {
		p.measure(all)
	}
	n.measure(all)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	writeMetrics(w, all)
}

// measure adds what a pool counts.
func (p *pool) measure(all map[string]uint64) {
	if p == nil {
		return
	}
	all[metric("maillon_announcements_limited_total", "pool", p.cfg.Hub)] = p.limited.Load()
	p.mu.Lock()
	g := p.gossip
	p.mu.Unlock()
	if g == nil {
		return
	}
	s := g.Stats()
	for name, v := range map[string]uint64{"received": s.Received, "repeated": s.Repeated, "dropped": s.Dropped, "crowded": s.Crowded, "strange": s.Strange, "kept-out": s.Refused} {
		all[metric("maillon_gossip_total", "pool", p.cfg.Hub, "what", name)] = v
	}
	for _, m := range g.Members() {
		if m.Alive {
			all[metric("maillon_gossip_alive", "pool", p.cfg.Hub)]++
		}
	}
}

// writeMetrics writes each family together, after its type.
func writeMetrics(w io.Writer, all map[string]uint64) {
	family := ""
	for _, line := range slices.Sorted(maps.Keys(all)) {
		name, _, _ := strings.Cut(line, "{")
		if name != family {
			kind := "gauge"
			if strings.HasSuffix(name, "_total") {
				kind = "counter"
			}
			_, _ = fmt.Fprintf(w, "# TYPE %s %s\n", name, kind)
			family = name
		}
		_, _ = fmt.Fprintf(w, "%s %d\n", line, all[line])
	}
}
