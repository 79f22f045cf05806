package node

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"maillon/catalog/territory"
	"maillon/node/api"
)

// rawAim is one of the section targets of the file.
type rawAim struct {
	Buyer  string `yaml:"buyer"`
	Year   string `yaml:"year"`
	Of     string `yaml:"of"`
	Least  string `yaml:"least"`
	Source string `yaml:"source"`
}

// mostTargets bounds them: each is measured for a page.
const mostTargets = 200

// checkTargets reads the targets; one without a buyer is of the node's own body.
func checkTargets(list []rawAim, id territory.NodeID) (out []api.Target, err error) {
	if len(list) > mostTargets {
		return nil, fmt.Errorf("targets: %d of them, want at most %d", len(list), mostTargets)
	}
	for i, raw := range list {
		t := api.Target{Buyer: strings.ReplaceAll(raw.Buyer, " ", ""), Of: raw.Of, Source: raw.Source}
		if t.Buyer == "" {
			t.Buyer, _, _ = strings.Cut(id.String(), "-")
		}
		wrong := func(key, value, want string) error {
			return fmt.Errorf("targets[%d].%s: %q, want %s", i, key, value, want)
		}
		if !territory.IsSIRET(t.Buyer) {
			return nil, wrong("buyer", raw.Buyer, "the SIRET of a buyer, 14 digits")
		}
		if t.Year, err = strconv.Atoi(raw.Year); err != nil || t.Year < 2000 || t.Year > 2099 {
			return nil, wrong("year", raw.Year, "a year such as 2026")
		}
		if !slices.Contains(api.TargetsOf(), t.Of) {
			return nil, wrong("of", raw.Of, "one of "+strings.Join(api.TargetsOf(), ", "))
		}
		percent, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(strings.TrimSuffix(raw.Least, "%")), ",", ".", 1), 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			return nil, wrong("least", raw.Least, "a percentage from 0 to 100")
		}
		t.Least = percent / 100
		if u, err := url.Parse(t.Source); t.Source != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
			return nil, wrong("source", raw.Source, "an address (https://…)")
		}
		if slices.ContainsFunc(out, func(o api.Target) bool { return o.Buyer == t.Buyer && o.Year == t.Year && o.Of == t.Of }) {
			return nil, fmt.Errorf("targets[%d]: %s of %s in %d stands twice", i, t.Of, t.Buyer, t.Year)
		}
		out = append(out, t)
	}
	return out, nil
}
