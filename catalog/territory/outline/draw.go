package outline

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strconv"
)

// A Picture is what is drawn.
type Picture struct {
	Shapes []Shape
	Title  string // read out
	// Look gives the colour of a shape and the text in it; no text for "".
	Look func(code string) (fill, ink, label string)
}

// side is the longer side of a picture, in its units: a unit is less than a
// pixel on most screens.
const side = 1600

// SVG draws the picture, north up; nil if there is nothing to draw. Longitudes
// are shortened as in the middle of the picture.
func (p Picture) SVG() []byte {
	west, south, east, north := 181., 91., -181., -91.
	for _, s := range p.Shapes {
		for _, ring := range s.Rings {
			for _, at := range ring {
				west, east = min(west, at[0]), max(east, at[0])
				south, north = min(south, at[1]), max(north, at[1])
			}
		}
	}
	if west >= east || south >= north {
		return nil
	}
	narrow := max(math.Cos((south+north)/2*math.Pi/180), 0.01)
	scale := side / max((east-west)*narrow, north-south)
	place := func(at Point) Point { return Point{(at[0] - west) * narrow * scale, (north - at[1]) * scale} }
	const margin = 6
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-%d -%d %.0f %.0f" role="img"><title>%s</title><rect x="-%d" y="-%d" width="100%%" height="100%%" fill="#fff"/>`+
		`<g stroke="#6b7380" stroke-width="2" fill-rule="evenodd" stroke-linejoin="round">`+"\n",
		margin, margin, (east-west)*narrow*scale+2*margin, (north-south)*scale+2*margin, html.EscapeString(p.Title), margin, margin)
	for _, s := range p.Shapes {
		fill, _, _ := p.Look(s.Code)
		fmt.Fprintf(&b, `<path fill="%s" d="`, html.EscapeString(fill))
		for _, ring := range s.Rings {
			draw(&b, ring, place)
		}
		b.WriteString("\"/>\n")
	}
	b.WriteString(`</g><g font-family="sans-serif" font-size="44" font-weight="600" text-anchor="middle">` + "\n")
	for _, s := range p.Shapes {
		if _, ink, label := p.Look(s.Code); label != "" {
			at := place(middle(s))
			fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" fill="%s">%s</text>`+"\n", at[0], at[1]+15, html.EscapeString(ink), html.EscapeString(label))
		}
	}
	b.WriteString("</g></svg>\n")
	return b.Bytes()
}

// draw writes a ring in whole units, each point from the last.
func draw(b *bytes.Buffer, ring []Point, place func(Point) Point) {
	x, y, n := 0, 0, 0
	for _, at := range ring {
		p := place(at)
		px, py := int(math.Round(p[0])), int(math.Round(p[1]))
		switch {
		case n == 0:
			b.WriteString("M" + strconv.Itoa(px) + " " + strconv.Itoa(py))
		case px == x && py == y:
			continue
		default:
			b.WriteString("l" + strconv.Itoa(px-x) + " " + strconv.Itoa(py-y))
		}
		x, y = px, py
		n++
	}
	b.WriteString("z")
}

// Centre is the middle of the largest part of a shape, in degrees; false for one
// without any extent.
func Centre(s Shape) (Point, bool) {
	at := middle(s)
	return at, at != Point{}
}

// middle is the centre of the ring that encloses most, near enough for a label.
func middle(s Shape) (at Point) {
	most := -1.
	for _, ring := range s.Rings {
		area, x, y := 0., 0., 0.
		for i, p := range ring {
			q := ring[(i+1)%len(ring)]
			cross := p[0]*q[1] - q[0]*p[1]
			area += cross
			x += (p[0] + q[0]) * cross
			y += (p[1] + q[1]) * cross
		}
		if math.Abs(area) > most && area != 0 {
			most, at = math.Abs(area), Point{x / (3 * area), y / (3 * area)}
		}
	}
	return at
}
