package ocds

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// The rules of OCDS 1.1 that our packages are held to. They are our own reading of the
// reference of release and package, not the official schema, which no registry of
// packages has: for each object that we write, its fields with their types, what must
// stand, closed codelists, what no list may have twice, the form of dates and
// addresses. A field that is not listed is refused, so that a new one is looked up first.
// Beside them, what the reference says in words: ids that are unique, references that
// lead somewhere, a contract that does not repeat the items of its award.

// A shape is what an object may have.
type shape map[string]rule

// A rule is what a field may be.
type rule struct {
	must bool
	is   func(v any) string // "" if it is right, else what is wrong
}

func optional(is func(any) string) rule { return rule{false, is} }
func required(is func(any) string) rule { return rule{true, is} }

func text(v any) string {
	if s, ok := v.(string); !ok || s == "" {
		return fmt.Sprintf("%v is no text that says something", v)
	}
	return ""
}

func number(v any) string {
	if _, ok := v.(float64); !ok {
		return fmt.Sprintf("%v is no number", v)
	}
	return ""
}

func whole(v any) string {
	if f, ok := v.(float64); !ok || f != float64(int(f)) {
		return fmt.Sprintf("%v is no integer", v)
	}
	return ""
}

func instants(v any) string {
	s, _ := v.(string)
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return fmt.Sprintf("%v is no date-time", v)
	}
	return ""
}

func uri(v any) string {
	s, _ := v.(string)
	if u, err := url.Parse(s); err != nil || u.Scheme == "" {
		return fmt.Sprintf("%v is no URI", v)
	}
	return ""
}

func isTrue(v any) string {
	if v != true {
		return fmt.Sprintf("%v is not true", v)
	}
	return ""
}

// oneOf is a closed codelist.
func oneOf(codes ...string) func(any) string {
	return func(v any) string {
		if s, ok := v.(string); !ok || !slices.Contains(codes, s) {
			return fmt.Sprintf("%v is none of %v", v, codes)
		}
		return ""
	}
}

// some is a list of one or more, none twice.
func some(is func(any) string) func(any) string {
	return func(v any) string {
		list, ok := v.([]any)
		if !ok || len(list) == 0 {
			return fmt.Sprintf("%v is no list that holds something", v)
		}
		seen := map[string]bool{}
		for i, one := range list {
			if wrong := is(one); wrong != "" {
				return fmt.Sprintf("%d: %s", i, wrong)
			}
			raw, err := json.Marshal(one) // keys are sorted
			if err != nil || seen[string(raw)] {
				return fmt.Sprintf("%s stands twice", raw)
			}
			seen[string(raw)] = true
		}
		return ""
	}
}

func (s shape) object(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprintf("%v is no object", v)
	}
	for name, r := range s {
		if m[name] == nil && r.must {
			return name + " is missing"
		}
	}
	for name, v := range m {
		r, known := s[name]
		if !known {
			return name + " is no field of it"
		}
		if wrong := r.is(v); wrong != "" {
			return name + ": " + wrong
		}
	}
	return ""
}

// identified is a list of objects whose ids differ.
func identified(s shape) func(any) string {
	return func(v any) string {
		list, _ := v.([]any)
		ids := map[any]bool{}
		for _, one := range list {
			id := at(one, "id")
			if ids[id] {
				return fmt.Sprintf("id %v stands twice", id)
			}
			ids[id] = true
		}
		return some(s.object)(v)
	}
}

var (
	referenceShape = shape{"id": required(text), "name": optional(text)}
	valueShape     = shape{"amount": required(number), "currency": required(oneOf("EUR"))}
	periodShape    = shape{"startDate": optional(instants), "durationInDays": optional(whole)}
	codeShape      = shape{"scheme": required(oneOf("CPV")), "id": required(text)}
	addressShape   = shape{"locality": optional(text), "region": optional(text), "postalCode": optional(text), "countryName": optional(text)}
	itemShape      = shape{"id": required(text), "description": optional(text), "classification": optional(codeShape.object), "deliveryAddress": optional(addressShape.object)}
	amendmentShape = shape{"id": required(text), "date": optional(instants), "rationale": optional(text), "amendsReleaseID": required(text), "releaseID": required(text)}
	partyShape     = shape{
		"id": required(text), "name": optional(text), "roles": required(some(oneOf("buyer", "supplier"))),
		"identifier": required(shape{"scheme": optional(text), "id": optional(text), "legalName": optional(text)}.object),
	}
	tenderShape = shape{
		"id": required(text), "title": optional(text), "status": optional(oneOf("planning", "planned", "active", "cancelled", "unsuccessful", "complete", "withdrawn")),
		"procurementMethod": optional(oneOf("open", "selective", "limited", "direct")), "procurementMethodDetails": optional(text),
		"mainProcurementCategory": optional(oneOf("goods", "services", "works")), "numberOfTenderers": optional(whole),
		"techniques": optional(shape{"hasFrameworkAgreement": optional(isTrue), "hasDynamicPurchasingSystem": optional(isTrue), "hasElectronicAuction": optional(isTrue)}.object),
		"items":      optional(identified(itemShape)), "contractPeriod": optional(periodShape.object),
	}
	awardShape = shape{
		"id": required(text), "title": optional(text), "status": optional(oneOf("pending", "active", "cancelled", "unsuccessful")), "date": optional(instants),
		"value": optional(valueShape.object), "suppliers": optional(some(referenceShape.object)), "items": optional(identified(itemShape)), "contractPeriod": optional(periodShape.object),
	}
	contractShape = shape{
		"id": required(text), "awardID": required(text), "title": optional(text), "status": optional(oneOf("pending", "active", "cancelled", "terminated")),
		"period": optional(periodShape.object), "value": optional(valueShape.object), "dateSigned": optional(instants), "amendments": optional(identified(amendmentShape)),
	}
	relatedShape = shape{
		"id": required(text), "relationship": optional(some(oneOf("framework"))), "scheme": optional(oneOf("ocid")), "identifier": optional(text),
	}
	releaseShape = shape{
		"ocid": required(text), "id": required(text), "date": required(instants), "tag": required(some(oneOf("award", "awardUpdate", "contract", "contractAmendment"))),
		"initiationType": required(oneOf("tender")), "language": optional(oneOf("fr")), "parties": optional(identified(partyShape)),
		"buyer": optional(referenceShape.object), "tender": optional(tenderShape.object), "awards": optional(identified(awardShape)),
		"contracts": optional(identified(contractShape)), "relatedProcesses": optional(identified(relatedShape)),
	}
	packageShape = shape{
		"uri": required(uri), "version": required(oneOf("1.1")), "extensions": optional(some(uri)), "publishedDate": required(instants), "license": optional(uri),
		"publisher": required(shape{"name": required(text), "scheme": optional(text), "uid": optional(text), "uri": optional(uri)}.object),
		"releases":  required(func(any) string { return "" }), // each by releaseShape
	}
)

// broken lists the rules that a release breaks.
func broken(r map[string]any) (problems []string) {
	if wrong := releaseShape.object(r); wrong != "" {
		problems = append(problems, wrong)
	}
	ocid, id := fmt.Sprint(r["ocid"]), fmt.Sprint(r["id"])
	if !prefixForm.MatchString(ocid[:min(len(ocid), len(DefaultPrefix))]) {
		problems = append(problems, "ocid without a prefix: "+ocid)
	}
	if strings.Contains(id, "#") {
		problems = append(problems, "id with a number sign: "+id)
	}
	known := map[any]any{}
	parties, _ := r["parties"].([]any)
	for _, p := range parties {
		known[at(p, "id")] = at(p, "name")
	}
	suppliers, _ := at(r, "awards", 0, "suppliers").([]any)
	for _, s := range append(suppliers, r["buyer"]) {
		if name, ok := known[at(s, "id")]; !ok || name != at(s, "name") {
			problems = append(problems, fmt.Sprintf("%v is no party under its name", at(s, "id")))
		}
	}
	if at(r, "contracts", 0, "awardID") != at(r, "awards", 0, "id") {
		problems = append(problems, "the contract is of no award")
	}
	amended, _ := at(r, "contracts", 0, "amendments").([]any)
	if n := len(amended); n > 0 && at(amended[n-1], "releaseID") != r["id"] {
		problems = append(problems, "the last amendment is of another release")
	}
	return problems
}

// brokenPackage lists the rules that a package breaks, and those that its releases do.
func brokenPackage(raw []byte) (problems []string) {
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return []string{err.Error()}
	}
	if wrong := packageShape.object(doc); wrong != "" {
		problems = append(problems, wrong)
	}
	list, ok := doc["releases"].([]any)
	if !ok {
		problems = append(problems, "releases is no list")
	}
	ids := map[any]bool{}
	for _, one := range list {
		r, _ := one.(map[string]any)
		if ids[r["id"]] {
			problems = append(problems, fmt.Sprintf("two releases %v", r["id"]))
		}
		ids[r["id"]] = true
		for _, wrong := range broken(r) {
			problems = append(problems, fmt.Sprintf("%v: %s", r["id"], wrong))
		}
	}
	return problems
}

// What breaks a rule is found: the check is no check otherwise.
func TestTheRulesRefuse(t *testing.T) {
	good := func() map[string]any {
		var r map[string]any
		err := json.Unmarshal([]byte(`{"ocid":"ocds-78apv2-1","id":"ocds-78apv2-1-00","date":"2024-01-10T00:00:00Z","tag":["award","contract"],"initiationType":"tender",`+
			`"parties":[{"id":"FR-RCS-1","name":"A","identifier":{"scheme":"FR-RCS","id":"1"},"roles":["buyer"]}],"buyer":{"id":"FR-RCS-1","name":"A"},`+
			`"tender":{"id":"t","items":[{"id":"i"}]},"awards":[{"id":"a","value":{"amount":1,"currency":"EUR"},"suppliers":[{"id":"FR-RCS-1","name":"A"}]}],"contracts":[{"id":"c","awardID":"a"}]}`), &r)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if wrong := broken(good()); wrong != nil {
		t.Fatalf("what is right is refused: %v", wrong)
	}
	in := func(v any, path ...any) map[string]any { return at(v, path...).(map[string]any) }
	for what, harm := range map[string]func(r map[string]any){
		"no ocid":             func(r map[string]any) { delete(r, "ocid") },
		"an empty id":         func(r map[string]any) { r["id"] = "" },
		"a number sign":       func(r map[string]any) { r["id"] = "a#b" },
		"a day, no date-time": func(r map[string]any) { r["date"] = "2024-01-10" },
		"no tag":              func(r map[string]any) { r["tag"] = []any{} },
		"an unknown tag":      func(r map[string]any) { r["tag"] = []any{"bid"} },
		"a tag twice":         func(r map[string]any) { r["tag"] = []any{"award", "award"} },
		"an unknown field":    func(r map[string]any) { r["colour"] = "red" },
		"an unknown method":   func(r map[string]any) { in(r, "tender")["procurementMethod"] = "adapted" },
		"an amount as text":   func(r map[string]any) { in(r, "awards", 0, "value")["amount"] = "1" },
		"another currency":    func(r map[string]any) { in(r, "awards", 0, "value")["currency"] = "€" },
		"a supplier twice": func(r map[string]any) {
			in(r, "awards", 0)["suppliers"] = []any{at(r, "awards", 0, "suppliers", 0), at(r, "awards", 0, "suppliers", 0)}
		},
		"a stranger":           func(r map[string]any) { r["buyer"] = map[string]any{"id": "FR-RCS-2"} },
		"another name":         func(r map[string]any) { in(r, "buyer")["name"] = "B" },
		"two parties, one id":  func(r map[string]any) { r["parties"] = append(r["parties"].([]any), at(r, "parties", 0)) },
		"no award":             func(r map[string]any) { in(r, "contracts", 0)["awardID"] = "b" },
		"items repeated":       func(r map[string]any) { in(r, "contracts", 0)["items"] = at(r, "tender", "items") },
		"days that are no int": func(r map[string]any) { in(r, "tender")["contractPeriod"] = map[string]any{"durationInDays": 1.5} },
	} {
		r := good()
		if harm(r); broken(r) == nil {
			t.Errorf("%s: not refused", what)
		}
	}
}
