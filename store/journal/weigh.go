package journal

import (
	"fmt"

	"maillon/store"
)

// parts are the buckets of a journal that grow with it.
var parts = []string{"bundles", "tail", "tiles", "edge", "bodies", "redacts", "sweep", "erased"}

// Bytes is what the journal takes in its store: its keys and values, as they
// are stored. The time it takes is proportional to the number of bundles.
func (l *Log) Bytes() (int64, error) {
	var n int64
	err := l.db.View(func(tx store.Tx) error {
		p := l.in(tx)
		for _, name := range parts {
			for k, v := range p.bucket(name).Ascend(nil) {
				n += int64(len(k) + len(v))
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("weigh journal %s: %w", l.origin, err)
	}
	return n, nil
}
