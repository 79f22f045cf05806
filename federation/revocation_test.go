package federation

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// list signs a revocation list of version v.
func list(t testing.TB, by *Authority, v uint64, entries ...Revocation) RevocationList {
	t.Helper()
	raw, err := by.Revocations(RevocationList{Version: v, At: noon, Expires: noon.AddDate(0, 0, 7), Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	l, err := OpenRevocations(raw, noon)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func revoke(serial, key string) Revocation {
	return Revocation{Serial: serial, Key: key, At: noon, Reason: "left"}
}

func TestWhatIsTakenBackIsRefused(t *testing.T) {
	h := newHouse(t)
	stranger := authorityFrom(t, brest, 50)
	for name, c := range map[string]struct {
		by   *Authority
		e    Revocation
		want Refusal
		link int
	}{
		"the charter, by its hub":                {h.region, revoke("0000000000000003", ""), RefusedRevoked, 0},
		"the node's key, by its hub":             {h.region, revoke("", h.chain[0].Key), RefusedRevoked, 0},
		"the charter, by the level above":        {h.nation, revoke("0000000000000003", ""), RefusedRevoked, 0},
		"the charter, by the root":               {h.root, revoke("0000000000000003", ""), RefusedRevoked, 0},
		"the hub's charter, by the nation":       {h.nation, revoke("0000000000000002", ""), RefusedRevoked, 1},
		"the hub's authority key, by the nation": {h.nation, revoke("", h.region.Key()), RefusedRevoked, 0},
		"the hub's charter, by itself":           {h.region, revoke("0000000000000002", ""), "", 0},
		"the nation's charter, by a hub":         {h.region, revoke("0000000000000001", ""), "", 0},
		"the charter, by a stranger":             {stranger, revoke("0000000000000003", ""), "", 0},
		"the charter, by the hub's namesake":     {authorityFrom(t, regionID, 51), revoke("0000000000000003", ""), "", 0},
		"another charter":                        {h.region, revoke("00000000000000ff", ""), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			trust := h.trust
			if _, err := trust.Lists.Merge(list(t, c.by, 1, c.e)); err != nil {
				t.Fatal(err)
			}
			_, err := trust.VerifyChain(h.notes(t), noon)
			if refusedFor(err) != c.want || (err == nil) != (c.want == "") {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if r, ok := errors.AsType[*RefusedError](err); ok && (r.Link != c.link || !strings.Contains(err.Error(), "left")) {
				t.Errorf("%v, want link %d", err, c.link)
			}
		})
	}
}

func TestAnExpiredListWarnsAndAdmitsNobodyNew(t *testing.T) {
	h := newHouse(t)
	if _, err := h.trust.Lists.Merge(list(t, h.nation, 1)); err != nil {
		t.Fatal(err)
	}
	if c, err := h.trust.VerifyChain(h.notes(t), noon.AddDate(0, 0, 6)); err != nil || c.Stale || len(c.Warnings) > 0 {
		t.Errorf("before: %+v, %v", c.Warnings, err)
	}
	c, err := h.trust.VerifyChain(h.notes(t), noon.AddDate(0, 0, 7))
	if err != nil || !c.Stale || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], AuthorityName(nationID)) {
		t.Errorf("after: %+v, %v", c, err)
	}
}

func TestARotatedAuthorityContinuesItsList(t *testing.T) {
	h := newHouse(t)
	fresh := authorityFrom(t, regionID, 40)
	h.chain[1].Past, h.chain[1].Authority = []PastKey{{h.region.Key(), noon.Add(time.Hour)}}, fresh.Key()
	notes := [][]byte{h.sign(t, h.region, h.chain[0]), h.sign(t, h.nation, h.chain[1]), h.sign(t, h.root, h.chain[2])}
	for _, l := range []RevocationList{list(t, h.region, 3), list(t, fresh, 4, revoke("", h.region.Key()))} {
		if _, err := h.trust.Lists.Merge(l); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.trust.VerifyChain(notes, noon); refusedFor(err) != RefusedRevoked {
		t.Errorf("a stolen authority key: %v", err)
	}
}

func TestListsThatAreNotTaken(t *testing.T) {
	h := newHouse(t)
	if _, err := OpenRevocations(list(t, h.region, 1).Note(), noon.Add(-2*time.Hour)); !errors.Is(err, ErrFuture) {
		t.Errorf("from the future: %v", err)
	}
	for name, l := range map[string]RevocationList{
		"version 0":            {At: noon, Expires: noon.Add(time.Hour)},
		"no life":              {Version: 1, At: noon, Expires: noon},
		"an endless life":      {Version: 1, At: noon, Expires: noon.Add(MaxRevocationLife + time.Second)},
		"an entry for nothing": {Version: 1, At: noon, Expires: noon.Add(time.Hour), Entries: []Revocation{{At: noon, Reason: "x"}}},
		"an entry for two":     {Version: 1, At: noon, Expires: noon.Add(time.Hour), Entries: []Revocation{revoke("0000000000000001", h.region.Key())}},
		"no reason":            {Version: 1, At: noon, Expires: noon.Add(time.Hour), Entries: []Revocation{{Serial: "0000000000000001", At: noon}}},
		"a key that is none":   {Version: 1, At: noon, Expires: noon.Add(time.Hour), Entries: []Revocation{revoke("", "x")}},
		"too many":             {Version: 1, At: noon, Expires: noon.Add(time.Hour), Entries: make([]Revocation, MaxRevocations+1)},
	} {
		if _, err := h.region.Revocations(l); !errors.Is(err, ErrBadNote) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var r Revocations
	if news, err := r.Merge(list(t, h.region, 2)); !news || err != nil {
		t.Error(news, err)
	}
	if news, err := r.Merge(list(t, h.region, 2)); news || err != nil {
		t.Error("the same twice is news:", news, err)
	}
	if news, err := r.Merge(list(t, h.region, 1)); news || !errors.Is(err, ErrLowerVersion) {
		t.Error("a lower version:", news, err)
	}
	if _, err := r.Merge(list(t, h.region, 2, revoke("0000000000000001", ""))); err == nil || !strings.Contains(err.Error(), "two revocation lists") {
		t.Error("two of one version:", err)
	}
}

// Whatever the order, and however often they come, the lists that stay are
// the same.
func TestRevocationsAgreeWhateverTheOrder(t *testing.T) {
	h := newHouse(t)
	var all []RevocationList
	for _, by := range []*Authority{h.root, h.nation, h.region} {
		for v := range uint64(3) {
			all = append(all, list(t, by, v+1), list(t, by, v+1, revoke(fmt.Sprintf("%016x", v), "")))
		}
	}
	keep := func(r Revocations) (out []string) {
		for _, l := range r.All() {
			out = append(out, string(l.Note()))
		}
		return out
	}
	var want Revocations
	for _, l := range all {
		_, _ = want.Merge(l) // two of one version say so
	}
	rapid.Check(t, func(rt *rapid.T) {
		var got Revocations
		order := rapid.Permutation(indexes(len(all))).Draw(rt, "order")
		again := rapid.SliceOf(rapid.IntRange(0, len(all)-1)).Draw(rt, "again")
		for _, i := range append(order, again...) {
			_, _ = got.Merge(all[i])
		}
		if d := cmp.Diff(keep(want), keep(got)); d != "" {
			rt.Fatal(d)
		}
	})
}

func FuzzOpenRevocations(f *testing.F) {
	h := newHouse(f)
	f.Add(list(f, h.region, 1, revoke("0000000000000001", ""), revoke("", h.nation.Key())).Note())
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := OpenRevocations(b, noon); err == nil && (l.check() != nil || !bytes.Equal(l.Note(), b)) {
			t.Fatalf("accepted %q", b)
		}
	})
}
