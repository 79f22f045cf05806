package pivot

import (
	"math"
	"strconv"
	"strings"
)

// plain reads n as a text: cleaned of control characters and of the spaces
// around it. Null and the empty text are "".
func (r *normReader) plain(n *normNode) string {
	if n == nil {
		return ""
	}
	switch n.kind {
	case '"':
		return r.clean(n)
	case '0':
		if r.form != XML {
			r.say(n, repairString, n.text, `"`+n.text+`"`)
		}
		return n.text
	case 'n':
		r.say(n, repairNull, "null", "")
	default:
		r.unreadable(n)
	}
	return ""
}

func (r *normReader) clean(n *normNode) string {
	s := n.text
	if strings.ContainsFunc(s, normIsControl) {
		s = normDropControls(s)
		r.say(n, repairControl, n.text, s)
	}
	if t := strings.TrimSpace(s); t != s {
		if r.say(n, repairSpace, s, t); t == "" {
			return ""
		}
		s = t
	}
	if s == "" && r.form != XML { // <ccag/> says "not given" in XML
		r.say(n, repairEmpty, n.text, "")
	}
	return s
}

// text reads n as a text where "NC" (non communiqué) means "not given".
func (r *normReader) text(n *normNode) string {
	s := r.plain(n)
	if strings.EqualFold(s, "NC") {
		r.say(n, repairNC, s, "")
		return ""
	}
	return s
}

func (r *normReader) unreadable(n *normNode) {
	r.say(n, repairUnreadable, string(n.raw), "")
}

// word reads n as a value of a closed list. A value that is not in the list
// stays as written.
func (r *normReader) word(n *normNode, list normWords) string {
	s := r.text(n)
	if s == "" {
		return ""
	}
	w, rule := list.find(s, r.gen)
	if rule != "" {
		r.say(n, rule, s, w)
	}
	return w
}

// siret reads n as an identifier; spaces and points inside what is otherwise
// a row of digits go.
func (r *normReader) siret(n *normNode) string {
	s := r.text(n)
	t := strings.Map(func(c rune) rune {
		if c == '.' || normIsSpace(c) {
			return -1
		}
		return c
	}, s)
	if t != s && normIsDigits(t) {
		r.say(n, repairSpace, s, t)
		return t
	}
	return s
}

// date reads n as a day. A time and a timezone behind it go without being
// reckoned with: a contract was notified on the day that its buyer wrote.
func (r *normReader) date(n *normNode) string {
	s := r.text(n)
	if len(s) == 10 && normIsDay(s) {
		return s
	}
	if len(s) > 10 && normIsDay(s[:10]) {
		switch normAfterDay(s[10:]) {
		case 'z':
			r.say(n, repairTimezone, s, s[:10])
			return s[:10]
		case 't':
			r.say(n, repairDateTime, s, s[:10])
			return s[:10]
		}
	}
	if len(s) == 10 && s[2] == '/' && s[5] == '/' {
		if t := s[6:] + "-" + s[3:5] + "-" + s[:2]; normIsDay(t) {
			r.say(n, repairDate, s, t)
			return t
		}
	}
	return s
}

// boolean reads n as a boolean, in any of the six ways that the XSD allows
// and a few more.
func (r *normReader) boolean(n *normNode) *bool {
	if n == nil {
		return nil
	}
	yes := true
	switch {
	case n.kind == 't':
		return &yes
	case n.kind == 'f':
		yes = false
		return &yes
	}
	s := n.text
	if n.kind != '0' {
		if s = r.text(n); s == "" {
			return nil
		}
	}
	switch strings.ToLower(s) {
	case "true", "oui", "vrai", "1":
	case "false", "non", "faux", "0":
		yes = false
	default:
		r.unreadable(n)
		return nil
	}
	if r.form != XML {
		r.say(n, repairBoolean, s, strconv.FormatBool(yes))
	}
	return &yes
}

// number reads n as a decimal number.
func (r *normReader) number(n *normNode) *float64 {
	if n == nil {
		return nil
	}
	s := n.text
	if n.kind != '0' {
		if s = r.text(n); s == "" {
			return nil
		}
	}
	t := normDecimal(s)
	f, err := strconv.ParseFloat(t, 64)
	if t == "" || err != nil || math.IsInf(f, 0) {
		r.unreadable(n)
		return nil
	}
	if n.kind == '"' && (r.form != XML || t != s) {
		r.say(n, repairNumber, s, t)
	}
	return &f
}

// whole reads n as a whole number; 12.0 is one.
func (r *normReader) whole(n *normNode) *int {
	f := r.number(n)
	if f == nil {
		return nil
	}
	if *f != math.Trunc(*f) || math.Abs(*f) > 1<<53 {
		r.unreadable(n)
		return nil
	}
	i := int(*f)
	return &i
}

// normDecimal brings a number as people write it (1 234,50 €) into the form
// that strconv reads, or gives "" if it is none. A comma is the French
// decimal mark; with both marks there is no telling which one it is.
func normDecimal(s string) string {
	if normIsNumber(s) {
		return s
	}
	s = strings.Map(func(c rune) rune {
		if normIsSpace(c) {
			return -1
		}
		return c
	}, strings.TrimSuffix(s, "€"))
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	if !normIsNumber(s) {
		return ""
	}
	return s
}

// normIsNumber reports whether s has the signs of a decimal number and
// nothing else: no hexadecimal, no infinity, no underscore.
func normIsNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789+-.eE") == "" && strings.ContainsAny(s, "0123456789")
}

func normIsDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func normIsSpace(c rune) bool {
	return c == ' ' || c == '\t' || c == '\u00a0' || c == '\u202f' || c == '\u2009'
}

// normIsDay reports whether s has the form AAAA-MM-JJ; it asks no calendar.
func normIsDay(s string) bool {
	return len(s) == 10 && s[4] == '-' && s[7] == '-' && normIsDigits(s[:4]) && normIsDigits(s[5:7]) && normIsDigits(s[8:])
}

// normAfterDay says what follows a day: 'z' a timezone, 't' a time of day
// with or without one, 0 something else.
func normAfterDay(s string) byte {
	kind := byte('z')
	if len(s) >= 6 && (s[0] == 'T' || s[0] == ' ') && normIsDigits(s[1:3]) && s[3] == ':' && normIsDigits(s[4:6]) {
		kind = 't'
		s = strings.TrimLeft(s[6:], ":.,0123456789")
	}
	s = strings.TrimSuffix(s, "Z") // the pattern of 1.x allows +01:00Z
	switch {
	case s == "":
		return kind
	case len(s) == 6 && (s[0] == '+' || s[0] == '-') && normIsDigits(s[1:3]) && s[3] == ':' && normIsDigits(s[4:]),
		len(s) == 5 && (s[0] == '+' || s[0] == '-') && normIsDigits(s[1:]):
		return kind
	}
	return 0
}
