package pivot

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog"
)

// goodConcession is a concession that the newest version accepts.
const goodConcession = `{"id":"2024-C1","autoriteConcedante":{"id":"21350238800019"},"nature":"Délégation de service public","objet":"Eau potable",
"procedure":"Procédure négociée ouverte","dureeMois":120,"dateSignature":"2024-01-02","datePublicationDonnees":"2024-01-10",
"dateDebutExecution":"2024-02-01","valeurGlobale":5000000,"montantSubventionPublique":0,
"concessionnaires":[{"concessionnaire":{"typeIdentifiant":"SIRET","id":"81223113200026"}}],
"donneesExecution":[],"considerationsSociales":{"considerationSociale":["Pas de considération sociale"]},
"considerationsEnvironnementales":{"considerationEnvironnementale":["Pas de considération environnementale"]}}`

// judgeTestDay is the day on which the records are judged.
const judgeTestDay = "2024-06-30"

// contentSaid lists the warnings on rec, pointer then rule.
func contentSaid(t *testing.T, rec Record) []string {
	t.Helper()
	day, err := time.Parse(time.DateOnly, judgeTestDay)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, p := range (Checking{Today: day}).Judge(rec).Problems {
		if p.Severity == catalog.Warning {
			said = append(said, p.Pointer+" "+p.Rule)
		}
	}
	return said
}

// A contract is compared with the lists of the law, with the calendar, and with
// itself.
func TestEachContentRule(t *testing.T) {
	const (
		supplier = `{"titulaire":{"typeIdentifiant":"SIRET","id":"81223113200026"}}`
		end      = `["Pas de considération environnementale"]}}`
		sub      = `["Pas de considération environnementale"]},"actesSousTraitance":[{"acteSousTraitance":{"id":1,"sousTraitant":{"id":"35600000000048","typeIdentifiant":"SIRET"},"dureeMois":3,"dateNotification":"2024-02-01","montant":1000}}]`
		change   = `["Pas de considération environnementale"]},"modifications":[{"modification":{"id":1,"dureeMois":18,"dateNotificationModification":"2024-03-01","datePublicationDonneesModification":"2024-03-05"}}]`
	)
	with := func(more string) string { return `["Pas de considération environnementale"]},` + more + `}` }
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"a SIREN for a buyer":                       {`21350238800019`, `213502388`, nil}, // the schema has said so
		"a SIREN for a supplier":                    {`81223113200026`, `812231132`, []string{"/titulaires/0/titulaire/id siret-is-siren"}},
		"a SIRET filed as foreign":                  {`"SIRET"`, `"HORS-UE"`, []string{"/titulaires/0/titulaire/id supplier-type"}},
		"a VAT number that is none":                 {`"SIRET","id":"81223113200026"`, `"TVA","id":"inconnu"`, []string{"/titulaires/0/titulaire/id vat-form"}},
		"the buyer supplies itself":                 {`81223113200026`, `21350238800019`, []string{"/titulaires/0/titulaire/id supplier-is-buyer"}},
		"a supplier twice":                          {supplier, supplier + `,{"titulaire":{"id":"81223113200026","typeIdentifiant":"SIRET"}}`, []string{"/titulaires/1/titulaire/id supplier-repeated", "/typeGroupementOperateurs grouping-number"}},
		"a group of one":                            {`"Pas de groupement"`, `"Solidaire"`, []string{"/typeGroupementOperateurs grouping-number"}},
		"a CPV that is not in the vocabulary":       {`45000000`, `45999999`, []string{"/codeCPV cpv-unknown"}},
		"a CPV with its check digit":                {`45000000`, `45000000-7`, nil},
		"a CPV with a wrong check digit":            {`45000000`, `45000000-3`, []string{"/codeCPV cpv-key"}},
		"a commune that does not exist":             {`"35238"`, `"35999"`, []string{"/lieuExecution/code place-unknown"}},
		"a commune in Corsica":                      {`"35238"`, `"2A004"`, nil},
		"a postcode":                                {`"35238","typeCode":"Code commune"`, `"35000","typeCode":"Code postal"`, nil},
		"a postcode that does not exist":            {`"35238","typeCode":"Code commune"`, `"00000","typeCode":"Code postal"`, []string{"/lieuExecution/code place-unknown"}},
		"a département":                             {`"35238","typeCode":"Code commune"`, `"971","typeCode":"Code département"`, nil},
		"a département that does not exist":         {`"35238","typeCode":"Code commune"`, `"20","typeCode":"Code département"`, []string{"/lieuExecution/code place-unknown"}},
		"a région of before 2016":                   {`"35238","typeCode":"Code commune"`, `"82","typeCode":"Code région"`, nil},
		"a région that does not exist":              {`"35238","typeCode":"Code commune"`, `"99","typeCode":"Code région"`, []string{"/lieuExecution/code place-unknown"}},
		"a country":                                 {`"35238","typeCode":"Code commune"`, `"BE","typeCode":"Code pays"`, nil},
		"an id with a stray character":              {`"2024-1"`, `"2024é1"`, []string{"/id id-characters"}},
		"an accord-cadre that is the contract":      {`"codeCPV"`, `"idAccordCadre":"2024-1","codeCPV"`, []string{"/idAccordCadre framework-self"}},
		"a year with a digit lost":                  {`2024-01-02`, `0224-01-02`, []string{"/dateNotification date-old"}},
		"a day still to come":                       {`2024-01-10`, `2024-07-01`, []string{"/datePublicationDonnees date-future"}},
		"today":                                     {`2024-01-02","datePublicationDonnees":"2024-01-10`, `2024-06-30","datePublicationDonnees":"2024-06-30`, nil},
		"published before it was notified":          {`2024-01-10`, `2023-12-24`, []string{"/datePublicationDonnees date-order"}},
		"published in two months to the day":        {`2024-01-10`, `2024-03-02`, nil},
		"published a day late":                      {`2024-01-10`, `2024-03-03`, []string{"/datePublicationDonnees publication-late"}},
		"two months from the last of a year":        {`2024-01-02","datePublicationDonnees":"2024-01-10`, `2023-12-31","datePublicationDonnees":"2024-02-29`, nil},
		"ten thousand million euros":                {`61250`, `10000000000`, []string{"/montant amount-high"}},
		"sixty-one euros":                           {`61250`, `61.25`, []string{"/montant amount-low"}},
		"fifteen years":                             {`"dureeMois":12`, `"dureeMois":180`, nil},
		"longer than fifteen years":                 {`"dureeMois":12`, `"dureeMois":365`, []string{"/dureeMois duration-long"}},
		"more French than European":                 {`"ccag"`, `"origineUE":0.2,"origineFrance":0.5,"ccag"`, []string{"/origineFrance origin-order"}},
		"as much French as European":                {`"ccag"`, `"origineUE":0.5,"origineFrance":0.5,"ccag"`, nil},
		"a rate for an advance that is not given":   {`"attributionAvance":false`, `"attributionAvance":false,"tauxAvance":0.3`, []string{"/tauxAvance advance-rate"}},
		"none of these, and one of these":           {`["Sans objet"]},"m`, `["Sans objet","Enchère"]},"m`, []string{"/techniques/technique/0 none-with-another"}},
		"text encoded twice":                        {`"Travaux","c`, `"RÃ©fection","c`, []string{"/objet text-twice-encoded"}},
		"letters of HTML":                           {`"Travaux","c`, `"Travaux d&#39;&eacute;t&eacute;","c`, []string{"/objet text-html"}},
		"an ampersand is no letter of HTML":         {`"Travaux","c`, `"Travaux & co; fin","c`, nil},
		"an objet that says nothing":                {`"Travaux","c`, `"xxx","c`, []string{"/objet object-unclear"}},
		"subcontracted, and said not to be":         {end, sub + `}`, []string{"/sousTraitanceDeclaree subcontract-flag"}},
		"a part larger than the whole":              {end, strings.Replace(sub, "1000}", "61251}", 1) + `}`, []string{"/actesSousTraitance/0/acteSousTraitance/montant subcontract-amount", "/sousTraitanceDeclaree subcontract-flag"}},
		"a change to an act that is not there":      {end, with(`"modificationsActesSousTraitance":[{"modificationActeSousTraitance":{"id":4,"dureeMois":3,"dateNotificationModificationSousTraitance":"2024-02-02","datePublicationDonneesModificationSousTraitance":"2024-02-03"}}]`), []string{"/modificationsActesSousTraitance/0/modificationActeSousTraitance/id subcontract-unknown"}},
		"a modification of the duration":            {end, change + `}`, nil},
		"a modification that changes nothing":       {end, strings.Replace(change, `18`, `12`, 1) + `}`, []string{"/modifications/0/modification modification-nothing"}},
		"two modifications under one id":            {end, strings.Replace(change, `]`, `]`, 1)[:len(change)-1] + `,{"modification":{"id":1,"dureeMois":24,"dateNotificationModification":"2024-03-01","datePublicationDonneesModification":"2024-03-05"}}]}`, []string{"/modifications/1/modification/id modification-id"}},
		"a modification that multiplies the amount": {end, strings.Replace(change, `"dureeMois":18`, `"montant":6125000`, 1) + `}`, []string{"/modifications/0/modification/montant modification-amount"}},
		"a modification from before the contract":   {end, strings.ReplaceAll(change, `2024-03-0`, `2023-03-0`) + `}`, []string{"/modifications/0/modification/dateNotificationModification date-order"}},
		"a modification published late":             {end, strings.Replace(change, `2024-03-05`, `2024-05-05`, 1) + `}`, []string{"/modifications/0/modification/datePublicationDonneesModification publication-late"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, contentSaid(t, judgeAltered(t, Nested, c.old, c.new))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestContentOfConcessions(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing to say":                       {`x`, `x`, nil},
		"published once it had begun":          {`2024-01-10`, `2024-02-02`, []string{"/datePublicationDonnees publication-late-concession"}},
		"begun before it was signed":           {`2024-02-01`, `2024-01-01`, []string{"/dateDebutExecution date-order", "/datePublicationDonnees publication-late-concession"}},
		"a subsidy larger than the whole":      {`"montantSubventionPublique":0`, `"montantSubventionPublique":5000001`, []string{"/montantSubventionPublique subsidy-over-value"}},
		"a concession of thirty years":         {`"dureeMois":120`, `"dureeMois":360`, nil},
		"a concession of more than a century":  {`"dureeMois":120`, `"dureeMois":1200`, []string{"/dureeMois duration-long"}},
		"the authority is its concessionnaire": {`81223113200026`, `21350238800019`, []string{"/concessionnaires/0/concessionnaire/id supplier-is-buyer"}},
	} {
		t.Run(name, func(t *testing.T) {
			rec := Record{Kind: Concession, Form: Nested, Raw: []byte(strings.Replace(goodConcession, c.old, c.new, 1)), Buyer: "21350238800019", ID: "2024-C1"}
			if diff := cmp.Diff(c.want, contentSaid(t, rec)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// XML says the same things with other words.
func TestContentOfXML(t *testing.T) {
	const file = `<marches><marche><id>2024é1</id><acheteur><id>21350238800018</id></acheteur><montant> 1 </montant>
<dateNotification>2024-01-02</dateNotification><datePublicationDonnees>2024-05-02</datePublicationDonnees>
<sousTraitanceDeclaree>non</sousTraitanceDeclaree><origineUE>0.1</origineUE><origineFrance>0.2</origineFrance>
<titulaires><titulaire><typeIdentifiant>SIRET</typeIdentifiant><id>21350238800018</id></titulaire></titulaires>
<actesSousTraitance><acteSousTraitance><id>1</id><montant>50000</montant></acteSousTraitance></actesSousTraitance>
<modifications><modification><id>1</id></modification></modifications></marche></marches>`
	var said []string
	for c, err := range NewReader(strings.NewReader(file), Limits{}).Check(Checking{Schema: V202}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.Verdict.Problems {
			if p.Severity == catalog.Warning {
				said = append(said, p.Pointer+" "+p.Rule)
			}
		}
	}
	slices.Sort(said)
	want := []string{
		"/acheteur/id siret-key",
		"/actesSousTraitance/acteSousTraitance/montant subcontract-amount",
		"/datePublicationDonnees publication-late",
		"/id id-characters",
		"/modifications/modification modification-nothing",
		"/montant amount-placeholder",
		"/origineFrance origin-order",
		"/sousTraitanceDeclaree subcontract-flag",
		"/titulaires/titulaire/id siret-key",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

// What one record cannot show, the file does.
func TestRecordsAreComparedWithinAFile(t *testing.T) {
	one := `{"id":"A","acheteur":{"id":"21350238800019"},"objet":"x"}`
	file := `{"marches":[` + strings.Join([]string{
		one,
		strings.Replace(one, `"x"`, `"y"`, 1),
		strings.Replace(one, `"A"`, `"B","idAccordCadre":"A"`, 1),
		strings.Replace(one, `"A"`, `"C","idAccordCadre":"Z"`, 1),
		strings.Replace(one, `"A"`, `"D","idAccordCadre":"D"`, 1),
		strings.Replace(one, `0019"`, `0027","x":1`, 1),
		one,
	}, ",") + `]}`
	var said []string
	r := NewReader(strings.NewReader(file), Limits{})
	for c, err := range r.Check(Checking{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.Verdict.Problems {
			if p.Rule == ruleIDTwice || p.Rule == ruleRecordTwice {
				said = append(said, c.Record.Pointer+" "+p.Rule+" "+p.Found+" "+p.Expected)
			}
		}
	}
	if diff := cmp.Diff([]string{"/marches/1 id-twice A 1", "/marches/6 record-twice A 1"}, said); diff != "" {
		t.Error(diff)
	}
	want := catalog.Problems{{Rule: ruleFrameworkUnknown, Severity: catalog.Warning, Found: "1", Expected: "Z"}}
	if diff := cmp.Diff(want, r.Warnings()); diff != "" {
		t.Error(diff)
	}
}
