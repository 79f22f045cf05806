package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"maillon/node/doctor"
)

// A hub that is asked tries to reach the member now, and the doctor tells what it found.
func TestAHubTriesToReachAMemberThatAsks(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	member.publish(contractFile)
	eventually(t, "mirrored", func() error {
		if n := hub.node.Mirrored(memberID); n != 1 {
			return fmt.Errorf("%d entries", n)
		}
		return hub.says(memberID, Accepted)
	})
	ask := func() (found Reach) {
		t.Helper()
		raw, _, status := hub.get(t, "/federation/v1/reach/"+memberID, "")
		if err := json.Unmarshal([]byte(raw), &found); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s", status, raw)
		}
		return found
	}
	found := ask()
	if found.Error != "" || found.Size != 1 || found.URL != member.url || time.Since(found.At) > time.Minute {
		t.Errorf("reached: %+v", found)
	}
	member.stop()
	if again := ask(); again != found {
		t.Errorf("asked again at once: %+v, want %+v", again, found)
	}
	hub.node.reacher.mu.Lock()
	clear(hub.node.reacher.found) // half a minute later
	hub.node.reacher.mu.Unlock()
	a := &asker{cfg: member.node.cfg, now: time.Now()}
	h := &doctor.Hub{URL: hub.url}
	if a.dialBack(t.Context(), h); h.Fault == "" || h.Untried != "" || h.Tried.IsZero() {
		t.Errorf("a member that is stopped: %+v", h)
	}
	if raw, _, status := hub.get(t, "/federation/v1/reach/"+hubID, ""); status != http.StatusNotFound {
		t.Errorf("a node that is no member: %d %s", status, raw)
	}
	hub.stop()
	h = &doctor.Hub{URL: hub.url}
	if a.dialBack(t.Context(), h); h.Untried == "" || !h.Tried.IsZero() {
		t.Errorf("a hub that is stopped: %+v", h)
	}
}

func TestTriesToReachMembersAreFew(t *testing.T) {
	var r reacher
	now := time.Unix(1_800_000_000, 0)
	tries := 0
	try := func(at time.Time, node string) (Reach, error) {
		return r.try(node, at, func() Reach { tries++; return Reach{Node: node, At: at, Size: uint64(tries)} })
	}
	for i, after := range []time.Duration{0, time.Second, reachEvery - 1} {
		if found, err := try(now.Add(after), "a"); err != nil || found.Size != 1 {
			t.Errorf("%d: %+v, %v", i, found, err)
		}
	}
	if found, err := try(now.Add(reachEvery), "a"); err != nil || found.Size != 2 {
		t.Errorf("half a minute later: %+v, %v", found, err)
	}
	// While a member is tried, neither it nor more than a few others are.
	var nested func(depth int)
	nested = func(depth int) {
		node := fmt.Sprint("m", depth)
		_, err := r.try(node, now, func() Reach {
			if _, err := try(now, node); !errors.Is(err, errReachBusy) {
				t.Errorf("tried twice at once: %v", err)
			}
			if depth < reachMost {
				nested(depth + 1)
			}
			return Reach{At: now}
		})
		if busy := errors.Is(err, errReachBusy); busy != (depth == reachMost) {
			t.Errorf("at depth %d: %v", depth, err)
		}
	}
	nested(0)
	if r.busy != 0 {
		t.Errorf("%d tries never ended", r.busy)
	}
}
