package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/node/authority"
)

// The buyer and its platform contradict each other. An operator of the hub decides
// at the desk; everyone sees it, until the data changes.
func TestAnOperatorSettlesWhatSourcesContradict(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	member.publish(strings.Replace(contractFile, `"nature"`, `"montant":41000,"nature"`, 1))
	hub.publish(strings.Replace(contractFile, `"nature"`, `"montant":52000,"nature"`, 1))
	var list struct {
		Total int
		Items []struct {
			Kind, State, Seen string
			Shown             struct{ Node, Reason string }
			Others            []struct {
				Hash    string
				Differs map[string]struct{ Shown, Here json.RawMessage }
			}
			Decisions []struct {
				What, Reason, By, Key string
				Holds                 bool
			}
		}
	}
	conflicts := func(total int) func() error {
		return func() error {
			raw, _, status := hub.get(t, "/api/v1/conflicts", "")
			list.Items = nil
			if err := json.Unmarshal([]byte(raw), &list); err != nil || status != http.StatusOK || list.Total != total {
				return fmt.Errorf("%d, %v: %s", status, err, raw)
			}
			return nil
		}
	}
	eventually(t, "a conflict", conflicts(1))
	one := list.Items[0]
	if one.Kind != "sources" || one.State != "open" || one.Shown.Node != memberID || string(one.Others[0].Differs["montant"].Here) != "52000" {
		t.Fatalf("%+v", one)
	}

	token, err := os.ReadFile(filepath.Join(hub.dir, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, base: "http://" + hub.node.addr.admin.String(), http: &http.Client{Jar: jar}}
	b.get("/?lang=en")
	b.post("/bureau/connexion", url.Values{"token": {string(token)}})
	page, status := b.get("/bureau/conflits?lang=en")
	if status != http.StatusOK || !strings.Contains(page, `value="`+one.Others[0].Hash+`"`) || !strings.Contains(page, one.Seen) {
		t.Fatalf("%d %s", status, page)
	}
	form := url.Values{"what": {"show"}, "contract": {memberID + "/P-1"}, "shown": {one.Others[0].Hash}, "seen": {one.Seen}, "reason": {"confirmé par l’acheteur"}}
	for what, wrong := range map[string]url.Values{
		"no reason":              {"reason": {" "}},
		"nothing chosen":         {"shown": {""}},
		"data that is not there": {"seen": {strings.Repeat("0", 32)}},
		"a form from elsewhere":  {"form": {"x"}},
		"no contract of ours":    {"contract": {memberID + "/none"}},
	} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		for k, v := range wrong {
			bad[k] = v
		}
		if _, status := b.post("/bureau/conflits", bad); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", what, status)
		}
	}
	if page, status = b.post("/bureau/conflits", form); status != http.StatusOK || !strings.Contains(page, "is in the journal") || strings.Contains(page, one.Seen) {
		t.Fatalf("%d %s", status, page)
	}
	if err := conflicts(1)(); err != nil || list.Items[0].State != "settled" || list.Items[0].Shown.Node != hubID || list.Items[0].Shown.Reason != "shown-decision" {
		t.Fatalf("%v %+v", err, list)
	}
	if d := list.Items[0].Decisions; len(d) != 1 || !d[0].Holds || d[0].By != "administrator" || d[0].Reason != "confirmé par l’acheteur" {
		t.Errorf("%+v", d)
	}
	for path, want := range map[string]string{
		"/marches/" + memberID + "/P-1?lang=en": "This version is shown", "/conflits?lang=en&state=settled": "shown: decided by a hub", "/conflits?lang=en&state=open": "0 cases",
	} {
		if page, _, status := hub.get(t, path, "text/html"); status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("%s: %d %s", path, status, page)
		}
	}
	if page, _ := b.get("/bureau/suivi?lang=en"); !strings.Contains(page, "decides between sources") {
		t.Error("it is not in the trail")
	}

	// Taken back.
	key := list.Items[0].Decisions[0].Key
	if page, status = b.post("/bureau/decisions/"+key+"/annuler", url.Values{"reason": {"erreur"}}); status != http.StatusOK || !strings.Contains(page, "is taken back.") {
		t.Fatalf("%d %s", status, page)
	}
	if err := conflicts(1)(); err != nil || list.Items[0].State != "open" || list.Items[0].Shown.Node != memberID {
		t.Errorf("%v %+v", err, list)
	}
	// Decided again, the buyer publishes again: it comes back to the list.
	form.Set("reason", "encore")
	b.post("/bureau/conflits", form)
	member.publish(strings.Replace(contractFile, `"nature"`, `"montant":43000,"nature"`, 1))
	eventually(t, "it comes back", func() error {
		err := conflicts(1)()
		if err == nil && (list.Items[0].State != "open" || len(list.Items[0].Decisions) == 0 || list.Items[0].Decisions[0].Holds) {
			err = fmt.Errorf("%+v", list)
		}
		return err
	})
	if _, err := member.node.Decide(t.Context(), authority.Operator{Name: "x", Role: authority.Administrator}, DecisionAsk{}); err == nil {
		t.Error("a member decides")
	}
}
