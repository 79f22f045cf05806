package parse

import (
	"encoding/xml"
	"slices"
	"strings"
)

// literalXML reads what an element holds as an XML literal, in exclusive
// canonical XML with comments (https://www.w3.org/TR/xml-exc-c14n/).
func (x *xmlReader) literalXML(e xmlElement) (string, error) {
	var b strings.Builder
	open := []xmlLiteral{{element: e}}
	for {
		t, err := x.token()
		if err != nil {
			return "", err
		}
		if b.Len() > x.lim.Token {
			return "", x.fail("an XML literal is longer than %d bytes", x.lim.Token)
		}
		top := &open[len(open)-1]
		switch t := t.(type) {
		case xml.CharData:
			b.WriteString(literalText.Replace(string(t)))
		case xml.Comment:
			b.WriteString("<!--" + string(t) + "-->")
		case xml.ProcInst:
			b.WriteString("<?" + t.Target)
			if len(t.Inst) > 0 {
				b.WriteString(" " + string(t.Inst))
			}
			b.WriteString("?>")
		case xml.StartElement:
			if len(open) > x.lim.Depth {
				return "", x.fail("elements are nested deeper than %d", x.lim.Depth)
			}
			kid, err := x.literalStart(&b, t, top)
			if err != nil {
				return "", err
			}
			open = append(open, kid)
		case xml.EndElement:
			if err := x.ends(t, top.element); err != nil {
				return "", err
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return b.String(), nil
			}
			b.WriteString("</" + qualified(t.Name) + ">")
		}
	}
}

var (
	literalText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	literalAttr = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// A xmlLiteral is an element of a literal, with the prefixes that were written
// for it and around it.
type xmlLiteral struct {
	element xmlElement
	written *xmlSpace
}

// literalStart writes a tag: its namespaces that are used and not written yet, then
// its attributes, both in order.
func (x *xmlReader) literalStart(b *strings.Builder, t xml.StartElement, around *xmlLiteral) (xmlLiteral, error) {
	kid := xmlLiteral{element: xmlElement{raw: t.Copy(), scope: around.element.scope}, written: around.written}
	used := []string{t.Name.Space}
	var attrs []xml.Attr
	for _, a := range t.Attr {
		switch {
		case a.Name.Space == "xmlns":
			kid.element.scope.spaces = &xmlSpace{a.Name.Local, a.Value, kid.element.scope.spaces}
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			kid.element.scope.spaces = &xmlSpace{"", a.Value, kid.element.scope.spaces}
		default:
			attrs = append(attrs, a)
			if a.Name.Space != "" {
				used = append(used, a.Name.Space)
			}
		}
	}
	slices.Sort(used)
	b.WriteString("<" + qualified(t.Name))
	for _, prefix := range slices.Compact(used) {
		if prefix == "xml" {
			continue
		}
		uri, ok := kid.element.scope.spaces.find(prefix)
		if !ok {
			return kid, x.fail("the prefix %q is not declared", prefix)
		}
		if old, _ := around.written.find(prefix); old == uri {
			continue
		}
		kid.written = &xmlSpace{prefix, uri, kid.written}
		if prefix == "" {
			b.WriteString(` xmlns="` + literalAttr.Replace(uri) + `"`)
		} else {
			b.WriteString(" xmlns:" + prefix + `="` + literalAttr.Replace(uri) + `"`)
		}
	}
	space := func(a xml.Attr) string {
		if a.Name.Space == "" {
			return ""
		}
		uri, _ := kid.element.scope.spaces.find(a.Name.Space)
		return uri
	}
	slices.SortStableFunc(attrs, func(a, c xml.Attr) int {
		if d := strings.Compare(space(a), space(c)); d != 0 {
			return d
		}
		return strings.Compare(a.Name.Local, c.Name.Local)
	})
	for _, a := range attrs {
		b.WriteString(" " + qualified(a.Name) + `="` + literalAttr.Replace(a.Value) + `"`)
	}
	b.WriteByte('>')
	return kid, nil
}
