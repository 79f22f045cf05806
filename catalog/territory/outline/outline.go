// Package outline reads the outlines of territories from GeoJSON, as the State
// publishes them, and draws them as SVG.
//
// A file is a FeatureCollection whose features have a property "code" (INSEE
// code, or the SIREN of an EPCI) and a Polygon or MultiPolygon in degrees. It may
// come from anyone: bytes, shapes and points are bounded, and what the geographic
// code does not know is left out and counted.
//
// Lines are thinned by leaving out points nearer to the last one kept than a
// tolerance, in linear time. Two neighbours may be thinned differently: between
// them a gap of at most that tolerance can open, less than a line's width as drawn.
package outline

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"maillon/catalog/territory"
)

// Limits of a file.
const (
	MaxBytes  = 256 << 20 // decompressed
	MaxShapes = 60_000
	MaxPoints = 8_000_000
)

// ErrFormat is wrapped by errors about a file that is not as described above.
var ErrFormat = errors.New("not GeoJSON outlines")

// A Point is a longitude and a latitude, in degrees.
type Point [2]float64

// A Shape is the outline of one territory.
type Shape struct {
	Code  string    `json:"code"`
	Rings [][]Point `json:"rings"` // closed: the last point is joined to the first; holes are rings too
}

// A Set is the outlines of the territories of one level, by code.
type Set struct {
	Level  territory.Level `json:"level"` // commune, epci, departement or region
	Shapes []Shape         `json:"shapes"`
}

// tolerance is how near points of a level may be, in degrees.
var tolerance = map[territory.Level]float64{territory.Commune: 0.0004, territory.EPCI: 0.0008, territory.Departement: 0.002, territory.Region: 0.003}

// A feature is what is read of one.
type feature struct {
	Properties struct {
		Code json.RawMessage `json:"code"`
	} `json:"properties"`
	Geometry struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	} `json:"geometry"`
}

// Read reads a file, plain or compressed by gzip. With level "" the first code
// that is known says the level: two digits are then a département, not a région.
// unknown counts the features left out.
func Read(r io.Reader, level territory.Level) (set Set, unknown int, err error) {
	in, err := unzipped(r)
	if err != nil {
		return Set{}, 0, err
	}
	d := json.NewDecoder(&io.LimitedReader{R: in, N: MaxBytes})
	if err := enter(d); err != nil {
		return Set{}, 0, err
	}
	at, points := map[string]int{}, 0
	for n := 0; d.More(); n++ {
		var f feature
		if err := d.Decode(&f); err != nil {
			return Set{}, 0, fmt.Errorf("%w: feature %d: %w", ErrFormat, n, err)
		}
		zone, ok := zoneOf(f.Properties.Code, level)
		if !ok {
			unknown++
			continue
		}
		level = zone.Level()
		rings, err := rings(f, tolerance[level])
		if err != nil {
			return Set{}, 0, fmt.Errorf("%w: outline of %s: %w", ErrFormat, zone, err)
		}
		for _, ring := range rings {
			points += len(ring)
		}
		i, known := at[zone.Code()]
		if !known {
			i = len(set.Shapes)
			at[zone.Code()] = i
			set.Shapes = append(set.Shapes, Shape{Code: zone.Code()})
		}
		set.Shapes[i].Rings = append(set.Shapes[i].Rings, rings...) // of communes that have merged
		if len(set.Shapes) > MaxShapes || points > MaxPoints {
			return Set{}, 0, fmt.Errorf("%w: more than %d shapes or %d points", ErrFormat, MaxShapes, MaxPoints)
		}
	}
	if _, err := d.Token(); err != nil {
		return Set{}, 0, fmt.Errorf("%w: the list of features does not end: %w", ErrFormat, err)
	}
	if len(set.Shapes) == 0 {
		return Set{}, unknown, fmt.Errorf("%w: no feature has a code of the geographic code %d (%d have none)", ErrFormat, territory.Vintage, unknown)
	}
	set.Level = level
	slices.SortFunc(set.Shapes, func(a, b Shape) int { return strings.Compare(a.Code, b.Code) })
	return set, unknown, nil
}

func unzipped(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if head[0] != 0x1f || head[1] != 0x8b {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return z, nil
}

// enter reads up to the first feature.
func enter(d *json.Decoder) error {
	want := func(delim json.Delim) error {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFormat, err)
		}
		if t != delim {
			return fmt.Errorf("%w: found %v where %v belongs", ErrFormat, t, delim)
		}
		return nil
	}
	if err := want('{'); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFormat, err)
		}
		if name == "features" {
			return want('[')
		}
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			return fmt.Errorf("%w: %v: %w", ErrFormat, name, err)
		}
	}
	return fmt.Errorf("%w: no list of features", ErrFormat)
}

// zoneOf finds the territory of a code at a level, or at the first that knows it.
func zoneOf(raw json.RawMessage, level territory.Level) (territory.Geozone, bool) {
	code := strings.Trim(string(raw), `"`)
	levels := []territory.Level{territory.EPCI, territory.Commune, territory.Departement}
	if level != "" {
		levels = []territory.Level{level}
	}
	for _, l := range levels {
		if z, err := territory.ParseGeozone("fr:" + string(l) + ":" + code); err == nil && code != "" {
			return z, true
		}
	}
	return territory.Geozone{}, false
}

// rings reads the rings of a geometry and thins them. A ring that shrinks to a
// line is left out.
func rings(f feature, near float64) (out [][]Point, err error) {
	var polygons [][][][]float64
	switch f.Geometry.Type {
	case "Polygon":
		polygons = make([][][][]float64, 1)
		err = json.Unmarshal(f.Geometry.Coordinates, &polygons[0])
	case "MultiPolygon":
		err = json.Unmarshal(f.Geometry.Coordinates, &polygons)
	default:
		return nil, fmt.Errorf("geometry %q, want Polygon or MultiPolygon", f.Geometry.Type)
	}
	if err != nil {
		return nil, err
	}
	for _, polygon := range polygons {
		for _, positions := range polygon {
			ring, err := pointsOf(positions)
			if err != nil {
				return nil, err
			}
			if ring = thin(ring, near); len(ring) >= 3 {
				out = append(out, ring)
			}
		}
	}
	return out, nil
}

func pointsOf(positions [][]float64) ([]Point, error) {
	ring := make([]Point, 0, len(positions))
	for _, p := range positions {
		if len(p) < 2 || !(math.Abs(p[0]) <= 180) || !(math.Abs(p[1]) <= 90) {
			return nil, fmt.Errorf("position %v is not a longitude and a latitude", p)
		}
		ring = append(ring, Point{p[0], p[1]})
	}
	return ring, nil
}

// thin leaves out points nearer than near to the last one kept, and the last
// point if it is the first.
func thin(ring []Point, near float64) []Point {
	var out []Point
	for _, p := range ring {
		if len(out) == 0 || distance(out[len(out)-1], p) >= near {
			out = append(out, p)
		}
	}
	for len(out) > 1 && distance(out[0], out[len(out)-1]) < near {
		out = out[:len(out)-1]
	}
	return out
}

func distance(a, b Point) float64 { return math.Hypot(a[0]-b[0], a[1]-b[1]) }

// FileName is the name of the file in which the outlines of a level are kept.
func FileName(level territory.Level) string { return string(level) + ".json.gz" }

// Write writes a set in its own format, to be read back by [Open].
func Write(w io.Writer, s Set) error {
	z := gzip.NewWriter(w)
	if err := json.NewEncoder(z).Encode(s); err != nil {
		return fmt.Errorf("write outlines: %w", err)
	}
	return z.Close()
}

// Open reads what [Write] wrote.
func Open(r io.Reader) (Set, error) {
	in, err := unzipped(r)
	if err != nil {
		return Set{}, err
	}
	var s Set
	if err := json.NewDecoder(&io.LimitedReader{R: in, N: MaxBytes}).Decode(&s); err != nil {
		return Set{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return s, nil
}
