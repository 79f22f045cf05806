// Package backup writes what a node cannot make again into one archive, and puts
// it back.
//
// An archive is a tar compressed by zstd: the store as one unchanging state, the
// deposited files, and last a manifest with the size and SHA-256 of each. Secret
// keys are never in it: they go apart, encrypted with a passphrase (age format), so
// that an archive may lie on a disk that others read. Nothing is put back before all
// of an archive has been read and found as its manifest says.
package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Version is that of the archive's format. A program refuses one that is newer.
const Version = 1

// A Manifest says what an archive holds. It is its last member.
type Manifest struct {
	Version int       `json:"version"`
	Node    string    `json:"node"` // node id
	URL     string    `json:"url"`
	Program string    `json:"program"` // version of the program that wrote it
	At      time.Time `json:"at"`
	Journal uint64    `json:"journal"` // entries of the node's own journal, at least
	Files   []File    `json:"files"`
}

// A File is one member of an archive.
type File struct {
	Name   string `json:"name"` // with /, relative to the node's data folder
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

const manifestName = "manifest.json"

// Limits of an archive that is read.
const (
	maxFiles    = 1_000_000
	maxManifest = 512 << 20
	maxTotal    = 4 << 40
)

// ErrArchive: what is read is no archive of a node, or a damaged one.
var ErrArchive = errors.New("not a backup of maillon, or a damaged one: nothing was changed")

// A Writer writes an archive.
type Writer struct {
	z *zstd.Encoder
	t *tar.Writer
	m Manifest
}

// NewWriter begins an archive. m says of whom it is; its files are filled in.
func NewWriter(w io.Writer, m Manifest) (*Writer, error) {
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	m.Version, m.Files = Version, nil
	return &Writer{z, tar.NewWriter(z), m}, nil
}

// Add writes one member of a known size.
func (w *Writer) Add(ctx context.Context, name string, size int64, content func(io.Writer) error) error {
	head := &tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: w.m.At, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
	if err := w.t.WriteHeader(head); err != nil {
		return fmt.Errorf("back up %s: %w", name, err)
	}
	sum := sha256.New()
	if err := content(contextWriter{ctx, io.MultiWriter(w.t, sum)}); err != nil {
		return fmt.Errorf("back up %s: %w", name, err)
	}
	w.m.Files = append(w.m.Files, File{name, size, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// AddFolder writes every regular file below a folder. A file that disappears
// meanwhile is passed over: it was temporary.
func (w *Writer) AddFolder(ctx context.Context, dir, name string) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		f, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			return err
		}
		return w.Add(ctx, path.Join(name, filepath.ToSlash(rel)), st.Size(), func(out io.Writer) error {
			_, err := io.CopyN(out, f, st.Size())
			return err
		})
	})
}

// Close writes the manifest. Without it what was written is no archive.
func (w *Writer) Close() error {
	raw, err := json.Marshal(w.m)
	if err != nil {
		return err
	}
	err = w.t.WriteHeader(&tar.Header{Name: manifestName, Size: int64(len(raw)), Mode: 0o600, ModTime: w.m.At, Typeflag: tar.TypeReg, Format: tar.FormatPAX})
	if err == nil {
		_, err = w.t.Write(raw)
	}
	return errors.Join(err, w.t.Close(), w.z.Close())
}

type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c contextWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// Check reads an archive to its end and compares every member with the manifest.
func Check(ctx context.Context, r io.Reader) (Manifest, error) {
	return read(ctx, r, func(string, int64, io.Reader) error { return nil })
}

// Extract writes the members of an archive below an empty folder, and compares them
// with the manifest. On an error what it wrote is worth nothing.
func Extract(ctx context.Context, r io.Reader, dir string) (Manifest, error) {
	return read(ctx, r, func(name string, size int64, content io.Reader) error {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Sync(), f.Close())
	})
}

// read hands each member to each, then compares all with the manifest.
func read(ctx context.Context, r io.Reader, each func(name string, size int64, content io.Reader) error) (Manifest, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	defer z.Close()
	t := tar.NewReader(z)
	seen := map[string]File{}
	var total int64
	for {
		if err := ctx.Err(); err != nil {
			return Manifest{}, err
		}
		head, err := t.Next()
		if err == io.EOF {
			return Manifest{}, fmt.Errorf("%w: it ends before its manifest, as when the disk was full or the copy was cut", ErrArchive)
		}
		if err != nil {
			return Manifest{}, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		name := head.Name
		total += head.Size
		switch {
		case head.Typeflag != tar.TypeReg || !fs.ValidPath(name) || strings.Contains(name, "\\") || head.Size < 0:
			return Manifest{}, fmt.Errorf("%w: a member named %.80q", ErrArchive, name)
		case len(seen) >= maxFiles || total > maxTotal:
			return Manifest{}, fmt.Errorf("%w: more than %d files or %d bytes", ErrArchive, maxFiles, int64(maxTotal))
		case name == manifestName:
			return compare(t, head.Size, seen)
		}
		if _, twice := seen[name]; twice {
			return Manifest{}, fmt.Errorf("%w: %.80q twice", ErrArchive, name)
		}
		sum := sha256.New()
		in := &hashing{t, sum}
		if err := each(name, head.Size, in); err != nil {
			return Manifest{}, err
		}
		if _, err := io.Copy(io.Discard, in); err != nil { // what each left
			return Manifest{}, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		seen[name] = File{name, head.Size, hex.EncodeToString(sum.Sum(nil))}
	}
}

type hashing struct {
	r   io.Reader
	sum hash.Hash
}

func (h *hashing) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.sum.Write(p[:n])
	return n, err
}

// compare reads the manifest and compares it with what was read.
func compare(r io.Reader, size int64, seen map[string]File) (m Manifest, err error) {
	if size > maxManifest {
		return m, fmt.Errorf("%w: a manifest of %d bytes", ErrArchive, size)
	}
	if err := json.NewDecoder(io.LimitReader(r, size)).Decode(&m); err != nil {
		return m, fmt.Errorf("%w: its manifest: %w", ErrArchive, err)
	}
	if m.Version > Version {
		return m, fmt.Errorf("this backup was written by a newer maillon (%s): install that version or a later one; nothing was changed", m.Program)
	}
	for _, f := range m.Files {
		got, ok := seen[f.Name]
		if !ok {
			return m, fmt.Errorf("%w: %.80q is missing", ErrArchive, f.Name)
		}
		if got != f {
			return m, fmt.Errorf("%w: %.80q has changed since it was backed up", ErrArchive, f.Name)
		}
		delete(seen, f.Name)
	}
	for name := range seen {
		return m, fmt.Errorf("%w: %.80q is not in its manifest", ErrArchive, name)
	}
	return m, nil
}
