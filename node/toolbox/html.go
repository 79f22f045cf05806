package toolbox

import (
	"github.com/yuin/goldmark/ast"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// htmlRenderer writes what CommonMark says, but links and images, whose
// addresses were checked and are written as they are, and tables, which must be
// read on a telephone and by a screen reader.
var htmlRenderer = renderer.NewRenderer(renderer.WithNodeRenderers(
	util.Prioritized(html.NewRenderer(), 1000),
	util.Prioritized(checked{}, 100),
))

type checked struct{}

func (checked) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindLink, writeLink)
	r.Register(ast.KindImage, writeImage)
	r.Register(table.KindTable, writeTable)
	r.Register(table.KindTableHeader, writeHeader)
	r.Register(table.KindTableRow, writeRow)
	r.Register(table.KindTableCell, writeCell)
}

func isTable(n ast.Node) bool { return n.Kind() == table.KindTable }

// put writes HTML, and escaped text in each place of an odd argument. The
// writer keeps its first error and the renderer returns it.
func put(w util.BufWriter, parts ...string) {
	for i, p := range parts {
		if i%2 == 1 {
			_, _ = w.Write(util.EscapeHTML([]byte(p)))
		} else {
			_, _ = w.WriteString(p)
		}
	}
}

func attribute(n ast.Node, name string) string {
	v, _ := n.AttributeString(name)
	b, _ := v.([]byte)
	return string(b)
}

func writeLink(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		put(w, `<a href="`, string(n.(*ast.Link).Destination), `">`)
	} else {
		put(w, "</a>")
	}
	return ast.WalkContinue, nil
}

func writeImage(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		put(w, `<img src="`, string(n.(*ast.Image).Destination), `" alt="`, attribute(n, "alt"), `">`)
	}
	return ast.WalkSkipChildren, nil
}

func writeTable(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		if n.ChildCount() > 1 {
			put(w, "</tbody>\n")
		}
		put(w, "</table>\n")
		return ast.WalkContinue, nil
	}
	class := ""
	if attribute(n, "away") != "" {
		class = ` class="away"`
	}
	put(w, "<table class=\"stack\">\n<caption"+class+">", attribute(n, "caption"), "</caption>\n")
	return ast.WalkContinue, nil
}

func writeHeader(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	switch {
	case entering:
		put(w, "<thead><tr>")
	case n.NextSibling() != nil:
		put(w, "</tr></thead>\n<tbody>\n")
	default:
		put(w, "</tr></thead>\n")
	}
	return ast.WalkContinue, nil
}

func writeRow(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		put(w, "<tr>")
	} else {
		put(w, "</tr>\n")
	}
	return ast.WalkContinue, nil
}

// writeCell makes the first cell of a row its header, and repeats the column's
// header in the others for narrow screens.
func writeCell(w util.BufWriter, src []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	name, scope := "td", ""
	switch {
	case n.Parent().Kind() == table.KindTableHeader:
		name, scope = "th", ` scope="col"`
	case n.PreviousSibling() == nil:
		name, scope = "th", ` scope="row"`
	}
	if !entering {
		put(w, "</"+name+">")
		return ast.WalkContinue, nil
	}
	put(w, "<"+name+scope)
	if name == "td" {
		put(w, ` data-label="`, columnOf(n, src), `"`)
	}
	put(w, ">")
	return ast.WalkContinue, nil
}

// columnOf is the text above a cell.
func columnOf(cell ast.Node, src []byte) string {
	at := 0
	for p := cell.PreviousSibling(); p != nil; p = p.PreviousSibling() {
		at++
	}
	for t := cell.Parent(); t != nil; t = t.Parent() {
		if !isTable(t) {
			continue
		}
		head := t.FirstChild().FirstChild()
		for ; at > 0 && head != nil; at-- {
			head = head.NextSibling()
		}
		if head == nil {
			return ""
		}
		return (&writer{src: src}).plain(head)
	}
	return ""
}
