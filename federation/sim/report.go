package sim

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Targets of the figures (the promise of the federation).
const (
	mostIdleUDP   = 50.0   // bytes a second and member, nothing lost, nothing said
	mostIdle      = 250.0  // the same with exchanges
	mostLossyUDP  = 1000.0 // with 30 % of packets lost
	mostOverRound = 2.0    // times the rounds of theory, on the mean
)

// Judge lists the targets that a run has missed, in words. Whether anything
// was lost comes first, and is never a matter of measure.
func (f Figures) Judge() (lost, missed []string) {
	if f.LostPool+f.LostNation > 0 {
		lost = append(lost, fmt.Sprintf("%d announcements missing in pools and %d at the nation, %s after the end", f.LostPool, f.LostNation, deadline))
	}
	if f.Unequal > 0 {
		lost = append(lost, fmt.Sprintf("%d books differ from their hub's", f.Unequal))
	}
	if f.Scenario.NAT > 0 {
		return lost, missed // figures of what is against the rules
	}
	check := func(what string, got, most float64) {
		if got > most {
			missed = append(missed, fmt.Sprintf("%s: %.1f, at most %.1f", what, got, most))
		}
	}
	switch {
	case f.Idle == Traffic{}:
	case f.Scenario.Loss == 0:
		check("UDP when idle, B/s a member", f.Idle.UDP, mostIdleUDP)
		check("UDP and exchanges when idle, B/s a member", f.Idle.UDP+f.Idle.TCP, mostIdle)
	default:
		check("UDP when idle with loss, B/s a member", f.Idle.UDP, mostLossyUDP)
	}
	if f.Scenario.Fault == nil && f.GossipPool.n > 0 {
		check("rounds of gossip to a whole pool, times theory", f.GossipPool.mean.Seconds()/Rounds(f.Options.Members+1), mostOverRound)
	}
	return lost, missed
}

// WriteReport writes docs/scale.md. command says how it was made.
func WriteReport(w io.Writer, command string, all []Figures) error {
	var b strings.Builder
	o := all[0].Options
	fmt.Fprintf(&b, "# How far it scales\n\nWritten by `%s`, seed %d: do not edit. %d regional pools of %d members and their hub, and a national pool of %d.\n",
		command, o.Seed, o.Regions, o.Members, o.Regions+o.National+1)
	b.WriteString(`What is real in the simulation and what is modelled is said in the comment of package federation/sim. Times are virtual. Bytes are those sent, with
headers of IP, UDP and TCP; a member also receives as much. One round of gossip is one second.

`)
	knows(&b, all)
	traffic(&b, all)
	verdicts(&b, all)
	onPaper(&b, all)
	_, err := io.WriteString(w, b.String())
	return err
}

// knows writes how long it takes until others know.
func knows(b *strings.Builder, all []Figures) {
	b.WriteString(`## Until the nation knows

From a deposit in a commune until the nation has an announcement of the region's hub whose journal states it. Of that, four seconds are the quiet times of the
hub (before it states, before it announces). Half of the deposits of a run travel by gossip alone, nobody posting; the other half by all ways. In runs with a
fault, deposits are made during it, so that times contain waiting for its end.

| run | nation, all ways: mean / median / max | nation, gossip alone | whole pool, gossip alone: mean / max | rounds: measured / theory |
|---|---|---|---|---|
`)
	for _, f := range all {
		rounds := "–"
		if f.Scenario.Fault == nil && f.GossipPool.n > 0 {
			rounds = fmt.Sprintf("%.1f / %.1f", f.GossipPool.mean.Seconds(), Rounds(f.Options.Members+1))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", f.Scenario.Title, f.Nation, f.GossipNation, f.GossipPool.short(), rounds)
	}
	b.WriteString(`
Theory is log₅(n) + ln(n)/4 rounds for n members that tell four others a round; log₅(n) alone is the lower bound.

`)
}

func (t times) String() string {
	if t.n == 0 {
		return "–"
	}
	return fmt.Sprintf("%s / %s / %s", secs(t.mean), secs(t.median), secs(t.max))
}

func (t times) short() string {
	if t.n == 0 {
		return "–"
	}
	return fmt.Sprintf("%s / %s", secs(t.mean), secs(t.max))
}

func secs(d time.Duration) string {
	if d >= 2*time.Minute {
		return fmt.Sprintf("%.1f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// traffic writes what is sent.
func traffic(b *strings.Builder, all []Figures) {
	b.WriteString(`## What is sent and what is lost

Bytes a second and member, on the mean: UDP / exchanges (TCP) / HTTPS (repairs, posts, visits). *Idle* is ten minutes in which nobody announces, after all has settled; *busy* is the time of the fault, with its deposits. *Complete* is how long after
the end of the fault (or of the deposits) nothing was missing any more, at any live member, hub or the nation; *members* how long until each saw all
others again (99 of 100 in large pools).

| run | idle | busy | busiest hub, busy | deposits | complete | members | lost: pools, nation |
|---|---|---|---|---|---|---|---|
`)
	for _, f := range all {
		fmt.Fprintf(b, "| %s | %s | %s | %.0f | %d | %s | %s | %d, %d |\n", f.Scenario.Title, f.Idle, f.Busy, f.Busy.Hub, f.Probes,
			after(f.Healed), after(f.Whole), f.LostPool, f.LostNation)
	}
	b.WriteString("\n")
	for _, f := range all {
		if f.Scenario.NAT > 0 {
			fmt.Fprintf(b, "Members that gossip behind NAT: their hub lists %.0f %% of them as alive after %s. They hear nothing by gossip and everything by repair with\n"+
				"the hub, which they begin themselves; what they announce is heard. Nobody can fetch their journals: %d of their deposits never reached the nation. They\nmust be light.\n\n",
				100*f.Seen, secs(f.Options.Idle), f.Behind)
		}
	}
}

func (t Traffic) String() string {
	if t == (Traffic{}) {
		return "–"
	}
	return fmt.Sprintf("%.0f / %.0f / %.0f", t.UDP, t.TCP, t.Web)
}

func after(d time.Duration) string {
	switch {
	case d == 0:
		return "not by " + secs(deadline)
	case d < time.Second:
		return "at once"
	}
	return secs(d)
}

// verdicts says what was promised and kept.
func verdicts(b *strings.Builder, all []Figures) {
	fmt.Fprintf(b, `## Against what was promised

Nothing lost a minute and one repair period (%s at most) after the end of the fault; at most %g times the rounds of theory; at most %.0f B/s of UDP, %.0f with
exchanges, for an idle member; at most %.0f with 30 %% of packets lost.

`, secs(deadline), mostOverRound, mostIdleUDP, mostIdle, mostLossyUDP)
	kept := true
	for _, f := range all {
		lost, missed := f.Judge()
		for _, what := range append(lost, missed...) {
			kept = false
			fmt.Fprintf(b, "- **Not kept** in “%s”: %s.\n", f.Scenario.Title, what)
		}
	}
	if kept {
		b.WriteString("All kept.\n")
	}
	b.WriteString("\n")
}

// Assumptions of the part on paper.
const (
	communes    = 35_000
	others      = 100_000 // other buyers
	departments = 101     // pools of the first level, each with a hub
	regions     = 18
	fullPart    = 0.2 // of nodes that gossip; the others are light
	perDay      = 2.0 // announcements of a node: its daily renewal, and one deposit
	noteBytes   = 800.0
	packetHead  = 28 + 29 + 24 + 5 // IP and UDP, encryption, label, item
	records     = 1_500_000.0      // a year, in the nation
	recordBytes = 3_500.0          // body, salt, header and hashes of one, before compression
	visitBytes  = 7_000.0 + 4*webAnswers
	day         = 86_400.0
)

// sends is how often a member passes an announcement on in a pool of n.
func sends(n float64) float64 { return 6 * math.Ceil(math.Log10(n+1)) }

// onPaper computes the nation from the figures.
func onPaper(b *strings.Builder, all []Figures) {
	nodes := float64(communes + others)
	pool := nodes / departments
	full := pool * fullPart
	said := pool * perDay / day // announcements a second in a pool
	gossip := said * sends(full) * (noteBytes + packetHead)
	repairs := full * (webDigest + webAnswers) / 900
	posts := said * (100 + webAnswers)
	looks := said * (webAnswers + pool/256*noteBytes*1.1) // of light members, whether their post has arrived
	visits := said * visitBytes
	up := nodes * perDay / day * visitBytes
	perYear := records * recordBytes
	fmt.Fprintf(b, `## On paper: 35,000 communes and 100,000 other buyers

Not simulated. Assumed: %d hubs of départements, each with %.0f nodes of which %.0f %% gossip (%.0f) and the others are light; %d hubs of régions above them, and the
nation. Each node announces %.0f times a day (its renewal, one deposit) with %.0f bytes, a visit of a hub costs %.0f kB (four requests), and the nation publishes
%.1f million records a year of %.1f kB in the journal. A member's idle traffic is the one measured (%s B/s above).

| level | what | bytes a second | a day |
|---|---|---|---|
`, departments, pool, 100*fullPart, full, regions, perDay, noteBytes, visitBytes/1000, records/1e6, recordBytes/1000, all[0].Idle)
	row := func(level, what string, perSecond float64) {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", level, what, scale(perSecond), scale(perSecond*day))
	}
	row("light member", "two posts, as many looks whether they arrived, the push of a deposit", perDay*(noteBytes+2*webAsks+visitBytes)/day)
	row("full member", "idle, as measured", all[0].Idle.UDP+all[0].Idle.TCP+all[0].Idle.Web)
	row("full member", fmt.Sprintf("telling on %.0f announcements a day, %.0f times each", pool*perDay, sends(full)), gossip)
	row("département", fmt.Sprintf("repairs of %.0f members every 15 min", full), repairs)
	row("département", "answers to posts, and to looks of light members", posts+looks*(1-fullPart))
	row("département", "visits to members or pushes from them", visits)
	row("région", fmt.Sprintf("mirroring what %.1f départements hold", float64(departments)/regions), up/regions)
	row("nation", "mirroring everything through the régions", up)
	fmt.Fprintf(b, `
At eight in the morning, if all %.0f light members of a département post within ten minutes, its hub takes %.1f requests a second. The nation visits %.1f journals a
second around the clock, all from %d hubs.

| level | journals mirrored | bytes added a year | kept of announcements |
|---|---|---|---|
`, pool-full, (pool-full)/600, nodes*perDay/day, regions)
	for _, l := range []struct {
		level string
		part  float64
	}{{"commune", 1 / nodes}, {"département", 1.0 / departments}, {"région", 1.0 / regions}, {"nation", 1}} {
		held := pool
		if l.level == "nation" || l.level == "région" {
			held = float64(departments) / regions
		}
		if l.level == "nation" {
			held = regions
		}
		fmt.Fprintf(b, "| %s | %.0f | %s | %s |\n", l.level, math.Max(nodes*l.part, 1), scale(perYear*l.part), scale(held*(noteBytes+200)))
	}
	fmt.Fprintf(b, `
What limits: the telling on of announcements in a département, %.0f B/s a member, grows with all nodes of the pool although only the hub needs those of light members; a
pool whose nodes announce more often than twice a day should not tell those on, or be split. Nothing else comes near the limits of a small server.
`, gossip)
}

// scale writes bytes for people.
func scale(v float64) string {
	for _, u := range []string{"B", "kB", "MB", "GB", "TB"} {
		if v < 1000 {
			if v < 10 {
				return fmt.Sprintf("%.1f %s", v, u)
			}
			return fmt.Sprintf("%.0f %s", v, u)
		}
		v /= 1000
	}
	return fmt.Sprintf("%.1f PB", v)
}
