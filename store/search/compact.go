package search

import (
	"bytes"
	"runtime/debug"
)

// Rows die where contracts change. From so many on, and from a third of all, they are
// not worth their room.
const (
	deadLeast = 20_000
	deadShare = 3
)

// crowded tells how many rows are dead, 0 if they are not too many.
func (x *Index) crowded() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	dead := x.core.n - x.core.liveRows
	if dead < deadLeast || dead < x.core.n/deadShare {
		return 0
	}
	return dead
}

// Compact makes the index anew without its dead rows, if there are many, and tells how
// many it dropped: from a snapshot in the file, or in memory if none is named. Queries
// go on meanwhile. It is for the one goroutine that changes the index.
func (x *Index) Compact(file string, made Made) (dropped int, err error) {
	dead := x.crowded()
	if dead == 0 {
		return 0, nil
	}
	defer debug.FreeOSMemory()
	if file != "" {
		if err := x.Save(file, made); err != nil {
			return 0, err
		}
		_, err := x.Load(file)
		return dead, err
	}
	var b bytes.Buffer
	x.mu.RLock()
	err = x.core.save(&b, made)
	x.mu.RUnlock()
	if err != nil {
		return 0, err
	}
	fresh, _, err := readCore(&b, int64(b.Len()))
	if err != nil {
		return 0, err
	}
	if r := x.core.sites.register; r.Firm != nil {
		fresh.take(fresh.sited(r))
	}
	x.mu.Lock()
	x.core = fresh
	x.mu.Unlock()
	return dead, nil
}
