package node

import (
	"strings"
	"testing"

	"maillon/catalog/territory"
)

func TestTargetsAreReadAndWrongOnesSayHowToMendThem(t *testing.T) {
	id, err := territory.ParseNodeID("21350238800019")
	if err != nil {
		t.Fatal(err)
	}
	good := rawAim{Year: "2026", Of: "social", Least: "30 %"}
	list, err := checkTargets([]rawAim{good}, id)
	if err != nil || len(list) != 1 || list[0].Buyer != "21350238800019" || list[0].Least != 0.3 || list[0].Year != 2026 {
		t.Errorf("%+v, %v", list, err)
	}
	for want, edit := range map[string]func(*rawAim){
		`targets[1].buyer: "213", want the SIRET`:          func(r *rawAim) { r.Buyer = "213" },
		`targets[1].year: "26", want a year`:               func(r *rawAim) { r.Year = "26" },
		`targets[1].of: "price", want one of social`:       func(r *rawAim) { r.Of = "price" },
		`targets[1].least: "NaN", want a percentage`:       func(r *rawAim) { r.Least = "NaN" },
		`targets[1].source: "spaser.pdf", want an address`: func(r *rawAim) { r.Source = "spaser.pdf" },
		"targets[1]: social of 21350238800019 in 2026":     func(*rawAim) {},
	} {
		bad := good
		edit(&bad)
		if _, err := checkTargets([]rawAim{good, bad}, id); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := checkTargets(make([]rawAim, mostTargets+1), id); err == nil {
		t.Error("no bound")
	}
}
