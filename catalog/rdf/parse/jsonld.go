package parse

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/piprate/json-gold/ld"
)

// readJSONLD reads JSON-LD 1.1 (https://www.w3.org/TR/json-ld11-api/). A
// document is held whole, and a long list of nodes read in parts ([splitJSONLD]);
// that it does not hold itself must be known ([contextOf]): nothing
// is fetched.
func readJSONLD(r io.Reader, base string, lim Limits, each func(Quad) error) error {
	raw, err := io.ReadAll(&limitedBytes{r, lim.Bytes})
	if err != nil {
		return err
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if err := checkJSON(raw, lim.Depth); err != nil {
		return err
	}
	if parts := splitJSONLD(raw, splitSize); parts != nil {
		return readParts(parts, base, each)
	}
	quads, err := toRDF(raw, base)
	if err != nil {
		return &Error{Line: 1, Text: err.Error()}
	}
	for _, q := range quads {
		if err := each(q); err != nil {
			return err
		}
	}
	return nil
}

// checkJSON bounds what the library is given, and says where the JSON is wrong.
func checkJSON(raw []byte, depth int) error {
	dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true))
	line := func() int { return 1 + bytes.Count(raw[:min(int(dec.InputOffset()), len(raw))], []byte{'\n'}) }
	for values := 0; ; {
		_, err := dec.ReadToken()
		switch {
		case err == io.EOF && values == 1:
			return nil
		case err != nil:
			return &Error{line(), err.Error()}
		case dec.StackDepth() > depth:
			return &Error{line(), fmt.Sprintf("objects and lists are nested deeper than %d", depth)}
		case dec.StackDepth() == 0:
			if values++; values > 1 {
				return &Error{line(), "something follows the document"}
			}
		}
	}
}

// toRDF keeps a panic of the library in one document.
func toRDF(raw []byte, base string) (quads []Quad, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the document cannot be read: %v", p)
		}
	}()
	doc, err := ld.DocumentFromReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	options := ld.NewJsonLdOptions(base)
	options.DocumentLoader = knownContexts{}
	options.ProcessingMode = ld.JsonLd_1_1
	out, err := ld.NewJsonLdProcessor().ToRDF(doc, options)
	if err != nil {
		return nil, err
	}
	set, ok := out.(*ld.RDFDataset)
	if !ok {
		return nil, fmt.Errorf("the library gives %T", out)
	}
	for _, name := range slices.Sorted(maps.Keys(set.Graphs)) {
		var graph Term
		switch {
		case name == "@default":
		case ld.IsBlankNodeValue(map[string]any{"@id": name}):
			graph = Term{Kind: Blank, Value: name}
		default:
			graph = Term{Kind: IRI, Value: name}
		}
		for _, q := range set.Graphs[name] {
			quads = append(quads, Quad{termOf(q.Subject), termOf(q.Predicate), termOf(q.Object), graph})
		}
	}
	return quads, nil
}

func termOf(n ld.Node) Term {
	switch n := n.(type) {
	case ld.Literal:
		return literalOf(n)
	case *ld.Literal:
		return literalOf(*n)
	}
	if ld.IsBlankNode(n) {
		return Term{Kind: Blank, Value: n.GetValue()}
	}
	return Term{Kind: IRI, Value: n.GetValue()}
}

func literalOf(n ld.Literal) Term {
	t := Term{Kind: Literal, Value: n.Value, Lang: n.Language}
	if t.Lang == "" && n.Datatype != xsdString {
		t.Datatype = n.Datatype
	}
	return t
}
