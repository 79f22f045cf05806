// Command hub measures a whole national level: a seeded stock of contracts in the
// journals of members, mirrored by regional hubs on loopback; a nation, a real
// `maillon run`, that begins empty, follows and verifies all of it, consolidates and
// exports it, is restarted, and sees one contract change. Beside it, what a user of
// concatenated files would do with jq, pandas and DuckDB.
//
//	make bench-hub                     1,200,000 contracts, 36,000 buyers, 2,000 journals, 20 hubs
//	make bench-hub BENCH_SCALE=0.01    a hundredth of all but the hubs
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// Sizes of the national stock.
const (
	allRecords = 1_200_000
	allBuyers  = 36_000
	allMembers = 2_000
	allHubs    = 20
)

// A report is what is printed.
type report struct{ rows [][2]string }

func (r *report) add(what, format string, args ...any) {
	r.rows = append(r.rows, [2]string{what, fmt.Sprintf(format, args...)})
	fmt.Fprintf(os.Stderr, "%s  %s: %s\n", time.Now().Format(time.TimeOnly), what, fmt.Sprintf(format, args...))
}

func (r *report) print() {
	fmt.Println("| what | measured |")
	fmt.Println("|---|---|")
	for _, row := range r.rows {
		fmt.Printf("| %s | %s |\n", row[0], row[1])
	}
}

func run(ctx context.Context) error {
	scale := flag.Float64("scale", 1, "part of the national stock")
	seed := flag.Uint64("seed", 1, "of the contracts")
	binary := flag.String("maillon", "./maillon", "the program to measure")
	peers := flag.Bool("peers", true, "also run jq, pandas and DuckDB on the same contracts")
	folder := flag.String("dir", "", "where to keep what is made; a temporary folder, removed at the end, if empty")
	seconds := flag.Int("profile", 0, "seconds to write a CPU profile of, from when following begins, to bench-hub.pprof")
	heap := flag.Duration("heap", 0, "how long after following begins to write a profile of the heap, to bench-hub.heap; 0 for none")
	only := flag.Bool("takein", false, "end when the nation has taken in everything")
	flag.Parse()
	dir := *folder
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "bench-hub"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	out := &report{}
	out.add("machine", "%d cores, %s, load %s before", runtime.NumCPU(), runtime.Version(), load())
	start := time.Now()
	w, err := makeWorld(filepath.Join(dir, "below"), *scale, *seed)
	if err != nil {
		return fmt.Errorf("make the federation below: %w", err)
	}
	defer w.close()
	out.add("made", "%d records of %d contracts, %d buyers, %d journals, %d hubs, %.0f MB of JSON, in %s (not measured)",
		w.records, w.contracts, w.buyers, w.members, len(w.hubs), float64(w.bytes)/1e6, round(time.Since(start)))
	if err := measure(ctx, w, *binary, filepath.Join(dir, "nation"), probes{*seconds, *heap, *only}, out); err != nil {
		return err
	}
	if *peers {
		comparePeers(ctx, w, dir, out)
	}
	out.add("load", "%s after", load())
	out.print()
	return nil
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// load is that of the machine, over one, five and fifteen minutes: figures of a busy
// one say little about the program.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(raw))[:3], " ")
}

// have finds a program; a peer that is not installed is said to be.
func have(name string) (string, bool) {
	path, err := exec.LookPath(name)
	return path, err == nil
}
