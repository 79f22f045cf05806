package web

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var colour = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6});`)

func TestEveryInkStandsOutFromItsGroundByDayAndByNight(t *testing.T) {
	css, _, _ := strings.Cut(string(style), "@media print")
	day, night, ok := strings.Cut(css, "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("the sheet has no dark colours")
	}
	pairs := [][2]string{{"good", "good-ground"}, {"fair", "fair-ground"}, {"poor", "poor-ground"}, {"calm", "calm-ground"}, {"ink", "fair-ground"}, {"ground", "link"}}
	for _, ink := range []string{"ink", "quiet", "link", "seen", "focus"} {
		pairs = append(pairs, [2]string{ink, "ground"}, [2]string{ink, "raised"})
	}
	for name, sheet := range map[string]string{"day": day, "night": night} {
		light := map[string]float64{}
		for _, m := range colour.FindAllStringSubmatch(sheet, -1) {
			light[m[1]] = luminance(t, m[2])
		}
		for _, p := range pairs {
			a, okA := light[p[0]]
			b, okB := light[p[1]]
			if !okA || !okB {
				t.Fatalf("%s: no colour %v", name, p)
			}
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f, 4.5 is the least", name, p[0], p[1], ratio)
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
