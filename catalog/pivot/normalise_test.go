package pivot

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

// rulesOf lists the rules of repairs with their places.
func rulesOf(repairs []Repair) []string {
	var list []string
	for _, r := range repairs {
		list = append(list, r.Rule+" "+r.Pointer)
	}
	return list
}

// In each case the record is a marché of the nested layout with the given
// member, and want is what is read of it.
var repairTests = []struct {
	name string
	raw  string
	read func(Contract) any
	want any
	rule string // with its place; "" if nothing is repaired
}{
	{"a legal value of a closed list stays", `"ccag":"Maitrise d'œuvre"`, func(c Contract) any { return c.CCAG }, "Maitrise d'œuvre", ""},
	{"a curly apostrophe in a closed list is straightened", `"procedure":"Appel d’offres ouvert"`,
		func(c Contract) any { return c.Procedure }, "Appel d'offres ouvert", "repair-apostrophe /procedure"},
	{"a curly apostrophe in a free text stays", `"objet":"L’eau"`, func(c Contract) any { return c.Object }, "L’eau", ""},
	{"the accent that 2.0.1 took from Maîtrise goes", `"ccag":"Maîtrise d'œuvre"`,
		func(c Contract) any { return c.CCAG }, "Maitrise d'œuvre", "repair-word /ccag"},
	{"the case of a closed value is mended", `"lieuExecution":{"code":"35238","typeCode":"Code Commune"}`,
		func(c Contract) any { return c.Place.CodeType }, "Code commune", "repair-word /lieuExecution/typeCode"},
	{"an unknown value of a closed list stays as wrong as it was", `"nature":"Bail"`,
		func(c Contract) any { return c.Nature }, "Bail", ""},
	{"HORS_UE is HORS-UE", `"titulaires":[{"titulaire":{"typeIdentifiant":"HORS_UE","id":"CH1"}}]`,
		func(c Contract) any { return c.Suppliers }, []Supplier{{IDType: "HORS-UE", ID: "CH1"}}, "repair-word /titulaires/0/titulaire/typeIdentifiant"},
	{"FRW is FRWF", `"titulaires":[{"titulaire":{"typeIdentifiant":"FRW","id":"1"}}]`,
		func(c Contract) any { return c.Suppliers[0].IDType }, "FRWF", "repair-word /titulaires/0/titulaire/typeIdentifiant"},
	{"TVA_INTRACOMMUNAUTAIRE is TVA", `"titulaires":[{"titulaire":{"typeIdentifiant":"TVA_INTRACOMMUNAUTAIRE","id":"1"}}]`,
		func(c Contract) any { return c.Suppliers[0].IDType }, "TVA", "repair-word /titulaires/0/titulaire/typeIdentifiant"},
	{"UE is TVA in 2.x", `"titulaires":[{"titulaire":{"typeIdentifiant":"UE","id":"DE1"}}]`,
		func(c Contract) any { return c.Suppliers[0].IDType }, "TVA", "repair-version /titulaires/0/titulaire/typeIdentifiant"},

	{"a boolean stays", `"marcheInnovant":false`, func(c Contract) any { return *c.Innovative }, false, ""},
	{"oui is true", `"marcheInnovant":"oui"`, func(c Contract) any { return *c.Innovative }, true, "repair-boolean /marcheInnovant"},
	{"0 is false", `"marcheInnovant":0`, func(c Contract) any { return *c.Innovative }, false, "repair-boolean /marcheInnovant"},
	{`"true" is true`, `"marcheInnovant":"true"`, func(c Contract) any { return *c.Innovative }, true, "repair-boolean /marcheInnovant"},
	{"a boolean that says neither is left out", `"marcheInnovant":"peut-être"`,
		func(c Contract) any { return c.Innovative == nil }, true, "repair-unreadable /marcheInnovant"},

	{"a number keeps its value", `"montant":1.10`, func(c Contract) any { return *c.Amount }, 1.1, ""},
	{"a number written as a text is read", `"montant":"1234.5"`, func(c Contract) any { return *c.Amount }, 1234.5, "repair-number-string /montant"},
	{"a decimal comma is read", `"montant":"1 234,50 €"`, func(c Contract) any { return *c.Amount }, 1234.5, "repair-number-string /montant"},
	{"narrow spaces between thousands are read", `"montant":"1\u202f234"`, func(c Contract) any { return *c.Amount }, 1234.0, "repair-number-string /montant"},
	{"two decimal marks are not guessed at", `"montant":"1,234.50"`, func(c Contract) any { return c.Amount == nil }, true, "repair-unreadable /montant"},
	{"hexadecimal is no amount", `"montant":"0x10"`, func(c Contract) any { return c.Amount == nil }, true, "repair-unreadable /montant"},
	{"an infinite amount is left out", `"montant":1e999`, func(c Contract) any { return c.Amount == nil }, true, "repair-unreadable /montant"},
	{"a wrong amount stays as wrong as it was", `"montant":-3`, func(c Contract) any { return *c.Amount }, -3.0, ""},
	{"12.0 months are 12", `"dureeMois":12.0`, func(c Contract) any { return *c.Months }, 12, ""},
	{"half a month is left out", `"dureeMois":1.5`, func(c Contract) any { return c.Months == nil }, true, "repair-unreadable /dureeMois"},

	{"a day stays", `"dateNotification":"2024-03-01"`, func(c Contract) any { return c.Notified }, "2024-03-01", ""},
	{"a timezone is cut, not reckoned with", `"dateNotification":"2024-03-01+01:00"`,
		func(c Contract) any { return c.Notified }, "2024-03-01", "repair-timezone /dateNotification"},
	{"the odd +01:00Z of 1.x is cut", `"dateNotification":"2024-03-01+01:00Z"`,
		func(c Contract) any { return c.Notified }, "2024-03-01", "repair-timezone /dateNotification"},
	{"a time of day is cut", `"dateNotification":"2024-03-01T23:00:00.000Z"`,
		func(c Contract) any { return c.Notified }, "2024-03-01", "repair-date-time /dateNotification"},
	{"a French date is turned round", `"dateNotification":"01/03/2024"`,
		func(c Contract) any { return c.Notified }, "2024-03-01", "repair-date /dateNotification"},
	{"what is no date stays as written", `"dateNotification":"mars 2024"`, func(c Contract) any { return c.Notified }, "mars 2024", ""},

	{"null is not given", `"idAccordCadre":null`, func(c Contract) any { return c.FrameworkID }, "", "repair-null /idAccordCadre"},
	{"NC is not given", `"formePrix":"NC"`, func(c Contract) any { return c.PriceForm }, "", "repair-nc /formePrix"},
	{"NC for a number is not given", `"offresRecues":"NC"`, func(c Contract) any { return c.Offers == nil }, true, "repair-nc /offresRecues"},
	{"NC for a list is not given", `"techniques":"NC"`, func(c Contract) any { return c.Techniques == nil }, true, "repair-nc /techniques"},
	{"the place NC is Nouvelle-Calédonie", `"lieuExecution":{"code":"NC","typeCode":"Code pays"}`,
		func(c Contract) any { return c.Place.Code }, "NC", ""},
	{"the empty text is not given", `"idAccordCadre":""`, func(c Contract) any { return c.FrameworkID }, "", "repair-empty /idAccordCadre"},
	{"spaces round an id go", `"id":" 2024-01 "`, func(c Contract) any { return c.ID }, "2024-01", "repair-space /id"},
	{"spaces inside a SIRET go", `"acheteur":{"id":"217 500 016 00019"}`,
		func(c Contract) any { return c.Buyer.ID }, "21750001600019", "repair-space /acheteur/id"},
	{"spaces inside another id stay", `"id":"2024 01"`, func(c Contract) any { return c.ID }, "2024 01", ""},
	{"a number for a text is read as written", `"lieuExecution":{"code":35000,"typeCode":"Code postal"}`,
		func(c Contract) any { return c.Place.Code }, "35000", "repair-string /lieuExecution/code"},
	{"control characters and byte order marks go", `"objet":"\ufeffPain\u0000 frais"`,
		func(c Contract) any { return c.Object }, "Pain frais", "repair-control /objet"},
	{"a key with a space is read", `"objet ":"Pain"`, func(c Contract) any { return c.Object }, "Pain", "repair-key /objet "},
	{"of a key that stands twice the last one is read", `"objet":"Pain","objet":"Vin"`,
		func(c Contract) any { return c.Object }, "Vin", "repair-repeated-key /objet"},
	{"an object for a text is left out and kept aside", `"objet":{"fr":"Pain"}`,
		func(c Contract) any { return string(c.Extra["objet/fr"]) }, `"Pain"`, "repair-unreadable /objet"},
}

func TestNormaliseRepairs(t *testing.T) {
	for _, tt := range repairTests {
		t.Run(tt.name, func(t *testing.T) {
			c, repairs := Normalise(Record{Kind: Marche, Form: Nested, Raw: []byte("{" + tt.raw + `,"offresRecues":1}`)})
			if strings.Contains(tt.raw, "offresRecues") {
				c, repairs = Normalise(Record{Kind: Marche, Form: Nested, Raw: []byte("{" + tt.raw + "}")})
			}
			if got := tt.read(c); !cmp.Equal(got, tt.want) {
				t.Errorf("read %v, want %v", got, tt.want)
			}
			if got := strings.Join(rulesOf(repairs), ", "); got != tt.rule {
				t.Errorf("repairs %q, want %q", got, tt.rule)
			}
		})
	}
}

func TestNormaliseReadsAListHoweverItIsWrapped(t *testing.T) {
	a, b := Supplier{IDType: "SIRET", ID: "1"}, Supplier{IDType: "SIRET", ID: "2"}
	const ja, jb = `{"typeIdentifiant":"SIRET","id":"1"}`, `{"typeIdentifiant":"SIRET","id":"2"}`
	tests := []struct {
		name  string
		form  Form
		raw   string
		want  []Supplier
		rules []string
	}{
		{"bare in flat JSON", Flat, `[` + ja + `,` + jb + `]`, []Supplier{a, b}, nil},
		{"each wrapped in nested JSON", Nested, `[{"titulaire":` + ja + `},{"titulaire":` + jb + `}]`, []Supplier{a, b}, nil},
		{"several in XML", XML, `{"titulaire":[` + ja + `,` + jb + `]}`, []Supplier{a, b}, nil},
		{"one in XML", XML, `{"titulaire":` + ja + `}`, []Supplier{a}, nil},
		{"none in XML", XML, `""`, nil, nil},
		{"wrapped in flat JSON", Flat, `[{"titulaire":` + ja + `}]`, []Supplier{a}, []string{"repair-wrapper /titulaires"}},
		{"bare in nested JSON", Nested, `[` + ja + `,{"titulaire":` + jb + `}]`, []Supplier{a, b}, []string{"repair-wrapper /titulaires"}},
		{"a single object", Nested, `{"titulaire":` + ja + `}`, []Supplier{a}, []string{"repair-wrapper /titulaires"}},
		{"a single bare object", Nested, ja, []Supplier{a}, []string{"repair-wrapper /titulaires"}},
		{"one wrapper round several", Nested, `[{"titulaire":[` + ja + `,` + jb + `]}]`, []Supplier{a, b}, nil},
		{"the wrapper of a concession", Nested, `[{"concessionnaire":` + ja + `}]`, []Supplier{a}, nil},
		{"twice the same", Nested, `[{"titulaire":` + ja + `},{"titulaire":` + ja + `}]`, []Supplier{a}, []string{"repair-duplicate /titulaires"}},
		{"an empty item", Nested, `[{"titulaire":{}}]`, nil, []string{"repair-empty /titulaires/0/titulaire"}},
		{"an empty list", Nested, `[]`, nil, nil},
		{"null", Nested, `null`, nil, []string{"repair-null /titulaires"}},
		{"a text", Nested, `[{"titulaire":` + ja + `},"Dupont"]`, []Supplier{a},
			[]string{"repair-wrapper /titulaires", "repair-unreadable /titulaires/1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, repairs := Normalise(Record{Kind: Marche, Form: tt.form, Raw: []byte(`{"offresRecues":"1","titulaires":` + tt.raw + `}`)})
			if diff := cmp.Diff(tt.want, c.Suppliers); diff != "" {
				t.Errorf("suppliers (-want +got):\n%s", diff)
			}
			got := slices.DeleteFunc(rulesOf(repairs), func(s string) bool { return s == "repair-number-string /offresRecues" })
			if diff := cmp.Diff(tt.rules, got, cmp.Transformer("", func(s []string) string { return strings.Join(s, ", ") })); diff != "" {
				t.Errorf("repairs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNormaliseReadsTextsHoweverTheyAreWrapped(t *testing.T) {
	for name, tt := range map[string]struct {
		form  Form
		raw   string
		rules int
	}{
		"nested":                      {Nested, `"techniques":{"technique":["Concours","Sans objet"]}`, 0},
		"2.0.0":                       {Flat, `"technique":["Concours","Sans objet"]`, 0},
		"XML":                         {XML, `"techniques":{"technique":["Concours","Sans objet"]}`, 0},
		"XML of 2.0.0":                {XML, `"technique":{"technique":["Concours","Sans objet"]}`, 0},
		"bare in nested JSON":         {Nested, `"techniques":["Concours","Sans objet"]`, 1},
		"each wrapped":                {Nested, `"techniques":[{"technique":"Concours"},{"technique":"Sans objet"}]`, 1},
		"the name of 2.0.0":           {Nested, `"technique":{"technique":["Concours","Sans objet"]}`, 1},
		"twice the same":              {Nested, `"techniques":{"technique":["Concours","Concours","Sans objet"]}`, 1},
		"the same after an apostroph": {Nested, `"techniques":{"technique":["Concours","concours","Sans objet"]}`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			c, repairs := Normalise(Record{Kind: Marche, Form: tt.form, Raw: []byte("{" + tt.raw + "}")})
			if want := []string{"Concours", "Sans objet"}; !slices.Equal(c.Techniques, want) {
				t.Errorf("techniques %q, want %q", c.Techniques, want)
			}
			if len(repairs) != tt.rules {
				t.Errorf("repairs %v, want %d", repairs, tt.rules)
			}
		})
	}
}

func TestNormaliseFindsTheGenerationInTheContent(t *testing.T) {
	for name, tt := range map[string]struct {
		form Form
		raw  string
		want Generation
	}{
		"a field of 2022 in a flat file":           {Flat, `{"ccag":null}`, Gen2},
		"a field of 2022 in XML":                   {XML, `{"marcheInnovant":"oui","formePrix":"Mixte"}`, Gen2},
		"considerations of a concession":           {Flat, `{"autoriteConcedante":{"id":"1"},"considerationsSociales":[]}`, Gen2},
		"2022 wins over what it abolished":         {Flat, `{"acheteur":{"id":"1","nom":"Rennes"},"offresRecues":"NC"}`, Gen2},
		"the name of a buyer":                      {XML, `{"acheteur":{"id":"1","nom":"Rennes"}}`, Gen1},
		"the name of a buyer in the nested layout": {Nested, `{"acheteur":{"id":"1","nom":"Rennes"}}`, Gen1},
		"the name of a wrapped supplier":           {XML, `{"titulaires":{"titulaire":[{"denominationSociale":"X"}]}}`, Gen1},
		"the object of a modification":             {Flat, `{"modifications":[{"objetModification":"X"}]}`, Gen1},
		"an old form of price":                     {Flat, `{"formePrix":"Révisable"}`, Gen1},
		"an old nature":                            {Flat, `{"nature":"Accord-cadre"}`, Gen1},
		"the nested layout, nothing else":          {Nested, `{"id":"1"}`, Gen2},
		"notified before 2024":                     {XML, `{"dateNotification":"2023-12-31"}`, Gen1},
		"notified in 2024":                         {XML, `{"dateNotification":"2024-01-01"}`, Gen2},
		"signed in 2024":                           {Flat, `{"dateSignature":"2024-01-01"}`, Gen2},
		"nothing":                                  {Flat, `{}`, Gen1},
	} {
		t.Run(name, func(t *testing.T) {
			if c, _ := Normalise(Record{Kind: Marche, Form: tt.form, Raw: []byte(tt.raw)}); c.Generation != tt.want {
				t.Errorf("generation %d, want %d", c.Generation, tt.want)
			}
		})
	}
}

func TestNormaliseSpeaksTheWordsOf201For200(t *testing.T) {
	c, repairs := Normalise(Record{Kind: Marche, Form: Flat, Raw: []byte(`{"technique":[],"modaliteExecution":["Bon de commande","Marché à tranches"],
		"ccag":null,"typeGroupementOperateurs":null,"considerationsSociales":[],"considerationsEnvironnementales":["Critère environnemental"]}`)})
	want := Contract{Kind: Marche, Generation: Gen2,
		Techniques: []string{"Sans objet"}, Modalities: []string{"Bons de commande", "Tranches"},
		CCAG: "Pas de CCAG", Grouping: "Pas de groupement",
		Social: []string{"Pas de considération sociale"}, Environment: []string{"Critère environnemental"}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("contract (-want +got):\n%s", diff)
	}
	for _, r := range repairs {
		if r.Rule != repairVersion {
			t.Errorf("repair %v, want %s alone", r, repairVersion)
		}
	}
	if c, _ := Normalise(Record{Kind: Marche, Form: Nested, Raw: []byte(`{"ccag":null,"considerationsSociales":[]}`)}); c.CCAG != "" || c.Social != nil {
		t.Errorf("in 2.0.3 null is not given and says no more than that, got %q, %q", c.CCAG, c.Social)
	}
}

func TestNormaliseXMLLeavesNeedNoRepair(t *testing.T) {
	c, repairs := Normalise(Record{Kind: Marche, Form: XML, Raw: []byte(`{"id":"2024-1","montant":"575000","dureeMois":"48",
		"marcheInnovant":"oui","attributionAvance":"0","origineUE":"","modifications":""}`)})
	want := Contract{Kind: Marche, Generation: Gen2, ID: "2024-1", Amount: ptr(575000.0), Months: ptr(48), Innovative: ptr(true), Advance: ptr(false)}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("contract (-want +got):\n%s", diff)
	}
	if len(repairs) > 0 {
		t.Errorf("repairs %v, want none", repairs)
	}
}

func TestNormaliseConcession(t *testing.T) {
	c, repairs := Normalise(Record{Kind: Concession, Form: Nested, Raw: []byte(`{"id":"1","autoriteConcedante":{"id":"21350238800019"},
		"dateSignature":"2024-02-21","dateDebutExecution":"2024-03-01","valeurGlobale":27860000,"montantSubventionPublique":0,
		"donneesExecution":[{"donneesAnnuelles":{"datePublicationDonneesExecution":"2025-03-30","depensesInvestissement":658000.5,
			"tarifs":[{"tarif":{"intituleTarif":"Léger","tarif":9.10}}]}}],
		"concessionnaires":[{"concessionnaire":{"typeIdentifiant":"SIRET","id":"81223113200026"}}],
		"modifications":[{"modification":{"id":1,"dateSignatureModification":"2025-01-01","datePublicationDonneesModification":"2025-01-02","valeurGlobale":3}}]}`)})
	want := Contract{Kind: Concession, Generation: Gen2, ID: "1", Buyer: Buyer{ID: "21350238800019"},
		Notified: "2024-02-21", Start: "2024-03-01", Amount: ptr(27860000.0), Subsidy: ptr(0.0),
		Execution:     []ExecutionYear{{Published: "2025-03-30", Investment: ptr(658000.5), Tariffs: []Tariff{{Title: "Léger", Price: ptr(9.1)}}}},
		Suppliers:     []Supplier{{IDType: "SIRET", ID: "81223113200026"}},
		Modifications: []Modification{{ID: ptr(1), Notified: "2025-01-01", Published: "2025-01-02", Amount: ptr(3.0)}}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("contract (-want +got):\n%s", diff)
	}
	if len(repairs) > 0 {
		t.Errorf("repairs %v, want none", repairs)
	}
}

func TestNormaliseKeepsWhatNoSchemaKnows(t *testing.T) {
	c, _ := Normalise(Record{Kind: Marche, Form: Flat, Raw: []byte(`{"_type":"Marché","uid":"1","id":"2","source":{"a": [1,  2]},
		"acheteur":{"id":"3","nom":"R","ville":"Rennes"},"titulaires":[{"id":"4","effectif/an":null}]}`)})
	want := map[string]json.RawMessage{"uid": json.RawMessage(`"1"`), "source": json.RawMessage(`{"a":[1,2]}`),
		"acheteur/ville": json.RawMessage(`"Rennes"`), "titulaires/0/effectif~1an": json.RawMessage(`null`)}
	if diff := cmp.Diff(want, c.Extra); diff != "" {
		t.Errorf("extra (-want +got):\n%s", diff)
	}
}

func TestNormaliseReadsWhatItCanOfARecordThatBreaksOff(t *testing.T) {
	deep := strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	for name, tt := range map[string]struct {
		raw   string
		id    string
		rules []string
	}{
		"cut":          {`{"id":"1","objet":"Pa`, "1", []string{"repair-unreadable ", "repair-unreadable /objet"}},
		"NaN":          {`{"id":"1","montant":NaN}`, "1", []string{"repair-unreadable ", "repair-unreadable /montant"}},
		"two records":  {`{"id":"1"}{"id":"2"}`, "1", []string{"repair-unreadable "}},
		"no object":    {`["id","1"]`, "", []string{"repair-unreadable "}},
		"nothing":      {``, "", []string{"repair-unreadable "}},
		"very wide":    {`{"id":"1","titulaires":[` + strings.Repeat(`{},`, 9) + `{}]}`, "1", append([]string{"repair-wrapper /titulaires"}, emptyAt(10)...)},
		"very deep":    {`{"id":"1","titulaires":` + deep + `}`, "1", []string{"repair-wrapper /titulaires", "repair-unreadable /titulaires/0"}},
		"a BOM before": {"\ufeff" + `{"id":"1"}`, "1", nil},
		"bad UTF-8":    {"{\"id\":\"1\xff\"}", "1\ufffd", nil},
		"far too many": {`{"id":"1","x":[` + strings.Repeat("1,", normMaxNodes) + `1]}`, "1", []string{"repair-unreadable "}},
	} {
		t.Run(name, func(t *testing.T) {
			c, repairs := Normalise(Record{Kind: Marche, Form: Nested, Raw: []byte(tt.raw)})
			if c.ID != tt.id {
				t.Errorf("id %q, want %q", c.ID, tt.id)
			}
			if got := rulesOf(repairs); !slices.Equal(got, tt.rules) {
				t.Errorf("repairs %q, want %q", got, tt.rules)
			}
		})
	}
}

func emptyAt(n int) []string {
	var list []string
	for i := range n {
		list = append(list, "repair-empty /titulaires/"+strconv.Itoa(i))
	}
	return list
}

func TestNormaliseSaysNoMoreThanAPersonCanRead(t *testing.T) {
	key := "titulaires" + strings.Repeat(" ", 1<<16)
	c, repairs := Normalise(Record{Kind: Marche, Form: Nested, Raw: []byte(`{"id":"1","` + key + `":[` + strings.Repeat("{},", 5000) + `{}]}`)})
	if c.ID != "1" || len(repairs) != normMaxRepairs {
		t.Errorf("id %q and %d repairs, want 1 and %d", c.ID, len(repairs), normMaxRepairs)
	}
	for _, r := range repairs {
		if len(r.Pointer) > 100 || len(r.From) > 130 {
			t.Fatalf("a repair of %d and %d bytes", len(r.Pointer), len(r.From))
		}
	}
}
