package web

import (
	"html/template"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/texts"
)

// French typography: a narrow no-break space between thousands, a no-break
// space before a unit.
const (
	narrow  = "\u202f"
	noBreak = "\u00a0"
)

// signs are the French signs that must not stand at the beginning of a line, nor an
// opening guillemet at the end of one.
var signs = strings.NewReplacer(" ;", narrow+";", " ?", narrow+"?", " !", narrow+"!", " :", noBreak+":", " »", noBreak+"»", "« ", "«"+noBreak)

// typeset keeps French signs beside their words when a line is broken.
func typeset(lang texts.Lang, s string) string {
	if lang != texts.French {
		return s
	}
	return signs.Replace(s)
}

// FormatMoney writes an amount in euros: « 1 234,50 € », “€1,234.50”. Cents
// are left out when there are none.
func FormatMoney(lang texts.Lang, euros float64) string {
	if math.IsNaN(euros) || math.IsInf(euros, 0) {
		return ""
	}
	// Amounts past this are no amounts, and would be a row of digits.
	if math.Abs(euros) >= 1e15 {
		return strconv.FormatFloat(euros, 'e', 2, 64) + noBreak + "€"
	}
	whole, cents, _ := strings.Cut(strconv.FormatFloat(math.Abs(euros), 'f', 2, 64), ".")
	sign := ""
	if euros < 0 && (whole != "0" || cents != "00") {
		sign = "−"
	}
	if lang == texts.English {
		s := sign + "€" + group(whole, ",")
		if cents != "00" {
			s += "." + cents
		}
		return s
	}
	s := sign + group(whole, narrow)
	if cents != "00" {
		s += "," + cents
	}
	return s + noBreak + "€"
}

// FormatDate writes a date AAAA-MM-JJ in words: « 24 novembre 2026 ». What is
// not such a date is returned as it is, so that an error in a file shows.
func FormatDate(lang texts.Lang, s string) string {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	return day(lang, d)
}

// day is the calendar date of t in t's own zone, "" for the zero time.
func day(lang texts.Lang, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	number := strconv.Itoa(t.Day())
	if lang == texts.French && t.Day() == 1 {
		number = "1er"
	}
	month := texts.T(lang, "web.month."+strconv.Itoa(int(t.Month())))
	return number + noBreak + month + noBreak + strconv.Itoa(t.Year())
}

// monthOf is the month and the year of t.
func monthOf(lang texts.Lang, t time.Time) string {
	return texts.T(lang, "web.month."+strconv.Itoa(int(t.Month()))) + noBreak + strconv.Itoa(t.Year())
}

// moment is the date and the minute of t in UTC, and says so.
func moment(lang texts.Lang, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.UTC()
	return texts.T(lang, "web.moment", day(lang, t), t.Format("15:04"))
}

func group(digits, mark string) string {
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(mark)
		}
		b.WriteRune(c)
	}
	return b.String()
}

func count(lang texts.Lang, n any) string {
	var s string
	switch n := n.(type) {
	case int:
		s = strconv.Itoa(n)
	case int64:
		s = strconv.FormatInt(n, 10)
	case uint64:
		s = strconv.FormatUint(n, 10)
	}
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	if lang == texts.English {
		return sign + group(s, ",")
	}
	return sign + group(s, narrow)
}

// size writes a number of bytes with the unit that leaves it below 1,000.
func size(lang texts.Lang, n int64) string {
	value, step := float64(n), 0
	for value >= 1000 && step < 3 {
		value /= 1000
		step++
	}
	decimals := 0
	if step > 0 && value < 10 {
		decimals = 1
	}
	s := strings.TrimSuffix(strconv.FormatFloat(value, 'f', decimals, 64), ".0")
	if lang == texts.French {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + noBreak + texts.T(lang, "web.size."+strconv.Itoa(step))
}

// word is the text of a word of the domain, or the word itself.
func word(lang texts.Lang, family, w string) string {
	if key := family + "." + w; texts.Has(key) {
		return texts.T(lang, key)
	}
	return w
}

// many is the text key.one or key.many for n things, as each language counts:
// zero is singular in French, plural in English.
func many(lang texts.Lang, key string, n int) string {
	if n == 1 || n == 0 && lang == texts.French {
		return typeset(lang, texts.T(lang, key+".one", count(lang, n)))
	}
	return typeset(lang, texts.T(lang, key+".many", count(lang, n)))
}

// isMail tells an address to write to from a telephone number or a page.
func isMail(contact string) bool {
	return strings.Count(contact, "@") == 1 && !strings.ContainsAny(contact, " \t\r\n/?&:,;<>\"")
}

// mood is the class of a state's badge: its colour only repeats its word.
func mood(state string) string {
	switch state {
	case "conforme", "accepted", "self", "hub", "open":
		return "good"
	case "a-corriger", "pending", "warning":
		return "fair"
	case "refused", "rejected", "suspended", "error":
		return "poor"
	}
	return "calm"
}

func formats(lang texts.Lang) template.FuncMap {
	return template.FuncMap{
		"date":     func(t time.Time) string { return day(lang, t) },
		"dateOf":   func(s string) string { return FormatDate(lang, s) },
		"dateTime": func(t time.Time) string { return moment(lang, t) },
		"stamp":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"count":    func(n any) string { return count(lang, n) },
		"money":    func(euros *float64) string { return FormatMoney(lang, *euros) },
		"size":     func(n int64) string { return size(lang, n) },
		"word":     func(family, w string) string { return word(lang, family, w) },
		"many":     func(key string, n int) string { return many(lang, key, n) },
		"segment":  url.PathEscape,
		"isMail":   isMail,
		"mood":     mood,
	}
}

// FormatCount writes a whole number: « 1 234 », “1,234”.
func FormatCount(lang texts.Lang, n int) string { return count(lang, n) }
