// Command gen makes the embedded tables of package territory from an unpacked
// copy of the npm package @etalab/decoupage-administratif. The same input
// gives the same bytes.
package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	from := flag.String("from", "package", "folder of the unpacked npm package")
	to := flag.String("to", "catalog/territory/data", "folder to write the tables to")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

type commune struct {
	Code         string   `json:"code"`
	Name         string   `json:"nom"`
	Type         string   `json:"type"`
	SIREN        string   `json:"siren"`
	Population   int      `json:"population"`
	Departement  string   `json:"departement"`
	Parent       string   `json:"commune"` // of a municipal arrondissement
	Postcodes    []string `json:"codesPostaux"`
	FormerCodes  []string `json:"anciensCodes"`
	Intercommune []string `json:"-"` // its EPCI, then its EPT
}

type group struct {
	Code    string `json:"code"`
	Name    string `json:"nom"`
	Type    string `json:"type"`
	Region  string `json:"region"`
	Members []struct {
		Code string `json:"code"`
	} `json:"membres"`
}

func run(from, to string) error {
	from = filepath.Join(from, "data")
	var communes []commune
	var epcis, epts, departements, regions []group
	if err := errors.Join(
		read(from, "communes.json", &communes),
		read(from, "epci.json", &epcis),
		read(from, "ept.json", &epts),
		read(from, "departements.json", &departements),
		read(from, "regions.json", &regions),
	); err != nil {
		return err
	}
	groups := append(epcis, epts...)
	today, err := join(communes, groups)
	if err != nil {
		return err
	}
	return errors.Join(
		write(to, "communes.csv.gz", communeRows(today)),
		write(to, "epci.csv.gz", groupRows(groups, "siren,name,type", func(g group) string { return g.Type })),
		write(to, "departements.csv", groupRows(departements, "code,name,region", func(g group) string { return g.Region })),
		write(to, "regions.csv", groupRows(regions, "code,name", nil)),
	)
}

func read(dir, name string, into any) error {
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// join keeps the communes of today, gives them their groups, and the codes of
// their arrondissements as former codes.
func join(all []commune, groups []group) ([]*commune, error) {
	byCode := map[string]*commune{}
	var today []*commune
	for i := range all {
		if c := &all[i]; c.Type == "commune-actuelle" {
			byCode[c.Code] = c
			today = append(today, c)
		}
	}
	for _, c := range all {
		if c.Type != "arrondissement-municipal" {
			continue
		}
		parent, ok := byCode[c.Parent]
		if !ok {
			return nil, fmt.Errorf("arrondissement %s lies in unknown commune %q", c.Code, c.Parent)
		}
		parent.FormerCodes = append(parent.FormerCodes, c.Code)
	}
	for _, g := range groups {
		for _, m := range g.Members {
			c, ok := byCode[m.Code]
			if !ok {
				return nil, fmt.Errorf("%s %s has unknown commune %q", g.Type, g.Code, m.Code)
			}
			c.Intercommune = append(c.Intercommune, g.Code)
		}
	}
	slices.SortFunc(today, func(a, b *commune) int { return cmp.Compare(a.Code, b.Code) })
	return today, checkCodes(today)
}

// checkCodes refuses what the reader of the tables counts on not to happen.
func checkCodes(today []*commune) error {
	owner := map[string]string{}
	for _, c := range today {
		if !strings.HasPrefix(c.Code, c.Departement) {
			return fmt.Errorf("commune %s does not begin with its département %s", c.Code, c.Departement)
		}
		for _, code := range append([]string{c.Code}, c.FormerCodes...) {
			if other, twice := owner[code]; twice {
				return fmt.Errorf("code %s belongs to %s and to %s", code, other, c.Code)
			}
			owner[code] = c.Code
		}
	}
	return nil
}

func communeRows(today []*commune) [][]string {
	rows := [][]string{strings.Split("code,name,siren,population,epci,postcodes,former_codes", ",")}
	for _, c := range today {
		slices.Sort(c.Postcodes)
		slices.Sort(c.FormerCodes)
		rows = append(rows, []string{
			c.Code, c.Name, c.SIREN, strconv.Itoa(c.Population),
			strings.Join(c.Intercommune, " "), strings.Join(c.Postcodes, " "), strings.Join(c.FormerCodes, " "),
		})
	}
	return rows
}

func groupRows(groups []group, header string, third func(group) string) [][]string {
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(a.Code, b.Code) })
	rows := [][]string{strings.Split(header, ",")}
	for _, g := range groups {
		row := []string{g.Code, g.Name}
		if third != nil {
			row = append(row, third(g))
		}
		rows = append(rows, row)
	}
	return rows
}

// write stores rows as CSV, compressed if the name says so. The gzip header
// carries no name and no time.
func write(dir, name string, rows [][]string) error {
	var plain bytes.Buffer
	if err := csv.NewWriter(&plain).WriteAll(rows); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	out := plain.Bytes()
	if strings.HasSuffix(name, ".gz") {
		var packed bytes.Buffer
		z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(out); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		out = packed.Bytes()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), out, 0o644)
}
