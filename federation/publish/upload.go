package publish

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// upload sends a file to an endpoint and returns the resource that it became. found
// is as in [call], nil where sending twice does no harm.
func (c *Client) upload(ctx context.Context, path string, f File, found func(context.Context) (Resource, bool, error)) (Resource, error) {
	r, err := f.Open()
	if err != nil {
		return Resource{}, fmt.Errorf("send %s: %w", f.Key, err)
	}
	defer r.Close()
	part := c.Part
	if part <= 0 {
		part = DefaultPart
	}
	for {
		res, err := c.uploadIn(ctx, path, sending{f, r, part, found})
		if refused, ok := errors.AsType[*RefusedError](err); ok && refused.Status == http.StatusRequestEntityTooLarge && part > leastPart {
			part = max(part/2, leastPart)
			continue
		}
		return res, err
	}
}

// sending is one file on its way.
type sending struct {
	File
	r     io.ReadSeeker
	part  int64
	found func(context.Context) (Resource, bool, error)
}

// last is the request after which the file is a resource.
func (s sending) last(path, what string, out *Resource, body func() (io.Reader, string, error)) call {
	k := call{method: http.MethodPost, path: path, what: what, into: out, body: body}
	if s.found != nil {
		k.found = func(ctx context.Context) (ok bool, err error) {
			r, ok, err := s.found(ctx)
			if ok {
				*out = r
			}
			return ok, err
		}
	}
	return k
}

// uploadIn sends a file in one piece, or in parts and then the word that they are
// one file.
func (c *Client) uploadIn(ctx context.Context, path string, s sending) (out Resource, err error) {
	f, r, part := s.File, s.r, s.part
	if f.Size <= part {
		err = c.do(ctx, s.last(path, "send "+f.Key, &out, func() (io.Reader, string, error) {
			if _, err := r.Seek(0, io.SeekStart); err != nil {
				return nil, "", err
			}
			return form(nil, f, io.LimitReader(r, f.Size), f.Size)
		}))
		return out, err
	}
	parts := (f.Size + part - 1) / part
	fields := map[string]string{"uuid": uuidOf(f, part), "filename": f.name(), "totalparts": strconv.FormatInt(parts, 10), "totalfilesize": strconv.FormatInt(f.Size, 10)}
	for i := range parts {
		at := i * part
		size := min(part, f.Size-at)
		one := map[string]string{"partindex": strconv.FormatInt(i, 10), "partbyteoffset": strconv.FormatInt(at, 10), "chunksize": strconv.FormatInt(size, 10)}
		for k, v := range fields {
			one[k] = v
		}
		err := c.do(ctx, call{method: http.MethodPost, path: path, what: fmt.Sprintf("send part %d of %d of %s", i+1, parts, f.Key), body: func() (io.Reader, string, error) {
			if _, err := r.Seek(at, io.SeekStart); err != nil {
				return nil, "", err
			}
			return form(one, f, io.LimitReader(r, size), size)
		}})
		if err != nil {
			return out, err
		}
	}
	err = c.do(ctx, s.last(path, "put the parts of "+f.Key+" together", &out, func() (io.Reader, string, error) {
		return form(fields, f, nil, 0)
	}))
	return out, err
}

// uuidOf names an upload in parts, the same whenever it is tried again: a part that
// is sent twice replaces itself.
func uuidOf(f File, part int64) string {
	sum := sha256.Sum256([]byte(f.Key + "\x00" + f.SHA256 + "\x00" + strconv.FormatInt(part, 10)))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // RFC 9562, version 8
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// form is a multipart form with fields and, if content is not nil, a file that is
// streamed.
func form(fields map[string]string, f File, content io.Reader, size int64) (io.Reader, string, error) {
	var head, tail strings.Builder
	w := multipart.NewWriter(&head)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			return nil, "", err
		}
	}
	if content == nil {
		err := w.Close()
		return strings.NewReader(head.String()), w.FormDataContentType(), err
	}
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", multipart.FileContentDisposition("file", f.name()))
	h.Set("Content-Type", f.MediaType)
	if _, err := w.CreatePart(h); err != nil {
		return nil, "", err
	}
	start := head.Len()
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	all := head.String()
	tail.WriteString(all[start:])
	short := &exact{r: content, left: size}
	whole := io.MultiReader(strings.NewReader(all[:start]), short, strings.NewReader(tail.String()))
	return sized{whole, int64(len(all)) + size}, w.FormDataContentType(), nil
}

// sized is a body of known length: many servers take no other.
type sized struct {
	io.Reader
	bytes int64
}

// errChanged: a file is not what it was when its size and hash were taken.
var errChanged = errors.New("the file changed while it was sent: publish again")

// exact is a reader that must yield left bytes.
type exact struct {
	r    io.Reader
	left int64
}

func (e *exact) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		return n, errChanged
	}
	return n, err
}
