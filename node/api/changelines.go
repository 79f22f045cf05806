package api

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"maillon/store/journal"
	"maillon/store/view"
)

// A ChangeJSON is one line of changes.
type ChangeJSON struct {
	Cursor     string           `json:"cursor"`
	Change     string           `json:"change"` // added, changed, withdrawn, redacted
	Address    string           `json:"address"`
	URL        string           `json:"url"`
	Provenance ChangeProvenance `json:"provenance,omitzero"`
	// Contract is as /api/v1/contracts lists it; null if it is not listed any more.
	Contract *view.Row `json:"contract"`
	// Record is a line of the content complet.
	Record json.RawMessage `json:"record,omitempty"`
}

// A ChangeProvenance is the entry of a journal that a change comes from.
type ChangeProvenance struct {
	Node      string    `json:"node"`
	Journal   string    `json:"journal"`
	Index     uint64    `json:"index"`
	Hash      string    `json:"hash,omitempty"` // of the record that is shown
	Authority string    `json:"authority,omitempty"`
	At        time.Time `json:"at"` // when that node took the entry down
}

// A changeEnd is the last line of an answer.
type changeEnd struct {
	Cursor string `json:"cursor"`
	More   bool   `json:"more"` // there is more already
}

// The kinds of a change.
const (
	kindAdded     = "added"
	kindChanged   = "changed"
	kindWithdrawn = "withdrawn"
	kindRedacted  = "redacted"
)

// Of a stream: how many contracts are told at once, and how long a client may take to
// read them.
const (
	changesAtOnce = 200
	changesStall  = time.Minute
)

// quickGzip packs what is sent once.
var quickGzip = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for levels that are none
	return z
}}

// A changeStream is one answer.
type changeStream struct {
	s      *Server
	w      http.ResponseWriter
	r      *http.Request
	req    changeRequest
	cursor changeCursor // from which the answer starts
	page   view.ChangePage
}

func (c *changeStream) write() error {
	first, rest := c.split(c.page.Items)
	told, err := c.s.Views.Tell(c.r.Context(), first, c.req.record) // before anything is sent: its error has a status
	if err != nil {
		return err
	}
	end := c.cursor
	end.at = c.page.Last
	c.headers(end)
	if c.r.Method == http.MethodHead {
		return nil
	}
	var body io.Writer = c.w
	if c.w.Header().Get("Content-Encoding") != "" {
		z := quickGzip.Get().(*gzip.Writer)
		defer quickGzip.Put(z)
		z.Reset(c.w)
		body = z
	}
	out := bufio.NewWriterSize(body, 64<<10)
	conn := http.NewResponseController(c.w)
	defer func() { _ = conn.SetWriteDeadline(time.Time{}) }() // not every connection has one
	for {
		_ = conn.SetWriteDeadline(time.Now().Add(changesStall))
		if err := c.lines(out, told); err != nil || len(rest) == 0 && c.finish(out, body, end) != nil {
			return nil // the client is gone
		}
		if len(rest) == 0 {
			return nil
		}
		first, rest = c.split(rest)
		if told, err = c.s.Views.Tell(c.r.Context(), first, c.req.record); err != nil {
			c.s.Log.Warn().Err(err).Msg("changes were cut short")
			return nil // without its last line the answer is known to be cut
		}
	}
}

func (c *changeStream) split(list []view.Change) (first, rest []view.Change) {
	n := min(changesAtOnce, len(list))
	return list[:n], list[n:]
}

func (c *changeStream) headers(end changeCursor) {
	h := c.w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Encoding")
	v := c.r.URL.Query()
	v.Set("since", end.String())
	h.Set("Link", "<"+c.s.Self.URL+"/api/v1/changes?"+v.Encode()+`>; rel="next"`)
	if accepts(c.r, "gzip") {
		h.Set("Content-Encoding", "gzip")
	}
}

// lines writes a line for each.
func (c *changeStream) lines(out *bufio.Writer, told []view.Told) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range told {
		if err := enc.Encode(c.line(&told[i])); err != nil {
			return err
		}
	}
	return nil
}

// finish writes the last line, and all there is to be written.
func (c *changeStream) finish(out *bufio.Writer, body io.Writer, end changeCursor) error {
	if err := json.NewEncoder(out).Encode(changeEnd{end.String(), c.page.More}); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if z, ok := body.(io.Closer); ok {
		return z.Close()
	}
	return nil
}

// line is a change as it is told to whoever has seen all before the cursor of the
// answer.
func (c *changeStream) line(t *view.Told) ChangeJSON {
	at := c.cursor
	at.at = t.Seq
	out := ChangeJSON{Cursor: at.String(), Change: kindOfChange(t, c.cursor.at), Address: t.Address, URL: c.s.Self.URL + "/marches/" + t.Address}
	if t.By.Node != "" && t.What != view.Living {
		out.Provenance = ChangeProvenance{Node: t.By.Node, Journal: journal.Origin(t.By.Node, t.By.Epoch), Index: t.By.Index, At: t.At}
	} else if t.What != view.Gone {
		out.Provenance = ChangeProvenance{
			Node: t.Shown.Node, Journal: journal.Origin(t.Shown.Node, t.Shown.Epoch), Index: t.Shown.Index, Hash: t.Hash, Authority: t.Row.Authority, At: t.Received,
		}
	}
	d := c.req.query.Departement
	if t.What == view.Gone || d != "" && t.Row.Departement != d {
		out.Change = kindWithdrawn
		return out
	}
	out.Contract = &t.Row
	if c.req.record {
		out.Record = t.Record.AppendJSON(nil)
	}
	return out
}

// kindOfChange tells what a change is for a reader who has seen the diary up to a
// place.
func kindOfChange(t *view.Told, seen uint64) string {
	switch {
	case t.What == view.TakenBack || t.What == view.Gone:
		return kindWithdrawn
	case t.What == view.Erased:
		return kindRedacted
	case t.Born > seen:
		return kindAdded
	}
	return kindChanged
}
