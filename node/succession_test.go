package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"maillon/catalog/entry"
)

// The town hall moves: its hub says so, and its contracts, catalogue and pages
// follow without changing an address, at the hub as at the town.
func TestATownHallMoves(t *testing.T) {
	const moved = "21350238800027"
	hub, member := pair(t, "fr:commune:35238", "allow_private: true,", "open")
	publish := func(buyer, objet string) {
		member.publish(strings.NewReplacer(memberID, buyer, "Exemple : papier", objet).Replace(contractFile))
	}
	publish(memberID, "Exemple : papier")
	publish(moved, "Exemple, papier")
	eventually(t, "two contracts", func() error {
		if s, err := hub.node.Summary(); err != nil || s.Contracts != 2 {
			return fmt.Errorf("%+v %v", s, err)
		}
		return nil
	})
	move := entry.Succession{From: memberID, To: moved, On: "2026-01-01", Why: entry.WhyMove, Reason: "déménagement"}
	if err := member.node.Succeed(t.Context(), entry.Succession{From: "21350001000011", To: memberID, On: "2026-01-01", Why: entry.WhyMerger}); !errors.Is(err, errNotOurs) {
		t.Errorf("a member speaks of others: %v", err)
	}
	for range 2 {
		if err := hub.node.Succeed(t.Context(), move); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "one contract", func() error {
		if s, err := hub.node.Summary(); err != nil || s.Contracts != 1 {
			return fmt.Errorf("%+v %v", s, err)
		}
		return nil
	})
	for _, buyer := range []string{memberID, moved} {
		raw, _, status := hub.get(t, "/api/v1/contracts/"+buyer+"/P-1", "")
		if status != http.StatusOK || !strings.Contains(raw, `"address":"`+memberID+`/P-1"`) {
			t.Errorf("%s: %d %.300s", buyer, status, raw)
		}
		if page, _, status := hub.get(t, "/acheteurs/"+buyer+"?lang=en", "text/html"); status != http.StatusOK || !strings.Contains(page, "change of address") {
			t.Errorf("page of %s: %d", buyer, status)
		}
	}
	raw, _, _ := hub.get(t, "/api/v1/successions", "")
	var list struct {
		Total int
		Items []struct {
			Speaker    string
			Succession entry.Succession
		}
	}
	if err := json.Unmarshal([]byte(raw), &list); err != nil || list.Total != 1 || list.Items[0].Speaker != hubID || list.Items[0].Succession != move {
		t.Errorf("%v %s", err, raw)
	}
}
