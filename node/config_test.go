package node

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"maillon/catalog/territory"
)

func noEnv(string) (string, bool) { return "", false }

func TestEveryConfigurationOfTheRepositoryIsValid(t *testing.T) {
	files, err := filepath.Glob("../configs/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	demo, err := filepath.Glob("../configs/demo/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 7 || len(demo) != 7 {
		t.Fatalf("%d configurations and %d of the demonstration, want at least 7 and 7", len(files), len(demo))
	}
	for _, f := range append(files, demo...) {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadConfig(strings.NewReader(string(raw)), noEnv); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestEveryKeyIsExplainedInAConfigurationOfTheRepository(t *testing.T) {
	var text strings.Builder
	for _, f := range []string{"commune", "region"} {
		raw, err := os.ReadFile("../configs/" + f + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		text.Write(raw)
	}
	for _, path := range ConfigKeys() {
		key := path[strings.LastIndexByte(path, '.')+1:]
		// a comment above it, and the key itself, possibly commented out
		if !regexp.MustCompile(`(?m)^ *#.*\n *(# *)?(- *)?` + key + `:`).MatchString(text.String()) {
			t.Errorf("key %s is not explained in configs/commune.yaml or region.yaml", path)
		}
	}
}

const minimal = "node: {id: \"21350238800019\", name: Rennes, level: commune, territory: \"fr:commune:35238\"}\n"

func TestMailIsConfigured(t *testing.T) {
	read := func(smtp string) (Config, error) { return ReadConfig(strings.NewReader(minimal+smtp), noEnv) }
	c, err := read("smtp: {host: smtp.example, user: u, from: \"Ville <m@v.example>\", letters: monthly}\nalerts: {webhooks: true}\n")
	if err != nil || c.Mail.Port != 587 || c.Mail.Security != "starttls" || c.Mail.From.Address != "m@v.example" || c.Mail.PasswordFile != filepath.Join("data", "smtp.password") ||
		!c.Alerts.Letters || !c.Alerts.Webhooks {
		t.Errorf("%+v, %v", c.Mail, err)
	}
	if c, err := read(""); err != nil || c.Mail.On() {
		t.Errorf("%+v, %v", c.Mail, err)
	}
	for smtp, want := range map[string]string{
		"smtp: {from: m@v.example}": "smtp.host", "smtp: {host: h.example, from: x}": "smtp.from", "smtp: {host: h.example}": "smtp.from",
		"smtp: {host: h.example, from: m@v.example, security: none}": "smtp.security", "smtp: {host: h.example, from: m@v.example, security: ssl}": "smtp.security",
		"smtp: {host: h.example, from: m@v.example, port: \"0\"}": "smtp.port", "smtp: {host: h.example, from: m@v.example, letters: daily}": "smtp.letters",
	} {
		if _, err := read(smtp + "\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", smtp, err, want)
		}
	}
}

func TestReadConfigSaysWhatIsWrongAndWhatToWrite(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"an unknown key":        {minimal + "htttp: {}\n", "line 2: there is no key htttp (did you mean http?)"},
		"a key below":           {minimal + "http: {lisetn: x}\n", "http.lisetn (did you mean http.listen?)"},
		"a key of a list":       {minimal + "sources: [{url: \"https://x\", evry: 1h}]\n", "sources.evry (did you mean sources.every?)"},
		"a key like no other":   {minimal + "log: {zzzzzzzzz: x}\n", "here there are: level, format"},
		"two unknown keys":      {minimal + "htttp: {}\ndat: x\n", "line 3: there is no key dat"},
		"a list for a text":     {minimal + "data: [a]\n", "line 2"},
		"no identity":           {"node: {name: x}\n", "node.id"},
		"a wrong SIRET":         {strings.Replace(minimal, "0019", "0018", 1), "write the SIRET"},
		"an unknown level":      {strings.Replace(minimal, "level: commune", "level: canton", 1), "node.level"},
		"an unknown territory":  {strings.Replace(minimal, "35238", "99999", 1), "node.territory"},
		"an address with query": {minimal + "url: http://x/?a=b\n", "write https://"},
		"a duration":            {minimal + "federation: {debounce: soon}\n", "federation.debounce"},
		"a size":                {minimal + "deposits: {max_size: big}\n", "deposits.max_size"},
		"join without peers":    {minimal + "federation: {join: {hub: \"23350001600040\"}}\n", "federation.join.peers"},
		"join without hub":      {minimal + "federation: {join: {peers: [x:1]}}\n", "federation.join.hub"},
		"admission":             {minimal + "federation: {hub: {admission: maybe}}\n", "federation.hub.admission"},
		"a proxy":               {minimal + "http: {trusted_proxies: [everyone]}\n", "http.trusted_proxies"},
		"a rate":                {minimal + "http: {rate: many}\n", "http.rate"},
		"a certificate alone":   {minimal + "http: {tls: {cert_file: x}}\n", "http.tls"},
		"a name with a port":    {minimal + "http: {tls: {domains: [\"x.fr:443\"]}}\n", "http.tls.domains"},
		"a log level":           {minimal + "log: {level: loud}\n", "log.level"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadConfig(strings.NewReader(c.in), noEnv)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestTheEnvironmentOverridesTheFile(t *testing.T) {
	env := map[string]string{
		"MAILLON_HTTP_LISTEN":             "localhost:1234",
		"MAILLON_NODE_LEVEL":              "organisme",
		"MAILLON_FEDERATION_JOIN_PEERS":   "a:1,b:2",
		"MAILLON_FEDERATION_CONFIRM_HEAD": "false",
		"MAILLON_FEDERATION_HUB_QUOTA":    "1GiB", // makes the section
	}
	in := minimal + "federation: {join: {hub: \"23350001600040\", peers: [x:1]}}\n"
	c, err := ReadConfig(strings.NewReader(in), func(k string) (string, bool) { v, ok := env[k]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "localhost:1234" || c.URL != "http://localhost:1234" || c.Level != territory.Organisme {
		t.Errorf("listen %s, url %s, level %s", c.Listen, c.URL, c.Level)
	}
	if c.Federation.Hub == nil || c.Federation.Hub.Quota != 1<<30 {
		t.Errorf("hub %+v", c.Federation.Hub)
	}
	if got := c.Federation.Join.Peers; !reflect.DeepEqual(got, []string{"a:1", "b:2"}) || c.Federation.ConfirmHead {
		t.Errorf("peers %v, confirm %v", got, c.Federation.ConfirmHead)
	}
}

func TestUnknownVariablesAreNamed(t *testing.T) {
	got := UnknownVariables([]string{"MAILLON_HTTP_LISTEN=x", "MAILLON_HTTP_LISTN=x", "HOME=/", "MAILLON_CONFIG=x", "MAILLON_XYZ=1"})
	if want := []string{"MAILLON_HTTP_LISTN (MAILLON_HTTP_LISTEN?)", "MAILLON_XYZ"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestShowConfigHidesSecretsAndFillsIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	in := minimal + "deposits: {token_file: /etc/deposit.token}\nsources: [{url: \"https://who:pass@portail.exemple.fr/catalog\"}]\n"
	if err := os.WriteFile(path, []byte(in), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(k string) (string, bool) { return "localhost:7", k == "MAILLON_HTTP_LISTEN" }
	for _, asJSON := range []bool{false, true} {
		raw, err := ShowConfig(path, env, asJSON)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if strings.Contains(text, "who:pass") || !strings.Contains(text, Hidden+"@portail") {
			t.Errorf("the address's secret is shown: %s", text)
		}
		for _, want := range []string{"localhost:7", "/etc/deposit.token", "2GiB"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s is not in %s", want, text)
			}
		}
		if asJSON && !json.Valid(raw) {
			t.Errorf("not JSON: %s", raw)
		}
	}
	if hide("password", "x") != Hidden || hide("api_token", "x") != Hidden || hide("password_file", "/x") != "/x" {
		t.Error("secrets are told from names of files by their key")
	}
}

func FuzzReadConfig(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("sources: [[[{url: x}]]]\nfederation: {join: {mode: light}}"))
	f.Fuzz(func(_ *testing.T, in []byte) { _, _ = ReadConfig(strings.NewReader(string(in)), noEnv) })
}
