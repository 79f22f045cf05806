package node

import (
	"strings"
	"testing"
)

func TestWhereANodeIsNamedAndReached(t *testing.T) {
	const (
		home = "https://hub.example/n/21350238800019"
		hub  = "url: https://hub.example, hub: '23350001600040'"
		full = ", peers: [x:1]"
	)
	for name, c := range map[string]struct {
		in                   string
		url, address, public string
		light, atHub         bool
	}{
		"alone":                        {"", "http://localhost:8080", "http://localhost:8080", "http://localhost:8080", false, false},
		"full":                         {"url: https://a.example\nfederation: {join: {" + hub + full + "}}", "https://a.example", "https://a.example", "https://a.example", false, false},
		"light":                        {"federation: {join: {mode: light, " + hub + "}}", home, home, home, true, true},
		"full, stored at the hub":      {"federation: {join: {storage: hub, " + hub + full + "}}", home, home, home, false, true},
		"light, with an earlier name":  {"url: https://a.example\nfederation: {join: {mode: light, " + hub + "}}", "https://a.example", home, home, true, true},
		"full, with a name at the hub": {"url: " + home + "\naddress: https://a.example/\nfederation: {join: {" + hub + full + "}}", home, "https://a.example", home, false, false},
	} {
		cfg, err := ReadConfig(strings.NewReader(minimal+c.in+"\n"), noEnv)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		j := cfg.Federation.Join
		if cfg.URL != c.url || cfg.Address != c.address || cfg.Public() != c.public || c.light != (j != nil && j.Light) || c.atHub != (j != nil && j.AtHub) {
			t.Errorf("%s: url %s, address %s, public %s, join %+v", name, cfg.URL, cfg.Address, cfg.Public(), j)
		}
	}
	for name, c := range map[string]struct{ in, want string }{
		"an unknown mode":           {"federation: {join: {mode: lite, " + hub + "}}", "federation.join.mode"},
		"an unknown storage":        {"federation: {join: {storage: cloud, " + hub + full + "}}", "federation.join.storage"},
		"light without storage":     {"federation: {join: {mode: light, storage: own, " + hub + "}}", "write hub"},
		"light without the hub":     {"federation: {join: {mode: light, hub: '23350001600040'}}", "federation.join.url"},
		"a hub without TLS":         {"federation: {join: {mode: light, url: 'http://hub.example', hub: '23350001600040'}}", "must begin with https://"},
		"a hub that is hosted":      {"federation: {join: {mode: light, " + hub + "}, hub: {}}", "a hub stores its journal itself"},
		"a name without an address": {"url: " + home + "\nfederation: {join: {" + hub + full + "}}", "address is empty"},
		"an address too many":       {"address: https://a.example\nfederation: {join: {mode: light, " + hub + "}}", "leave address out"},
		"a quota":                   {"federation: {hub: {quota: lots}}", "federation.hub.quota"},
	} {
		if _, err := ReadConfig(strings.NewReader(minimal+c.in+"\n"), noEnv); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
