// Package chart draws numbers as SVG pictures that stand alone: bars for things, for
// times columns. They are made to be downloaded and put in a document; pages show the
// same numbers as tables. Nothing here reads or knows anything: same values, same bytes.
package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"unicode/utf8"
)

// A Chart is a title, what it shows in a sentence, and values with their labels.
type Chart struct {
	Title  string
	Desc   string // what a reader who does not see it is told; also printed below
	Colour string // #rrggbb; "" for the program's
	Points []Point
}

// A Point is one value. Text is the value as people read it.
type Point struct {
	Label, Text string
	Value       float64
}

const (
	width    = 720
	margin   = 16
	barRow   = 44
	colour   = "#17479e"
	ink      = "#1b1f27"
	quiet    = "#565d6b"
	labelMax = 84 // characters of a label in a line
)

// Bars draws a bar for each point, one below the other, the label above it.
func Bars(c Chart) []byte {
	most := largest(c.Points)
	height := 64 + barRow*len(c.Points) + 40
	b := begin(c, height)
	for i, p := range c.Points {
		y := 64 + barRow*i
		write(b, margin, y+12, 14, ink, "start", cut(p.Label, labelMax))
		w := share(p.Value, most) * (width - 2*margin - 130)
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="14" fill="%s"/>`, margin, y+18, w, c.fill())
		write(b, margin+int(w)+8, y+30, 13, ink, "start", p.Text)
	}
	return end(b, c, height)
}

// Columns draws a column for each point, side by side, as time goes.
func Columns(c Chart) []byte {
	const height, top, foot = 360, 76, 72
	most := largest(c.Points)
	b := begin(c, height)
	n := max(1, len(c.Points))
	pitch := float64(width-2*margin) / float64(n)
	told := false                         // the first of the largest is told, once
	every := max(1, (n*52+width-1)/width) // labels that fit beside each other
	for i, p := range c.Points {
		h := share(p.Value, most) * (height - top - foot)
		x := margin + pitch*float64(i)
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x+pitch*.12, height-foot-h, pitch*.76, h, c.fill())
		if i%every == 0 {
			write(b, int(x+pitch/2), height-foot+18, 12, ink, "middle", cut(p.Label, 10))
		}
		if p.Value == most && most > 0 && !told {
			told = true
			write(b, min(max(int(x+pitch/2), 70), width-70), int(height-foot-h)-6, 13, ink, "middle", p.Text)
		}
	}
	fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s"/>`, margin, height-foot, width-margin, height-foot, quiet)
	return end(b, c, height)
}

func (c Chart) fill() string {
	if len(c.Colour) == 7 && c.Colour[0] == '#' {
		return c.Colour
	}
	return colour
}

func begin(c Chart, height int) *bytes.Buffer {
	b := new(bytes.Buffer)
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d" font-family="system-ui, sans-serif">`, width, height, width, height)
	fmt.Fprintf(b, `<title id="t">%s</title><desc id="d">%s</desc><rect width="%d" height="%d" fill="#fff"/>`, escape(c.Title), escape(c.Desc), width, height)
	fmt.Fprintf(b, `<text x="%d" y="34" font-size="18" font-weight="650" fill="%s">%s</text>`, margin, ink, escape(cut(c.Title, 70)))
	return b
}

func end(b *bytes.Buffer, c Chart, height int) []byte {
	write(b, margin, height-14, 12, quiet, "start", cut(c.Desc, 110))
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func write(b *bytes.Buffer, x, y, size int, fill, anchor, text string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="%d" fill="%s" text-anchor="%s">%s</text>`, x, y, size, fill, anchor, escape(text))
}

func largest(points []Point) float64 {
	most := 0.0
	for _, p := range points {
		if !math.IsInf(p.Value, 0) && p.Value > most {
			most = p.Value
		}
	}
	return most
}

// share is the part of the largest value: 0 to 1, whatever the value.
func share(v, most float64) float64 {
	if !(most > 0) || !(v > 0) {
		return 0
	}
	return min(v/most, 1)
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes all
	return b.String()
}
