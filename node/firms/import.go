package firms

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"maillon/catalog/sirene"
	"maillon/node/tables"
)

// mostKept bounds the rows of one table: three times the establishments that all
// contracts of the country name.
const mostKept = 3_000_000

// ErrMany: more is asked for than a table holds.
var ErrMany = errors.New("too many numbers for one table")

// Import reads a stock file of INSEE, plain, in gzip or in a zip of its own, and puts
// the rows of the numbers met (SIRET) in place of the table of before, in one step: a
// reader sees either. Memory grows with what is kept, not with the file.
func Import(ctx context.Context, dir, name string, met []string, now time.Time) (sirene.Source, error) {
	in, err := open(name)
	if err != nil {
		return sirene.Source{}, err
	}
	defer in.Close()
	wanted := map[sirene.Kind]map[uint64]struct{}{sirene.Establishments: {}, sirene.Units: {}}
	for _, siret := range met {
		if n, ok := sirene.Number(siret); ok && len(siret) == 14 {
			wanted[sirene.Establishments][n] = struct{}{}
			wanted[sirene.Units][sirene.Unit(n)] = struct{}{}
		}
	}
	var rows []sirene.Row
	stats, err := sirene.Read(tables.Until(ctx, in),
		func(k sirene.Kind, n uint64) bool { _, ok := wanted[k][n]; return ok },
		func(r sirene.Row) error {
			if len(rows) == mostKept {
				return ErrMany
			}
			rows = append(rows, r)
			return nil
		})
	if err != nil {
		return sirene.Source{}, fmt.Errorf("%s: %w", name, err)
	}
	src := sirene.Source{Stats: stats, File: filepath.Base(name), Imported: now.UTC().Truncate(time.Second), Met: len(wanted[stats.Kind])}
	return src, tables.Put(dir, src.Kind, func(w io.Writer) error { return sirene.WriteTable(w, src, rows) })
}

// open opens a file by what it begins with: gzip, zip, else as it is.
func open(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	in, err := unpack(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{in, f}, nil
}

func unpack(f *os.File) (io.Reader, error) {
	b := bufio.NewReaderSize(f, 1<<20)
	head, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case strings.HasPrefix(string(head), "\x1f\x8b"):
		return gzip.NewReader(b)
	case string(head) != "PK\x03\x04":
		return b, nil
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, err
	}
	var only *zip.File
	for _, e := range z.File {
		if strings.EqualFold(filepath.Ext(e.Name), ".csv") {
			if only != nil {
				return nil, fmt.Errorf("the zip holds several tables (%s, %s): give one at a time", only.Name, e.Name)
			}
			only = e
		}
	}
	if only == nil {
		return nil, errors.New("the zip holds no .csv")
	}
	return only.Open()
}
