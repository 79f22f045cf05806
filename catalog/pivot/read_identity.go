package pivot

import (
	"bytes"
	"strings"

	"maillon/catalog"
)

// maxIdentity is the number of bytes of a buyer's or a contract's id: beyond,
// it is no id.
const maxIdentity = 256

// problem says what is wrong with the text as a whole, if it is no record.
func (t *jsonTape) problem() (catalog.Problem, bool) {
	p := catalog.Problem{Severity: catalog.Error}
	switch {
	case t.state == jsonSyntax:
		p.Rule, p.Found, p.Expected = ruleJSONSyntax, t.around(t.at), t.want
	case t.state == jsonShort:
		p.Rule = ruleTruncated
	case t.state == jsonDeep:
		p.Rule = ruleTooDeep
	case t.badUTF8 >= 0:
		p.Rule, p.Found = ruleEncoding, t.around(t.badUTF8)
	case t.twice >= 0:
		p.Rule, p.Found, p.Pointer = ruleDuplicateKey, judgeCut(t.keyOf(t.twice)), t.pointer(t.twice)
	default:
		return p, false
	}
	return p, true
}

// around is the text from place i on, enough to find it again.
func (t *jsonTape) around(i int) string {
	i = min(i, len(t.raw))
	return judgeCut(t.raw[i:min(i+40, len(t.raw))])
}

// readKind tells the kind of a record: what it says of itself, else by whom
// it was signed.
func readKind(t *jsonTape) Kind {
	if kid := t.find(0, nameType); kid >= 0 && t.nodes[kid].kind == '"' {
		switch string(t.textOf(kid)) {
		case wordsTypeMarche[0]:
			return Marche
		case wordsTypeConcession[0]:
			return Concession
		}
	}
	if t.find(0, nameAuthority) >= 0 {
		return Concession
	}
	return Marche
}

// readIdentity gives the ids of the buyer and of the contract as written. A
// number is its text; anything else than text and number is no id. A record
// without the field that its kind has for the buyer may have the other's, or
// one of the forms that exports give it; see readFlatBuyer.
func readIdentity(t *jsonTape, kind Kind) (buyer, id string) {
	first, second := nameBuyer, nameAuthority
	if kind == Concession {
		first, second = second, first
	}
	id = readText(t, t.find(0, nameID))
	for _, name := range [...]uint8{first, second} {
		if kid := t.find(0, name); kid >= 0 && buyer == "" {
			if buyer = readText(t, t.find(kid, nameID)); buyer == "" {
				buyer = readText(t, t.findKey(kid, "siret")) // concessions of 1.0 and 1.1
			}
		}
	}
	if buyer == "" {
		buyer = readFlatBuyer(t, id)
	}
	return buyer, id
}

// readFlatNames are the names that flattened exports give to the buyer's id.
var readFlatNames = [...]string{
	"acheteur_id", "acheteur.id", "autoriteConcedante_id", "autoriteConcedante.id", "autoriteConcedante.siret",
}

// readFlatBuyer finds the buyer of a record without an object for it: in a
// flattened name, or in a uid that is the buyer's SIRET followed by the id.
func readFlatBuyer(t *jsonTape, id string) string {
	for _, name := range readFlatNames {
		if buyer := readText(t, t.findKey(0, name)); buyer != "" {
			return buyer
		}
	}
	return readBuyerOf(readText(t, t.find(0, nameUID)), id)
}

// readBuyerOf is the SIRET before id in uid; "" if uid is not made like that.
func readBuyerOf(uid, id string) string {
	if siret, is := strings.CutSuffix(uid, id); is && id != "" && judgeIsSIRET([]byte(siret)) {
		return siret
	}
	return ""
}

// readText is the text or number at node as written; "" for anything else, for
// a blank text, and for -1.
func readText(t *jsonTape, node int32) string {
	if node < 0 {
		return ""
	}
	switch t.nodes[node].kind {
	case '"':
		text := t.textOf(node)
		if len(bytes.TrimSpace(text)) == 0 {
			return ""
		}
		return string(text)
	case '0':
		return string(t.rawOf(node))
	}
	return ""
}

// readItem makes an item of the record parsed in t, whose Kind, Form, Pointer
// and Line are known.
func readItem(t *jsonTape, rec Record) Item {
	refuse := func(p catalog.Problem) Item {
		p.Severity = catalog.Error
		return Item{Record: rec, Problems: catalog.Problems{p}}
	}
	if p, bad := t.problem(); bad {
		return refuse(p)
	}
	if t.nodes[0].kind != '{' {
		return refuse(catalog.Problem{Rule: ruleNotObject, Found: judgeCut(t.rawOf(0)), Expected: "{…}"})
	}
	if rec.Kind == "" {
		rec.Kind = readKind(t)
	}
	rec.Buyer, rec.ID = readIdentity(t, rec.Kind)
	if p, bad := readIdentified(&rec); bad {
		return refuse(p)
	}
	return Item{Record: rec}
}

// readIdentified says what is wrong with the buyer or the id of a record.
func readIdentified(rec *Record) (catalog.Problem, bool) {
	buyer := "/acheteur/id"
	if rec.Kind == Concession {
		buyer = "/autoriteConcedante/id"
	}
	switch {
	case rec.Buyer == "":
		return catalog.Problem{Rule: ruleNoBuyer, Pointer: buyer}, true
	case rec.ID == "":
		return catalog.Problem{Rule: ruleNoID, Pointer: "/id"}, true
	case len(rec.Buyer) > maxIdentity:
		return catalog.Problem{Rule: ruleIDTooLong, Pointer: buyer, Found: judgeCut([]byte(rec.Buyer)), Expected: "256"}, true
	case len(rec.ID) > maxIdentity:
		return catalog.Problem{Rule: ruleIDTooLong, Pointer: "/id", Found: judgeCut([]byte(rec.ID)), Expected: "256"}, true
	}
	return catalog.Problem{}, false
}
