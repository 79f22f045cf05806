// Package openapi describes an HTTP API as an OpenAPI 3.1 document, from a table
// of its operations.
//
// An [Operation] says how it is called and gives a value of the Go type that it
// answers with: the schema is that type's, so that a field cannot be added to an
// answer and forgotten in its description. Words are not in the table: they come
// from the table of texts by the operation's name, in the language asked for,
//
//	openapi.op.ID            what it does, in a line
//	openapi.op.ID.more       what else there is to know; may be absent
//	openapi.param.NAME       a parameter, wherever it appears; or
//	openapi.param.ID.NAME    as this operation takes it
//	openapi.tag.TAG          a group of operations
//
// The package does not route or answer: tests of the API hold the two together.
package openapi

import (
	"net/http"
	"net/url"
	"strings"

	"maillon/catalog/texts"
)

// An Operation is one method of one path.
type Operation struct {
	ID     string // stable name: clients are generated from it
	Tag    string // group
	Method string // GET, POST…
	Path   string // with {name} for a part that is a parameter
	Params []Param
	Body   *Body // of the request; nil for none
	Token  bool  // needs a bearer token
	Answer []Answer
}

// A Param is a parameter of the path or, if the path does not name it, of the query.
type Param struct {
	Name     string
	Example  string   // as the page to try it proposes; "" for none
	Enum     []string // the values it takes; nil for any
	Type     string   // string if empty; integer, boolean, number
	Format   string   // date…
	Least    int      // of an integer
	Most     int      // of an integer; 0 for no bound
	Many     bool     // may be given several times
	Required bool     // of the query; a part of the path always is
}

// A Body is what a request sends.
type Body struct {
	Media    []string
	Required bool
}

// An Answer is what comes back with a status.
type Answer struct {
	Status int
	Media  []string // those it is written in
	Value  any      // a value of the type of its JSON, zero or not; nil for other bytes
}

// InPath reports whether the path names the parameter.
func (o Operation) InPath(name string) bool { return strings.Contains(o.Path, "{"+name+"}") }

// Param finds a parameter by its name.
func (o Operation) Param(name string) (Param, bool) {
	for _, p := range o.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// Names lists the parameters of the query.
func (o Operation) Names() []string {
	var names []string
	for _, p := range o.Params {
		if !o.InPath(p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

// Address is where the operation is called with these values: parts of the path are
// escaped, empty values and parameters that it does not have left out. missing is
// the part of the path or the required parameter that has no value, or "".
func (o Operation) Address(v url.Values) (address, missing string) {
	path, q := o.Path, url.Values{}
	for _, p := range o.Params {
		value := strings.TrimSpace(v.Get(p.Name))
		switch {
		case value == "" && (o.InPath(p.Name) || p.Required):
			return "", p.Name
		case value == "":
		case o.InPath(p.Name):
			path = strings.ReplaceAll(path, "{"+p.Name+"}", escapePart(value))
		default:
			for _, one := range v[p.Name] {
				if one = strings.TrimSpace(one); one != "" && (p.Many || len(q[p.Name]) == 0) {
					q.Add(p.Name, one)
				}
			}
		}
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path, ""
}

// escapePart escapes a part of a path; one of dots only would climb out of it.
func escapePart(s string) string {
	if strings.Trim(s, ".") == "" {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	return url.PathEscape(s)
}

// Summary is what the operation does, in a line.
func (o Operation) Summary(lang texts.Lang) string { return texts.T(lang, "openapi.op."+o.ID) }

// More is what else there is to know of it, or "".
func (o Operation) More(lang texts.Lang) string { return optional(lang, "openapi.op."+o.ID+".more") }

// ParamText describes one of its parameters.
func (o Operation) ParamText(lang texts.Lang, name string) string {
	if key := "openapi.param." + o.ID + "." + name; texts.Has(key) {
		return texts.T(lang, key)
	}
	return texts.T(lang, "openapi.param."+name)
}

func optional(lang texts.Lang, key string) string {
	if !texts.Has(key) {
		return ""
	}
	return texts.T(lang, key)
}

// Readable reports whether the operation only reads, and can be tried by a link.
func (o Operation) Readable() bool { return o.Method == http.MethodGet }
