package node

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// What a crowd may cost: memory above what the process held before, and the longest
// that another client waits meanwhile.
const (
	crowdMemory = 768 << 20
	crowdWait   = 15 * time.Second
)

// large skips what takes minutes and most of a machine.
func large(t *testing.T) {
	t.Helper()
	if os.Getenv("MAILLON_LARGE") == "" {
		t.Skip("MAILLON_LARGE is not set: nobody crowds the node")
	}
}

// bySize chooses a size: with MAILLON_LARGE=small, as the gate has it, the same happens
// within half a minute.
func bySize(whole, small int) int {
	if os.Getenv("MAILLON_LARGE") == "small" {
		return small
	}
	return whole
}

// A watcher asks a node for something now and then, as one more client, and keeps
// the most memory and the longest wait that it saw.
type watcher struct {
	asked, failed int
	longest       time.Duration
	before, most  uint64 // bytes resident
	stop          func()
}

func watch(t *testing.T, url string) *watcher {
	t.Helper()
	runtime.GC()
	w := &watcher{before: residentBytes()}
	client := &http.Client{Timeout: crowdWait, Transport: &http.Transport{DisableKeepAlives: true}}
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			begin := time.Now()
			res, err := client.Get(url)
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			w.asked++
			if err != nil || res.StatusCode != http.StatusOK {
				w.failed++
			}
			w.longest, w.most = max(w.longest, time.Since(begin)), max(w.most, residentBytes())
			select {
			case <-end:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	w.stop = sync.OnceFunc(func() { close(end); <-done })
	t.Cleanup(w.stop)
	return w
}

// check reports what the watcher saw.
func (w *watcher) check(t *testing.T) {
	t.Helper()
	w.stop()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("another client: %d questions, %d without answer, %s at most; resident %d MiB before, %d at most; heap now %d",
		w.asked, w.failed, w.longest.Round(time.Millisecond), w.before>>20, w.most>>20, m.HeapInuse>>20)
	if w.failed > 0 || w.asked < 2 {
		t.Errorf("%d of %d questions of another client have no answer", w.failed, w.asked)
	}
	if w.most > w.before+crowdMemory {
		t.Errorf("%d MiB resident, %d before", w.most>>20, w.before>>20)
	}
}

// residentBytes is the memory of this process, with the clients; where /proc does not
// tell, what Go took from the system.
func residentBytes() uint64 {
	if raw, err := os.ReadFile("/proc/self/statm"); err == nil {
		if f := strings.Fields(string(raw)); len(f) > 1 {
			if pages, err := strconv.ParseUint(f[1], 10, 64); err == nil {
				return pages * uint64(os.Getpagesize())
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

// crowd is a client with as many connections as it likes.
func crowd(n int) *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConns: n, MaxIdleConnsPerHost: n}}
}

// Every commune of the country tells the same hub at once that it is there.
func TestTheCountryAnnouncesItselfOverHTTP(t *testing.T) {
	large(t)
	const atOnce = 80 // a few more than a hub takes at once
	n := bySize(35_000, 2_000)
	hub := alone(t, hubID, "")
	hub.stop()
	hub.config = strings.NewReplacer("profile: local}", "profile: local, admission: open}", "debounce: 10ms, ", "").Replace(hub.config)
	hub.restart()
	notes := manyAnnouncements(t, n, time.Now())
	client := crowd(atOnce)
	w := watch(t, hub.url+"/api/v1/nodes/"+hubID)
	var taken, later atomic.Int64
	post := func(raw []byte) (bool, error) {
		res, err := client.Post(hub.url+"/federation/v1/announce", "text/plain; charset=utf-8", bytes.NewReader(raw))
		if err != nil {
			return false, err
		}
		defer res.Body.Close()
		said, err := io.ReadAll(res.Body)
		switch {
		case err != nil:
			return false, err
		case res.StatusCode/100 == 2:
			taken.Add(1)
			return true, nil
		case (res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable) && res.Header.Get("Retry-After") != "":
			later.Add(1)
			return false, nil
		}
		return false, fmt.Errorf("%s %s", res.Status, said)
	}
	begin := time.Now()
	all := func(notes [][]byte) (again [][]byte) {
		var g errgroup.Group
		var mu sync.Mutex
		g.SetLimit(atOnce)
		for _, raw := range notes {
			g.Go(func() error {
				ok, err := post(raw)
				if err == nil && !ok {
					mu.Lock()
					again = append(again, raw)
					mu.Unlock()
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		return again
	}
	again := all(notes)
	first := time.Since(begin)
	t.Logf("%d announcements posted in %s: %d taken, %d told to come back", n, first.Round(time.Millisecond), taken.Load(), later.Load())
	if first > time.Minute {
		t.Errorf("%s for all, want a minute", first)
	}
	for len(again) > 0 && time.Since(begin) < 3*time.Minute {
		time.Sleep(time.Second) // they are told to wait longer
		again = all(again)
	}
	t.Logf("all in after %s", time.Since(begin).Round(time.Millisecond))
	w.check(t)
	if taken.Load() != int64(n) {
		t.Errorf("%d of %d taken in the end", taken.Load(), n)
	}
	for _, i := range []int{0, n / 2, n - 1} {
		if a, ok := hub.node.below.announcement(siret(i)); !ok || a.Name != fmt.Sprint("Commune ", i) {
			t.Errorf("announcement %d is %+v, %v", i, a, ok)
		}
	}
}

// A thousand people read while five hundred connections say one byte a second.
func TestAThousandReadersAmongSlowConnections(t *testing.T) {
	large(t)
	readers, slow, length := bySize(1000, 200), bySize(500, 60), time.Duration(bySize(30, 5))*time.Second
	r := alone(t, hubID, "")
	r.publish(strings.ReplaceAll(contracts(1, 300), memberID, hubID))
	paths := []string{"/api/v1/contracts", "/catalog.ttl", "/files/" + hubID + "-decp-2026/decret.json", "/api/v1/nodes"}
	for _, path := range paths {
		eventually(t, path, func() error {
			if _, _, status := r.get(t, path, ""); status != http.StatusOK {
				return fmt.Errorf("%d", status)
			}
			return nil
		})
	}
	w := watch(t, r.url+"/healthz")
	begin := time.Now()
	var closed, answers, refused, unread atomic.Int64
	var all sync.WaitGroup
	var mu sync.Mutex
	var oldest time.Duration // that a slow connection stood
	for range slow {
		all.Go(func() {
			c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
			if err != nil {
				return
			}
			defer c.Close()
			since := time.Now()
			for _, b := range []byte("GET /catalog.ttl HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 60)) {
				if _, err := c.Write([]byte{b}); err != nil {
					closed.Add(1)
					mu.Lock()
					oldest = max(oldest, time.Since(since))
					mu.Unlock()
					return
				}
				time.Sleep(time.Second)
			}
		})
	}
	client := crowd(readers)
	for i := range readers {
		path := paths[i%len(paths)]
		all.Go(func() {
			had := 0
			for time.Since(begin) < length {
				res, err := client.Get(r.url + path)
				if err != nil {
					t.Errorf("%s: %v", path, err)
					return
				}
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				switch {
				case err == nil && res.StatusCode == http.StatusOK:
					had++
					answers.Add(1)
				case err == nil && (res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable):
					refused.Add(1)
					time.Sleep(time.Second)
				default:
					t.Errorf("%s: %s, %v", path, res.Status, err)
					return
				}
			}
			if had == 0 {
				unread.Add(1)
			}
		})
	}
	all.Wait()
	t.Logf("%d readers: %d answers in %s (%.0f a second), %d refused, %d readers without one; %d of %d slow connections closed, after %s at most", readers, answers.Load(),
		length, float64(answers.Load())/length.Seconds(), refused.Load(), unread.Load(), closed.Load(), slow, oldest.Round(time.Second))
	w.check(t)
	if unread.Load() > 0 {
		t.Errorf("%d readers had no answer", unread.Load())
	}
	if closed.Load() != int64(slow) {
		t.Errorf("%d of %d slow connections were closed", closed.Load(), slow)
	}
}
