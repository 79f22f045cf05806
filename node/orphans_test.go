package node

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// A region's hub is away. A town with a server and one without go on publishing: the
// nation serves them, as it knows them by the hub's journal. When the hub is back
// all is as before, and it has what it missed.
func TestATerritoryWithoutALivingHub(t *testing.T) {
	t.Parallel()
	const townID = "21350001000011"
	w := newHostedWorld(t, "")
	soon := func(r *running, extra ...string) *running {
		r.stop()
		config := strings.Replace(r.config, "follow_every: 2s,", "follow_every: 1s, orphan_after: 1s, "+strings.Join(extra, ""), 1)
		out := start(t, r.dir, config)
		return out
	}
	w.nation = soon(w.nation)
	w.hub = soon(w.hub)
	w.light = soon(w.light)
	dir := filepath.Join(t.TempDir(), "town")
	gossip := w.hub.node.cfg.Federation.Hub.Pool.Port
	town := start(t, dir, fmt.Sprintf(`
node: {id: "%s", name: Acigné, level: commune, territory: "fr:commune:35001"}
data: %s
http: {listen: "127.0.0.1:%d", admin: "127.0.0.1:0"}
federation: {allow_private: true, debounce: 20ms, follow_every: 1s, orphan_after: 1s, join: {hub: "%s", listen: "127.0.0.1:%d", advertise: 127.0.0.1, profile: local, peers: ["127.0.0.1:%d"]}}
`, townID, dir, freePort(t), hubID, freePort(t), gossip))
	mirrored := func(where *running, node string, size uint64) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d entries of %s", size, node), func() error {
			if n := where.node.Mirrored(node); n != size {
				s, _ := where.state(node)
				return fmt.Errorf("%d entries; %+v", n, s)
			}
			return nil
		})
	}
	w.light.publish(contracts(1, 10))
	town.publish(strings.ReplaceAll(contracts(1, 3), memberID, townID))
	for node, size := range map[string]uint64{memberID: 10, townID: 3} {
		mirrored(w.nation, node, size)
	}
	for _, r := range []*running{w.light, town} {
		eventually(t, "it knows who is above its hub", func() error {
			if up := (fedView{r.node}).Uplinks(); len(up) != 2 || up[1].ID != nationID {
				return fmt.Errorf("%+v", up)
			}
			return nil
		})
	}
	// As long as the hub answers, the nation is not to be told.
	a, _ := w.hub.node.below.announcement(townID)
	if d, _ := w.nation.node.below.take(a.Note()); d.Status != "pending" || !strings.Contains(d.Reason, hubID) {
		t.Errorf("a hub's member is taken over: %+v", d)
	}

	w.hub.stop()
	w.light.publish(contracts(11, 5))
	town.publish(strings.ReplaceAll(contracts(4, 2), memberID, townID))
	for node, size := range map[string]uint64{memberID: 15, townID: 5} {
		mirrored(w.nation, node, size)
		s, err := w.nation.state(node)
		if err != nil || s.State != Accepted {
			t.Errorf("%s is %+v, %v", node, s, err)
		}
		if m, ok := w.nation.node.roster.member(node); !ok || m.Hub != hubID {
			t.Errorf("%s was registered anew: %+v", node, m)
		}
	}
	// A member may be restarted meanwhile: it asks the nation how far it had come.
	w.light.stop()
	w.light = start(t, w.light.dir, w.light.config)
	w.light.publish(contracts(16, 1))
	mirrored(w.nation, memberID, 16)

	w.hub = start(t, w.hub.dir, w.hub.config)
	for node, size := range map[string]uint64{memberID: 16, townID: 5} {
		mirrored(w.hub, node, size)
	}
	for _, r := range []*running{w.light, town} {
		eventually(t, "it reports to its hub again", func() error {
			if up, _ := r.node.uplink(); up.ID != hubID {
				return fmt.Errorf("%+v", up)
			}
			return nil
		})
	}
	w.light.publish(contracts(17, 1))
	town.publish(strings.ReplaceAll(contracts(6, 1), memberID, townID))
	for _, where := range []*running{w.hub, w.nation} {
		mirrored(where, memberID, 17)
		mirrored(where, townID, 6)
	}
}
