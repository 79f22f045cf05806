package contract

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
)

// readReal reads the records of real files, each as one deposit of one node.
func readReal(t *testing.T, names ...string) []Source {
	t.Helper()
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: identity is not tested on real files")
	}
	var out []Source
	for n, name := range names {
		f, err := os.Open(filepath.Join(dir, "pivot", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for item, err := range pivot.NewReader(f, pivot.Limits{}).Items() {
			if err != nil {
				t.Fatal(err)
			}
			if len(item.Problems) > 0 {
				continue
			}
			hash, err := pivot.HashOf(item.Record.Raw)
			if err != nil {
				t.Fatal(err)
			}
			c, _ := pivot.Normalise(item.Record)
			out = append(out, Source{
				Ref: entry.Ref{Node: "25351449100047", Index: uint64(len(out))}, Deposit: strconv.Itoa(n), Hash: hash,
				At: time.Date(2026, 11, 24, 8, 0, n, 0, time.UTC), State: pivot.Conforming, Contract: c,
			})
		}
	}
	return out
}

// groups consolidates all sources, group by group.
func groups(sources []Source) map[string][]Contract {
	by := map[string][]Source{}
	for _, s := range sources {
		k := s.Contract.Buyer.ID + "/" + GroupKey(s.Contract.ID)
		by[k] = append(by[k], s)
	}
	out := map[string][]Contract{}
	for k, g := range by {
		out[k] = Consolidate(g)
	}
	return out
}

func of(all map[string][]Contract, buyer, id string) []Contract {
	var out []Contract
	for _, c := range all[buyer+"/"+GroupKey(id)] {
		if slices.Contains(c.IDs, id) {
			out = append(out, c)
		}
	}
	return out
}

func TestTheFortySevenLotsUnderOneIDStayFortySeven(t *testing.T) {
	all := groups(readReal(t, "v2/dematis.json", "v2/dematis13.json", "v2/dematis16.json", "v2/dematis17.json", "v2/dematis18.json"))
	got := of(all, "13002793100018", "2024-OCC010-00")
	if len(got) != 47 {
		t.Errorf("%d contracts under 2024-OCC010-00, want 47 lots", len(got))
	}
	for _, c := range got {
		if c.Case != Lots {
			t.Errorf("%s is said to be %s", c.Slug, c.Case)
		}
	}
	if got := of(all, "21130027200013", "2024-15"); len(got) != 5 {
		t.Errorf("%d contracts under 2024-15, want 5 lots", len(got))
	}
}

func TestVersionsOfOneContractAcrossDailyFilesComeTogether(t *testing.T) {
	all := groups(readReal(t, "v2/dematis.json", "v2/dematis13.json", "v2/dematis16.json", "v2/dematis17.json", "v2/dematis18.json"))
	several := 0
	for key, list := range all {
		for _, c := range list {
			if len(c.Versions) < 2 {
				continue
			}
			several++
			first := c.Versions[0].Source.Contract
			for _, v := range c.Versions[1:] {
				if v.Source.Contract.LatestPublication() > first.LatestPublication() {
					t.Errorf("%s: the version of %s is shown over that of %s", key, first.LatestPublication(), v.Source.Contract.LatestPublication())
				}
			}
		}
	}
	if several == 0 {
		t.Error("no contract has several versions: the daily files send modified contracts again")
	}
	t.Logf("%d contracts have several versions", several)
}

func TestPairsSharedByTwoFilesAreOneContractEach(t *testing.T) {
	aws, pes := readReal(t, "v1/aws-2019.json"), readReal(t, "v1/pes-helios-2019-04.json")
	for i := range pes {
		pes[i].Deposit = "pes"
		pes[i].Ref.Index += 1 << 20
		pes[i].At = pes[i].At.Add(time.Hour)
	}
	type pair struct{ buyer, id string }
	has := map[pair]bool{}
	for _, s := range aws {
		has[pair{s.Contract.Buyer.ID, s.Contract.ID}] = true
	}
	shared := map[pair]bool{}
	for _, s := range pes {
		if p := (pair{s.Contract.Buyer.ID, s.Contract.ID}); has[p] {
			shared[p] = true
		}
	}
	if len(shared) != 176 {
		t.Fatalf("%d shared pairs, want 176", len(shared))
	}
	all := groups(append(aws, pes...))
	differ, fourfold, apart := 0, 0, 0
	for p := range shared {
		met := false
		for _, c := range of(all, p.buyer, p.id) {
			from := map[string]bool{}
			for _, v := range c.Versions {
				from[v.Source.Deposit] = true
			}
			met = met || len(from) == 2
			for _, v := range c.Versions[1:] {
				if v.Reason == "" || c.Versions[0].Reason == "" {
					t.Errorf("%s/%s: no reason is given", p.buyer, p.id)
				}
				if slices.Contains(v.Differs, "montant") {
					differ++
					if a, b := c.Versions[0].Source.Contract.Amount, v.Source.Contract.Amount; *a == 4**b || *b == 4**a {
						fourfold++
					}
				}
			}
		}
		if !met {
			apart++
		}
	}
	// 25660150100032/2019ASSPERS00 names another company and another objet in
	// each file: two contracts under one id.
	if apart > 1 {
		t.Errorf("%d pairs are kept apart, want at most one", apart)
	}
	if fourfold < 2 {
		t.Errorf("%d pairs differ in montant by four", fourfold)
	}
	t.Logf("of %d pairs %d are one contract; %d differ in montant, %d of them by four", len(shared), len(shared)-apart, differ, fourfold)
}

func TestLookAlikeIDsWithoutModificationStayApart(t *testing.T) {
	sources := readReal(t, "v1/pes-helios-2019-04.json")
	type base struct{ buyer, id string }
	ids, modified := map[base]map[string]bool{}, map[base]bool{}
	for _, s := range sources {
		k := base{s.Contract.Buyer.ID, s.Contract.ID[:len(s.Contract.ID)-2]}
		if ids[k] == nil {
			ids[k] = map[string]bool{}
		}
		ids[k][s.Contract.ID] = true
		modified[k] = modified[k] || len(s.Contract.Modifications) > 0
	}
	all := groups(sources)
	alike, unmodified := 0, 0
	for k, list := range ids {
		if len(list) < 2 {
			continue
		}
		alike++
		if modified[k] {
			continue
		}
		unmodified++
		for id := range list {
			for _, c := range of(all, k.buyer, id) {
				if len(c.IDs) != 1 {
					t.Errorf("%s: %v are folded though nothing was modified", k.buyer, c.IDs)
				}
			}
		}
	}
	if alike != 25 || unmodified != 20 {
		t.Errorf("%d look-alike groups, %d without modification; want 25 and 20", alike, unmodified)
	}
}
