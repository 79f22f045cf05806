package node

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/federation"
)

// strangers signs announcements of n nodes that run nowhere.
func strangers(t *testing.T, n int) [][]byte {
	t.Helper()
	var out [][]byte
	for i := range n {
		id := fmt.Sprintf("%s-%d", "21290019500018", i+2)
		secret, text, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{byte(i + 1)}, ed25519.SeedSize)), federation.KeyName(id, 0))
		if err != nil {
			t.Fatal(err)
		}
		signer, err := note.NewSigner(secret)
		if err != nil {
			t.Fatal(err)
		}
		now, root := time.Now().UTC().Truncate(time.Second), sha256.Sum256(nil)
		raw, err := federation.Sign(signer, federation.Announcement{
			Node: id, Key: text, Seq: uint64(now.Unix()), At: now, Expires: now.Add(time.Hour), Level: "commune", Geozone: "fr:commune:29019",
			Name: "Brest", URL: "https://brest.example", Role: federation.RoleNode, Root: root[:], Status: federation.Active,
		})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, raw)
	}
	return out
}

// What a member holds and its hub does not, and the other way round, is
// repaired over HTTP, without gossip.
func TestMemberAndHubRepairEachOther(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	eventually(t, "the member is admitted", func() error { return hub.says(memberID, Accepted) })
	eventually(t, "the member knows its hub", func() error {
		if _, ok := member.node.above.announcement(hubID); !ok {
			return fmt.Errorf("no announcement")
		}
		return nil
	})
	all := strangers(t, 40)
	for i, raw := range all {
		at := hub
		if i%2 == 0 {
			at = member
		}
		p := at.node.poolOf(hubID)
		if _, fresh := p.take(raw); !fresh {
			t.Fatalf("%d is no news", i)
		}
	}
	eventually(t, "both hold the same", func() error { // each may announce something new meanwhile
		if err := member.node.above.repairWithHub(t.Context()); err != nil {
			return err
		}
		a, b := hub.node.below.Digest(), member.node.above.Digest()
		if diff := a.Differ(&b); len(diff) != 0 || len(member.node.above.All()) != 42 {
			return fmt.Errorf("%d buckets differ, %d announcements", len(diff), len(member.node.above.All()))
		}
		return nil
	})
	// And the hub asks a member whose digest it has seen.
	one := strangers(t, 41)[40]
	member.node.above.take(one)
	a, b := hub.node.below.Digest(), member.node.above.Digest()
	hub.node.below.repair.Want(memberID, a.Differ(&b))
	eventually(t, "the hub fetches what the member's digest showed", func() error {
		if !hub.node.below.holds(one) {
			return fmt.Errorf("not there")
		}
		return nil
	})
}

func (p *pool) holds(raw []byte) bool {
	for _, n := range p.All() {
		if bytes.Equal(n, raw) {
			return true
		}
	}
	return false
}

func TestWhoAnnouncesTooMuchIsToldSo(t *testing.T) {
	hub, _ := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	id := "21290019500018"
	secret, text, err := federation.GenerateKey(id, 0)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	now, root, limited := time.Now().UTC().Truncate(time.Second), sha256.Sum256(nil), 0
	hub.stop()
	hub.clock = func() time.Time { return now } // what is allowed comes back with time, and a slow machine takes some
	hub.restart()
	for i := range 300 {
		raw, err := federation.Sign(signer, federation.Announcement{
			Node: id, Key: text, Seq: uint64(now.Unix()) + uint64(i), At: now, Expires: now.Add(time.Hour), Level: "commune", Geozone: "fr:commune:29019",
			Name: "Brest", URL: "https://brest.example", Role: federation.RoleNode, Root: root[:], Status: federation.Active,
		})
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Post(hub.url+"/federation/v1/announce", "text/plain", strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusTooManyRequests {
			limited++
			if res.Header.Get("Retry-After") == "" {
				t.Fatal("not told when to come again")
			}
		}
	}
	if limited == 0 || uint64(limited) != hub.node.below.limited.Load() {
		t.Errorf("%d of 300 were too many, %d counted", limited, hub.node.below.limited.Load())
	}
}
