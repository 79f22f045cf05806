package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"maillon/store/view"
)

// Bounds of one answer of changes.
const (
	defaultChanges = 1000
	mostChanges    = 10_000
	mostWait       = 60 * time.Second
	mostWaiting    = 256 // requests that wait for news at the same time
)

func (s *Server) changeRoutes(r *mux.Router) {
	waiting := make(chan struct{}, mostWaiting)
	r.Handle("/changes", s.answer(func(w http.ResponseWriter, r *http.Request) error {
		return s.getChanges(w, r, waiting)
	})).Methods("GET", "HEAD")
}

// A changeRequest is what a request for changes asks.
type changeRequest struct {
	since  string
	query  view.ChangeQuery
	wait   time.Duration
	record bool // with the record of each contract
}

var changeParameters = []string{"since", "limit", "wait", "buyer", "departement", "record", "lang"}

func changesOf(v url.Values) (changeRequest, error) {
	c := changeRequest{since: v.Get("since"), record: true, query: view.ChangeQuery{
		Limit: defaultChanges, Buyer: v.Get("buyer"), Departement: v.Get("departement"),
	}}
	for name := range v {
		if !slices.Contains(changeParameters, name) {
			return c, &BadParameter{name, v.Get(name), strings.Join(changeParameters, ", ")}
		}
	}
	number := func(name string, least, most int, put func(int)) error {
		text := v.Get(name)
		if text == "" {
			return nil
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return &BadParameter{name, text, fmt.Sprintf("%d to %d", least, most)}
		}
		put(n)
		return nil
	}
	switch v.Get("record") {
	case "", "yes":
	case "no":
		c.record = false
	default:
		return c, &BadParameter{"record", v.Get("record"), "yes, no"}
	}
	return c, errors.Join(
		number("limit", 1, mostChanges, func(n int) { c.query.Limit = n }),
		number("wait", 0, int(mostWait/time.Second), func(n int) { c.wait = time.Duration(n) * time.Second }))
}

// A changeCursor is a place in a diary. In a snapshot that is not at its end start is
// where it will be.
type changeCursor struct {
	diary     string
	at, start uint64
}

func (c changeCursor) String() string {
	if c.at >= c.start {
		return fmt.Sprintf("%s-%d", c.diary, c.at)
	}
	return fmt.Sprintf("%s-%d-%d", c.diary, c.at, c.start)
}

func parseChangeCursor(text string) (c changeCursor, err error) {
	bad := &BadParameter{"since", text, "the cursor of a line that this address answered with, or nothing for a snapshot"}
	parts := strings.Split(text, "-")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" {
		return c, bad
	}
	c.diary = parts[0]
	for i, to := range []*uint64{&c.at, &c.start}[:len(parts)-1] {
		if *to, err = strconv.ParseUint(parts[1+i], 10, 64); err != nil {
			return c, bad
		}
	}
	return c, nil
}

// place reads a cursor; "" is the beginning of a snapshot of what there is now.
func (s *Server) place(since string) (changeCursor, error) {
	id, last, err := s.Views.Diary()
	if err != nil || since == "" {
		return changeCursor{id, 0, last}, err
	}
	c, err := parseChangeCursor(since)
	if err == nil && (c.diary != id || c.at > last || c.start > last) {
		err = &Refusal{
			Kind: "cursor-gone", Title: "The cursor is of another history", Status: http.StatusGone,
			Detail: "this node cannot tell what has changed since that cursor: it tells another history now, because it was made anew or moved. Ask again without since: that is the snapshot; " +
				"what it does not name is gone",
		}
	}
	return c, err
}

// getChanges answers with changes as they come, in lines of JSON (docs/changes.md).
func (s *Server) getChanges(w http.ResponseWriter, r *http.Request, waiting chan struct{}) error {
	if err := s.Ready(); err != nil {
		return err
	}
	req, err := changesOf(r.URL.Query())
	if err != nil {
		return err
	}
	at, err := s.place(req.since)
	if err != nil {
		return err
	}
	req.query.After, req.query.Start = at.at, at.start
	if r.Method == http.MethodHead {
		req.wait = 0
	}
	page, err := s.awaitChanges(r.Context(), req, waiting)
	if err != nil {
		return err
	}
	out := changeStream{s: s, w: w, r: r, req: req, cursor: at, page: page}
	return out.write()
}

// awaitChanges looks for changes, and waits for some if there are none. Whoever
// waits is let go when the node stops.
func (s *Server) awaitChanges(ctx context.Context, req changeRequest, waiting chan struct{}) (view.ChangePage, error) {
	page, err := s.Views.Changes(ctx, req.query)
	if err != nil || len(page.Items) > 0 || req.wait == 0 {
		return page, err
	}
	select {
	case waiting <- struct{}{}:
		defer func() { <-waiting }()
	default:
		return page, &Refusal{
			Kind: "busy", Title: "The node is busy", Status: http.StatusTooManyRequests, After: req.wait,
			Detail: "as many programs as this node lets wait for changes are waiting: ask without wait, less often",
		}
	}
	until := time.NewTimer(req.wait)
	defer until.Stop()
	for {
		news := s.Views.News()
		req.query.After = page.Last
		if page, err = s.Views.Changes(ctx, req.query); err != nil || len(page.Items) > 0 {
			return page, err
		}
		if page.More {
			continue
		}
		select {
		case <-ctx.Done():
			return page, nil
		case <-until.C:
			return page, nil
		case <-news:
		}
	}
}
