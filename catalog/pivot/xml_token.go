package pivot

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// xmlKind is the kind of a token.
type xmlKind uint8

const (
	xmlText  xmlKind = iota // character data, or a CDATA section
	xmlStart                // <a> or <a/>
	xmlEnd                  // </a>
	xmlOther                // a comment or a processing instruction
)

// xmlFault is why a token can't be read.
type xmlFault struct {
	rule string // "" if the text ends within the token
	at   int
	want string
}

// An xmlToken is a piece of an XML text; its slices point into it.
type xmlToken struct {
	kind  xmlKind
	name  []byte // of a tag
	attrs []byte // of a start tag, as written, well formed
	empty bool   // <a/>
	text  []byte // as written
	cdata bool
	end   int // place behind the token
}

// xmlScan reads the token that b has at i.
func xmlScan(b []byte, i int) (xmlToken, *xmlFault) {
	if i >= len(b) {
		return xmlToken{}, &xmlFault{at: i}
	}
	if b[i] != '<' {
		end := bytes.IndexByte(b[i:], '<')
		if end < 0 {
			return xmlToken{}, &xmlFault{at: i}
		}
		text := b[i : i+end]
		if at := bytes.Index(text, []byte("]]>")); at >= 0 {
			return xmlToken{}, &xmlFault{ruleXMLSyntax, i + at, "]]&gt;"}
		}
		return xmlToken{kind: xmlText, text: text, end: i + end}, nil
	}
	if i+1 >= len(b) {
		return xmlToken{}, &xmlFault{at: i}
	}
	switch b[i+1] {
	case '/':
		return xmlScanEnd(b, i)
	case '?':
		return xmlUntil(b, i, 2, "?>", xmlOther)
	case '!':
		return xmlScanMarkup(b, i)
	}
	return xmlScanStart(b, i)
}

// xmlUntil reads a token that begins with skip bytes and goes up to stop.
func xmlUntil(b []byte, i, skip int, stop string, kind xmlKind) (xmlToken, *xmlFault) {
	from := min(i+skip, len(b))
	end := bytes.Index(b[from:], []byte(stop))
	if end < 0 {
		return xmlToken{}, &xmlFault{at: i}
	}
	return xmlToken{kind: kind, text: b[from : from+end], end: from + end + len(stop)}, nil
}

// xmlScanMarkup reads what begins with <!.
func xmlScanMarkup(b []byte, i int) (xmlToken, *xmlFault) {
	const comment, cdata, dtd = "<!--", "<![CDATA[", "<!DOCTYPE"
	rest := b[i:]
	switch {
	case bytes.HasPrefix(rest, []byte(comment)):
		t, fault := xmlUntil(b, i, len(comment), "--", xmlOther)
		switch {
		case fault != nil:
			return t, fault
		case t.end >= len(b):
			return t, &xmlFault{at: i}
		case b[t.end] != '>':
			return t, &xmlFault{ruleXMLSyntax, t.end, "-->"}
		}
		t.end++
		return t, nil
	case bytes.HasPrefix(rest, []byte(cdata)):
		t, fault := xmlUntil(b, i, len(cdata), "]]>", xmlText)
		t.cdata = true
		return t, fault
	case bytes.HasPrefix(rest, []byte(dtd)):
		return xmlToken{}, &xmlFault{ruleDTD, i, ""}
	case len(rest) < len(cdata):
		return xmlToken{}, &xmlFault{at: i}
	}
	return xmlToken{}, &xmlFault{ruleXMLSyntax, i, "<!-- <![CDATA["}
}

func xmlScanEnd(b []byte, i int) (xmlToken, *xmlFault) {
	from := i + 2
	end := xmlName(b, from)
	at := xmlSpace(b, end)
	switch {
	case at >= len(b):
		return xmlToken{}, &xmlFault{at: i}
	case end == from || b[at] != '>':
		return xmlToken{}, &xmlFault{ruleXMLSyntax, at, ">"}
	}
	return xmlToken{kind: xmlEnd, name: b[from:end], end: at + 1}, nil
}

func xmlScanStart(b []byte, i int) (xmlToken, *xmlFault) {
	end := xmlName(b, i+1)
	if end == i+1 {
		if end >= len(b) {
			return xmlToken{}, &xmlFault{at: i}
		}
		return xmlToken{}, &xmlFault{ruleXMLSyntax, i, "&lt;"}
	}
	t := xmlToken{kind: xmlStart, name: b[i+1 : end]}
	at := end
	for {
		next := xmlSpace(b, at)
		switch {
		case next >= len(b):
			return t, &xmlFault{at: i}
		case b[next] == '>':
			t.attrs, t.end = b[end:next], next+1
			return t, nil
		case b[next] == '/':
			if next+1 >= len(b) {
				return t, &xmlFault{at: i}
			}
			if b[next+1] != '>' {
				return t, &xmlFault{ruleXMLSyntax, next, "/>"}
			}
			t.attrs, t.empty, t.end = b[end:next], true, next+2
			return t, nil
		case next == at:
			return t, &xmlFault{ruleXMLSyntax, next, ">"}
		}
		var fault *xmlFault
		if _, _, at, fault = xmlAttr(b, next); fault != nil {
			return t, fault
		}
	}
}

// xmlAttr reads the attribute at i: its name and value as written, and the
// place behind it.
func xmlAttr(b []byte, i int) (name, value []byte, end int, fault *xmlFault) {
	at := xmlName(b, i)
	name = b[i:at]
	at = xmlSpace(b, at)
	if at >= len(b) {
		return nil, nil, 0, &xmlFault{at: i}
	}
	if len(name) == 0 || b[at] != '=' {
		return nil, nil, 0, &xmlFault{ruleXMLSyntax, at, `="…"`}
	}
	at = xmlSpace(b, at+1)
	if at >= len(b) {
		return nil, nil, 0, &xmlFault{at: i}
	}
	if b[at] != '"' && b[at] != '\'' {
		return nil, nil, 0, &xmlFault{ruleXMLSyntax, at, `="…"`}
	}
	n := bytes.IndexByte(b[at+1:], b[at])
	if n < 0 {
		return nil, nil, 0, &xmlFault{at: i}
	}
	value = b[at+1 : at+1+n]
	if lt := bytes.IndexByte(value, '<'); lt >= 0 {
		return nil, nil, 0, &xmlFault{ruleXMLSyntax, at + 1 + lt, "&lt;"}
	}
	return name, value, at + n + 2, nil
}

// xmlName gives the place behind the name at i, or i if there is none. Letters
// beyond ASCII are all taken for letters of a name.
func xmlName(b []byte, i int) int {
	for at := i; at < len(b); at++ {
		c := b[at]
		switch {
		case c >= 0x80, c|0x20 >= 'a' && c|0x20 <= 'z', c == '_', c == ':':
		case at > i && (c == '-' || c == '.' || c >= '0' && c <= '9'):
		default:
			return at
		}
	}
	return max(i, len(b))
}

func xmlSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// xmlPlain reports whether text stands for itself: no references, line ends to
// be made one, or characters that XML does not allow.
func xmlPlain(text []byte) bool {
	for _, c := range text {
		if c == '&' || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// xmlAppend appends text with its references decoded (unless it is a CDATA
// section) and its line ends made \n. It gives the place of what is not
// allowed, or -1, and the rule that it breaks.
func xmlAppend(b, text []byte, cdata bool) ([]byte, int, string) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '&' && !cdata:
			r, n, rule := xmlReference(text[i:])
			if rule != "" {
				return b, i, rule
			}
			b = utf8.AppendRune(b, r)
			i += n - 1
		case c == '\r':
			if i+1 >= len(text) || text[i+1] != '\n' {
				b = append(b, '\n')
			}
		case !xmlAllowed(rune(c)):
			return b, i, ruleCharacter
		default:
			b = append(b, c)
		}
	}
	return b, -1, ""
}

// xmlReference decodes the reference that text begins with.
func xmlReference(text []byte) (r rune, n int, rule string) {
	end := bytes.IndexByte(text[:min(len(text), 32)], ';')
	if end < 2 {
		return 0, 0, ruleXMLSyntax
	}
	name := string(text[1:end])
	if name[0] == '#' {
		digits, base := name[1:], 10
		if len(digits) > 1 && digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		v, err := strconv.ParseUint(digits, base, 21)
		if err != nil || !xmlAllowed(rune(v)) {
			return 0, 0, ruleCharacter
		}
		return rune(v), end + 1, ""
	}
	const five = "lt<gt>amp&quot\"apos'"
	switch name {
	case "lt", "gt", "amp", "quot", "apos":
		at := bytes.Index([]byte(five), []byte(name)) + len(name)
		return rune(five[at]), end + 1, ""
	}
	return 0, 0, ruleEntity
}

// xmlAllowed reports whether r is a character of XML 1.0.
func xmlAllowed(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r >= 0xD800 && r <= 0xDFFF, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return r <= utf8.MaxRune
}
