package journal

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/entry"
	"maillon/store"
)

// errDone is the error of a writer that has committed or was aborted.
var errDone = errors.New("the writer is done")

// A Writer adds entries to a log. It is made by [Log.Writer], used by one
// goroutine, and ends with Commit, CommitTo or Abort; after an error of
// Append only Abort is left. Ending it twice does no harm.
type Writer struct {
	l     *Log
	ctx   context.Context
	base  *state // what was published when the writer began
	head  head   // what is stored
	bare  uint64 // appended entries without the body that their header names
	first error  // the first failure
	ended bool
}

// Writer waits until no other writer is at work.
func (l *Log) Writer(ctx context.Context) (*Writer, error) {
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("write to journal %s: %w", l.origin, ctx.Err())
	case <-l.writing:
	}
	w, err := l.newWriter(ctx)
	if err != nil {
		l.writing <- struct{}{}
		return nil, fmt.Errorf("write to journal %s: %w", l.origin, err)
	}
	return w, nil
}

func (l *Log) newWriter(ctx context.Context) (*Writer, error) {
	if l.stale {
		if err := l.reload(); err != nil {
			return nil, err
		}
	}
	w := &Writer{l: l, ctx: ctx, base: l.pub.Load()}
	err := l.db.View(func(tx store.Tx) (err error) {
		p := l.in(tx)
		if err := p.checkRoot(w.base); err != nil {
			return err
		}
		if w.head, err = p.head(w.base.size); err != nil {
			return err
		}
		w.head.tail, err = p.leaves(w.base.size/tileSize, int(w.base.size%tileSize))
		return err
	})
	return w, err
}

// with runs a caller's function, if there is one.
func with(f func(tx store.Tx, first uint64) error, tx store.Tx, first uint64) error {
	if f == nil {
		return nil
	}
	return f(tx, first)
}

// Append stores entries in one transaction. They are not published: nobody
// sees them, and they are cut off if no commit follows. f, which may be nil,
// runs in the same transaction with the index of the first entry; what it
// writes is not undone when the tail is cut.
func (w *Writer) Append(entries []entry.Entry, f func(tx store.Tx, first uint64) error) error {
	if err := w.usable(); err != nil {
		return err
	}
	b, err := prepare(&w.head, entries)
	if err != nil {
		return w.fail(err)
	}
	err = w.l.db.Update(func(tx store.Tx) error {
		if err := b.apply(w.l.in(tx)); err != nil {
			return err
		}
		return with(f, tx, b.first)
	})
	if err != nil {
		return w.fail(err)
	}
	w.head, w.bare = b.next, w.bare+b.bare
	return nil
}

func (w *Writer) usable() error {
	switch {
	case w.ended:
		return errDone
	case w.first != nil:
		return w.first
	case w.ctx.Err() != nil:
		return w.fail(w.ctx.Err())
	}
	return nil
}

// fail remembers that the store may not be what head says.
func (w *Writer) fail(err error) error {
	w.l.stale = true
	w.first = fmt.Errorf("append to journal %s: %w", w.l.origin, err)
	return w.first
}

// Commit stores the last entries and a new checkpoint signed by signer in one
// transaction, with f as in [Writer.Append], and then publishes it. Without
// any new entry the checkpoint stays as it is. An own entry must have its body.
//
// After an error either nothing of the writer's work is there or, if only the
// answer of the store was lost, all of it: [Log.Size] tells.
func (w *Writer) Commit(signer note.Signer, entries []entry.Entry, f func(tx store.Tx, first uint64) error) error {
	return w.end(func() error {
		b, err := prepare(&w.head, entries)
		if err != nil {
			return err
		}
		if n := w.bare + b.bare; n > 0 {
			return fmt.Errorf("%d new entries lack the body that their header names", n)
		}
		if b.next.size == w.base.size && w.base.checkpoint != nil {
			return w.publish(b, w.base, f)
		}
		s := &state{size: b.next.size}
		if s.root, err = b.next.root(); err != nil {
			return err
		}
		if s, err = sign(s, w.l.origin, signer, w.l.key); err != nil {
			return err
		}
		return w.publish(b, s, f)
	})
}

// CommitTo stores the last entries with a checkpoint that was signed
// elsewhere, and publishes it: the end of mirroring, and of catching up after
// a restore. It must bear the signature of the log's key and cover exactly
// what is held and appended: ErrRoot if not. A checkpoint that is published
// already is no error; an older one is ErrOld; one that contradicts what is
// held is a *[ForkError]. After an error the tail is cut.
func (w *Writer) CommitTo(checkpoint []byte, entries []entry.Entry, f func(tx store.Tx, first uint64) error) error {
	return w.end(func() error {
		s, err := parseCheckpoint(checkpoint, w.l.origin, w.l.key)
		if err != nil {
			return err
		}
		if known, err := w.l.compare(w.base, s); known || err != nil {
			return err
		}
		b, err := prepare(&w.head, entries)
		if err != nil {
			return err
		}
		if b.next.size != s.size {
			return fmt.Errorf("%d entries, the checkpoint is of %d: %w", b.next.size, s.size, ErrRoot)
		}
		r, err := b.next.root()
		if err == nil && r != s.root {
			err = fmt.Errorf("root of %d entries is %s, the checkpoint says %s: %w", s.size, r, s.root, ErrRoot)
		}
		if err != nil {
			return err
		}
		return w.publish(b, s, f)
	})
}

// compare says if theirs is what is published as ours already.
func (l *Log) compare(ours, theirs *state) (known bool, err error) {
	if theirs.size > ours.size || ours.checkpoint == nil {
		return false, nil
	}
	r, err := l.rootAt(ours, theirs.size)
	switch {
	case err != nil:
		return false, err
	case r != theirs.root:
		return false, &ForkError{Ours: ours.checkpoint, Theirs: theirs.checkpoint}
	case theirs.size < ours.size:
		return false, fmt.Errorf("checkpoint of %d entries, %d are held: %w", theirs.size, ours.size, ErrOld)
	}
	return true, nil
}

// publish writes b and s in one transaction and lets the world see it.
func (w *Writer) publish(b *batch, s *state, f func(tx store.Tx, first uint64) error) error {
	if s == w.base && f == nil {
		return nil
	}
	swept := true
	w.l.stale = true
	err := w.l.db.Update(func(tx store.Tx) error {
		p := w.l.in(tx)
		if err := b.apply(p); err != nil {
			return err
		}
		if err := p.bucket("meta").Put(checkpointKey, s.checkpoint); err != nil {
			return err
		}
		err := p.queue(w.base.size, s.size)
		if err == nil {
			swept, err = p.sweep()
		}
		if err != nil {
			return err
		}
		return with(f, tx, b.first)
	})
	if err != nil {
		return err
	}
	w.l.pub.Store(s)
	w.l.stale = false
	w.head = b.next
	w.base = s
	if !swept {
		// It is published; what fails here is done by the next writer.
		w.l.stale = w.l.sweepAll() != nil
	}
	return nil
}

// end runs the last step of a writer and releases the log.
func (w *Writer) end(last func() error) error {
	err := w.usable()
	if errors.Is(err, errDone) {
		return err
	}
	if err == nil {
		if err = last(); err != nil {
			err = w.fail(err)
		}
	}
	if err == nil && w.head.size == w.base.size {
		w.release()
		return nil
	}
	// A cut that fails is repeated before the next writer begins.
	return errors.Join(err, w.Abort())
}

func (w *Writer) release() {
	w.ended = true
	w.l.writing <- struct{}{}
}

// Abort cuts off what was appended and not committed, and lets the next
// writer in.
func (w *Writer) Abort() error {
	if w.ended {
		return nil
	}
	defer w.release()
	if !w.l.stale && w.head.size == w.base.size {
		return nil
	}
	if err := w.l.reload(); err != nil {
		return fmt.Errorf("cut the tail of journal %s: %w", w.l.origin, err)
	}
	return nil
}
