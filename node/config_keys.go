package node

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNest bounds how deep a configuration may nest: the keys go five deep.
const maxNest = 20

// unknownKeys names every key of the file that there is none of, with its line
// and the nearest name that there is, or returns nil.
func unknownKeys(doc *yaml.Node) error {
	var found []string
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		walkKeys(doc.Content[0], reflect.TypeFor[rawConfig](), "", 0, &found)
	}
	if found == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(found, "; "))
}

func walkKeys(n *yaml.Node, t reflect.Type, path string, depth int, found *[]string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || depth > maxNest {
		return
	}
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			walkKeys(item, t, path, depth+1, found)
		}
		return
	}
	known := map[string]reflect.Type{}
	var names []string
	for i := range t.NumField() {
		name := keyOf(t.Field(i))
		known[name] = t.Field(i).Type
		names = append(names, name)
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		inner, ok := known[key.Value]
		if ok {
			walkKeys(n.Content[i+1], inner, path+key.Value+".", depth+1, found)
			continue
		}
		said := fmt.Sprintf("line %d: there is no key %s%.60s", key.Line, path, key.Value)
		if near := nearestKey(key.Value, names); near != "" {
			said += fmt.Sprintf(" (did you mean %s%s?)", path, near)
		} else {
			said += fmt.Sprintf(" (here there are: %s)", strings.Join(names, ", "))
		}
		*found = append(*found, said)
	}
}

// keyOf is the name of a field in the file.
func keyOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

// nearestKey is the known name that is spelt most like found, "" if none is.
func nearestKey(found string, known []string) string {
	best, least := "", max(2, len(found)/3)+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(found), k); d < least {
			best, least = k, d
		}
	}
	return best
}

// editDistance counts the letters to add, drop, change or swap with the next;
// long words are compared by their beginnings.
func editDistance(a, b string) int {
	a, b = a[:min(len(a), 40)], b[:min(len(b), 40)]
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

// ConfigKeys lists every key of the file by its path, sections of lists with [],
// in the order of the shape.
func ConfigKeys() []string { return pathsOf(reflect.TypeFor[rawConfig](), "") }

func pathsOf(t reflect.Type, prefix string) (out []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, inner, list := prefix+keyOf(f), f.Type, ""
		if inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct {
			list, inner = "[]", inner.Elem()
		}
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			out = append(out, pathsOf(inner, name+list+".")...)
			continue
		}
		out = append(out, name)
	}
	return out
}
