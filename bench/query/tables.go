package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/cpv"
	"maillon/catalog/pivot"
	"maillon/catalog/territory"
	"maillon/store/search/french"
)

// tables writes contracts as the two tables of schema.sql. What it derives, it derives
// from the contract alone, not from the index that it is compared with.
type tables struct {
	files     [2]*os.File
	bufs      [2]*bufio.Writer
	contracts *csv.Writer
	suppliers *csv.Writer
}

func newTables(dir string) (*tables, error) {
	t := &tables{}
	for i, name := range []string{"contracts.csv", "suppliers.csv"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		t.files[i], t.bufs[i] = f, bufio.NewWriterSize(f, 1<<20)
	}
	t.contracts, t.suppliers = csv.NewWriter(t.bufs[0]), csv.NewWriter(t.bufs[1])
	return t, nil
}

func (t *tables) add(i int, c *pivot.Contract) error {
	m, _ := territory.CommuneByCode(c.Place.Code)
	label := cpv.French(c.CPV)
	day, err := time.Parse(time.DateOnly, c.Notified)
	if err != nil {
		return err
	}
	row := []string{
		strconv.Itoa(i), c.Buyer.ID + "/" + c.ID, string(c.Kind), c.Buyer.ID, territory.RegionOf(m.Departement), m.Departement, c.CPV, c.CPV[:2],
		c.Procedure, c.Nature, c.Techniques[0], c.Notified, strconv.Itoa(day.Year()), day.AddDate(0, *c.Months, 0).Format(time.DateOnly),
		strconv.FormatFloat(*c.Amount, 'f', -1, 64), strconv.Itoa(*c.Offers), yes(c.Social), yes(c.Environment), c.Object, label, stems(c.Object + " " + label),
	}
	if err := t.contracts.Write(row); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, s := range c.Suppliers {
		if !seen[s.ID] {
			seen[s.ID] = true
			if err := t.suppliers.Write([]string{row[0], s.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

func yes(considerations []string) string {
	if strings.HasPrefix(considerations[0], "Pas de") {
		return "non"
	}
	return "oui"
}

func stems(text string) string {
	var b strings.Builder
	b.WriteByte(' ')
	for w := range french.Words(text) {
		if !french.Stop(w) {
			b.WriteString(stemOf(w))
			b.WriteByte(' ')
		}
	}
	return b.String()
}

var stemCache = map[string]string{}

func stemOf(w string) string {
	s, ok := stemCache[w]
	if !ok {
		s = french.Stem(w)
		stemCache[strings.Clone(w)] = s
	}
	return s
}

func (t *tables) close() error {
	t.contracts.Flush()
	t.suppliers.Flush()
	errs := []error{t.contracts.Error(), t.suppliers.Error()}
	for i := range t.files {
		errs = append(errs, t.bufs[i].Flush(), t.files[i].Close())
	}
	return errors.Join(errs...)
}
