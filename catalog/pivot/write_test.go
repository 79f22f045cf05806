package pivot

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fullMarche has every legal field of a marché of 2.x.
func fullMarche() Contract {
	return Contract{
		Kind: Marche, Generation: Gen2, ID: "2024-01", Buyer: Buyer{ID: "21350238800019"}, Nature: "Marché",
		Object: "Pain & <lait> \"bio\"\r\n; L’eau", CPV: "15811100-7", Procedure: "Procédure adaptée",
		Techniques: []string{"Accord-cadre", "Concours"}, Modalities: []string{"Bons de commande"}, FrameworkID: "AC-1",
		Innovative: ptr(false), CCAG: "Travaux", Offers: ptr(3), Advance: ptr(true), AdvanceRate: ptr(0.1), Grouping: "Conjoint",
		Subcontracting: ptr(true), Place: &Place{Code: "35238", CodeType: "Code commune"}, Months: ptr(12),
		Notified: "2024-02-01", Published: "2024-03-01", Amount: ptr(1234567.89), PriceTypes: []string{"Définitif ferme"},
		PriceForm: "Mixte", OriginEU: ptr(1.0), OriginFR: ptr(0.5),
		Suppliers: []Supplier{{IDType: "SIRET", ID: "81223113200026"}, {IDType: "TVA", ID: "DE814864138"}},
		Social:    []string{"Clause sociale"}, Environment: []string{"Critère environnemental"},
		Subcontracts: []Subcontract{{ID: ptr(1), Supplier: Supplier{IDType: "SIRET", ID: "81223145600016"}, Months: ptr(10),
			Notified: "2024-02-02", Published: "2024-03-02", Amount: ptr(18000.0), PriceVar: "Ferme"}},
		SubcontractChanges: []SubcontractChange{{ID: ptr(1), Months: ptr(11), Notified: "2024-04-01", Published: "2024-04-02", Amount: ptr(19000.0)}},
		Modifications: []Modification{{ID: ptr(1), Notified: "2024-05-01", Published: "2024-05-02", Months: ptr(24), Amount: ptr(2e6),
			Suppliers: []Supplier{{IDType: "SIRET", ID: "87127639200012"}}}},
	}
}

// fullConcession has every legal field of a concession of 1.x.
func fullConcession() Contract {
	return Contract{
		Kind: Concession, Generation: Gen1, ID: "20010345211202", Buyer: Buyer{ID: "21350238800019", Name: "Millau"},
		Nature: "Concession de travaux", Object: "Viaduc", Procedure: "Procédure négociée restreinte",
		Place: &Place{Code: "12145", CodeType: "Code commune", Name: "Millau"}, Months: ptr(360),
		Notified: "2001-02-21", Published: "2001-02-22", Start: "2001-02-23", Amount: ptr(27860000.0), Subsidy: ptr(0.0),
		Execution:     []ExecutionYear{{Published: "2002-03-30", Investment: ptr(658000.0), Tariffs: []Tariff{{Title: "Léger", Price: ptr(9.1)}}}},
		Suppliers:     []Supplier{{IDType: "SIRET", ID: "81223113200026", Name: "Atlas"}},
		Modifications: []Modification{{Object: "Durée", Notified: "2008-07-20", Published: "2008-07-21", Months: ptr(410), Amount: ptr(33890000.0)}},
	}
}

func fullMarche1() Contract {
	c := fullConcession()
	c.Kind, c.Nature, c.Procedure, c.CPV, c.PriceForm = Marche, "Accord-cadre", "Procédure adaptée", "45000000", "Ferme"
	c.Start, c.Subsidy, c.Execution = "", nil, nil
	c.Modifications = []Modification{{Object: "Durée", Notified: "2008-07-20", Published: "2008-07-21", Suppliers: c.Suppliers}}
	return c
}

func fullConcession2() Contract {
	c := fullConcession()
	c.Generation, c.Buyer.Name, c.Place, c.Suppliers[0].Name = Gen2, "", nil, ""
	c.Social, c.Environment = []string{"Concession réservée"}, []string{"Pas de considération environnementale"}
	c.Modifications[0].Object, c.Modifications[0].ID = "", ptr(1)
	return c
}

func full() []Contract {
	return []Contract{fullConcession(), fullMarche(), fullMarche1(), fullConcession2()}
}

func ofGeneration(list []Contract, g Generation) []Contract {
	return slices.DeleteFunc(slices.Clone(list), func(c Contract) bool { return c.Generation != g })
}

// readJSON cuts a file that WriteJSON wrote into its records.
func readJSON(t testing.TB, g Generation, file []byte) []Record {
	t.Helper()
	var list []Record
	if g == Gen1 {
		var doc struct{ Marches []json.RawMessage }
		if err := json.Unmarshal(file, &doc); err != nil {
			t.Fatalf("file is not JSON: %v\n%.500s", err, file)
		}
		for _, raw := range doc.Marches {
			kind := Marche
			if bytes.Contains(raw, []byte(`"autoriteConcedante":`)) {
				kind = Concession
			}
			list = append(list, Record{Kind: kind, Form: Flat, Raw: raw})
		}
		return list
	}
	var doc struct{ Marches map[Kind][]json.RawMessage }
	if err := json.Unmarshal(file, &doc); err != nil {
		t.Fatalf("file is not JSON: %v\n%.500s", err, file)
	}
	for _, kind := range []Kind{Marche, Concession} {
		for _, raw := range doc.Marches[kind] {
			list = append(list, Record{Kind: kind, Form: Nested, Raw: raw})
		}
	}
	return list
}

// readXML cuts a file that WriteXML wrote into its records.
func readXML(t testing.TB, file []byte) []Record {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(file))
	var list []Record
	for depth := 0; ; {
		tok, err := dec.Token()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatalf("file is not XML: %v\n%.500s", err, file)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				depth++
				continue
			}
			raw, err := json.Marshal(xmlElement(t, dec))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, Record{Kind: Kind(tok.Name.Local), Form: XML, Raw: raw})
		case xml.EndElement:
			depth--
		}
	}
}

func xmlElement(t testing.TB, dec *xml.Decoder) any {
	var text strings.Builder
	kids := map[string]any{}
	for {
		tok, err := dec.Token()
		if err != nil {
			t.Fatalf("file is not XML: %v", err)
		}
		switch tok := tok.(type) {
		case xml.CharData:
			text.Write(tok)
		case xml.EndElement:
			if len(kids) == 0 {
				return text.String()
			}
			return kids
		case xml.StartElement:
			v := xmlElement(t, dec)
			switch before := kids[tok.Name.Local].(type) {
			case nil:
				kids[tok.Name.Local] = v
			case []any:
				kids[tok.Name.Local] = append(before, v)
			default:
				kids[tok.Name.Local] = []any{before, v}
			}
		}
	}
}

func normaliseAll(list []Record) []Contract {
	var all []Contract
	for _, rec := range list {
		c, _ := Normalise(rec)
		all = append(all, c)
	}
	return all
}

func byKind(list []Contract) []Contract {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Contract) int { return -strings.Compare(string(a.Kind), string(b.Kind)) })
	return list
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	for _, g := range []Generation{Gen1, Gen2} {
		list := ofGeneration(full(), g)
		var j, x bytes.Buffer
		if err := errors.Join(WriteJSON(&j, g, slices.Values(list)), WriteXML(&x, g, slices.Values(list))); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(byKind(list), byKind(normaliseAll(readJSON(t, g, j.Bytes())))); diff != "" {
			t.Errorf("JSON of generation %d (-written +read):\n%s", g, diff)
		}
		if diff := cmp.Diff(list, normaliseAll(readXML(t, x.Bytes()))); diff != "" {
			t.Errorf("XML of generation %d (-written +read):\n%s", g, diff)
		}
	}
}

func TestWriteJSONLayouts(t *testing.T) {
	m1 := Contract{Kind: Marche, Generation: Gen1, ID: "201801S0100", Amount: ptr(1.10), Suppliers: []Supplier{{IDType: "SIRET"}}}
	m2, c2 := Contract{Kind: Marche, Generation: Gen2, ID: "1", Offers: ptr(1)}, Contract{Kind: Concession, Generation: Gen2, ID: "2"}
	for name, tt := range map[string]struct {
		g    Generation
		list []Contract
		want string
	}{
		"1.x is flat, with the texts that it requires": {Gen1, []Contract{m1}, `{"marches":[
{"_type":"Marché","id":"201801S0100","acheteur":{"id":"","nom":""},"objet":"","montant":1.1,"titulaires":[{"typeIdentifiant":"SIRET","id":"","denominationSociale":""}],"modifications":[]}]}
`},
		"2.x has the marchés before the concessions": {Gen2, []Contract{c2, m2, m2}, `{"marches":{"marche":[
{"id":"1","acheteur":{"id":""},"objet":"","offresRecues":1},
{"id":"1","acheteur":{"id":""},"objet":"","offresRecues":1}],"contrat-concession":[
{"id":"2","autoriteConcedante":{"id":""},"objet":""}]}}
`},
		"2.x leaves a kind without contract out": {Gen2, []Contract{c2}, `{"marches":{"contrat-concession":[
{"id":"2","autoriteConcedante":{"id":""},"objet":""}]}}
`},
		"an empty 2.x file has one kind": {Gen2, nil, `{"marches":{"marche":[]}}` + "\n"},
		"an empty 1.x file":              {Gen1, nil, `{"marches":[]}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteJSON(&b, tt.g, slices.Values(tt.list)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteXMLLayout(t *testing.T) {
	c := fullMarche()
	c = Contract{Kind: Marche, Generation: Gen2, ID: "1", Object: "a < b & \r c\x01\ufffe", Innovative: ptr(true),
		Techniques: c.Techniques, Suppliers: c.Suppliers[:1], SubcontractChanges: []SubcontractChange{{ID: ptr(1)}}}
	var b bytes.Buffer
	if err := WriteXML(&b, Gen2, slices.Values([]Contract{c})); err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<marches>
<marche><id>1</id><acheteur><id></id></acheteur><objet>a &lt; b &amp; &#13; c` + "\ufffd\ufffd" + `</objet>` +
		`<techniques><technique>Accord-cadre</technique><technique>Concours</technique></techniques><marcheInnovant>true</marcheInnovant>` +
		`<titulaires><titulaire><typeIdentifiant>SIRET</typeIdentifiant><id>81223113200026</id></titulaire></titulaires>` +
		`<modificationsActesSousTraitance><modificationActesSousTraitance><id>1</id></modificationActesSousTraitance></modificationsActesSousTraitance></marche>
</marches>
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

func TestWriteRefusesWhatHasNoPlaceInTheFile(t *testing.T) {
	one := slices.Values([]Contract{{Kind: Marche, Generation: Gen1, ID: "7", Buyer: Buyer{ID: "21350238800019"}}})
	odd := slices.Values([]Contract{{Kind: "bail", Generation: Gen2, ID: "7", Buyer: Buyer{ID: "21350238800019"}}})
	const other = "contract 7 of 21350238800019 has the words of generation 1, this file is of generation 2: write it to a file of its own"
	const kind = `contract 7 of 21350238800019 is of kind "bail", want "marche" or "contrat-concession"`
	const none = "no legal layout for generation 3, want 1 or 2"
	for name, write := range map[string]func(io.Writer, Generation, iter.Seq[Contract]) error{"JSON": WriteJSON, "XML": WriteXML} {
		for want, err := range map[string]error{
			other: write(io.Discard, Gen2, one), kind: write(io.Discard, Gen2, odd), none: write(io.Discard, 3, one),
		} {
			if err == nil || err.Error() != want {
				t.Errorf("%s: error %v, want %s", name, err, want)
			}
		}
	}
}

func TestWriteNumbers(t *testing.T) {
	for f, want := range map[float64]string{0: "0", math.Copysign(0, -1): "0", 1.10: "1.1", 1e6: "1000000", 0.1: "0.1", 1e-7: "0.0000001", 123456789012.34: "123456789012.34"} {
		if got := string(writeNumber(nil, f)); got != want {
			t.Errorf("%v is written %s, want %s", f, got, want)
		}
	}
	if writeGiven(ptr(math.NaN())) || writeGiven(ptr(math.Inf(1))) {
		t.Error("NaN and infinity are no amounts")
	}
}

func TestWriteCSVIsOneLinePerSupplier(t *testing.T) {
	none := Contract{Kind: Marche, Generation: Gen2, ID: "3"}
	var b bytes.Buffer
	if err := WriteCSV(&b, slices.Values([]Contract{fullMarche(), fullConcession(), none})); err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(&b)
	r.Comma = ';'
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(lines[0], CSVColumns()) {
		t.Errorf("header %q", lines[0])
	}
	var got []string
	for _, line := range lines[1:] {
		cells := map[string]string{}
		for i, cell := range line {
			cells[lines[0][i]] = cell
		}
		got = append(got, strings.Join([]string{cells["type"], cells["generation"], cells["id"], cells["titulaire_rang"], cells["titulaire_id"],
			cells["techniques"], cells["montant"], cells["montant_actuel"], cells["dureeMois_actuelle"], cells["modifications_derniere"]}, " "))
	}
	want := []string{
		"marche 2 2024-01 1 81223113200026 Accord-cadre|Concours 1234567.89 2000000 24 2024-05-01",
		"marche 2 2024-01 2 DE814864138 Accord-cadre|Concours 1234567.89 2000000 24 2024-05-01",
		"contrat-concession 1 20010345211202 1 81223113200026  27860000 33890000 410 2008-07-20",
		"marche 2 3       ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestTheFormatsPageNamesEveryColumnAndKey(t *testing.T) {
	page, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	names := CSVColumns()
	line, err := json.Marshal(fullComplete())
	if err != nil {
		t.Fatal(err)
	}
	var known map[string]any
	if err := json.Unmarshal(line, &known); err != nil {
		t.Fatal(err)
	}
	legal, err := json.Marshal(fullComplete().Contract)
	if err != nil {
		t.Fatal(err)
	}
	for key := range known {
		if key == "extra" || !bytes.Contains(legal, []byte(`"`+key+`":`)) {
			names = append(names, key)
		}
	}
	for _, name := range names {
		if !bytes.Contains(page, []byte("`"+name+"`")) {
			t.Errorf("docs/formats.md does not speak of `%s`", name)
		}
	}
}

func TestWriteCSVCells(t *testing.T) {
	for in, want := range map[string]string{
		"":           ``,
		"Pain":       `Pain`,
		"Pain; lait": `"Pain; lait"`,
		`"Pain"`:     `"""Pain"""`,
		"a\nb":       "\"a\nb\"",
		"=1+1":       `'=1+1`,
		"+33":        `'+33`,
		"-5":         `'-5`,
		"@x":         `'@x`,
		"\tx":        "'\tx",
		"\rx":        "\"'\rx\"",
		"=a;b":       `"'=a;b"`,
		"a=b":        `a=b`,
	} {
		r := writeRow{first: true}
		if r.text(in); string(r.b) != want {
			t.Errorf("%q is written %s, want %s", in, r.b, want)
		}
	}
	r := writeRow{first: true}
	if r.number(ptr(-5.5)); string(r.b) != "-5.5" {
		t.Errorf("a negative amount is written %s, want the number", r.b)
	}
}

type brokenWriter struct{ after int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.after--; w.after < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestWritersPassOnTheErrorOfTheFile(t *testing.T) {
	many := func(yield func(Contract) bool) {
		for range 500 {
			if !yield(fullMarche()) {
				return
			}
		}
	}
	lines := func(yield func(Complete) bool) {
		for c := range iter.Seq[Contract](many) {
			if !yield(Complete{Contract: c}) {
				return
			}
		}
	}
	for _, after := range []int{0, 1, 5} {
		for name, err := range map[string]error{
			"JSON": WriteJSON(&brokenWriter{after}, Gen2, many), "XML": WriteXML(&brokenWriter{after}, Gen2, many),
			"CSV": WriteCSV(&brokenWriter{after}, many), "complet": WriteComplet(&brokenWriter{after}, lines),
		} {
			if !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%s after %d writes: error %v, want that of the file", name, after, err)
			}
		}
	}
}
