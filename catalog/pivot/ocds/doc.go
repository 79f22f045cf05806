package ocds

import (
	"strconv"

	"maillon/catalog/pivot"
)

// A doc appends members of JSON objects.
type doc struct{ b []byte }

// key opens the member called name, after a comma if it is not the first.
func (d *doc) key(name string) {
	if n := len(d.b); n > 0 && d.b[n-1] != '{' {
		d.b = append(d.b, ',')
	}
	d.b = append(append(append(d.b, '"'), name...), '"', ':')
}

// must writes a text, even an empty one.
func (d *doc) must(name, s string) {
	d.key(name)
	d.b = pivot.AppendText(d.b, s)
}

// text writes a text that says something.
func (d *doc) text(name, s string) {
	if s != "" {
		d.must(name, s)
	}
}

func (d *doc) whole(name string, n int) {
	d.key(name)
	d.b = strconv.AppendInt(d.b, int64(n), 10)
}

func (d *doc) words(name string, list ...string) {
	d.key(name)
	d.b = append(d.b, '[')
	for i, s := range list {
		if i > 0 {
			d.b = append(d.b, ',')
		}
		d.b = pivot.AppendText(d.b, s)
	}
	d.b = append(d.b, ']')
}

func (d *doc) object(name string, members func()) {
	d.key(name)
	d.b = append(d.b, '{')
	members()
	d.b = append(d.b, '}')
}

// list writes a list of n objects.
func (d *doc) list(name string, n int, members func(i int)) {
	d.key(name)
	d.b = append(d.b, '[')
	for i := range n {
		if i > 0 {
			d.b = append(d.b, ',')
		}
		d.b = append(d.b, '{')
		members(i)
		d.b = append(d.b, '}')
	}
	d.b = append(d.b, ']')
}
