package api

import (
	"context"
	"encoding/xml"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/texts"
	"maillon/node/alerts"
	"maillon/node/web"
	"maillon/store/search"
	"maillon/store/view"
)

// Bounds of the feed of a search.
const (
	feedEntries = 50
	feedWindow  = 1000  // changes looked at in one go, the newest first
	feedLooked  = 10000 // in all
)

// A feedRow is a contract in a feed; place is that in the diary, 0 if it is only known
// by its notification.
type feedRow struct {
	view.Row
	place uint64
}

// searchFeed answers any search as Atom: the contracts that are new or have changed,
// the newest change first, then those notified last. A contract that changes again is
// an entry of its own.
func (s *Server) searchFeed(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	lang := langOf(r)
	q, err := queryOf(withoutEmpty(cloneValues(r.URL.Query())), "lang")
	if err != nil {
		return err
	}
	q = q.Filter()
	rows, err := s.feedRows(r.Context(), q)
	if err != nil {
		return err
	}
	filters := filtersOf(q)
	query := filters.Encode()
	page, self := s.absolute("/marches"), s.Self.URL+"/feeds/marches.atom"
	if query != "" {
		page, self = page+"?"+query, self+"?"+query
	}
	feed := atomFeed{
		Lang: string(lang), ID: self, Title: texts.T(lang, "alerts.feed.title", s.Self.Name, alerts.Describe(query, lang)), Author: atomAuthor{s.Self.Name},
		Links:   []atomLink{{Rel: "self", Type: "application/atom+xml", Href: self}, {Rel: "alternate", Type: "text/html", Href: page}},
		Updated: time.Unix(0, 0).UTC().Format(time.RFC3339),
	}
	for i := range rows {
		e := s.feedEntry(&rows[i], lang)
		feed.Entries = append(feed.Entries, e)
		feed.Updated = max(feed.Updated, e.Updated)
	}
	raw, err := xml.MarshalIndent(feed, "", " ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	w.Header().Add("Vary", "Accept-Language")
	return serveBytes(w, r, append([]byte(xml.Header), raw...), time.Time{})
}

func (s *Server) feedRows(ctx context.Context, q search.Query) ([]feedRow, error) {
	rows, err := s.newestChanges(ctx, q)
	if err != nil {
		return nil, err
	}
	q.Limit = feedEntries
	found, err := s.Index.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, item := range found.Items {
		known := slices.ContainsFunc(rows, func(have feedRow) bool { return have.Address == item.Address })
		if !known && len(rows) < feedEntries {
			rows = append(rows, feedRow{Row: item.Row})
		}
	}
	return rows, nil
}

// newestChanges walks the diary backwards.
func (s *Server) newestChanges(ctx context.Context, q search.Query) (rows []feedRow, err error) {
	id, end, err := s.Views.Diary()
	if err != nil {
		return nil, err
	}
	for looked := 0; end > 0 && looked < feedLooked && len(rows) < feedEntries; looked += feedWindow {
		from := end - min(end, feedWindow)
		w, err := s.stretch(ctx, id, from, feedWindow)
		if err != nil {
			return nil, err
		}
		place := map[string]uint64{}
		for _, c := range w.changes {
			place[c.Address] = c.Seq
		}
		found, err := w.find(ctx, s.Views, q)
		if err != nil {
			return nil, err
		}
		for _, row := range slices.Backward(found) {
			if len(rows) < feedEntries && place[row.Address] <= end {
				rows = append(rows, feedRow{row, place[row.Address]})
			}
		}
		end = from
	}
	return rows, nil
}

func (s *Server) feedEntry(row *feedRow, lang texts.Lang) atomEntry {
	page := s.absolute("/marches/" + row.Address)
	updated := "1970-01-01T00:00:00Z"
	for _, day := range []string{row.Published, row.Notified} {
		if t, err := time.Parse(time.DateOnly, day); err == nil {
			updated = t.UTC().Format(time.RFC3339)
			break
		}
	}
	shown := s.contractRow(row.Row)
	facts := []string{shown.BuyerName, shown.Supplier}
	if row.Amount != nil {
		facts = append(facts, web.FormatMoney(lang, *row.Amount))
	}
	facts = append(facts, date(row.Notified, lang), row.CPV)
	facts = slices.DeleteFunc(facts, func(f string) bool { return f == "" })
	id := page
	if row.place > 0 { // a change is told anew
		id += "#" + strconv.FormatUint(row.place, 10)
	}
	return atomEntry{
		ID: id, Title: shown.Title, Updated: updated, Links: []atomLink{{Rel: "alternate", Type: "text/html", Href: page}},
		Content: atomContent{"html", "<p>" + html.EscapeString(strings.Join(facts, " · ")) + "</p>"},
	}
}
