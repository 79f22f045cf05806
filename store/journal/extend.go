package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"maillon/catalog/entry"
)

// A transaction of Extend holds at most this many entries, or bytes of bodies.
const (
	stepEntries = 4 * tileSize
	stepBytes   = 8 << 20
)

// Extend brings a mirror to checkpoint: batches yields the entries from
// [Log.Size] on, each checked and hashed as it comes; when their root is the
// checkpoint's, all is published at once. On any error nothing is, and the
// tail is cut. Errors are those of [Writer.CommitTo] and of batches; an error
// of a checkpoint that is known or not wanted comes before batches is asked.
//
// The slices of a batch belong to the log from then on.
func (l *Log) Extend(ctx context.Context, checkpoint []byte, batches iter.Seq2[[]entry.Entry, error]) error {
	target, err := parseCheckpoint(checkpoint, l.origin, l.key)
	if err != nil {
		return err
	}
	w, err := l.Writer(ctx)
	if err != nil {
		return err
	}
	if target.size <= w.base.size {
		return w.CommitTo(checkpoint, nil, nil)
	}
	last, err := w.appendAll(ctx, target.size, batches)
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.CommitTo(checkpoint, last, nil)
}

// appendAll appends all but the last entries, which it returns.
func (w *Writer) appendAll(ctx context.Context, size uint64, batches iter.Seq2[[]entry.Entry, error]) (last []entry.Entry, err error) {
	bytes := 0
	for batch, err := range batches {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("mirror journal %s: %w", w.l.origin, err)
		}
		if w.head.size+uint64(len(last)+len(batch)) > size {
			return nil, fmt.Errorf("mirror journal %s: more entries than the %d that were signed: %w", w.l.origin, size, ErrRoot)
		}
		for _, e := range batch {
			if len(last) == stepEntries || len(last) > 0 && bytes+len(e.Body) > stepBytes {
				if err := w.Append(last, nil); err != nil {
					return nil, err
				}
				last, bytes = nil, 0
			}
			last = append(last, e)
			bytes += len(e.Body)
		}
	}
	return last, nil
}
