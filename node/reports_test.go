package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// reader opens pages of a node and sends their forms.
type reader struct {
	t    *testing.T
	base string
	http *http.Client
}

func newReader(t *testing.T, base string) *reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &reader{t, base, &http.Client{Jar: jar}}
}

func (r *reader) do(method, path string, form url.Values) (page string, res *http.Response) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if res, err = r.http.Do(req); err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(raw), res
}

var stampField = regexp.MustCompile(`name="stamp" value="([0-9a-f.]+)"`)

// report fills in the form on the page of a contract.
func (r *reader) report(contract, topic, text, mail string) string {
	r.t.Helper()
	page, _ := r.do("GET", "/marches/"+contract+"?lang=en", nil)
	m := stampField.FindStringSubmatch(page)
	if m == nil {
		r.t.Fatalf("no form: %s", page)
	}
	form := url.Values{"topic": {topic}, "text": {text}, "mail": {mail}, "stamp": {m[1]}}
	if page, res := r.do("POST", "/marches/"+contract+"/signaler?lang=en", form); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "too fast") || !strings.Contains(page, text) {
		r.t.Errorf("sent at once: %s", res.Status)
	}
	time.Sleep(2100 * time.Millisecond)
	bad := url.Values{"topic": {topic}, "text": {"court"}, "stamp": {m[1]}}
	if page, res := r.do("POST", "/marches/"+contract+"/signaler?lang=en", bad); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "Say in 10") {
		r.t.Errorf("says nothing: %s", res.Status)
	}
	trap := url.Values{"topic": {topic}, "text": {text}, "stamp": {m[1]}, "site": {"https://spam.example"}}
	if _, res := r.do("POST", "/marches/"+contract+"/signaler?lang=en", trap); strings.Contains(res.Request.URL.Path, "signalements") {
		r.t.Error("a program that fills in everything is heard")
	}
	page, res := r.do("POST", "/marches/"+contract+"/signaler?lang=en", form)
	id, ok := strings.CutPrefix(res.Request.URL.Path, "/signalements/")
	if !ok || !strings.Contains(page, "Thank you") || strings.Contains(page, text) {
		r.t.Fatalf("%s %s", res.Request.URL, page)
	}
	return id
}

// heardOf is what a node publishes of a report.
func (r *running) heardOf(id string) (out struct{ State, Answer, Text, Node string }, raw string) {
	raw, _, _ = r.get(r.t, "/api/v1/reports/"+id, "")
	_ = json.Unmarshal([]byte(raw), &out)
	return out, raw
}

// Somebody finds an error on the hub's site. The buyer's node gets the report,
// answers it, and the outcome is public at the hub; what was written is not, until
// the buyer publishes it.
func TestAnErrorIsReportedAndAnswered(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	member.publish(contractFile)
	const contract = memberID + "/P-1"
	eventually(t, "the contract is at the hub", func() error {
		if _, _, status := hub.get(t, "/api/v1/contracts/"+contract, ""); status != http.StatusOK {
			return fmt.Errorf("%d", status)
		}
		return nil
	})
	const words, mail = "Le montant de ce marché est faux.", "lectrice@exemple.example"
	id := newReader(t, hub.url).report(contract, "wrong", words, mail)
	eventually(t, "the buyer's node has it and says so", func() error {
		if got, raw := hub.heardOf(id); got.State != "received" || got.Node != memberID {
			return fmt.Errorf("%s", raw)
		}
		return nil
	})
	secret := func() {
		t.Helper()
		for _, n := range []*running{hub, member} {
			for _, path := range []string{"/api/v1/reports", "/api/v1/reports/" + id, "/signalements", "/signalements/" + id, "/marches/" + contract} {
				for _, accept := range []string{"", "text/html"} {
					if page, _, _ := n.get(t, path, accept); strings.Contains(page, words) || strings.Contains(page, mail) {
						t.Errorf("%s%s tells what was written", n.url, path)
					}
				}
			}
		}
	}
	secret()

	// At the buyer's.
	token, err := os.ReadFile(filepath.Join(member.dir, "deposit.token"))
	if err != nil {
		t.Fatal(err)
	}
	agent := newReader(t, member.url)
	agent.do("POST", "/connexion?lang=en", url.Values{"token": {firstLine(string(token))}, "next": {"/signalements"}})
	page, _ := agent.do("GET", "/signalements?lang=en", nil)
	if !strings.Contains(page, words) || !strings.Contains(page, "mailto:"+mail) {
		t.Fatalf("the agent does not see it: %s", page)
	}
	m := formField.FindStringSubmatch(page)
	if m == nil {
		t.Fatal("no form to answer")
	}
	answer := func(state, text string, more url.Values) (string, *http.Response) {
		form := url.Values{"form": {m[1]}, "state": {state}, "text": {text}}
		for k, v := range more {
			form[k] = v
		}
		return agent.do("POST", "/signalements/"+id+"?lang=en", form)
	}
	if page, res := answer("answered", "x", url.Values{"form": {"elsewhere"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("a form from elsewhere: %s %.200s", res.Status, page)
	}
	if page, res := answer("corrected", "corrigé", nil); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "Nothing was published") {
		t.Errorf("corrected by nothing: %s %.200s", res.Status, page)
	}
	if _, res := answer("answered", "", nil); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("answered by nothing: %s", res.Status)
	}
	time.Sleep(time.Second) // receipts are in whole seconds
	member.publish(strings.Replace(contractFile, `"nature"`, `"montant":41000,"nature"`, 1))
	eventually(t, "corrected by a record", func() error {
		if page, res := answer("corrected", "Montant corrigé.", nil); res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s %.500s", res.Status, page)
		}
		return nil
	})
	eventually(t, "the outcome is public at the hub", func() error {
		if got, raw := hub.heardOf(id); got.State != "corrected" || got.Answer != "Montant corrigé." {
			return fmt.Errorf("%s", raw)
		}
		return nil
	})
	secret()
	if page, _, _ := hub.get(t, "/marches/"+contract+"?lang=en", "text/html"); !strings.Contains(page, "Montant corrigé.") {
		t.Error("the page of the contract does not tell it")
	}
	if _, res := answer("answered", "Voir ci-dessous.", url.Values{"show": {"1"}}); res.StatusCode != http.StatusOK {
		t.Errorf("publish: %s", res.Status)
	}
	if page, _, _ := member.get(t, "/signalements/"+id, "text/html"); !strings.Contains(page, words) || strings.Contains(page, mail) {
		t.Errorf("what the buyer publishes: %s", page)
	}
}

func firstLine(s string) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return ""
}

// One who reports on the buyer's own site is answered there; the hub sees what
// stays unanswered, without what was written.
func TestAHubSeesWhatStaysUnanswered(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	member.publish(contractFile)
	eventually(t, "accepted", func() error { return hub.says(memberID, Accepted) })
	eventually(t, "the contract", func() error {
		if _, _, status := member.get(t, "/api/v1/contracts/"+memberID+"/P-1", ""); status != http.StatusOK {
			return fmt.Errorf("%d", status)
		}
		return nil
	})
	id := newReader(t, member.url).report(memberID+"/P-1", "person", "Mon adresse figure dans ce marché.", "")
	eventually(t, "the hub is told", func() error {
		if got, raw := hub.heardOf(id); got.State != "received" || strings.Contains(raw, "adresse") {
			return fmt.Errorf("%s", raw)
		}
		return nil
	})
	token, err := os.ReadFile(filepath.Join(hub.dir, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+hub.node.addr.admin.String()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+firstLine(string(token)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if raw, _ := io.ReadAll(res.Body); !strings.Contains(string(raw), `maillon_reports{state="received"} 1`) {
		t.Errorf("metrics: %s", raw)
	}
	b := newReader(t, "http://"+hub.node.addr.admin.String())
	b.do("POST", "/bureau/connexion?lang=en", url.Values{"token": {firstLine(string(token))}})
	if page, _ := b.do("GET", "/bureau/signalements?lang=en", nil); !strings.Contains(page, memberID+"/P-1") || strings.Contains(page, `value="rejected">`+"Reject") || strings.Contains(page, "adresse figure") {
		t.Errorf("the desk: %s", page)
	}
}
