package shelf

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"

	"maillon/catalog/pivot"
	"maillon/store/whole"
)

// build writes the files of one dataset and puts it on the shelf.
func (s *Shelf) build(ctx context.Context, d Dataset) error {
	dir := filepath.Join(s.Dir, d.ID)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	counts, err := s.survey(ctx, &d)
	if err != nil {
		return err
	}
	if d.Through, err = s.Views.HarvestedThrough(s.Node, d.Buyer, d.Year); err != nil {
		return err
	}
	for _, f := range formats {
		n := counts[f.gen]
		if f.gen == 0 {
			n = counts[pivot.Gen1] + counts[pivot.Gen2]
		}
		if f.content == "complet" {
			n = d.Total
		}
		if n == 0 {
			continue
		}
		file := File{Name: f.name, Format: f.format, Content: f.content, Gen: int(f.gen), Media: f.media, Records: n, Modified: d.Modified}
		if err := s.write(ctx, d, dir, &file); err != nil {
			return err
		}
		d.Files = append(d.Files, file)
	}
	if err := s.keep(d); err != nil {
		return err
	}
	return removeOthers(dir, d.Files)
}

// onDisk is the name of a file in its folder. It says which content it is, so that a
// file and what is announced of it cannot be of different times.
func (f *File) onDisk() string {
	const enough = 16
	return f.SHA256[:min(enough, len(f.SHA256))] + "-" + f.Name
}

// survey counts the conforming contracts of each generation and notes the
// dates that the dataset spans.
func (s *Shelf) survey(ctx context.Context, d *Dataset) (map[pivot.Generation]int, error) {
	counts := map[pivot.Generation]int{}
	var err error
	if d.Newest, err = s.Views.Newest(d.Buyer, d.Year); err != nil {
		return nil, err
	}
	for c, err := range s.Views.PartitionContracts(ctx, d.Buyer, d.Year) {
		if err != nil {
			return nil, err
		}
		d.Total++
		if d.Issued.IsZero() || c.ReceivedAt.Before(d.Issued) {
			d.Issued = c.ReceivedAt
		}
		if d.Name == "" {
			d.Name = c.Contract.Buyer.Name
		}
		if at := c.Contract.Notified; len(at) == len("2006-01-02") {
			if d.First == "" || at < d.First {
				d.First = at
			}
			d.Last = max(d.Last, at)
		}
		if c.State == pivot.Conforming && !c.Withdrawn {
			d.Conform++
		}
		if legal(c) {
			counts[c.Contract.Generation]++
		}
	}
	return counts, nil
}

// write makes one file and its gzip copy, both whole before either is seen.
func (s *Shelf) write(ctx context.Context, d Dataset, dir string, f *File) error {
	path := filepath.Join(dir, "new-"+f.Name) // its name follows from its content
	plain, err := whole.Create(path, 0o640)
	if err != nil {
		return err
	}
	defer func() { _ = plain.Cleanup() }()
	packed, err := whole.Create(path+".gz", 0o640)
	if err != nil {
		return err
	}
	defer func() { _ = packed.Cleanup() }()
	zip, err := gzip.NewWriterLevel(packed, gzip.DefaultCompression)
	if err != nil {
		return err
	}
	sum := sha256.New()
	size := &counter{}
	out := bufio.NewWriterSize(io.MultiWriter(plain, sum, zip, size), 64<<10)
	var failed error
	if err := s.encode(ctx, out, d, f, &failed); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	info, err := packed.Stat()
	if err != nil {
		return err
	}
	f.Size, f.Gzipped, f.SHA256 = size.n, info.Size(), hex.EncodeToString(sum.Sum(nil))
	if err := errors.Join(packed.CloseAtomicallyReplace(), plain.CloseAtomicallyReplace()); err != nil {
		return err
	}
	final := filepath.Join(dir, f.onDisk())
	return errors.Join(os.Rename(path+".gz", final+".gz"), os.Rename(path, final))
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// encode writes the contracts of the dataset in the file's format. What the
// views say went wrong on the way is left in *failed.
func (s *Shelf) encode(ctx context.Context, w io.Writer, d Dataset, f *File, failed *error) error {
	all := func(yield func(pivot.Complete) bool) {
		for c, err := range s.Views.PartitionContracts(ctx, d.Buyer, d.Year) {
			if err != nil {
				*failed = err
				return
			}
			if !yield(c) {
				return
			}
		}
	}
	if f.Content == "complet" {
		return pivot.WriteComplet(w, all)
	}
	legal := conforming(all, pivot.Generation(f.Gen))
	switch f.Format {
	case "JSON":
		return pivot.WriteJSON(w, pivot.Generation(f.Gen), legal)
	case "XML":
		return pivot.WriteXML(w, pivot.Generation(f.Gen), legal)
	case "CSV":
		return pivot.WriteCSV(w, legal)
	}
	return fmt.Errorf("no writer for %s", f.Format)
}

// conforming yields the contracts of the content décret: those that the
// official schema accepts, of one generation or, for 0, of both.
func conforming(all iter.Seq[pivot.Complete], gen pivot.Generation) iter.Seq[pivot.Contract] {
	return func(yield func(pivot.Contract) bool) {
		for c := range all {
			if !legal(c) || gen != 0 && c.Contract.Generation != gen {
				continue
			}
			if !yield(c.Contract) {
				return
			}
		}
	}
}

// legal reports whether a contract belongs to the content décret, whose files name
// the schema that they conform to. What only 2.0.0 accepts does not: that version has
// a layout and values of its own, which the later schemas of the same file refuse; nor
// what only versions before 1.5.0 accept.
func legal(c pivot.Complete) bool {
	return c.State == pivot.Conforming && !c.Withdrawn && c.Schema != pivot.V200 && (c.Contract.Generation != pivot.Gen1 || c.Schema == pivot.V150)
}

// removeOthers deletes files that the dataset has no more.
func removeOthers(dir string, files []File) error {
	keep := map[string]bool{}
	for _, f := range files {
		keep[f.onDisk()], keep[f.onDisk()+".gz"] = true, true
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range there {
		if !keep[e.Name()] {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
