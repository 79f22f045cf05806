package openapi

import (
	"reflect"
	"strconv"
	"strings"

	"maillon/catalog/texts"
)

// Version is that of the OpenAPI specification which documents follow.
const Version = "3.1.1"

// An API is a table of operations and what they have in common.
type API struct {
	Operations []Operation
	Problem    any                       // a value of the type of every error
	Enums      map[reflect.Type][]string // the values of types that have few
	Fields     func(schema, field string, lang texts.Lang) string
}

// A Server is where the API is served.
type Server struct {
	URL     string // base of the paths
	Name    string // of who serves it
	Contact string // address to write to; "" for none
	Version string // of the program
}

// Document writes the API in the shape that OpenAPI gives it, ready for
// encoding/json. It is the same, byte for byte, for the same table.
func (a API) Document(s Server, lang texts.Lang) map[string]any {
	schemas := newSchemas(a, lang)
	problem := schemas.of(reflect.TypeOf(a.Problem))
	paths, tags, seen := map[string]any{}, []any{}, map[string]bool{}
	for _, o := range a.Operations {
		methods, _ := paths[o.Path].(map[string]any)
		if methods == nil {
			methods = map[string]any{}
			paths[o.Path] = methods
		}
		methods[strings.ToLower(o.Method)] = o.document(schemas, problem, lang)
		if !seen[o.Tag] {
			seen[o.Tag] = true
			tags = append(tags, map[string]any{"name": o.Tag, "description": texts.T(lang, "openapi.tag."+o.Tag)})
		}
	}
	info := map[string]any{"title": texts.T(lang, "openapi.title", s.Name), "description": texts.T(lang, "openapi.lead"), "version": version(s.Version)}
	if strings.Contains(s.Contact, "@") {
		info["contact"] = map[string]any{"email": s.Contact}
	}
	return map[string]any{
		"openapi": Version, "info": info, "servers": []any{map[string]any{"url": s.URL}}, "tags": tags, "paths": paths,
		"components": map[string]any{
			"schemas":         schemas.named,
			"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}},
		},
	}
}

// version is never empty: the specification asks for one.
func version(v string) string {
	if v == "" {
		return "0"
	}
	return v
}

func (o Operation) document(schemas *schemas, problem map[string]any, lang texts.Lang) map[string]any {
	answers := map[string]any{"default": map[string]any{
		"description": texts.T(lang, "openapi.problem"),
		"content":     map[string]any{"application/problem+json": map[string]any{"schema": problem}},
	}}
	for _, a := range o.Answer {
		content := map[string]any{}
		for _, media := range a.Media {
			one := map[string]any{}
			if a.Value != nil && isJSON(media) {
				one["schema"] = schemas.of(reflect.TypeOf(a.Value))
			}
			content[media] = one
		}
		answers[strconv.Itoa(a.Status)] = map[string]any{"description": texts.T(lang, "openapi.status."+strconv.Itoa(a.Status)), "content": content}
	}
	d := map[string]any{"operationId": o.ID, "tags": []string{o.Tag}, "summary": o.Summary(lang), "responses": answers}
	if more := o.More(lang); more != "" {
		d["description"] = more
	}
	var params []any
	for _, p := range o.Params {
		params = append(params, p.document(o, lang))
	}
	if params != nil {
		d["parameters"] = params
	}
	if o.Body != nil {
		content := map[string]any{}
		for _, media := range o.Body.Media {
			content[media] = map[string]any{}
		}
		d["requestBody"] = map[string]any{"required": o.Body.Required, "content": content}
	}
	if o.Token {
		d["security"] = []any{map[string]any{"token": []string{}}}
	}
	return d
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

func (p Param) document(o Operation, lang texts.Lang) map[string]any {
	schema := map[string]any{"type": "string"}
	if p.Type != "" {
		schema["type"] = p.Type
	}
	if p.Format != "" {
		schema["format"] = p.Format
	}
	if p.Enum != nil {
		schema["enum"] = p.Enum
	}
	if p.Type == "integer" {
		schema["minimum"] = p.Least
		if p.Most > 0 {
			schema["maximum"] = p.Most
		}
	}
	if p.Many {
		schema = map[string]any{"type": "array", "items": schema}
	}
	d := map[string]any{"name": p.Name, "in": "query", "description": o.ParamText(lang, p.Name), "schema": schema}
	if o.InPath(p.Name) {
		d["in"] = "path"
	}
	if p.Required || o.InPath(p.Name) {
		d["required"] = true
	}
	if p.Example != "" {
		d["example"] = p.example()
	}
	return d
}

// example is the example as the type of the parameter writes it.
func (p Param) example() any {
	switch p.Type {
	case "integer":
		if n, err := strconv.Atoi(p.Example); err == nil {
			return n
		}
	case "boolean":
		return p.Example == "true"
	}
	if p.Many {
		return []string{p.Example}
	}
	return p.Example
}
