package pivot

import (
	"math"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/territory"
)

// tableNothing are the words of exports for "not given": CDL (conditional),
// MQ (missing) and INX (does not exist) of the ministry, NC, and what
// languages write.
var tableNothing = map[string]bool{
	"CDL": true, "MQ": true, "INX": true, "NC": true, "N/A": true, "NULL": true, "null": true, "None": true, "nan": true, "NaN": true,
	"[]": true, "Non disponible": true, "Non renseigné": true, "Non communiqué": true,
}

// A tableCell is what a cell says.
type tableCell struct {
	text string // as it stands in the file
	sort tableSort
	at   string // pointer of the cell
}

// said is the text without the spaces around it, "" for nothing.
func (c tableCell) said() string {
	s := strings.TrimFunc(c.text, func(r rune) bool { return r == '\n' || r == '\r' || normIsSpace(r) })
	if tableNothing[s] {
		return ""
	}
	return s
}

// value reads the cell by its sort: text is what it says in the layout of the
// law, bare that this is a number or a boolean of JSON. A cell that cannot be
// read so says what is written. rule is the repair it took, "" for none.
func (c tableCell) value() (text string, bare bool, rule string) {
	s := c.said()
	switch {
	case s == "" && strings.TrimSpace(c.text) != "":
		return "", false, repairNC
	case s == "":
		return "", false, ""
	}
	switch c.sort {
	case tableNumber:
		return tableReadNumber(s)
	case tableFlag:
		return tableReadFlag(s)
	case tableDay:
		text, rule = tableReadDay(s)
	case tableID:
		text, rule = tableReadID(s)
	default:
		text = s
	}
	return text, false, rule
}

func tableReadNumber(s string) (string, bool, string) {
	t := normDecimal(s)
	f, err := strconv.ParseFloat(t, 64)
	if t == "" || err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return s, false, ""
	}
	number := strconv.FormatFloat(f, 'f', -1, 64)
	if t != s {
		return number, true, repairNumber
	}
	return number, true, ""
}

func tableReadFlag(s string) (string, bool, string) {
	switch strings.ToLower(s) {
	case "true", "false":
		return strings.ToLower(s), true, ""
	case "oui", "vrai", "1", "1.0", "o":
		return "true", true, repairBoolean
	case "non", "faux", "0", "0.0", "n":
		return "false", true, repairBoolean
	}
	return s, false, ""
}

// Days as spreadsheets count them, from 1899-12-30; those of 1990 to 2099.
const (
	tableFirstSerial = 32874
	tableLastSerial  = 73050
)

func tableReadDay(s string) (day, rule string) {
	switch {
	case len(s) == 10 && normIsDay(s):
		return s, ""
	case len(s) > 10 && normIsDay(s[:10]) && normAfterDay(s[10:]) == 't':
		return s[:10], repairDateTime
	case len(s) > 10 && normIsDay(s[:10]) && normAfterDay(s[10:]) == 'z':
		return s[:10], repairTimezone
	}
	if day, month, year, ok := tableSlashed(s); ok {
		if t := year + "-" + month + "-" + day; normIsDay(t) {
			return t, repairDate
		}
	}
	whole, _, _ := strings.Cut(s, ".")
	if n, err := strconv.Atoi(whole); err == nil && normIsNumber(s) && n >= tableFirstSerial && n <= tableLastSerial {
		return time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), repairDate
	}
	return s, ""
}

// tableSlashed takes the day of a French date apart: 2/1/2024, 02-01-2024,
// with or without a time after it.
func tableSlashed(s string) (day, month, year string, ok bool) {
	if before, time, has := strings.Cut(s, " "); has && strings.Contains(time, ":") {
		s = before
	}
	parts := strings.FieldsFunc(s, func(c rune) bool { return c == '/' || c == '-' || c == '.' })
	if len(parts) != 3 || len(parts[2]) != 4 || len(parts[0]) > 2 || len(parts[1]) > 2 {
		return "", "", "", false
	}
	two := func(s string) string { return strings.Repeat("0", 2-len(s)) + s }
	return two(parts[0]), two(parts[1]), parts[2], true
}

// tableReadID mends what people and spreadsheets do to a SIRET: spaces in it,
// "2.1350238800019E+13", "21350238800019.0", a first zero that is lost.
func tableReadID(s string) (id, rule string) {
	t := strings.Map(func(c rune) rune {
		if normIsSpace(c) || c == '.' {
			return -1
		}
		return c
	}, s)
	switch {
	case t != s && normIsDigits(t) && len(t) == 14:
		return t, repairSpace
	case normIsDigits(s) && len(s) >= 11 && len(s) < 14:
		padded := strings.Repeat("0", 14-len(s)) + s
		if _, err := territory.ParseSIRET(padded); err == nil {
			return padded, repairZero
		}
	case strings.ContainsAny(s, ".,eE") && normIsNumber(strings.Replace(s, ",", ".", 1)):
		f, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
		if err == nil && f == math.Trunc(f) && f >= 1e9 && f < 1e14 {
			id, _ := tableReadID(strconv.FormatFloat(f, 'f', 0, 64))
			return id, repairNumber
		}
	}
	return s, ""
}

// words reads several values of a closed list from one cell: separated by | or ;
// or, as no value of such a list holds one, a comma; or written as a list of
// Python or JSON.
func (c tableCell) words() []string {
	s := c.said()
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return tablePythonList(s[1 : len(s)-1])
	}
	var list []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == '|' || r == ';' || r == ',' || r == '\n' }) {
		if w = strings.TrimSpace(w); w != "" && !tableNothing[w] {
			list = append(list, w)
		}
	}
	return list
}

// tablePythonList reads 'a', "b'c", d.
func tablePythonList(s string) []string {
	var list []string
	for s = strings.TrimLeft(s, " ,"); s != ""; s = strings.TrimLeft(s, " ,") {
		var word string
		if quote := s[0]; quote == '\'' || quote == '"' {
			end := strings.IndexByte(s[1:], quote)
			if end < 0 {
				end = len(s) - 1
			}
			word, s = s[1:1+end], s[min(len(s), end+2):]
		} else {
			word, s, _ = strings.Cut(s, ",")
		}
		if word = strings.TrimSpace(word); word != "" && !tableNothing[word] {
			list = append(list, word)
		}
	}
	return list
}
