package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// exported reads the names of all metrics of a node.
func exported(t *testing.T, n *Node) map[string]bool {
	t.Helper()
	token, err := os.ReadFile(n.path("admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+n.addr.admin.String()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", res.Status, err)
	}
	line := regexp.MustCompile(`^[a-z_]+(\{([a-z]+="[^"\\]*",?)+\})? [0-9]+$`)
	names := map[string]bool{}
	for l := range strings.Lines(string(raw)) {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "#") {
			continue
		}
		if !line.MatchString(l) {
			t.Errorf("not a line of the format: %s", l)
		}
		names[l[:strings.IndexAny(l, "{ ")]] = true
	}
	return names
}

// The dashboard and the alerts ask only for what a node exports.
func TestTheDashboardAsksForWhatIsExported(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	member.publish(contractFile)
	eventually(t, "accepted", func() error { return hub.says(memberID, Accepted) })
	dir := t.TempDir()
	backed := start(t, dir, lone(t, dir)+fmt.Sprintf("backup: {dir: %q}\n", t.TempDir()))
	names := exported(t, hub.node)
	for name := range exported(t, backed.node) {
		names[name] = true
	}
	names["maillon_refusals_total"], names["maillon_follows_failing"] = true, true // only once there are any
	asked := regexp.MustCompile(`maillon_[a-z_]+`)
	for file, check := range map[string]func([]byte) error{
		"grafana.json": func(raw []byte) error { var v any; return json.Unmarshal(raw, &v) },
		"alerts.yaml": func(raw []byte) error {
			dec := yaml.NewDecoder(bytes.NewReader(raw))
			dec.KnownFields(true)
			var rules struct {
				Groups []struct {
					Name  string
					Rules []struct {
						Alert, Expr, For    string
						Labels, Annotations map[string]string
					}
				}
			}
			return dec.Decode(&rules)
		},
	} {
		raw, err := os.ReadFile("../configs/monitoring/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(raw); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		found := asked.FindAllString(string(raw), -1)
		if len(found) < 5 {
			t.Errorf("%s asks for %d metrics only", file, len(found))
		}
		slices.Sort(found)
		for _, name := range slices.Compact(found) {
			if !names[name] {
				t.Errorf("%s asks for %s, which no node exports", file, name)
			}
		}
	}
}
