package node

import (
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
	for _, key := range keysOf(reflect.TypeFor[rawConfig]()) {
		// a comment above it, and the key itself, possibly commented out
		if !regexp.MustCompile(`(?m)^ *#.*\n *(# *)?` + key + `:`).MatchString(text.String()) {
			t.Errorf("key %s is not explained in configs/commune.yaml or region.yaml", key)
		}
	}
}

// keysOf lists the leaves of the file's shape.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		f := t.Field(i)
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keys = append(keys, keysOf(inner)...)
			continue
		}
		keys = append(keys, f.Tag.Get("yaml"))
	}
	return keys
}

const minimal = "node: {id: \"21350238800019\", name: Rennes, level: commune, territory: \"fr:commune:35238\"}\n"

func TestReadConfigSaysWhatIsWrongAndWhatToWrite(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"an unknown key":        {minimal + "htttp: {}\n", "htttp"},
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
	}
	in := minimal + "federation: {join: {hub: \"23350001600040\", peers: [x:1]}}\n"
	c, err := ReadConfig(strings.NewReader(in), func(k string) (string, bool) { v, ok := env[k]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "localhost:1234" || c.URL != "http://localhost:1234" || c.Level != territory.Organisme {
		t.Errorf("listen %s, url %s, level %s", c.Listen, c.URL, c.Level)
	}
	if got := c.Federation.Join.Peers; !reflect.DeepEqual(got, []string{"a:1", "b:2"}) || c.Federation.ConfirmHead {
		t.Errorf("peers %v, confirm %v", got, c.Federation.ConfirmHead)
	}
}
