package pivot

import "reflect"

// A normShape says how a list must stand in its layout.
type normShape int

const (
	normObjects normShape = iota // a list of objects: bare in flat JSON, each in a wrapper in nested JSON
	normTexts                    // a list of texts: bare in flat JSON, in one wrapper in nested JSON
)

// items gives the items of the list n, whichever way it is wrapped. The
// names are those of the wrapper, the right one first. One repair at most is
// said for the whole list.
func (r *normReader) items(n *normNode, shape normShape, names ...string) []*normNode {
	if n == nil {
		return nil
	}
	var list []*normNode
	right := true
	switch n.kind {
	case '[':
		right = r.form == Flat || r.form == Nested && shape == normObjects
		for _, e := range n.kids {
			e.used = true
			w := r.wrapper(e, shape, names)
			right = right && (w != nil) == (r.form == Nested)
			list = normAppend(list, e, w)
		}
		right = right || len(n.kids) == 0
	case '{':
		w := r.wrapper(n, shape, names)
		if w == nil && len(n.kids) == 0 {
			return nil
		}
		right = w != nil && (r.form == XML || r.form == Nested && shape == normTexts && w.kind == '[')
		list = normAppend(nil, n, w)
	default:
		if r.text(n) == "" {
			return nil
		}
		right, list = false, []*normNode{n}
	}
	if !right {
		r.say(n, repairWrapper, string(n.raw), normRight(r.form, shape, names[0]))
	}
	return list
}

// wrapper finds the member of n that holds the item or the items, if n is a
// wrapper. Among objects the value alone tells it from an item with a field of
// that name (a tarif has a tarif): it is an object, a list or nothing.
func (r *normReader) wrapper(n *normNode, shape normShape, names []string) *normNode {
	for _, name := range names {
		w := n.get(name)
		if w == nil || shape == normObjects && w.kind != '{' && w.kind != '[' && !(w.kind == '"' && w.text == "") {
			continue
		}
		r.takeAll(n, name)
		return w
	}
	return nil
}

// normAppend adds to list what lies in n: n itself, or the one or several
// items of its wrapper w.
func normAppend(list []*normNode, n, w *normNode) []*normNode {
	switch {
	case w == nil:
		return append(list, n)
	case w.kind == '[':
		for _, e := range w.kids {
			e.used = true
		}
		return append(list, w.kids...)
	}
	return append(list, w)
}

// normRight shows how a list is written in a layout.
func normRight(form Form, shape normShape, name string) string {
	switch {
	case form == Flat:
		return "[…]"
	case form == Nested && shape == normObjects:
		return `[{"` + name + `":{…}}]`
	}
	return `{"` + name + `":[…]}`
}

// objects gives those items of a list that are objects; the others cannot be
// read.
func (r *normReader) objects(n *normNode, names ...string) []*normNode {
	var list []*normNode
	for _, it := range r.items(n, normObjects, names...) {
		switch {
		case it.kind == '{':
			list = append(list, it)
		case r.form != XML || it.kind != '"' || it.text != "": // <titulaire/> is nothing
			r.unreadable(it)
		}
	}
	return list
}

// normAdd adds v, which was read from n, to list, unless nothing was given in it.
func normAdd[T any](r *normReader, n *normNode, list []T, v T) []T {
	if reflect.ValueOf(v).IsZero() {
		r.say(n, repairEmpty, string(n.raw), "")
		return list
	}
	return append(list, v)
}

// words reads a list of values of a closed list. In 2.0.0 a list that is
// given and empty says none, for which later versions have a word.
func (r *normReader) words(n *normNode, list normWords, none, name string, more ...string) []string {
	var words []string
	for _, it := range r.items(n, normTexts, append([]string{name}, more...)...) {
		if w := r.word(it, list); w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 && none != "" && n != nil && r.v200 && normIsNone(n) {
		r.say(n, repairVersion, string(n.raw), none)
		return []string{none}
	}
	return normUnique(r, n, words, func(w string) string { return w })
}

// normIsNone reports whether n says "none" in the layout of 2.0.0: the empty
// list, which is an empty element in XML.
func normIsNone(n *normNode) bool {
	return n.kind == '[' && len(n.kids) == 0 || n.kind == '"' && n.text == ""
}

// normUnique drops the items of list that stood there before: the legal
// schemas want every list to be a set.
func normUnique[T any](r *normReader, n *normNode, list []T, key func(T) string) []T {
	if len(list) < 2 {
		return list
	}
	seen := make(map[string]bool, len(list))
	kept := list[:0]
	for _, v := range list {
		k := key(v)
		if seen[k] {
			r.say(n, repairDuplicate, k, "")
			continue
		}
		seen[k] = true
		kept = append(kept, v)
	}
	return kept
}
