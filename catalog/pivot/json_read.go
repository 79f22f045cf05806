package pivot

import (
	"strconv"

	"maillon/catalog"
)

// A jsonReader reads the layouts of a JSON file.
type jsonReader struct {
	*Reader
	w    *readWindow
	wide bool // letters beyond ASCII have been read, in UTF-8
}

// file reads the whole file, whose first byte is c.
func (r *jsonReader) file(c byte) error {
	var err error
	if c == '[' {
		r.layout = layoutArray
		err = r.list("", Record{})
	} else {
		err = r.root()
	}
	if err != nil {
		return err
	}
	if _, more := r.w.next(); more {
		return r.fail(ruleTrailing, r.w.around(), "")
	}
	if r.w.failed() {
		return r.ended()
	}
	return nil
}

// root reads a file whose root is an object.
func (r *jsonReader) root() error {
	look := jsonLook(r.w.rest())
	for look == jsonRootUnknown && len(r.w.rest()) <= r.lim.Record && r.w.more() {
		look = jsonLook(r.w.rest())
	}
	switch {
	case look == jsonRootRecord && r.lined():
		return r.lines()
	case look == jsonRootRecord:
		r.layout = layoutRecord
		return r.record(Record{})
	case look == jsonRootWrapped:
		return r.members("", r.wrapped)
	case look == jsonRootOther, look == jsonRootUnknown && len(r.w.rest()) > r.lim.Record:
		return r.fail(ruleNotPivot, r.w.around(), `{"marches": …}`)
	}
	return r.members("", func(name string) error {
		if name != jsonMarches {
			return r.passOver("/" + judgeToken(name))
		}
		return r.marches()
	})
}

// wrapped reads a member of a root that has its contracts under another name.
func (r *jsonReader) wrapped(name string) error {
	at := "/" + judgeToken(name)
	for jsonUndecided(r.w.rest()) && r.w.more() {
	}
	if !jsonIsList(r.w.rest()) {
		return r.passOver(at)
	}
	r.layout = layoutWrapped
	r.warn(ruleUnknownKey, judgeCut([]byte(at)), "")
	return r.list(at, Record{})
}

// marches reads the value of the member "marches".
func (r *jsonReader) marches() error {
	switch c, _ := r.w.next(); c {
	case '[':
		r.layout = string(Flat)
		return r.list("/marches", Record{Form: Flat})
	case '{':
		r.layout = string(Nested)
		return r.members("/marches", r.nested)
	default:
		return r.fail(ruleNotPivot, r.w.around(), "[ {")
	}
}

// nested reads a member of the object "marches".
func (r *jsonReader) nested(name string) error {
	rec := Record{Form: Nested, Kind: Kind(name)}
	at := "/marches/" + judgeToken(name)
	if rec.Kind != Marche && rec.Kind != Concession {
		return r.passOver(at)
	}
	switch c, _ := r.w.next(); c {
	case '[':
		return r.list(at, rec)
	case '{':
		rec.Pointer = at
		return r.record(rec)
	case 'n':
		return r.passOver(at)
	default:
		return r.fail(ruleNotPivot, r.w.around(), "[ {")
	}
}

// members reads the object that begins here, calling value where the value of
// each member begins.
func (r *jsonReader) members(at string, value func(name string) error) error {
	met := map[string]bool{}
	r.w.skip(1)
	for first := true; ; first = false {
		c, ok := r.w.next()
		switch {
		case !ok:
			return r.ended()
		case c == '}' && first:
			r.w.skip(1)
			return nil
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		if len(met) == maxMembers {
			return r.fail(ruleNotPivot, name, strconv.Itoa(maxMembers))
		}
		if met[name] {
			return r.fail(ruleDuplicateKey, judgeCut([]byte(name)), at)
		}
		met[name] = true
		if err := value(name); err != nil {
			return err
		}
		if end, err := r.separator('}'); end || err != nil {
			return err
		}
	}
}

// Bounds of the objects around the records: members, and bytes of a name.
const (
	maxMembers = 1000
	maxName    = 1 << 10
)

// name reads a member's name and the colon after it, up to its value.
func (r *jsonReader) name() (string, error) {
	if c, _ := r.w.next(); c != '"' {
		return "", r.fail(ruleJSONSyntax, r.w.around(), `"`)
	}
	n, err := r.parse()
	if err != nil {
		return "", err
	}
	if r.tape.state != jsonDone || n > maxName {
		return "", r.syntax()
	}
	name := string(r.tape.textOf(0))
	r.w.skip(n)
	if c, ok := r.w.next(); !ok {
		return "", r.ended()
	} else if c != ':' {
		return "", r.fail(ruleJSONSyntax, r.w.around(), ":")
	}
	r.w.skip(1)
	if _, ok := r.w.next(); !ok {
		return "", r.ended()
	}
	return name, nil
}

// separator reads the comma after an item, or the bracket that ends the list.
func (r *jsonReader) separator(closing byte) (end bool, err error) {
	c, ok := r.w.next()
	switch {
	case !ok:
		return false, r.ended()
	case c != ',' && c != closing:
		return false, r.fail(ruleJSONSyntax, r.w.around(), ", "+string(closing))
	}
	r.w.skip(1)
	return c == closing, nil
}

// list reads the list that begins here; rec is what is known of its records.
func (r *jsonReader) list(at string, rec Record) error {
	r.w.skip(1)
	for i := 0; ; i++ {
		c, ok := r.w.next()
		switch {
		case !ok:
			return r.ended()
		case c == ']' && i == 0:
			r.w.skip(1)
			return nil
		}
		rec.Pointer = at + "/" + strconv.Itoa(i)
		if err := r.record(rec); err != nil {
			return err
		}
		if end, err := r.separator(']'); end || err != nil {
			return err
		}
	}
}

// parse parses the value that begins here, reading on until it stands whole
// in the window, is no JSON, or is over the limit of a record. An error means
// that the file ends within it.
func (r *jsonReader) parse() (int, error) {
	for {
		r.tape.whole = r.w.ended()
		n := r.tape.parse(r.w.rest(), r.lim.Depth)
		if r.tape.state != jsonShort || len(r.w.rest()) > r.lim.Record {
			return n, nil
		}
		if !r.w.more() {
			return 0, r.ended()
		}
	}
}

// record reads the record that begins here; rec is what is known of it.
func (r *jsonReader) record(rec Record) error {
	n, err := r.parse()
	if err != nil {
		return err
	}
	if t := r.tape; t.badUTF8 >= 0 && !t.wide && !r.wide {
		r.warn(ruleGuessed, rec.Pointer, "windows-1252")
		r.wide = true
		r.w.guess()
		r.w.more()
		return r.record(rec)
	}
	switch {
	case r.tape.state == jsonShort || r.tape.state == jsonDone && n > r.lim.Record:
		return r.leave(rec, catalog.Problem{Rule: ruleTooLarge, Expected: strconv.Itoa(r.lim.Record)})
	case r.tape.state == jsonDeep:
		return r.leave(rec, catalog.Problem{Rule: ruleTooDeep, Expected: strconv.Itoa(r.lim.Depth)})
	case r.tape.state == jsonSyntax:
		p, _ := r.tape.problem()
		p.Line = r.w.mark(r.tape.at).line
		return r.leave(rec, p)
	}
	r.wide = r.wide || r.tape.wide
	rec.Raw = r.hold(r.w.rest()[:n])
	if rec.Form == "" {
		rec.Form = readForm(r.tape)
	}
	item := readItem(r.tape, rec)
	r.w.skip(n)
	return r.emit(item)
}

// leave refuses the record that begins here and goes on behind it. Where its
// end cannot be told, the file ends with the record's own problem.
func (r *jsonReader) leave(rec Record, p catalog.Problem) error {
	p.Severity = catalog.Error
	mark := r.w.mark(r.tape.at)
	if rec.Form == "" {
		rec.Form = Flat
	}
	some := false
	var s jsonSkipper
	for {
		n, done := s.feed(r.w.rest())
		r.w.skip(n)
		if some = some || n > 0; done {
			break
		}
		if !r.w.more() {
			return r.lost(mark, p)
		}
	}
	if !some { // a bracket or comma where a record should begin
		return r.lost(mark, p)
	}
	if c, ok := r.w.next(); !ok && r.layout != layoutRecord || ok && c != ',' && c != ']' && c != '}' {
		return r.lost(mark, p)
	}
	return r.emit(Item{Record: rec, Problems: catalog.Problems{p}})
}

// lost ends the file at mark with the problem of a record that has no end.
func (r *jsonReader) lost(mark readMark, p catalog.Problem) error {
	if r.w.failed() || p.Rule != ruleJSONSyntax {
		return r.ended()
	}
	return r.failAt(mark, p.Rule, p.Found, p.Expected)
}

// syntax ends the file where the tape stopped.
func (r *jsonReader) syntax() error {
	return r.failAt(r.w.mark(r.tape.at), ruleJSONSyntax, r.tape.around(r.tape.at), r.tape.want)
}

// passOver leaves behind a value that holds no record, with a warning if it
// holds anything.
func (r *jsonReader) passOver(at string) error {
	switch c, _ := r.w.next(); c {
	case '{', '[', 'n':
		r.warn(ruleUnknownKey, judgeCut([]byte(at)), "")
	case ',', '}', ']':
		return r.fail(ruleJSONSyntax, r.w.around(), jsonWantValue)
	}
	var s jsonSkipper
	for {
		n, done := s.feed(r.w.rest())
		r.w.skip(n)
		if done {
			return nil
		}
		if !r.w.more() {
			return r.ended()
		}
	}
}

// readForm tells the form of a record that stands alone or in a bare list: the
// nested layout wraps the items of its lists.
func readForm(t *jsonTape) Form {
	for kid := int32(1); kid < int32(len(t.nodes)); kid = t.nodes[kid].next {
		if t.nodes[kid].count > 0 && readWraps[t.nodes[kid].name] == t.nodes[kid].kind {
			inner := kid + 1
			if t.nodes[kid].kind == '{' || t.nodes[inner].kind == '{' && t.nodes[inner].count == 1 {
				return Nested
			}
		}
	}
	return Flat
}

// readWraps are the lists that the two layouts write in different ways, with
// the kind of value that the nested one has.
var readWraps = map[uint8]byte{
	schemaNameOf("titulaires"): '[', schemaNameOf("concessionnaires"): '[',
	schemaNameOf("techniques"): '{', schemaNameOf("modalitesExecution"): '{', schemaNameOf("typesPrix"): '{',
	schemaNameOf("considerationsSociales"): '{', schemaNameOf("considerationsEnvironnementales"): '{',
}
