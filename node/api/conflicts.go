package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store/view"
)

// A ConflictJSON is something that an operator may settle: a contract whose sources
// contradict each other, or several contracts that may be one, or should not be.
type ConflictJSON struct {
	Kind      view.ConflictKind `json:"kind"`
	State     string            `json:"state"` // open or settled
	Address   string            `json:"address"`
	Permalink string            `json:"permalink"`
	Case      contract.Case     `json:"case"`
	Shown     ConflictSide      `json:"shown"`
	Others    []ConflictDiff    `json:"others"`
	Decisions []DecisionJSON    `json:"decisions,omitempty"` // newest first
	Seen      string            `json:"seen"`                // what a decision must name, so that it is about this data
}

// A ConflictSide is what one source says, and why it is shown or not.
type ConflictSide struct {
	SourceJSON
	Address   string `json:"address"` // of its contract
	ID        string `json:"id"`
	Hash      string `json:"hash,omitempty"`
	Authority string `json:"authority"`
	Reason    string `json:"reason"`
}

// A ConflictDiff is a record that is compared with the one shown, with each
// differing field as it says and as that one says.
type ConflictDiff struct {
	ConflictSide
	Differs map[string]Difference `json:"differs"`
}

// A Difference is one field in two records.
type Difference struct {
	Shown json.RawMessage `json:"shown"`
	Here  json.RawMessage `json:"here"`
}

// A DecisionJSON is what an operator of a hub decided.
type DecisionJSON struct {
	Key   string    `json:"key"`
	Node  string    `json:"node"` // whose journal states it
	At    time.Time `json:"at"`
	Holds bool      `json:"holds"` // false: taken back, or the data has changed since
	entry.Decision
}

func decisionJSON(list []view.DecisionDetail) []DecisionJSON {
	var out []DecisionJSON
	for _, d := range list {
		out = append(out, DecisionJSON{Key: d.Key, Node: d.Speaker, At: d.At, Holds: d.Holds, Decision: d.Decision})
	}
	return out
}

var conflictFilters = []string{"kind", "state", "buyer", "after", "limit", "lang"}

// conflictQuery reads the filters of a list of conflicts from an address.
func conflictQuery(v url.Values, most int) (view.ConflictQuery, error) {
	for name := range v {
		if !slices.Contains(conflictFilters, name) {
			return view.ConflictQuery{}, &BadParameter{name, v.Get(name), strings.Join(conflictFilters, ", ")}
		}
	}
	q := view.ConflictQuery{Kind: view.ConflictKind(v.Get("kind")), State: v.Get("state"), Buyer: v.Get("buyer"), After: v.Get("after"), Limit: min(defaultPage, most)}
	if q.Kind != "" && !slices.Contains(view.ConflictKinds, q.Kind) {
		return q, &BadParameter{"kind", string(q.Kind), "sources, collision, duplicates"}
	}
	if q.State != "" && q.State != view.StateOpen && q.State != view.StateSettled {
		return q, &BadParameter{"state", q.State, "open, settled"}
	}
	if l := v.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > most {
			return q, &BadParameter{"limit", l, "1 to " + strconv.Itoa(most)}
		}
		q.Limit = n
	}
	return q, nil
}

// maxConflicts bounds the conflicts of one answer: each holds whole contracts.
const maxConflicts = 200

func (s *Server) conflicts(q view.ConflictQuery) (view.ConflictPage, error) {
	page, err := s.Views.Conflicts(q)
	if errors.Is(err, view.ErrCursor) {
		err = &BadParameter{"after", q.After, "the value of next in the page before"}
	}
	return page, err
}

func (s *Server) listConflicts(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	q, err := conflictQuery(r.URL.Query(), maxConflicts)
	if err != nil {
		return err
	}
	page, err := s.conflicts(q)
	if err != nil {
		return err
	}
	answer := struct {
		Total int            `json:"total"`
		Items []ConflictJSON `json:"items"`
		Next  string         `json:"next,omitempty"` // value of `after` for the following ones
	}{Total: page.Total, Items: []ConflictJSON{}, Next: page.Next}
	for _, c := range page.Items {
		answer.Items = append(answer.Items, s.conflictJSON(c))
	}
	if page.Next != "" {
		v := r.URL.Query()
		v.Set("after", page.Next)
		w.Header().Set("Link", "<"+s.Self.URL+"/api/v1/conflicts?"+v.Encode()+`>; rel="next"`)
	}
	return writeJSON(w, answer)
}

// A compared is one record beside the one shown.
type compared struct {
	view.VersionDetail
	of      view.Detail // its contract
	differs []string
}

// sidesOf are the records that a conflict is between, the one shown first. Each
// version of one contract is one, or the version shown of each of several.
func sidesOf(c view.Conflict) []compared {
	first := c.Contracts[0]
	out := []compared{{first.Versions[0], first, nil}}
	if len(c.Contracts) == 1 {
		for _, v := range first.Versions[1:] {
			out = append(out, compared{v, first, v.Differs})
		}
		return out
	}
	for _, d := range c.Contracts[1:] {
		out = append(out, compared{d.Versions[0], d, contract.Differs(first.Versions[0].Contract, d.Versions[0].Contract)})
	}
	return out
}

// SeenKey names the data of contracts as they stand, so that a decision made on a
// page is refused if they have changed since.
func SeenKey(list []view.Detail) string {
	var sides []entry.Side
	for _, d := range list {
		sides = append(sides, d.Side())
	}
	return entry.DecisionKey(sides)
}

func conflictState(c view.Conflict) string {
	if c.Settled {
		return view.StateSettled
	}
	return view.StateOpen
}

func (s *Server) conflictJSON(c view.Conflict) ConflictJSON {
	sides := sidesOf(c)
	side := func(v compared) ConflictSide {
		return ConflictSide{sourceJSON(v.VersionDetail), v.of.Address, v.Contract.ID, v.Hash, v.Authority, v.Reason}
	}
	d := c.Contracts[0]
	out := ConflictJSON{
		Kind: c.Kind, State: conflictState(c), Address: d.Address, Permalink: s.Self.URL + "/marches/" + d.Address, Case: d.Case, Shown: side(sides[0]),
		Decisions: decisionJSON(d.Decisions), Seen: SeenKey(c.Contracts),
	}
	shown := fields(sides[0].Contract)
	for _, v := range sides[1:] {
		here := fields(v.Contract)
		diff := ConflictDiff{ConflictSide: side(v), Differs: map[string]Difference{}}
		for _, name := range v.differs {
			diff.Differs[name] = Difference{orNull(shown[name]), orNull(here[name])}
		}
		out.Others = append(out.Others, diff)
	}
	return out
}

// fields are the values of a contract under their legal names.
func fields(c pivot.Contract) map[string]json.RawMessage {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

func (s *Server) conflictsPage(w http.ResponseWriter, r *http.Request) error {
	page, err := s.ConflictsPage(r.URL.Query(), "/conflits", langOf(r))
	if err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, page)
}

// ConflictsPage fills a page of conflicts that stands at a path.
func (s *Server) ConflictsPage(v url.Values, path string, lang texts.Lang) (web.ConflictsPage, error) {
	if err := s.Ready(); err != nil {
		return web.ConflictsPage{}, err
	}
	for name, values := range v { // an empty field of the form filters nothing
		if len(values) == 0 || values[0] == "" {
			v.Del(name)
		}
	}
	const onPage = 20
	q, err := conflictQuery(v, onPage)
	if err != nil {
		return web.ConflictsPage{}, err
	}
	found, err := s.conflicts(q)
	if err != nil {
		return web.ConflictsPage{}, err
	}
	name, err := s.nodeNames()
	if err != nil {
		return web.ConflictsPage{}, err
	}
	page := web.ConflictsPage{Total: found.Total, Kind: string(q.Kind), State: q.State, JSON: s.base() + "/api/v1/conflicts"}
	for i, c := range found.Items {
		page.Items = append(page.Items, s.conflictRow(strconv.Itoa(i), c, name, lang))
	}
	if q.After != "" {
		v.Del("after")
		page.First = s.base() + path + "?" + v.Encode()
	}
	if found.Next != "" {
		v.Set("after", found.Next)
		page.Next = s.base() + path + "?" + v.Encode()
	}
	return page, nil
}

func (s *Server) conflictRow(id string, c view.Conflict, name map[string]string, lang texts.Lang) web.ConflictRow {
	d := c.Contracts[0]
	row := web.ConflictRow{
		ID: id, Kind: string(c.Kind), Settled: c.Settled, Title: d.Object, Buyer: d.Buyer, BuyerName: d.BuyerName, Seen: SeenKey(c.Contracts),
		Decisions: s.decisionRows(d.Decisions, name),
	}
	if row.BuyerName == "" {
		row.BuyerName = s.Catalog.BuyerName(d.Buyer)
	}
	for _, one := range c.Contracts {
		row.Addresses = append(row.Addresses, one.Address)
	}
	sides := sidesOf(c)
	shown := fields(sides[0].Contract)
	for i, v := range sides {
		side := web.ConflictSide{
			VersionRow: s.versionRow(v.VersionDetail, name), URL: s.base() + "/marches/" + v.of.Address, Title: v.Contract.Object, ID: v.Contract.ID, Hash: v.Hash,
		}
		if v.Withdrawn {
			side.Hash = "" // it cannot be chosen
		}
		side.Shown = i == 0 || len(c.Contracts) > 1
		side.Differs = differRows(shown, fields(v.Contract), v.differs, lang)
		row.Sides = append(row.Sides, side)
	}
	return row
}

func (s *Server) decisionRows(list []view.DecisionDetail, name map[string]string) []web.DecisionRow {
	var rows []web.DecisionRow
	for _, d := range list {
		rows = append(rows, web.DecisionRow{
			Key: d.Key, What: d.Decision.What, Reason: d.Decision.Reason, Speaker: d.Speaker, Name: name[d.Speaker], By: d.Decision.By, At: d.At,
			Holds: d.Holds, Void: d.Decision.Void, Mine: d.Speaker == s.Self.ID,
		})
	}
	return rows
}

// nodeNames are the names of the nodes known here.
func (s *Server) nodeNames() (map[string]string, error) {
	nodes, err := s.Fed.Nodes()
	if err != nil {
		return nil, err
	}
	name := map[string]string{}
	for _, n := range nodes {
		name[n.ID] = n.Name
	}
	return name, nil
}
