package pivot

// Pieces of files: what stands around the records, so that a file can be put
// together from lists of records that were written apart, at other times. Between two
// records, and between two lists that are not empty, stands a comma in JSON and
// nothing in XML.
const (
	JSONHead2       = `{"marches":{"marche":[`
	JSONConcessions = "],\"contrat-concession\":["
	JSONTail2       = "]}}\n"
	JSONHead1       = `{"marches":[`
	JSONTail1       = "]}\n"
	XMLHead         = `<?xml version="1.0" encoding="UTF-8"?>` + "\n<marches>"
	XMLTail         = "\n</marches>\n"
)

// AppendJSON appends the legal fields of a contract to b, as a record of the JSON
// layout of its generation, after a line feed.
func AppendJSON(b []byte, c *Contract) ([]byte, error) {
	if err := writeCheck(c.Generation, c); err != nil {
		return b, err
	}
	d := &writeDoc{form: Nested}
	if c.Generation == Gen1 {
		d.form = Flat
	}
	d.b = append(b, '\n', '{')
	d.record(c)
	return append(d.b, '}'), nil
}

// AppendXML appends the legal fields of a contract to b, as an element of the XSD of
// its generation, after a line feed.
func AppendXML(b []byte, c *Contract) ([]byte, error) {
	if err := writeCheck(c.Generation, c); err != nil {
		return b, err
	}
	d := &writeDoc{b: append(b, '\n'), form: XML}
	d.object(string(c.Kind), func() { d.record(c) })
	return d.b, nil
}
