package pivot

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"maillon/catalog"
)

// An xmlReader reads an XML file: records stand in <marches>, in whatever
// other elements are around them, or one record is the root. A file with
// another root is one too if it holds records.
type xmlReader struct {
	*Reader
	w      *readWindow
	parser xmlParser
	raw    []byte      // of the record in its JSON form
	wide   bool        // letters beyond ASCII have been read, in UTF-8
	root   string      // name of the root, unless it is a record
	open   []xmlOpened // elements around the records
	count  map[Kind]int
}

// An xmlOpened is an element that has begun and holds records.
type xmlOpened struct {
	name  string
	space string // default namespace within it
}

const xmlMarches = "marches"

func (r *xmlReader) file() error {
	r.layout, r.count = string(XML), map[Kind]int{}
	begun := false
	for {
		if begun && len(r.open) == 0 {
			return r.trailer()
		}
		t, err := r.token()
		if err != nil {
			return err
		}
		switch {
		case t.kind == xmlStart && isXMLRecord(t.name):
			err = r.record(t)
			begun = true
		case t.kind == xmlStart:
			if !begun {
				r.root = judgeCut(t.name)
			}
			err = r.enter(t)
			begun = true
		case t.kind == xmlEnd:
			err = r.leave(t)
		case t.kind == xmlText:
			err = r.between(t)
		default:
			r.w.skip(t.end)
		}
		if err != nil {
			return err
		}
	}
}

func isXMLRecord(name []byte) bool {
	return string(name) == string(Marche) || string(name) == string(Concession)
}

// token reads the token that begins here, without passing over it.
func (r *xmlReader) token() (xmlToken, error) {
	for {
		t, fault := xmlScan(r.w.rest(), 0)
		switch {
		case fault == nil:
			return t, nil
		case fault.rule != "":
			return t, r.failAt(r.w.mark(fault.at), fault.rule, r.around(fault.at), fault.want)
		case len(r.w.rest()) > r.lim.Record:
			return t, r.fail(ruleXMLSyntax, r.w.around(), "")
		case !r.w.more():
			if rest := r.w.rest(); !r.w.failed() && len(rest) > 0 && rest[0] != '<' && len(r.open) == 0 {
				return t, r.fail(ruleXMLSyntax, r.w.around(), "<")
			}
			return t, r.ended()
		}
	}
}

// around is the text where the reading stands, and i bytes on.
func (r *xmlReader) around(i int) string {
	rest := r.w.rest()
	i = min(i, len(rest))
	return judgeCut(rest[i:min(i+40, len(rest))])
}

// enter begins an element around records.
func (r *xmlReader) enter(t xmlToken) error {
	if len(r.open) >= r.lim.Depth {
		return r.fail(ruleTooDeep, judgeCut(t.name), strconv.Itoa(r.lim.Depth))
	}
	if len(r.open) == 0 && r.root != xmlMarches {
		r.warn(ruleUnknownKey, "/"+r.root, "")
	} else if len(r.open) == 1 {
		r.warn(ruleUnknownKey, "/"+r.root+"/"+judgeCut(t.name), "")
	}
	if fault := r.parser.attrs(t, 0); fault != nil {
		return r.fail(fault.rule, judgeCut(t.attrs), fault.want)
	}
	for name := range xmlAttrs(t.attrs) {
		if len(r.open) == 0 && string(name) != "xmlns" && !xmlIsNeutral(name) {
			r.warn(ruleUnknownKey, "/"+r.root+"/@"+judgeCut(name), "")
		}
	}
	if !t.empty {
		r.open = append(r.open, xmlOpened{string(t.name), r.space(t)})
	}
	r.w.skip(t.end)
	return nil
}

// space is the default namespace in the element that t begins.
func (r *xmlReader) space(t xmlToken) string {
	if space, declared := xmlSpaceOf(t.attrs); declared {
		return space
	}
	if len(r.open) > 0 {
		return r.open[len(r.open)-1].space
	}
	return ""
}

// leave ends an element around records.
func (r *xmlReader) leave(t xmlToken) error {
	if len(r.open) == 0 {
		return r.fail(ruleXMLSyntax, r.w.around(), "<"+xmlMarches+">")
	}
	top := r.open[len(r.open)-1]
	if top.name != string(t.name) {
		return r.fail(ruleXMLSyntax, r.w.around(), "</"+judgeCut([]byte(top.name))+">")
	}
	r.open = r.open[:len(r.open)-1]
	r.w.skip(t.end)
	return nil
}

// between passes over text around records.
func (r *xmlReader) between(t xmlToken) error {
	text, at, rule := xmlAppend(nil, t.text, t.cdata)
	switch {
	case rule != "":
		return r.failAt(r.w.mark(at), rule, r.around(at), "")
	case len(xmlTrim(text)) == 0:
	case len(r.open) == 0:
		return r.fail(ruleXMLSyntax, r.w.around(), "<")
	default:
		r.warn(ruleUnknownText, "/"+r.root, judgeCut(xmlTrim(text)))
	}
	r.w.skip(t.end)
	return nil
}

// trailer reads what follows the root element: nothing but comments.
func (r *xmlReader) trailer() error {
	for {
		if _, more := r.w.next(); !more {
			if r.w.failed() {
				return r.ended()
			}
			if r.items == 0 && r.root != xmlMarches {
				return r.failAt(readMark{line: 1}, ruleNotPivot, r.root, xmlMarches)
			}
			return nil
		}
		t, err := r.token()
		if err != nil {
			return err
		}
		if t.kind != xmlOther {
			return r.fail(ruleXMLSyntax, r.w.around(), "")
		}
		r.w.skip(t.end)
	}
}

// record reads the record whose start tag stands here.
func (r *xmlReader) record(t xmlToken) error {
	rec := Record{Kind: Kind(t.name), Form: XML, Line: r.w.mark(0).line}
	if len(r.open) > 0 {
		rec.Pointer = "/" + xmlMarches + "/" + string(rec.Kind) + "/" + strconv.Itoa(r.count[rec.Kind])
	}
	r.count[rec.Kind]++
	n := r.parse()
	if n < 0 && r.parser.fault.rule == "" && len(r.w.rest()) <= r.lim.Record {
		return r.ended()
	}
	upTo := len(r.w.rest())
	if n >= 0 {
		upTo = n
	}
	if guess, bad := r.badUTF8(r.w.rest()[:upTo]); guess {
		r.warn(ruleGuessed, rec.Pointer, "windows-1252")
		r.wide = true
		r.w.guess()
		r.w.more()
		n = r.parse()
	} else if bad && n >= 0 {
		r.w.skip(n)
		return r.refuse(rec, catalog.Problem{Rule: ruleEncoding})
	}
	switch {
	case n < 0 && r.parser.fault.rule == "" && len(r.w.rest()) <= r.lim.Record:
		return r.ended()
	case n < 0 && r.parser.fault.rule == "", n > r.lim.Record:
		return r.leaveRecord(rec, catalog.Problem{Rule: ruleTooLarge, Expected: strconv.Itoa(r.lim.Record)}, 0)
	case n < 0:
		f := r.parser.fault
		p := catalog.Problem{Rule: f.rule, Found: r.around(f.at), Expected: f.want, Line: r.w.mark(f.at).line}
		return r.leaveRecord(rec, p, f.at)
	}
	return r.keep(rec, n)
}

// parse parses the element that begins here, reading on until it stands whole
// in the window, is not XML, or is over the limit of a record.
func (r *xmlReader) parse() int {
	for {
		n := r.parser.parse(r.w.rest(), r.lim.Depth)
		if n >= 0 || r.parser.fault.rule != "" || len(r.w.rest()) > r.lim.Record || !r.w.more() {
			return n
		}
	}
}

// badUTF8 reports whether text is not UTF-8, and whether it can be guessed
// that the file is in another encoding from here on.
func (r *xmlReader) badUTF8(text []byte) (guess, bad bool) {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		c, n := utf8.DecodeRune(text[i:])
		if c == utf8.RuneError && n == 1 {
			return !r.wide, true
		}
		r.wide = true
		i += n
	}
	return false, false
}

// keep yields the record of n bytes that the parser has read.
func (r *xmlReader) keep(rec Record, n int) error {
	space := ""
	if own, declared := xmlSpaceOf(r.parser.nodes[0].attrs); !declared && own == "" && len(r.open) > 0 {
		space = r.open[len(r.open)-1].space
	}
	raw := r.parser.appendJSON(r.raw[:0], 0, space)
	r.raw = raw
	r.w.skip(n)
	if len(raw) > r.lim.Record {
		return r.refuse(rec, catalog.Problem{Rule: ruleTooLarge, Expected: strconv.Itoa(r.lim.Record)})
	}
	if raw[0] == '"' {
		return r.refuse(rec, catalog.Problem{Rule: ruleNotObject, Found: judgeCut(raw), Expected: "<id>…</id>"})
	}
	rec.Raw = r.hold(raw)
	r.tape.whole = true
	r.tape.parse(rec.Raw, jsonMaxDepth)
	return r.emit(readItem(r.tape, rec))
}

func (r *xmlReader) refuse(rec Record, p catalog.Problem) error {
	p.Severity = catalog.Error
	return r.emit(Item{Record: rec, Problems: catalog.Problems{p}})
}

// leaveRecord refuses the record that begins here and goes on behind it: after
// its end tag, or where the next record begins or the list ends. If there is
// no such place the file ends with the record's own problem, ahead bytes on.
func (r *xmlReader) leaveRecord(rec Record, p catalog.Problem, ahead int) error {
	mark := r.w.mark(ahead)
	r.w.skip(1)
	for {
		switch n, known := xmlBoundary(r.w.rest(), rec.Kind); {
		case known:
			r.w.skip(n)
			return r.refuse(rec, p)
		case n > 0:
			r.w.skip(n)
		case !r.w.more():
			if r.w.failed() || p.Rule == ruleTooLarge {
				return r.ended()
			}
			return r.failAt(mark, p.Rule, p.Found, p.Expected)
		}
	}
}

// xmlBoundary looks for the end of a record of some kind in b. It gives the
// bytes to pass over, and whether the record ends there; 0 asks for more.
func xmlBoundary(b []byte, kind Kind) (int, bool) {
	at := bytes.IndexByte(b, '<')
	if at < 0 {
		return len(b), false
	}
	const longest = len("</contrat-concession") + 1
	tag := b[at:]
	if len(tag) < longest && bytes.IndexByte(tag, '>') < 0 {
		return at, false
	}
	if tag[1] != '/' {
		if isXMLRecord(tag[1:xmlName(tag, 1)]) {
			return at, true
		}
		return at + 1, false
	}
	switch string(tag[2:xmlName(tag, 2)]) {
	case xmlMarches:
		return at, true
	case string(kind):
		end := bytes.IndexByte(tag, '>')
		if end < 0 {
			return at, false
		}
		return at + end + 1, true
	}
	return at + 1, false
}
