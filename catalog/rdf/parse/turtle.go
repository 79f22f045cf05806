package parse

import (
	"errors"
	"strconv"
)

// turtle reads Turtle, and TriG if graphs is true.
type turtle struct {
	*input
	graphs bool
	each   func(Quad) error

	base     *baseIRI
	prefixes map[string]string
	labels   map[string]string
	tok      token
	why      error // why the token that was scanned is wrong

	wantPrefix bool // a name with nothing behind its colon follows
	afterText  bool // @prefix behind a text is a language

	whole []Quad // of the statement that is being read, if broken ones are skipped
	stale bool   // the token is that of before: what follows it cannot be read

	graph    Term
	blanks   int
	depth    int
	scratch  []byte
	resolved []byte
}

func newTurtle(in *input, base string, graphs bool, each func(Quad) error) *turtle {
	t := &turtle{input: in, graphs: graphs, each: each, prefixes: map[string]string{}, labels: map[string]string{}}
	if b, ok := parseBase(base); ok {
		t.base = &b
	}
	return t
}

func (t *turtle) read() error {
	err := t.next()
	for {
		switch {
		case err != nil:
			if err = t.resume(err); err != nil {
				return err
			}
		case t.tok.kind == tokenEnd:
			return nil
		}
		if t.tok.kind != tokenEnd {
			err = t.statement()
		}
	}
}

// skips reports whether a statement that cannot be read is passed over.
func (t *turtle) skips() bool { return t.lim.Skip != nil && !t.graphs }

// resume goes on behind a statement that cannot be read, until one begins well.
func (t *turtle) resume(err error) error {
	for err != nil {
		bad, ok := errors.AsType[*Error](err)
		if !ok || !t.skips() {
			return err
		}
		t.lim.Skip(bad)
		t.whole = t.whole[:0]
		t.depth, t.wantPrefix, t.afterText, t.why = 0, false, false, nil
		if t.stale || !t.is('.') {
			if !t.skipStatement() {
				t.tok = token{}
				return nil
			}
		}
		err = t.next()
	}
	return nil
}

// complete hands on what a statement that is at its end has said.
func (t *turtle) complete() error {
	for _, q := range t.whole {
		if err := t.each(q); err != nil {
			return err
		}
	}
	t.whole = t.whole[:0]
	return nil
}

func (t *turtle) is(sign byte) bool { return t.tok.kind == tokenSign && t.tok.sign == sign }

// want takes a sign that must stand here.
func (t *turtle) want(sign byte) error {
	if !t.is(sign) {
		return t.unexpected("want " + string(sign))
	}
	if sign == '.' {
		if err := t.complete(); err != nil {
			return err
		}
	}
	return t.next()
}

func (t *turtle) unexpected(want string) error {
	switch t.tok.kind {
	case tokenEnd:
		return t.fail("the document ends too early: %s", want)
	case tokenSign:
		return t.fail("found %c: %s", t.tok.sign, want)
	}
	return t.fail("found %q: %s", t.tok.value, want)
}

// statement reads a directive, triples, or a graph.
func (t *turtle) statement() error {
	switch {
	case t.tok.kind == tokenAt:
		if err := t.directive(t.tok.value); err != nil {
			return err
		}
		return t.want('.')
	case t.tok.kind == tokenWord && (t.tok.value == "prefix" || t.tok.value == "base"):
		return t.directive(t.tok.value)
	case !t.graphs:
		if err := t.triples(); err != nil {
			return err
		}
		return t.want('.')
	}
	return t.block()
}

// directive reads what follows @prefix or @base, up to its IRI.
func (t *turtle) directive(which string) error {
	prefix := ""
	if t.wantPrefix = which == "prefix"; t.wantPrefix {
		err := t.next()
		t.wantPrefix = false
		if err != nil {
			return err
		}
		if t.tok.kind != tokenPrefix {
			return t.unexpected("want a prefix and its colon")
		}
		prefix = t.tok.value
	}
	if err := t.next(); err != nil {
		return err
	}
	if t.tok.kind != tokenIRI {
		return t.unexpected("want an IRI")
	}
	if which == "base" {
		base, ok := parseBase(t.tok.value)
		if !ok {
			return t.fail("the base %q is not absolute", t.tok.value)
		}
		t.base = &base
		return t.next()
	}
	if len(t.prefixes) >= t.lim.Names {
		return t.fail("more than %d prefixes are declared", t.lim.Names)
	}
	t.prefixes[prefix] = t.tok.value
	return t.next()
}

// block reads triples of the default graph, or a graph, of TriG.
func (t *turtle) block() error {
	named := t.tok.kind == tokenWord && t.tok.value == "graph"
	if named {
		if err := t.next(); err != nil {
			return err
		}
	}
	if t.is('{') && !named {
		return t.braces(Term{})
	}
	switch {
	case t.tok.kind == tokenIRI || t.tok.kind == tokenName || t.tok.kind == tokenBlank:
		label := t.node()
		if err := t.next(); err != nil {
			return err
		}
		if t.is('{') {
			return t.braces(label)
		}
		if named {
			return t.unexpected("want {")
		}
		if err := t.properties(label); err != nil {
			return err
		}
		return t.want('.')
	case t.is('['):
		if err := t.next(); err != nil {
			return err
		}
		label := t.fresh()
		if t.is(']') {
			if err := t.next(); err != nil {
				return err
			}
			if t.is('{') {
				return t.braces(label)
			}
			if named {
				return t.unexpected("want {")
			}
			if err := t.properties(label); err != nil {
				return err
			}
			return t.want('.')
		}
		if named {
			return t.unexpected("want ]")
		}
		if err := t.bracket(label); err != nil {
			return err
		}
		if !t.is('.') {
			if err := t.properties(label); err != nil {
				return err
			}
		}
		return t.want('.')
	case named:
		return t.unexpected("want the name of a graph")
	}
	if err := t.triples(); err != nil {
		return err
	}
	return t.want('.')
}

// braces reads the triples of a graph.
func (t *turtle) braces(label Term) error {
	t.graph = label
	defer func() { t.graph = Term{} }()
	if err := t.next(); err != nil {
		return err
	}
	for !t.is('}') {
		if err := t.triples(); err != nil {
			return err
		}
		switch {
		case t.is('.'):
			if err := t.next(); err != nil {
				return err
			}
		case !t.is('}'):
			return t.unexpected("want . or }")
		}
	}
	return t.next()
}

// triples reads a subject with what is said of it.
func (t *turtle) triples() error {
	switch {
	case t.is('['):
		if err := t.next(); err != nil {
			return err
		}
		subject := t.fresh()
		anonymous := t.is(']')
		if err := t.bracket(subject); err != nil {
			return err
		}
		if !anonymous && (t.is('.') || t.is('}')) {
			return nil
		}
		return t.properties(subject)
	case t.is('('):
		subject, err := t.collection()
		if err != nil {
			return err
		}
		return t.properties(subject)
	case t.tok.kind == tokenIRI, t.tok.kind == tokenName, t.tok.kind == tokenBlank:
		subject := t.node()
		if err := t.next(); err != nil {
			return err
		}
		return t.properties(subject)
	}
	return t.unexpected("want a subject")
}

// node is the IRI or blank node of the token.
func (t *turtle) node() Term {
	if t.tok.kind == tokenBlank {
		return Term{Kind: Blank, Value: t.tok.value}
	}
	return Term{Kind: IRI, Value: t.tok.value}
}

func (t *turtle) fresh() Term {
	t.blanks++
	return Term{Kind: Blank, Value: "g" + strconv.Itoa(t.blanks)}
}

// properties reads predicates and their objects.
func (t *turtle) properties(subject Term) error {
	for {
		predicate := Term{Kind: IRI}
		switch {
		case t.tok.kind == tokenIRI, t.tok.kind == tokenName:
			predicate.Value = t.tok.value
		case t.tok.kind == tokenWord && t.tok.value == "a":
			predicate.Value = rdfType
		default:
			return t.unexpected("want a predicate")
		}
		if err := t.next(); err != nil {
			return err
		}
		for {
			object, err := t.object()
			if err != nil {
				return err
			}
			if err := t.emit(subject, predicate, object); err != nil {
				return err
			}
			if !t.is(',') {
				break
			}
			if err := t.next(); err != nil {
				return err
			}
		}
		if !t.is(';') {
			return nil
		}
		for t.is(';') {
			if err := t.next(); err != nil {
				return err
			}
		}
		if t.is('.') || t.is(']') || t.is('}') {
			return nil
		}
	}
}

func (t *turtle) emit(s, p, o Term) error {
	if t.skips() {
		t.whole = append(t.whole, Quad{Subject: s, Predicate: p, Object: o})
		return nil
	}
	return t.each(Quad{Subject: s, Predicate: p, Object: o, Graph: t.graph})
}

// deeper bounds the nesting.
func (t *turtle) deeper() error {
	if t.depth++; t.depth > t.lim.Depth {
		return t.fail("brackets are nested deeper than %d", t.lim.Depth)
	}
	return nil
}

// object reads an object.
func (t *turtle) object() (Term, error) {
	switch t.tok.kind {
	case tokenIRI, tokenName, tokenBlank:
		o := t.node()
		return o, t.next()
	case tokenText:
		return t.literal()
	case tokenNumber:
		o := Term{Kind: Literal, Value: t.tok.value, Datatype: t.tok.datatype}
		return o, t.next()
	case tokenWord:
		if t.tok.value == "true" || t.tok.value == "false" {
			o := Term{Kind: Literal, Value: t.tok.value, Datatype: nsXSD + "boolean"}
			return o, t.next()
		}
	case tokenSign:
		switch t.tok.sign {
		case '(':
			return t.collection()
		case '[':
			o := t.fresh()
			if err := t.next(); err != nil {
				return o, err
			}
			return o, t.bracket(o)
		}
	}
	return Term{}, t.unexpected("want an object")
}

// literal reads what may follow a text.
func (t *turtle) literal() (Term, error) {
	o := Term{Kind: Literal, Value: t.tok.value}
	t.afterText = true
	err := t.next()
	t.afterText = false
	if err != nil {
		return o, err
	}
	switch t.tok.kind {
	case tokenLang:
		o.Lang = t.tok.value
		return o, t.next()
	case tokenTypes:
		if err := t.next(); err != nil {
			return o, err
		}
		if t.tok.kind != tokenIRI && t.tok.kind != tokenName {
			return o, t.unexpected("want the IRI of a datatype")
		}
		if o.Datatype = t.tok.value; o.Datatype == xsdString {
			o.Datatype = ""
		}
		return o, t.next()
	}
	return o, nil
}

// bracket reads what stands between [ and ], the first of which is read.
func (t *turtle) bracket(subject Term) error {
	if err := t.deeper(); err != nil {
		return err
	}
	defer func() { t.depth-- }()
	if !t.is(']') {
		if err := t.properties(subject); err != nil {
			return err
		}
	}
	return t.want(']')
}

// collection reads a list.
func (t *turtle) collection() (Term, error) {
	if err := t.deeper(); err != nil {
		return Term{}, err
	}
	defer func() { t.depth-- }()
	if err := t.next(); err != nil {
		return Term{}, err
	}
	head := Term{Kind: IRI, Value: rdfNil}
	var last Term
	for !t.is(')') {
		item, err := t.object()
		if err != nil {
			return head, err
		}
		cell := t.fresh()
		if last.Kind == None {
			head = cell
		} else if err := t.emit(last, Term{Kind: IRI, Value: rdfRest}, cell); err != nil {
			return head, err
		}
		if err := t.emit(cell, Term{Kind: IRI, Value: rdfFirst}, item); err != nil {
			return head, err
		}
		last = cell
	}
	if last.Kind != None {
		if err := t.emit(last, Term{Kind: IRI, Value: rdfRest}, Term{Kind: IRI, Value: rdfNil}); err != nil {
			return head, err
		}
	}
	return head, t.next()
}
