//go:build netns && linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A place is one node of the federation under test.
type place struct {
	role, siren string // the first 8 digits of the SIREN; the rest is computed
	level, zone string
	above       string // role of its hub; "" at the top
	hub         bool
}

// places are twelve nodes: a nation, two régions, a département below one of
// them that is a hub too, and bodies that join each of these hubs.
var places = []place{
	{"nation", "13002526", "national", "fr", "", true},
	{"bretagne", "23350001", "region", "fr:region:53", "nation", true},
	{"centre", "23450002", "region", "fr:region:24", "nation", true},
	{"ille", "22350001", "departement", "fr:departement:35", "bretagne", true},
	{"metropole", "24350013", "epci", "fr:epci:243500139", "bretagne", false},
	{"brest", "21290019", "commune", "fr:commune:29019", "bretagne", false},
	{"megalis", "25351449", "organisme", "fr:region:53", "bretagne", false},
	{"rennes", "21350238", "commune", "fr:commune:35238", "ille", false},
	{"malo", "21350288", "commune", "fr:commune:35288", "ille", false},
	{"orleans", "21450234", "commune", "fr:commune:45234", "centre", false},
	{"tours", "21370261", "commune", "fr:commune:37261", "centre", false},
	{"recia", "18450311", "organisme", "fr:region:24", "centre", false},
}

// A fed is that federation, running, and what it has acknowledged.
type fed struct {
	*world
	net     *network
	at      map[string]place
	ip      map[string]string
	moves   int
	dropped uint64 // packets, by the faults of this sub-test
	acked   map[string]acknowledged
	watch   *watch
	since   time.Time
}

// acknowledged is what a node has answered for.
type acknowledged struct {
	contracts int
	size      uint64 // of its journal
	deposits  int
}

// newFed makes the network and the nodes; none is started yet.
func newFed(t *testing.T) *fed {
	n := newNetwork(t)
	f := &fed{
		world: &world{t: t, bin: build(t, "-tags", "testclock"), dir: n.dir, nodes: map[string]*process{}},
		net:   n, at: map[string]place{}, ip: map[string]string{}, acked: map[string]acknowledged{},
	}
	for i, pl := range places {
		f.at[pl.role], f.ip[pl.role], ids[pl.role] = pl, subnet+strconv.Itoa(10+i), siret(pl.siren)
		n.add(pl.role, f.ip[pl.role])
		f.meter(pl.role)
		dir := filepath.Join(f.dir, pl.role)
		f.nodes[pl.role] = &process{
			w: f.world, role: pl.role, dir: dir, config: dir + ".yaml", client: n.client(), spawn: n.spawn(pl.role),
			env: append(os.Environ(), "MAILLON_TEST_CLOCK=@"+dir+".clock"),
		}
	}
	return f
}

// siret completes 8 digits to a SIREN and that to a SIRET, by their check digits.
func siret(digits string) string {
	check := func(s string) string {
		sum := 0
		for i := range len(s) {
			d := int(s[len(s)-1-i] - '0')
			if i%2 == 0 {
				d *= 2
			}
			sum += d/10 + d%10
		}
		return s + strconv.Itoa((10-sum%10)%10)
	}
	return check(check(digits) + "0001")
}

// configure writes the configuration of a node for the address it has now.
func (f *fed) configure(role string) {
	pl, p, ip := f.at[role], f.nodes[role], f.ip[role]
	p.mu.Lock()
	p.base = "http://" + ip + ":8080"
	p.mu.Unlock()
	text := fmt.Sprintf(`node: {id: %q, name: "Essai : %s", level: %s, territory: %q, contact: %s@exemple.fr}
url: %s
data: %s
http: {listen: "%s:8080", admin: "127.0.0.1:9090", rate: "0"}
log: {format: json}
federation:
  allow_private: true
  debounce: 200ms
  follow_every: 10s
`, ids[role], role, pl.level, pl.zone, role, p.url(), p.dir, ip)
	if pl.hub {
		text += fmt.Sprintf("  hub: {listen: \"0.0.0.0:7946\", advertise: %s, profile: local, admission: open}\n", ip)
	}
	if pl.above != "" {
		text += fmt.Sprintf("  join: {hub: %q, listen: \"0.0.0.0:7947\", advertise: %s, profile: local, peers: [\"%s:7946\"]}\n", ids[pl.above], ip, f.ip[pl.above])
	}
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// startAll starts every node, and the watch over them.
func (f *fed) startAll() {
	for _, pl := range places {
		f.configure(pl.role)
		f.nodes[pl.role].start()
	}
	f.since = time.Now()
	f.t.Cleanup(func() {
		var all []string
		for _, pl := range places {
			all = append(all, pl.role)
		}
		f.stopAll(all)
		unmountAll()
	})
	f.watch = newWatch(f)
}

// restart ends a node by a signal and starts it again, with another address if asked.
func (f *fed) restart(role string, sig syscall.Signal, moved bool) {
	f.nodes[role].stop(sig)
	if moved {
		f.moves++
		f.ip[role] = subnet + strconv.Itoa(100+f.moves)
		f.net.move(role, f.ip[role])
	}
	f.configure(role)
	f.nodes[role].start()
}

// setClock moves the clock of a node, running or not.
func (f *fed) setClock(role string, offset time.Duration) {
	f.watch.excuse(role)
	if err := os.WriteFile(f.nodes[role].dir+".clock", []byte(offset.String()), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// levelsAbove lists the hubs above a node, the nearest first.
func (f *fed) levelsAbove(role string) (hubs []string) {
	for above := f.at[role].above; above != ""; above = f.at[above].above {
		hubs = append(hubs, above)
	}
	return hubs
}

// deposit publishes two contracts on each node and notes what it answered
// for.
func (f *fed) deposit(roles ...string) {
	f.t.Helper()
	for _, role := range roles {
		f.eventually("deposit on "+role, 20*time.Second, func() error { return f.tryDeposit(role) })
	}
}

func (f *fed) tryDeposit(role string) error {
	a := f.acked[role]
	a.deposits++
	f.acked[role] = a // a deposit that is not answered for is not tried again under its name
	rep, err := f.nodes[role].deposit("essai.json", contracts(ids[role], fmt.Sprintf("D%03d", a.deposits), 2), "")
	if err != nil {
		return err
	}
	if rep.Outcome != "accepted" || rep.Counts.Appended != 2 {
		return fmt.Errorf("%+v", rep)
	}
	a.contracts += 2
	a.size = rep.Size
	f.acked[role] = a
	return nil
}
