package toolbox

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // containers have no zones of their own

	"maillon/catalog/texts"
)

// A Problem is something wrong in a file of the folder.
type Problem struct {
	File string
	Line int // 0 if it concerns the whole file
	key  string
	args []any
}

// Text says what is wrong and how to mend it.
func (p Problem) Text(lang texts.Lang) string {
	return texts.T(lang, "toolbox.problem."+p.key, p.args...)
}

// Where is the file and the line.
func (p Problem) Where() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// A Moment is a day, or an hour of one, as it is written: without zone.
type Moment struct {
	time.Time      // in UTC, whatever the zone is
	Hour      bool // an hour was given
}

// parse reads AAAA-MM, AAAA-MM-JJ or AAAA-MM-JJTHH:MM (a space will do for T).
func (m *Moment) parse(s string) (ok bool) {
	s = strings.Replace(s, " ", "T", 1)
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02", "2006-01"} {
		t, err := time.Parse(layout, s)
		if err == nil && t.Year() >= 1900 && t.Year() < 2200 {
			m.Time, m.Hour = t, strings.Contains(layout, "T")
			return true
		}
	}
	return false
}

func (m *Moment) expects() (key string, args []any) { return "moment", nil }

// in is the moment in a zone.
func (m Moment) in(z Zone) time.Time {
	y, month, d := m.Date()
	return time.Date(y, month, d, m.Time.Hour(), m.Minute(), 0, 0, z.location())
}

// A Zone is a time zone by its name, Europe/Paris if it has none.
type Zone struct{ name string }

func (z *Zone) parse(s string) bool {
	if s == "" || s == "Local" {
		return false
	}
	_, err := time.LoadLocation(s)
	z.name = s
	return err == nil
}

func (z *Zone) expects() (key string, args []any) { return "zone", nil }

func (z Zone) location() *time.Location {
	name := z.name
	if name == "" {
		name = home
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return l
}

// A Level tells who organises: national, territorial or local.
type Level string

var levels = []string{"national", "territorial", "local"}

func (l *Level) parse(s string) bool {
	for _, one := range levels {
		if s == one {
			*l = Level(s)
			return true
		}
	}
	return false
}

func (l *Level) expects() (key string, args []any) {
	return "word", []any{strings.Join(levels, ", ")}
}

// A kind of story.
type kind string

var kinds = []string{"temoignage", "analyse"}

func (k *kind) parse(s string) bool {
	*k = kind(s)
	return s == kinds[0] || s == kinds[1]
}

func (k *kind) expects() (key string, args []any) { return "word", []any{strings.Join(kinds, ", ")} }

// nearest is the known name that differs least from found.
func nearest(found string, known []string) string {
	best, least := "", 1<<30
	for _, k := range known {
		if d := texts.Distance(strings.ToLower(found), k); d < least {
			best, least = k, d
		}
	}
	return best
}
