package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"maillon/catalog/entry"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/federation/witness"
)

// Options of [Run].
type Options struct {
	Client *follow.Client
	Base   string // public base of the node to ask, without final slash
	Key    string // its verifier key, if it is known from elsewhere; "" believes the one it serves
	Deep   bool   // read and hash every entry of every copy
	// Grace is how long a copy that lacks entries is asked again: in a living
	// federation there is always one that is about to fetch the newest.
	Grace   time.Duration
	Workers int // journals looked at at a time; 0 is 8
	Now     func() time.Time
}

// Limits of what a node answers.
const (
	maxList        = 64 << 20 // bytes of its lists
	defaultWorkers = 8
)

// Run asks a node for the journals it knows, and looks at each wherever it is
// served. The error is that the node itself could not be asked.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	w := &walk{o: o, signed: map[journalID][]follow.Checkpoint{}, known: map[string][]witness.Key{}}
	if err := w.begin(ctx); err != nil {
		return nil, err
	}
	r := &Report{
		Node: w.self.Node, Name: w.self.Name, URL: o.Base, Key: w.self.Key, At: o.Now().UTC().Truncate(time.Second),
		Deep: o.Deep, OK: true, Rows: make([]Row, len(w.subjects)),
	}
	var g errgroup.Group
	g.SetLimit(o.Workers)
	for i, s := range w.subjects {
		g.Go(func() error {
			r.Rows[i] = w.row(ctx, s)
			return nil
		})
	}
	if err := errors.Join(g.Wait(), ctx.Err()); err != nil {
		return nil, err
	}
	for _, row := range r.Rows {
		r.OK = r.OK && !row.Verdict.Fatal()
	}
	return r, nil
}

// keysOf is the ring of a journal's keys: the present one, and those before.
func keysOf(m entry.Member) (*federation.Ring, error) {
	list := slices.Clone(m.PastKeys)
	slices.Reverse(list) // they are stated oldest first
	return federation.NewRing(m.Node, m.Epoch, append([]string{m.Key}, list...)...)
}

// A subject is one journal to look at.
type subject struct {
	member entry.Member
	keys   *federation.Ring
}

// A walk is one Run.
type walk struct {
	o        Options
	self     entry.Member // the node that was asked
	stated   *telling
	said     Integrity
	subjects []subject
	signed   map[journalID][]follow.Checkpoint // heads that came without a copy
	known    map[string][]witness.Key          // by name: who may have cosigned
}

// begin asks the node who it is and whom it knows.
func (w *walk) begin(ctx context.Context) error {
	if err := w.o.Client.GetList(ctx, w.o.Base+"/api/v1/audit/integrity", maxList, &w.said); err != nil {
		return fmt.Errorf("ask %s how it stands: %w", w.o.Base, err)
	}
	if err := w.who(ctx); err != nil {
		return err
	}
	k, err := keysOf(w.self)
	if err != nil {
		return fmt.Errorf("the key of %s: %w", w.o.Base, err)
	}
	w.subjects = []subject{{w.self, k}}
	w.stated, err = statements(ctx, w.o.Client, w.o.Base, k)
	if errors.Is(err, follow.ErrNotServed) { // its journal is empty
		w.stated, err = &telling{}, nil
	}
	if err != nil {
		return err
	}
	for _, m := range w.stated.sorted() {
		if m.Node == w.self.Node {
			continue
		}
		k, err := keysOf(m)
		if err != nil {
			continue // stated nonsense: there is no journal under such a key
		}
		w.subjects = append(w.subjects, subject{m, k})
	}
	return w.gather(ctx)
}

// who finds out which node answers, its key, and those of all that it knows:
// the latter only tell whose cosignatures there are.
func (w *walk) who(ctx context.Context) error {
	type node struct {
		ID    string   `json:"id"`
		Name  string   `json:"name"`
		Level string   `json:"level"`
		State string   `json:"state"`
		URL   string   `json:"url"`
		Key   string   `json:"key"`
		Past  []string `json:"pastKeys"`
	}
	var list struct {
		Items []node `json:"items"`
	}
	if err := w.o.Client.GetList(ctx, w.o.Base+"/api/v1/nodes", maxList, &list); err != nil {
		return fmt.Errorf("ask %s whom it knows: %w", w.o.Base, err)
	}
	var self node
	for _, n := range list.Items {
		if n.ID == w.said.Node && n.State == "self" {
			self = n
		}
		if c, err := witness.NewVerifier(n.Key); err == nil {
			w.known[c.Name()] = append(w.known[c.Name()], c)
		}
	}
	if w.o.Key != "" {
		self.Key = w.o.Key
	}
	w.self = entry.Member{Node: self.ID, Key: self.Key, State: "self", Level: self.Level, Name: self.Name, URL: self.URL, PastKeys: self.Past}
	if node, epoch, err := federation.ParseKeyName(strings.SplitN(self.Key, "+", 2)[0]); err == nil && node == self.ID {
		w.self.Epoch = epoch
	}
	return nil
}

// gather collects the signed heads that come without a copy: announcements,
// and the checkpoints that the node states in its journal.
func (w *walk) gather(ctx context.Context) error {
	byID := map[journalID]subject{}
	for _, s := range w.subjects {
		byID[journalID{s.member.Node, s.member.Epoch}] = s
	}
	for id, raw := range w.stated.heads {
		if s, ok := byID[id]; ok {
			if cp, err := follow.ParseCheckpoint([]byte(raw), s.keys); err == nil {
				w.signed[id] = append(w.signed[id], cp)
			}
		}
	}
	notes, err := w.o.Client.Announcements(ctx, w.o.Base, "")
	if err != nil {
		return fmt.Errorf("ask %s for announcements: %w", w.o.Base, err)
	}
	for _, raw := range notes {
		a, err := federation.Open(raw, w.o.Now())
		if err != nil {
			continue
		}
		id := journalID{a.Node, a.Epoch}
		if s, ok := byID[id]; ok && (a.Key == s.member.Key || slices.Contains(s.member.PastKeys, a.Key)) {
			w.signed[id] = append(w.signed[id], follow.Checkpoint{Size: a.Size, Root: [32]byte(a.Root), Raw: raw})
		}
	}
	return nil
}

// said of one journal by the node that was asked.
func (w *walk) saidOf(said Integrity, m entry.Member) (Member, bool) {
	i := slices.IndexFunc(said.Members, func(x Member) bool { return x.Node == m.Node && x.Epoch == m.Epoch })
	if i < 0 {
		return Member{}, false
	}
	return said.Members[i], true
}
