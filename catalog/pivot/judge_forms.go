package pivot

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"
)

// The forms of texts, byte by byte as the official regular expressions want
// them (those of the JSON Schemas in the sense of ECMAScript).

func judgeDigit(c byte) bool { return c-'0' <= 9 }

func judgeDigits(s []byte) bool {
	for _, c := range s {
		if !judgeDigit(c) {
			return false
		}
	}
	return true
}

func judgeIsSIRET(s []byte) bool { return len(s) == 14 && judgeDigits(s) }

func judgeIsCPV(s []byte) bool {
	return (len(s) == 8 || len(s) == 10 && s[8] == '-' && judgeDigit(s[9])) && judgeDigits(s[:8])
}

func judgeIsUID(s []byte) bool {
	if len(s) < 14+7 || !judgeDigits(s[:14]) {
		return false
	}
	n := utf8.RuneCount(s[14:])
	return n >= 7 && n <= 16 && !bytes.ContainsAny(s[14:], "\n\r\u2028\u2029")
}

// judgeIsDay reports whether s begins with \d{4}-\d{2}-\d{2}.
func judgeIsDay(s []byte) bool {
	return len(s) >= 10 && s[4] == '-' && s[7] == '-' &&
		judgeDigits(s[:4]) && judgeDigits(s[5:7]) && judgeDigits(s[8:10])
}

// judgeIsDate1 is the date of 1.x: with an optional timezone, which may end in Z.
func judgeIsDate1(s []byte) bool {
	if !judgeIsDay(s) || s[5] > '1' || s[8] > '3' {
		return false
	}
	if s = s[10:]; len(s) == 0 {
		return true
	}
	s = bytes.TrimSuffix(s, []byte("Z"))
	return len(s) == 6 && (s[0] == '+' || s[0] == '-') && s[1] <= '2' && s[4] <= '5' && s[3] == ':' &&
		judgeDigits(s[1:3]) && judgeDigits(s[4:6])
}

// judgeHasDate is the date of 2.x: the pattern has no anchors.
func judgeHasDate(s []byte) bool {
	for i := 0; i+10 <= len(s); i++ {
		if judgeIsDay(s[i:]) {
			return true
		}
	}
	return false
}

// judgeIsXSDate is xs:date: a day of the calendar with an optional timezone.
func judgeIsXSDate(s []byte) bool {
	s = bytes.TrimPrefix(s, []byte("-"))
	year := bytes.IndexByte(s, '-')
	if year < 4 || year > 4 && s[0] == '0' || !judgeDigits(s[:year]) || len(s) < year+6 ||
		bytes.Count(s[:year], []byte("0")) == year {
		return false
	}
	zone := s[year+6:]
	y, err := strconv.Atoi(string(s[year-4 : year]))
	if err != nil {
		return false
	}
	day := strconv.AppendInt(nil, int64(2000+y%400), 10) // a year of the same calendar
	day = append(day, s[year:year+6]...)
	return judgeIsCalendarDay(day) && judgeIsZone(zone)
}

// judgeIsZone is the timezone of xs:date: nothing, Z, or up to 14:00.
func judgeIsZone(s []byte) bool {
	if len(s) == 0 || string(s) == "Z" {
		return true
	}
	if len(s) != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':' || !judgeDigits(s[1:3]) || !judgeDigits(s[4:6]) {
		return false
	}
	return s[4] <= '5' && (string(s[1:3]) < "14" || string(s[1:]) == "14:00")
}

// judgeIsCalendarDay reports whether s is exactly YYYY-MM-DD and such a day exists.
func judgeIsCalendarDay(s []byte) bool {
	if len(s) != 10 || !judgeIsDay(s) {
		return false
	}
	year := int(s[0]-'0')*1000 + int(s[1]-'0')*100 + int(s[2]-'0')*10 + int(s[3]-'0')
	month, day := int(s[5]-'0')*10+int(s[6]-'0'), int(s[8]-'0')*10+int(s[9]-'0')
	if month < 1 || month > 12 {
		return false
	}
	days := [12]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		days = 29
	}
	return day >= 1 && day <= days
}

// judgeFloat reads a number that is known to be one. Only its order to small
// limits and its fraction matter: like JSON.parse it rounds, and what is too
// large is infinite.
func judgeFloat(s []byte) float64 {
	if len(s) < 16 {
		n := 0
		for i, c := range s {
			if !judgeDigit(c) {
				break
			}
			if n = n*10 + int(c-'0'); i == len(s)-1 {
				return float64(n)
			}
		}
	}
	f, _ := strconv.ParseFloat(string(s), 64) // ±Inf where out of range
	return f
}

func judgeIsWhole(f float64) bool { return f == math.Trunc(f) }

// judgeXSNumber reads xs:decimal, or xs:integer if whole is set.
func judgeXSNumber(s []byte, whole bool) (float64, bool) {
	digits := bytes.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 {
		return 0, false
	}
	front, back, point := bytes.Cut(digits, []byte("."))
	if whole && point || len(front)+len(back) == 0 || !judgeDigits(front) || !judgeDigits(back) {
		return 0, false
	}
	f, _ := strconv.ParseFloat(string(s), 64)
	return f, true
}
