package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// asking runs maillon query against a node that answers contracts in two pages.
func asking(t *testing.T, args ...string) (out string, addresses []string, err error) {
	t.Helper()
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addresses = append(addresses, r.URL.RequestURI())
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/api/v1/stats":
			_, _ = w.Write([]byte(`{"contracts":3,"by":{"state":{"conforme":2}}}`))
		case r.URL.Query().Get("after") == "":
			_, _ = w.Write([]byte(`{"total":2,"items":[{"address":"b/1","montant":-5,"objet":"=cmd()\u001b[2J","titulaires":["x","y"]}],"next":"n1"}`))
		default:
			_, _ = w.Write([]byte(`{"total":2,"items":[{"address":"b/2","objet":"papier"}]}`))
		}
	}))
	t.Cleanup(node.Close)
	c := &cli{lang: "en"}
	root := c.root()
	var b bytes.Buffer
	root.SetOut(&b)
	root.SetErr(&b)
	root.SetArgs(append([]string{"query", "--url", node.URL + "/"}, args...))
	err = root.ExecuteContext(t.Context())
	return b.String(), addresses, err
}

func TestQueryFollowsPagesAndItsFlagsAreThoseOfTheAddress(t *testing.T) {
	out, addresses, err := asking(t, "contracts", "--cpv", "45", "--all", "--csv")
	if err != nil {
		t.Fatal(err)
	}
	want := "address;montant;objet;titulaires\nb/1;-5;'=cmd()\x1b[2J;x | y\nb/2;;papier;\n"
	if out != want {
		t.Errorf("CSV %q, want %q", out, want)
	}
	if strings.Join(addresses, " ") != "/api/v1/contracts?cpv=45&lang=en /api/v1/contracts?after=n1&cpv=45&lang=en" {
		t.Errorf("asked %v", addresses)
	}
}

func TestQueryPrintsColumnsThatATerminalCanShow(t *testing.T) {
	out, _, err := asking(t, "contracts", "--columns", "address,objet")
	if err != nil || out != "address  objet\nb/1      =cmd() [2J\n" {
		t.Errorf("%v, %q", err, out)
	}
	if out, _, err = asking(t, "stats"); err != nil || out != "contracts          3\nby.state.conforme  2\n" {
		t.Errorf("%v, %q", err, out)
	}
	if out, _, err = asking(t, "contracts", "--json"); err != nil || !strings.HasPrefix(out, `{"total":2`) {
		t.Errorf("%v, %q", err, out)
	}
}

func TestQueryEscapesThePartsOfAPath(t *testing.T) {
	_, addresses, err := asking(t, "contract", "..", "a/b?c")
	if err != nil || len(addresses) != 1 || addresses[0] != "/api/v1/contracts/%2E%2E/a%2Fb%3Fc?lang=en" && addresses[0] != "/api/v1/contracts/%2E%2E/a%2Fb%3Fc" {
		t.Errorf("%v, asked %v", err, addresses)
	}
	if _, _, err := asking(t, "contract", "b"); err == nil {
		t.Error("a part is missing, and nothing says so")
	}
}
