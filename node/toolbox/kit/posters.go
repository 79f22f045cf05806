package kit

import (
	"fmt"
	"strings"

	"maillon/catalog/texts"
	"maillon/node/toolbox"
)

// The posters are A3, upright; a unit is a millimetre.
const (
	width  = 297
	height = 420
	margin = 24
)

// Colours of the posters: two inks that any printer has.
const (
	blue  = "#17479e"
	ink   = "#1b1f27"
	quiet = "#565d6b"
	pale  = "#eef3fb"
)

// face is the type of a line: a size in millimetres, a colour, a weight.
func face(size float64, colour, weight string) string {
	return fmt.Sprintf(`font-family="system-ui, 'Liberation Sans', Arial, sans-serif" font-size="%g" fill="%s" font-weight="%s"`, size, colour, weight)
}

// Posters draws the posters.
func Posters(c *toolbox.Content, o Options) []File {
	return []File{
		{"publier.svg", "poster.open", open(o)},
		{"dix-etapes.svg", "poster.steps", steps(c, o)},
		{"roles.svg", "poster.roles", roles(c, o)},
	}
}

func (o Options) t(key string) string { return texts.T(o.Lang, "toolbox.poster."+key) }

// begin draws the ground and the title of a poster, and returns where what
// follows may begin.
func begin(d *toolbox.Drawing, title, lead string) float64 {
	d.Rect(0, 0, width, height, 0, `fill="#fff"`)
	d.Rect(0, 0, width, 9, 0, `fill="`+blue+`"`)
	y := d.Lines(margin, 44, 21, 24, face(19, blue, "700"), title)
	return d.Lines(margin, y+1, 10, 50, face(8, quiet, "400"), lead) + 8
}

// end draws the foot and gives the file.
func end(d *toolbox.Drawing, o Options, title string) []byte {
	d.Rect(0, height-44, width, 44, 0, `fill="`+blue+`"`)
	name := toolbox.Wrap(o.Name, 52)
	if len(name) > 0 {
		d.Text(margin, height-26, face(8, "#fff", "600"), name[0])
	}
	d.Text(margin, height-13, face(min(8, 440/float64(max(len(o.URL), 1))), "#fff", "400"), strings.TrimPrefix(o.URL, "https://"))
	label := texts.T(o.Lang, "toolbox.poster."+title)
	return []byte(d.SVG(width, height, fmt.Sprintf(`width="%dmm" height="%dmm" role="img" aria-label="%s"`, width, height, label)))
}

// open tells whoever waits at the counter that the contracts are there to read.
func open(o Options) []byte {
	var d toolbox.Drawing
	y := begin(&d, o.t("open"), o.t("open.lead"))
	for i, key := range []string{"who", "what", "when"} {
		d.Rect(margin, y, width-2*margin, 56, 5, `fill="`+pale+`"`)
		d.Rect(margin, y, 4, 56, 0, `fill="`+blue+`"`)
		d.Text(margin+14, y+20, face(12, ink, "700"), o.t("open."+key))
		d.Lines(margin+14, y+34, 10, 50, face(8, quiet, "400"), o.t("open."+key+".text"))
		y += 64
		if i == 2 {
			d.Lines(margin, y+10, 12, 40, face(10, ink, "600"), o.t("open.do"))
		}
	}
	return end(&d, o, "open")
}

// steps lists the steps of the guide.
func steps(c *toolbox.Content, o Options) []byte {
	var d toolbox.Drawing
	guide, _ := c.Page("guide")
	doc := guide.In(o.Lang)
	y := begin(&d, doc.Title, o.t("steps.lead"))
	list := doc.Sections
	if len(list) > 12 {
		list = list[:12]
	}
	room := (height - 52 - y) / float64(max(len(list), 1))
	for i, s := range list {
		title := s.Title
		if before, after, ok := strings.Cut(title, ". "); ok && len(before) < 3 {
			title = after
		}
		middle := y + room/2
		d.Rect(margin, middle-9, 18, 18, 9, `fill="`+blue+`"`)
		d.Text(margin+9, middle+3.6, face(10, "#fff", "700")+` text-anchor="middle"`, fmt.Sprint(i+1))
		lines := toolbox.Wrap(title, 44)
		top := middle + 3.4 - 5*float64(len(lines)-1)
		d.Lines(margin+27, top, 11, 44, face(9.5, ink, "600"), title)
		y += room
	}
	return end(&d, o, "steps")
}

// roles tells who does what.
func roles(c *toolbox.Content, o Options) []byte {
	var d toolbox.Drawing
	y := begin(&d, o.t("roles"), o.t("roles.lead"))
	list := c.Roles
	if len(list) > 6 {
		list = list[:6]
	}
	room := (height - 52 - y) / float64(max(len(list), 1))
	for i, r := range list {
		d.Rect(margin, y, width-2*margin, room-9, 5, `fill="`+pale+`"`)
		d.Text(margin+8, y+12, face(10, blue, "700"), r.Name.In(o.Lang))
		next := d.Lines(margin+8, y+21, 7.8, 66, face(6.8, ink, "400"), r.Mission.In(o.Lang))
		var actors []string
		for _, a := range r.Actors {
			actors = append(actors, a.In(o.Lang))
		}
		lines := toolbox.Wrap(strings.Join(actors, ", "), 84)
		for _, line := range lines[:min(len(lines), max(int((y+room-11-next)/6.6)+1, 0))] {
			d.Text(margin+8, next, face(5.4, quiet, "400"), line)
			next += 6.6
		}
		if i+1 < len(list) {
			d.Path(fmt.Sprintf("M%d %g h8 l-4 6 z", width/2-4, y+room-7.5), `fill="`+blue+`"`)
		}
		y += room
	}
	return end(&d, o, "roles")
}
