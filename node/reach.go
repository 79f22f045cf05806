package node

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/mux"
)

// Bounds of trying to reach members when they ask for it.
const (
	reachMost  = 4                // at once
	reachEvery = 30 * time.Second // of one member; who asks sooner is told what was found then
	reachWait  = 4 * time.Second  // for an answer: less than who asks waits
	reachWords = 300              // bytes of an error that are told
)

// A Reach is what a hub found when it tried to reach a member.
type Reach struct {
	Node  string    `json:"node"`
	URL   string    `json:"url"` // that was tried
	At    time.Time `json:"at"`  // when
	Size  uint64    `json:"size"`
	Error string    `json:"error,omitempty"`

	pending bool // the try is under way
}

// A reacher tries to reach members, not too often and not too many at once.
type reacher struct {
	mu    sync.Mutex
	busy  int
	found map[string]Reach // by accepted member, which bounds it
}

var errReachBusy = errors.New("this hub is trying to reach other members just now: ask again in a few seconds")

// try gives what was found lately, or what try finds now.
func (r *reacher) try(node string, now time.Time, try func() Reach) (Reach, error) {
	r.mu.Lock()
	last, ok := r.found[node]
	if ok && !last.pending && now.Sub(last.At) < reachEvery {
		r.mu.Unlock()
		return last, nil
	}
	if last.pending || r.busy >= reachMost {
		r.mu.Unlock()
		return Reach{}, errReachBusy
	}
	r.busy++
	if r.found == nil {
		r.found = map[string]Reach{}
	}
	r.found[node] = Reach{pending: true}
	r.mu.Unlock()
	found := try()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy--
	r.found[node] = found
	return found, nil
}

// serveReach answers a member that wants to know whether this hub reaches it: a fresh
// look at the head of its journal, at the address where it is known and no other.
func (n *Node) serveReach(w http.ResponseWriter, r *http.Request) {
	m, ok := n.roster.member(mux.Vars(r)["node"])
	at := ""
	if ok && m.State == Accepted && m.Hub == "" && m.Storage != "hub" && n.below != nil {
		at = n.reach(m)
	}
	if at == "" {
		refuseCall(w, http.StatusNotFound, "not-found", errors.New("no accepted member of this hub that serves its journal itself has this id"))
		return
	}
	v, err := verifierOf(m.Key, m.Node, m.Epoch, m.PastKeys...)
	if err != nil {
		refuseCall(w, http.StatusInternalServerError, "internal", errors.New("the member's key cannot be read"))
		return
	}
	found, err := n.reacher.try(m.Node, n.now(), func() Reach {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), reachWait) // others are told the same
		defer cancel()
		out := Reach{Node: m.Node, URL: at, At: n.now().UTC().Truncate(time.Second)}
		head, err := n.client.Checkpoint(ctx, at+"/journal", v)
		if out.Size = head.Size; err != nil {
			out.Error = err.Error()
			out.Error = out.Error[:min(len(out.Error), reachWords)]
		}
		return out
	})
	if err != nil {
		w.Header().Set("Retry-After", "5")
		refuseCall(w, http.StatusTooManyRequests, "busy", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found)
}
