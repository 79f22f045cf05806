package pivot

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value judges the value at node by r, as a JSON Schema does.
func (j *judging) value(node int32, r *judgeRule) {
	n := &j.t.nodes[node]
	kind := judgeKindOf(n.kind)
	if r.kinds&kind == 0 {
		if !r.loose {
			j.bad(ruleType, node, judgeLike(r))
		}
		return
	}
	switch kind {
	case judgeText:
		if r.long >= 0 || r.short > 0 || r.words != nil || r.form != nil {
			j.text(node, j.t.textOf(node), r)
		}
	case judgeNumber:
		j.number(node, judgeFloat(j.t.rawOf(node)), r)
	case judgeObject:
		j.object(node, r)
	case judgeList:
		j.items(node, r)
	}
}

func judgeKindOf(kind byte) judgeKinds {
	switch kind {
	case '"':
		return judgeText
	case '0':
		return judgeNumber
	case 't', 'f':
		return judgeBool
	case 'n':
		return judgeNull
	case '{':
		return judgeObject
	}
	return judgeList
}

// judgeLike shows the kinds of values that r accepts, in signs that are the
// same in every language.
func judgeLike(r *judgeRule) string {
	var list []string
	for _, k := range [...]struct {
		kind judgeKinds
		like string
	}{
		{judgeText, `"…"`}, {judgeNumber, "12.5"}, {judgeBool, "true, false"},
		{judgeObject, "{…}"}, {judgeList, "[…]"}, {judgeNull, "null"},
	} {
		switch {
		case r.kinds&k.kind == 0:
		case k.kind == judgeNumber && r.whole:
			list = append(list, "12")
		default:
			list = append(list, k.like)
		}
	}
	return strings.Join(list, ", ")
}

func (j *judging) text(node int32, text []byte, r *judgeRule) {
	switch {
	case r.words != nil:
		for _, w := range r.words {
			if string(text) == w {
				return
			}
		}
		j.bad(ruleEnum, node, strings.Join(r.words, " | "))
	case r.form != nil:
		if !r.form.is(text) {
			j.bad(r.form.rule, node, r.form.like)
		}
	case r.short > 0 || len(text) > r.long: // at most as many characters as bytes
		if n := utf8.RuneCount(text); n < r.short || r.long >= 0 && n > r.long {
			j.length(node, n, r)
		}
	}
}

func (j *judging) length(node int32, n int, r *judgeRule) {
	switch {
	case n == 0:
		j.bad(ruleEmptyText, node, strconv.Itoa(r.short))
	case n < r.short:
		j.bad(ruleLengthMin, node, strconv.Itoa(r.short))
	default:
		j.bad(ruleLength, node, strconv.Itoa(r.long))
	}
}

func (j *judging) number(node int32, f float64, r *judgeRule) {
	switch {
	case r.whole && !judgeIsWhole(f):
		j.bad(ruleType, node, "12")
	case !math.IsNaN(r.least) && f < r.least:
		j.bad(ruleMinimum, node, fmt.Sprint(r.least))
	case !math.IsNaN(r.most) && f > r.most:
		j.bad(ruleMaximum, node, fmt.Sprint(r.most))
	}
}

func (j *judging) object(node int32, r *judgeRule) {
	t := j.t
	var seen [2]uint64
	for kid := node + 1; kid < t.nodes[node].next; kid = t.nodes[kid].next {
		id := t.nodes[kid].name
		seen[id>>6] |= 1 << (id & 63)
		if id != 0 && r.index != nil && r.index[id] != 0 {
			j.value(kid, r.members[r.index[id]-1].rule)
		} else if r.closed {
			j.problem(ruleAdditional, kid, judgeCut(t.keyOf(kid)), "")
		}
		if j.over() {
			return
		}
	}
	j.lacks(node, r, seen)
}

// lacks notes the required members that were not seen.
func (j *judging) lacks(node int32, r *judgeRule, seen [2]uint64) {
	if r.need[0]&^seen[0] == 0 && r.need[1]&^seen[1] == 0 {
		return
	}
	for _, m := range r.members {
		if r.need[m.id>>6]&^seen[m.id>>6]&(1<<(m.id&63)) != 0 {
			j.missing(node, m.name)
		}
	}
}

func (j *judging) items(node int32, r *judgeRule) {
	n := &j.t.nodes[node]
	if int(n.count) < r.atLeast {
		j.problem(ruleEmptyList, node, "[]", strconv.Itoa(r.atLeast))
	}
	for kid := node + 1; kid < n.next && !j.over(); kid = j.t.nodes[kid].next {
		j.value(kid, r.item)
		if r.first {
			break
		}
	}
	if r.unique && n.count > 1 && !j.over() {
		if twice := j.t.repeated(node); twice >= 0 {
			j.bad(ruleUnique, twice, "")
		}
	}
}

// pointer is the JSON pointer of the value at node, relative to the record.
func (t *jsonTape) pointer(node int32) string {
	var b strings.Builder
	for at := int32(0); at != node; {
		kid, i := at+1, 0
		for t.nodes[kid].next <= node {
			kid, i = t.nodes[kid].next, i+1
		}
		b.WriteByte('/')
		if t.nodes[at].kind == '[' {
			b.WriteString(strconv.Itoa(i))
		} else {
			b.WriteString(judgeToken(judgeCut(t.keyOf(kid))))
		}
		at = kid
	}
	return b.String()
}

var judgeTokens = strings.NewReplacer("~", "~0", "/", "~1")

// judgeToken writes a name as a part of a JSON pointer.
func judgeToken(name string) string { return judgeTokens.Replace(name) }

// judgeCut keeps the first 120 characters of s, and makes them UTF-8.
func judgeCut(s []byte) string {
	const most = 120
	if len(s) <= most {
		return strings.ToValidUTF8(string(s), "�")
	}
	head := []rune(string(s[:min(len(s), most*utf8.UTFMax)]))
	if len(head) <= most && len(s) <= most*utf8.UTFMax {
		return string(head)
	}
	return string(head[:min(most, len(head))]) + "…"
}

// repeated gives the first item of the list at node that equals one before
// it, or -1.
func (t *jsonTape) repeated(node int32) int32 {
	const few = 12
	if t.nodes[node].count > few {
		return t.repeatedOfMany(node)
	}
	var items [few]int32
	n := 0
	for kid := node + 1; kid < t.nodes[node].next; kid = t.nodes[kid].next {
		for _, other := range items[:n] {
			if t.equal(other, kid) {
				return kid
			}
		}
		items[n] = kid
		n++
	}
	return -1
}

// repeatedOfMany compares by canonical text: the time does not grow with the
// square of the list.
func (t *jsonTape) repeatedOfMany(node int32) int32 {
	met := map[string]bool{}
	for kid := node + 1; kid < t.nodes[node].next; kid = t.nodes[kid].next {
		text := string(t.canonical(nil, kid))
		if met[text] {
			return kid
		}
		met[text] = true
	}
	return -1
}

// equal reports whether two values are the same as JSON.
func (t *jsonTape) equal(a, b int32) bool {
	if t.nodes[a].kind != t.nodes[b].kind || t.nodes[a].kind != '"' && t.nodes[a].count != t.nodes[b].count {
		return false
	}
	if bytes.Equal(t.rawOf(a), t.rawOf(b)) {
		return true
	}
	switch t.nodes[a].kind {
	case '"':
		return t.sameText(a, b)
	case '{':
		return t.sameObject(a, b)
	}
	return bytes.Equal(t.canonical(nil, a), t.canonical(nil, b))
}

func (t *jsonTape) sameText(a, b int32) bool {
	escaped := (t.nodes[a].flags | t.nodes[b].flags) & jsonEscaped
	return escaped != 0 && bytes.Equal(t.textOf(a), t.textOf(b))
}

// sameObject is quick where a legal field differs, and else exact.
func (t *jsonTape) sameObject(a, b int32) bool {
	for x := a + 1; x < t.nodes[a].next; x = t.nodes[x].next {
		if id := t.nodes[x].name; id != 0 {
			y := t.find(b, id)
			if y < 0 || !t.equal(x, y) {
				return false
			}
		}
	}
	return bytes.Equal(t.canonical(nil, a), t.canonical(nil, b))
}
