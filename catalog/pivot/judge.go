package pivot

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"maillon/catalog"
)

// A Verdict is what the official schemas say of a record.
type Verdict struct {
	State    State
	Version  Version          // the newest that accepts the record, or the one with the fewest errors
	Problems catalog.Problems // by that version, and warnings on the content; pointers relative to the record
}

// Judge says whether the official schema accepts rec as deposited: by the
// newest version of its form that does. If none does, the problems are those
// of the version with the fewest errors, the newest of these.
//
// A record that cannot be read, or has no buyer or id, is [Refused]; the
// [Reader] yields no such record.
func Judge(rec Record) Verdict { return Checking{}.Judge(rec) }

// JudgeBy lists what version v of the official schema says of rec, and the
// warnings on its content. There is a problem of severity error exactly when
// the schema refuses the record as deposited.
//
// A version of another layout refuses it with the rule "layout". The XSD has
// stayed at 2.0.2: for XML, 2.0.3 and 2.0.4 judge as 2.0.2 does; that of 1.3.0
// differs from that of 1.4.0 by nothing but its comments.
func JudgeBy(rec Record, v Version) catalog.Problems {
	if rec.Form == Table {
		return JudgeBy(tableRead(rec).legal, v)
	}
	t := jsonTapes.Get().(*jsonTape)
	defer jsonTapes.Put(t)
	if p := judgeRead(t, rec.Raw); p != nil {
		return p
	}
	return judgeTapeBy(t, rec.Kind, rec.Form, v, "")
}

// judgeTapeBy judges the record in t by version v, on the given day (none: "").
func judgeTapeBy(t *jsonTape, kind Kind, form Form, v Version, day string) catalog.Problems {
	if form == XML {
		switch v {
		case V203, V204:
			v = V202
		case V130:
			v = V140
		}
	}
	list := judgeEditions[form]
	at := slices.IndexFunc(list, func(e judgeEdition) bool { return e.version == v })
	if at < 0 {
		return catalog.Problems{{
			Rule: ruleLayout, Severity: catalog.Error, Found: string(form), Expected: string(v),
		}}
	}
	j := judging{t: t, xml: form == XML, day: day}
	if !j.accepts(&list[at], kind) {
		j.list(&list[at], kind)
	}
	return j.withContent()
}

// Versions lists the versions by which a record of form f can be judged,
// oldest first.
func Versions(f Form) []Version {
	if f == Table {
		return append(Versions(Flat), Versions(Nested)...)
	}
	var list []Version
	for _, e := range judgeEditions[f] {
		list = append(list, e.version)
	}
	return list
}

// ParseVersion reads the number of a version of the official schema, as in
// "2.0.3" or "v2.0.3".
func ParseVersion(s string) (Version, error) {
	known := []Version{V130, V140, V150, V200, V201, V202, V203, V204}
	if v := Version(strings.TrimPrefix(s, "v")); slices.Contains(known, v) {
		return v, nil
	}
	return "", fmt.Errorf("schema version %q is not known: use one of %s", s, strings.Trim(fmt.Sprint(known), "[]"))
}

// jsonTapes keeps tapes for reuse: a tape's memory is worth more than the
// record it read, and nothing of it outlives a call.
var jsonTapes = sync.Pool{New: func() any { return new(jsonTape) }}

func judgeNewest(f Form) Version {
	if list := judgeEditions[f]; len(list) > 0 {
		return list[len(list)-1].version
	}
	return ""
}

// judgeRead parses a record and says what is wrong if it can't be read.
func judgeRead(t *jsonTape, raw []byte) catalog.Problems {
	if len(raw) > 1<<30 {
		return catalog.Problems{{Rule: ruleTooLarge, Severity: catalog.Error, Found: fmt.Sprint(len(raw)), Expected: fmt.Sprint(1 << 30)}}
	}
	t.whole = true
	end := t.parse(raw, jsonMaxDepth)
	if t.state == jsonDone && end < len(raw) {
		t.fail(jsonSyntax, end, "")
	}
	if p, bad := t.problem(); bad {
		return catalog.Problems{p}
	}
	if len(t.nodes) == 0 || t.nodes[0].kind != '{' {
		return catalog.Problems{{Rule: ruleNotObject, Severity: catalog.Error, Found: judgeCut(raw), Expected: "{…}"}}
	}
	return nil
}

// judgeDay is a day as records write it; "" for the zero time.
func judgeDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// judgeTape judges the record in t by the versions of its form, on the given
// day (none: "").
func judgeTape(t *jsonTape, kind Kind, form Form, day string) Verdict {
	list := judgeEditions[form]
	j := judging{t: t, xml: form == XML, day: day}
	for i := len(list) - 1; i >= 0; i-- {
		if j.accepts(&list[i], kind) {
			return Verdict{State: Conforming, Version: list[i].version, Problems: j.withContent()}
		}
	}
	v := Verdict{State: ToCorrect}
	var fewest catalog.Problems
	for i := len(list) - 1; i >= 0; i-- {
		j.problems = nil
		j.list(&list[i], kind)
		if fewest == nil || len(j.problems) < len(fewest) {
			v.Version, fewest = list[i].version, j.problems
		}
	}
	j.problems = fewest
	v.Problems = j.withContent()
	return v
}

// A judging is the work on one record.
type judging struct {
	t        *jsonTape
	xml      bool
	day      string // of the judgement, YYYY-MM-DD; "" if it does not matter
	quick    bool   // the first problem is enough
	failed   bool
	problems catalog.Problems
}

// accepts reports whether e accepts the record. Up to 2.0.0 a list holds both
// kinds, so that either kind may accept it.
func (j *judging) accepts(e *judgeEdition, kind Kind) bool {
	if j.try(e.kinds[kind]) {
		return true
	}
	if j.xml || e.version > V200 {
		return false
	}
	other := Marche
	if kind == Marche {
		other = Concession
	}
	return j.try(e.kinds[other])
}

func (j *judging) try(r *judgeRule) bool {
	if r == nil {
		return false
	}
	j.quick, j.failed = true, false
	j.root(r)
	return !j.failed
}

// list lists the problems of the record by e.
func (j *judging) list(e *judgeEdition, kind Kind) {
	j.quick, j.failed = false, false
	if r := e.kinds[kind]; r != nil {
		j.root(r)
	} else {
		j.problem(ruleLayout, 0, string(kind), string(Marche)+", "+string(Concession))
	}
}

func (j *judging) root(r *judgeRule) {
	if j.xml {
		j.element(0, r)
	} else {
		j.value(0, r)
	}
}

// judgeMost is the number of problems told of one record.
const judgeMost = 200

// over reports whether there is nothing more to find out.
func (j *judging) over() bool { return j.failed && (j.quick || len(j.problems) >= judgeMost) }

// problem notes that the value at node breaks a rule.
func (j *judging) problem(rule string, node int32, found, expected string) {
	j.failed = true
	if j.quick || len(j.problems) >= judgeMost {
		return
	}
	j.problems = append(j.problems, catalog.Problem{
		Pointer: j.t.pointer(node), Rule: rule, Severity: catalog.Error, Found: found, Expected: expected,
	})
}

// missing notes that the object at node lacks a member.
func (j *judging) missing(node int32, name string) {
	n := len(j.problems)
	if j.problem(ruleRequired, node, "", name); len(j.problems) > n {
		j.problems[n].Pointer += "/" + judgeToken(name)
	}
}

// bad notes that the value at node breaks a rule, and shows the value.
func (j *judging) bad(rule string, node int32, expected string) {
	if j.failed = true; !j.quick {
		j.problem(rule, node, j.shown(node), expected)
	}
}

// shown is the value at node as people may read it: a text without quotes.
func (j *judging) shown(node int32) string {
	if j.t.nodes[node].kind == '"' {
		return judgeCut(j.t.textOf(node))
	}
	return judgeCut(j.t.rawOf(node))
}
