package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"maillon/catalog/compare"
	"maillon/catalog/pivot"
	"maillon/store/view"
)

func (s *Server) compareRoutes(r, v1 *mux.Router, turn func(handler) handler) {
	v1.Handle("/compare", s.answer(turn(s.postCompare))).Methods("POST")
	r.Handle("/demenager", s.answer(s.movePage)).Methods("GET", "HEAD")
	r.Handle("/demenager", s.answer(turn(s.postMovePage))).Methods("POST")
}

// mostCompared bounds the contracts of each state that an answer lists; all are
// counted.
const mostCompared = 500

// A CompareJSON says what has become of the contracts of a file.
type CompareJSON struct {
	File    string                `json:"file"`
	Layout  string                `json:"layout,omitempty"`
	Records int                   `json:"records"`
	Buyers  int                   `json:"buyers"`
	States  map[compare.State]int `json:"states"`
	Items   []ComparedJSON        `json:"items"`           // all but those that are the same; the first of each state
	Cut     bool                  `json:"cut,omitempty"`   // there are more than the items tell
	Error   string                `json:"error,omitempty"` // why the file could not be read to its end
}

// A ComparedJSON is one record of the file, or a contract that it does not have.
type ComparedJSON struct {
	State     compare.State `json:"state"`
	Pointer   string        `json:"pointer,omitempty"` // in the file
	Buyer     string        `json:"buyer,omitempty"`
	ID        string        `json:"id,omitempty"`
	Object    string        `json:"objet,omitempty"`
	Permalink string        `json:"permalink,omitempty"` // at this node
	Differs   []string      `json:"differs,omitempty"`   // legal names
}

// A comparison is one file on its way through.
type comparison struct {
	s      *Server
	out    CompareJSON
	taken  map[string]bool // addresses
	buyers map[string]bool
	lots   map[string][]compare.Held // of the latest ids, so that lots are read once
}

// mostLots bounds what is remembered of ids.
const mostLots = 64

// compareFile reads a file to its end. A file that breaks off is told with what was
// read of it.
func (s *Server) compareFile(ctx context.Context, name string, in *pivot.Reader) (CompareJSON, error) {
	c := comparison{
		s: s, out: CompareJSON{File: name, States: map[compare.State]int{}, Items: []ComparedJSON{}},
		taken: map[string]bool{}, buyers: map[string]bool{}, lots: map[string][]compare.Held{},
	}
	for _, st := range compare.States() {
		c.out.States[st] = 0
	}
	for item, err := range in.Items() {
		if err != nil {
			if _, is := errors.AsType[*pivot.FileError](err); !is {
				return c.out, err
			}
			c.out.Error = err.Error()
			break
		}
		if err := errors.Join(ctx.Err(), c.record(item)); err != nil {
			return c.out, err
		}
	}
	c.out.Layout, c.out.Buyers = in.Layout(), len(c.buyers)
	return c.out, c.more(ctx)
}

func (c *comparison) record(item pivot.Item) error {
	rec := item.Record
	c.out.Records++
	one := ComparedJSON{State: compare.Unreadable, Pointer: rec.Pointer, Buyer: rec.Buyer, ID: rec.ID}
	if len(item.Problems) > 0 {
		c.add(one)
		return nil
	}
	c.buyers[rec.Buyer] = true
	held, err := c.held(rec.Buyer, rec.ID)
	if err != nil {
		return err
	}
	hash := ""
	if h, err := pivot.HashOf(rec.Raw); err == nil {
		hash = h.String()
	}
	said, _ := pivot.Normalise(rec)
	v := compare.Judge(hash, said, held, func(a string) bool { return c.taken[a] })
	one.State, one.Object, one.Differs = v.State, said.Object, v.Fields
	if v.Address != "" {
		c.taken[v.Address] = true
		one.Permalink = c.s.Self.URL + "/marches/" + v.Address
	}
	c.add(one)
	return nil
}

// held are the contracts of this node under a buyer and id.
func (c *comparison) held(buyer, id string) ([]compare.Held, error) {
	key := buyer + "\x00" + id
	if list, ok := c.lots[key]; ok {
		return list, nil
	}
	found, err := c.s.Views.Under(buyer, id)
	if err != nil {
		return nil, err
	}
	var list []compare.Held
	for _, d := range found {
		h := compare.Held{Address: d.Address, Shown: d.Versions[0].Contract, Withdrawn: d.State == view.Withdrawn || d.State == view.Redacted}
		for _, v := range d.Versions {
			h.Hashes = append(h.Hashes, v.Hash)
		}
		list = append(list, h)
	}
	if len(c.lots) >= mostLots {
		clear(c.lots)
	}
	c.lots[key] = list
	return list, nil
}

// more counts what this node has of the file's buyers and the file has not.
func (c *comparison) more(ctx context.Context) error {
	var buyers []string
	for b := range c.buyers {
		buyers = append(buyers, b)
	}
	slices.Sort(buyers)
	for _, b := range buyers {
		for q := (view.Query{Buyer: b, Limit: maxPage}); ; {
			page, err := c.s.Views.Contracts(q)
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			for _, row := range page.Items {
				if !c.taken[row.Address] && row.State != view.Withdrawn && row.State != view.Redacted {
					c.add(ComparedJSON{State: compare.More, Buyer: row.Buyer, ID: row.ID, Object: row.Object, Permalink: c.s.Self.URL + "/marches/" + row.Address})
				}
			}
			if q.After = page.Next; page.Next == "" {
				break
			}
		}
	}
	return nil
}

func (c *comparison) add(one ComparedJSON) {
	c.out.States[one.State]++
	switch {
	case one.State == compare.Same:
	case c.out.States[one.State] <= mostCompared:
		c.out.Items = append(c.out.Items, one)
	default:
		c.out.Cut = true
	}
}

// postCompare compares the file in the request's body, or in the field "file" of a
// form, with what this node holds. Nothing is kept.
func (s *Server) postCompare(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	up, err := s.openUpload(w, r)
	if err != nil {
		return err
	}
	defer up.close()
	name := up.fields.Get("name")
	if len(name) > validateName {
		return &BadParameter{"name", name[:40] + "…", "at most 200 bytes"}
	}
	got, err := s.compareFile(r.Context(), name, up.reader())
	if err != nil {
		return err
	}
	up.drain()
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, got)
}
