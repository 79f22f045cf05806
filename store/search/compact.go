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

// Compact makes the index anew without its dead rows, if there are many, and tells how
// many it dropped. Queries go on meanwhile. It is for the one goroutine that changes
// the index.
func (x *Index) Compact() (dropped int, err error) {
	x.mu.RLock()
	c := x.core
	dead := c.n - c.liveRows
	if dead < deadLeast || dead < c.n/deadShare {
		x.mu.RUnlock()
		return 0, nil
	}
	var b bytes.Buffer
	err = c.save(&b, Made{})
	x.mu.RUnlock()
	if err != nil {
		return 0, err
	}
	fresh, _, err := readCore(&b, int64(b.Len()))
	if err != nil {
		return 0, err
	}
	x.mu.Lock()
	x.core = fresh
	x.mu.Unlock()
	debug.FreeOSMemory()
	return dead, nil
}
