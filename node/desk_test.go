package node

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A browser that works at a hub's desk.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
	form string // of the last page
}

var formField = regexp.MustCompile(`name="form" value="([0-9a-f]+)"`)

func (b *browser) read(res *http.Response, err error) (string, int) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var page strings.Builder
	buf := make([]byte, 32<<10)
	for {
		n, err := res.Body.Read(buf)
		page.Write(buf[:n])
		if err != nil {
			break
		}
	}
	if m := formField.FindStringSubmatch(page.String()); m != nil {
		b.form = m[1]
	}
	if got := res.Header.Get("Cache-Control"); got != "no-store" {
		b.t.Errorf("%s: Cache-Control %q", res.Request.URL, got)
	}
	return page.String(), res.StatusCode
}

func (b *browser) get(path string) (string, int) {
	b.t.Helper()
	res, err := b.http.Get(b.base + path)
	return b.read(res, err)
}

func (b *browser) post(path string, fields url.Values) (string, int) {
	b.t.Helper()
	if fields == nil {
		fields = url.Values{}
	}
	if fields.Get("form") == "" {
		fields.Set("form", b.form)
	}
	res, err := b.http.PostForm(b.base+path+"?lang=en", fields)
	return b.read(res, err)
}

// An operator without the command line accepts a member, gives a colleague access,
// and finds all of it in the trail; the colleague may only look.
func TestOperatorsWorkAtTheDesk(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "manual")
	member.publish(contractFile)
	eventually(t, "pending", func() error { return hub.says(memberID, Pending) })
	visit := func() *browser {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return &browser{t: t, base: "http://" + hub.node.addr.admin.String(), http: &http.Client{Jar: jar}}
	}
	token, err := os.ReadFile(filepath.Join(hub.dir, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	b := visit()
	if page, status := b.get("/?lang=en"); status != http.StatusOK || !strings.Contains(page, `action="/bureau/connexion"`) {
		t.Fatalf("without a session: %d", status)
	}
	if _, status := b.post("/bureau/connexion", url.Values{"token": {"wrong"}}); status != http.StatusForbidden {
		t.Errorf("a wrong token: %d", status)
	}
	page, status := b.post("/bureau/connexion", url.Values{"token": {string(token)}})
	if status != http.StatusOK || !strings.Contains(page, "/bureau/membres/"+memberID+"/accept") {
		t.Fatalf("members: %d\n%s", status, page)
	}
	if page, status := b.post("/bureau/membres/"+memberID+"/accept", url.Values{"form": {"from another site"}}); status != http.StatusUnprocessableEntity || hub.says(memberID, Pending) != nil {
		t.Errorf("a form from elsewhere: %d %.200s", status, page)
	}
	if page, status := b.post("/bureau/membres/"+memberID+"/accept", url.Values{"publishes": {"nobody"}}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "SIRET") {
		t.Errorf("a wrong buyer: %d", status)
	}
	if page, status = b.post("/bureau/membres/"+memberID+"/accept", url.Values{"publishes": {"21350001000011"}}); status != http.StatusOK || hub.says(memberID, Accepted) != nil {
		t.Fatalf("accept: %d\n%s", status, page)
	}
	if page, status := b.post("/bureau/invitations", url.Values{"for": {"fr:commune:35238"}}); status != http.StatusUnprocessableEntity || !strings.Contains(page, `role="alert"`) {
		t.Errorf("a hub without an authority invites: %d", status)
	}
	page, status = b.post("/bureau/operateurs", url.Values{"name": {"Camille"}, "role": {"reader"}})
	given := regexp.MustCompile(`<code class="long">([0-9a-f]+)</code>`).FindStringSubmatch(page)
	if status != http.StatusOK || given == nil {
		t.Fatalf("operators: %d\n%s", status, page)
	}
	other := visit()
	if page, status := other.post("/bureau/connexion", url.Values{"token": {given[1]}}); status != http.StatusOK || strings.Contains(page, "/suspend") {
		t.Errorf("a reader is offered decisions: %d", status)
	}
	if _, status := other.post("/bureau/membres/"+memberID+"/suspend", url.Values{"reason": {"x"}}); status != http.StatusUnprocessableEntity || hub.says(memberID, Accepted) != nil {
		t.Errorf("a reader decides: %d", status)
	}
	if page, _ := other.get("/bureau/suivi?lang=en"); !strings.Contains(page, "accepts") || !strings.Contains(page, memberID) || !strings.Contains(page, "gives access") {
		t.Errorf("the trail: %s", page)
	}
	if _, status := b.post("/bureau/operateurs/retirer", url.Values{"name": {"Camille"}}); status != http.StatusOK {
		t.Errorf("remove: %d", status)
	}
	if page, _ := other.get("/bureau?lang=en"); !strings.Contains(page, `action="/bureau/connexion"`) {
		t.Error("who has lost access goes on")
	}
	if page, status := b.post("/bureau/membres/"+memberID+"/suspend", url.Values{"reason": {"essai"}}); status != http.StatusOK || !strings.Contains(page, "is suspended.") {
		t.Errorf("suspend: %d", status)
	}
	b.post("/bureau/deconnexion", nil)
	if page, _ := b.get("/bureau"); !strings.Contains(page, `action="/bureau/connexion"`) {
		t.Error("logged out, it goes on")
	}
	res, err := http.Get(b.base + "/admin/v1/members")
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the API without a token: %v %v", res, err)
	} else {
		_ = res.Body.Close()
	}
	if res, err := http.Get(hub.url + "/bureau"); err != nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("the desk stands on the public listener: %v", err)
	} else {
		_ = res.Body.Close()
	}
}
