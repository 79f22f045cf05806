package pivot

import (
	"bytes"
	"slices"

	"maillon/catalog"
)

// withContent gives the problems found by the schema, and the warnings on
// content: what is legal and yet hardly right. Where the schema has found an
// error, the content of that value is not looked at.
func (j *judging) withContent() catalog.Problems {
	c := contentCheck{t: j.t, xml: j.xml, day: j.day}
	c.value(0)
	c.record()
	for _, w := range c.found {
		told := slices.ContainsFunc(j.problems, func(p catalog.Problem) bool { return p.Pointer == w.Pointer })
		if !told && len(j.problems) < judgeMost {
			j.problems = append(j.problems, w)
		}
	}
	return j.problems
}

// A contentCheck looks through the values of one record.
type contentCheck struct {
	t     *jsonTape
	xml   bool
	day   string // on which the record is judged; "" if it does not matter
	found catalog.Problems
	top   [128]int32 // the record's own fields by name; 0 for those it has not
}

func (c *contentCheck) warn(rule string, node int32, found []byte, expected string) {
	if len(c.found) < judgeMost {
		c.found = append(c.found, catalog.Problem{
			Pointer: c.t.pointer(node), Rule: rule, Severity: catalog.Warning, Found: judgeCut(found), Expected: expected,
		})
	}
}

// value checks the value at node and all that it holds.
func (c *contentCheck) value(node int32) {
	n := &c.t.nodes[node]
	switch n.kind {
	case '{':
		c.object(node)
	case '[':
		for kid := node + 1; kid < n.next; kid = c.t.nodes[kid].next {
			c.value(kid)
		}
	case '0':
		if n.name == nameAmount || n.name == nameValue {
			c.amount(node, c.t.rawOf(node))
		}
	case '"':
		c.text(node, n)
	}
}

// object checks the members of an object, and its id by what the object is.
func (c *contentCheck) object(node int32) {
	t := c.t
	id, idType := int32(-1), int32(-1)
	for kid := node + 1; kid < t.nodes[node].next; kid = t.nodes[kid].next {
		switch t.nodes[kid].name {
		case nameID:
			id = kid
		case nameIDType:
			idType = kid
		}
		c.value(kid)
	}
	if id < 0 || t.nodes[id].kind != '"' {
		return
	}
	kind := ""
	if idType >= 0 && t.nodes[idType].kind == '"' {
		kind = string(t.textOf(idType))
	} else if name := t.nodes[node].name; name == nameBuyer || name == nameAuthority {
		kind = supplierSIRET
	}
	if kind != "" {
		c.identifier(id, kind)
	}
}

func (c *contentCheck) text(node int32, n *jsonNode) {
	switch {
	case contentDates[n.name]:
		c.date(node)
	case c.xml && (n.name == nameAmount || n.name == nameValue):
		c.amount(node, xmlTrim(c.t.textOf(node)))
	}
	if n.flags&(jsonWide|jsonEscaped) == 0 && !contentProse[n.name] {
		return
	}
	s := c.t.textOf(node)
	switch {
	case n.flags&(jsonWide|jsonEscaped) != 0 && bytes.Contains(s, []byte("\uFFFD")):
		c.warn(ruleReplacement, node, s, "")
	case n.flags&(jsonWide|jsonEscaped) != 0 && contentTwiceEncoded(s):
		c.warn(ruleTwiceEncoded, node, s, "")
	case contentProse[n.name] && contentHasEntity(s):
		c.warn(ruleHTML, node, s, "")
	}
	if n.name == nameObject && contentSaysNothing(s) {
		c.warn(ruleObject, node, s, "")
	}
}

// date warns of days that no calendar has. The XSD looks itself.
func (c *contentCheck) date(node int32) {
	if c.xml {
		return
	}
	s := c.t.textOf(node)
	if !judgeHasDate(s) {
		return // the schema has said so
	}
	day := s
	if len(s) == 16 || len(s) == 17 && s[16] == 'Z' { // with a timezone, as 1.x allows
		if judgeIsZone(s[10:16]) {
			day = s[:10]
		}
	}
	switch {
	case !judgeIsCalendarDay(day):
		c.warn(ruleCalendar, node, s, "")
	case string(day[:4]) < contentOldest:
		c.warn(ruleOldDate, node, s, contentOldest)
	case c.day != "" && string(day[:10]) > c.day:
		c.warn(ruleFuture, node, s, c.day)
	}
}

// amount warns of amounts that stand for "unknown", or can hardly be meant.
func (c *contentCheck) amount(node int32, s []byte) {
	whole, cents, _ := bytes.Cut(s, []byte("."))
	switch plain := len(bytes.Trim(cents, "0")) == 0; {
	case plain && (string(whole) == "0" || string(whole) == "1"),
		plain && len(whole) >= 6 && len(bytes.Trim(whole, "9")) == 0:
		c.warn(rulePlaceholder, node, s, "")
	case len(whole) > 9 && judgeDigits(whole):
		c.warn(ruleAmountHigh, node, s, "")
	case len(whole) < 3 && judgeDigits(whole):
		c.warn(ruleAmountLow, node, s, "")
	}
}

// contentDates tells which names are those of dates.
var contentDates = schemaNamesOf(sortDate, &schemaMarche, &schemaConcession)

// schemaNamesOf marks the names of fields of sort s in the groups and all
// that they hold.
func schemaNamesOf(s schemaSort, groups ...*schemaGroup) [256]bool {
	var marked [256]bool
	for len(groups) > 0 {
		g := groups[0]
		groups = groups[1:]
		for _, f := range g.Fields {
			if f.Type.Sort == s {
				marked[schemaNameID([]byte(f.Name))] = true
			}
			if f.Type.Group != nil {
				groups = append(groups, f.Type.Group)
			}
		}
	}
	return marked
}
