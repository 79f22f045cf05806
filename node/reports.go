package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"
	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/pivot"
	"maillon/federation"
	"maillon/node/api"
	"maillon/node/authority"
	"maillon/node/reports"
	"maillon/store/view"
)

// reportLimits keep strangers from filling the node with reports.
type reportLimits struct {
	who  func(*http.Request) (netip.Addr, error)
	mu   sync.Mutex
	from federation.Limiter // of one address
	all  federation.Limiter
}

func newReportLimits(who func(*http.Request) (netip.Addr, error)) *reportLimits {
	return &reportLimits{
		who: who, from: federation.Limiter{Burst: 5, Every: 10 * time.Minute}, all: federation.Limiter{Burst: 200, Every: 20 * time.Second},
	}
}

// allow reports whether an address may report now. Of IPv6 the network counts.
func (l *reportLimits) allow(r *http.Request, now time.Time) bool {
	ip, err := l.who(r)
	if err != nil {
		return false
	}
	key := ip.String()
	const network = 64
	if p, err := ip.Prefix(network); ip.Is6() && err == nil {
		key = p.Masked().String()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.from.Allow(key, now) && l.all.Allow("", now)
}

// newReports makes the desk at which errors are reported.
func (n *Node) newReports() *reports.Desk {
	return &reports.Desk{
		Book: reports.Book{DB: n.main}, Self: n.cfg.ID.String(), Key: n.key.text, Sign: func() note.Signer { return n.key.signer.Current() }, URL: n.cfg.Public(), Now: n.now, Log: n.log,
		Find: n.reportFact, Node: n.reportPlace, Hub: func() (reports.Place, bool) {
			u, ok := n.uplink()
			return reports.Place{Node: u.ID, URL: u.URL}, ok
		},
		Ask:  n.client.Ask,
		Wake: func() { ring(n.bells.reports) },
	}
}

// reportFact is a contract, and the node that speaks for its buyer: the buyer's own,
// else one that publishes for it, else the one whose record is shown.
func (n *Node) reportFact(contract string) (f reports.Fact, err error) {
	buyer, slug, _ := strings.Cut(contract, "/")
	d, err := n.views.Contract(buyer, slug)
	if err != nil {
		return f, err
	}
	f.Address = d.Address
	for _, v := range d.Versions {
		for _, one := range append([]view.VersionDetail{v}, v.Also...) {
			if one.ReceivedAt.After(f.Since) {
				f.Since = one.ReceivedAt
			}
		}
	}
	shown := d.Versions[0]
	if !slices.Contains([]pivot.State{view.Withdrawn, view.Redacted}, d.State) {
		f.Record = shown.Hash
	}
	nodes, err := fedView{n}.Nodes()
	if err != nil {
		return f, err
	}
	f.Buyer = reports.Place{Node: shown.Node}
	const siren = 9
	best := 0
	for _, s := range nodes {
		rank := 0
		switch active := s.State != Pending && s.State != Suspended; {
		case active && len(d.Buyer) >= siren && s.ID[:siren] == d.Buyer[:siren]:
			rank = 3
		case active && slices.Contains(s.Publishes, d.Buyer):
			rank = 2
		case s.ID == shown.Node:
			rank = 1
		}
		if rank > best {
			best, f.Buyer = rank, placeOf(s, nodes)
		}
	}
	if f.Buyer.URL == "" && !f.Buyer.Fetch { // nobody to hand it to: it stays here
		f.Buyer = reports.Place{Node: n.cfg.ID.String()}
	}
	return f, nil
}

// placeOf is where a node takes reports: one without a server of its own fetches
// them from its hub.
func placeOf(s api.NodeStatus, all []api.NodeStatus) reports.Place {
	p := reports.Place{Node: s.ID, Key: s.Key, URL: s.URL, Hub: s.Hub, Fetch: s.Storage == "hub" || s.Mode == "light"}
	if !p.Fetch {
		return p
	}
	for _, hub := range all {
		if hub.ID == s.Hub {
			p.URL = hub.URL
		}
	}
	return p
}

func (n *Node) reportPlace(id string) (reports.Place, bool) {
	nodes, err := fedView{n}.Nodes()
	if err != nil {
		return reports.Place{}, false
	}
	for _, s := range nodes {
		if s.ID == id && s.State != Pending && s.State != Suspended {
			return placeOf(s, nodes), true
		}
	}
	return reports.Place{}, false
}

// runReports hands on what waits, fetches what waits at the hub, and erases what is
// not to be kept.
func (n *Node) runReports(ctx context.Context) error {
	tick := time.NewTicker(reportsEvery)
	defer tick.Stop()
	fetches := n.cfg.Federation.Join != nil && (n.cfg.Federation.Join.AtHub || n.cfg.Federation.Join.Light)
	var swept, fetched time.Time
	for {
		if now := n.now(); now.Sub(swept) > time.Hour {
			if err := n.reports.Book.Sweep(now); err != nil {
				return fmt.Errorf("erase old reports: %w", err)
			}
			swept = now
		}
		if now := n.now(); fetches && now.Sub(fetched) >= n.cfg.Federation.FollowEvery {
			if err := n.reports.Fetch(ctx); err != nil {
				n.log.Debug().Err(err).Msg("fetch reports from the hub")
			}
			fetched = now
		}
		if err := n.reports.Send(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.bells.reports:
		}
	}
}

const reportsEvery = 15 * time.Second

// A reportCall is what nodes post to each other about reports.
type reportCall struct {
	Report  string `json:"report,omitempty"`
	Outcome string `json:"outcome,omitempty"`
	Request string `json:"request,omitempty"`
}

// serveReports takes a report or an outcome of another node, or answers a member
// that fetches its reports.
func (n *Node) serveReports(w http.ResponseWriter, r *http.Request) {
	const most = 2 * federation.MaxReport
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		refuseCall(w, http.StatusRequestEntityTooLarge, "too-large", err)
		return
	}
	var c reportCall
	if err := json.Unmarshal(raw, &c); err != nil {
		refuseCall(w, http.StatusBadRequest, "malformed", err)
		return
	}
	answer, err := n.takeReports(r, c)
	switch {
	case errors.Is(err, reports.ErrFull):
		refuseCall(w, http.StatusTooManyRequests, "busy", err)
	case err != nil:
		n.noisy.Warn().Err(err).Str("from", r.RemoteAddr).Msg("report of a node refused")
		kind, status := problemOf(err)
		refuseCall(w, status, kind, err)
	default:
		adminAnswer(w, answer)
	}
}

func (n *Node) takeReports(r *http.Request, c reportCall) (any, error) {
	switch {
	case c.Report != "":
		if !n.reportLimits.allow(r, n.now()) {
			if q, err := federation.OpenReport([]byte(c.Report), n.now()); err != nil || !n.knowsKey(q.Node, q.Key) {
				return nil, federation.ErrBusy // of a node that is known any number
			}
		}
		got, err := n.reports.Take([]byte(c.Report))
		return map[string]string{"state": got.State}, err
	case c.Outcome != "":
		return map[string]string{"state": "heard"}, n.reports.Hear([]byte(c.Outcome))
	}
	q, err := federation.OpenRequest([]byte(c.Request), n.cfg.ID.String(), n.now())
	if err != nil {
		return nil, err
	}
	if q.Do != federation.Take || !n.knowsKey(q.Node, q.Key) {
		return nil, fmt.Errorf("%w: %s is no member with this key, or does not ask for its reports", federation.ErrBadSignature, q.Node)
	}
	if err := n.trust.fresh(q); err != nil {
		return nil, err
	}
	items, err := n.reports.Waiting(q.Node)
	return map[string]any{"items": items}, err
}

func (n *Node) knowsKey(node, key string) bool {
	p, ok := n.reportPlace(node)
	return ok && p.Key == key
}

// reportRoutes are the operators' acts on reports.
func (n *Node) reportRoutes(r *mux.Router) {
	r.HandleFunc("/admin/v1/reports", n.act(authority.Reader, func(*http.Request, authority.Operator) (any, error) {
		const most = 1000
		list, total, _, err := n.reports.Book.Each("", most, func(r reports.Report) bool { return !r.Closed() })
		for i := range list {
			list[i].Note = "" // it is in transit, and for another
		}
		return map[string]any{"total": total, "items": list}, err
	})).Methods("GET")
	r.HandleFunc("/admin/v1/reports/{id}/answer", n.act(authority.Registrar, func(r *http.Request, _ authority.Operator) (any, error) {
		var a reports.Answer
		if err := readBody(r, &a); err != nil {
			return nil, err
		}
		id := mux.Vars(r)["id"]
		got, err := n.reports.Answer(id, a)
		if err == nil {
			n.record(r, "report", got.Contract, got.State)
		}
		return map[string]string{"state": got.State}, err
	})).Methods("POST")
}

// measureReports counts reports by state, and those that nobody has answered for a month.
func (n *Node) measureReports(all map[string]uint64) {
	_, _, _, err := n.reports.Book.Each("", 0, func(r reports.Report) bool {
		all[metric("maillon_reports", "state", r.State)]++
		if !r.Closed() && n.now().Sub(r.Made) > api.LateReport {
			all["maillon_reports_late"]++
		}
		return false
	})
	if err != nil {
		n.log.Error().Err(err).Msg("count reports")
	}
}
