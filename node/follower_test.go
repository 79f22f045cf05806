package node

import (
	"fmt"
	"testing"

	"maillon/store/view"
)

// TestPlacesForFollowing: a journal is followed once at a time, a server has a share of
// the places, and what finds none stays due.
func TestPlacesForFollowing(t *testing.T) {
	var ts targets
	of := func(server string, i int) target {
		return target{journal: view.Journal{Node: fmt.Sprintf("%s-%d", server, i)}, base: "https://" + server + ".example/journal"}
	}
	for i := range maxOfOne {
		if ok, _ := ts.begin(of("a", i)); !ok {
			t.Fatalf("journal %d of a server found no place", i)
		}
	}
	if ok, already := ts.begin(of("a", 0)); ok || !already {
		t.Errorf("a journal that is being followed: %v, %v", ok, already)
	}
	if ok, already := ts.begin(of("a", maxOfOne)); ok || already {
		t.Errorf("one more than the server's share: %v, %v", ok, already)
	}
	for i := range maxFollows - maxOfOne {
		if ok, _ := ts.begin(of(fmt.Sprint("b", i), i)); !ok {
			t.Fatalf("server %d found no place", i)
		}
	}
	if ok, already := ts.begin(of("c", 0)); ok || already {
		t.Errorf("all places are taken: %v, %v", ok, already)
	}
	ts.end(of("a", 0).journal)
	if ok, _ := ts.begin(of("a", maxOfOne)); !ok {
		t.Error("a place that is free again was not taken")
	}
}
