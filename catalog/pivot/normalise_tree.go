package pivot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// A record comes from outside. Real ones have some hundred values at five
// levels; beyond these limits a record is read no further.
const (
	normMaxNodes = 1 << 17
	normMaxDepth = 32
)

var errNormTooLarge = errors.New("more than " + strconv.Itoa(normMaxNodes) + " values in one record")

// A normNode is one JSON value of a record, with its way to the root so that
// a place can be named when there is something to say of it.
type normNode struct {
	kind  byte   // '{' '[' '"' '0' 't' 'f' 'n'; 0 for what lies too deep to be read
	text  string // of a string, decoded; of a number, as written
	raw   []byte // the value as written
	up    *normNode
	name  string // of a member, cleaned; see written
	id    uint8  // of the name, if it is that of a legal field; see schemaNameID
	index int    // of an element
	kids  []*normNode
	used  bool // read for its meaning: the rest is Extra

	written string // the name as written, if it differs from name
}

// pointer is the JSON pointer of n, relative to the record.
func (n *normNode) pointer() string {
	if n.up == nil {
		return ""
	}
	last := strconv.Itoa(n.index)
	if n.up.kind == '{' {
		last = n.name
		if n.written != "" && len(n.written) < len(n.name)+64 { // a key of a million spaces is not repeated
			last = n.written
		}
		last = strings.ReplaceAll(strings.ReplaceAll(last, "~", "~0"), "/", "~1")
	}
	return n.up.pointer() + "/" + last
}

// get finds the member called name. When a name stands twice the last one
// counts, as in most JSON readers.
func (n *normNode) get(name string) *normNode {
	if n == nil || n.kind != '{' {
		return nil
	}
	id := schemaNameID(name)
	for i := len(n.kids) - 1; i >= 0; i-- {
		if n.kids[i].is(id, name) {
			return n.kids[i]
		}
	}
	return nil
}

// is reports whether n is a member called name; id is the number of that name.
func (n *normNode) is(id uint8, name string) bool { return n.id == id && (id != 0 || n.name == name) }

// has reports whether n has a member called name, whatever its value.
func (n *normNode) has(name string) bool { return n.get(name) != nil }

// normTree reads raw into a tree. On an error the tree holds what could be
// read before it.
func normTree(raw []byte) (*normNode, error) {
	root, _, err := normParse(raw)
	return root, err
}

// normParse is normTree, for those who give the parser back once they need the tree
// no more.
func normParse(raw []byte) (*normNode, *normParser, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	p := normParsers.Get().(*normParser)
	p.raw, p.count = raw, 0
	p.dec.Reset(bytes.NewBuffer(raw), normOptions...)
	root := p.node()
	err := p.value(root, 0)
	if err == nil {
		if _, end := p.dec.ReadToken(); end != io.EOF {
			err = errors.New("something follows the record")
		}
	}
	return root, p, err
}

// A normParser reads a record. Its nodes are used again for the next one: they were
// half of what a hub allocates while it reads its members' journals.
type normParser struct {
	raw   []byte
	dec   *jsontext.Decoder
	slabs [][]normNode
	count int
	names map[string]string // met, and clean as they are written
}

const (
	normSlab = 64      // nodes
	normKept = 1 << 10 // nodes of a parser that is kept

	normNamesKept = 256 // names
	normNameKept  = 64  // bytes
)

var (
	normOptions = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	normParsers = sync.Pool{New: func() any {
		return &normParser{names: map[string]string{}, dec: jsontext.NewDecoder(bytes.NewBuffer(nil), normOptions...)}
	}}
)

// release gives the parser back, and the tree with it.
func (p *normParser) release() {
	p.raw = nil
	if p.count <= normKept {
		normParsers.Put(p)
	}
}

func (p *normParser) node() *normNode {
	i := p.count / normSlab
	if i == len(p.slabs) {
		p.slabs = append(p.slabs, make([]normNode, normSlab))
	}
	n := &p.slabs[i][p.count%normSlab]
	*n = normNode{kids: n.kids[:0]}
	p.count++
	return n
}

// value reads the next value into n.
func (p *normParser) value(n *normNode, depth int) error {
	if p.count > normMaxNodes {
		return errNormTooLarge
	}
	from := p.dec.InputOffset()
	err := p.read(n, depth)
	n.raw = bytes.TrimLeft(p.raw[from:p.dec.InputOffset()], " \t\r\n:,")
	return err
}

func (p *normParser) read(n *normNode, depth int) error {
	if depth > normMaxDepth {
		return p.dec.SkipValue()
	}
	tok, err := p.dec.ReadToken()
	if err != nil {
		return fmt.Errorf("record is not JSON: %w", err)
	}
	n.kind = byte(tok.Kind())
	switch n.kind {
	case '"', '0':
		n.text = tok.String()
		return nil
	case '{', '[':
		return p.children(n, depth)
	}
	return nil
}

// children reads the members or elements of n up to its end.
func (p *normParser) children(n *normNode, depth int) error {
	if n.kind == '{' && cap(n.kids) == 0 {
		n.kids = make([]*normNode, 0, 8)
	}
	for p.dec.PeekKind() != '}' && p.dec.PeekKind() != ']' {
		kid := p.node()
		kid.up, kid.index = n, len(n.kids)
		if n.kind == '{' {
			if err := p.name(kid); err != nil {
				return err
			}
		}
		n.kids = append(n.kids, kid)
		if err := p.value(kid, depth+1); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// name reads the name of a member. Most names have been met before.
func (p *normParser) name(kid *normNode) error {
	from := p.dec.InputOffset()
	tok, err := p.dec.ReadToken()
	if err != nil {
		return fmt.Errorf("record is not JSON: %w", err)
	}
	span := bytes.TrimLeft(p.raw[from:p.dec.InputOffset()], " \t\r\n,")
	span = span[1 : len(span)-1] // its quotes
	if known, ok := p.names[string(span)]; ok {
		kid.call(known)
		return nil
	}
	written := tok.String()
	if kid.call(normCleanKey(written)); kid.name != written {
		kid.written = written
	} else if len(p.names) < normNamesKept && len(written) < normNameKept && written == string(span) {
		p.names[written] = written
	}
	return nil
}

func (n *normNode) call(name string) { n.name, n.id = name, schemaNameID(name) }

// normCleanKey takes off what spreadsheets and hands leave around a name.
func normCleanKey(s string) string {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	return strings.TrimSpace(normDropControls(s))
}

// normDropControls takes control characters, byte order marks and
// noncharacters out of s. Tab and line ends stay.
func normDropControls(s string) string {
	return strings.Map(func(r rune) rune {
		if normIsControl(r) {
			return -1
		}
		return r
	}, s)
}

func normIsControl(r rune) bool {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return false
	case r < 0x20 || r == 0x7f || r == 0xfeff || r == 0xfffe || r == 0xffff:
		return true
	}
	return false
}
