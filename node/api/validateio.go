package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"maillon/catalog/pivot"
	"maillon/node/deposit"
)

// errNoFile: the request holds no file.
var errNoFile = errors.New("no file was sent: put it in the body, or in the field \"file\" of a form")

// How long a file may take, and how many fields may stand before it in a form.
const (
	uploadQuiet  = time.Minute // without a byte, in either direction
	uploadFields = 16
	uploadField  = 1 << 10 // bytes of one field
	uploadSlack  = 1 << 20 // bytes of a form beside its file
)

// An upload is a file on its way in.
type upload struct {
	file   *bufio.Reader
	fields url.Values // of the query, and of the form up to its file
	limit  int64      // bytes of the file, as received and after decompression
	duplex bool       // whether the answer may begin before the file has ended
	body   *pacedBody
}

// openUpload finds the file in a request: its body, or the field "file" of a
// form. The fields of a form count if they stand before its file. Errors are
// an unknown coding, a file that is missing, empty or said to be too large,
// and a form that cannot be read.
func (s *Server) openUpload(w http.ResponseWriter, r *http.Request) (*upload, error) {
	up := &upload{fields: r.URL.Query(), limit: s.mostChecked()}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := err == nil && kind == "multipart/form-data"
	most := up.limit
	if form {
		most += uploadSlack
	}
	if err := uploadCoding(r.Header.Get("Content-Encoding"), form); err != nil {
		return nil, err
	}
	if r.ContentLength > most {
		return nil, &http.MaxBytesError{Limit: up.limit}
	}
	// The reader below ends a file that is too large with a problem of its
	// own; this bound is for what is not text at all.
	r.Body = http.MaxBytesReader(w, r.Body, up.limit+uploadSlack)
	conn := http.NewResponseController(w)
	up.duplex = r.ProtoMajor >= 2 || conn.EnableFullDuplex() == nil
	up.body = &pacedBody{ctx: r.Context(), src: r.Body, conn: conn, end: time.Now().Add(validateMost)}
	file := io.Reader(up.body)
	if form {
		r.Body = io.NopCloser(up.body)
		if file, err = up.openForm(r); err != nil {
			up.close()
			return nil, err
		}
	}
	up.file = bufio.NewReaderSize(file, 32<<10)
	if _, err := up.file.Peek(1); errors.Is(err, io.EOF) {
		up.close()
		return nil, errNoFile
	}
	return up, nil
}

func uploadCoding(coding string, form bool) error {
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "", "identity":
		return nil
	case "gzip", "x-gzip", "zstd": // the reader sees which one it is
		if !form {
			return nil
		}
	}
	return errCoding
}

// openForm reads a form up to its file.
func (up *upload) openForm(r *http.Request) (io.Reader, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", deposit.ErrUpload, err)
	}
	for range uploadFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, errNoFile
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", deposit.ErrUpload, err)
		}
		if part.FormName() == "file" {
			if up.fields.Get("name") == "" {
				up.fields.Set("name", uploadName(part))
			}
			return part, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, uploadField))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", deposit.ErrUpload, err)
		}
		up.fields.Set(part.FormName(), string(value))
	}
	return nil, errNoFile
}

// uploadName is the name of a form's file, cut to what is accepted.
func uploadName(part *multipart.Part) string {
	name := part.FileName()
	if len(name) > validateName {
		name = strings.ToValidUTF8(name[:validateName], "")
	}
	return name
}

func (up *upload) reader() *pivot.Reader {
	return pivot.NewReader(up.file, pivot.Limits{File: up.limit})
}

// drain takes what is left of a request that was judged before its end: many
// clients read no answer while they are still sending.
func (up *upload) drain() {
	_, _ = io.Copy(io.Discard, up.body) // the answer does not depend on it
}

// close gives the connection back without deadlines.
func (up *upload) close() {
	_ = up.body.conn.SetReadDeadline(time.Time{})  // not every connection has them
	_ = up.body.conn.SetWriteDeadline(time.Time{}) // as above
}

// A pacedBody ends a request that stalls, that lasts too long or whose sender
// is gone.
type pacedBody struct {
	ctx  context.Context
	src  io.Reader
	conn *http.ResponseController
	end  time.Time
	err  error
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if b.err == nil {
		b.err = b.ctx.Err()
	}
	if b.err != nil {
		return 0, b.err
	}
	next := time.Now().Add(uploadQuiet)
	if next.After(b.end) {
		next = b.end
	}
	_ = b.conn.SetReadDeadline(next) // not every connection has one
	var n int
	if n, b.err = b.src.Read(p); b.err != nil {
		_ = b.conn.SetReadDeadline(time.Time{}) // or it would end the request
	}
	return n, b.err
}

// Bounds of an outLine.
const (
	outChunk = 256 << 10
	outHeld  = 16 << 20 // bytes held, compressed where there are many
	outPlain = 4        // chunks held as they are
)

// An outLine writes an answer beside the reading of its request. Many clients
// read nothing before they have sent everything: if the reading waited for
// such a client, neither would ever go on. What the client does not take yet
// is held in memory, compressed; only beyond outHeld does Write wait.
type outLine struct {
	w    http.ResponseWriter
	pack *zstd.Encoder
	done chan struct{}

	mu     sync.Mutex
	news   sync.Cond
	chunks []outPart
	held   int
	open   bool // more may come
	begin  bool // the answer may begin
	err    error
}

type outPart struct {
	raw    []byte
	packed bool
}

// newOutLine starts writing to w; where duplex is false it holds everything
// until close.
func newOutLine(w http.ResponseWriter, duplex bool) *outLine {
	l := &outLine{w: w, done: make(chan struct{}), open: true, begin: duplex}
	l.news.L = &l.mu
	go l.run()
	return l
}

// Write takes a copy of p.
func (l *outLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.err == nil && l.begin && l.held > outHeld {
		l.news.Wait()
	}
	if l.err == nil && l.held > outHeld {
		l.err = errors.New("the answer is too large to be held until the file has ended")
	}
	if l.err != nil {
		return 0, l.err
	}
	last := len(l.chunks) - 1
	if last >= 0 && !l.chunks[last].packed && len(l.chunks[last].raw)+len(p) <= outChunk {
		l.chunks[last].raw = append(l.chunks[last].raw, p...)
	} else {
		if last >= outPlain {
			l.compress(&l.chunks[last])
		}
		l.chunks = append(l.chunks, outPart{raw: append(make([]byte, 0, max(len(p), 64<<10)), p...)})
	}
	l.held += len(p)
	l.news.Broadcast()
	return len(p), nil
}

// compress makes a chunk smaller that has to wait.
func (l *outLine) compress(part *outPart) {
	if l.pack == nil {
		var err error
		if l.pack, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
			return // it stays as it is
		}
	}
	small := l.pack.EncodeAll(part.raw, nil)
	l.held += len(small) - len(part.raw)
	part.raw, part.packed = small, true
}

// close says that nothing more comes, or why the answer breaks off, and waits
// until everything is written or the client is gone.
func (l *outLine) close(err error) {
	l.mu.Lock()
	l.open, l.begin = false, true
	if l.err == nil {
		l.err = err
	}
	l.news.Broadcast()
	l.mu.Unlock()
	<-l.done
}

// next takes the oldest chunk; false when there will be no more.
func (l *outLine) next() (outPart, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.err == nil && l.open && (!l.begin || len(l.chunks) == 0) {
		l.news.Wait()
	}
	if l.err != nil || len(l.chunks) == 0 {
		return outPart{}, false
	}
	part := l.chunks[0]
	l.chunks = l.chunks[1:]
	l.held -= len(part.raw)
	l.news.Broadcast()
	return part, true
}

func (l *outLine) run() {
	defer close(l.done)
	conn := http.NewResponseController(l.w)
	for {
		part, ok := l.next()
		if !ok {
			return
		}
		if err := l.send(conn, part); err != nil {
			l.mu.Lock()
			l.err, l.chunks = err, nil
			l.news.Broadcast()
			l.mu.Unlock()
			return
		}
	}
}

func (l *outLine) send(conn *http.ResponseController, part outPart) error {
	if part.packed {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<20))
		if err != nil {
			return err
		}
		defer z.Close()
		if part.raw, err = z.DecodeAll(part.raw, nil); err != nil {
			return err
		}
	}
	_ = conn.SetWriteDeadline(time.Now().Add(validateMost)) // not every connection has one
	if _, err := l.w.Write(part.raw); err != nil {
		return err
	}
	return ignoreUnsupported(conn.Flush())
}

func ignoreUnsupported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
