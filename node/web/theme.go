package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Theme is what an organisation gives its pages of its own.
type Theme struct {
	// Colour and Night are the colour of links, buttons and bars by day and in the
	// dark, as #rrggbb; "" for the program's. See [CheckColour].
	Colour, Night string
	Logo          []byte // a picture, shown beside the name; nil for none
	LogoType      string // its media type
}

// The grounds on which colours stand, as in style.css.
var (
	dayGrounds   = []string{"#ffffff", "#f5f6f8"}
	nightGrounds = []string{"#14171c", "#1d2128"}
)

// leastContrast is that of text on its ground (WCAG 1.4.3, RGAA 3.2).
const leastContrast = 4.5

// A ColourError is a colour that cannot be read on its ground.
type ColourError struct {
	Colour, Ground string
	Ratio          float64
	Instead        string // the nearest shade of it that can
}

func (e *ColourError) Error() string {
	return fmt.Sprintf("%s on %s has a contrast of %.2f, and people need at least 4.5 to read it (%s is the nearest shade that has)", e.Colour, e.Ground, e.Ratio, e.Instead)
}

// CheckColour refuses a colour that is none, or that cannot be read by day; with
// night, in the dark.
func CheckColour(colour string, night bool) error {
	if _, err := parseColour(colour); err != nil {
		return err
	}
	grounds := dayGrounds
	if night {
		grounds = nightGrounds
	}
	for _, ground := range grounds {
		if ratio := contrast(colour, ground); ratio < leastContrast {
			return &ColourError{colour, ground, ratio, readable(colour, night)}
		}
	}
	return nil
}

// NightOf is the nearest lighter shade of a colour that can be read in the dark.
func NightOf(colour string) string { return readable(colour, true) }

// readable mixes a colour with white or black, as little as is needed to read it.
func readable(colour string, night bool) string {
	c, err := parseColour(colour)
	if err != nil {
		return ""
	}
	to, grounds := 0.0, dayGrounds
	if night {
		to, grounds = 255, nightGrounds
	}
	for step := range 101 {
		var mixed [3]float64
		for i := range c {
			mixed[i] = math.Round(c[i] + (to-c[i])*float64(step)/100)
		}
		shade := fmt.Sprintf("#%02x%02x%02x", int(mixed[0]), int(mixed[1]), int(mixed[2]))
		if contrast(shade, grounds[0]) >= leastContrast && contrast(shade, grounds[1]) >= leastContrast {
			return shade
		}
	}
	return ""
}

// parseColour reads #rrggbb.
func parseColour(s string) (c [3]float64, err error) {
	if len(s) != 7 || s[0] != '#' {
		return c, fmt.Errorf("%q is no colour (write six digits: #17479e)", s)
	}
	for i := range c {
		n, err := strconv.ParseUint(s[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return c, fmt.Errorf("%q is no colour (write six digits: #17479e)", s)
		}
		c[i] = float64(n)
	}
	return c, nil
}

// contrast is that of WCAG 2 between two colours: 1 to 21.
func contrast(a, b string) float64 {
	x, y := brightness(a), brightness(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func brightness(colour string) float64 {
	c, err := parseColour(colour)
	if err != nil {
		return 0
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := c[i] / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// sheetOf is the style sheet with the theme's colours over the program's: on
// screens only, since paper is black on white.
func (t Theme) sheetOf(style []byte) []byte {
	if t.Colour == "" {
		return style
	}
	night := t.Night
	if night == "" {
		night = NightOf(t.Colour)
	}
	var b strings.Builder
	b.Write(style)
	fmt.Fprintf(&b, "\n@media screen { :root { --link: %s; } }\n@media screen and (prefers-color-scheme: dark) { :root { --link: %s; } }\n", t.Colour, night)
	return []byte(b.String())
}

// logoTypes are the pictures that may be a logo, and how their file begins.
var logoTypes = []struct{ media, ending, begins string }{
	{"image/png", ".png", "\x89PNG\r\n\x1a\n"},
	{"image/jpeg", ".jpg", "\xff\xd8\xff"},
	{"image/webp", ".webp", "RIFF"},
}

// LogoType tells the media type of a picture that may be a logo: PNG, JPEG, WebP or
// SVG; "" for anything else.
func LogoType(picture []byte) string {
	for _, t := range logoTypes {
		if strings.HasPrefix(string(picture), t.begins) {
			return t.media
		}
	}
	head := strings.TrimPrefix(string(picture[:min(len(picture), 1024)]), "\ufeff")
	if strings.HasPrefix(strings.TrimSpace(head), "<") && strings.Contains(head, "<svg") {
		return "image/svg+xml"
	}
	return ""
}

// ending is that of the logo's name.
func (t Theme) ending() string {
	for _, known := range logoTypes {
		if known.media == t.LogoType {
			return known.ending
		}
	}
	return ".svg"
}
