package web

import (
	"testing"

	"maillon/catalog/territory"
)

func TestEveryDepartementHasOneTile(t *testing.T) {
	var all []AuditTotal
	for code := range territory.DepartementCodes() {
		all = append(all, AuditTotal{Key: code, Percent: 10})
	}
	m := NewTileMap(all)
	at, place := map[string]int{}, map[[2]int]string{}
	for _, tile := range m.Tiles {
		at[tile.Code]++
		if other := place[[2]int{tile.X, tile.Y}]; other != "" {
			t.Errorf("%s lies on %s", tile.Code, other)
		}
		place[[2]int{tile.X, tile.Y}] = tile.Code
		if !tile.Known || tile.Shade() != "t1" || tile.X < 0 || tile.Y < 0 || tile.X >= m.Width || tile.Y >= m.Height {
			t.Errorf("%+v on a map of %d × %d", tile, m.Width, m.Height)
		}
	}
	for _, total := range all {
		if at[total.Key] != 1 {
			t.Errorf("%s has %d tiles", total.Key, at[total.Key])
		}
	}
	if len(m.Tiles) != len(all) {
		t.Errorf("%d tiles for %d départements", len(m.Tiles), len(all))
	}
}

func TestAPartOfTheCountryIsShownWithItsNeighbours(t *testing.T) {
	m := NewTileMap([]AuditTotal{{Key: "22", Percent: 100}, {Key: "29"}, {Key: "35", Percent: 60}, {Key: "56", Percent: 30}})
	shade := map[string]string{}
	for _, tile := range m.Tiles {
		shade[tile.Code] = tile.Shade()
	}
	for code, want := range map[string]string{"22": "t4", "29": "t0", "35": "t3", "56": "t2", "44": "off", "75": ""} {
		if shade[code] != want {
			t.Errorf("%s is %q, want %q", code, shade[code], want)
		}
	}
	if m := NewTileMap([]AuditTotal{{Key: "35"}}); len(m.Tiles) != 0 {
		t.Error("a map of one département tells nothing")
	}
}
