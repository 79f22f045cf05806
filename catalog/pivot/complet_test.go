package pivot

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog"
)

func fullComplete() Complete {
	c := fullMarche()
	c.Buyer.Name, c.Place.Name = "Rennes", "Rennes"
	c.Extra = map[string]json.RawMessage{"source": json.RawMessage("{\n \"a\": 1}"), "source ~ 2": json.RawMessage(`null`)}
	return Complete{
		Contract: c, State: ToCorrect, Schema: V203,
		Problems: catalog.Problems{{Pointer: "/montant", Line: 3, Rule: "minimum", Severity: catalog.Error, Found: "0", Expected: "≥ 1"}, {Rule: "late", Severity: catalog.Warning}},
		Repairs:  []Repair{{Pointer: "/ccag", Rule: repairNull, From: "null"}, {Pointer: "/objet", Rule: repairSpace, From: " a", To: "a"}},
		Address:  "21350238800019/2024-01", Hash: "00ff", Node: "21350238800019", Journal: "maillon/21350238800019/1", Index: 1<<63 + 1,
		ReceivedAt: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC), Withdrawn: true,
	}
}

func TestCompletIsReadBack(t *testing.T) {
	concession := Complete{Contract: fullConcession(), State: Conforming, Journal: "maillon/1/1"}
	bare := Complete{Contract: Contract{Kind: Marche, Generation: Gen2}}
	want := []Complete{fullComplete(), concession, bare}
	var b bytes.Buffer
	if err := WriteComplet(&b, slices.Values(want)); err != nil {
		t.Fatal(err)
	}
	want[0].Extra["source"] = json.RawMessage(`{"a":1}`)
	lines := bytes.Split(bytes.TrimSuffix(b.Bytes(), []byte("\n")), []byte("\n"))
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	for i, line := range lines {
		var got Complete
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestCompletHasTheKeysOfTheContract(t *testing.T) {
	for _, c := range full() {
		byTags, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(Complete{Contract: c})
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal(byTags, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("keys (-tags +line):\n%s", diff)
		}
	}
}

func TestCompletKeys(t *testing.T) {
	c := fullComplete()
	c.Contract = Contract{Kind: Marche, Generation: Gen2, ID: "1", Extra: map[string]json.RawMessage{"b": json.RawMessage("nonsense"), "a": json.RawMessage("[1,\n2]")}}
	want := `{"kind":"marche","generation":2,"id":"1","acheteur":{"id":""},"extra":{"a":[1,2],"b":"nonsense"},` +
		`"etat":"a-corriger","schema":"2.0.3","retire":true,"adresse":"21350238800019/2024-01","empreinte":"00ff",` +
		`"problemes":[{"pointer":"/montant","line":3,"rule":"minimum","severity":"error","found":"0","expected":"≥ 1"},{"pointer":"","rule":"late","severity":"warning"}],` +
		`"reparations":[{"pointer":"/ccag","rule":"repair-null","from":"null"},{"pointer":"/objet","rule":"repair-space","from":" a","to":"a"}],` +
		`"source":{"noeud":"21350238800019","journal":"maillon/21350238800019/1","index":9223372036854775809,"recuLe":"2026-11-24T03:00:00Z"}}`
	if diff := cmp.Diff(want, string(c.AppendJSON(nil))); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

func TestCompletRefusesALineThatIsNoContract(t *testing.T) {
	for _, line := range []string{`[]`, `{"id":1}`, `{"etat":1}`, `{"source":{"recuLe":"hier"}}`} {
		if err := json.Unmarshal([]byte(line), new(Complete)); err == nil {
			t.Errorf("%s was read", line)
		}
	}
}
