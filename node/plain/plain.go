// Package plain keeps a site as plain files in a folder, for people who upload it to web
// space that only hands out files.
//
// The files come as a stream ([Sender]), so that a running node can send them to whoever
// may write to the folder, and neither side holds more than one small file in memory.
// [Receive] writes them: a file appears whole or not at all; one whose bytes are those of
// before is not touched, so that its time stays and programs that upload by time send
// little; and what an earlier run wrote and this one did not is deleted, once everything
// has come. What others put in the folder is never touched: a list ([ManifestName]) says
// what is ours.
package plain

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"path/filepath"
	"strconv"
	"strings"
)

// The stream is MIME multipart with a fixed boundary before random bytes of its own; a
// part's name is in nameHeader. The last part has no name: it says that all has come, or
// why not. How many files left out is in leftHeader.
const (
	nameHeader  = "Maillon-File"
	errorHeader = "Maillon-Error"
	leftHeader  = "Maillon-Left-Out"
)

// A Sender writes the stream.
type Sender struct {
	parts *multipart.Writer
}

// NewSender begins a stream. The reader learns the boundary from its first line.
func NewSender(w io.Writer) *Sender { return &Sender{multipart.NewWriter(w)} }

// Create begins a file; what is written to it comes before the next Create.
func (s *Sender) Create(name string) (io.Writer, error) {
	if !valid(name) {
		return nil, fmt.Errorf("%q is no name of a file in a folder", name)
	}
	return s.parts.CreatePart(textproto.MIMEHeader{nameHeader: {name}})
}

// Close ends the stream: with the error for which it is not whole, or with how many files
// were left out since what they were of had gone.
func (s *Sender) Close(left int, failed error) error {
	h := textproto.MIMEHeader{leftHeader: {strconv.Itoa(left)}}
	if failed != nil {
		h.Set(errorHeader, strings.Join(strings.Fields(failed.Error()), " "))
	}
	if _, err := s.parts.CreatePart(h); err != nil {
		return err
	}
	return s.parts.Close()
}

// valid reports whether a name stays in the folder, and is not one of ours.
func valid(name string) bool {
	return filepath.IsLocal(filepath.FromSlash(name)) && !strings.ContainsAny(name, "\\\r\n\x00") && !strings.HasSuffix(name, "/") &&
		name != ManifestName && !strings.HasPrefix(name[strings.LastIndexByte(name, '/')+1:], tempPrefix)
}

// ErrCut: the other side stopped before the end.
var ErrCut = errors.New("the files stopped coming before the last one")

// maxBoundary bounds the first line of a stream.
const maxBoundary = 100

// A stream is read file by file.
type stream struct{ parts *multipart.Reader }

func newStream(r io.Reader) (*stream, error) {
	var first []byte
	for one := make([]byte, 1); ; {
		if _, err := io.ReadFull(r, one); err != nil {
			return nil, errors.Join(ErrCut, err)
		}
		first = append(first, one[0])
		if one[0] == '\n' {
			break
		}
		if len(first) > maxBoundary {
			return nil, errors.New("not a stream of files")
		}
	}
	boundary, ok := strings.CutPrefix(strings.TrimRight(string(first), "\r\n"), "--")
	if !ok || boundary == "" {
		return nil, errors.New("not a stream of files")
	}
	return &stream{multipart.NewReader(io.MultiReader(strings.NewReader(string(first)), r), boundary)}, nil
}

// next is the next file; nil, and how many were left out, at the end.
func (s *stream) next() (file *multipart.Part, left int, err error) {
	p, err := s.parts.NextRawPart()
	if err != nil {
		return nil, 0, errors.Join(ErrCut, err)
	}
	name := p.Header.Get(nameHeader)
	switch {
	case name == "" && p.Header.Get(errorHeader) != "":
		return nil, 0, errors.New(p.Header.Get(errorHeader))
	case name == "":
		left, err := strconv.Atoi(p.Header.Get(leftHeader))
		return nil, left, err
	case !valid(name):
		return nil, 0, fmt.Errorf("%q is no name of a file in a folder", name)
	}
	return p, 0, nil
}
