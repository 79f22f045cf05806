package pivot

import (
	"bytes"
	"strconv"

	"maillon/catalog"
)

// lined reports whether another record, or anything on another line, follows
// the value that begins here: then the file is one of records, one after the
// other (NDJSON).
func (r *jsonReader) lined() bool {
	var s jsonSkipper
	from, done := 0, false
	for {
		rest := r.w.rest()
		if !done {
			var n int
			n, done = s.feed(rest[from:])
			from += n
		}
		if done {
			if space := jsonSpace(rest[from:]); from+space < len(rest) {
				newLine := bytes.IndexByte(rest[from:from+space], '\n') >= 0
				return rest[from+space] == '{' || newLine && bytes.IndexByte([]byte(`["-0123456789tfn`), rest[from+space]) >= 0
			}
		}
		if len(rest) > r.lim.Record || !r.w.more() {
			return false
		}
	}
}

// lines reads records that follow each other. What is wrong with one ends at
// the end of its line.
func (r *jsonReader) lines() error {
	r.layout = layoutLines
	for i := 0; ; i++ {
		c, ok := r.w.next()
		if !ok {
			if r.w.failed() {
				return r.ended()
			}
			return nil
		}
		rec := Record{Pointer: "/" + strconv.Itoa(i), Line: r.w.mark(0).line}
		if err := r.line(rec, c); err != nil {
			return err
		}
	}
}

// line reads one record, whose first byte is c.
func (r *jsonReader) line(rec Record, c byte) error {
	n, ended := r.parseLine()
	t := r.tape
	if t.badUTF8 >= 0 && !t.wide && !r.wide {
		r.warn(ruleGuessed, rec.Pointer, "windows-1252")
		r.wide = true
		r.w.guess()
		r.w.more()
		return r.line(rec, c)
	}
	p, bad := catalog.Problem{Severity: catalog.Error, Line: rec.Line}, true
	switch {
	case n > r.lim.Record || !ended && t.state == jsonShort:
		p.Rule, p.Expected = ruleTooLarge, strconv.Itoa(r.lim.Record)
	case t.state == jsonShort:
		p.Rule = ruleTruncated
	case t.state == jsonDeep:
		p.Rule, p.Expected = ruleTooDeep, strconv.Itoa(r.lim.Depth)
	case t.state == jsonSyntax:
		p, _ = t.problem()
		p.Line = rec.Line
	default:
		bad = false
	}
	if bad {
		return r.leaveLine(rec, p)
	}
	r.wide = r.wide || t.wide
	rec.Raw = r.hold(r.w.rest()[:n])
	rec.Form = readForm(t)
	item := readItem(t, rec)
	r.w.skip(n)
	return r.emit(item)
}

// parseLine parses the value that begins here. ended says that the file ends
// within what is in the window.
func (r *jsonReader) parseLine() (n int, ended bool) {
	for {
		r.tape.whole = r.w.ended()
		n = r.tape.parse(r.w.rest(), r.lim.Depth)
		if r.tape.state != jsonShort {
			return n, true
		}
		if len(r.w.rest()) > r.lim.Record {
			return n, false
		}
		if !r.w.more() {
			return n, true
		}
	}
}

// leaveLine refuses a record and goes on with the next line.
func (r *jsonReader) leaveLine(rec Record, p catalog.Problem) error {
	rec.Form = Flat
	for {
		if i := bytes.IndexByte(r.w.rest(), '\n'); i >= 0 {
			r.w.skip(i + 1)
			break
		}
		r.w.skip(len(r.w.rest()))
		if !r.w.more() {
			break
		}
	}
	return r.emit(Item{Record: rec, Problems: catalog.Problems{p}})
}
