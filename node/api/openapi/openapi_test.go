package openapi

import (
	"encoding/json"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/texts"
)

type base struct {
	ID   string `json:"id"`
	Note string `json:"note,omitempty"`
}

type node struct {
	base
	Note   int               `json:"note"` // hides the one of base
	Value  *float64          `json:"value"`
	Maybe  *int              `json:"maybe,omitempty"`
	At     time.Time         `json:"at,omitzero"`
	Kids   []node            `json:"kids"`
	Counts map[string]uint64 `json:"counts"`
	Raw    json.RawMessage   `json:"raw"`
	Word   word              `json:"word"`
	Hidden string            `json:"-"`
	quiet  int
}

type word string

func TestASchemaIsAsTheTypeIsWritten(t *testing.T) {
	api := API{
		Enums: map[reflect.Type][]string{reflect.TypeFor[word](): {"a", "b"}},
		Fields: func(schema, field string, _ texts.Lang) string {
			return map[string]string{"Node.note": "A note."}[schema+"."+field]
		},
	}
	s := newSchemas(api, texts.English)
	ref := map[string]any{"$ref": "#/components/schemas/Node"}
	if diff := cmp.Diff(ref, s.of(reflect.TypeFor[[]node]())["items"]); diff != "" {
		t.Error(diff)
	}
	object := func(of any) map[string]any { return map[string]any{"type": of} }
	want := map[string]any{
		"type": "object", "required": []string{"counts", "id", "kids", "note", "raw", "value", "word"},
		"properties": map[string]any{
			"id": object("string"), "note": map[string]any{"type": "integer", "description": "A note."},
			"value":  map[string]any{"anyOf": []any{object("number"), object("null")}},
			"maybe":  object("integer"),
			"at":     map[string]any{"type": "string", "format": "date-time"},
			"kids":   map[string]any{"type": "array", "items": ref},
			"counts": map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "integer", "minimum": 0}},
			"raw":    map[string]any{},
			"word":   map[string]any{"type": "string", "enum": []string{"a", "b"}},
		},
	}
	if diff := cmp.Diff(want, s.named["Node"]); diff != "" {
		t.Error(diff)
	}
	_ = node{quiet: 1}
}

func TestAddresses(t *testing.T) {
	o := Operation{ID: "x", Path: "/a/{id}/b", Params: []Param{{Name: "id"}, {Name: "q"}, {Name: "many", Many: true}, {Name: "must", Required: true}}}
	for _, c := range []struct{ in, want, missing string }{
		{"id=1&must=m", "/a/1/b?must=m", ""},
		{"id=%20&must=m", "", "id"},
		{"id=1", "", "must"},
		{"id=..&must=m", "/a/%2E%2E/b?must=m", ""},
		{"id=a%2Fb%3Fc&must=m&q=&other=x", "/a/a%2Fb%3Fc/b?must=m", ""},
		{"id=1&must=m&q=1&q=2&many=1&many=2", "/a/1/b?many=1&many=2&must=m&q=1", ""},
	} {
		v, err := url.ParseQuery(c.in)
		if err != nil {
			t.Fatal(err)
		}
		got, missing := o.Address(v)
		if diff := cmp.Diff([]string{c.want, c.missing}, []string{got, missing}); diff != "" {
			t.Errorf("%s: %s", c.in, diff)
		}
	}
}
