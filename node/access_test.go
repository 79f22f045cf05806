package node

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"maillon/node/access"
)

// lone is the configuration of a node without a federation.
func lone(t *testing.T, dir string) string {
	return fmt.Sprintf("node: {id: %q, name: Rennes, level: commune, territory: \"fr:commune:35238\"}\ndata: %q\nhttp: {listen: \"127.0.0.1:%d\", admin: \"127.0.0.1:%d\"}\n",
		memberID, dir, freePort(t), freePort(t))
}

func statusWith(t *testing.T, method, url, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// A token opens what its scope says and nothing else, from when it is made until it
// is taken back, while the node runs.
func TestATokenOpensWhatItsScopeSays(t *testing.T) {
	dir := t.TempDir()
	n := start(t, dir, lone(t, dir))
	public, admin := n.url, "http://"+n.node.addr.admin.String()
	book := access.Open(filepath.Join(dir, access.FileName), time.Now)
	secrets := map[access.Scope]string{}
	for _, s := range access.Scopes {
		secret, err := book.Create(string(s), []access.Scope{s}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		secrets[s] = secret
	}
	for _, c := range []struct {
		scope       access.Scope
		method, url string
		want        int
	}{
		{access.Deposit, "POST", public + "/api/v1/deposits", http.StatusUnprocessableEntity}, // an empty file
		{access.Admin, "POST", public + "/api/v1/deposits", http.StatusUnprocessableEntity},
		{access.Read, "POST", public + "/api/v1/deposits", http.StatusUnauthorized},
		{access.Metrics, "GET", admin + "/metrics", http.StatusOK},
		{access.Metrics, "GET", admin + "/admin/v1/members", http.StatusUnauthorized},
		{access.Deposit, "GET", admin + "/metrics", http.StatusUnauthorized},
		{access.Read, "GET", admin + "/admin/v1/members", http.StatusOK},
		{access.Read, "POST", admin + "/admin/v1/rebuild", http.StatusForbidden},
		{access.Read, "GET", admin + "/admin/v1/backup", http.StatusForbidden},
		{access.Admin, "POST", admin + "/admin/v1/rebuild", http.StatusOK},
	} {
		if got := statusWith(t, c.method, c.url, secrets[c.scope]); got != c.want {
			t.Errorf("%s %s with scope %s: %d, want %d", c.method, c.url, c.scope, got, c.want)
		}
	}
	if err := book.Revoke(string(access.Metrics)); err != nil {
		t.Fatal(err)
	}
	if got := statusWith(t, "GET", admin+"/metrics", secrets[access.Metrics]); got != http.StatusUnauthorized {
		t.Errorf("with a token that was taken back: %d", got)
	}
}
