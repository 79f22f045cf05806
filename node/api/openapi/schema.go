package openapi

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"maillon/catalog/texts"
)

// schemas makes the JSON Schema of Go types as encoding/json writes them. A type
// with a name has its schema once, under that name.
type schemas struct {
	api   API
	lang  texts.Lang
	named map[string]any
	names map[reflect.Type]string
}

func newSchemas(a API, lang texts.Lang) *schemas {
	return &schemas{api: a, lang: lang, named: map[string]any{}, names: map[reflect.Type]string{}}
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
)

// of is the schema of t, or a reference to it. A type that writes its own JSON
// may be anything.
func (s *schemas) of(t reflect.Type) map[string]any {
	switch {
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}
	case s.api.Enums[t] != nil:
		return map[string]any{"type": "string", "enum": s.api.Enums[t]}
	case t.Implements(textMarshaler):
		return map[string]any{"type": "string"}
	case t.Implements(jsonMarshaler):
		return map[string]any{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 && t.Kind() == reflect.Slice {
			return map[string]any{"type": "string", "contentEncoding": "base64"}
		}
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.object(t)
	}
	return map[string]any{} // an interface: anything
}

// object is the schema of a struct: a reference if the type has a name of its own.
func (s *schemas) object(t reflect.Type) map[string]any {
	if t.Name() == "" || strings.Contains(t.Name(), "[") {
		return s.fields(t, "")
	}
	name, known := s.names[t]
	if !known {
		name = s.nameOf(t)
		s.names[t] = name
		s.named[name] = map[string]any{} // a type may hold itself
		s.named[name] = s.fields(t, name)
	}
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

// nameOf is the type's name without what only Go needs, and with its package's
// where two packages have one.
func (s *schemas) nameOf(t reflect.Type) string {
	name := strings.TrimSuffix(t.Name(), "JSON")
	name = strings.ToUpper(name[:1]) + name[1:]
	if _, taken := s.named[name]; taken {
		pkg := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	return name
}

func (s *schemas) fields(t reflect.Type, name string) map[string]any {
	properties, required := map[string]any{}, []string{}
	s.collect(t, name, properties, &required)
	slices.Sort(required)
	d := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		d["required"] = slices.Compact(required)
	}
	return d
}

// collect adds the fields of t; those of an embedded type only where t has none of
// that name, as encoding/json has it.
func (s *schemas) collect(t reflect.Type, schema string, properties map[string]any, required *[]string) {
	var embedded []reflect.Type
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case f.Anonymous && name == "" && inner.Kind() == reflect.Struct:
			embedded = append(embedded, inner)
			continue
		case name == "-" || !f.IsExported():
			continue
		case name == "":
			name = f.Name
		}
		if _, shadowed := properties[name]; shadowed {
			continue
		}
		may := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		properties[name] = s.field(f.Type, schema, name, !may)
		if !may {
			*required = append(*required, name)
		}
	}
	for _, inner := range embedded {
		s.collect(inner, schema, properties, required)
	}
}

// field is the schema of a field: a pointer that is always written may be null.
func (s *schemas) field(t reflect.Type, schema, name string, always bool) map[string]any {
	d := s.of(t)
	if always && t.Kind() == reflect.Pointer {
		d = map[string]any{"anyOf": []any{d, map[string]any{"type": "null"}}}
	}
	if s.api.Fields == nil || schema == "" {
		return d
	}
	if words := s.api.Fields(schema, name, s.lang); words != "" {
		d["description"] = words
	}
	return d
}
