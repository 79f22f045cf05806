//go:build netns && linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// How long a fault lasts, and how long the federation may take to be whole
// after it: 60 s and one repair period, that of the profile "local" and of
// follow_every in these configurations.
const (
	hold   = 10 * time.Second
	repair = 60*time.Second + 10*time.Second
)

// Budgets of a node. Measured: 70 MB, and 15 to 30 kB/s for the busiest hub (5
// to 7 kB/s for a member) in a federation that never rests, with the profile "local",
// which talks ten times as often as "wan".
const (
	maxMemory  = 256 << 20 // bytes
	maxTraffic = 60 << 10  // bytes a second, in and out, mean of the whole test
)

// TestNetns runs twelve real nodes in network namespaces and does to them
// what networks, clocks and disks do. Each sub-test deposits during the
// fault, and leaves the federation whole.
func TestNetns(t *testing.T) {
	f := newFed(t)
	f.startAll()
	f.everywhere(func(role string) { f.deposit(role) })
	f.eventually("the federation is whole at first", repair, f.whole)
	t.Logf("whole %s after the first start of twelve nodes", time.Since(f.since).Round(100*time.Millisecond))
	t.Run("a tenth of the packets are lost", f.fault(f.loss(10), "rennes", "tours", "bretagne"))
	t.Run("three tenths of the packets are lost", f.fault(f.loss(30), "malo", "recia", "ille"))
	t.Run("a member hears its hub, which does not hear it", f.fault(f.deaf("ille", "rennes"), "rennes", "ille"))
	t.Run("a hub hears its member, which does not hear it", f.fault(f.deaf("rennes", "ille"), "rennes", "malo"))
	t.Run("a région does not hear the nation", f.fault(f.deaf("bretagne", "nation"), "brest", "bretagne"))
	t.Run("no UDP reaches or leaves a hub", f.fault(f.noUDP("bretagne", "orleans"), "brest", "orleans", "rennes"))
	t.Run("a région is cut off", f.fault(f.isolated("bretagne"), "rennes", "brest", "bretagne", "tours"))
	t.Run("the nation is cut off", f.fault(f.isolated("nation"), "rennes", "orleans", "nation"))
	t.Run("a hub is killed and starts again", f.fault(f.killed("ille"), "rennes", "malo"))
	t.Run("the nation is killed and starts again", f.fault(f.killed("nation"), "recia", "brest"))
	for _, by := range []time.Duration{time.Hour, -time.Hour, year, -year} {
		t.Run(fmt.Sprintf("clocks of a member and a hub jump by %s", by), f.fault(f.clock(by, "malo", "centre"), "malo", "centre", "tours", "rennes"))
	}
	t.Run("a member starts with a clock a year behind", f.startsInThePast)
	t.Run("the disks of a member and a hub are full", f.diskFull)
	t.Run("a member and a hub come back with other addresses", f.fault(f.moved("ille", "megalis"), "rennes", "brest"))
	f.budget(t)
}

const year = 365 * 24 * time.Hour

// fault is a sub-test: the fault begins, the given nodes take deposits, the
// fault lasts and ends; then the federation must become whole in time.
func (f *fed) fault(begin func() (end func()), during ...string) func(*testing.T) {
	return func(t *testing.T) {
		f.with(t, func() {
			f.dropped = 0
			end := begin()
			start := time.Now()
			f.deposit(during...)
			time.Sleep(time.Until(start.Add(hold)))
			f.deposit(during[0])
			end()
			f.becomesWhole(t)
		})
	}
}

// becomesWhole waits for the federation after a fault, then checks that it
// still takes deposits and that nothing has gone back.
func (f *fed) becomesWhole(t *testing.T) {
	t.Helper()
	healed := time.Now()
	f.eventually("the federation is whole", repair, f.whole)
	t.Logf("whole %s after the fault", time.Since(healed).Round(100*time.Millisecond))
	f.watch.check(t)
}

func (f *fed) everywhere(do func(role string)) {
	for _, pl := range places {
		do(pl.role)
	}
}

// loss drops a share of all packets, once on their way.
func (f *fed) loss(percent uint32) func() func() {
	return func() func() {
		f.everywhere(func(role string) { f.cutOff(role, cut{percent: percent}) })
		return f.mended(slices.Collect(maps.Keys(f.nodes))...)
	}
}

// deaf lets nothing come to one node from another.
func (f *fed) deaf(role, to string) func() func() {
	return func() func() {
		f.cutOff(role, cut{from: f.ip[to]})
		return f.mended(role)
	}
}

func (f *fed) noUDP(roles ...string) func() func() {
	return func() func() {
		for _, role := range roles {
			f.cutOff(role, cut{udp: true}, cut{udp: true, out: true})
		}
		return f.mended(roles...)
	}
}

// mended ends the cuts of nodes, which must have dropped something.
func (f *fed) mended(roles ...string) func() {
	return func() {
		for _, role := range roles {
			f.mend(role)
		}
		f.t.Logf("%d packets were dropped", f.dropped)
		if f.dropped == 0 {
			f.t.Error("the fault had no effect")
		}
	}
}

func (f *fed) isolated(role string) func() func() {
	return func() func() {
		f.cutOff(role, cut{}, cut{out: true})
		return f.mended(role)
	}
}

func (f *fed) killed(role string) func() func() {
	return func() func() {
		f.nodes[role].stop(syscall.SIGKILL)
		return func() { f.nodes[role].start() }
	}
}

// moved stops nodes, and starts them again at other addresses.
func (f *fed) moved(roles ...string) func() func() {
	return func() func() {
		for _, role := range roles {
			f.nodes[role].stop(syscall.SIGTERM)
		}
		return func() {
			for _, role := range roles {
				f.restart(role, syscall.SIGTERM, true)
			}
		}
	}
}

// clock moves the clocks of running nodes and moves them back.
func (f *fed) clock(by time.Duration, roles ...string) func() func() {
	return func() func() {
		for _, role := range roles {
			f.setClock(role, by)
		}
		return func() {
			for _, role := range roles {
				f.setClock(role, 0)
			}
		}
	}
}

// startsInThePast starts a member with a clock that is wrong: it says so
// instead of taking deposits, and goes on when the clock is right.
func (f *fed) startsInThePast(t *testing.T) {
	f.with(t, func() {
		f.nodes["tours"].stop(syscall.SIGTERM)
		f.setClock("tours", -year)
		f.nodes["tours"].start()
		f.eventually("it says that the clock is wrong", 20*time.Second, func() error {
			err := f.tryDeposit("tours")
			if errors.Is(err, errReadOnly) && strings.Contains(err.Error(), "set the clock") {
				return nil
			}
			return fmt.Errorf("it answers %w", err)
		})
		f.deposit("recia")
		f.setClock("tours", 0)
		f.deposit("tours")
		f.becomesWhole(t)
	})
}

// diskFull fills the disks of a member and of a hub: they stay up, refuse
// deposits in words and go on once there is room.
func (f *fed) diskFull(t *testing.T) {
	f.with(t, func() {
		full := []string{"malo", "ille"}
		for _, role := range full {
			f.nodes[role].stop(syscall.SIGTERM)
			f.smallDisk(role)
			f.nodes[role].start()
		}
		f.deposit(full...)
		for _, role := range full {
			f.fill(role)
		}
		pid := f.nodes["ille"].cmd.Process.Pid
		f.deposit("rennes", "brest") // below and beside
		start := time.Now()
		for _, role := range full {
			err := f.tryDeposit(role)
			for range 40 { // what little room there was is used up
				if err != nil {
					break
				}
				err = f.tryDeposit(role)
			}
			if err == nil {
				t.Errorf("%s takes deposits on a full disk", role)
			}
			t.Logf("%s with a full disk answers: %v", role, err)
		}
		time.Sleep(time.Until(start.Add(hold)))
		for _, role := range full {
			if err := f.nodes[role].get("/healthz", nil); err != nil {
				t.Errorf("%s with a full disk does not answer: %v", role, err)
			}
		}
		for _, role := range full {
			if err := os.Remove(filepath.Join(f.nodes[role].dir, "filler")); err != nil {
				t.Fatal(err)
			}
		}
		if now := f.nodes["ille"].cmd.Process.Pid; now != pid {
			t.Errorf("the hub was process %d and is %d", pid, now)
		}
		f.deposit(full...)
		f.becomesWhole(t)
	})
}

// smallDisk moves the folder of a stopped node to a file system of 24 MiB.
func (f *fed) smallDisk(role string) {
	dir := f.nodes[role].dir
	aside := dir + ".aside"
	if err := os.Rename(dir, aside); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := syscall.Mount(nsPrefix+role, dir, "tmpfs", 0, "size=24m,mode=700"); err != nil {
		f.t.Skipf("SKIPPED: no small file system to be had: %v", err)
	}
	if err := os.CopyFS(dir, os.DirFS(aside)); err != nil {
		f.t.Fatal(err)
	}
}

// fill writes until nothing more fits.
func (f *fed) fill(role string) {
	file, err := os.Create(filepath.Join(f.nodes[role].dir, "filler"))
	if err != nil {
		f.t.Fatal(err)
	}
	defer file.Close()
	for chunk := make([]byte, 1<<20); len(chunk) > 0; {
		if _, err := file.Write(chunk); err != nil {
			chunk = chunk[:len(chunk)/2]
		}
	}
}

// budget checks memory and traffic of every node, over the whole test.
func (f *fed) budget(t *testing.T) {
	seconds := time.Since(f.since).Seconds()
	for _, pl := range places {
		memory, rate := f.nodes[pl.role].memory(), float64(f.traffic(pl.role))/seconds
		t.Logf("%-10s %4d MB of memory, %6.1f kB/s in and out over %.0f s", pl.role, memory>>20, rate/1024, seconds)
		if memory > maxMemory || rate > maxTraffic {
			t.Errorf("%s uses %d bytes of memory and %.0f B/s, want at most %d and %d", pl.role, memory, rate, maxMemory, maxTraffic)
		}
	}
}
