package journal

import (
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// SignAt signs a checkpoint of the first size entries, which are published:
// an earlier state, of which every later checkpoint is an extension. A mirror
// that is far behind takes a journal in such steps. The log's own checkpoint
// is returned as it is for its size.
func (l *Log) SignAt(size uint64, signer note.Signer) ([]byte, error) {
	now := l.pub.Load()
	if size == now.size && now.checkpoint != nil {
		return now.checkpoint, nil
	}
	root, err := l.rootAt(now, size)
	if err != nil {
		return nil, fmt.Errorf("checkpoint of journal %s at %d: %w", l.origin, size, err)
	}
	s, err := sign(&state{size: size, root: root}, l.origin, signer, l.key)
	if err != nil {
		return nil, err
	}
	return s.checkpoint, nil
}
