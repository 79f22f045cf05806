package sim

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"maillon/federation/repair"
)

// A Scenario is what happens to a nation.
type Scenario struct {
	Name, Title string
	Loss, NAT   float64
	Light       bool                                 // light members post during the scenario
	Fault       func(ctx context.Context, w *nation) // begins, and goes on until ctx ends; nil for none
	Heal        func(w *nation)                      // undoes what Fault left; nil if it leaves nothing
	Window      time.Duration                        // of the fault
}

// Lasting of the parts of a run.
const (
	startOver = time.Minute
	patience  = 30 * time.Minute
	brief     = 4 * time.Minute // of faults without a length of their own
	gap       = 20 * time.Second
)

// deadline is how long after the fault nothing may be missing any more: a
// minute, and one repair period at its longest.
const deadline = time.Minute + repair.Every*11/10

// epoch is when a nation begins.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Scenarios, in the order of the report.
var Scenarios = []Scenario{
	{Name: "calm", Title: "no loss"},
	{Name: "loss10", Title: "10 % of packets lost", Loss: 0.1},
	{Name: "loss30", Title: "30 % of packets lost", Loss: 0.3},
	{Name: "halves", Title: "every pool cut in halves for 10 min", Window: 10 * time.Minute, Fault: cutBy(func(a, b *host) bool { return a.side != b.side })},
	{Name: "hubs", Title: "every hub cut off from its members for 10 min", Window: 10 * time.Minute, Fault: cutBy(func(a, b *host) bool {
		return a.hub != b.hub && a.region == b.region && a.region > 0
	})},
	{Name: "top", Title: "the nation cut off from everyone for 10 min", Window: 10 * time.Minute, Fault: cutBy(func(a, b *host) bool {
		return (a.region == 0) != (b.region == 0)
	})},
	{Name: "udp", Title: "UDP cut between halves for 10 min, TCP not", Window: 10 * time.Minute, Fault: func(ctx context.Context, w *nation) {
		c := cut(func(a, b *host) bool { return a.side != b.side })
		w.net.udpCut.Store(&c)
	}, Heal: func(w *nation) { w.net.udpCut.Store(nil) }},
	{Name: "churn", Title: "5 % of members a minute crash for a minute, 10 % loss", Loss: 0.1, Window: 10 * time.Minute, Fault: churn},
	{Name: "restart", Title: "a whole region crashes and starts within 30 s", Window: 5 * time.Minute, Fault: restartRegion},
	{Name: "light", Title: "light members post over HTTPS, 10 % loss", Loss: 0.1, Light: true},
	{Name: "nat", Title: "20 % of members gossip behind NAT, against the rules", NAT: 0.2},
}

func cutBy(f cut) func(context.Context, *nation) {
	return func(_ context.Context, w *nation) { w.net.cut.Store(&f) }
}

// heal lets everything pass again, and starts what is down.
func (s Scenario) heal(w *nation) {
	w.net.cut.Store(nil)
	w.net.udpCut.Store(nil)
	for _, m := range w.order {
		if !m.up() {
			m.restart()
		}
	}
	if s.Heal != nil {
		s.Heal(w)
	}
}

// churn crashes members by chance, and starts each after a minute.
func churn(ctx context.Context, w *nation) {
	for _, info := range w.pools[1:] {
		perMinute := max(len(info.members)/20, 1)
		go func() {
			for sleep(ctx, time.Minute/time.Duration(perMinute)) {
				p := info.members[1+w.chanceOf(len(info.members)-1)]
				if !p.m.up() {
					continue
				}
				go func() {
					p.m.crash()
					sleep(ctx, time.Minute)
					p.m.restart() // also if the fault ends meanwhile: healing may have come too early to see it down
				}()
			}
		}()
	}
}

// restartRegion crashes the hub and all members of the first region.
func restartRegion(_ context.Context, w *nation) {
	for _, p := range w.pools[1].members {
		go func() {
			time.Sleep(time.Duration(w.chanceOf(int(10 * time.Second))))
			p.m.crash()
			time.Sleep(time.Duration(w.chanceOf(int(20 * time.Second))))
			p.m.restart()
		}()
	}
}

func (w *nation) chanceOf(n int) int {
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	return w.net.dice.IntN(n)
}

// Figures of a run.
type Figures struct {
	Scenario Scenario
	Options  Options

	Idle, Busy Traffic // without and with the fault

	Probes                                 int
	GossipPool, GossipHub, GossipNation    times // by gossip alone
	Pool, Hub, Nation                      times // by all three ways
	LostPool, LostNation, Unequal, Limited int   // at the deadline
	Healed                                 time.Duration
	Whole                                  time.Duration // until the pools were whole again; 0 for never within the deadline
	Behind                                 int           // deposits behind NAT that the nation does not know, since nobody can fetch them
	Seen                                   float64       // part of the members behind NAT that the others see alive
	Virtual                                time.Duration
}

// Traffic is what was sent, in bytes a second.
type Traffic struct {
	UDP, TCP, Web float64 // mean over the members that gossip
	MaxUDP        float64 // of one machine
	Hub           float64 // everything, of the busiest hub of a region
}

// Rounds is the number of gossip rounds that theory gives for n members when
// each tells four a round: log₅(n) to spread, ln(n)/4 to find the last.
func Rounds(n int) float64 { return math.Log(float64(n))/math.Log(5) + math.Log(float64(n))/4 }

// Run runs scenarios one after the other in one nation, and a new one for
// those with NAT; each begins when all has settled. It tells the figures of
// each. It must be called in a synctest bubble, and leaves nothing running.
func Run(ctx context.Context, o Options, scenarios []Scenario, tell func(Figures)) error {
	time.Sleep(time.Until(epoch)) // a bubble begins in 2000, when no announcement is valid
	for len(scenarios) > 0 {
		nat := scenarios[0].NAT
		n := slices.IndexFunc(scenarios, func(s Scenario) bool { return s.NAT != nat })
		if n < 0 {
			n = len(scenarios)
		}
		o.NAT = nat
		if err := runIn(ctx, newNation(o), scenarios[:n], tell); err != nil {
			return err
		}
		scenarios = scenarios[n:]
	}
	return nil
}

func runIn(ctx context.Context, w *nation, scenarios []Scenario, tell func(Figures)) error {
	defer w.stopAll()
	if err := w.startAll(startOver, patience); err != nil {
		return err
	}
	for _, s := range scenarios {
		tell(w.play(ctx, s))
	}
	return nil
}

// play runs one scenario.
func (w *nation) play(ctx context.Context, s Scenario) Figures {
	f := Figures{Scenario: s, Options: w.o}
	begin, limited := time.Now(), w.limited.Load()
	w.forget()
	w.net.setLoss(s.Loss)
	time.Sleep(2 * time.Minute) // what was before is still in the queues
	if s.Fault == nil && !s.Light {
		f.Idle = w.measure(func() { time.Sleep(w.o.Idle) })
	}
	f.Seen = w.seenBehindNAT()
	var all []*probe
	f.Busy = w.measure(func() { all = w.trouble(ctx, s, max(s.Window, brief)) })
	f.Probes = len(all)
	s.heal(w)
	f.settle(w, all)
	f.GossipPool, f.GossipHub, f.GossipNation = w.spread(all, true)
	f.Pool, f.Hub, f.Nation = w.spread(all, false)
	for _, pr := range all {
		if pr.nation == 0 && pr.m.host.nat && !pr.m.light {
			f.Behind++
		}
	}
	f.Limited, f.Virtual = int(w.limited.Load()-limited), time.Since(begin)
	w.net.setLoss(0)
	return f
}

// trouble lets the fault happen while communes announce: half of the time
// nobody posts, so that one sees what gossip alone does.
func (w *nation) trouble(ctx context.Context, s Scenario, window time.Duration) (all []*probe) {
	faulty, end := context.WithCancel(ctx)
	defer end()
	if s.Fault != nil {
		s.Fault(faulty, w)
	}
	const perRegion = 2 // in each half
	n := perRegion * w.o.Regions
	for _, muted := range []bool{true, false} {
		w.muted.Store(muted)
		for i := range n {
			if m := w.depositor(1+i%w.o.Regions, s.Light); m.up() {
				all = append(all, w.deposit(ctx, m))
			}
			time.Sleep((window/2 - gap) / time.Duration(n))
		}
		if muted {
			time.Sleep(2 * gap)
		}
	}
	return all
}

// depositor chooses a commune of a region.
func (w *nation) depositor(region int, light bool) *member {
	per := 1 + w.o.Members + w.o.Light
	first := 1 + w.o.National + (region-1)*per
	if light {
		return w.order[first+1+w.o.Members+w.dice.IntN(w.o.Light)]
	}
	return w.order[first+1+w.dice.IntN(w.o.Members)]
}

// settle waits until nothing is missing, or the deadline.
func (f *Figures) settle(w *nation, all []*probe) {
	healed := time.Now()
	for {
		pool, nation := w.lost(all)
		after := time.Since(healed)
		if f.Whole == 0 && w.whole() {
			f.Whole = after + 1
		}
		if pool+nation == 0 && f.Healed == 0 {
			f.Healed = after + 1 // 0 is for never
		}
		done := f.Healed > 0 && f.Whole > 0
		if done && w.o.Brief {
			return
		}
		if after >= deadline || done && w.unequal() == 0 {
			f.LostPool, f.LostNation, f.Unequal = pool, nation, w.unequal()
			return
		}
		time.Sleep(time.Second)
	}
}

// unequal counts the members whose book differs from their hub's.
func (w *nation) unequal() (n int) {
	for _, info := range w.pools {
		want := info.hub.below.Digest()
		for _, p := range info.members {
			if got := p.Digest(); p.m.up() && got != want {
				n++
			}
		}
	}
	return n
}

// seenBehindNAT is the part of members behind NAT that the hub sees alive.
func (w *nation) seenBehindNAT() float64 {
	alive, all := 0, 0
	for _, info := range w.pools[1:] {
		for _, m := range info.hub.below.pool0().Members() {
			if w.members[m.Name].host.nat && m.Alive {
				alive++
			}
		}
		for _, p := range info.members {
			if p.m.host.nat {
				all++
			}
		}
	}
	if all == 0 {
		return 1
	}
	return float64(alive) / float64(all)
}

// measure counts what is sent while do runs.
func (w *nation) measure(do func()) Traffic {
	type count struct{ udp, tcp, web int64 }
	read := func(h *host) count { return count{h.udp.Load(), h.tcp.Load(), h.web.Load()} }
	before, begin := map[*host]count{}, time.Now()
	for _, m := range w.order {
		before[m.host] = read(m.host)
	}
	do()
	secs := time.Since(begin).Seconds()
	var t Traffic
	n := 0.0
	for _, m := range w.order {
		if m.light {
			continue
		}
		a, b := before[m.host], read(m.host)
		udp, tcp, web := float64(b.udp-a.udp)/secs, float64(b.tcp-a.tcp)/secs, float64(b.web-a.web)/secs
		t.UDP, t.TCP, t.Web, n = t.UDP+udp, t.TCP+tcp, t.Web+web, n+1
		t.MaxUDP = max(t.MaxUDP, udp)
		if m.host.hub {
			t.Hub = max(t.Hub, udp+tcp+web)
		}
	}
	t.UDP, t.TCP, t.Web = t.UDP/n, t.TCP/n, t.Web/n
	return t
}

func (f Figures) String() string {
	return fmt.Sprintf("%s: %s: %d probes, lost %d in pools, %d at the nation, %d books unequal; healed %s, whole %s; gossip alone pool %v hub %v nation %v; all ways pool %v hub %v nation %v; idle %+.0f busy %+.0f; NAT seen %.2f; limited %d; virtual %s",
		f.Scenario.Name, f.Options, f.Probes, f.LostPool, f.LostNation, f.Unequal, f.Healed, f.Whole, f.GossipPool, f.GossipHub, f.GossipNation, f.Pool, f.Hub, f.Nation, f.Idle, f.Busy, f.Seen, f.Limited, f.Virtual)
}
