package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/territory"
	"maillon/catalog/texts"
)

// A Line is one thing that a letter says.
type Line struct {
	Code      string `json:"code"`                // stable: "rule", "late", "silent"…
	Text      string `json:"text"`                // what is the case
	Hint      string `json:"hint,omitempty"`      // what to do
	Path      string `json:"path,omitempty"`      // page of the node that helps, without its base
	Command   string `json:"command,omitempty"`   // to type where the node runs
	Rule      string `json:"rule,omitempty"`      // id of the rule that is broken
	Contracts int    `json:"contracts,omitempty"` // concerned

	weight float64
}

// First is how many lines of Mend a letter puts before the others.
const First = 3

// A Letter says to one body what is well and what to mend, in one language.
type Letter struct {
	Well []Line `json:"well"`
	Mend []Line `json:"mend"` // the most useful first
	// Changed is when the newest fact of the letter came: a receipt, or the day
	// from which the body counts as silent. A state of a node has no date.
	Changed time.Time `json:"changed"`
	Tag     string    `json:"tag"` // the same for the same letter, whatever the language
}

// LetterOf writes the letter to an actor of the report.
func LetterOf(r *Report, a *Actor, lang texts.Lang) Letter {
	w := writer{r: r, a: a, lang: lang}
	w.wellDone()
	w.toMend()
	slices.SortStableFunc(w.mend, func(x, y Line) int { return cmp.Compare(y.weight, x.weight) })
	l := Letter{Well: w.well, Mend: w.mend, Changed: a.Last}
	if a.Silent {
		l.Changed = a.Last.Add(SilentAfter)
	}
	if a.Last.IsZero() {
		l.Changed = time.Date(territory.Vintage, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if a.OldestUnanswered.After(l.Changed) {
		l.Changed = a.OldestUnanswered
	}
	l.Changed = l.Changed.UTC()
	l.Tag = tagOf(a, l)
	if lang != texts.French {
		l.Tag = LetterOf(r, a, texts.French).Tag
	}
	return l
}

func tagOf(a *Actor, l Letter) string {
	sum := sha256.New()
	_, _ = sum.Write([]byte(a.ID))
	for _, line := range slices.Concat(l.Well, l.Mend) {
		_, _ = sum.Write([]byte("\n" + line.Code + "\t" + line.Text + "\t" + line.Hint))
	}
	return hex.EncodeToString(sum.Sum(nil)[:12])
}

// A writer gathers the lines of a letter.
type writer struct {
	r          *Report
	a          *Actor
	lang       texts.Lang
	well, mend []Line
}

func (w *writer) t(key string, args ...any) string { return texts.T(w.lang, key, args...) }

// contracts says how many contracts n are.
func (w *writer) contracts(n int) string {
	if n == 1 || n == 0 && w.lang == texts.French {
		return w.t("audit.contracts.one", number(w.lang, n))
	}
	return w.t("audit.contracts.many", number(w.lang, n))
}

// number writes n with its thousands apart.
func number(lang texts.Lang, n int) string {
	s, mark := strconv.Itoa(n), "\u202f"
	if lang == texts.English {
		mark = ","
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + mark + s[i:]
	}
	return s
}

// Percent is what n is of all, in whole percent: 0 and 100 only if none and all are.
func Percent(n, all int) int {
	switch {
	case all <= 0 || n <= 0:
		return 0
	case n >= all:
		return 100
	}
	return min(max((200*n+all)/(2*all), 1), 99)
}

func (w *writer) good(code string, args ...any) {
	w.well = append(w.well, Line{Code: code, Text: w.t("audit.well."+code, args...)})
}

func (w *writer) wellDone() {
	a, m := w.a, w.a.Measure
	n := a.Contracts
	switch a.State {
	case Own:
		w.good("own", w.contracts(n))
	case Other:
		w.good("other", w.publishers(), w.contracts(n))
	case Harvested:
		w.good("harvested", w.publishers(), w.contracts(n))
	}
	if n > 0 && a.ToCorrect == 0 {
		w.good("all-conform")
	} else if share := Percent(m.Conforming, n); share >= 90 {
		w.good("conform", share)
	}
	if d := m.Delay(); d.N > 0 && d.Late == 0 {
		w.good("in-time", d.Median)
	} else if d.N > 0 && d.Share < 0.1 {
		w.good("prompt", d.Median, Percent(d.N-d.Late, d.N))
	}
	if a.DCAT == DCATOwn && a.State != Unknown {
		w.good("catalogue")
	}
	if a.State.Publishes() && !a.Silent && !a.Last.IsZero() {
		w.good("recent", w.day(a.Last))
	}
}

func (w *writer) publishers() string {
	var names []string
	for _, id := range w.a.By {
		names = append(names, w.r.NodeName(id))
	}
	const most = 3
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return strings.Join(names, ", ")
}

func (w *writer) day(t time.Time) string {
	t = t.UTC()
	day := strconv.Itoa(t.Day())
	if w.lang == texts.French && t.Day() == 1 {
		day = "1er"
	}
	return day + "\u00a0" + w.t("web.month."+strconv.Itoa(int(t.Month()))) + "\u00a0" + strconv.Itoa(t.Year())
}
