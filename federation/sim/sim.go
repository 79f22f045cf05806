// Package sim runs a nation of nodes in one process, in virtual time, and
// measures how announcements travel: regional pools whose hubs are members of
// a national pool, under packet loss, cuts, crashes and NAT.
//
// Real here: memberlist, unmodified; gossip.Pool with the profile wan, an AES
// key and signed passes; federation.Book, Admit, Limiter and signed
// announcements; repair.Task, Pair and Fetch with their own times. Tests run
// it under testing/synctest, so that hours pass in seconds of CPU.
//
// Modelled:
//   - The network: packets take 5 to 30 ms one way and are lost by chance;
//     connections lose packets too, which costs time (SYN after 1, 3, 7 s; data
//     after 200 ms) and bytes. A cut, or a machine that is down, answers
//     nothing at all. Behind NAT nothing comes in. TCP has no window.
//   - HTTPS: three round trips and some kilobytes around each request, over
//     the same network; the other side answers from its book at once.
//   - The journal of a node is a number. A deposit makes it larger; the hub
//     fetches what is announced (four requests), and after the quiet time of
//     two seconds states the heads, which makes its own number larger; after
//     two more seconds it announces that. A fetch that fails is tried again
//     after a minute, as the follower does.
//   - A crash loses all but what a node keeps on disk: its book, its peers,
//     its numbers. A node that starts announces itself, as in package node.
//   - Passes and announcements with the same bytes are verified once in the
//     whole process. Disks and processors take no time.
//
// At the start every book holds the first announcement of every node of its
// pool, so that figures are of a nation at work. Choices of the simulation
// come from a seed; the order of goroutines and memberlist's own dice do not,
// so a run is repeatable in kind and not to the bit.
package sim

import (
	"fmt"
	"time"
)

// Options of a nation.
type Options struct {
	Seed     uint64
	Regions  int     // each with its hub and pool
	Members  int     // communes and others in each regional pool, its hub not counted
	Light    int     // nodes of each region that never gossip and post to their hub
	National int     // members of the national pool besides the hubs: national bodies
	NAT      float64 // part of the members that gossip though nothing reaches them

	Idle  time.Duration // how long traffic is measured while nothing happens
	Brief bool          // a run ends when nothing is missing, though books may still differ in what no run looks at
}

// Sizes of nations.
var (
	Tiny  = Options{Seed: 1, Regions: 2, Members: 10, Light: 2, National: 2, Idle: time.Minute}
	Small = Options{Seed: 1, Regions: 13, Members: 40, Light: 4, National: 13, Idle: 10 * time.Minute}
	Full  = Options{Seed: 1, Regions: 13, Members: 400, Light: 40, National: 13, Idle: 10 * time.Minute, Brief: true}
)

func (o Options) String() string {
	return fmt.Sprintf("%d × %d, seed %d", o.Regions, o.Members, o.Seed)
}

// Times of a node that the simulation models (package node).
const (
	debounce   = 2 * time.Second // federation.debounce
	followFail = time.Minute     // before a fetch that failed is tried again
	lifetime   = 30 * 24 * time.Hour
)

// hub of the nation, and the SIRENs of the regions by number.
const nationID = "13002526500013"

// nodeID is the i-th node of a region: a valid SIRET with a number. Of a real
// nation each would have its own.
func nodeID(region, i int) string {
	siret := siretOf(region*10 + i/900)
	if i%900 == 0 {
		return siret
	}
	return fmt.Sprintf("%s-%d", siret, i%900+1)
}

// siretOf makes the n-th valid SIRET of this simulation.
func siretOf(n int) string {
	siren := withCheck(fmt.Sprintf("21%06d", n+1))
	return withCheck(siren + "0001")
}

// withCheck appends the digit that makes Luhn's sum a multiple of ten.
func withCheck(digits string) string {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return fmt.Sprint(digits, (10-sum%10)%10)
}
