package api

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"maillon/catalog/texts"
	"maillon/node/alerts"
	"maillon/node/mail"
	"maillon/store/storetest"
)

// withAlerts gives the rig a desk of alerts whose mail stays in its queue.
func (r *rig) withAlerts() {
	r.t.Helper()
	db := storetest.Memory()
	r.s.Alerts = &alerts.Desk{
		DB: db, Search: r.s, HTTP: http.DefaultClient, Loose: true, URL: r.s.Self.URL, Name: r.s.Self.Name, Log: zerolog.Nop(), Now: r.s.Now,
		Post: &mail.Queue{DB: db, Log: zerolog.Nop(), Now: r.s.Now, Config: mail.Config{Host: "127.0.0.1", Port: 1, Security: mail.Plain, From: netmail.Address{Address: "n@x.example"}}},
	}
}

// alertToken makes an alert over the API, with a webhook that answers its challenge.
func (r *rig) alertToken(query string) AlertJSON {
	r.t.Helper()
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var d alerts.Delivery
		_ = json.NewDecoder(req.Body).Decode(&d)
		_, _ = io.WriteString(w, d.Challenge)
	}))
	defer hook.Close()
	raw, err := json.Marshal(AlertAsk{Query: query, Webhook: hook.URL})
	if err != nil {
		r.t.Fatal(err)
	}
	res := r.do("POST", "/api/v1/alerts", string(raw))
	body := text(r.t, res)
	var a AlertJSON
	if err := json.Unmarshal([]byte(body), &a); err != nil || res.StatusCode != http.StatusOK || a.Token == "" || a.Secret == "" {
		r.t.Fatalf("%s: %s", res.Status, body)
	}
	return a
}

func TestAnAlertIsMadeShownAndEnded(t *testing.T) {
	r := newRig(t, "https://x.example/base")
	if res := r.do("POST", "/api/v1/alerts", `{"query":"cpv=45","email":"a@b.example","every":"daily"}`); res.StatusCode != http.StatusNotFound {
		t.Errorf("a node that sends nothing: %s", res.Status)
	}
	r.withAlerts()
	for body, want := range map[string]int{
		`{"query":"cpv=45","email":"a@b.example","every":"daily"}`: 200, `{"query":"cpv=45","email":"x","every":"daily"}`: 400,
		`{"query":"nosuch=1","email":"a@b.example","every":"daily"}`: 400, `{"query":"%zz","email":"a@b.example"}`: 400,
		`{"query":"","email":"a@b.example","every":"hourly"}`: 400, `{`: 400, `{"query":"","webhook":"http://127.0.0.1:1/"}`: 400,
	} {
		res := r.do("POST", "/api/v1/alerts", body)
		if said := text(t, res); res.StatusCode != want || strings.Contains(said, "token") && want == 200 {
			t.Errorf("%s: %s %s", body, res.Status, said)
		}
	}
	a := r.alertToken("departement=35")
	address := "/api/v1/alerts/" + a.Token
	if said := text(t, r.do("GET", address, "")); strings.Contains(said, "127.0.0.1") || strings.Contains(said, a.Secret) || !strings.Contains(said, `"kind":"webhook"`) {
		t.Errorf("it tells %s", said)
	}
	page := text(t, r.do("GET", "/alertes/"+a.Token+"?lang=fr", "", "Accept", "text/html"))
	if !strings.Contains(page, "Cette alerte est active") || !strings.Contains(page, `action="/base/alertes/`+a.Token+`"`) {
		t.Errorf("its page: %.2000s", page)
	}
	if res := r.do("GET", "/alertes/"+a.Token, ""); res.StatusCode != 200 || r.do("GET", address, "").StatusCode != 200 {
		t.Error("to look at it ends it")
	}
	if res := r.do("POST", "/alertes/"+a.Token, "List-Unsubscribe=One-Click", "Content-Type", "application/x-www-form-urlencoded"); res.StatusCode != 200 {
		t.Errorf("one click: %s", res.Status)
	}
	for _, path := range []string{address, "/alertes/" + a.Token, "/alertes/nobody.AAAA"} {
		if res := r.do("GET", path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s after its end: %s", path, res.Status)
		}
	}
	b := r.alertToken("")
	if res := r.do("DELETE", "/api/v1/alerts/"+b.Token, ""); res.StatusCode != 200 || r.do("DELETE", "/api/v1/alerts/"+b.Token, "").StatusCode != 404 {
		t.Error("DELETE")
	}
}

func TestTheFormAsksToConfirm(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.withAlerts()
	page := text(t, r.do("GET", "/alertes?cpv=45&buyer=&q=&limit=5&sort=amount", ""))
	if !strings.Contains(page, `name="query" value="cpv=45"`) || !strings.Contains(page, `"https://x.example/feeds/marches.atom?cpv=45"`) {
		t.Errorf("the form: %.3000s", page)
	}
	if res := r.do("GET", "/alertes?nosuch=1", ""); res.StatusCode != 400 {
		t.Error(res.Status)
	}
	res := r.do("POST", "/alertes", url.Values{"query": {"cpv=45"}, "email": {"a@b.example"}, "every": {"weekly"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", "fr")
	if page := text(t, res); res.StatusCode != 200 || !strings.Contains(page, "Un message à confirmer part") || strings.Contains(page, "a@b.example") {
		t.Errorf("%s: %.3000s", res.Status, page)
	}
	if st, err := r.s.Alerts.Post.Status(); err != nil || st.Waiting != 1 {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestChangedFollowsTheDiary(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier", 12)))
	found, err := r.s.Changed(t.Context(), alerts.Place{}, url.Values{"departement": {"35"}}, 10)
	if err != nil || len(found.Rows) != 0 || found.Next.Diary == "" {
		t.Fatalf("%+v, %v", found, err)
	}
	other := strings.Replace(contractJSONText("C", "colle", 12), `"code":"35238"`, `"code":"29019"`, 1)
	r.deposit(pivotFile(contractJSONText("B", "encre", 12), other))
	r.deposit(pivotFile(contractJSONText("A", "papier recyclé", 12)))
	for query, want := range map[string]string{"": "B C A", "departement=35": "B A", "cpv=45": "", "supplier=35600000000048&kind=marche": "B C A", "q=encre": "B", "place_departement=29": "C", "place_region=53": "B C A", "from=2027-01-01": "", "buyer=21350001000011": ""} {
		v, _ := url.ParseQuery(query)
		var got []string
		for at, more := found.Next, true; more; {
			next, err := r.s.Changed(t.Context(), at, v, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range next.Rows {
				got = append(got, row.ID)
			}
			at, more = next.Next, next.More
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %s", query, got, want)
		}
	}
}

func TestASearchIsAFeed(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.deposit(pivotFile(contractJSONText("A", "papier <b>", 12), contractJSONText("B", "encre", 12)))
	read := func(path string) (f atomFeed) {
		t.Helper()
		res := r.do("GET", path, "")
		raw := text(t, res)
		if err := xml.Unmarshal([]byte(raw), &f); err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/atom+xml; charset=utf-8" {
			t.Fatalf("%s %v: %s", res.Status, err, raw)
		}
		return f
	}
	before := read("/feeds/marches.atom?kind=marche&cpv=")
	if len(before.Entries) != 2 || before.ID != "https://x.example/feeds/marches.atom?kind=marche" || before.Updated != "2026-03-20T00:00:00Z" {
		t.Errorf("%+v", before)
	}
	r.deposit(pivotFile(contractJSONText("A", "papier <b> recyclé", 12)))
	after := read("/feeds/marches.atom?kind=marche")
	if len(after.Entries) != 2 || after.Entries[0].Title != "papier <b> recyclé" || after.Entries[0].Links[0].Href != "https://x.example/marches/"+rennes+"/A" {
		t.Errorf("%+v", after.Entries)
	}
	for _, e := range before.Entries {
		if e.ID == after.Entries[0].ID {
			t.Error("a change is no new entry")
		}
	}
	if none := read("/feeds/marches.atom?cpv=45"); len(none.Entries) != 0 {
		t.Errorf("%+v", none.Entries)
	}
	if res := r.do("GET", "/feeds/marches.atom?nosuch=1", ""); res.StatusCode != 400 {
		t.Error(res.Status)
	}
}

func TestLettersGoToAcceptedMembersContacts(t *testing.T) {
	r := newRig(t, "https://x.example")
	r.contact, r.s.Self.Geozone = "mairie@acigne.example", "fr:departement:35"
	list, err := r.s.Letters(t.Context(), texts.French)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].To != "mairie@acigne.example" || list[0].Name != "Acigné" || !strings.Contains(list[0].Text, "https://x.example/audit/") || list[0].Faults == 0 {
		t.Fatalf("%+v", list)
	}
	if strings.Contains(list[0].Text, "<") {
		t.Errorf("not plain text: %s", list[0].Text)
	}
}
