// Package node joins everything: it opens a node's stores, keeps its journal,
// follows and mirrors others, keeps the views up to date and serves them.
//
// A node is a set of tasks around one flow: a deposit grows the journal; the
// viewer brings the views up to it; the announcer tells the pool; the
// follower of a hub fetches and mirrors what members announce; the clerk
// states in the hub's own journal whom it admitted and which heads it
// verified, which grows that journal, and so on upward. Tasks wake each other
// through bells and also look by themselves from time to time, so a lost
// wake-up costs a delay and never a fact.
package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"maillon/federation"
	"maillon/federation/follow"
	"maillon/node/access"
	"maillon/node/api"
	"maillon/node/deposit"
	"maillon/node/edition"
	"maillon/node/finances"
	"maillon/node/firms"
	"maillon/node/front"
	"maillon/node/harvester"
	"maillon/node/outlet"
	"maillon/node/reports"
	"maillon/node/shelf"
	"maillon/store/bolt"
	"maillon/store/journal"
	"maillon/store/search"
	"maillon/store/view"
)

// Version is the program's version, shown on pages and in user agents.
const Version = "0.1.0"

// A Node is a running node. Make it with [New], then [Node.Run] it once.
type Node struct {
	cfg Config
	log zerolog.Logger
	now func() time.Time

	noisy  zerolog.Logger // of what others can cause as often as they like: a few a minute
	counts counts

	began    time.Time                // when it was made
	front    *front.Front             // before the public handlers
	tokens   atomic.Pointer[[]string] // of deposits, from their file
	access   *access.Book             // password and tokens
	main     *bolt.DB                 // journals, mirrors, state
	vdb      *bolt.DB                 // views and what is derived from them
	views    *view.Views
	firms    *firms.Folder    // what SIRENE says of those whom contracts name
	finances *finances.Folder // budgets and grants
	middles  *middles         // of communes
	follower *search.Follower // of the views, into the index of contracts
	applying sync.Mutex       // held while the views take entries in
	stating  sync.Mutex       // held while statements are written
	key      nodeKey
	own      *journal.Log
	desk     *deposit.Desk
	shelf    *shelf.Shelf
	editions *edition.Store // nil if this node is no hub
	client   *follow.Client
	gather   *harvester.Harvester
	outlet   *outlet.Outlet
	face     *api.Server // what the public listener answers
	reports  *reports.Desk

	reportLimits *reportLimits
	uplinks      uplinks

	mirrors mirrors
	head    headGuard
	said    atomic.Pointer[[]byte] // the last announcement of this run
	witness *witnesser
	roster  *roster
	trust   *trust
	above   *pool // the pool of the hub above; nil at the top
	below   *pool // the pool this hub runs; nil if it is no hub
	climb   climbCache
	targets targets
	rush    rush
	reacher reacher
	host    *host  // nil if this node is no hub
	pusher  pusher // to the hub above, if that stores the journal

	integrity integrityCache
	post      post

	bells bells

	addr    addresses
	tasks   []task
	closers []func() error
}

// bells wake tasks. Each holds at most one wake-up.
type bells struct {
	views, announce, follow, state, files, editions, cosign, witness, push, confirm, reports chan struct{}
}

func (b bells) all() {
	for _, bell := range []chan struct{}{b.views, b.announce, b.follow, b.state, b.files, b.editions, b.cosign, b.witness, b.push, b.confirm, b.reports} {
		ring(bell)
	}
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default: // it is already to be woken
	}
}

// A task runs until its context ends; then it returns nil.
type task struct {
	name string
	run  func(ctx context.Context) error
}

// nodeKey is the node's signing key.
type nodeKey struct {
	signer   *federation.LiveSigner
	verifier *federation.Ring // of the key, and of those it replaced
	fresh    bool             // made at this start: it has signed nothing before
}

// noisyMost is how many lines a minute others can cause in the log. All are counted.
const noisyMost = 20

// New opens everything a node keeps. The node neither listens nor talks to
// anyone until Run.
func New(cfg Config, log zerolog.Logger) (*Node, error) {
	n, err := open(cfg, log)
	if err != nil {
		return n, err
	}
	if err := n.plan(); err != nil {
		return n, errors.Join(err, n.close())
	}
	return n, nil
}

// open is New without anything that runs.
func open(cfg Config, log zerolog.Logger) (n *Node, err error) {
	bell := func() chan struct{} { return make(chan struct{}, 1) }
	n = &Node{
		cfg: cfg, log: log, now: cfg.Now,
		bells:   bells{views: bell(), announce: bell(), follow: bell(), state: bell(), files: bell(), editions: bell(), cosign: bell(), witness: bell(), push: bell(), confirm: bell(), reports: bell()},
		mirrors: newMirrors(),
	}
	if n.now == nil {
		n.now = time.Now
	}
	n.began = n.now()
	n.noisy = log.Sample(&zerolog.BurstSampler{Burst: noisyMost, Period: time.Minute})
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	for _, dir := range []string{cfg.Data, n.path("deposits"), n.path("files")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return n, err
		}
	}
	n.access = access.Open(n.path(access.FileName), n.now)
	if err := n.openJournals(); err != nil {
		return n, err
	}
	if err := n.openViews(); err != nil {
		return n, err
	}
	n.head.init(!cfg.Federation.ConfirmHead || cfg.Federation.Join == nil || n.key.fresh)
	n.desk = &deposit.Desk{
		Dir: n.path("deposits"), DB: n.main, Log: n.own, Signer: n.key.signer,
		Strict: cfg.Deposits.Strict, MaxBytes: cfg.Deposits.MaxBytes, Ready: n.head.ready, Now: n.now,
	}
	if err := n.openEditions(); err != nil {
		return n, err
	}
	n.shelf = n.newShelf()
	n.client = follow.NewClient(follow.Options{AllowPrivate: cfg.Federation.AllowPrivate, UserAgent: "maillon/" + Version + " (+" + cfg.URL + ")"})
	n.gather = n.newHarvester()
	if err := n.gather.Configure(cfg.Sources); err != nil {
		return n, fmt.Errorf("sources: %w", err)
	}
	if err := n.openTrust(); err != nil {
		return n, err
	}
	if err := n.openPools(); err != nil {
		return n, err
	}
	n.openRegisters()
	n.openHosting()
	return n, nil
}

// openJournals opens the file of what cannot be lost: the own journal, the
// mirrors and the node's state.
func (n *Node) openJournals() (err error) {
	if n.main, err = bolt.Open(n.path("maillon.db"), bolt.Options{InitialMmap: 64 << 20, Timeout: 2 * time.Second}); err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	n.closers = append(n.closers, n.main.Close)
	if n.key, err = loadKey(n.path("node.key"), n.cfg.ID.String(), n.main); err != nil {
		return err
	}
	if n.own, err = journal.Open(n.main, n.cfg.ID.String(), 0, n.key.verifier); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	if n.roster, err = newRoster(n); err != nil {
		return err
	}
	if err := n.openUplinks(); err != nil {
		return err
	}
	if err := n.openMirrors(); err != nil {
		return err
	}
	return n.openWitness()
}

// openViews opens the file of what can be made again.
func (n *Node) openViews() (err error) {
	if n.vdb, err = bolt.Open(n.path("views.db"), bolt.Options{Churn: true, Timeout: 2 * time.Second}); err != nil {
		return fmt.Errorf("open views: %w (they can be made again: stop the node, delete views.db, start it)", err)
	}
	n.closers = append(n.closers, n.vdb.Close)
	if n.views, err = view.Open(n.vdb, n.cfg.ID.String()); err != nil {
		return fmt.Errorf("open views: %w", err)
	}
	moved, err := n.views.Home(fileIdentity(n.path("views.db")))
	if err != nil {
		return fmt.Errorf("open views: %w", err)
	}
	if moved {
		n.log.Warn().Msg("views.db is a copy: cursors of /api/v1/changes from before are refused, and their holders read the snapshot again")
	}
	n.openIndex()
	return nil
}

func (n *Node) path(name string) string { return filepath.Join(n.cfg.Data, name) }

// plan lists the tasks. Their order does not matter: each waits for its bell.
func (n *Node) plan() error {
	n.reports, n.reportLimits = n.newReports(), newReportLimits(n.cfg.Front.Proxies.Client)
	if err := n.planServers(); err != nil {
		return err
	}
	n.tasks = append(n.tasks,
		task{"views", n.runViews},
		task{"index", n.runIndex},
		task{"files", n.runFiles},
		task{"tidy", n.tidy},
		task{"editions", n.runEditions},
		task{"announce", n.runAnnounce},
		task{"follow", n.runFollow},
		task{"state", n.runStatements},
		task{"cosign", n.runCosign},
		task{"witness", n.runWitness},
		task{"confirm", n.runConfirm},
		task{"push", n.runPush},
		task{"trust", n.runTrust},
		task{"harvest", n.gather.Run},
		task{"publish", n.outlet.Run},
		task{"backup", n.runBackups},
		task{"uplink", n.runUplink},
		task{"reports", n.runReports},
	)
	if n.cfg.Deposits.Inbox != "" {
		n.tasks = append(n.tasks, task{"inbox", n.runInbox})
	}
	for _, p := range []*pool{n.above, n.below} {
		if p == nil {
			continue
		}
		n.tasks = append(n.tasks, task{"repair " + p.cfg.Hub, p.repair.Run})
		if !p.cfg.Light {
			n.tasks = append(n.tasks, task{"gossip " + p.cfg.Hub, p.run})
		}
	}
	return nil
}

// Run serves until ctx ends or a task breaks, then closes everything.
func (n *Node) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, n.close()) }()
	n.log.Info().Str("node", n.cfg.ID.String()).Str("url", n.cfg.URL).Uint64("journal", n.own.Size()).Msg("node started")
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range n.tasks {
		g.Go(func() error {
			if err := n.keepOn(ctx, t); err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// fullRetry is how long a task waits for room on the disk.
const fullRetry = 5 * time.Second

// keepOn runs a task, and again when the disk was full: nothing was written
// then, and the node goes on serving what it has until there is room.
func (n *Node) keepOn(ctx context.Context, t task) error {
	for {
		err := t.run(ctx)
		if !errors.Is(err, syscall.ENOSPC) || ctx.Err() != nil {
			return err
		}
		n.log.Error().Err(err).Str("task", t.name).Str("data", n.cfg.Data).Msg("the disk is full: make room")
		if !sleep(ctx, fullRetry) {
			return nil
		}
		n.bells.all() // wake-ups may have been lost with the task
	}
}

// Close releases a node that was never run.
func (n *Node) Close() error { return n.close() }

func (n *Node) close() error {
	var errs []error
	for _, undo := range slices.Backward(n.closers) {
		errs = append(errs, undo())
	}
	n.closers = nil
	return errors.Join(errs...)
}

// mirrors holds the byte-exact copies of other nodes' journals.
type mirrors struct {
	mu   sync.RWMutex
	logs map[view.Journal]*journal.Log
	of   map[string][]view.Journal // by node
}

func newMirrors() mirrors {
	return mirrors{logs: map[view.Journal]*journal.Log{}, of: map[string][]view.Journal{}}
}

func (m *mirrors) get(node string) (*journal.Log, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var best *journal.Log
	epoch := -1
	for _, j := range m.of[node] {
		if j.Epoch > epoch {
			best, epoch = m.logs[j], j.Epoch
		}
	}
	return best, best != nil
}

// ofNode lists the mirrors of a node's journals.
func (m *mirrors) ofNode(node string) []view.Journal {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.of[node])
}

// all lists the mirrors in a fixed order.
func (m *mirrors) all() []view.Journal {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []view.Journal
	for j := range m.logs {
		out = append(out, j)
	}
	slices.SortFunc(out, compareJournals)
	return out
}

func compareJournals(a, b view.Journal) int {
	if a.Node != b.Node {
		if a.Node < b.Node {
			return -1
		}
		return 1
	}
	return a.Epoch - b.Epoch
}

// mirror returns the mirror of a journal, made empty if it is not there yet.
func (n *Node) mirror(j view.Journal, v note.Verifier) (*journal.Log, error) {
	n.mirrors.mu.Lock()
	defer n.mirrors.mu.Unlock()
	if l, ok := n.mirrors.logs[j]; ok {
		return l, rekey(l.Verifier(), v)
	}
	l, err := journal.Open(n.main, j.Node, j.Epoch, v)
	if err != nil {
		return nil, fmt.Errorf("open mirror of %s: %w", j.Node, err)
	}
	n.mirrors.logs[j] = l
	n.mirrors.of[j.Node] = append(n.mirrors.of[j.Node], j)
	return l, nil
}

// rekey gives an open log the keys of v, if its owner has replaced them.
func rekey(have, v note.Verifier) error {
	old, ok := have.(*federation.Ring)
	ring, is := v.(*federation.Ring)
	if !ok || !is || slices.Equal(old.Texts(), ring.Texts()) {
		return nil
	}
	return old.Set(ring.Texts()...)
}
