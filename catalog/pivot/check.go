package pivot

import (
	"iter"
	"runtime"
	"time"
)

// Checking says how the records of a file are to be judged.
type Checking struct {
	// Schema is the version to judge by; "" judges each record by the newest
	// that accepts it.
	Schema Version
	// Today is the day on which the file is judged: what is dated later is
	// suspicious. The zero time leaves such warnings out.
	Today time.Time
}

// A Checked is an element of a file with what is to be said of it.
type Checked struct {
	Item
	// Verdict is that of [Judge] or [JudgeBy]. For an element that is no record
	// its State is Refused and its Problems are those of the Item.
	Verdict Verdict
}

// Check yields the elements of the file in their order, each judged. Errors
// are those of [Reader.Items]; it takes the place of Items.
//
// It reads ahead and judges on every core, a bounded number of elements at a
// time. The Raw of a record holds until the next element is yielded: the
// memory is used again.
func (r *Reader) Check(how Checking) iter.Seq2[Checked, error] {
	return func(yield func(Checked, error) bool) {
		if r.started {
			return
		}
		line := newCheckLine(r)
		defer line.stop()
		for range max(1, runtime.GOMAXPROCS(0)) {
			go line.judge(how)
		}
		go line.read()
		at := 0
		for batch := range line.inOrder {
			<-batch.judged
			for i := range batch.items {
				at++
				line.again(batch, i, at)
				if !yield(batch.items[i], nil) {
					return
				}
			}
			line.spare <- batch
		}
		if line.err != nil {
			yield(Checked{}, line.err)
			return
		}
		if p, some := line.repeats.unknown(); some {
			r.note(p)
		}
	}
}

// Sizes of a checkBatch, and how many there are: together they bound what is
// read ahead.
const (
	checkItems   = 64
	checkBytes   = 32 << 10
	checkBatches = 8
	checkNodes   = 16 << 10 // of a tape that is used again
)

// A checkBatch holds some elements in a row, with the memory they stand in.
type checkBatch struct {
	items  []Checked
	tapes  []*jsonTape // by item; nil for what is no record
	slots  []checkSlot // by item
	frames []checkFramework
	spare  []*jsonTape
	raw    []byte
	judged chan struct{} // gets a value when the batch is judged
}

// A checkLine is one goroutine that reads, some that judge, and the batches
// that go round between them and whoever takes the elements.
type checkLine struct {
	r       *Reader
	batch   *checkBatch      // that is being filled
	spare   chan *checkBatch // are free
	toJudge chan *checkBatch
	inOrder chan *checkBatch
	repeats *checkRepeats
	quit    chan struct{} // closed when nobody takes elements any more
	err     error         // of the reading, once inOrder is closed
}

func newCheckLine(r *Reader) *checkLine {
	l := &checkLine{
		r:       r,
		spare:   make(chan *checkBatch, checkBatches),
		toJudge: make(chan *checkBatch, checkBatches),
		inOrder: make(chan *checkBatch, checkBatches),
		repeats: newCheckRepeats(),
		quit:    make(chan struct{}),
	}
	for range checkBatches {
		l.spare <- &checkBatch{judged: make(chan struct{}, 1)}
	}
	r.hold, r.give = l.hold, l.give
	return l
}

// stop ends the reading and waits until nothing touches the source any more.
func (l *checkLine) stop() {
	close(l.quit)
	for range l.inOrder {
	}
}

// read fills batches until the file ends.
func (l *checkLine) read() {
	defer close(l.inOrder)
	defer close(l.toJudge)
	if l.batch = l.next(); l.batch == nil {
		return
	}
	l.err = l.r.read()
	if l.batch != nil {
		l.send()
	}
}

// next takes a free batch; nil if nobody takes elements any more.
func (l *checkLine) next() *checkBatch {
	select {
	case <-l.quit:
		return nil
	case b := <-l.spare:
		for i, t := range b.tapes {
			if t != nil && cap(t.nodes) <= checkNodes {
				b.spare = append(b.spare, t)
			}
			b.tapes[i] = nil
		}
		clear(b.items)
		b.items, b.tapes, b.raw = b.items[:0], b.tapes[:0], b.raw[:0]
		return b
	}
}

// send hands the batch on. The channels hold every batch there is, so that it
// never waits.
func (l *checkLine) send() {
	l.toJudge <- l.batch
	l.inOrder <- l.batch
	l.batch = nil
}

// hold copies a record into the batch. What is too large for it stands alone.
func (l *checkLine) hold(b []byte) []byte {
	batch := l.batch
	if batch.raw == nil {
		batch.raw = make([]byte, 0, checkBytes)
	}
	if len(b) > cap(batch.raw)-len(batch.raw) {
		return append([]byte(nil), b...)
	}
	from := len(batch.raw)
	batch.raw = append(batch.raw, b...)
	return batch.raw[from:len(batch.raw):len(batch.raw)]
}

// give adds an element to the batch, with the tape that holds it.
func (l *checkLine) give(item Item, tape *jsonTape) (*jsonTape, bool) {
	b := l.batch
	b.items = append(b.items, Checked{Item: item})
	if len(item.Problems) > 0 {
		b.tapes = append(b.tapes, nil)
	} else {
		tape.raw = item.Record.Raw
		b.tapes = append(b.tapes, tape)
		tape = nil
	}
	if tape == nil {
		if n := len(b.spare); n > 0 {
			tape, b.spare = b.spare[n-1], b.spare[:n-1]
		} else {
			tape = new(jsonTape)
		}
	}
	if len(b.items) < checkItems && len(b.raw)+len(item.Record.Raw) < checkBytes {
		return tape, true
	}
	l.send()
	l.batch = l.next()
	return tape, l.batch != nil
}

// judge judges the batches that come.
func (l *checkLine) judge(how Checking) {
	day := judgeDay(how.Today)
	for b := range l.toJudge {
		b.slots, b.frames = b.slots[:0], b.frames[:0]
		for i := range b.items {
			b.items[i].Verdict = how.verdict(&b.items[i].Item, b.tapes[i], day)
			b.slots = append(b.slots, l.repeats.slot(&b.items[i].Record))
			b.frames = append(b.frames, l.repeats.framework(&b.items[i].Record, b.tapes[i]))
		}
		b.judged <- struct{}{}
	}
}

// again warns of the i-th item of a batch, the at-th of the file, if an earlier
// one has its buyer and id.
func (l *checkLine) again(b *checkBatch, i, at int) {
	item := &b.items[i]
	if item.Verdict.State == Refused {
		return
	}
	l.repeats.named(b.frames[i])
	if p, met := l.repeats.meet(b.slots[i], at, item.Record.ID); met && len(item.Verdict.Problems) < judgeMost {
		item.Verdict.Problems = append(item.Verdict.Problems, p)
	}
}

// Judge is [Judge] on the day that how says: what is dated later is
// suspicious. With a Schema, it judges by that version alone.
func (how Checking) Judge(rec Record) Verdict {
	if rec.Form == Table {
		return how.Judge(tableRead(rec).legal)
	}
	t := jsonTapes.Get().(*jsonTape)
	defer jsonTapes.Put(t)
	item := Item{Record: rec}
	if p := judgeRead(t, rec.Raw); p != nil {
		return Verdict{State: Refused, Version: judgeNewest(rec.Form), Problems: p}
	}
	v := how.verdict(&item, t, judgeDay(how.Today))
	if buyer, id := readIdentity(t, rec.Kind); buyer == "" || id == "" {
		v.State = Refused
	}
	return v
}

// verdict judges an element; t holds it if it is a record.
func (how Checking) verdict(item *Item, t *jsonTape, day string) Verdict {
	switch {
	case t == nil:
		return Verdict{State: Refused, Problems: item.Problems}
	case item.Record.Form == Table:
		return how.Judge(item.Record)
	case how.Schema == "":
		return judgeTape(t, item.Record.Kind, item.Record.Form, day)
	}
	v := Verdict{State: Conforming, Version: how.Schema}
	if v.Problems = judgeTapeBy(t, item.Record.Kind, item.Record.Form, how.Schema, day); v.Problems.Errors() > 0 {
		v.State = ToCorrect
	}
	return v
}
