package node

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"maillon/federation/witness"
	"maillon/store/journal"
)

// served asks a node for an address as it is.
func (r *running) served(path string) ([]byte, error) {
	res, err := http.Get(r.url + path)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, res.Status)
	}
	return raw, err
}

// cosignedBy wants a cosignature by another node on a checkpoint it serves.
func (r *running) cosignedBy(path string, owner, by *running) error {
	raw, err := r.served(path)
	if err != nil {
		return err
	}
	if _, err := witness.Open(raw, owner.node.key.verifier); err != nil {
		return err
	}
	c, err := by.node.cosigner()
	if err != nil {
		return err
	}
	if got := witness.Cosignatures(raw, r.node.now(), c.Key()); len(got) != 1 {
		return fmt.Errorf("not cosigned: %s", raw)
	}
	return nil
}

func TestHubsCosignMirrorsAndOthersCosignHubs(t *testing.T) {
	t.Parallel()
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	member.publish(contractFile)
	eventually(t, "the mirror is cosigned by the hub", func() error {
		return hub.cosignedBy("/n/"+memberID+"/journal/checkpoint", member, hub)
	})
	eventually(t, "the hub's own journal is cosigned by its member", func() error {
		return hub.cosignedBy("/journal/checkpoint", hub, member)
	})
	if cp := hub.node.mirrors.logs[hub.node.mirrors.all()[0]].Checkpoint(); bytes.Count(cp, []byte("— ")) != 1 {
		t.Errorf("the mirror is kept with other signatures than its owner's:\n%s", cp)
	}
	hub.restart()
	eventually(t, "both are served after a restart", func() error {
		if err := hub.cosignedBy("/n/"+memberID+"/journal/checkpoint", member, hub); err != nil {
			return err
		}
		return hub.cosignedBy("/journal/checkpoint", hub, member)
	})
}

// askWitness posts a request, and returns status and answer.
func (r *running) askWitness(t *testing.T, q witness.Request) (int, string) {
	t.Helper()
	res, err := http.Post(r.url+"/federation/v1/witness/add-checkpoint", "text/plain", bytes.NewReader(q.Marshal()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// forged signs any root in the name of a node, with any key.
func forged(t *testing.T, signer note.Signer, node string, size uint64, root tlog.Hash) []byte {
	t.Helper()
	text := log.Checkpoint{Origin: journal.Origin(node, 0), Size: size, Hash: root[:]}.Marshal()
	n, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAWitnessKeepsToOneHistory(t *testing.T) {
	t.Parallel()
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	for i := range 3 {
		member.publish(strings.ReplaceAll(contractFile, "P-1", fmt.Sprintf("P-%d", i)))
	}
	eventually(t, "mirrored", func() error {
		if n := hub.node.Mirrored(memberID); n != 3 {
			return fmt.Errorf("%d entries", n)
		}
		return hub.cosignedBy("/n/"+memberID+"/journal/checkpoint", member, hub)
	})
	own := member.node.own.Checkpoint()
	want := func(what string, status int, q witness.Request, answer string) {
		t.Helper()
		got, body := hub.askWitness(t, q)
		if got != status || !strings.Contains(body, answer) {
			t.Errorf("%s: %d %q, want %d and %q", what, got, body, status, answer)
		}
	}
	signer := member.node.key.signer
	want("the head it has", 200, witness.Request{Old: 3, Checkpoint: own}, "— maillon/"+hubID+"/0 ")
	want("from nothing", 409, witness.Request{Checkpoint: own}, "3\n")
	want("an unknown journal", 404, witness.Request{Checkpoint: bytes.ReplaceAll(own, []byte(memberID), []byte("13002526500013"))}, "")
	want("another's signature", 403, witness.Request{Old: 3, Checkpoint: bytes.Replace(own, []byte("\n3\n"), []byte("\n4\n"), 1)}, "")
	want("an old size beyond", 400, witness.Request{Old: 9, Checkpoint: own}, "")
	want("a bad proof", 422, witness.Request{Old: 3, Proof: make([]tlog.Hash, 2), Checkpoint: forged(t, signer, memberID, 9, tlog.Hash{9})}, "")
	if _, accused := hub.node.witness.accused(memberID); accused {
		t.Error("a bad proof is no proof of two histories")
	}
	want("nothing", 404, witness.Request{}, "")
	want("a second history", 409, witness.Request{Old: 3, Checkpoint: forged(t, signer, memberID, 2, tlog.Hash{2})}, "3\n")
	eventually(t, "the member is suspended, with the evidence", func() error { return hub.says(memberID, "suspended") })
	e, ok := hub.node.witness.accused(memberID)
	if !ok || !strings.Contains(e.Theirs, "\n2\n") {
		t.Errorf("evidence %+v", e)
	}
	hub.restart()
	if _, ok := hub.node.witness.accused(memberID); !ok {
		t.Error("the evidence is gone after a restart")
	}
}

func TestADoubtfulHeadIsLookedInto(t *testing.T) {
	t.Parallel()
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	member.publish(contractFile)
	eventually(t, "the member has cosigned its hub", func() error { return hub.cosignedBy("/journal/checkpoint", hub, member) })
	// The hub shows its member a head that does not lead on from the one
	// before, and then a public journal that goes another way.
	w := member.node.witness
	last, err := witness.Open([]byte(w.lines[journal.Origin(hubID, 0)].Note), hub.node.key.verifier)
	if err != nil {
		t.Fatal(err)
	}
	q := witness.Request{Old: last.Size, Proof: make([]tlog.Hash, 1), Checkpoint: forged(t, hub.node.key.signer, hubID, last.Size+1, tlog.Hash{7})}
	if got, body := member.askWitness(t, q); got != 422 {
		t.Fatalf("%d %s", got, body)
	}
	hub.publish(strings.ReplaceAll(contractFile, "21350238800019", hubID))
	hub.publish(strings.ReplaceAll(strings.ReplaceAll(contractFile, "21350238800019", hubID), "P-1", "P-2"))
	eventually(t, "the member holds evidence against its hub", func() error {
		ring(member.node.bells.witness)
		if _, ok := w.accused(hubID); !ok {
			return fmt.Errorf("none")
		}
		nodes, err := fedView{member.node}.Nodes()
		if err != nil {
			return err
		}
		for _, s := range nodes {
			if s.ID == hubID && strings.Contains(s.Reason, "two histories") {
				return nil
			}
		}
		return fmt.Errorf("it is not told to the operator: %+v", nodes)
	})
}
