package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/pivot"
	"maillon/catalog/texts"
)

type pair struct{ buyer, id string }

// pairsOf lists the (buyer, id) pairs of a real file.
func pairsOf(t *testing.T, path string) map[pair]bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[pair]bool{}
	for item, err := range pivot.NewReader(f, pivot.Limits{}).Items() {
		if err != nil {
			t.Fatal(err)
		}
		out[pair{item.Record.Buyer, item.Record.ID}] = true
	}
	return out
}

// TestRealFilesReachTheNation deposits real files on the organisme. The nation
// must hold every identified record, and say for each pair that two files
// share which record is shown and why.
func TestRealFilesReachTheNation(t *testing.T) {
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: no real files climb")
	}
	file := func(name string) string { return filepath.Join(dir, "pivot", name) }
	aws, pes := pairsOf(t, file("v1/aws-2019.json")), pairsOf(t, file("v1/pes-helios-2019-04.json"))
	explained := 0
	var out bytes.Buffer
	err := Run(t.Context(), Options{
		Port: freeRange(t), Once: true, Timeout: 3 * time.Minute, Out: &out, Lang: texts.English, Log: zerolog.Nop(),
		Pivots: []string{file("v1/aws-2019.json"), file("v1/pes-helios-2019-04.json"), file("v2/dematis13.json"), file("official")},
		arrived: func(nation string) error {
			for p := range pes {
				if !aws[p] {
					continue
				}
				if err := explain(nation, p); err != nil {
					t.Error(err)
				}
				explained++
			}
			return nil
		},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if explained != 176 {
		t.Errorf("%d pairs are in both files, want 176", explained)
	}
}

// explain asks the nation for the history of a pair: every version must have
// its reason.
func explain(nation string, p pair) error {
	res, err := http.Get(nation + "/api/v1/contracts/" + url.PathEscape(p.buyer) + "/" + url.PathEscape(p.id) + "/history")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s/%s: %s", p.buyer, p.id, res.Status)
	}
	var h struct {
		Versions []struct {
			Shown         bool
			Reason, Hash  string
			Node, Pointer string
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&h); err != nil {
		return err
	}
	for i, v := range h.Versions {
		if v.Shown != (i == 0) || !texts.Has("reason."+v.Reason) || v.Hash == "" {
			return fmt.Errorf("%s/%s: version %d is not explained: %+v", p.buyer, p.id, i, v)
		}
	}
	if len(h.Versions) == 0 {
		return fmt.Errorf("%s/%s: no version", p.buyer, p.id)
	}
	return nil
}
