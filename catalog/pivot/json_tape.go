package pivot

import (
	"bytes"
	"slices"
)

// jsonMaxDepth bounds nesting wherever JSON is read: the parser recurses.
const jsonMaxDepth = 512

// A jsonNode is one value of a parsed text. The nodes of a text stand in one
// list, in the order of the text: a value, then all that it holds. Places are
// byte offsets.
type jsonNode struct {
	start, end  int32 // of the value, quotes included
	key, keyEnd int32 // of the member's name, between its quotes; both 0 if it has none
	next        int32 // index of the node after this one and all that it holds
	count       int32 // members or items; of a string with escapes, its place in texts from 1
	kind        byte  // '{' '[' '"' '0' 't' 'f' 'n'
	flags       uint8
	name        uint8 // the member's name if it is a legal field, else 0
}

// Flags of a node.
const (
	jsonEscaped    = 1 << iota // the string has a backslash
	jsonWide                   // the string has bytes beyond ASCII
	jsonKeyEscaped             // the member's name has a backslash
)

// jsonState says how the parsing of a text ended.
type jsonState uint8

const (
	jsonDone   jsonState = iota // one whole value was read
	jsonShort                   // the text ends within the value
	jsonSyntax                  // it is not JSON; see jsonTape.want
	jsonDeep                    // it is nested deeper than allowed
)

// A jsonTape parses one JSON value into nodes in one pass, checking all of
// RFC 8259 but what it can note and go on from: bytes that are not UTF-8 and
// names that stand twice. It can be used again, keeping its memory.
type jsonTape struct {
	raw      []byte
	nodes    []jsonNode
	maxDepth int
	whole    bool // nothing follows raw: a number may end with it

	state jsonState
	at    int    // where it failed
	want  string // what was expected there

	twice   int32 // node of the first member whose name stood before in its object, else -1
	badUTF8 int   // place of the first string that is not UTF-8, else -1
	wide    bool  // some string has bytes beyond ASCII, in UTF-8

	depth   int
	unknown []int32 // nodes of the open objects' members with unknown names

	texts [][]byte // strings that were decoded
	arena []byte   // in which they stand
	plain []byte   // memory for the canonical text

	// after guesses the name that follows: by the name before it in its object,
	// or, of the first, by that of the object, that which did so last. The records
	// of a file are mostly alike. 0 is no guess.
	after [2][128]uint8
}

// parse reads the value that raw begins with and gives the length of its text.
// The value must begin with the first byte.
func (t *jsonTape) parse(raw []byte, maxDepth int) int {
	t.raw, t.maxDepth = raw, maxDepth
	t.nodes, t.unknown = t.nodes[:0], t.unknown[:0]
	t.texts, t.arena = t.texts[:0], t.arena[:0]
	t.state, t.at, t.want = jsonDone, 0, ""
	t.twice, t.badUTF8, t.wide, t.depth = -1, -1, false, 0
	return t.value(0, jsonNode{})
}

// fail ends the parsing at i.
func (t *jsonTape) fail(state jsonState, i int, want string) int {
	t.state, t.at, t.want = state, i, want
	return i
}

// space skips white space from i.
func (t *jsonTape) space(i int) int {
	for i < len(t.raw) && t.raw[i] <= ' ' && (t.raw[i] == ' ' || t.raw[i] == '\n' || t.raw[i] == '\t' || t.raw[i] == '\r') {
		i++
	}
	return i
}

// value reads the value at i; n holds what is known of it from its name.
func (t *jsonTape) value(i int, n jsonNode) int {
	if i >= len(t.raw) {
		return t.fail(jsonShort, i, "")
	}
	n.start = int32(i)
	switch c := t.raw[i]; {
	case c == '"':
		end, flags := t.text(i + 1)
		n.kind, n.flags, n.end = '"', n.flags|flags, int32(end)
		t.leaf(n)
		return end
	case c == '{':
		return t.object(i, n)
	case c == '[':
		return t.array(i, n)
	case c == '-' || c-'0' <= 9:
		n.kind = '0'
		end := t.number(i)
		n.end = int32(end)
		t.leaf(n)
		return end
	default:
		return t.literal(i, n)
	}
}

func (t *jsonTape) leaf(n jsonNode) {
	n.next = int32(len(t.nodes) + 1)
	t.nodes = append(t.nodes, n)
}

func (t *jsonTape) literal(i int, n jsonNode) int {
	for _, word := range [...]string{"true", "false", "null"} {
		if t.raw[i] != word[0] {
			continue
		}
		rest := t.raw[i:min(i+len(word), len(t.raw))]
		if string(rest) == word {
			n.kind, n.end = word[0], int32(i+len(word))
			t.leaf(n)
			return i + len(word)
		}
		if len(rest) < len(word) && string(rest) == word[:len(rest)] {
			return t.fail(jsonShort, len(t.raw), "")
		}
	}
	return t.fail(jsonSyntax, i, jsonWantValue)
}

// open starts an object or list: it gives the index of its node, or -1.
func (t *jsonTape) open(i int, n jsonNode) int {
	if t.depth++; t.depth > t.maxDepth {
		t.fail(jsonDeep, i, "")
		return -1
	}
	n.kind = t.raw[i]
	t.nodes = append(t.nodes, n)
	return len(t.nodes) - 1
}

func (t *jsonTape) close(node, end, count int) int {
	n := &t.nodes[node]
	n.end, n.next, n.count = int32(end), int32(len(t.nodes)), int32(count)
	t.depth--
	return end
}

func (t *jsonTape) array(i int, n jsonNode) int {
	node := t.open(i, n)
	if node < 0 {
		return i
	}
	count := 0
	i = t.space(i + 1)
	if i < len(t.raw) && t.raw[i] == ']' {
		return t.close(node, i+1, 0)
	}
	for {
		if i = t.value(i, jsonNode{}); t.state != jsonDone {
			return i
		}
		count++
		i = t.space(i)
		switch {
		case i >= len(t.raw):
			return t.fail(jsonShort, i, "")
		case t.raw[i] == ',':
			i = t.space(i + 1)
		case t.raw[i] == ']':
			return t.close(node, i+1, count)
		default:
			return t.fail(jsonSyntax, i, ", ]")
		}
	}
}

func (t *jsonTape) object(i int, n jsonNode) int {
	node := t.open(i, n)
	if node < 0 {
		return i
	}
	var seen [2]uint64 // legal names met
	unknown := len(t.unknown)
	count := 0
	guess := &t.after[1][n.name]
	i = t.space(i + 1)
	if i < len(t.raw) && t.raw[i] == '}' {
		return t.close(node, i+1, 0)
	}
	for {
		var m jsonNode
		if i = t.member(i, &m, guess); t.state != jsonDone {
			return i
		}
		guess = &t.after[0][m.name]
		kid := int32(len(t.nodes))
		if i = t.value(i, m); t.state != jsonDone {
			return i
		}
		t.meet(kid, &seen, unknown)
		count++
		i = t.space(i)
		switch {
		case i >= len(t.raw):
			return t.fail(jsonShort, i, "")
		case t.raw[i] == ',':
			i = t.space(i + 1)
		case t.raw[i] == '}':
			t.meetAll(unknown)
			t.unknown = t.unknown[:unknown]
			return t.close(node, i+1, count)
		default:
			return t.fail(jsonSyntax, i, ", }")
		}
	}
}

// member reads a name and its colon into m and gives the place of the value.
// guess is the name that is likely to stand here, and becomes the one that does.
func (t *jsonTape) member(i int, m *jsonNode, guess *uint8) int {
	if name := schemaNames.quoted[*guess]; *guess != 0 && len(t.raw)-i > len(name) && string(t.raw[i:i+len(name)]) == name {
		m.key, m.keyEnd, m.name = int32(i+1), int32(i+len(name)-1), *guess
		return t.colon(i + len(name))
	}
	if i >= len(t.raw) {
		return t.fail(jsonShort, i, "")
	}
	if t.raw[i] != '"' {
		return t.fail(jsonSyntax, i, `"`)
	}
	end, flags := t.text(i + 1)
	if t.state != jsonDone {
		return end
	}
	m.key, m.keyEnd = int32(i+1), int32(end-1)
	if flags&jsonEscaped != 0 {
		m.flags = jsonKeyEscaped
		m.name = schemaNameID(jsonUnescape(nil, t.raw[i+1:end-1]))
	} else {
		m.name = schemaNameID(t.raw[i+1 : end-1])
	}
	*guess = m.name
	return t.colon(end)
}

// colon reads what stands between a name and its value.
func (t *jsonTape) colon(i int) int {
	i = t.space(i)
	if i >= len(t.raw) {
		return t.fail(jsonShort, i, "")
	}
	if t.raw[i] != ':' {
		return t.fail(jsonSyntax, i, ":")
	}
	return t.space(i + 1)
}

// jsonFewNames is the number of unknown names of one object that are compared
// each with each.
const jsonFewNames = 16

// meet notes whether the name of the member kid stood before in its object.
func (t *jsonTape) meet(kid int32, seen *[2]uint64, unknown int) {
	if id := t.nodes[kid].name; id != 0 {
		word, bit := &seen[id>>6], uint64(1)<<(id&63)
		if *word&bit != 0 && t.twice < 0 {
			t.twice = kid
		}
		*word |= bit
		return
	}
	if len(t.unknown)-unknown < jsonFewNames {
		name := t.keyOf(kid)
		for _, other := range t.unknown[unknown:] {
			if t.twice < 0 && bytes.Equal(t.keyOf(other), name) {
				t.twice = kid
			}
		}
	}
	t.unknown = append(t.unknown, kid)
}

// meetAll does for many unknown names what meet does for few.
func (t *jsonTape) meetAll(unknown int) {
	kids := t.unknown[unknown:]
	if len(kids) <= jsonFewNames || t.twice >= 0 {
		return
	}
	slices.SortFunc(kids, func(a, b int32) int {
		if c := bytes.Compare(t.keyOf(a), t.keyOf(b)); c != 0 {
			return c
		}
		return int(a - b)
	})
	for i := 1; i < len(kids); i++ {
		if bytes.Equal(t.keyOf(kids[i-1]), t.keyOf(kids[i])) {
			t.twice = kids[i]
			return
		}
	}
}

// keyOf is the name of the member at node, decoded.
func (t *jsonTape) keyOf(node int32) []byte {
	n := &t.nodes[node]
	key := t.raw[n.key:n.keyEnd]
	if n.flags&jsonKeyEscaped != 0 {
		return jsonUnescape(nil, key)
	}
	return key
}

// textOf is the string at node, decoded. It holds until the tape is used again.
func (t *jsonTape) textOf(node int32) []byte {
	n := &t.nodes[node]
	text := t.raw[n.start+1 : n.end-1]
	if n.flags&jsonEscaped == 0 {
		return text
	}
	if n.count == 0 {
		from := len(t.arena)
		t.arena = jsonUnescape(t.arena, text)
		t.texts = append(t.texts, t.arena[from:len(t.arena):len(t.arena)])
		n.count = int32(len(t.texts))
	}
	return t.texts[n.count-1]
}

// rawOf is the text of the value at node.
func (t *jsonTape) rawOf(node int32) []byte { return t.raw[t.nodes[node].start:t.nodes[node].end] }

// find gives the node of the member called name of the object at node, or -1.
func (t *jsonTape) find(node int32, name uint8) int32 {
	if t.nodes[node].kind != '{' {
		return -1
	}
	for kid := node + 1; kid < t.nodes[node].next; kid = t.nodes[kid].next {
		if t.nodes[kid].name == name {
			return kid
		}
	}
	return -1
}

// findKey is find for a name that no table has.
func (t *jsonTape) findKey(node int32, name string) int32 {
	if t.nodes[node].kind != '{' {
		return -1
	}
	for kid := node + 1; kid < t.nodes[node].next; kid = t.nodes[kid].next {
		if t.nodes[kid].name == 0 && string(t.keyOf(kid)) == name {
			return kid
		}
	}
	return -1
}
