package hosting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/mod/sumdb/note"

	"maillon/federation"
	"maillon/federation/follow"
	"maillon/node/api"
	"maillon/store/journal"
)

// A Guest is a member whose journal this hub stores.
type Guest struct {
	Node     string
	Verifier note.Verifier // its journal's key, as this hub has accepted it
	Mirror   *journal.Log
	Into     follow.Mirror // what extends Mirror; nil is Mirror itself
}

func (g Guest) into() follow.Mirror {
	if g.Into != nil {
		return g.Into
	}
	return g.Mirror
}

// A Receiver takes pushed journals into mirrors. Fill the exported fields,
// then [Receiver.Open] it.
type Receiver struct {
	Dir   string // of what waits for its checkpoint
	Hub   string // node id
	Quota int64  // bytes that a member's mirror, with what waits, may take
	Log   zerolog.Logger
	Now   func() time.Time

	// Guest finds a member that may push here, or refuses (an *api.Refusal).
	Guest func(node string) (Guest, error)
	// Landed is told that a mirror has grown.
	Landed func(g Guest)
	// Forked is told that a member has signed two histories.
	Forked func(node, ours, theirs string)

	client *follow.Client
	puts   chan struct{} // bounds requests under way
	proofs chan struct{} // bounds verifications under way

	mu    sync.Mutex
	inns  map[string]*inn
	weigh map[string]weight
}

// An inn is what the receiver keeps of one member that pushes.
type inn struct {
	stage *stage
	turn  chan struct{} // held while a checkpoint is verified
	proof proof         // that is under way; guarded by the receiver's lock
}

// A proof is a checkpoint that is verified, and the mirror it is to extend.
type proof struct {
	checkpoint []byte
	mirror     *journal.Log
}

// A push is one request of a guest.
type push struct {
	*inn
	guest Guest
}

// weight is how much a mirror took at a size.
type weight struct {
	size  uint64
	bytes int64
}

// Limits of what is received.
const (
	// MaxStep is how many entries one checkpoint may bring. A longer journal
	// comes in steps, each with a checkpoint of its own.
	MaxStep = 1 << 16

	maxPuts       = 32
	maxProofs     = 2
	maxFiles      = 2048 // staged for one member
	maxMissing    = 512  // told in one answer
	maxCheckpoint = 16 << 10
	turnTimeout   = 20 * time.Second
	silence       = 30 * time.Second // that a sender may keep
	minRate       = 16 << 10         // bytes a second that it must keep beyond
	stageAge      = 24 * time.Hour
)

// Open makes the receiver ready.
func (r *Receiver) Open() *Receiver {
	r.puts, r.proofs = make(chan struct{}, maxPuts), make(chan struct{}, maxProofs)
	r.inns, r.weigh = map[string]*inn{}, map[string]weight{}
	r.client = follow.NewClient(follow.Options{Transport: atHand{r}})
	return r
}

// Run throws away what has waited for its checkpoint for too long.
func (r *Receiver) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := r.sweep(); err != nil {
				r.Log.Error().Err(err).Msg("throw away what was pushed and never proven")
			}
		}
	}
}

func (r *Receiver) sweep() error {
	there, err := os.ReadDir(r.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var errs []error
	for _, e := range there {
		info, err := e.Info()
		if err != nil || r.Now().Sub(info.ModTime()) < stageAge {
			continue
		}
		r.mu.Lock()
		i := r.inns[e.Name()]
		if i == nil {
			errs = append(errs, os.RemoveAll(filepath.Join(r.Dir, e.Name())))
		} else if i.stage.old(r.Now(), stageAge) {
			errs = append(errs, i.stage.clear())
		}
		r.mu.Unlock()
	}
	return errors.Join(append(errs, err)...)
}

// Put takes one resource of a member's journal, or, if path is checkpoint,
// verifies what was put before and shows it.
func (r *Receiver) Put(w http.ResponseWriter, req *http.Request, node, path string) error {
	select {
	case r.puts <- struct{}{}:
		defer func() { <-r.puts }()
	default:
		return busy("this hub is receiving from as many members as it can")
	}
	g, err := r.Guest(node)
	if err != nil {
		return err
	}
	if err := federation.OpenTicket(req.Header.Get("Authorization"), g.Verifier, r.Hub, r.Now()); err != nil {
		return &api.Refusal{Kind: "ticket", Title: "A ticket of the member is needed", Status: http.StatusUnauthorized, Detail: err.Error()}
	}
	i, err := r.admit(g)
	if err != nil {
		return err
	}
	if path == "checkpoint" {
		return r.finish(w, req, i)
	}
	return r.stage(w, req, i, path)
}

func busy(detail string) error {
	return &api.Refusal{
		Kind: "busy", Title: "The hub is busy", Status: http.StatusTooManyRequests, Detail: detail + ": come back later",
		After: 5*time.Second + rand.N(25*time.Second), // not all at once
	}
}

func (r *Receiver) admit(g Guest) (push, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.inns[g.Node]
	if i == nil {
		s, err := openStage(filepath.Join(r.Dir, g.Node), r.Now())
		if err != nil {
			return push{}, fmt.Errorf("open what %s has pushed: %w", g.Node, err)
		}
		i = &inn{stage: s, turn: make(chan struct{}, 1)}
		r.inns[g.Node] = i
	}
	return push{i, g}, nil
}

// stage takes one tile, bundle or bodies.
func (r *Receiver) stage(w http.ResponseWriter, req *http.Request, i push, path string) error {
	p, ok := journal.ParsePath(path)
	coding := req.Header.Get("Content-Encoding")
	size := i.guest.Mirror.Size()
	switch {
	case !ok:
		return &api.Refusal{Kind: "path", Title: "Not a path of a journal", Status: http.StatusBadRequest, Detail: fmt.Sprintf("%.80q is no tile, bundle or bodies of a journal (docs/journal.md)", path)}
	case coding != "" && coding != "zstd":
		return &api.Refusal{Kind: "coding", Title: "The body is coded in a way that is not known", Status: http.StatusUnsupportedMediaType, Detail: "send it plain, or as zstd"}
	case p.Within(size) || i.stage.has(path):
		w.WriteHeader(http.StatusNoContent)
		return nil
	case !p.Within(size + MaxStep):
		return tooFar(size)
	}
	if files, _ := i.stage.held(); files >= maxFiles {
		return &api.Refusal{Kind: "staged", Title: "Too much waits for its checkpoint", Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("%d resources wait for a checkpoint: put the checkpoint that they are of", files)}
	}
	weight, err := r.weighed(i.guest)
	if err != nil {
		return err
	}
	a := arriving{path: path, coding: coding, limit: follow.MaxResource(p.Kind, p.Width), room: r.Quota - weight, now: r.Now()}
	if coding != "" {
		a.limit += a.limit/8 + 64<<10
	}
	if req.ContentLength > a.limit {
		return tooLong(path, a.limit)
	}
	if _, held := i.stage.held(); held+max(req.ContentLength, 1) > a.room {
		return r.overQuota(i.guest, weight)
	}
	a.body = paced(w, req.Body)
	if err := i.stage.put(a); err != nil {
		return r.notStaged(i.guest, a, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func tooFar(size uint64) error {
	return &api.Refusal{Kind: "step", Title: "Too much at once", Status: http.StatusRequestEntityTooLarge,
		Detail: fmt.Sprintf("the mirror has %d entries and takes %d more at a time: push an earlier checkpoint first", size, MaxStep)}
}

func tooLong(path string, limit int64) error {
	return &api.Refusal{Kind: "too-large", Title: "The body is too large", Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("%s cannot have more than %d bytes", path, limit)}
}

func (r *Receiver) overQuota(g Guest, weight int64) error {
	return &api.Refusal{Kind: "quota", Title: "The member's quota is used up", Status: http.StatusInsufficientStorage, After: time.Hour,
		Detail: fmt.Sprintf("the mirror of %s takes %d MiB here, and what was pushed now would bring it over the %d MiB that this hub gives each member: ask its operator for more (federation.hub.quota), or store your journal yourself (federation.join.storage: own)",
			g.Node, weight>>20, r.Quota>>20)}
}

// notStaged says what an error of the stage is to the sender.
func (r *Receiver) notStaged(g Guest, a arriving, err error) error {
	switch {
	case errors.Is(err, errTooLong):
		return tooLong(a.path, a.limit)
	case errors.Is(err, errFull):
		return r.overQuota(g, r.Quota-a.room)
	case errors.Is(err, syscall.ENOSPC):
		r.Log.Error().Err(err).Str("node", g.Node).Msg("no space left for what members push")
		return noSpace()
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, http.ErrBodyReadAfterClose):
		return &api.Refusal{Kind: "upload", Title: "The upload broke off", Status: http.StatusRequestTimeout, Detail: a.path + ": send it again", After: time.Second}
	}
	return fmt.Errorf("stage %s of %s: %w", a.path, g.Node, err)
}

func noSpace() error {
	return &api.Refusal{Kind: "no-space", Title: "The hub's disk is full", Status: http.StatusInsufficientStorage, Detail: "the hub has no space left on its disk: its operator must make some", After: 10 * time.Minute}
}

// weighed is how much the mirror of a member takes, counted once per size.
func (r *Receiver) weighed(g Guest) (int64, error) {
	size := g.Mirror.Size()
	r.mu.Lock()
	known := r.weigh[g.Node]
	r.mu.Unlock()
	if known.size == size && known.bytes > 0 || size == 0 {
		return known.bytes, nil
	}
	n, err := g.Mirror.Bytes()
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	r.weigh[g.Node] = weight{size, n}
	r.mu.Unlock()
	return n, nil
}

// paced reads a request's body as long as its sender keeps a pace.
func paced(w http.ResponseWriter, body io.Reader) io.Reader {
	return &pace{c: http.NewResponseController(w), r: body, left: silence}
}

type pace struct {
	c    *http.ResponseController
	r    io.Reader
	left time.Duration
}

func (p *pace) Read(b []byte) (int, error) {
	start := time.Now()
	if err := p.c.SetReadDeadline(start.Add(p.left)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := p.r.Read(b)
	p.left = min(p.left-time.Since(start)+time.Duration(n)*time.Second/minRate, silence)
	if err != nil {
		_ = p.c.SetReadDeadline(time.Time{}) // the connection may go on
	}
	return n, err
}
