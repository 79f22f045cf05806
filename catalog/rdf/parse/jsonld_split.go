package parse

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// splitSize is how many bytes of nodes are read as one document, if a document
// can be split at all.
const splitSize = 256 << 10

// splitJSONLD cuts a document that is nothing but a context and a list of
// nodes, as catalogues are, into documents of about size bytes each with the
// same context: their triples together are those of the whole, read in a small
// part of the memory and on every core. It gives nil where that may not hold:
// another member makes the list a named graph, or gives it a meaning of its
// own, and a blank node with a label may be spoken of in two parts.
func splitJSONLD(raw []byte, size int) [][]byte {
	if len(raw) <= size {
		return nil
	}
	for _, label := range []string{`_:`, `\u005f`, `\u005F`, `\u003a`, `\u003A`} {
		if bytes.Contains(raw, []byte(label)) {
			return nil
		}
	}
	context, nodes := membersOf(raw)
	if nodes == nil {
		return nil
	}
	size = max(size, 4*len(context)) // a long context is not read more often than the rest is long
	var parts [][]byte
	begin := []byte(`{"@graph":[`)
	if context != nil {
		begin = fmt.Appendf(nil, `{"@context":%s,"@graph":[`, context)
	}
	for len(nodes) > 0 {
		part := bytes.Clone(begin)
		for first := true; len(nodes) > 0 && (first || len(part)-len(begin) < size); first = false {
			if !first {
				part = append(part, ',')
			}
			part = append(part, nodes[0]...)
			nodes = nodes[1:]
		}
		parts = append(parts, append(part, `]}`...))
	}
	return parts
}

// membersOf finds the context, if there is one, and the nodes of a document that
// has nothing else. The nodes are nil if it is not such a document.
func membersOf(raw []byte) (context jsontext.Value, nodes []jsontext.Value) {
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, nil
	}
	for {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, nil
		}
		if name.Kind() == '}' {
			return context, nodes
		}
		switch name.String() {
		case "@context":
			v, err := dec.ReadValue()
			if err != nil {
				return nil, nil
			}
			context = v.Clone()
		case "@graph":
			if nodes, err = elementsOf(dec); err != nil || nodes == nil {
				return nil, nil
			}
		default:
			return nil, nil
		}
	}
}

func elementsOf(dec *jsontext.Decoder) (list []jsontext.Value, err error) {
	if dec.PeekKind() != '[' {
		return nil, nil
	}
	if _, err = dec.ReadToken(); err != nil {
		return nil, err
	}
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		list = append(list, v.Clone())
	}
	_, err = dec.ReadToken()
	return list, err
}

// readParts reads parts on every core and gives their quads in order.
func readParts(parts [][]byte, base string, each func(Quad) error) error {
	type result struct {
		quads []Quad
		err   error
	}
	for start, step := 0, max(runtime.GOMAXPROCS(0), 1); start < len(parts); start += step {
		some := parts[start:min(start+step, len(parts))]
		results := make([]result, len(some))
		var wait sync.WaitGroup
		for i, raw := range some {
			wait.Go(func() { results[i].quads, results[i].err = toRDF(raw, base) })
		}
		wait.Wait()
		for i, r := range results {
			if r.err != nil {
				return &Error{Line: 1, Text: r.err.Error()}
			}
			name := fmt.Sprintf("_:p%d", start+i) // each part names its blank nodes anew
			for _, q := range r.quads {
				for _, t := range []*Term{&q.Subject, &q.Object, &q.Graph} {
					if t.Kind == Blank {
						t.Value = name + strings.TrimPrefix(t.Value, "_:")
					}
				}
				if err := each(q); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
