package pivot

import "bytes"

// element judges an element, in its JSON form (docs/xml-records.md), as an
// XSD does.
func (j *judging) element(node int32, r *judgeRule) {
	n := &j.t.nodes[node]
	switch {
	case n.kind != '[':
		j.occurrence(node, r)
	case !r.xmlRepeat:
		j.bad(ruleRepeated, node, "")
	default:
		for kid := node + 1; kid < n.next && !j.over(); kid = j.t.nodes[kid].next {
			j.occurrence(kid, r)
		}
	}
}

// occurrence judges one occurrence of an element.
func (j *judging) occurrence(node int32, r *judgeRule) {
	switch kind := j.t.nodes[node].kind; {
	case kind == '{' && r.xmlLeaf:
		j.leafObject(node, r)
	case kind == '{':
		j.elements(node, r)
	case kind == '"' && r.xmlLeaf:
		j.leaf(node, node, r)
	case kind == '"':
		if text := j.t.textOf(node); len(xmlTrim(text)) > 0 && !r.xmlMixed {
			j.bad(ruleType, node, "<…>")
		} else {
			j.lacks(node, r, [2]uint64{})
		}
	default:
		j.bad(ruleType, node, `"…"`)
	}
}

// leaf judges the text that stands at text, of the element at node.
func (j *judging) leaf(node, text int32, r *judgeRule) {
	s := j.t.textOf(text)
	if len(s) == 0 && r.xmlEmpty {
		return
	}
	if r.xmlTrim {
		s = xmlTrim(s)
	}
	if r.kinds != judgeNumber {
		j.text(node, s, r)
		return
	}
	if f, ok := judgeXSNumber(s, r.whole); ok {
		j.number(node, f, r)
	} else {
		j.bad(ruleType, node, judgeLike(r))
	}
}

// leafObject judges an element that has attributes, or elements where a text
// is wanted.
func (j *judging) leafObject(node int32, r *judgeRule) {
	t := j.t
	text := int32(-1)
	for kid := node + 1; kid < t.nodes[node].next && !j.over(); kid = t.nodes[kid].next {
		switch key := t.keyOf(kid); {
		case string(key) == xmlTextKey && t.nodes[kid].kind == '"':
			text = kid
		case len(key) > 0 && key[0] == '@':
			j.attribute(kid, key)
		default:
			j.problem(ruleAdditional, kid, judgeCut(key), "")
		}
	}
	if text >= 0 {
		j.leaf(node, text, r)
	} else if !j.over() {
		j.emptyLeaf(node, r)
	}
}

// emptyLeaf judges an element that has attributes and nothing else.
func (j *judging) emptyLeaf(node int32, r *judgeRule) {
	if r.xmlEmpty {
		return
	}
	if r.kinds == judgeNumber {
		j.bad(ruleType, node, judgeLike(r))
	} else {
		j.text(node, nil, r)
	}
}

func (j *judging) elements(node int32, r *judgeRule) {
	t := j.t
	var seen [2]uint64
	last := 0
	for kid := node + 1; kid < t.nodes[node].next && !j.over(); kid = t.nodes[kid].next {
		id := t.nodes[kid].name
		seen[id>>6] |= 1 << (id & 63)
		if id != 0 && r.index != nil && r.index[id] != 0 {
			at := int(r.index[id])
			if r.xmlOrdered && at < last {
				j.problem(ruleOrder, kid, r.members[at-1].name, r.members[last-1].name)
			}
			last = at
			j.element(kid, r.members[at-1].rule)
			continue
		}
		switch key := t.keyOf(kid); {
		case string(key) == xmlTextKey:
			if !r.xmlMixed {
				j.bad(ruleTextBetween, kid, "")
			}
		case len(key) > 0 && key[0] == '@':
			j.attribute(kid, key)
		default:
			j.problem(ruleAdditional, kid, judgeCut(key), "")
		}
	}
	if !j.over() {
		j.lacks(node, r, seen)
	}
}

// attribute judges an attribute: the XSDs have none of their own.
func (j *judging) attribute(kid int32, key []byte) {
	switch name := key[1:]; {
	case string(name) == "xmlns":
		if len(j.t.textOf(kid)) > 0 {
			j.bad(ruleNamespace, kid, "")
		}
	case !xmlIsNeutral(name):
		j.problem(ruleAttribute, kid, judgeCut(name), "")
	}
}

// xmlIsNeutral reports whether an attribute says nothing of the data: it
// declares a prefix, or names the schema.
func xmlIsNeutral(name []byte) bool {
	return bytes.HasPrefix(name, []byte("xmlns:")) ||
		string(name) == "xsi:schemaLocation" || string(name) == "xsi:noNamespaceSchemaLocation"
}

// xmlTextKey is the member that holds the text of an element which has more
// than text.
const xmlTextKey = "#text"

func xmlTrim(s []byte) []byte { return bytes.Trim(s, " \t\r\n") }
