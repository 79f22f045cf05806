package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"maillon/catalog/entry"
)

// patience bounds each step.
const patience = 2 * time.Hour

// probes are what is looked at beside the measures.
type probes struct {
	seconds int           // of a CPU profile, from the beginning
	heap    time.Duration // after the beginning
	takeIn  bool          // nothing but that
}

func measure(ctx context.Context, w *world, binary, dir string, p probes, out *report) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n, err := newNation(binary, dir)
	if err != nil {
		return err
	}
	n.probes = p
	if err := n.start(); err != nil {
		return err
	}
	defer func() { _ = n.stop() }() // the measure is over
	steps := []func(context.Context, *world, *nation, *report) error{takeIn, index, export, restart, change}
	if p.takeIn {
		steps = steps[:1]
	}
	for _, step := range steps {
		if err := step(ctx, w, n, out); err != nil {
			return err
		}
	}
	rss, anon, _ := n.used()
	out.add("peak memory", "%.0f MB of its own, %.0f MB with the pages of its files that the system keeps mapped (goal: 1,500)", anon, rss)
	views, main := sizeOf(filepath.Join(dir, "data", "views.db")), sizeOf(filepath.Join(dir, "data", "maillon.db"))
	out.add("on disk", "%.0f MB of journals, %.0f MB of views (%.0f bytes a record), %.0f MB of files", main, views, views*1e6/float64(w.records), sizeOf(filepath.Join(dir, "data", "editions")))
	return nil
}

// takeIn begins empty and ends when every record was followed, verified, mirrored and
// consolidated.
func takeIn(ctx context.Context, w *world, n *nation, out *report) error {
	if err := n.wait(ctx, "the nation starts", 50*time.Millisecond, n.ready); err != nil {
		return err
	}
	n.probe(ctx)
	start := time.Now()
	_, _, before := n.used()
	mine := ownCPU()
	for _, h := range w.hubs {
		if err := h.announce(n.url); err != nil {
			return err
		}
	}
	err := n.wait(ctx, "following", 100*time.Millisecond, func() error {
		if got, err := n.contracts(); err != nil || got < w.contracts {
			return fmt.Errorf("%d contracts of %d: %w", got, w.contracts, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	took := time.Since(start)
	mine = ownCPU() - mine
	var want uint64
	for _, h := range w.hubs {
		want += h.log.Size()
		for _, m := range h.mine {
			want += m.log.Size()
		}
	}
	if err := n.wait(ctx, "mirrors", 100*time.Millisecond, func() error { // the list of nodes follows a little later
		if got, err := n.mirrored(); err != nil || got != want {
			return fmt.Errorf("%d entries are mirrored, %d were signed below: %w", got, want, err)
		}
		return nil
	}); err != nil {
		return err
	}
	if got, err := n.contracts(); err != nil || got != w.contracts {
		return fmt.Errorf("%d contracts are shown, want %d: %w", got, w.contracts, err)
	}
	_, _, cpu := n.used()
	cpu -= before
	_, anon, _ := n.used()
	out.add("followed, verified, mirrored, consolidated", "%s: **%.0f records/s** (goal: 20,000); %s of CPU, %.0f µs a record, beside %s to serve what is fetched; %d entries of %d journals; "+
		"%.0f MB of its own at most", round(took), float64(w.records)/took.Seconds(), round(cpu), float64(cpu.Microseconds())/float64(w.records), round(mine), want, w.members+len(w.hubs), anon)
	return nil
}

// index waits until the index of contracts has all of them.
func index(ctx context.Context, w *world, n *nation, out *report) error {
	start := time.Now()
	if err := n.wait(ctx, "the index", 200*time.Millisecond, func() error {
		if got, err := n.indexed(); err != nil || got != w.contracts {
			return fmt.Errorf("%d contracts of %d are in the index: %w", got, w.contracts, err)
		}
		return nil
	}); err != nil {
		return err
	}
	_, anon, _ := n.used()
	out.add("indexed", "%s after the last contract; %.0f MB of its own at most", round(time.Since(start)), anon)
	return nil
}

// export waits for an edition that holds every contract.
func export(ctx context.Context, w *world, n *nation, out *report) error {
	start := time.Now()
	var looked time.Time // the edition whose files were counted: at full size they are gigabytes
	err := n.wait(ctx, "files", time.Second, func() error {
		at, _, err := n.edition()
		if err != nil || at.Equal(looked) {
			return fmt.Errorf("no edition since %s: %w", looked.Format(time.TimeOnly), err)
		}
		looked = at
		if got, err := n.lines(""); err != nil || got != w.contracts {
			return fmt.Errorf("%d lines of %d: %w", got, w.contracts, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, took, err := n.edition()
	if err != nil {
		return err
	}
	_, anon, _ := n.used()
	out.add("all exports", "%s after the last contract, with the rests between editions; the last edition took **%s** (goal: 180 s at full size), %.0f MB of pieces; %.0f MB of its own at most",
		round(time.Since(start)), round(took), sizeOf(filepath.Join(n.dir, "data", "editions")), anon)
	return n.wait(ctx, "rest", time.Second, func() error { return n.idle(2 * time.Second) })
}

// restart stops the nation and waits until it serves its catalogue again.
func restart(ctx context.Context, w *world, n *nation, out *report) error {
	start := time.Now()
	if err := n.stop(); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	stopped := time.Since(start)
	start = time.Now()
	if err := n.start(); err != nil {
		return err
	}
	if err := n.wait(ctx, "the nation starts again", 10*time.Millisecond, n.ready); err != nil {
		return err
	}
	took := time.Since(start)
	if err := n.wait(ctx, "the index after the restart", 10*time.Millisecond, func() error {
		if got, err := n.contracts(); err != nil || got != w.contracts {
			return fmt.Errorf("%d contracts after the restart: %w", got, err)
		}
		return nil
	}); err != nil {
		return err
	}
	out.add("restart", "catalogue ready after **%s**, lists of contracts after %s (goal: 5 s); it had stopped in %s", round(took), round(time.Since(start)), round(stopped))
	return nil
}

// change has one member tell a contract otherwise.
func change(ctx context.Context, w *world, n *nation, out *report) error {
	body, err := n.get("/api/v1/changes?record=no&limit=1")
	if err != nil {
		return err
	}
	diary, _, _ := strings.Cut(string(body[bytes.Index(body, []byte(`"cursor":"`))+10:]), "-")
	last, err := n.lastCursor(diary, w.contracts)
	if err != nil {
		return err
	}
	c := w.first
	c.Object, c.Published = "Objet modifié pour la mesure", "2026-01-15"
	e, _, err := putOf(&bytes.Buffer{}, c, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	seen := make(chan time.Time, 1)
	go func() {
		for {
			answer, err := n.get("/api/v1/changes?wait=60&since=" + last)
			if err != nil || bytes.Contains(answer, []byte(c.Object)) {
				seen <- time.Now()
				return
			}
		}
	}()
	if err := n.wait(ctx, "rest", time.Second, func() error { return n.idle(2 * time.Second) }); err != nil {
		return err
	}
	if err := w.firstMember.append([]entry.Entry{e}); err != nil {
		return err
	}
	start := time.Now()
	if err := w.firstHub.tell(w.firstMember); err != nil {
		return err
	}
	if err := w.firstHub.announce(n.url); err != nil {
		return err
	}
	at := "/" + c.Buyer.ID + "/" + url.PathEscape(c.ID)
	shows := func(path string) func() error {
		return func() error {
			if body, err := n.get(path); err != nil || !bytes.Contains(body, []byte(c.Object)) {
				return fmt.Errorf("%s: not yet: %w", path, err)
			}
			return nil
		}
	}
	if err := n.wait(ctx, "API", 5*time.Millisecond, shows("/api/v1/contracts"+at)); err != nil {
		return err
	}
	api := time.Since(start)
	if err := n.wait(ctx, "page", 5*time.Millisecond, shows("/marches"+at)); err != nil {
		return err
	}
	page := time.Since(start)
	poll := (<-seen).Sub(start)
	out.add("one contract changed below", "**%s** until the API shows it, %s the page, %s a waiting `/api/v1/changes` (goal: 2 s)", round(api), round(page), round(poll))
	var looked time.Time
	if err := n.wait(ctx, "files", time.Second, func() error {
		at, _, err := n.edition()
		if err != nil || at.Equal(looked) {
			return fmt.Errorf("no edition since %s: %w", looked.Format(time.TimeOnly), err)
		}
		looked = at
		if got, err := n.lines(c.Object); err != nil || got != 1 {
			return fmt.Errorf("not yet: %w", err)
		}
		return nil
	}); err != nil {
		return err
	}
	out.add("the files have it", "%s after the change, with the pauses that gather changes", round(time.Since(start)))
	return nil
}

// lastCursor is that of the newest change: the cursor of an answer without lines.
func (n *nation) lastCursor(diary string, least int) (string, error) {
	cursor := fmt.Sprintf("%s-%d", diary, least)
	for {
		body, err := n.get("/api/v1/changes?record=no&limit=10000&since=" + cursor)
		if err != nil {
			return "", err
		}
		list := bytes.Split(bytes.TrimSpace(body), []byte("\n"))
		var end struct {
			Cursor string
			More   bool
		}
		if err := json.Unmarshal(list[len(list)-1], &end); err != nil {
			return "", err
		}
		if cursor = end.Cursor; !end.More {
			return cursor, nil
		}
	}
}

func sizeOf(path string) (mb float64) {
	_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // what is gone has no size
		}
		if st, err := d.Info(); err == nil {
			mb += float64(st.Size()) / 1e6
		}
		return nil
	})
	return mb
}
