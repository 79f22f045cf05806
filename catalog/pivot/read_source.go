package pivot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// A readStop is why a file cannot be read on, other than the file's own text.
type readStop struct {
	rule, found, expected string
	cause                 error
}

func (e *readStop) Error() string { return e.rule }
func (e *readStop) Unwrap() error { return e.cause }

// failed makes the file error for an error of the sources below.
func (r *Reader) failed(err error) error {
	var stop *readStop
	if !errors.As(err, &stop) {
		stop = &readStop{rule: ruleReadFailed, cause: err}
	}
	mark := readMark{line: 1}
	if r.w != nil {
		r.w.skip(len(r.w.rest()))
		mark = r.w.mark(0)
	}
	e := r.failAt(mark, stop.rule, stop.found, stop.expected).(*FileError)
	e.cause = stop.cause
	return e
}

// open looks at the first bytes of the file and stacks up what makes them
// UTF-8 text: decompression with its limits, then decoding.
func (r *Reader) open() error {
	raw := &readRaw{src: r.src}
	in := bufio.NewReaderSize(raw, 32<<10)
	head, _ := in.Peek(4) // a shorter file is not compressed
	if raw.err != nil && len(head) < 2 {
		return raw.err
	}
	text := &readLimit{src: in, raw: raw, most: r.lim.File}
	z, err := readUnpacked(in, head)
	if err != nil {
		return readGzipError(raw, err)
	}
	if z != nil {
		text.src, text.ratio = readGzip{z, raw}, r.lim.Ratio
	}
	if z == nil && tableIsZip(head) {
		r.book = text
		return nil
	}
	src, err := r.decoded(bufio.NewReaderSize(text, 32<<10))
	if err != nil {
		return err
	}
	r.w = &readWindow{src: src}
	return nil
}

// readZstdMemory bounds the window of a zstd file, and so what it takes to
// read one.
const readZstdMemory = 32 << 20

// readUnpacked unpacks a file whose first bytes, head, say that it is
// compressed by gzip or zstd; nil if it is not.
func readUnpacked(in io.Reader, head []byte) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzip.NewReader(in)
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(readZstdMemory), zstd.WithDecoderLowmem(true))
	}
	return nil, nil
}

// decoded finds the encoding of a text by its first bytes.
func (r *Reader) decoded(in *bufio.Reader) (io.Reader, error) {
	head, err := in.Peek(512)
	if err != nil && err != io.EOF && len(head) == 0 {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		if _, err := in.Discard(3); err != nil {
			return nil, err
		}
		r.warn(ruleBOM, "", "U+FEFF")
		return in, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		r.warn(ruleOtherEncoding, "", "UTF-16")
		return transform.NewReader(in, unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder()), nil
	case !bytes.HasPrefix(head, []byte("<?xml")):
		return in, nil
	}
	name := readDeclared(head)
	coding, known := readEncodings[strings.ToLower(name)]
	switch {
	case !known:
		return nil, &readStop{rule: ruleUnknownEncoding, found: name, expected: "UTF-8"}
	case coding == nil:
		return in, nil
	}
	r.warn(ruleOtherEncoding, "", name)
	return transform.NewReader(in, coding.NewDecoder()), nil
}

// readEncodings are the encodings that an XML declaration may name; nil is UTF-8.
var readEncodings = map[string]encoding.Encoding{
	"": nil, "utf-8": nil, "utf8": nil, "us-ascii": nil, "ascii": nil,
	"iso-8859-1": charmap.Windows1252, "latin1": charmap.Windows1252, // as browsers do
	"windows-1252": charmap.Windows1252, "cp1252": charmap.Windows1252,
	"iso-8859-15": charmap.ISO8859_15, "latin9": charmap.ISO8859_15,
}

// readDeclared is the encoding that an XML declaration names, or "".
func readDeclared(head []byte) string {
	end := bytes.Index(head, []byte("?>"))
	if end < 0 {
		return ""
	}
	_, value, found := bytes.Cut(head[:end], []byte("encoding"))
	value = bytes.TrimLeft(value, " \t\r\n=")
	if !found || len(value) == 0 {
		return ""
	}
	name, _, _ := bytes.Cut(value[1:], value[:1])
	return judgeCut(name)
}

// guess reads the file as windows-1252 from where the reading stands on.
func (w *readWindow) guess() {
	left, then := bytes.NewReader(bytes.Clone(w.rest())), w.src
	if w.err != nil {
		then = readEnd{w.err}
	}
	w.src, w.err = transform.NewReader(io.MultiReader(left, then), charmap.Windows1252.NewDecoder()), nil
	w.end = w.pos
}

// A readEnd gives nothing but the error that ended a source.
type readEnd struct{ err error }

func (r readEnd) Read([]byte) (int, error) { return 0, r.err }

// A readRaw counts what comes from outside and remembers why it ended.
type readRaw struct {
	src   io.Reader
	bytes int64
	err   error // other than io.EOF
}

func (r *readRaw) Read(b []byte) (int, error) {
	n, err := r.src.Read(b)
	r.bytes += int64(n)
	if err != nil && err != io.EOF {
		r.err = &readStop{rule: ruleReadFailed, cause: err}
		err = r.err
	}
	return n, err
}

// A readGzip says what is wrong with a compressed file in the words of a readStop.
type readGzip struct {
	z   io.Reader
	raw *readRaw
}

func (r readGzip) Read(b []byte) (int, error) {
	n, err := r.z.Read(b)
	if err != nil && err != io.EOF {
		err = readGzipError(r.raw, err)
	}
	return n, err
}

func readGzipError(raw *readRaw, err error) error {
	switch {
	case raw.err != nil:
		return raw.err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &readStop{rule: ruleTruncated}
	}
	return &readStop{rule: ruleGzipDamaged, cause: err}
}

// A readLimit ends a text that is too large, or that swells too much.
type readLimit struct {
	src   io.Reader
	raw   *readRaw
	most  int64
	ratio int // 0: not compressed
	bytes int64
}

// readSwell is how large a compressed file may become whatever its ratio.
const readSwell = 8 << 20

func (r *readLimit) Read(b []byte) (int, error) {
	n, err := r.src.Read(b)
	r.bytes += int64(n)
	switch {
	case r.bytes > r.most:
		return n, &readStop{rule: ruleFileTooLarge, expected: fmt.Sprint(r.most)}
	case r.ratio > 0 && r.bytes > readSwell && r.bytes/int64(r.ratio) > r.raw.bytes:
		return n, &readStop{
			rule: ruleGzipBomb, found: fmt.Sprintf("%d / %d", r.bytes, r.raw.bytes), expected: fmt.Sprint(r.ratio),
		}
	}
	return n, err
}
