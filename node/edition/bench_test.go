package edition

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
	"maillon/catalog/pivot/ocds"
	"maillon/store/bolt"
	"maillon/store/view"
)

// TestMeasure makes the edition of a large file of contracts and says how long each
// part of it takes. It needs MAILLON_BENCH_PIVOT, a file of
//
//	go run ./bench/gen -layout official -bytes 143000000 -o FILE
//
// whose contracts it spreads over buyers, a buyer for each 33, and eight years.
func TestMeasure(t *testing.T) {
	path := os.Getenv("MAILLON_BENCH_PIVOT")
	if path == "" {
		t.Skip("MAILLON_BENCH_PIVOT names no file to measure with")
	}
	db, err := bolt.Open(filepath.Join(t.TempDir(), "views.db"), bolt.Options{Churn: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	v, err := view.Open(db, hub)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	n := spread(t, v, path)
	t.Logf("%d contracts in the views after %s", n, time.Since(begun).Round(time.Millisecond))
	s := &Store{Dir: t.TempDir(), Views: v, Dataset: "d", URL: "https://x.example", Publisher: Publisher{hub, "Région"}, Keep: Keep{Days: 30}, Now: time.Now}
	if err := s.Load(); err != nil {
		t.Fatal(err)
	}
	step := func(what string, do func() error) {
		begun, cpu := time.Now(), used(t)
		if err := do(); err != nil {
			t.Fatal(err)
		}
		cpu = used(t) - cpu
		t.Logf("%-30s %8s, %8s of CPU  %6.2f µs a contract", what, time.Since(begun).Round(time.Millisecond), cpu, float64(cpu.Nanoseconds())/1000/float64(n))
	}
	refresh := func() error { _, err := s.Refresh(t.Context()); return err }
	debug.FreeOSMemory() // what filling the views took
	own := anonymous(t)
	most, stop := watch(t)
	step("everything", refresh)
	stop()
	t.Logf("memory of its own: %d MB before, %d MB at most", own>>20, most.Load()>>20)
	e := s.Latest()
	step("of which SHA-256", func() error { return s.sums(t.Context(), e, nil) })
	t.Logf("%d pieces, %d groups, %d cuts", len(e.Pieces), len(e.Groups), len(e.Cuts))
	change(t, v, n)
	step("after one contract changed", refresh)
	whole, _ := e.Cut("")
	for _, f := range whole.Files {
		t.Logf("%-20s %6.1f MB, compressed %6.1f MB", f.Name, float64(f.Size)/1e6, float64(f.Gzipped)/1e6)
	}
	s.eachStream(t, n)
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// anonymous is the memory of this process that is no file's, in bytes.
func anonymous(t *testing.T) int64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("only measured where there is /proc: ", err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// watch keeps the most memory of this process's own until it is stopped.
func watch(t *testing.T) (most *atomic.Int64, stop func()) {
	most = &atomic.Int64{}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			most.Store(max(most.Load(), anonymous(t)))
			select {
			case <-end:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return most, func() { close(end); <-ended }
}

// used is the CPU time of this process so far.
func used(t *testing.T) time.Duration {
	raw, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Skip("only measured where there is /proc: ", err)
	}
	f := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond // ticks of Linux
}

var whose = regexp.MustCompile(`"(acheteur|autoriteConcedante)":\{"id":"\d+"`)

// spread puts the contracts of a file into the views.
func spread(t *testing.T, v *view.Views, path string) int {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var items []view.Item
	n := 0
	flush := func() {
		if err := v.Apply(t.Context(), view.Journal{Node: hub}, items); err != nil {
			t.Fatal(err)
		}
		items = items[:0]
	}
	for item, err := range pivot.NewReader(f, pivot.Limits{}).Items() {
		if err != nil {
			t.Fatal(err)
		}
		r := item.Record
		buyer := fmt.Sprintf("2%08d00018", (n*7919)%(120_000/33))
		raw := whose.ReplaceAll(bytes.Clone(r.Raw), fmt.Appendf(nil, `"$1":{"id":"%s"`, buyer))
		r.Raw = bytes.ReplaceAll(raw, []byte(`"2024-`), fmt.Appendf(nil, `"%d-`, 2019+n%8))
		r.Buyer = buyer
		e, err := entry.NewPut(zeros{}, r, entry.Source{Deposit: "d", Series: "s", Pointer: r.Pointer, Form: r.Form}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, view.Item{Index: uint64(n), Entry: e}) //nolint:gosec // not negative
		if n++; len(items) == 10_000 {
			flush()
		}
	}
	flush()
	return n
}

// change puts one contract more into the views.
func change(t *testing.T, v *view.Views, n int) {
	raw := strings.NewReplacer("ID", "NEW", "BUYER", "20000000100018", "YEAR", "2026", "OBJECT", "nouveau").Replace(marche)
	r := pivot.Record{Kind: pivot.Marche, Form: pivot.Nested, Raw: []byte(raw), Buyer: "20000000100018", ID: "NEW"}
	e, err := entry.NewPut(zeros{}, r, entry.Source{Deposit: "d", Series: "s", Pointer: "/0", Form: r.Form}, time.Now())
	if err == nil {
		err = v.Apply(t.Context(), view.Journal{Node: hub}, []view.Item{{Index: uint64(n), Entry: e}}) //nolint:gosec // not negative
	}
	if err != nil {
		t.Fatal(err)
	}
}

// eachStream says what each format costs, on one core.
func (s *Store) eachStream(t *testing.T, n int) {
	var some []pivot.Complete
	begun := time.Now()
	for c, err := range s.Views.PartitionContracts(context.Background(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if some = append(some, c); len(some) == 20_000 {
			break
		}
	}
	t.Logf("reading and judging %d: %.2f µs a contract", len(some), float64(time.Since(begun).Microseconds())/float64(len(some)))
	measure := func(name string, add func(p *packer, c *pivot.Complete) error) {
		e, err := newEncoder()
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		for i := range some {
			if err := add(&e.packers[0], &some[i]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := e.packers[0].end(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%-10s %6.2f µs a contract", name, float64(time.Since(begun).Microseconds())/float64(len(some)))
	}
	packed := func(record func(b []byte, c *pivot.Complete) ([]byte, error)) func(*packer, *pivot.Complete) error {
		return func(p *packer, c *pivot.Complete) error {
			return p.add("", func(b []byte) ([]byte, error) { return record(b, c) })
		}
	}
	releases, rows := ocds.NewEncoder(""), flat.NewPieceWriter()
	measure("complet", packed(func(b []byte, c *pivot.Complete) ([]byte, error) { return c.AppendJSON(b), nil }))
	measure("csv", packed(func(b []byte, c *pivot.Complete) ([]byte, error) { return flat.AppendCSV(b, c.Contract), nil }))
	measure("json", packed(func(b []byte, c *pivot.Complete) ([]byte, error) { return pivot.AppendJSON(b, &c.Contract) }))
	measure("xml", packed(func(b []byte, c *pivot.Complete) ([]byte, error) { return pivot.AppendXML(b, &c.Contract) }))
	measure("ocds", packed(func(b []byte, c *pivot.Complete) ([]byte, error) {
		return releases.Append(b, c.Address, &c.Contract, c.ReceivedAt), nil
	}))
	measure("parquet", func(_ *packer, c *pivot.Complete) error {
		rows.Add(slices.Collect(flat.Rows(c.Contract))...)
		return nil
	})
}
