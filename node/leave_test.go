package node

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A node says it is gone: its hub shows it so, keeps what it published, and asks no
// more, also after both have been restarted; and it may come back.
func TestANodeLeavesAndComesBack(t *testing.T) {
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	if err := hub.node.Leave(t.Context(), false); !errors.Is(err, errAlone) {
		t.Errorf("a top level leaves: %v", err)
	}
	member.publish(contractFile)
	eventually(t, "accepted", func() error { return hub.says(memberID, Accepted) })
	if err := member.node.Leave(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "gone", func() error { return hub.says(memberID, "gone") })
	member.restart()
	hub.restart()
	eventually(t, "still gone, and still there", func() error {
		if raw, _, status := hub.get(t, "/api/v1/contracts/"+memberID+"/P-1", ""); status != http.StatusOK || !strings.Contains(raw, `"authority":"own"`) {
			return fmt.Errorf("%d %.200s", status, raw)
		}
		return hub.says(memberID, "gone")
	})
	targets, err := hub.node.followTargets()
	if err != nil || len(targets) != 0 {
		t.Errorf("%+v, %v", targets, err)
	}
	if err := member.node.Leave(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	member.publish(strings.ReplaceAll(contractFile, "P-1", "P-2"))
	eventually(t, "back", func() error {
		if n := hub.node.Mirrored(memberID); n != 2 {
			return fmt.Errorf("%d entries", n)
		}
		return hub.says(memberID, Accepted)
	})
}
