package toolbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A scalar reads itself from one word, and says what it takes.
type scalar interface {
	parse(string) bool
	expects() (key string, args []any)
}

// A decoder turns one YAML document into values, and lists everything that is
// wrong with its line. An entry of a list with something wrong is left out, the
// others stay. Aliases are refused: nothing here needs them, and they grow.
type decoder struct {
	file string
	line int // lines before the document in the file
	say  func(Problem)
}

func (d *decoder) wrong(n *yaml.Node, key string, args ...any) bool {
	d.say(Problem{File: d.file, Line: d.line + n.Line, key: key, args: args})
	return false
}

// decode reads raw into what v points to. An empty document leaves v as it is.
func (d *decoder) decode(raw []byte, v any) (ok bool) {
	doc, err := parseYAML(raw)
	if errors.Is(err, io.EOF) {
		return true
	}
	if err != nil {
		d.say(Problem{File: d.file, key: "yaml", args: []any{strings.TrimPrefix(err.Error(), "yaml: ")}})
		return false
	}
	return d.value(doc.Content[0], reflect.ValueOf(v).Elem(), nil)
}

// parseYAML reads one document. What makes the parser panic is not YAML.
func parseYAML(raw []byte) (doc yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	err = yaml.NewDecoder(bytes.NewReader(raw)).Decode(&doc)
	if err == nil && len(doc.Content) == 0 {
		err = io.EOF
	}
	return doc, err
}

var textType = reflect.TypeFor[Text]()

func (d *decoder) value(n *yaml.Node, v reflect.Value, rules []string) bool {
	if n.Kind == yaml.AliasNode {
		return d.wrong(n, "alias")
	}
	if one, ok := v.Addr().Interface().(scalar); ok {
		if n.Kind != yaml.ScalarNode || !one.parse(strings.TrimSpace(n.Value)) {
			key, args := one.expects()
			return d.wrong(n, key, append([]any{shown(n)}, args...)...)
		}
		return true
	}
	switch {
	case v.Type() == textType:
		return d.text(n, v.Addr().Interface().(*Text))
	case v.Kind() == reflect.Struct:
		return d.mapping(n, v)
	case v.Kind() == reflect.Slice:
		return d.list(n, v)
	}
	return d.plain(n, v, rules)
}

// shown is the beginning of what was found.
func shown(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "{…}"
	case yaml.SequenceNode:
		return "[…]"
	}
	if r := []rune(n.Value); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return n.Value
}

// mapping fills the fields of a struct by the names in their yaml tags.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value) (ok bool) {
	if n.Kind != yaml.MappingNode {
		return d.wrong(n, "mapping", shown(n), strings.Join(keysOf(v.Type()), ", "))
	}
	ok = true
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := fieldOf(v.Type(), key.Value)
		switch {
		case key.Kind != yaml.ScalarNode || at < 0:
			ok = d.wrong(key, "key", shown(key), nearest(key.Value, keysOf(v.Type())))
		case seen[key.Value]:
			ok = d.wrong(key, "twice", key.Value)
		case empty(value): // a key without value is a key to fill in
		default:
			seen[key.Value] = true
			_, rules := tag(v.Type().Field(at))
			ok = d.value(value, v.Field(at), rules) && ok
		}
	}
	for i := range v.NumField() {
		name, rules := tag(v.Type().Field(i))
		if has(rules, "required") && !seen[name] {
			ok = d.wrong(n, "required", name)
		}
	}
	return ok
}

func empty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && strings.TrimSpace(n.Value) == ""
}

// tag reads `yaml:"name,rule,rule"`.
func tag(f reflect.StructField) (name string, rules []string) {
	parts := strings.Split(f.Tag.Get("yaml"), ",")
	return parts[0], parts[1:]
}

func has(rules []string, rule string) bool {
	for _, r := range rules {
		if r == rule {
			return true
		}
	}
	return false
}

func fieldOf(t reflect.Type, key string) int {
	for i := range t.NumField() {
		if name, _ := tag(t.Field(i)); name == key {
			return i
		}
	}
	return -1
}

func keysOf(t reflect.Type) []string {
	var all []string
	for i := range t.NumField() {
		name, _ := tag(t.Field(i))
		all = append(all, name)
	}
	return all
}

// list reads the entries it can: one with something wrong is left out.
func (d *decoder) list(n *yaml.Node, v reflect.Value) bool {
	if n.Kind != yaml.SequenceNode {
		return d.wrong(n, "list", shown(n))
	}
	for i, item := range n.Content {
		if i == mostEntries {
			return d.wrong(item, "many", mostEntries)
		}
		one := reflect.New(v.Type().Elem()).Elem()
		if d.value(item, one, nil) {
			v.Set(reflect.Append(v, one))
		}
	}
	return true
}

// text reads a string, or one string for each language.
func (d *decoder) text(n *yaml.Node, t *Text) bool {
	if n.Kind == yaml.ScalarNode {
		t.French = strings.TrimSpace(n.Value)
		return d.short(n)
	}
	var both struct {
		French  string `yaml:"fr"`
		English string `yaml:"en"`
	}
	if n.Kind != yaml.MappingNode {
		return d.wrong(n, "text", shown(n))
	}
	ok := d.mapping(n, reflect.ValueOf(&both).Elem())
	*t = Text(both)
	return ok
}

func (d *decoder) short(n *yaml.Node) bool {
	if len(n.Value) > mostText {
		return d.wrong(n, "long", mostText)
	}
	return true
}

// plain reads a string, a number or a boolean.
func (d *decoder) plain(n *yaml.Node, v reflect.Value, rules []string) bool {
	if n.Kind != yaml.ScalarNode {
		return d.wrong(n, "text", shown(n))
	}
	s := strings.TrimSpace(n.Value)
	switch v.Kind() {
	case reflect.Bool:
		yes := s == "true" || s == "oui"
		if !yes && s != "false" && s != "non" {
			return d.wrong(n, "bool", s)
		}
		v.SetBool(yes)
	case reflect.Int:
		i, err := strconv.Atoi(s)
		if err != nil || i < 0 || i > 240 {
			return d.wrong(n, "number", shown(n))
		}
		v.SetInt(int64(i))
	default:
		switch {
		case has(rules, "url") && !linkable(s):
			return d.wrong(n, "url", shown(n))
		case has(rules, "mail") && !mailable(s):
			return d.wrong(n, "mail", shown(n))
		}
		v.SetString(s)
	}
	return d.short(n)
}

func mailable(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsAny(s, "?&\"' \r\n")
}
