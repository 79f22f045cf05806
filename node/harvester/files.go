package harvester

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/catalog/rdf"
	"maillon/federation/follow"
	"maillon/node/deposit"
	"maillon/store"
)

// A file is what is remembered of one file that a source names and that may be a
// pivot file.
type file struct {
	Dataset  string    `json:"dataset"`
	Through  []string  `json:"through,omitempty"` // nodes that the dataset came through
	Name     string    `json:"name"`
	Mark     string    `json:"mark"`               // what the catalogue says of its state; "" if nothing
	Done     string    `json:"done,omitempty"`     // the mark that was last taken in
	ETag     string    `json:"etag,omitempty"`     // of the bytes that were last taken in
	Modified string    `json:"modified,omitempty"` // Last-Modified of these
	Sum      string    `json:"sum,omitempty"`      // SHA-256 of these
	Pivot    bool      `json:"pivot"`              // it is one
	Deposit  string    `json:"deposit,omitempty"`
	Error    string    `json:"error,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Gone     bool      `json:"gone,omitempty"` // its dataset names it no more
}

// due reports whether the file is to be asked for: it was never taken in, failed,
// changed by its catalogue's word, or the catalogue has no word on it.
func (f file) due() bool {
	return !f.Gone && (f.At.IsZero() || f.Error != "" || f.Mark == "" || f.Mark != f.Done)
}

// Rules of the files of a source; their words are in the table of texts.
const (
	RuleFile      = "harvest-file"       // a file cannot be fetched
	RuleFileBad   = "harvest-file-bad"   // a pivot file that is refused
	RuleFileOther = "harvest-file-other" // announced as a pivot file, and is none
)

// Rules lists them.
func Rules() []string { return []string{RuleFile, RuleFileBad, RuleFileOther} }

// about finds in what is said of a dataset or file that contracts may be in it.
var about = regexp.MustCompile(`(?i)\bdecp\b|decp[-_]|[-_]decp|format-commande-publique|march[eé]s?[ _-]*publics?|commande[ _-]*publique|donn[eé]es[ _-]*essentielles|contrats?[ _-]*(de[ _-]*)?concession|profil[ _-]*d.?acheteur`)

// schemaName says that a file conforms to the legal format.
var schemaName = regexp.MustCompile(`(?i)format-commande-publique|139bercy|/decp`)

// formatsWanted are the formats of pivot files, the one that loses least first.
var formatsWanted = []catalog.Format{catalog.JSON, catalog.XML, catalog.CSV, catalog.XLSX}

// note looks for pivot files among those of a dataset.
func (v *visiting) note(d rdf.Found) {
	named := map[string]bool{}
	// A node of ours that lists each buyer's years has no need of its sums.
	sum := strings.Contains(d.Dataset.Identifier, "-decp-consolide") && strings.HasPrefix(path.Base(pathOf(v.s.URL)), "all")
	if v.s.Files && !sum {
		for _, x := range candidates(d.Dataset) {
			address := x.DownloadURL
			if address == "" {
				address = x.AccessURL
			}
			named[address] = true
			f := v.files[address]
			f.Dataset, f.Gone, f.Mark, f.Through = d.Key, false, markOf(x, d.Dataset), d.Through
			if f.Name = path.Base(pathOf(address)); f.Name == "/" || f.Name == "." {
				f.Name = x.Title.French
			}
			v.files[address] = f
		}
	}
	for address, f := range v.files {
		if f.Dataset == d.Key && !named[address] && !f.Gone {
			f.Gone = true
			v.files[address] = f
		}
	}
}

// candidates are the files of a dataset that may be pivot files, the same content
// in one format only.
func candidates(d catalog.Dataset) []catalog.Distribution {
	said := d.Title.French + " " + d.Title.English + " " + d.Identifier
	for _, k := range d.Keywords {
		said += " " + k.French + " " + k.English
	}
	conforms := func(list []catalog.Standard) bool {
		return slices.ContainsFunc(list, func(s catalog.Standard) bool { return schemaName.MatchString(s.IRI) })
	}
	best := map[string]catalog.Distribution{}
	rank := func(f catalog.Distribution) int {
		i := slices.Index(formatsWanted, f.Format)
		if i < 0 {
			i = len(formatsWanted)
		}
		if !conforms(f.ConformsTo) {
			i += 10 // what says that it conforms comes first
		}
		return i
	}
	for _, f := range d.Distributions {
		address := f.DownloadURL
		if address == "" {
			address = f.AccessURL
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			continue
		}
		if f.Format == "" {
			f.Format = catalog.FormatOf(path.Ext(u.Path))
		}
		wanted := slices.Contains(formatsWanted, f.Format) || f.Format == "" && f.FormatName == "" && f.DownloadURL != ""
		if !wanted || !conforms(f.ConformsTo) && !conforms(d.ConformsTo) && !about.MatchString(said+" "+f.Title.French+" "+f.Title.English+" "+pathOf(address)) {
			continue
		}
		stem := u.Host + strings.TrimSuffix(u.Path, path.Ext(u.Path))
		if old, ok := best[stem]; !ok || rank(f) < rank(old) {
			best[stem] = f
		}
	}
	var out []catalog.Distribution
	for _, stem := range slices.Sorted(maps.Keys(best)) {
		out = append(out, best[stem])
	}
	return out
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}

// markOf is what a catalogue says of a file's state: it changes when the file does.
func markOf(f catalog.Distribution, d catalog.Dataset) string {
	at := f.Modified
	if at.IsZero() {
		at = d.Modified
	}
	switch {
	case f.SHA256 != "":
		return f.SHA256
	case !at.IsZero():
		return at.Format(time.RFC3339) + " " + strconv.FormatInt(f.ByteSize, 10)
	}
	return ""
}

// fetchFiles takes in the files that are due.
func (v *visiting) fetchFiles(ctx context.Context) error {
	v.s.Pivot = 0
	for _, address := range slices.Sorted(maps.Keys(v.files)) {
		f := v.files[address]
		if f.due() {
			v.s.Requests++
			f = v.fetchFile(ctx, address, f)
			if err := ctx.Err(); err != nil {
				return err
			}
			v.files[address] = f
		}
		switch {
		case f.Gone:
		case f.Error != "":
			v.problem(catalog.Error, RuleFile, address, f.Error)
		case !f.Pivot && strings.HasPrefix(f.Dataset, "http"):
			v.problem(catalog.Warning, RuleFileOther, address, "")
		}
		if f.Pivot && !f.Gone {
			v.s.Pivot++
		}
	}
	return v.h.DB.Update(func(tx store.Tx) error { return keep(tx, fileBucket, v.s.ID, v.files, nil) })
}

// fetchFile asks for one file and, if it has changed and is a pivot file, deposits
// it. What fails is asked for again at the next visit.
func (v *visiting) fetchFile(ctx context.Context, address string, f file) file {
	fail := func(err error) file {
		f.Error, f.At = err.Error(), v.now
		return f
	}
	doc, err := v.h.Fetch.Fetch(ctx, follow.Wanted{URL: address, ETag: f.ETag, Modified: f.Modified, From: v.h.From, Limit: v.h.MaxBytes})
	if err != nil {
		return fail(err)
	}
	defer doc.Close()
	done := func() file {
		f.Error, f.At, f.Done, f.ETag, f.Modified = "", v.now, f.Mark, doc.ETag, doc.Modified
		return f
	}
	if doc.Unchanged {
		return done()
	}
	if err := os.MkdirAll(v.h.Dir, 0o700); err != nil {
		return fail(err)
	}
	tmp, err := os.CreateTemp(v.h.Dir, "file-*")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = errors.Join(tmp.Close(), os.Remove(tmp.Name())) }()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(tmp, sum), doc); err != nil {
		return fail(err)
	}
	if text := hex.EncodeToString(sum.Sum(nil)); text == f.Sum {
		return done()
	} else if f.Pivot, err = isPivot(tmp, v.h.MaxBytes); err != nil {
		return fail(err)
	} else if !f.Pivot {
		f.Sum = text
		return done()
	} else {
		rep, err := v.h.Deposit(ctx, deposit.Request{Name: f.Name, Series: entry.HarvestSeries(v.s.ID, f.Through)}, tmp)
		if err != nil {
			return fail(err)
		}
		if f.Deposit = rep.ID; rep.Problem != nil {
			v.problem(catalog.Error, RuleFileBad, address, rep.Problem.Rule)
		}
		f.Sum = text
	}
	return done()
}

// isPivot reads the beginning of a file: it is a pivot file if records can be read
// from it. The file is left at its start.
func isPivot(f *os.File, most int64) (bool, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	found := false
	for item, err := range pivot.NewReader(f, pivot.Limits{File: most}).Items() {
		if err != nil {
			break // a file that breaks off later is a pivot file all the same
		}
		if found = item.Record.Buyer != "" || item.Record.ID != ""; found {
			break
		}
	}
	_, err := f.Seek(0, io.SeekStart)
	return found, err
}
