package pivot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"maillon/catalog"
)

// Limits bound what one file may ask of us. A field that is zero takes the
// default.
type Limits struct {
	Record int   // bytes of one record, both as written and as kept; default 4 MiB
	Depth  int   // nesting of values or elements within one record; default 64, at most 512
	File   int64 // bytes of the file after decompression; default 2 GiB
	Ratio  int   // times a compressed file may swell, once past 8 MiB; default 200
}

func (l Limits) withDefaults() Limits {
	if l.Record <= 0 {
		l.Record = 4 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 64
	}
	l.Depth = min(l.Depth, jsonMaxDepth)
	if l.File <= 0 {
		l.File = 2 << 30
	}
	if l.Ratio <= 0 {
		l.Ratio = 200
	}
	return l
}

// An Item is one element of a file: a record, or what is wrong with it.
type Item struct {
	// Record is the element. If it is refused, Raw may be nil (an element over
	// the limit is not kept), and Kind, Buyer and ID are what could be told.
	Record Record
	// Problems is not empty exactly if the element is refused: unreadable, too
	// large, without buyer or id, or not a contract at all.
	Problems catalog.Problems
}

// A FileError ends a file: what follows it cannot be read. The items yielded
// before it stand.
type FileError struct {
	Problem catalog.Problem
	Offset  int64 // of the byte, from 0, in the text as read: decompressed and in UTF-8
	Line    int   // from 1
	cause   error
}

func (e *FileError) Error() string {
	s := fmt.Sprintf("line %d (byte %d): %s", e.Line, e.Offset, e.Problem.Rule)
	if e.Problem.Found != "" {
		s += fmt.Sprintf(": found %q", e.Problem.Found)
	}
	if e.Problem.Expected != "" {
		s += ", want " + e.Problem.Expected
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the error of the underlying reader, if that is what ended the file.
func (e *FileError) Unwrap() error { return e.cause }

// A Reader reads one pivot file as a stream. It is for one goroutine.
type Reader struct {
	src      io.Reader
	lim      Limits
	w        *readWindow
	book     io.Reader // instead of w, of a file that is an archive
	layout   string
	warnings catalog.Problems
	started  bool
	items    int
	tape     *jsonTape // of the record that is being read

	// give hands on an element. If it is a record that tape holds, give may keep
	// the tape and returns another.
	give func(item Item, tape *jsonTape) (*jsonTape, bool)
	// hold copies the bytes of a record out of the window.
	hold func([]byte) []byte
}

// NewReader reads the file in r, of which it detects compression (gzip, zstd),
// encoding, format and layout: JSON, XML, and tables as CSV or XLSX. It reads nothing before Items is ranged over.
//
// The text is UTF-8, or UTF-16 with a byte order mark, or what an XML
// declaration says: ISO-8859-1, ISO-8859-15 or windows-1252. A file that
// proves not to be UTF-8 where its first letter beyond ASCII stands is read as
// windows-1252 from there on; [Reader.Warnings] says so.
func NewReader(r io.Reader, lim Limits) *Reader {
	return &Reader{src: r, lim: lim.withDefaults()}
}

// Items yields the elements of the file in their order, each once. A non-nil
// error is always a [*FileError] and the last thing yielded. Items can be
// ranged over once; a second time it yields nothing.
func (r *Reader) Items() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		if r.started {
			return
		}
		r.hold = bytes.Clone
		r.give = func(item Item, tape *jsonTape) (*jsonTape, bool) { return tape, yield(item, nil) }
		if err := r.read(); err != nil {
			yield(Item{}, err)
		}
	}
}

// read reads the whole file, once. It gives no error if whoever takes the
// elements has enough.
func (r *Reader) read() error {
	r.started, r.tape = true, jsonTapes.Get().(*jsonTape)
	err := r.run()
	jsonTapes.Put(r.tape)
	r.tape = nil
	if errors.Is(err, errReadStopped) {
		return nil
	}
	return err
}

// Layout says how the file is built, once the first item has been yielded:
// "json-flat", "json-nested", "json-array" (the root is a list of contracts),
// "json-record" (the root is one contract), "json-wrapped" (the root has a list
// of contracts under another name than "marches"), "ndjson" (a contract a line)
// "xml", "csv" or "xlsx".
func (r *Reader) Layout() string { return r.layout }

// Warnings are remarks on the file as a whole, complete once Items has ended.
func (r *Reader) Warnings() catalog.Problems { return r.warnings }

// The layouts that are no form of a record.
const (
	layoutArray   = "json-array"
	layoutRecord  = "json-record"
	layoutWrapped = "json-wrapped"
	layoutLines   = "ndjson"
	layoutCSV     = "csv"
	layoutXLSX    = "xlsx"
)

// errReadStopped ends the reading when whoever ranges over Items has enough.
var errReadStopped = errors.New("stopped")

func (r *Reader) run() error {
	if err := r.open(); err != nil {
		return r.failed(err)
	}
	if r.book != nil {
		return (&tableReader{Reader: r}).workbook(r.book)
	}
	c, ok := r.w.next()
	switch {
	case !ok && r.w.failed():
		return r.failed(r.w.err)
	case !ok:
		return r.fail(ruleEmptyFile, "", "")
	}
	var err error
	switch c {
	case '{', '[':
		err = (&jsonReader{Reader: r, w: r.w}).file(c)
	case '<':
		err = (&xmlReader{Reader: r, w: r.w}).file()
	default:
		err = (&tableReader{Reader: r, w: r.w}).file()
	}
	if err == nil && r.items == 0 {
		r.warn(ruleNoRecord, "", "")
	}
	return err
}

// emit hands on what r.tape holds, read as item.
func (r *Reader) emit(item Item) error {
	r.items++
	var on bool
	if r.tape, on = r.give(item, r.tape); !on {
		return errReadStopped
	}
	return nil
}

// readMostWarnings is the number of warnings kept of one file.
const readMostWarnings = 100

// warn notes a remark on the file, once for each thing found.
func (r *Reader) warn(rule, pointer, found string) {
	r.note(catalog.Problem{Pointer: pointer, Rule: rule, Severity: catalog.Warning, Found: found})
}

func (r *Reader) note(p catalog.Problem) {
	if len(r.warnings) < readMostWarnings && !slices.Contains(r.warnings, p) {
		r.warnings = append(r.warnings, p)
	}
}

// fail makes the error that ends the file where the reading stands.
func (r *Reader) fail(rule, found, expected string) error {
	return r.failAt(r.w.mark(0), rule, found, expected)
}

func (r *Reader) failAt(m readMark, rule, found, expected string) error {
	return &FileError{
		Problem: catalog.Problem{Rule: rule, Severity: catalog.Error, Found: found, Expected: expected, Line: m.line},
		Offset:  m.offset, Line: m.line,
	}
}

// ended makes the error for a file that ends too early, for whatever reason.
func (r *Reader) ended() error {
	if r.w.failed() {
		return r.failed(r.w.err)
	}
	r.w.skip(len(r.w.rest()))
	return r.fail(ruleTruncated, "", "")
}
