package web

import "strings"

// tiles lays the départements out on a grid, each about where it lies: our own
// arrangement. Overseas stands below, parted by an empty row.
var tiles = []string{
	".. .. .. .. .. 62 59 .. .. .. ..",
	".. .. .. .. 76 80 60 02 08 .. ..",
	".. .. 50 14 27 95 93 51 55 57 67",
	"29 22 35 61 78 92 75 77 10 54 68",
	".. 56 53 72 28 91 94 89 52 88 90",
	".. 44 49 37 41 45 58 21 70 25 ..",
	".. 85 79 86 36 18 03 71 39 74 ..",
	".. 17 16 87 23 63 42 69 01 73 ..",
	".. 33 24 19 15 43 07 26 38 05 ..",
	".. 40 47 46 12 48 30 84 04 06 ..",
	".. 64 32 82 81 34 13 83 .. .. 2B",
	".. .. 65 31 09 11 66 .. .. .. 2A",
	".. .. .. .. .. .. .. .. .. .. ..",
	"971 972 973 974 976 975 977 978 984 .. ..",
	"986 987 988 989 .. .. .. .. .. .. ..",
}

// TilePitch is the distance between two tiles; a tile is 46 wide and high.
const TilePitch = 50

// A TileMap is a map of tiles, one a département. Its zero value is no map.
type TileMap struct {
	X, Y, Width, Height int // the part of the grid that is shown, in its units
	Tiles               []Tile
}

// A Tile is one département.
type Tile struct {
	X, Y    int // of its corner
	Code    string
	Percent int  // of the bodies that publish
	Known   bool // it is part of the territory
}

// Shade is the class of the tile's colour: five steps, and one for what is not told.
func (t Tile) Shade() string {
	switch {
	case !t.Known:
		return "off"
	case t.Percent <= 0:
		return "t0"
	case t.Percent < 25:
		return "t1"
	case t.Percent < 50:
		return "t2"
	case t.Percent < 75:
		return "t3"
	}
	return "t4"
}

// Colours are those of the shade in the style sheet, for pictures that stand alone.
func (t Tile) Colours() (fill, ink string) {
	fill = map[string]string{"off": "#fff", "t0": "#fff", "t1": "#d9e6f6", "t2": "#a6c6ec", "t3": "#2f66ab", "t4": "#123668"}[t.Shade()]
	if s := t.Shade(); s == "t3" || s == "t4" {
		return fill, "#fff"
	}
	return fill, "#10151d"
}

// NewTileMap lays out the totals of départements. A map of one tile tells
// nothing: it is none. Of a part of the country the tiles around it are shown.
func NewTileMap(totals []AuditTotal) TileMap {
	percent := map[string]int{}
	for _, t := range totals {
		percent[t.Key] = t.Percent
	}
	var m TileMap
	const far = 1 << 20
	left, top, right, bottom, known := far, far, -1, -1, 0
	for y, row := range tiles {
		for x, code := range strings.Fields(row) {
			if strings.HasPrefix(code, ".") {
				continue
			}
			t := Tile{X: x * TilePitch, Y: y * TilePitch, Code: code}
			if t.Percent, t.Known = percent[code]; t.Known {
				known++
				left, top, right, bottom = min(left, x), min(top, y), max(right, x), max(bottom, y)
			}
			m.Tiles = append(m.Tiles, t)
		}
	}
	if known < 2 {
		return TileMap{}
	}
	left, top = max(left-1, 0), max(top-1, 0)
	right, bottom = min(right+1, len(strings.Fields(tiles[0]))-1), min(bottom+1, len(tiles)-1)
	m.X, m.Y = left*TilePitch, top*TilePitch
	m.Width, m.Height = (right-left+1)*TilePitch, (bottom-top+1)*TilePitch
	shown := m.Tiles[:0]
	for _, t := range m.Tiles {
		if t.X >= m.X && t.X < m.X+m.Width && t.Y >= m.Y && t.Y < m.Y+m.Height {
			t.X, t.Y = t.X-m.X, t.Y-m.Y
			shown = append(shown, t)
		}
	}
	m.Tiles = shown
	return m
}
