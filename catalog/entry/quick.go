package entry

import (
	"strings"
	"time"
	"unicode/utf8"

	"maillon/catalog/pivot"
)

// quickHeader reads a header that is written as [Header.encode] writes it, with no
// escape in its texts: almost all are, and a hub reads each several times. It is not ok
// for any other, which may be valid all the same. The texts share one copy of b.
func quickHeader(b []byte) (h Header, ok bool) {
	if !utf8.Valid(b) {
		return h, false
	}
	for _, c := range b {
		if c < ' ' || c == '\\' {
			return h, false
		}
	}
	r := quick{rest: string(b)}
	r.must(`{"v":1,"op":`)
	h.V, h.Op = 1, Op(r.text())
	if r.has(`,"kind":`) {
		h.Kind = r.text()
	}
	if r.has(`,"key":`) {
		h.Key = r.text()
	}
	if r.has(`,"source":{"deposit":`) {
		h.Source = &Source{Deposit: r.text()}
		r.must(`,"series":`)
		h.Source.Series = r.text()
		r.must(`,"pointer":`)
		h.Source.Pointer = r.text()
		r.must(`,"form":`)
		h.Source.Form = pivot.Form(r.text())
		r.must(`}`)
	}
	if r.has(`,"target":`) {
		n := r.number()
		h.Target = &n
	}
	if r.has(`,"reason":`) {
		h.Reason = r.text()
	}
	r.must(`,"at":`)
	h.At = r.time()
	if r.has(`,"body":`) {
		h.Body = r.text()
	}
	r.must(`}`)
	return h, !r.bad && r.rest == ""
}

// A quick reader is at rest until it meets what it does not expect.
type quick struct {
	rest string
	bad  bool
}

func (r *quick) has(what string) bool {
	rest, ok := strings.CutPrefix(r.rest, what)
	if ok {
		r.rest = rest
	}
	return ok
}

func (r *quick) must(what string) {
	if !r.has(what) {
		r.bad, r.rest = true, ""
	}
}

// text reads a string: there are no escapes.
func (r *quick) text() string {
	r.must(`"`)
	s, rest, ok := strings.Cut(r.rest, `"`)
	if !ok {
		r.bad, rest = true, ""
	}
	r.rest = rest
	return s
}

// number reads a number of few digits.
func (r *quick) number() (n uint64) {
	const most = 18
	i := 0
	for ; i < len(r.rest) && i < most && r.rest[i]-'0' <= 9; i++ {
		n = n*10 + uint64(r.rest[i]-'0')
	}
	if i == 0 || i > 1 && r.rest[0] == '0' {
		r.bad = true
	}
	r.rest = r.rest[i:]
	return n
}

// time reads a time in UTC and whole seconds.
func (r *quick) time() time.Time {
	const form = "2006-01-02T15:04:05Z"
	s := r.text()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil || len(s) != len(form) || s[len(s)-1] != 'Z' {
		r.bad = true
	}
	return at
}
