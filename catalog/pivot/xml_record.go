package pivot

import (
	"bytes"
)

// Bounds of one record.
const (
	xmlMaxElements = 100_000
	xmlMaxAttrs    = 64  // of one element
	xmlMaxNames    = 200 // different names of elements in one element
)

// An xmlNode is an element. Elements of one parent and name form a chain whose
// first is the head; the heads of a parent form another.
type xmlNode struct {
	name     []byte
	text     []byte // decoded; part of the file's text unless own is set
	own      bool
	attrs    []byte // as written
	heads    int32  // first head among the children, 0 if there are no children
	lastHead int32
	names    int32 // number of heads
	nextHead int32
	nextSame int32
	lastSame int32
}

// An xmlParser turns one record element into its JSON form
// (docs/xml-records.md). It can be used again, keeping its memory.
type xmlParser struct {
	b        []byte
	nodes    []xmlNode
	open     []int32
	maxDepth int
	fault    *xmlFault // why it stopped; rule "" if the text ends within the element
	scratch  []byte
}

// parse reads the element that b begins with and gives the length of its text,
// or -1 and a fault.
func (x *xmlParser) parse(b []byte, maxDepth int) int {
	x.b, x.maxDepth, x.fault = b, maxDepth, nil
	x.nodes, x.open = x.nodes[:0], x.open[:0]
	for i := 0; ; {
		t, fault := xmlScan(b, i)
		if fault == nil {
			fault = x.take(t, i)
		}
		if fault != nil {
			x.fault = fault
			return -1
		}
		i = t.end
		if len(x.open) == 0 {
			return i
		}
	}
}

// take adds a token, which stands at i.
func (x *xmlParser) take(t xmlToken, i int) *xmlFault {
	switch t.kind {
	case xmlStart:
		return x.start(t, i)
	case xmlEnd:
		top := &x.nodes[x.open[len(x.open)-1]]
		if !bytes.Equal(top.name, t.name) {
			return &xmlFault{ruleXMLSyntax, i, "</" + judgeCut(top.name) + ">"}
		}
		x.open = x.open[:len(x.open)-1]
	case xmlText:
		return x.text(t, i)
	}
	return nil
}

func (x *xmlParser) start(t xmlToken, i int) *xmlFault {
	switch {
	case len(x.open) >= x.maxDepth:
		return &xmlFault{rule: ruleTooDeep, at: i}
	case len(x.nodes) >= xmlMaxElements:
		return &xmlFault{rule: ruleTooMany, at: i}
	}
	if fault := x.attrs(t, i); fault != nil {
		return fault
	}
	node := int32(len(x.nodes))
	x.nodes = append(x.nodes, xmlNode{name: t.name, attrs: t.attrs})
	if len(x.open) > 0 && !x.adopt(x.open[len(x.open)-1], node) {
		return &xmlFault{rule: ruleTooMany, at: i}
	}
	if !t.empty {
		x.open = append(x.open, node)
	}
	return nil
}

// attrs checks the attributes of a start tag: their names differ, their
// values can be decoded.
func (x *xmlParser) attrs(t xmlToken, i int) *xmlFault {
	if len(t.attrs) == 0 {
		return nil
	}
	var met [xmlMaxAttrs][]byte
	n := 0
	for name, value := range xmlAttrs(t.attrs) {
		for _, other := range met[:n] {
			if bytes.Equal(name, other) {
				return &xmlFault{ruleDuplicateKey, i, judgeCut(name)}
			}
		}
		if n == xmlMaxAttrs {
			return &xmlFault{rule: ruleTooMany, at: i}
		}
		met[n] = name
		n++
		var rule string
		if x.scratch, _, rule = xmlAppend(x.scratch[:0], value, false); rule != "" {
			return &xmlFault{rule, i, judgeCut(value)}
		}
	}
	return nil
}

// xmlAttrs yields names and values of well-formed attributes.
func xmlAttrs(attrs []byte) func(yield func(name, value []byte) bool) {
	return func(yield func(name, value []byte) bool) {
		for i := xmlSpace(attrs, 0); i < len(attrs); i = xmlSpace(attrs, i) {
			name, value, end, fault := xmlAttr(attrs, i)
			if fault != nil || !yield(name, value) {
				return
			}
			i = end
		}
	}
}

// adopt makes node the last child of parent, with its namesakes. It reports
// false if the parent has too many names.
func (x *xmlParser) adopt(parent, node int32) bool {
	p := &x.nodes[parent]
	name := x.nodes[node].name
	head := int32(0)
	if p.lastHead != 0 && bytes.Equal(x.nodes[p.lastHead].name, name) {
		head = p.lastHead
	} else {
		for h := p.heads; h != 0 && head == 0; h = x.nodes[h].nextHead {
			if bytes.Equal(x.nodes[h].name, name) {
				head = h
			}
		}
	}
	if head != 0 {
		h := &x.nodes[head]
		if last := h.lastSame; last != 0 {
			x.nodes[last].nextSame = node
		} else {
			h.nextSame = node
		}
		h.lastSame = node
		return true
	}
	if p.heads == 0 {
		p.heads = node
	} else {
		x.nodes[p.lastHead].nextHead = node
	}
	p.lastHead = node
	p.names++
	return p.names <= xmlMaxNames
}

// text adds a piece of text to the open element. Between elements, white space
// alone is nothing.
func (x *xmlParser) text(t xmlToken, i int) *xmlFault {
	n := &x.nodes[x.open[len(x.open)-1]]
	if n.heads != 0 && len(xmlTrim(t.text)) == 0 {
		return nil
	}
	if n.text == nil && !t.cdata && xmlPlain(t.text) {
		n.text = t.text
		return nil
	}
	if !n.own {
		n.text, n.own = bytes.Clone(n.text), true
	}
	var at int
	var rule string
	if n.text, at, rule = xmlAppend(n.text, t.text, t.cdata); rule != "" {
		return &xmlFault{rule, i + at, ""}
	}
	return nil
}

// appendJSON appends the JSON form of the element at node; space, if not "",
// is the default namespace that it inherits.
func (x *xmlParser) appendJSON(b []byte, node int32, space string) []byte {
	n := &x.nodes[node]
	if n.heads == 0 && len(n.attrs) == 0 && space == "" {
		return jsonAppendString(b, n.text)
	}
	b = append(b, '{')
	b = x.appendAttrs(b, n.attrs, space)
	for h := n.heads; h != 0; h = x.nodes[h].nextHead {
		b = x.appendKey(b, "", x.nodes[h].name)
		if x.nodes[h].nextSame == 0 {
			b = x.appendJSON(b, h, "")
			continue
		}
		b = append(b, '[')
		for s := h; s != 0; s = x.nodes[s].nextSame {
			b = append(x.appendJSON(b, s, ""), ',')
		}
		b[len(b)-1] = ']'
	}
	if text := n.text; len(text) > 0 && (n.heads == 0 || len(xmlTrim(text)) > 0) {
		b = jsonAppendString(x.appendKey(b, "", []byte(xmlTextKey)), text)
	}
	return append(b, '}')
}

func (x *xmlParser) appendAttrs(b, attrs []byte, space string) []byte {
	if space != "" {
		b = jsonAppendString(x.appendKey(b, "@", []byte("xmlns")), []byte(space))
	}
	for name, value := range xmlAttrs(attrs) {
		x.scratch, _, _ = xmlAppend(x.scratch[:0], value, false) // checked before
		b = jsonAppendString(x.appendKey(b, "@", name), x.scratch)
	}
	return b
}

// appendKey appends a member's name, which needs no escapes, and a comma
// before it if it is not the first.
func (x *xmlParser) appendKey(b []byte, prefix string, name []byte) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(append(append(b, '"'), prefix...), name...)
	return append(b, '"', ':')
}

// xmlSpaceOf is the default namespace that attrs declare, and whether they do.
func xmlSpaceOf(attrs []byte) (string, bool) {
	for name, value := range xmlAttrs(attrs) {
		if string(name) == "xmlns" {
			text, _, _ := xmlAppend(nil, value, false)
			return string(text), true
		}
	}
	return "", false
}
