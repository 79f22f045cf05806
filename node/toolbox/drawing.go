package toolbox

import (
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	"maillon/catalog/texts"
)

// A Drawing is an SVG that is being written. Text is escaped.
type Drawing struct{ b strings.Builder }

// Rect draws a rectangle with rounded corners and the attributes attrs.
func (d *Drawing) Rect(x, y, w, h, r float64, attrs string) {
	fmt.Fprintf(&d.b, `<rect x="%g" y="%g" width="%g" height="%g" rx="%g" %s/>`+"\n", x, y, w, h, r, attrs)
}

// Path draws a path.
func (d *Drawing) Path(path, attrs string) {
	fmt.Fprintf(&d.b, `<path d="%s" %s/>`+"\n", path, attrs)
}

// Text writes one line from x on the baseline y.
func (d *Drawing) Text(x, y float64, attrs, text string) {
	fmt.Fprintf(&d.b, `<text x="%g" y="%g" %s>%s</text>`+"\n", x, y, attrs, template.HTMLEscapeString(text))
}

// Lines writes a text in lines of at most width letters, step apart, and
// returns the baseline of the line after it.
func (d *Drawing) Lines(x, y, step float64, width int, attrs, text string) float64 {
	for _, line := range Wrap(text, width) {
		d.Text(x, y, attrs, line)
		y += step
	}
	return y
}

// SVG is the whole drawing, its size in units, with attrs on its element.
func (d *Drawing) SVG(w, h float64, attrs string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" %s>`+"\n%s</svg>\n", w, h, attrs, d.b.String())
}

// Wrap cuts a text between words into lines of at most width letters; a word
// that is longer stands alone, cut.
func Wrap(text string, width int) []string {
	var lines []string
	line, length := "", 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if n > width {
			word, n = string([]rune(word)[:width-1])+"…", width
		}
		if length > 0 && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		if length > 0 {
			line, length = line+" ", length+1
		}
		line, length = line+word, length+n
	}
	if length > 0 {
		lines = append(lines, line)
	}
	return lines
}

// line is the first line of a text that has room for width letters.
func line(text string, width int) string {
	lines := Wrap(text, width)
	switch len(lines) {
	case 0:
		return ""
	case 1:
		return lines[0]
	}
	return lines[0] + " …"
}

// Geometry of the drawing of roles, in units of its view box: narrow, so that
// it stays readable on a telephone.
const (
	roleWidth  = 400
	roleLine   = 19
	roleLetter = 50 // letters in a line
	roleArrow  = 44
	roleMost   = 12 // roles that are drawn
)

// DrawRoles draws the roles from top to bottom with what passes from one to
// the next. Its colours are classes of the style sheet.
func DrawRoles(roles []Role, lang texts.Lang, label string) template.HTML {
	if len(roles) == 0 {
		return ""
	}
	if len(roles) > roleMost {
		roles = roles[:roleMost]
	}
	var d Drawing
	y := 1.0
	for i, r := range roles {
		var actors []string
		for _, a := range r.Actors {
			actors = append(actors, a.In(lang))
		}
		lines := Wrap(strings.Join(actors, ", "), roleLetter)
		height := 40 + roleLine*float64(len(lines))
		d.Rect(1, y, roleWidth-2, height, 6, `class="box"`)
		d.Text(14, y+25, `class="head"`, line(r.Name.In(lang), 36))
		d.Lines(14, y+47, roleLine, roleLetter, `class="small"`, strings.Join(actors, ", "))
		y += height
		if i+1 < len(roles) {
			d.Path(fmt.Sprintf("M28 %g V%g M22 %g L28 %g L34 %g", y+6, y+roleArrow-6, y+roleArrow-13, y+roleArrow-6, y+roleArrow-13), `class="arrow"`)
			d.Lines(44, y+27, roleLine, 44, `class="passes"`, r.Hands.In(lang))
			y += roleArrow
		}
	}
	return template.HTML(d.SVG(roleWidth, y+1, `class="drawing" role="img" aria-label="`+template.HTMLEscapeString(label)+`"`))
}

// Geometry of the drawing of a plan.
const (
	planWidth  = 680
	planMonths = 36 // that are drawn
	planStep   = 38 // of a milestone: its title, and the bar below
	planLetter = 7.6
)

// DrawPlan draws the lanes of a plan against the months.
func DrawPlan(p Plan, lang texts.Lang, label string) template.HTML {
	months, height := 1, 22.0
	for _, l := range p.Lanes {
		height += 40
		for _, s := range l.Steps {
			months = max(months, min(s.Month+max(s.Lasts, 1), planMonths))
			height += planStep
		}
	}
	var d Drawing
	unit := float64(planWidth-2) / float64(months)
	for m := range months + 1 {
		d.Path(fmt.Sprintf("M%.1f 20 V%g", 1+unit*float64(m), height), `class="rule"`)
		if m < months && (months <= 18 || m%3 == 0) {
			d.Text(4+unit*float64(m), 14, `class="passes"`, fmt.Sprint(m+1))
		}
	}
	y := 22.0
	for _, l := range p.Lanes {
		d.Text(1, y+20, `class="head"`, line(l.Name.In(lang), 60))
		y += 32
		for _, s := range l.Steps {
			drawStep(&d, s, lang, unit, y)
			y += planStep
		}
		y += 8
	}
	return template.HTML(d.SVG(planWidth, height+2, `class="drawing plan" role="img" aria-label="`+template.HTMLEscapeString(label)+`"`))
}

// drawStep writes a title and its bar below, the title from the bar's start, or
// to its end if it has no room.
func drawStep(d *Drawing, s Step, lang texts.Lang, unit, y float64) {
	if s.Month >= planMonths {
		return
	}
	x, w := 1+unit*float64(s.Month), unit*float64(min(max(s.Lasts, 1), planMonths-s.Month))
	class := `class="bar"`
	if s.Done {
		class = `class="bar done"`
	}
	d.Rect(x, y+20, w, 10, 3, class)
	title := line(s.Title.In(lang), 60)
	if x+float64(utf8.RuneCountInString(title))*planLetter < planWidth {
		d.Text(x, y+14, `class="label"`, title)
	} else {
		d.Text(x+w, y+14, `class="label" text-anchor="end"`, title)
	}
}
