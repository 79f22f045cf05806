package node

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// override sets the fields of v from the environment: strings, numbers, booleans,
// and lists written with commas. A section that the file leaves out is made if a
// variable speaks of one of its keys. It returns how many were set.
func override(v reflect.Value, prefix string, env func(string) (string, bool)) (set int, err error) {
	for i := range v.NumField() {
		name := prefix + "_" + strings.ToUpper(keyOf(v.Type().Field(i)))
		f := v.Field(i)
		if f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct {
			section := reflect.New(f.Type().Elem())
			if !f.IsNil() {
				section.Elem().Set(f.Elem())
			}
			n, err := override(section.Elem(), name, env)
			if err != nil {
				return set, err
			}
			if n > 0 {
				f.Set(section)
			}
			set += n
			continue
		}
		if f.Kind() == reflect.Struct {
			n, err := override(f, name, env)
			if err != nil {
				return set, err
			}
			set += n
			continue
		}
		s, ok := env(name)
		if !ok || f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.String {
			continue // lists of sections stand in the file only
		}
		if err := setScalar(f, s); err != nil {
			return set, fmt.Errorf("%s: %w", name, err)
		}
		set++
	}
	return set, nil
}

func setScalar(f reflect.Value, s string) error {
	switch f.Kind() {
	case reflect.String:
		f.SetString(s)
	case reflect.Slice:
		var list []string
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		f.Set(reflect.ValueOf(list))
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", s)
		}
		f.SetInt(n)
	default:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is not true or false", s)
		}
		if f.Kind() == reflect.Pointer {
			f.Set(reflect.ValueOf(&b))
		} else {
			f.SetBool(b)
		}
	}
	return nil
}

// Variables of the environment that are no key.
var otherVariables = []string{"MAILLON_CONFIG", "MAILLON_LANG", "MAILLON_TOKEN", "MAILLON_CONFORMANCE", "MAILLON_PASSWORD"}

// UnknownVariables names the variables of an environment, as os.Environ gives it,
// that begin with MAILLON_ and override nothing, each with the nearest that would.
func UnknownVariables(environ []string) (out []string) {
	known := slices.Clone(otherVariables)
	for _, key := range ConfigKeys() {
		if !strings.Contains(key, "[]") {
			known = append(known, VariableOf(key))
		}
	}
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "MAILLON_") || slices.Contains(known, name) {
			continue
		}
		if near := nearestName(name, known); near != "" {
			name += " (" + near + "?)"
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// nearestName is [nearestKey] for names that all begin alike.
func nearestName(found string, known []string) string {
	best, least := "", 1+len(found)/6
	for _, k := range known {
		if d := editDistance(strings.TrimPrefix(found, "MAILLON_"), strings.TrimPrefix(k, "MAILLON_")); d < least {
			best, least = k, d
		}
	}
	return best
}

// VariableOf is the variable of the environment that overrides a key.
func VariableOf(key string) string {
	return "MAILLON_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}
