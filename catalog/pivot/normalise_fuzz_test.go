package pivot

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// legalOnly takes out of c what a legal file of its generation cannot hold.
func legalOnly(c Contract) Contract {
	c.Extra = nil
	c.Suppliers, c.Modifications, c.Subcontracts = slices.Clone(c.Suppliers), slices.Clone(c.Modifications), slices.Clone(c.Subcontracts)
	if c.Kind == Concession {
		m := Contract{Kind: c.Kind, Generation: c.Generation, ID: c.ID, Buyer: c.Buyer, Nature: c.Nature, Object: c.Object, Procedure: c.Procedure,
			Place: c.Place, Months: c.Months, Notified: c.Notified, Published: c.Published, Start: c.Start, Amount: c.Amount, Subsidy: c.Subsidy,
			Suppliers: c.Suppliers, Social: c.Social, Environment: c.Environment, Modifications: c.Modifications, Execution: c.Execution}
		for i := range m.Modifications {
			m.Modifications[i].Suppliers = nil
		}
		if c = m; c.Generation == Gen2 {
			c.Place = nil
		}
	}
	if c.Generation == Gen1 {
		for i := range c.Modifications {
			c.Modifications[i].ID = nil
		}
		return c
	}
	c.Buyer.Name = ""
	if c.Place != nil {
		c.Place = &Place{Code: c.Place.Code, CodeType: c.Place.CodeType}
	}
	for i := range c.Suppliers {
		c.Suppliers[i].Name = ""
	}
	for i := range c.Subcontracts {
		c.Subcontracts[i].Supplier.Name = ""
	}
	for i := range c.Modifications {
		m := &c.Modifications[i]
		m.Object, m.Suppliers = "", slices.Clone(m.Suppliers)
		for k := range m.Suppliers {
			m.Suppliers[k].Name = ""
		}
	}
	return c
}

// FuzzNormalise: no record brings the reader down; what it read can be
// written in every form; and what was written reads the same, however odd
// the record was.
func FuzzNormalise(f *testing.F) {
	for _, c := range full() {
		raw, err := json.Marshal(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, c.Kind == Concession, byte(0))
	}
	var b bytes.Buffer
	for _, g := range []Generation{Gen1, Gen2} {
		b.Reset()
		if err := WriteJSON(&b, g, slices.Values(ofGeneration(full(), g))); err != nil {
			f.Fatal(err)
		}
		for _, rec := range readJSON(f, g, b.Bytes()) {
			f.Add(rec.Raw, rec.Kind == Concession, byte(g))
		}
	}
	f.Add([]byte(`{"id":1e5,"titulaires":{"titulaire":[{"id":"1 2"},"x",null,[]]},"montant":"1 234,5","objet ":"\ud800NC","objet":"nc"}`), false, byte(2))
	f.Add([]byte(`{"tarifs":[{"tarif":{"tarif":{"tarif":3}}}],"donneesExecution":[{"tarifs":[{"tarif":3}]}],"_type":"Marché","considerationsSociales":[]}`), true, byte(0))
	f.Fuzz(func(t *testing.T, raw []byte, concession bool, form byte) {
		rec := Record{Kind: Marche, Form: []Form{Flat, Nested, XML}[form%3], Raw: raw}
		if concession {
			rec.Kind = Concession
		}
		c, repairs := Normalise(rec)
		again, said := Normalise(rec)
		if !cmp.Equal(c, again) || !cmp.Equal(repairs, said) {
			t.Fatal("reading twice gives two results")
		}
		for _, r := range repairs {
			if !slices.Contains(RepairRules, r.Rule) {
				t.Errorf("unknown rule %q", r.Rule)
			}
		}
		checkComplet(t, c)
		checkReadBack(t, c)
	})
}

func checkComplet(t *testing.T, c Contract) {
	line := Complete{Contract: c, Journal: "x"}.AppendJSON(nil)
	if bytes.ContainsRune(line, '\n') {
		t.Errorf("a line of complet has a line end: %q", line)
	}
	var back Complete
	if err := json.Unmarshal(line, &back); err != nil {
		t.Fatalf("a line of complet is not read back: %v\n%s", err, line)
	}
	back.Extra, c.Extra = nil, nil
	if diff := cmp.Diff(c, back.Contract); diff != "" {
		t.Errorf("complet (-written +read):\n%s", diff)
	}
}

func checkReadBack(t *testing.T, c Contract) {
	one := slices.Values([]Contract{c})
	var j, x, table bytes.Buffer
	for _, err := range []error{WriteJSON(&j, c.Generation, one), WriteXML(&x, c.Generation, one), WriteCSV(&table, one)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := legalOnly(c)
	for _, rec := range slices.Concat(readJSON(t, c.Generation, j.Bytes()), readXML(t, x.Bytes())) {
		got, _ := Normalise(rec)
		if got.Generation != c.Generation {
			continue // it had nothing of 2022 but a field that was not given
		}
		// Two items may differ in what a legal file cannot hold, and none may be left of one.
		if g, w := legalOnly(got), want; len(g.Suppliers) == len(w.Suppliers) && len(g.Modifications) == len(w.Modifications) {
			if diff := cmp.Diff(w, g); diff != "" {
				t.Errorf("%s (-written +read):\n%s", rec.Form, diff)
			}
		}
	}
}
