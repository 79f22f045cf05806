package federation

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"maillon/catalog/territory"
)

const (
	nationID = "13002526500013"
	regionID = "23350001600040"
)

// authorityFrom is an authority's key made from a seed; "" is a root's.
func authorityFrom(t testing.TB, node string, seed byte) *Authority {
	t.Helper()
	name := RootName
	if node != "" {
		name = AuthorityName(node)
	}
	secret, _, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, ed25519.SeedSize)), name)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAuthority(secret)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A house is a nation, a région and a commune with their keys.
type house struct {
	root, nation, region *Authority
	chain                []Charter // commune, région, nation
	trust                Trust
}

func newHouse(t testing.TB) *house {
	h := &house{root: authorityFrom(t, "", 30), nation: authorityFrom(t, nationID, 31), region: authorityFrom(t, regionID, 32)}
	common := Charter{Role: RoleHub, From: noon, Expires: noon.AddDate(0, 0, 365)}
	commune, region, nation := common, common, common
	nation.Serial, nation.Node, nation.Key, nation.Level, nation.Territory, nation.Authority = "0000000000000001", nationID, keyFrom(t, nationID, 0, 21).text, "national", "fr", h.nation.Key()
	region.Serial, region.Node, region.Key, region.Level, region.Territory, region.Authority = "0000000000000002", regionID, keyFrom(t, regionID, 0, 22).text, "region", "fr:region:53", h.region.Key()
	commune.Serial, commune.Node, commune.Key, commune.Level, commune.Territory, commune.Role = "0000000000000003", rennes, keyFrom(t, rennes, 0, 1).text, "commune", "fr:commune:35238", RoleNode
	commune.Root, region.Root = h.root.Key(), h.root.Key()
	h.chain = []Charter{commune, region, nation}
	h.trust = Trust{Roots: []string{h.root.Key()}, Contains: testContains, Seat: testSeat}
	return h
}

// testContains knows what the tests need of the geographic code.
func testContains(outer, inner string) bool {
	inside := map[string][]string{
		"fr":                {"fr:region:53", "fr:region:11", "fr:departement:35", "fr:commune:35238", "fr:commune:29019", "fr:commune:13055", "fr:epci:243500139"},
		"fr:region:53":      {"fr:departement:35", "fr:commune:35238", "fr:commune:29019", "fr:epci:243500139"},
		"fr:departement:35": {"fr:commune:35238", "fr:epci:243500139"},
	}
	for _, z := range append(inside[outer], outer) {
		if z == inner {
			return true
		}
	}
	return false
}

func testSeat(siret string) string {
	return map[string]string{rennes: "fr:commune:35238", brest: "fr:commune:29019", "21130055300016": "fr:commune:13055"}[siret]
}

// notes signs the chain, each by the authority that should.
func (h *house) notes(t testing.TB) [][]byte {
	t.Helper()
	var out [][]byte
	for i, by := range []*Authority{h.region, h.nation, h.root} {
		out = append(out, h.sign(t, by, h.chain[i]))
	}
	return out
}

func (h *house) sign(t testing.TB, by *Authority, c Charter) []byte {
	t.Helper()
	raw, err := by.Charter(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func refusedFor(err error) Refusal {
	if r, ok := errors.AsType[*RefusedError](err); ok {
		return r.Reason
	}
	return ""
}

func TestAChainIsBelieved(t *testing.T) {
	h := newHouse(t)
	c, err := h.trust.VerifyChain(h.notes(t), noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Charters) != 3 || c.Charter().Node != rennes || len(c.Warnings) != 0 || c.Stale {
		t.Errorf("%+v", c)
	}
	text := JoinChain(h.notes(t))
	notes, err := SplitChain(text)
	if err != nil || len(notes) != 3 || !bytes.Equal(JoinChain(notes), text) {
		t.Errorf("%d notes, %v", len(notes), err)
	}
}

// Each case changes one thing of a good chain.
func TestChainsThatAreRefused(t *testing.T) {
	year := noon.AddDate(0, 0, 365)
	for name, c := range map[string]struct {
		change func(h *house)
		now    time.Time
		want   Refusal
		link   int
		says   string
	}{
		"nothing changed":               {func(*house) {}, noon, "", 0, ""},
		"the last hour before it holds": {func(*house) {}, noon.Add(-time.Hour), "", 0, ""},
		"earlier than that":             {func(*house) {}, noon.Add(-time.Hour - time.Second), RefusedFuture, 0, "set the clock"},
		"the last second of grace":      {func(*house) {}, year.Add(24*time.Hour - time.Second), "", 0, ""},
		"after the day of grace":        {func(*house) {}, year.Add(24 * time.Hour), RefusedExpired, 0, "renew"},
		"a clock one year ahead":        {func(*house) {}, noon.AddDate(1, 0, 2), RefusedExpired, 0, "here it is 2027"},
		"the hub's charter has expired": {func(h *house) { h.chain[1].Expires = noon.Add(time.Hour) }, noon.Add(26 * time.Hour), RefusedExpired, 1, regionID},
		"another root":                  {func(h *house) { h.trust.Roots = []string{authorityFrom(nil2{}, "", 99).Key()} }, noon, RefusedRoot, 2, "federation.roots"},
		"no root":                       {func(h *house) { h.trust.Roots = nil }, noon, RefusedRoot, 2, "federation.roots"},
		"a territory elsewhere":         {func(h *house) { h.chain[0].Territory = "fr:commune:13055" }, noon, RefusedTerritory, 0, "fr:region:53"},
		"a territory nobody knows":      {func(h *house) { h.chain[0].Territory = "fr:commune:99999" }, noon, RefusedTerritory, 0, "geographic code"},
		"a body of elsewhere": {func(h *house) {
			h.chain[0].Node, h.chain[0].Key = "21130055300016", keyFrom(nil2{}, "21130055300016", 0, 5).text
		}, noon, RefusedTerritory, 0, "fr:commune:13055"},
		"a buyer of elsewhere":                {func(h *house) { h.chain[0].Publishes = []string{"21130055300016"} }, noon, RefusedPublishes, 0, "21130055300016"},
		"a buyer of the territory":            {func(h *house) { h.chain[0].Publishes = []string{brest} }, noon, "", 0, ""},
		"every buyer":                         {func(h *house) { h.chain[0].Publishes = []string{Any} }, noon, RefusedPublishes, 0, "national"},
		"every buyer, by the nation":          {func(h *house) { h.chain[1].Publishes = []string{Any} }, noon, "", 0, ""},
		"a hub of the same level":             {func(h *house) { h.chain[1].Level, h.chain[1].Territory = "national", "fr" }, noon, RefusedLevel, 1, "lower level"},
		"a member above its hub":              {func(h *house) { h.chain[0].Level, h.chain[0].Territory = "national", "fr" }, noon, RefusedLevel, 0, "level above"},
		"a member of its hub's level":         {func(h *house) { h.chain[0].Level, h.chain[0].Territory = "region", "fr:region:53" }, noon, "", 0, ""},
		"an organisme of the territory":       {func(h *house) { h.chain[0].Level = "organisme" }, noon, "", 0, ""},
		"a level that is not its territory's": {func(h *house) { h.chain[0].Level = "epci" }, noon, "unsigned", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c.change(h)
			if c.want == "unsigned" {
				if _, err := h.region.Charter(h.chain[0]); !errors.Is(err, ErrBadNote) {
					t.Errorf("signed: %v", err)
				}
				return
			}
			_, err := h.trust.VerifyChain(h.notes(t), c.now)
			if refusedFor(err) != c.want {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if r, ok := errors.AsType[*RefusedError](err); ok && (r.Link != c.link || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("link %d, %v; want link %d and %q", r.Link, err, c.link, c.says)
			}
		})
	}
}

// nil2 lets fixtures be made inside of a table: they do not fail.
type nil2 struct{ testing.TB }

func (nil2) Helper() {}

func TestChainsThatDoNotHang(t *testing.T) {
	h := newHouse(t)
	good := h.notes(t)
	stranger := authorityFrom(t, regionID, 66) // the right name, the wrong key
	forged := h.sign(t, stranger, h.chain[0])
	notHub := h.chain[1]
	notHub.Role, notHub.Authority = RoleNode, ""
	lower := h.chain[0]
	lower.Role, lower.Authority, lower.Level, lower.Territory = RoleHub, authorityFrom(t, rennes, 67).Key(), "departement", "fr:departement:35"
	for name, c := range map[string]struct {
		chain [][]byte
		want  Refusal
	}{
		"nothing":                        {nil, RefusedDepth},
		"only the node's":                {good[:1], RefusedRoot},
		"the hub's is missing":           {[][]byte{good[0], good[2]}, RefusedIssuer},
		"in the other order":             {[][]byte{good[1], good[0], good[2]}, RefusedIssuer},
		"more than reaches the root":     {append([][]byte{good[0], good[1], good[2]}, good[2]), RefusedDepth},
		"too many":                       {append(append([][]byte{}, good...), good...), RefusedDepth},
		"signed by the hub's namesake":   {[][]byte{forged, good[1], good[2]}, RefusedIssuer},
		"under one that is no hub":       {[][]byte{good[0], h.sign(t, h.nation, notHub), good[2]}, RefusedIssuer},
		"a hub that made itself":         {[][]byte{h.sign(t, h.region, withSerial(h.chain[1], "00000000000000aa")), good[1], good[2]}, RefusedIssuer},
		"not a charter":                  {[][]byte{[]byte("x"), good[1], good[2]}, RefusedMalformed},
		"a lower hub, within its limits": {[][]byte{h.sign(t, h.region, lower), good[1], good[2]}, ""},
	} {
		if _, err := h.trust.VerifyChain(c.chain, noon); refusedFor(err) != c.want || (c.want == "") != (err == nil) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	for i := range good[0] {
		bad := bytes.Clone(good[0])
		bad[i] ^= 1
		if _, err := h.trust.VerifyChain([][]byte{bad, good[1], good[2]}, noon); err == nil {
			t.Fatalf("byte %d changed: accepted", i)
		}
	}
}

func withSerial(c Charter, serial string) Charter {
	c.Serial = serial
	return c
}

// The authority key that a new charter replaced still speaks for what it
// signed before, and for nothing after.
func TestAReplacedAuthorityKey(t *testing.T) {
	h := newHouse(t)
	old := h.notes(t)[0]
	fresh := authorityFrom(t, regionID, 40)
	h.chain[1].Past = []PastKey{{h.region.Key(), noon.AddDate(0, 1, 0)}}
	h.chain[1].Authority = fresh.Key()
	rest := h.notes(t)[1:]
	if _, err := h.trust.VerifyChain([][]byte{old, rest[0], rest[1]}, noon.AddDate(0, 2, 0)); err != nil {
		t.Errorf("a charter from before: %v", err)
	}
	after := h.chain[0]
	after.From, after.Expires = noon.AddDate(0, 2, 0), noon.AddDate(0, 3, 0)
	if _, err := h.trust.VerifyChain([][]byte{h.sign(t, h.region, after), rest[0], rest[1]}, noon.AddDate(0, 2, 0)); refusedFor(err) != RefusedIssuer {
		t.Errorf("a charter of the old key from after: %v", err)
	}
	if _, err := h.trust.VerifyChain([][]byte{h.sign(t, fresh, after), rest[0], rest[1]}, noon.AddDate(0, 2, 0)); err != nil {
		t.Errorf("a charter of the new key: %v", err)
	}
}

func TestChartersThatAreNotSigned(t *testing.T) {
	h := newHouse(t)
	k := keyFrom(t, brest, 0, 2).text
	for name, change := range map[string]func(*Charter){
		"no serial":                  func(c *Charter) { c.Serial = "" },
		"a serial in capitals":       func(c *Charter) { c.Serial = "00000000000000AA" },
		"another node's key":         func(c *Charter) { c.Key = k },
		"an endless life":            func(c *Charter) { c.Expires = c.From.Add(MaxCharterLife + time.Second) },
		"a root that is none":        func(c *Charter) { c.Root = h.region.Key() },
		"no life":                    func(c *Charter) { c.Expires = c.From },
		"a member with an authority": func(c *Charter) { c.Authority = h.region.Key() },
		"a hub without":              func(c *Charter) { c.Role = RoleHub },
		"a buyer twice":              func(c *Charter) { c.Publishes = []string{brest, brest} },
		"a buyer that is none":       func(c *Charter) { c.Publishes = []string{"1"} },
		"every buyer and one":        func(c *Charter) { c.Publishes = []string{Any, brest} },
		"a past key of another":      func(c *Charter) { c.Past = []PastKey{{k, noon}} },
		"a past key that is present": func(c *Charter) { c.Past = []PastKey{{c.Key, noon}} },
		"too many past keys":         func(c *Charter) { c.Past = make([]PastKey, MaxPast+1) },
		"local time":                 func(c *Charter) { c.From = c.From.In(time.FixedZone("", 3600)) },
	} {
		c := h.chain[0]
		change(&c)
		if _, err := h.region.Charter(c); !errors.Is(err, ErrBadNote) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADraftIsSignedElsewhere(t *testing.T) {
	h := newHouse(t)
	draft := h.chain[0]
	draft.Issuer = ""
	text, err := DraftCharter(draft)
	if err != nil {
		t.Fatal(err)
	}
	back, err := OpenDraft(text)
	if err != nil {
		t.Fatal(err)
	}
	if raw, want := h.sign(t, h.region, back), h.notes(t)[0]; !bytes.Equal(raw, want) {
		t.Errorf("%s\nwant\n%s", raw, want)
	}
}

func TestALargePlatformFits(t *testing.T) {
	h := newHouse(t)
	c := h.chain[0]
	for n := 0; len(c.Publishes) < MaxPublishes; n++ {
		for key := range 10 { // the last digit makes the check right, for one of ten
			s := fmt.Sprintf("%s%04d%d", "356000000", n, key)
			if territory.IsSIRET(s) {
				c.Publishes = append(c.Publishes, s)
			}
			if len(c.Publishes) == MaxPublishes {
				break
			}
		}
	}
	t.Logf("%d bytes of %d", len(h.sign(t, h.region, c)), MaxCharter)
}

func FuzzOpenCharter(f *testing.F) {
	h := newHouse(f)
	for _, raw := range h.notes(f) {
		f.Add(raw)
	}
	f.Add([]byte(charterKind + "\n{}\n\n— maillon/root AAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := OpenCharter(b); err == nil && (c.check() != nil || !bytes.Equal(c.Note(), b)) {
			t.Fatalf("accepted %q", b)
		}
	})
}

func FuzzSplitChain(f *testing.F) {
	h := newHouse(f)
	f.Add(JoinChain(h.notes(f)))
	f.Add([]byte(charterKind + "\n" + charterKind + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		notes, err := SplitChain(b)
		if err != nil {
			return
		}
		if !bytes.Equal(JoinChain(notes), b) || len(notes) > MaxChain {
			t.Fatalf("%d notes of %q", len(notes), b)
		}
		_, _ = h.trust.VerifyChain(notes, noon)
	})
}

func FuzzOpenDraft(f *testing.F) {
	h := newHouse(f)
	text, err := DraftCharter(h.chain[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = OpenDraft(b) })
}
