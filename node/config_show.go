package node

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Hidden stands for a secret in what [ShowConfig] gives.
const Hidden = "•••"

// ShowConfig gives the configuration that is in force, as YAML or JSON: the file at
// path, what is left out filled in, and the environment over it. Secrets are hidden.
func ShowConfig(path string, env func(string) (string, bool), asJSON bool) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := readRaw(f, env)
	if err != nil {
		return nil, err
	}
	hideSecrets(reflect.ValueOf(raw).Elem())
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(raw); err != nil {
		return nil, err
	}
	if !asJSON {
		return out.Bytes(), nil
	}
	var any map[string]any
	if err := yaml.Unmarshal(out.Bytes(), &any); err != nil {
		return nil, err
	}
	js, err := json.MarshalIndent(any, "", "  ")
	return append(js, '\n'), err
}

// hideSecrets hides every password, secret and token, and what stands before the @
// of an address. Names of files that hold secrets are shown.
func hideSecrets(v reflect.Value) {
	for i := range v.NumField() {
		f, name := v.Field(i), keyOf(v.Type().Field(i))
		if f.Kind() == reflect.Pointer && !f.IsNil() {
			f = f.Elem()
		}
		switch {
		case f.Kind() == reflect.Struct:
			hideSecrets(f)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			for j := range f.Len() {
				hideSecrets(f.Index(j))
			}
		case f.Kind() == reflect.String && f.String() != "":
			f.SetString(hide(name, f.String()))
		}
	}
}

func hide(key, value string) string {
	if strings.HasSuffix(key, "_file") {
		return value
	}
	for _, word := range []string{"password", "secret", "token"} {
		if strings.Contains(key, word) {
			return Hidden
		}
	}
	if u, err := url.Parse(value); err == nil && u.User != nil && u.Host != "" {
		u.User = nil
		return strings.Replace(u.String(), "://", "://"+Hidden+"@", 1)
	}
	return value
}
