package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// A Wanted is a document of a server that is no node: a page of a foreign
// catalogue, a file that one names.
type Wanted struct {
	URL      string
	ETag     string // of the copy at hand; "" for none
	Modified string // Last-Modified of the copy at hand
	Accept   string
	From     string // e-mail of whoever runs this node, for the server's operator
	Limit    int64  // bytes, after decompression
}

// A Document is the answer to a [Wanted]. Close it.
type Document struct {
	io.Reader
	URL         string // where it was found, after redirections
	Unchanged   bool   // the copy at hand is good: there is nothing to read
	ETag        string
	Modified    string
	ContentType string
	Header      http.Header
	a           *answer
}

// Close gives the connection back.
func (d *Document) Close() { d.a.Close() }

// maxRedirects bounds a chain of redirections.
const maxRedirects = 5

// checkRedirect follows a few redirections, and none from https to http.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("%w: more than %d in a row", ErrRedirect, maxRedirects)
	}
	if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("%w: from https to %s", ErrRedirect, req.URL.Redacted())
	}
	return checkURL(req.URL.String())
}

// Fetch asks for a document. What it says of the bounds of a server in [Follow]
// holds here too, but a few redirections are followed, each to a public address.
func (c *Client) Fetch(ctx context.Context, w Wanted) (*Document, error) {
	s := &session{c: c, base: w.URL, left: c.o.MaxBytes}
	header := map[string]string{}
	for name, value := range map[string]string{"If-None-Match": w.ETag, "If-Modified-Since": w.Modified, "Accept": w.Accept, "From": w.From} {
		if value != "" {
			header[name] = value
		}
	}
	a, err := s.do(ctx, request{url: w.URL, header: header, limit: w.Limit, packed: true, loose: true})
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusNotModified && w.ETag+w.Modified != "" {
		return &Document{Reader: http.NoBody, URL: w.URL, Unchanged: true, ETag: w.ETag, Modified: w.Modified, Header: a.resp.Header, a: a}, nil
	}
	if err != nil {
		if a != nil {
			a.Close()
		}
		return nil, err
	}
	h := a.resp.Header
	return &Document{
		Reader: a, URL: a.resp.Request.URL.String(), ETag: h.Get("ETag"), Modified: h.Get("Last-Modified"),
		ContentType: h.Get("Content-Type"), Header: h, a: a,
	}, nil
}
