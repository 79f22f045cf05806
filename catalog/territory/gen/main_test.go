package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var source = map[string]string{
	"communes.json": `[
		{"code":"75056","nom":"Paris","type":"commune-actuelle","departement":"75","siren":"217500016","population":2,"codesPostaux":["75002","75001"]},
		{"code":"01015","nom":"Arboys","type":"commune-actuelle","departement":"01","anciensCodes":["01340"]},
		{"code":"01340","nom":"Saint-Bois","type":"commune-deleguee","departement":"01"},
		{"code":"75101","nom":"Paris 1er","type":"arrondissement-municipal","departement":"75","commune":"75056"}]`,
	"epci.json":         `[{"code":"200054781","nom":"Grand, Paris","type":"METRO","membres":[{"code":"75056"}]}]`,
	"ept.json":          `[{"code":"200057867","nom":"Plaine","type":"EPT","membres":[{"code":"75056"}]}]`,
	"departements.json": `[{"code":"75","nom":"Paris","region":"11"},{"code":"01","nom":"Ain","region":"84"}]`,
	"regions.json":      `[{"code":"11","nom":"Île-de-France"}]`,
}

// unpacked writes the source as the package lays it out, with some files changed.
func unpacked(t *testing.T, changed map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range source {
		if other, ok := changed[name]; ok {
			text = other
		}
		if err := os.WriteFile(filepath.Join(dir, "data", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheSameSourceGivesTheSameBytes(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for _, to := range []string{first, second} {
		if err := run(unpacked(t, nil), to); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"communes.csv.gz", "epci.csv.gz", "departements.csv", "regions.csv"} {
		a, err := os.ReadFile(filepath.Join(first, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(second, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(a) != string(b) {
			t.Errorf("%s differs between two runs", name)
		}
	}
}

func TestCommuneRows(t *testing.T) {
	var communes []commune
	var epcis, epts []group
	dir := filepath.Join(unpacked(t, nil), "data")
	for name, into := range map[string]any{"communes.json": &communes, "epci.json": &epcis, "ept.json": &epts} {
		if err := read(dir, name, into); err != nil {
			t.Fatal(err)
		}
	}
	today, err := join(communes, append(epcis, epts...))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range communeRows(today) {
		got = append(got, strings.Join(row, ","))
	}
	want := `code,name,siren,population,epci,postcodes,former_codes
01015,Arboys,,0,,,01340
75056,Paris,217500016,2,200054781 200057867,75001 75002,75101`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func TestASourceThatDoesNotHoldTogetherIsRefused(t *testing.T) {
	for rule, c := range map[string]struct{ file, text, want string }{
		"an EPCI of an unknown commune": {"epci.json", `[{"code":"1","type":"CC","membres":[{"code":"99999"}]}]`, `CC 1 has unknown commune "99999"`},
		"one code of two communes": {"communes.json",
			`[{"code":"01001","type":"commune-actuelle","departement":"01"},{"code":"01002","type":"commune-actuelle","departement":"01","anciensCodes":["01001"]}]`,
			"code 01001 belongs to 01001 and to 01002"},
		"a commune outside its département": {"communes.json", `[{"code":"01001","type":"commune-actuelle","departement":"02"}]`, "commune 01001 does not begin with its département 02"},
		"an arrondissement of no commune":   {"communes.json", `[{"code":"75101","type":"arrondissement-municipal","commune":"75056"}]`, `arrondissement 75101 lies in unknown commune "75056"`},
		"a file cut short":                  {"regions.json", `[{"code":`, "read regions.json: unexpected end of JSON input"},
	} {
		changed := map[string]string{c.file: c.text}
		if c.file == "communes.json" {
			changed["epci.json"], changed["ept.json"] = "[]", "[]"
		}
		if err := run(unpacked(t, changed), t.TempDir()); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", rule, err, c.want)
		}
	}
}
