package pivot

import (
	"crypto/sha256"
)

// An Assessed is what the rules say of one record.
type Assessed struct {
	Verdict  Verdict
	Contract Contract
	Repairs  []Repair
	Hash     Hash // that of [HashOf]; zero if it was not asked for, or there is none
	Hashed   bool
}

// Assess is [Checking.Judge] and [Normalise] of a record, and [HashOf] if hash is set,
// in one reading where that is possible: of a record that is JSON without fault.
func (how Checking) Assess(rec Record, hash bool) Assessed {
	if a, ok := how.assess(rec, hash); ok {
		return a
	}
	a := Assessed{Verdict: how.Judge(rec)}
	a.Contract, a.Repairs = Normalise(rec)
	if h, err := HashOf(rec.Raw); hash && err == nil {
		a.Hash, a.Hashed = h, true
	}
	return a
}

// assess does so if one reading can do for all three; their ways part where a text is
// not quite JSON.
func (how Checking) assess(rec Record, hash bool) (a Assessed, ok bool) {
	if rec.Form == Table {
		return a, false
	}
	t := jsonTapes.Get().(*jsonTape)
	defer jsonTapes.Put(t)
	if judgeRead(t, rec.Raw) != nil || len(t.nodes) > normMaxNodes {
		return a, false
	}
	a.Verdict = how.verdict(&Item{Record: rec}, t, judgeDay(how.Today))
	if buyer, id := readIdentity(t, rec.Kind); buyer == "" || id == "" {
		a.Verdict.State = Refused
	}
	if hash {
		t.plain = t.canonical(t.plain[:0], 0)
		a.Hash, a.Hashed = sha256.Sum256(t.plain), true
	}
	p := normParsers.Get().(*normParser)
	defer p.release()
	p.count = 0
	root := p.node()
	p.tape(t, 0, string(rec.Raw), root, 0)
	a.Contract, a.Repairs = normalise(rec, root, nil)
	return a, true
}

// tape makes n, and nodes for all that it holds, of the value at a place of a tape that
// was read without fault; text is all that the tape has read. It gives what
// [normParser.value] would.
func (p *normParser) tape(t *jsonTape, at int32, text string, n *normNode, depth int) {
	v := &t.nodes[at]
	n.raw = t.rawOf(at)
	if depth > normMaxDepth {
		return
	}
	switch n.kind = v.kind; v.kind {
	case '0':
		n.text = text[v.start:v.end]
	case '"':
		if v.flags&jsonEscaped != 0 {
			n.text = string(t.textOf(at))
		} else {
			n.text = text[v.start+1 : v.end-1]
		}
	case '{', '[':
		if cap(n.kids) < int(v.count) {
			n.kids = make([]*normNode, 0, max(8, int(v.count)))
		}
		for k := at + 1; k < t.nodes[at].next; k = t.nodes[k].next {
			kid := p.node()
			kid.up, kid.index = n, len(n.kids)
			if v.kind == '{' {
				p.tapeName(t, k, kid)
			}
			n.kids = append(n.kids, kid)
			p.tape(t, k, text, kid, depth+1)
		}
	}
}

// tapeName names a member. That of a legal field is clean.
func (p *normParser) tapeName(t *jsonTape, at int32, kid *normNode) {
	if id := t.nodes[at].name; id != 0 {
		quoted := schemaNames.quoted[id]
		kid.name, kid.id = quoted[1:len(quoted)-1], id
		return
	}
	written := string(t.keyOf(at))
	if kid.call(normCleanKey(written)); kid.name != written {
		kid.written = written
	}
}
