package toolbox

import (
	"bytes"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"golang.org/x/text/unicode/norm"

	"maillon/catalog/texts"
)

// A Doc is one Markdown file, rendered.
type Doc struct {
	Lang     texts.Lang // in which it is written
	Title    string
	Summary  string        // the first paragraph, as plain text
	Body     template.HTML // without the title; written by this package, so safe
	Sections []Section     // the headings of the first level of the body
	Source   []byte        // the Markdown, without the front matter
}

// A Section is a heading and its anchor.
type Section struct{ ID, Title string }

// A writer renders one Markdown file. Headings begin at level from, whatever
// the file says, and skip none; their anchors begin with prefix.
type writer struct {
	file, prefix string
	line, from   int
	address      func(dest string) (string, bool) // of a link; ok is false if it may not be followed
	image        func(dest string) (string, bool)
	say          func(Problem)

	src      []byte
	doc      Doc
	ids      map[string]int // anchors taken, with the last number given after each
	heading  string         // the last one
	level    int
	replaced []func() // changes to the tree, made once it has been walked
}

var markdown = parser.NewParser(
	parser.WithBlockParsers(parser.DefaultBlockParsers()...),
	parser.WithInlineParsers(parser.DefaultInlineParsers()...),
	parser.WithParagraphTransformers(append(parser.DefaultParagraphTransformers(),
		util.Prioritized(extension.NewTableParagraphTransformer(), 200))...),
	parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
)

// maxDepth is how deep lists, quotations and emphasis may stand in each other:
// far more than anyone writes, and less than the 512 elements at which browsers
// and parsers of HTML give up.
const maxDepth = 64

// render never panics, whatever the file holds.
func (w *writer) render(src []byte) (doc *Doc) {
	defer func() {
		if p := recover(); p != nil {
			w.say(Problem{File: w.file, key: "markdown"})
			doc = nil
		}
	}()
	w.src, w.ids, w.level = src, map[string]int{"content": 1, "toc": 1}, w.from-1
	w.doc.Source = src
	root := markdown.Parse(text.NewReader(src))
	depth, deepest := 0, 0
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if !entering {
			depth--
			return ast.WalkContinue, nil
		}
		depth++
		deepest = max(deepest, depth)
		w.visit(n)
		return ast.WalkContinue, nil
	})
	if deepest > maxDepth {
		w.say(Problem{File: w.file, key: "deep", args: []any{maxDepth}})
		return nil
	}
	for _, change := range w.replaced {
		change()
	}
	if w.doc.Title == "" {
		w.say(Problem{File: w.file, key: "title"})
	}
	var b bytes.Buffer
	if err := htmlRenderer.Render(&b, src, root); err != nil {
		w.say(Problem{File: w.file, key: "markdown"})
		return nil
	}
	w.doc.Body = template.HTML(b.String())
	return &w.doc
}

// lineOf is the line of the block that holds n.
func (w *writer) lineOf(n ast.Node) int {
	for ; n != nil; n = n.Parent() {
		if n.Type() != ast.TypeInline && n.Lines() != nil && n.Lines().Len() > 0 {
			at := min(n.Lines().At(0).Start, len(w.src))
			return w.line + 1 + bytes.Count(w.src[:at], []byte("\n"))
		}
	}
	return 0
}

func (w *writer) wrong(n ast.Node, key string, args ...any) {
	w.say(Problem{File: w.file, Line: w.lineOf(n), key: key, args: args})
}

// visit checks a node and plans what is to change about it.
func (w *writer) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		w.visitHeading(n)
	case *ast.Paragraph:
		if w.doc.Summary == "" && n.Parent().Kind() == ast.KindDocument {
			w.doc.Summary = w.plain(n)
		}
	case *ast.Link:
		dest := string(util.URLEscape(n.Destination, true))
		to, ok := w.address(dest)
		if !ok {
			w.wrong(n, "link", dest)
			w.replaced = append(w.replaced, func() { unwrap(n) })
		}
		n.Destination = []byte(to)
	case *ast.AutoLink:
		w.visitAutoLink(n)
	case *ast.Image:
		w.visitImage(n)
	case *ast.RawHTML, *ast.HTMLBlock:
		w.wrong(n, "html")
		w.replaced = append(w.replaced, func() { n.Parent().RemoveChild(n.Parent(), n) })
	default:
		if isTable(n) {
			w.visitTable(n)
		}
	}
}

func (w *writer) visitHeading(n *ast.Heading) {
	title := w.plain(n)
	if w.doc.Title == "" && n.Level == 1 {
		w.doc.Title = title
		w.replaced = append(w.replaced, func() { n.Parent().RemoveChild(n.Parent(), n) })
		return
	}
	w.level = max(w.from, min(n.Level+w.from-2, w.level+1, 6))
	n.Level, w.heading = w.level, title
	id := w.anchor(w.prefix + slug(title))
	n.SetAttributeString("id", []byte(id))
	if n.Level == w.from {
		w.doc.Sections = append(w.doc.Sections, Section{id, title})
	}
}

// anchor is name if it is free, else the first of name-2, name-3… that is.
func (w *writer) anchor(name string) string {
	id := name
	for w.ids[id] > 0 {
		w.ids[name]++
		id = name + "-" + strconv.Itoa(w.ids[name])
	}
	w.ids[id] = 1
	return id
}

func (w *writer) visitAutoLink(n *ast.AutoLink) {
	dest := string(n.URL(w.src))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(dest), "mailto:") {
		dest = "mailto:" + dest
	}
	to, ok := w.address(dest)
	label := ast.NewString(n.Label(w.src))
	if !ok {
		w.wrong(n, "link", dest)
		w.replaced = append(w.replaced, func() { n.Parent().ReplaceChild(n.Parent(), n, label) })
		return
	}
	link := ast.NewLink()
	link.Destination = []byte(to)
	link.AppendChild(link, label)
	w.replaced = append(w.replaced, func() { n.Parent().ReplaceChild(n.Parent(), n, link) })
}

// visitImage keeps an image of the folder that says in words what it shows.
func (w *writer) visitImage(n *ast.Image) {
	dest := string(util.URLEscape(n.Destination, true))
	alt := w.plain(n)
	to, ok := w.image(dest)
	switch {
	case !ok:
		w.wrong(n, "image", dest)
	case alt == "":
		w.wrong(n, "alt", dest)
		ok = false
	}
	if !ok {
		w.replaced = append(w.replaced, func() { unwrap(n) })
		return
	}
	n.Destination = []byte(to)
	n.SetAttributeString("alt", []byte(alt))
}

// visitTable gives a table its caption: the paragraph before it if that begins
// with Tableau :, otherwise the heading it stands under.
func (w *writer) visitTable(n ast.Node) {
	caption, away := w.heading, true
	if caption == "" {
		caption = w.doc.Title
	}
	if p, ok := n.PreviousSibling().(*ast.Paragraph); ok {
		for _, mark := range []string{"Tableau :", "Tableau\u00a0:", "Table:"} {
			if rest, ok := strings.CutPrefix(w.plain(p), mark); ok {
				caption, away = strings.TrimSpace(rest), false
				w.replaced = append(w.replaced, func() { p.Parent().RemoveChild(p.Parent(), p) })
				break
			}
		}
	}
	n.SetAttributeString("caption", []byte(caption))
	if away {
		n.SetAttributeString("away", []byte("1"))
	}
}

// unwrap puts the children of a node in its place.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		n.RemoveChild(n, c)
		parent.InsertBefore(parent, n, c)
		c = next
	}
	parent.RemoveChild(parent, n)
}

// plain is the text under a node.
func (w *writer) plain(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if entering {
			switch c := c.(type) {
			case *ast.Text:
				b.Write(util.UnescapePunctuations(c.Segment.Value(w.src)))
				if c.SoftLineBreak() || c.HardLineBreak() {
					b.WriteByte(' ')
				}
			case *ast.String:
				b.Write(c.Value)
			case *ast.AutoLink:
				b.Write(c.Label(w.src))
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(strings.ToValidUTF8(b.String(), "�")), " ")
}

// slug is a title as an anchor: letters without accents, digits, hyphens.
func slug(title string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(title)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 60 {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "section"
}

// linkable tells a link that may be put on a page: to a web page, an e-mail
// address, a telephone number or a path of this site.
func linkable(s string) bool {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return false
	}
	if s[0] == '/' {
		return !strings.HasPrefix(s, "//")
	}
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "http", "https":
		return u.Host != "" && u.User == nil
	case "mailto":
		return mailable(u.Opaque)
	case "tel":
		return strings.Trim(u.Opaque, "+0123456789.-") == ""
	}
	return false
}
