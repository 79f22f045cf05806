package pivot

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog"
)

// Records that the newest version of their form accepts.
const (
	goodNested = `{"id":"2024-1","acheteur":{"id":"21350238800019"},"nature":"Marché","objet":"Travaux","codeCPV":"45000000",
"techniques":{"technique":["Sans objet"]},"modalitesExecution":{"modaliteExecution":["Sans objet"]},"marcheInnovant":false,
"ccag":"Travaux","offresRecues":2,"attributionAvance":false,"typeGroupementOperateurs":"Pas de groupement","procedure":"Procédure adaptée",
"lieuExecution":{"code":"35238","typeCode":"Code commune"},"dureeMois":12,"dateNotification":"2024-01-02","datePublicationDonnees":"2024-01-10",
"montant":61250,"typesPrix":{"typePrix":["Définitif ferme"]},"formePrix":"Forfaitaire","sousTraitanceDeclaree":false,
"titulaires":[{"titulaire":{"typeIdentifiant":"SIRET","id":"81223113200026"}}],
"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},
"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}`

	goodFlat = `{"id":"20240100","acheteur":{"id":"21350238800019","nom":"Ville"},"nature":"Marché","objet":"Travaux","codeCPV":"45000000",
"procedure":"Procédure adaptée","lieuExecution":{"code":"35238","typeCode":"Code commune","nom":"Rennes"},"dureeMois":12,
"dateNotification":"2024-01-02","datePublicationDonnees":"2024-01-10","montant":61250,"formePrix":"Ferme",
"titulaires":[{"typeIdentifiant":"SIRET","id":"81223113200026","denominationSociale":"Atlas"}],"modifications":[]}`
)

// judgeAltered is goodNested or goodFlat with old replaced by new.
func judgeAltered(t *testing.T, f Form, old, new string) Record {
	t.Helper()
	raw := goodNested
	if f == Flat {
		raw = goodFlat
	}
	if !strings.Contains(raw, old) {
		t.Fatalf("the record has no %s", old)
	}
	return Record{Kind: Marche, Form: f, Raw: []byte(strings.Replace(raw, old, new, 1)), Buyer: "21350238800019", ID: "x"}
}

func TestJudgeChoosesTheNewestVersionThatAccepts(t *testing.T) {
	for name, c := range map[string]struct {
		rec   Record
		state State
		by    Version
	}{
		"nested and clean":                 {judgeAltered(t, Nested, "Travaux", "Travaux"), Conforming, V204},
		"with _type, which 2.0.3 refuses":  {judgeAltered(t, Nested, `{"id"`, `{"_type":"Marché","id"`), Conforming, V202},
		"a curly apostrophe of 2.0.1":      {judgeAltered(t, Nested, `"ccag":"Travaux"`, `"origineUE":1,"origineFrance":1,"ccag":"Techniques de l’information et de la communication"`), Conforming, V201},
		"flat and clean":                   {judgeAltered(t, Flat, "Travaux", "Travaux"), Conforming, V150},
		"a procedure that 1.5.0 has not":   {judgeAltered(t, Flat, "Procédure adaptée", "Procédure concurrentielle avec négociation"), Conforming, V140},
		"one error in each: the newest":    {judgeAltered(t, Nested, `"montant":61250`, `"montant":0`), ToCorrect, V204},
		"nothing but an identity":          {Record{Kind: Marche, Form: Nested, Raw: []byte(`{"id":"1","acheteur":{"id":"2"}}`)}, ToCorrect, V204},
		"a 1.x record with one more error": {judgeAltered(t, Flat, `"montant":61250`, `"montant":"61250"`), ToCorrect, V150},
		"no buyer":                         {judgeAltered(t, Nested, `"acheteur":{"id":"21350238800019"}`, `"acheteur":{}`), Refused, V204},
		"no JSON":                          {Record{Kind: Marche, Form: Nested, Raw: []byte(`{`)}, Refused, V204},
		"no object":                        {Record{Kind: Marche, Form: Flat, Raw: []byte(`[]`)}, Refused, V200},
	} {
		t.Run(name, func(t *testing.T) {
			v := Judge(c.rec)
			if v.State != c.state || v.Version != c.by {
				t.Errorf("%s by %s, want %s by %s\n%v", v.State, v.Version, c.state, c.by, v.Problems)
			}
			if (v.Problems.Errors() == 0) != (v.State == Conforming) {
				t.Errorf("%s with %d errors", v.State, v.Problems.Errors())
			}
		})
	}
}

func TestAProblemSaysWhereWhatAndWhatIsWanted(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     catalog.Problem
	}{
		"a missing field":        {`"formePrix":"Forfaitaire",`, ``, catalog.Problem{Pointer: "/formePrix", Rule: "required", Expected: "formePrix"}},
		"a number as text":       {`61250`, `"50 000"`, catalog.Problem{Pointer: "/montant", Rule: "type", Found: "50 000", Expected: "12.5"}},
		"a fraction":             {`"dureeMois":12`, `"dureeMois":1.5`, catalog.Problem{Pointer: "/dureeMois", Rule: "type", Found: "1.5", Expected: "12"}},
		"oui for true":           {`"marcheInnovant":false`, `"marcheInnovant":"oui"`, catalog.Problem{Pointer: "/marcheInnovant", Rule: "type", Found: "oui", Expected: "true, false"}},
		"a word of no list":      {`"formePrix":"Forfaitaire"`, `"formePrix":"forfait"`, catalog.Problem{Pointer: "/formePrix", Rule: "enum", Found: "forfait", Expected: "Unitaire | Forfaitaire | Mixte"}},
		"too small":              {`61250`, `0.99`, catalog.Problem{Pointer: "/montant", Rule: "minimum", Found: "0.99", Expected: "1"}},
		"too large":              {`"offresRecues"`, `"tauxAvance":30,"offresRecues"`, catalog.Problem{Pointer: "/tauxAvance", Rule: "maximum", Found: "30", Expected: "1"}},
		"too long, in letters":   {`2024-1"`, strings.Repeat("é", 17) + `"`, catalog.Problem{Pointer: "/id", Rule: "length", Found: strings.Repeat("é", 17), Expected: "16"}},
		"an empty text":          {`"codeCPV"`, `"idAccordCadre":"","codeCPV"`, catalog.Problem{Pointer: "/idAccordCadre", Rule: "empty-text", Expected: "1"}},
		"a short SIRET":          {`21350238800019`, `213502388`, catalog.Problem{Pointer: "/acheteur/id", Rule: "siret-format", Found: "213502388", Expected: `^[0-9]{14}$`}},
		"a French date":          {`2024-01-02`, `02/01/2024`, catalog.Problem{Pointer: "/dateNotification", Rule: "date-format", Found: "02/01/2024", Expected: `\d{4}-\d{2}-\d{2}`}},
		"an unknown field":       {`"montant"`, `"a/b~c":1,"montant"`, catalog.Problem{Pointer: "/a~1b~0c", Rule: "additional-property", Found: "a/b~c"}},
		"an empty list":          {`["Sans objet"]},"m`, `[]},"m`, catalog.Problem{Pointer: "/techniques/technique", Rule: "empty-list", Found: "[]", Expected: "1"}},
		"an item twice":          {`["Définitif ferme"]`, `["Définitif ferme","D\u00e9finitif ferme"]`, catalog.Problem{Pointer: "/typesPrix/typePrix/1", Rule: "unique-items", Found: "Définitif ferme"}},
		"deep in a list":         {`"typeIdentifiant":"SIRET"`, `"typeIdentifiant":"UE"`, catalog.Problem{Pointer: "/titulaires/0/titulaire/typeIdentifiant", Rule: "enum", Found: "UE", Expected: "SIRET | TVA | TAHITI | RIDET | FRWF | IREP | HORS-UE"}},
		"found is cut":           {`"formePrix":"Forfaitaire"`, `"formePrix":"` + strings.Repeat("é", 130) + `"`, catalog.Problem{Pointer: "/formePrix", Rule: "enum", Found: strings.Repeat("é", 120) + "…", Expected: "Unitaire | Forfaitaire | Mixte"}},
		"a list not wrapped":     {`{"technique":["Sans objet"]}`, `["Sans objet"]`, catalog.Problem{Pointer: "/techniques", Rule: "type", Found: `["Sans objet"]`, Expected: "{…}"}},
		"null is nothing to say": {`"codeCPV"`, `"origineUE":null,"codeCPV"`, catalog.Problem{Pointer: "/origineUE", Rule: "type", Found: "null", Expected: "12.5"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Severity = catalog.Error
			got := JudgeBy(judgeAltered(t, Nested, c.old, c.new), V204)
			if diff := cmp.Diff(catalog.Problems{c.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the schemas accept or refuse against expectation.
func TestOdditiesOfTheSchemasAreKept(t *testing.T) {
	for name, c := range map[string]struct {
		form     Form
		old, new string
		by       Version
		accepted bool
	}{
		"a date with anything around it":               {Nested, "2024-01-02", "le 2024-99-99 !", V204, true},
		"a whole number may be written 12.0 or 1.2e1":  {Nested, `"dureeMois":12`, `"dureeMois":1.20e1`, V204, true},
		"a titulaire may be anything but an object":    {Nested, `{"titulaire":{"typeIdentifiant":"SIRET","id":"81223113200026"}}`, `"Atlas"`, V204, true},
		"within titulaire fields are free":             {Nested, `"typeIdentifiant":"SIRET",`, `"typeIdentifiant":"SIRET","nom":"Atlas",`, V204, true},
		"1.4.0 looks at the first titulaire only":      {Flat, `"denominationSociale":"Atlas"}`, `"denominationSociale":"Atlas"},7`, V140, true},
		"1.5.0 looks at all":                           {Flat, `"denominationSociale":"Atlas"}`, `"denominationSociale":"Atlas"},7`, V150, false},
		"1.x knows any further field":                  {Flat, `"montant"`, `"source":"x","montant"`, V150, true},
		"a timezone in 1.x":                            {Flat, "2024-01-02", "2024-01-02+01:00Z", V150, true},
		"an hour in 1.x":                               {Flat, "2024-01-02", "2024-01-02T10:00", V150, false},
		"a length counts characters":                   {Flat, `20240100`, `éééééééé`, V150, true},
		"escapes count as what they stand for":         {Flat, `"objet":"Travaux"`, `"objet":"` + strings.Repeat(`\u00e9`, 256) + `"`, V150, true},
		"a record of one kind may pass as the other":   {Flat, `"montant"`, `"autoriteConcedante":{},"montant"`, V150, true},
		"flat records are not judged by nested ones":   {Flat, "Travaux", "Travaux", V203, false},
		"nested records are not judged by flat ones":   {Nested, "Travaux", "Travaux", V150, false},
		"uniqueItems looks through the order of names": {Flat, `"denominationSociale":"Atlas"}`, `"denominationSociale":"Atlas"},{"id":"81223113200026","denominationSociale":"Atlas","typeIdentifiant":"SIRET"}`, V150, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := JudgeBy(judgeAltered(t, c.form, c.old, c.new), c.by)
			if (got.Errors() == 0) != c.accepted {
				t.Errorf("accepted is %v, want %v: %v", !c.accepted, c.accepted, got)
			}
		})
	}
}

func TestContentIsWarnedOfAndStaysLegal(t *testing.T) {
	for name, c := range map[string]struct {
		form     Form
		old, new string
		want     []string
	}{
		"nothing to say":                        {Nested, "Travaux", "Travaux", nil},
		"a SIRET with a wrong key":              {Nested, "21350238800019", "21350238800018", []string{"/acheteur/id siret-key"}},
		"La Poste has a key of its own":         {Nested, "21350238800019", "35600000049837", nil},
		"a holder's SIRET that is no SIRET":     {Nested, "81223113200026", "812231132", []string{"/titulaires/0/titulaire/id siret-is-siren"}},
		"another kind of id is not looked at":   {Nested, `"SIRET","id":"81223113200026"`, `"TVA","id":"FR40303265045"`, nil},
		"a day that does not exist":             {Nested, "2024-01-02", "2024-02-30", []string{"/dateNotification date-calendar"}},
		"words around a date":                   {Nested, "2024-01-02", "le 2024-01-02", []string{"/dateNotification date-calendar"}},
		"a timezone is fine in 1.x":             {Flat, "2024-01-02", "2024-01-02+01:00", nil},
		"a lost letter":                         {Nested, `"objet":"Travaux"`, `"objet":"Travaux \ufffd neufs"`, []string{"/objet text-replacement-char"}},
		"half of a pair is a lost letter":       {Nested, `"objet":"Travaux"`, `"objet":"\ud83d"`, []string{"/objet text-replacement-char"}},
		"one euro":                              {Nested, "61250", "1.00", []string{"/montant amount-placeholder"}},
		"nines":                                 {Nested, "61250", "999999999", []string{"/montant amount-placeholder"}},
		"nothing at all":                        {Flat, "61250", "0", []string{"/montant amount-placeholder"}},
		"what the schema has told is told once": {Nested, "61250", "0", []string{"/montant minimum"}},
	} {
		t.Run(name, func(t *testing.T) {
			rec := judgeAltered(t, c.form, c.old, c.new)
			v := Judge(rec)
			var got []string
			for _, p := range v.Problems {
				got = append(got, p.Pointer+" "+p.Rule)
				if isContent := slices.ContainsFunc(Rules(), func(r Rule) bool { return r.ID == p.Rule && r.Of == RuleContent }); isContent != (p.Severity == catalog.Warning) {
					t.Errorf("%s is a %s", p.Rule, p.Severity)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestXMLIsJudgedByTheXSD(t *testing.T) {
	for name, c := range map[string]struct {
		by   Version
		raw  string
		want []string
	}{
		"words for booleans":         {V202, `{"marcheInnovant":"vrai"}`, []string{"/marcheInnovant enum"}},
		"xs:boolean":                 {V200, `{"marcheInnovant":"oui"}`, []string{"/marcheInnovant enum"}},
		"an empty origin":            {V202, `{"origineUE":""}`, nil},
		"a blank origin":             {V202, `{"origineUE":" "}`, []string{"/origineUE type"}},
		"white space around numbers": {V202, `{"dureeMois":" 12\n"}`, nil},
		"white space around words":   {V202, `{"nature":" Marché"}`, []string{"/nature enum"}},
		"a day of the calendar":      {V202, `{"dateNotification":"2023-02-29"}`, []string{"/dateNotification date-format"}},
		"a timezone":                 {V202, `{"dateNotification":"2024-02-29+01:00"}`, nil},
		"an element twice":           {V202, `{"objet":["a","b"]}`, []string{"/objet repeated-element"}},
		"one titulaire":              {V202, `{"titulaires":{"titulaire":{"typeIdentifiant":"SIRET"}}}`, []string{"/titulaires/titulaire/id required"}},
		"several titulaires":         {V202, `{"titulaires":{"titulaire":["",{"id":"1","typeIdentifiant":"TVA"}]}}`, []string{"/titulaires/titulaire/0/typeIdentifiant required", "/titulaires/titulaire/0/id required"}},
		"the plural of the XSD":      {V202, `{"modificationsActesSousTraitance":{"modificationActeSousTraitance":""}}`, []string{"/modificationsActesSousTraitance/modificationActeSousTraitance additional-property", "/modificationsActesSousTraitance/modificationActesSousTraitance required"}},
		"an attribute":               {V202, `{"@a":"1","objet":{"@b":"2","#text":"x"}}`, []string{"/@a attribute", "/objet/@b attribute"}},
		"the schema's own attribute": {V202, `{"@xsi:noNamespaceSchemaLocation":"x","@xmlns:xsi":"y"}`, nil},
		"a namespace":                {V202, `{"@xmlns":"u"}`, []string{"/@xmlns namespace"}},
		"text among elements":        {V202, `{"#text":"x","acheteur":{"#text":"y","id":"12345678901234"}}`, []string{"/#text text-between"}},
		"a name before the id":       {V150, `{"acheteur":{"nom":"x","id":"12345678901234"}}`, []string{"/acheteur/id order"}},
		"an element in a text":       {V202, `{"objet":{"b":"x","#text":"y"}}`, []string{"/objet/b additional-property"}},
		"a text for elements":        {V202, `{"titulaires":"Atlas"}`, []string{"/titulaires type"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range JudgeBy(Record{Kind: Marche, Form: XML, Raw: []byte(c.raw)}, c.by) {
				if missing := p.Rule == ruleRequired && strings.Count(p.Pointer, "/") == 1; !missing && p.Severity == catalog.Error {
					got = append(got, p.Pointer+" "+p.Rule)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVersionsAreThoseOfTheForm(t *testing.T) {
	for f, want := range map[Form][]Version{
		Flat: {V130, V140, V150, V200}, Nested: {V201, V202, V203, V204}, XML: {V140, V150, V200, V201, V202}, "csv": nil,
	} {
		if diff := cmp.Diff(want, Versions(f)); diff != "" {
			t.Errorf("%s: %s", f, diff)
		}
	}
	for s, want := range map[string]Version{"2.0.3": V203, "v1.4.0": V140, "2.0": "", "": "", "2.0.5": ""} {
		got, err := ParseVersion(s)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ParseVersion(%q) = %q, %v, want %q", s, got, err, want)
		}
	}
	_, err := ParseVersion("9")
	if want := `schema version "9" is not known: use one of 1.3.0 1.4.0 1.5.0 2.0.0 2.0.1 2.0.2 2.0.3 2.0.4`; fmt.Sprint(err) != want {
		t.Errorf("the message is %q, want %q", err, want)
	}
}

// A table row that no edition takes, or that two rows claim, would go unseen.
func TestEveryFieldOfTheTablesIsSaidOnceForEachEdition(t *testing.T) {
	for _, g := range []*schemaGroup{
		&schemaMarche, &schemaConcession, &schemaBuyer, &schemaAuthority, &schemaPlace, &schemaConcessionPlace, &schemaSupplier,
		&schemaModification, &schemaConcessionModification, &schemaSubcontract, &schemaSubcontractChange, &schemaExecution, &schemaTariff,
	} {
		said := map[string]schemaSet{}
		for _, f := range g.Fields {
			if f.In == 0 || said[f.Name]&f.In != 0 {
				t.Errorf("%s.%s: a line for no edition, or two lines for one", g.Name, f.Name)
			}
			said[f.Name] |= f.In
		}
	}
	if schemaNames.count > 127 {
		t.Errorf("%d names: the sets of names hold 127", schemaNames.count)
	}
}

func TestGoodRecordsAreJSON(t *testing.T) {
	for _, raw := range []string{goodNested, goodFlat} {
		if !json.Valid([]byte(raw)) {
			t.Errorf("the record of these tests is no JSON: %s", raw)
		}
	}
}
