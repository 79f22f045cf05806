package hosting

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog"
	"maillon/catalog/territory"
	"maillon/federation"
	"maillon/federation/audit"
	"maillon/node/api"
	"maillon/node/deposit"
	"maillon/node/finances"
	"maillon/node/firms"
	"maillon/node/shelf"
	"maillon/node/web"
	"maillon/store"
	"maillon/store/bolt"
	"maillon/store/journal"
	"maillon/store/search"
	"maillon/store/view"
)

// A Resident is a member whose public base is on this hub.
type Resident struct {
	Node, Name, Level, Contact, Key string
	Epoch                           int
	Territory                       territory.Geozone
	Box                             catalog.Box
	Address                         string // https://HUB/n/ID
	Base                            string // of its IRIs
	Reach                           string // its own server; "" if it has none
	Mirror                          *journal.Log
}

// Faces answers in the place of residents: the same program over the same
// journal, with views of each resident's own, so that what it answers does not
// depend on anyone else's data. Fill the exported fields, then use it.
//
// A face is opened at the first request and closed when nobody asks; its views
// and files stay on disk, and can be thrown away.
type Faces struct {
	Dir     string
	Version string // of the program
	Log     zerolog.Logger
	Now     func() time.Time
	// Resident finds a node, or says why there is none (store.ErrNotFound).
	Resident func(node string) (Resident, error)
	// Wire reaches residents that have a server.
	Wire http.RoundTripper
	// What the hub's operator has imported of firms, budgets and grants holds for the
	// pages of members too; nil for nothing.
	Firms    *firms.Folder
	Finances *finances.Folder
	// Register is as in [search.Follower].
	Register func() (search.Register, uint64)

	mu     sync.Mutex
	open   map[string]*face
	closed bool
	work   sync.WaitGroup
	proxy  proxy
	builds chan struct{}
}

// Limits of faces.
const (
	maxOpen     = 64
	maxBuilds   = 2
	idle        = 10 * time.Minute
	buildWait   = 3 * time.Second // a first request waits, then is told to come back
	faceAnswers = 8 << 20         // bytes of answers that one keeps
)

// A face is open from its making to its closing; whoever uses it holds use.
type face struct {
	who   Resident
	use   sync.RWMutex
	ready chan struct{} // closed when it can answer, or err is set
	err   error
	asked time.Time // guarded by Faces.mu

	db    *bolt.DB
	views *view.Views
	index *search.Index
	sited atomic.Uint64 // of the register that the index knows
	shelf *shelf.Shelf

	register func() (search.Register, uint64)
	handler  http.Handler
	behind   chan struct{} // holds a token unless it is being brought up to date
}

// Face answers a request whose path is below a resident's public base.
func (f *Faces) Face(w http.ResponseWriter, r *http.Request, node string) error {
	if !shown(r.URL.Path) {
		return fmt.Errorf("%.80q of %s is not served here: %w", r.URL.Path, node, store.ErrNotFound)
	}
	who, err := f.Resident(node)
	if err != nil {
		return err
	}
	if who.Reach != "" && f.proxy.serve(f.Wire, w, r, who.Reach) {
		return nil
	}
	c, err := f.get(who)
	if err != nil {
		return err
	}
	defer c.use.RUnlock()
	wait := time.NewTimer(buildWait)
	defer wait.Stop()
	select {
	case <-c.ready:
	case <-wait.C:
		return api.ErrStarting
	}
	if c.err != nil {
		return c.err
	}
	f.freshen(c)
	c.handler.ServeHTTP(w, r)
	return nil
}

// shownPaths are what a face shows: what anyone may read of a node, and
// nothing to log in, deposit or check with.
var (
	shownPaths = []string{"/", "/catalog", "/catalogue", "/marches", "/qualite", "/sources", "/mentions-legales", "/accessibilite", "/donnees-personnelles", "/sitemap.xml", "/openapi.json"}
	shownUnder = []string{"/catalog.", "/catalog/", "/buyers/", "/files/", "/marches/", "/acheteurs/", "/titulaires/", "/territoires/", "/jeux/", "/assets/", "/feeds/", "/api/v1/"}
)

func shown(path string) bool {
	return slices.Contains(shownPaths, path) || slices.ContainsFunc(shownUnder, func(p string) bool { return strings.HasPrefix(path, p) })
}

// get returns a face, made if need be, with its use held for reading.
func (f *Faces) get(who Resident) (*face, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, api.ErrStarting
	}
	if f.open == nil {
		f.open, f.builds = map[string]*face{}, make(chan struct{}, maxBuilds)
	}
	c := f.open[who.Node]
	if c != nil && c.who != who {
		f.drop(c) // it says something new of itself
		c = nil
	}
	if c == nil {
		f.makeRoom()
		c = &face{who: who, ready: make(chan struct{}), behind: make(chan struct{}, 1)}
		f.open[who.Node] = c
		f.work.Go(func() { f.build(c) })
	}
	c.asked = f.Now()
	c.use.RLock()
	return c, nil
}

// makeRoom closes the face that nobody has asked for the longest.
func (f *Faces) makeRoom() {
	for len(f.open) >= maxOpen {
		var oldest *face
		for _, c := range f.open {
			if oldest == nil || c.asked.Before(oldest.asked) {
				oldest = c
			}
		}
		f.drop(oldest)
	}
}

// drop closes a face when the last who uses it has gone. The caller holds mu.
func (f *Faces) drop(c *face) {
	delete(f.open, c.who.Node)
	f.work.Go(func() {
		<-c.ready
		c.use.Lock()
		defer c.use.Unlock()
		if c.db == nil {
			return
		}
		c.err = api.ErrStarting // for whoever has waited for it
		if err := c.db.Close(); err != nil {
			f.Log.Error().Err(err).Str("node", c.who.Node).Msg("close the views of a member")
		}
	})
}

// build opens a face's views and files and brings them up to the mirror.
func (f *Faces) build(c *face) {
	defer close(c.ready)
	f.builds <- struct{}{}
	defer func() { <-f.builds }()
	c.err = f.openViews(c)
	if c.err == nil {
		c.err = f.furnish(c)
	}
	if c.err == nil {
		c.err = c.catchUp()
	}
	if c.err != nil {
		f.Log.Error().Err(c.err).Str("node", c.who.Node).Msg("open the catalogue of a member")
		f.mu.Lock()
		if f.open[c.who.Node] == c {
			f.drop(c) // the next request tries again
		}
		f.mu.Unlock()
	}
	c.behind <- struct{}{}
}

func (f *Faces) openViews(c *face) error {
	dir := filepath.Join(f.Dir, c.who.Node)
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o750); err != nil {
		return err
	}
	// A face of the same node may be closing: the file is locked until it has.
	db, err := bolt.Open(filepath.Join(dir, "views.db"), bolt.Options{Churn: true, Timeout: 2 * time.Second})
	if err != nil {
		return fmt.Errorf("open the views of %s: %w", c.who.Node, err)
	}
	c.db = db
	c.index = search.New()
	c.register = f.Register
	c.views, err = view.Open(db, c.who.Node)
	return err
}

// furnish makes the server of a face. It is the member's own, less what
// writes and what only its operator sees.
func (f *Faces) furnish(c *face) error {
	who := c.who
	siret, _, _ := strings.Cut(who.Node, "-")
	c.shelf = &shelf.Shelf{
		Dir: filepath.Join(f.Dir, who.Node, "files"), DB: c.db, Views: c.views, Node: who.Node, URL: who.Base, Links: who.Address,
		Who: shelf.Publisher{NodeID: who.Node, SIRET: siret, Name: who.Name, Level: who.Level, Contact: who.Contact, Territory: who.Territory, Box: who.Box},
	}
	pages, err := web.New(web.Site{
		Name: who.Name, NodeID: who.Node, Level: who.Level, Territory: who.Territory.String(),
		Base: pathOf(who.Address), Version: f.Version, Contact: who.Contact,
	})
	if err != nil {
		return err
	}
	self := api.NodeStatus{
		ID: who.Node, Geozone: who.Territory.String(), Level: who.Level, Name: who.Name, State: "self",
		URL: who.Address, Catalog: who.Address + "/catalog", Contact: who.Contact, Key: who.Key, Storage: "hub",
	}
	if who.Base != who.Address {
		self.Base = who.Base
	}
	readOnly := func() error { return fmt.Errorf("%w: %s is served by its hub", store.ErrReadOnly, who.Node) }
	s := &api.Server{
		Self: self, Catalog: c.shelf, Log: f.Log, Views: c.views, Index: c.index, Shelf: c.shelf, Own: who.Mirror, Fed: hermit{self, who.Mirror, c.views, f.Now}, Pages: pages,
		Desk: &deposit.Desk{Dir: filepath.Join(f.Dir, who.Node, "deposits"), DB: c.db, Log: who.Mirror, Ready: readOnly, Now: f.Now},
		Ready: func() error {
			if !c.shelf.Ready() {
				return api.ErrStarting
			}
			return nil
		},
		Now: f.Now, MostAnswers: faceAnswers, Firms: f.Firms, Finances: f.Finances,
	}
	c.handler = s.Handler()
	return nil
}

// catchUp brings views and files up to the mirror.
func (c *face) catchUp() error {
	ctx := context.Background()
	if _, err := c.views.CatchUp(ctx, view.Source{Journal: view.Journal{Node: c.who.Node, Epoch: c.who.Epoch}, Log: c.who.Mirror}); err != nil {
		return err
	}
	if c.register != nil {
		if r, revision := c.register(); revision != c.sited.Load() {
			c.index.Site(r)
			c.sited.Store(revision)
		}
	}
	if _, err := c.index.Fill(ctx, c.views); err != nil {
		return err
	}
	_, err := c.shelf.Refresh(ctx)
	return err
}

// settled reports whether the index knows what the hub has imported.
func (c *face) settled() bool {
	if c.register == nil {
		return true
	}
	_, revision := c.register()
	return revision == c.sited.Load()
}

// freshen brings a face up to date beside the requests, if the mirror has
// grown or the hub has imported something: until then it answers as a node does that has not caught up.
func (f *Faces) freshen(c *face) {
	at, err := c.views.Cursor(view.Journal{Node: c.who.Node, Epoch: c.who.Epoch})
	if err != nil || at >= c.who.Mirror.Size() && c.settled() {
		return
	}
	select {
	case <-c.behind:
	default:
		return
	}
	if !c.use.TryRLock() { // it is about to be closed
		c.behind <- struct{}{}
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed { // nobody waits for it any more
		c.use.RUnlock()
		return
	}
	f.work.Go(func() {
		defer c.use.RUnlock()
		defer func() { c.behind <- struct{}{} }()
		f.builds <- struct{}{}
		defer func() { <-f.builds }()
		if err := c.catchUp(); err != nil {
			f.Log.Error().Err(err).Str("node", c.who.Node).Msg("bring the catalogue of a member up to date")
		}
	})
}

// Grew brings the face of a node up to date, if it is open.
func (f *Faces) Grew(node string) {
	f.mu.Lock()
	c := f.open[node]
	if c == nil {
		f.mu.Unlock()
		return
	}
	c.use.RLock()
	f.mu.Unlock()
	defer c.use.RUnlock()
	select {
	case <-c.ready:
		if c.err == nil {
			f.freshen(c)
		}
	default: // the next request sees to it
	}
}

// Run closes faces that nobody asks for, and all of them in the end.
func (f *Faces) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			f.Close()
			return nil
		case <-tick.C:
		}
		f.mu.Lock()
		for _, c := range f.open {
			if f.Now().Sub(c.asked) > idle {
				f.drop(c)
			}
		}
		f.mu.Unlock()
	}
}

// Close closes every face and waits for what is under way.
func (f *Faces) Close() {
	f.mu.Lock()
	f.closed = true
	for _, c := range f.open {
		f.drop(c)
	}
	f.mu.Unlock()
	f.work.Wait()
}

// A hermit is what a face knows of other nodes: nothing.
type hermit struct {
	self   api.NodeStatus
	mirror *journal.Log
	views  *view.Views
	now    func() time.Time
}

func (h hermit) Nodes() ([]api.NodeStatus, error) {
	s := h.self
	s.Announced, s.Mirrored, s.Seen = h.mirror.Size(), h.mirror.Size(), h.now().UTC().Truncate(time.Second)
	return []api.NodeStatus{s}, nil
}

// Node is the node itself: of others it knows nothing.
func (h hermit) Node(id string) (api.NodeStatus, bool, error) {
	list, err := h.Nodes()
	return list[0], id == list[0].ID, err
}

func (hermit) Uplinks() []api.Uplink { return nil }
func (hermit) Announce([]byte) federation.Decision {
	return federation.Decision{Status: federation.Refused, Reason: "this node is not a hub"}
}
func (hermit) Announcements() [][]byte                         { return nil }
func (hermit) Digest(string) (string, federation.Digest, bool) { return "", federation.Digest{}, false }
func (hermit) NotesIn(string, []byte) ([][]byte, bool)         { return nil, false }
func (hermit) Climb(*http.Request, string) []api.Step          { return nil }
func (hermit) Mirror(string) (*journal.Log, bool)              { return nil, false }
func (hermit) Cosigned(l *journal.Log) []byte                  { return l.Checkpoint() }

// Integrity judges the one journal there is.
func (h hermit) Integrity(context.Context) (*audit.Integrity, error) {
	accounts, err := h.views.Accounts()
	if err != nil {
		return nil, err
	}
	size := h.mirror.Size()
	account := audit.Account(accounts[view.Journal{Node: h.mirror.Node(), Epoch: h.mirror.Epoch()}])
	m := audit.Member{
		Node: h.self.ID, Epoch: h.mirror.Epoch(), Name: h.self.Name, Level: h.self.Level, URL: h.self.URL, State: "self",
		Head: size, Mirror: &size, Entries: &account,
	}
	m.Verdict, m.Missing, m.Reason = audit.Judge(audit.Facts{Head: size, Mirror: size, Account: account})
	return &audit.Integrity{
		Node: m.Node, Name: m.Name, URL: m.URL, At: h.now().UTC().Truncate(time.Second), OK: m.Verdict == audit.OK,
		Verdicts: map[audit.Verdict]int{m.Verdict: 1}, Members: []audit.Member{m},
	}, nil
}

func (hermit) Witness([]byte) ([]byte, error) { return nil, store.ErrNotFound }

var _ api.Federation = hermit{}
