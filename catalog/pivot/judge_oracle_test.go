package pivot

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// An oracle says what an official JSON Schema says: a plain interpreter of
// the keywords that these schemas use. It shares nothing with the judge.
type oracle struct{ root map[string]any }

func (o oracle) resolve(s map[string]any) map[string]any {
	for {
		ref, ok := s["$ref"].(string) // its siblings are ignored, as draft 7 says
		if !ok {
			return s
		}
		at := any(o.root)
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			at = at.(map[string]any)[part]
		}
		s = at.(map[string]any)
	}
}

func (o oracle) accepts(schema, v any) bool {
	s := o.resolve(schema.(map[string]any))
	for _, key := range []string{"anyOf", "allOf"} {
		list, ok := s[key].([]any)
		if ok && slices.ContainsFunc(list, func(sub any) bool { return o.accepts(sub, v) == (key == "anyOf") }) != (key == "anyOf") {
			return false
		}
	}
	if types, ok := s["type"]; ok && !oracleIs(types, v) {
		return false
	}
	if words, ok := s["enum"].([]any); ok && !slices.ContainsFunc(words, func(w any) bool { return reflect.DeepEqual(w, v) }) {
		return false
	}
	switch v := v.(type) {
	case string:
		return oracleText(s, v)
	case float64:
		return oracleNumber(s, "minimum", math.Inf(-1)) <= v && v <= oracleNumber(s, "maximum", math.Inf(1))
	case []any:
		return o.list(s, v)
	case map[string]any:
		return o.object(s, v)
	}
	return true
}

func oracleNumber(s map[string]any, key string, none float64) float64 {
	if f, ok := s[key].(float64); ok {
		return f
	}
	return none
}

func oracleText(s map[string]any, v string) bool {
	if p, ok := s["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
		return false
	}
	n := float64(utf8.RuneCountInString(v))
	return n >= oracleNumber(s, "minLength", 0) && n <= oracleNumber(s, "maxLength", math.Inf(1))
}

func oracleIs(types, v any) bool {
	list, ok := types.([]any)
	if !ok {
		list = []any{types}
	}
	f, number := v.(float64)
	for _, t := range list {
		switch t {
		case "integer":
			if number && f == math.Trunc(f) {
				return true
			}
		case map[reflect.Kind]string{
			reflect.Invalid: "null", reflect.String: "string", reflect.Float64: "number",
			reflect.Bool: "boolean", reflect.Map: "object", reflect.Slice: "array",
		}[reflect.ValueOf(v).Kind()]:
			return true
		}
	}
	return false
}

func (o oracle) list(s map[string]any, v []any) bool {
	if float64(len(v)) < oracleNumber(s, "minItems", 0) {
		return false
	}
	if s["uniqueItems"] == true {
		for i := range v {
			if slices.ContainsFunc(v[:i], func(w any) bool { return reflect.DeepEqual(v[i], w) }) {
				return false
			}
		}
	}
	for i, item := range v {
		sub := s["items"]
		if tuple, ok := sub.([]any); ok {
			if i >= len(tuple) {
				break
			}
			sub = tuple[i]
		}
		if sub != nil && !o.accepts(sub, item) {
			return false
		}
	}
	return true
}

func (o oracle) object(s map[string]any, v map[string]any) bool {
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			return false
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for name, value := range v {
		sub, known := properties[name]
		if known && !o.accepts(sub, value) || !known && s["additionalProperties"] == false {
			return false
		}
	}
	return true
}

// oracleFor reads the schema of a version and gives what it demands of a
// record of each kind.
func oracleFor(t *testing.T, v Version) func(Kind, any) bool {
	t.Helper()
	if v == V130 { // a schema for each kind
		return oracleForKinds(t, v)
	}
	names, err := filepath.Glob(filepath.Join(judgeConformance(t), "schemas", "v"+string(v), "*.json"))
	if err != nil || len(names) != 1 {
		t.Fatalf("schema %s: %v %v", v, names, err)
	}
	raw, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	o := oracle{root}
	marches := root["properties"].(map[string]any)["marches"].(map[string]any)
	return func(kind Kind, record any) bool {
		if items, ok := marches["items"]; ok {
			return o.accepts(items, record)
		}
		list := marches["properties"].(map[string]any)[string(kind)].(map[string]any)
		return o.accepts(list["items"], record)
	}
}

// oracleForKinds is oracleFor where either kind has a schema of its own, and a
// file may hold both.
func oracleForKinds(t *testing.T, v Version) func(Kind, any) bool {
	t.Helper()
	var oracles []oracle
	for _, name := range []string{"marchés.json", "contrats-concessions.json"} {
		raw, err := os.ReadFile(filepath.Join(judgeConformance(t), "schemas", "v"+string(v), "json", name))
		if err != nil {
			t.Fatal(err)
		}
		var root map[string]any
		if err := json.Unmarshal(raw, &root); err != nil {
			t.Fatal(err)
		}
		oracles = append(oracles, oracle{root})
	}
	return func(_ Kind, record any) bool {
		return slices.ContainsFunc(oracles, func(o oracle) bool { return o.accepts(map[string]any(o.root), record) })
	}
}

// A mutator damages records at random, the same way for the same seed.
type mutator struct {
	*rand.Rand
	pool []any // values met
}

var oddValues = []any{
	nil, true, false, "", " ", 0.0, 1.0, 1.5, -1.0, 2.0, 12.0, 1e300, []any{}, map[string]any{}, "NC", "oui", "Marché",
	"Sans objet", "Ferme", "2024-02-30", "2024-13-01", "2024-1-1", "le 2024-01-01", "2024-01-01+01:00", "2024-01-01-12:00Z",
	"20240101", "45112500-0", "45112500-00", "12345678901234", "1234567890123é", "12345678901234abcdefg", "12345678901234abcdefghijklmnopqr",
	"éèàùç€é", "1234567", "éèàùç€", strings.Repeat("é", 16), strings.Repeat("é", 17), strings.Repeat("é", 256), strings.Repeat("x", 257),
	strings.Repeat("é", 1000), strings.Repeat("x", 1001), "SIRET", "UE", "Contrat de concession", []any{"Ferme", "Ferme"},
}

func (m *mutator) value() any {
	if n := len(m.pool); n > 0 && m.IntN(2) == 0 {
		return oracleClone(m.pool[m.IntN(n)])
	}
	return oracleClone(oddValues[m.IntN(len(oddValues))])
}

// damage changes v in one place, deeper or here.
func (m *mutator) damage(v any) any {
	if len(m.pool) < 500 {
		m.pool = append(m.pool, oracleClone(v))
	}
	switch v := v.(type) {
	case map[string]any:
		return m.damageObject(v)
	case []any:
		return m.damageList(v)
	}
	return m.value()
}

func (m *mutator) damageObject(v map[string]any) any {
	names := slices.Sorted(maps.Keys(v))
	switch n := m.IntN(10); {
	case len(names) == 0 || n == 0:
		return m.value()
	case n == 1:
		delete(v, names[m.IntN(len(names))])
	case n == 2:
		v[[]string{"source", "uid", "_type", "nom", "id ", "tauxAvance", "origineUE", "idAccordCadre"}[m.IntN(8)]] = m.value()
	default:
		name := names[m.IntN(len(names))]
		v[name] = m.damage(v[name])
	}
	return v
}

func (m *mutator) damageList(v []any) any {
	switch n := m.IntN(6); {
	case len(v) == 0 || n == 0:
		return append(v, m.value())
	case n == 1:
		return append(v, oracleClone(v[m.IntN(len(v))]))
	case n == 2:
		return v[:len(v)-1]
	default:
		i := m.IntN(len(v))
		v[i] = m.damage(v[i])
	}
	return v
}

func oracleClone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := map[string]any{}
		for name, value := range v {
			c[name] = oracleClone(value)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, value := range v {
			c[i] = oracleClone(value)
		}
		return c
	}
	return v
}

// TestDamagedRecordsAreJudgedAsTheOfficialJSONSchemaJudgesThem damages the
// official examples and some real records in thousands of ways.
func TestDamagedRecordsAreJudgedAsTheOfficialJSONSchemaJudgesThem(t *testing.T) {
	oracles := map[Version]func(Kind, any) bool{}
	for _, f := range []Form{Flat, Nested} {
		for _, v := range Versions(f) {
			oracles[v] = oracleFor(t, v)
		}
	}
	m := &mutator{Rand: rand.New(rand.NewPCG(20260101, 7))}
	tried, valid := 0, 0
	for _, rec := range oracleSeeds(t) {
		var v any
		if err := json.Unmarshal(rec.Raw, &v); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			damaged := oracleClone(v)
			for range 1 + m.IntN(2) {
				damaged = m.damage(damaged)
			}
			if _, object := damaged.(map[string]any); !object {
				continue
			}
			raw, err := json.Marshal(damaged)
			if err != nil {
				t.Fatal(err)
			}
			for _, version := range Versions(rec.Form) {
				want := oracles[version](rec.Kind, damaged)
				got := JudgeBy(Record{Kind: rec.Kind, Form: rec.Form, Raw: raw}, version)
				if tried++; want {
					valid++
				}
				if (got.Errors() == 0) != want {
					t.Fatalf("by %s: the schema says %v, we say %v\n%s", version, want, got, raw)
				}
			}
		}
	}
	t.Logf("%d judgements agree, of which %d valid", tried, valid)
}

func oracleSeeds(t *testing.T) (seeds []Record) {
	t.Helper()
	for _, name := range []string{
		"official/1.5.0/json/paquet.json", "official/1.3.0/json/paquet-avec-uid.json", "official/1.5.0/json/cc-avec-modifications.json",
		"official/1.5.0/json/mar-avec-modifications.json", "official/2.0.0/json/paquet.json", "official/2.0.0/json/mar-avec-modifications.json",
		"official/2.0.0/json/cc-avec-modifications.json", "official/2.0.2/json/marches_concessions.json",
		"official/2.0.2/json/concessions_avec_modifications.json", "official/2.0.2/json/marches_avec_modifications.json",
	} {
		items, _, err := readConformance(t, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			if len(item.Problems) == 0 {
				seeds = append(seeds, item.Record)
			}
		}
	}
	return seeds
}
