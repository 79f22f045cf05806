package follow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"maillon/catalog/entry"
)

// Memory of a Follow: at most Fetchers+1 bundles with bodies of up to
// prefetched bytes each. A bundle with more is streamed when its turn comes,
// in batches of about that size.
const prefetched = 8 << 20

// maxBodyItem is what one entry can take in bodies/<N>.
const maxBodyItem = 1 + entry.SaltSize + 4 + entry.MaxBody

// batches yields the verified entries from one size to another.
type batches struct {
	s        *session
	tree     *tree
	from, to uint64

	missing map[uint64]bool // entries served as erased, not redacted so far
	err     error           // what ended the sequence
}

// A bundle is what one fetcher has brought.
type bundle struct {
	n       uint64
	width   int
	entries []entry.Entry // with their bodies, unless large
	headers []entry.Header
	leaves  []tlog.Hash
	large   bool
	err     error // of the fetch

	// What is wrong with an entry; it is only told once the bundle is proven,
	// which decides who is to blame.
	invalid *InvalidEntryError
	body    error
}

// all fetches bundles, a few at a time, and yields them in order.
func (b *batches) all(ctx context.Context) iter.Seq2[[]entry.Entry, error] {
	return func(yield func([]entry.Entry, error) bool) {
		b.missing = map[uint64]bool{}
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		for next := range b.fetchAll(ctx, &wg) {
			got := <-next
			if err := b.emit(ctx, got, yield); err != nil {
				if !errors.Is(err, errStopped) {
					b.err = err
					yield(nil, err)
				}
				return
			}
		}
		if b.err = errors.Join(context.Cause(ctx), b.unredacted()); b.err != nil {
			yield(nil, b.err)
		}
	}
}

// errStopped: whoever ranges over the batches wants no more.
var errStopped = errors.New("stopped")

// fetchAll starts a fetch for each bundle, as many at a time as there is room
// for in the channel, which keeps their order. At most Fetchers+1 bundles are
// in memory.
func (b *batches) fetchAll(ctx context.Context, wg *sync.WaitGroup) <-chan chan bundle {
	order := make(chan chan bundle, b.s.c.o.Fetchers-1)
	slots := make(chan struct{}, b.s.c.o.Fetchers)
	wg.Go(func() {
		defer close(order)
		for n := b.from / entry.BundleSize; n*entry.BundleSize < b.to; n++ {
			select {
			case <-ctx.Done():
				return
			case slots <- struct{}{}:
			}
			done := make(chan bundle, 1)
			wg.Go(func() {
				done <- b.s.fetchBundle(ctx, n, int(min(b.to-n*entry.BundleSize, entry.BundleSize)))
				<-slots
			})
			select {
			case <-ctx.Done():
				return
			case order <- done:
			}
		}
	})
	return order
}

// fetchBundle fetches the headers and bodies of one bundle and checks each
// entry by itself.
func (s *session) fetchBundle(ctx context.Context, n uint64, width int) bundle {
	b := bundle{n: n, width: width}
	path := bundlePath(n, width)
	raw, err := s.read(ctx, request{url: s.base + "/" + path, limit: int64(width) * (2 + entry.MaxHeader), packed: true})
	if err != nil {
		b.err = err
		return b
	}
	headers, err := entry.ReadBundle(raw, width)
	if err != nil {
		b.err = &CorruptError{Resource: path, Err: err}
		return b
	}
	for i, h := range headers {
		e := entry.Entry{Header: h}
		parsed, err := e.Parse()
		if err != nil && b.invalid == nil {
			b.invalid = &InvalidEntryError{Index: n*entry.BundleSize + uint64(i), Err: err}
		}
		b.entries, b.headers, b.leaves = append(b.entries, e), append(b.headers, parsed), append(b.leaves, tlog.RecordHash(h))
	}
	if b.invalid == nil {
		b.err = s.prefetch(ctx, &b)
	}
	return b
}

// prefetch fetches the bodies of a bundle, unless they are large.
func (s *session) prefetch(ctx context.Context, b *bundle) error {
	a, err := s.bodies(ctx, b)
	if err != nil {
		return err
	}
	defer a.Close()
	i, size := 0, 0
	for body, err := range a.bodies(b.width) {
		if err != nil {
			return err
		}
		if b.body = fill(&b.entries[i], b.headers[i], body); b.body != nil {
			return nil
		}
		i++
		if size += len(body.Bytes); size > prefetched {
			b.large = true
			return nil
		}
	}
	return nil
}

// bodies yields the bodies of an answer. Its errors say whether the
// connection or the content is to blame.
func (a *answer) bodies(width int) iter.Seq2[entry.Body, error] {
	return func(yield func(entry.Body, error) bool) {
		for body, err := range entry.ReadBodies(a, width, int64(width)*maxBodyItem) {
			if err != nil {
				err = a.fail(err)
			}
			if !yield(body, err) {
				return
			}
		}
	}
}

func (s *session) bodies(ctx context.Context, b *bundle) (*answer, error) {
	a, err := s.do(ctx, request{url: s.base + "/" + bodiesPath(b.n, b.width), limit: int64(b.width) * maxBodyItem, packed: true})
	if err != nil && a != nil {
		a.Close()
	}
	return a, err
}

// fill gives an entry its body, if it is the one its header names.
func fill(e *entry.Entry, h entry.Header, body entry.Body) error {
	if (h.Body == "") != (body.Flag == entry.NoBody) {
		return fmt.Errorf("body flag %d does not fit the header", body.Flag)
	}
	e.Salt, e.Body = body.Salt, body.Bytes
	if body.Flag != entry.Present {
		return nil
	}
	return e.CheckBody(h)
}

// emit proves a bundle and yields what of it is new.
func (b *batches) emit(ctx context.Context, got bundle, yield func([]entry.Entry, error) bool) error {
	if got.err != nil {
		return got.err
	}
	if err := b.tree.verifyBundle(got.n, got.leaves); err != nil {
		return err
	}
	if got.invalid != nil {
		return got.invalid
	}
	if got.body != nil {
		return &CorruptError{Resource: bodiesPath(got.n, got.width), Err: got.body}
	}
	first := got.n * entry.BundleSize
	skip := 0
	if b.from > first {
		skip = int(b.from - first)
	}
	if got.large {
		return b.stream(ctx, got, skip, yield)
	}
	for i := skip; i < got.width; i++ {
		if err := b.watch(first+uint64(i), got.entries[i], got.headers[i]); err != nil {
			return err
		}
	}
	if !yield(slices.Clip(got.entries[skip:]), nil) {
		return errStopped
	}
	return nil
}

// stream yields a bundle with large bodies in several batches.
func (b *batches) stream(ctx context.Context, got bundle, skip int, yield func([]entry.Entry, error) bool) error {
	a, err := b.s.bodies(ctx, &got)
	if err != nil {
		return err
	}
	defer a.Close()
	var batch []entry.Entry
	i, size := 0, 0
	for body, err := range a.bodies(got.width) {
		if err != nil {
			return err
		}
		if err := fill(&got.entries[i], got.headers[i], body); err != nil {
			return &CorruptError{Resource: a.path, Err: err}
		}
		if i >= skip {
			if err := b.watch(got.n*entry.BundleSize+uint64(i), got.entries[i], got.headers[i]); err != nil {
				return err
			}
			batch = append(batch, got.entries[i])
			size += len(body.Bytes)
		}
		got.entries[i] = entry.Entry{} // the batch has it
		i++
		if size >= prefetched || i == got.width && len(batch) > 0 {
			if !yield(batch, nil) {
				return errStopped
			}
			batch, size = nil, 0
		}
	}
	return nil
}

// maxMissing bounds the bodies whose redaction is awaited.
const maxMissing = 1 << 20

// watch takes note of bodies that are missing and of the redactions that
// allow it.
func (b *batches) watch(index uint64, e entry.Entry, h entry.Header) error {
	switch {
	case h.Body != "" && len(e.Body) == 0:
		b.missing[index] = true
	case h.Op == entry.Redact && h.Target != nil:
		delete(b.missing, *h.Target)
	}
	if len(b.missing) > maxMissing {
		return b.unredacted()
	}
	return nil
}

// unredacted is an error if a body is missing that the journal does not redact.
func (b *batches) unredacted() error {
	if len(b.missing) == 0 {
		return nil
	}
	var index uint64 = b.to
	for i := range b.missing {
		index = min(index, i)
	}
	n := index / entry.BundleSize
	return &CorruptError{
		Resource: bodiesPath(n, int(min(b.to-n*entry.BundleSize, entry.BundleSize))),
		Err:      fmt.Errorf("the body of entry %d is served as erased, and no redaction is in the journal (if one was just made, the next visit finds it)", index),
	}
}
