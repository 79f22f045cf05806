// Command query measures the index of contracts, and beside it in the same run
// PostgreSQL and DuckDB, on the same made-up contracts and twenty fixed questions with
// all their facets, warm; the answers must be equal.
//
//	go run ./bench/query [-n 1200000] [-views 120000] [-pages 20000] [-for 5s] [-sql=false]
//
// PostgreSQL is Debian's: a cluster of its own in a temporary folder, run by an
// unprivileged user, reached by a socket in that folder. DuckDB is in a module of its
// own (bench/query/duckdb, with cgo). What is not there is skipped, and said.
package main

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"maillon/bench/query/made"
	"maillon/catalog/pivot"
	"maillon/catalog/territory"
	"maillon/store/search"
	"maillon/store/view"
)

type options struct {
	n, views, pages int
	seed            uint64
	each            time.Duration
	dir             string
	profile         string
	sql             bool
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 1_200_000, "contracts in the index and the tables")
	flag.IntVar(&o.views, "views", 120_000, "contracts in views, from which an index is made and pages are read")
	flag.IntVar(&o.pages, "pages", 20_000, "contracts of a node whose pages are read over HTTP; 0 leaves it out")
	flag.Uint64Var(&o.seed, "seed", 1, "of the random numbers")
	flag.DurationVar(&o.each, "for", 5*time.Second, "how long each measurement runs at most")
	flag.StringVar(&o.profile, "profile", "", "file for a profile of the searches")
	flag.BoolVar(&o.sql, "sql", true, "measure PostgreSQL and DuckDB too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.dir, err = os.MkdirTemp("", "maillon-query-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	if err := os.Chmod(o.dir, 0o755); err != nil { // the cluster's user reads the tables
		return err
	}
	x, err := build(o)
	if err != nil {
		return err
	}
	if x, err = reload(x, o.dir); err != nil {
		return err
	}
	site(x)
	if err := profiled(o.profile, func() error { return measureSearches(ctx, x, o) }); err != nil {
		return err
	}
	ours, err := askIndex(ctx, x, o)
	if err != nil {
		return err
	}
	if o.views > 0 {
		if err := measureViews(ctx, o); err != nil {
			return err
		}
	}
	if o.pages > 0 {
		if err := measurePages(ctx, o); err != nil {
			return err
		}
	}
	if !o.sql {
		return nil
	}
	return beside(ctx, o, ours)
}

// profiled runs f under the profiler, if a file is named.
func profiled(name string, f func() error) error {
	if name == "" {
		return f()
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

// build makes the index in memory, and the tables for the others.
func build(o options) (*search.Index, error) {
	var t *tables
	var err error
	if o.sql {
		if t, err = newTables(o.dir); err != nil {
			return nil, err
		}
	}
	x := search.New()
	var took time.Duration
	batch := make([]view.Shown, 0, 1000)
	put := func() {
		start := cpu()
		x.Put(batch)
		took += cpu() - start
		batch = batch[:0]
	}
	for i, c := range made.New(o.seed, o.n).Contracts(o.n) {
		if t != nil {
			if err := t.add(i, &c); err != nil {
				return nil, err
			}
		}
		if batch = append(batch, shown(c)); len(batch) == cap(batch) {
			put()
		}
	}
	put()
	x.Loaded()
	if t != nil {
		if err := t.close(); err != nil {
			return nil, err
		}
	}
	fmt.Printf("index of %d contracts in memory: %.0f contracts/s of one core, %.0f bytes a contract of heap\n", x.Len(), float64(o.n)/took.Seconds(), heap()/float64(o.n))
	return x, nil
}

// shown is a contract as the views show it.
func shown(c pivot.Contract) view.Shown {
	m, _ := territory.CommuneByCode(c.Place.Code)
	s := view.Shown{Contract: c, Content: 1, Row: view.Row{
		Address: c.Buyer.ID + "/" + c.ID, Kind: c.Kind, State: pivot.Conforming, Buyer: c.Buyer.ID, ID: c.ID, Object: c.Object, CPV: c.CPV, Notified: c.Notified,
		Published: c.Published, Amount: c.Amount, Months: c.Months, Departement: m.Departement, Node: nodeOf(c.Buyer.ID), Authority: "own", Records: 1,
	}}
	for _, who := range c.Suppliers {
		s.Suppliers = append(s.Suppliers, who.ID)
	}
	return s
}

// nodes is how many nodes publish.
const nodes = 2000

// nodeOf is the node that publishes for a buyer.
func nodeOf(buyer string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(buyer))
	return made.SIRET("213502388", int(h.Sum32()%nodes))
}

// reload saves the index and loads it into another.
func reload(x *search.Index, dir string) (*search.Index, error) {
	file := filepath.Join(dir, "search.index")
	start := time.Now()
	if err := x.Save(file, search.Made{}); err != nil {
		return nil, err
	}
	saved := time.Since(start)
	st, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	y := search.New()
	start, used := time.Now(), cpu()
	if _, err := y.Load(file); err != nil {
		return nil, err
	}
	fmt.Printf("snapshot: %.0f MB, saved in %.1f s, loaded in %.1f s (%.1f s of processor)\n", float64(st.Size())/1e6, saved.Seconds(), time.Since(start).Seconds(), (cpu() - used).Seconds())
	return y, os.Remove(file)
}

// heap is how much memory is in use.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// cpu is what the process has used of the processors.
func cpu() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// threadCPU is what the thread has used.
func threadCPU() time.Duration { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

// clock reads a clock of the kernel, to the nanosecond where it can.
func clock(id int32) time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(id, &t)
	return time.Duration(t.Nano())
}
