package federation

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// invite is the invitation of the protocol's vectors.
func invite(t testing.TB) (Invite, string) {
	t.Helper()
	v := Invite{
		Hub: "https://hub.bretagne.example", Authority: FingerprintOf(authorityFrom(t, regionID, 32).Key()),
		Token: [TokenSize]byte(bytes.Repeat([]byte{7}, TokenSize)), Geozone: "fr:commune:35238", SIRET: rennes,
	}
	s, err := v.Format()
	if err != nil {
		t.Fatal(err)
	}
	return v, s
}

func TestAnInvitationIsReadAsPeoplePasteIt(t *testing.T) {
	want, s := invite(t)
	if len(s) > MaxInvite {
		t.Errorf("%d characters", len(s))
	}
	for name, typed := range map[string]string{
		"as it is":                  s,
		"with spaces around":        "  " + s + "\n",
		"over two lines":            s[:70] + "\r\n" + s[70:],
		"with invisible characters": s[:20] + "\u200b" + s[20:] + "\u00a0",
	} {
		if got, err := ParseInvite(typed); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Every single slip of one character, and every pair of neighbours swapped,
// is noticed.
func TestEverySlipIsNoticed(t *testing.T) {
	_, s := invite(t)
	letters := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range s {
		for _, l := range letters {
			if byte(l) == s[i] {
				continue
			}
			if _, err := ParseInvite(s[:i] + string(l) + s[i+1:]); !errors.Is(err, ErrInviteMistyped) {
				t.Fatalf("character %d as %c: %v", i, l, err)
			}
		}
		if i > 0 && s[i] != s[i-1] {
			if _, err := ParseInvite(s[:i-1] + string(s[i]) + string(s[i-1]) + s[i+1:]); !errors.Is(err, ErrInviteMistyped) {
				t.Fatalf("characters %d and %d swapped: %v", i-1, i, err)
			}
		}
		if _, err := ParseInvite(s[:i]); !errors.Is(err, ErrInviteMistyped) {
			t.Fatalf("cut after %d: %v", i, err)
		}
	}
}

func TestEveryInvitationComesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := Invite{
			Hub:       rapid.SampledFrom([]string{"https://", "http://"}).Draw(rt, "scheme") + rapid.StringMatching(`[a-z]{1,30}(\.[a-z]{2,9})?(:[1-9][0-9]{1,3})?(/[a-z]{1,5})?`).Draw(rt, "host"),
			Authority: Fingerprint(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "authority")),
			Token:     [TokenSize]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "token")),
			Geozone:   rapid.SampledFrom([]string{"", "fr", "fr:commune:35238", "fr:epci:243500139", "fr:departement:2A", "fr:region:53", "fr:pays:c1"}).Draw(rt, "zone"),
			SIRET:     rapid.SampledFrom([]string{"", rennes}).Draw(rt, "siret"),
		}
		s, err := v.Format()
		if v.Geozone == "" && v.SIRET == "" {
			if err == nil {
				rt.Fatal("for nobody")
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		if got, err := ParseInvite(s); err != nil || got != v {
			rt.Fatalf("%+v, %v, want %+v", got, err, v)
		}
	})
}

func TestAnAddressTooLongIsSaid(t *testing.T) {
	v, _ := invite(t)
	v.Hub = "https://" + strings.Repeat("a", 70) + ".example"
	if s, err := v.Format(); err == nil || !strings.Contains(err.Error(), "shorter public address") {
		t.Errorf("%d characters, %v", len(s), err)
	}
}

func TestInvitationsAreToldApart(t *testing.T) {
	k, other := keyFrom(t, rennes, 0, 1).text, keyFrom(t, rennes, 0, 9).text
	open := Invitation{Geozone: "fr:commune:35238", Expires: noon.Add(time.Hour)}
	used := open
	used.UsedBy, used.UsedKey, used.UsedAt = rennes, k, noon
	bySIRET := Invitation{SIRET: "26350007600017", Geozone: "fr:commune:35238", Level: "organisme", Expires: noon.Add(time.Hour)}
	organisme := Invitation{Geozone: "fr:commune:35238", Level: "organisme", Expires: noon.Add(time.Hour)}
	for name, c := range map[string]struct {
		v    Invitation
		node string
		key  string
		now  time.Time
		want error
	}{
		"fresh":                     {open, rennes, k, noon, nil},
		"a second node of the body": {open, rennes + "-2", k, noon, nil},
		"the moment it expires":     {open, rennes, k, noon.Add(time.Hour), ErrInviteExpired},
		"used by the same, whose answer was lost": {used, rennes, k, noon, nil},
		"… even when it has expired since":        {used, rennes, k, noon.AddDate(1, 0, 0), nil},
		"used, and now another key":               {used, rennes, other, noon, ErrInviteUsed},
		"used and expired, by another key":        {used, rennes, other, noon.AddDate(1, 0, 0), ErrInviteUsed},
		"another commune":                         {open, brest, k, noon, ErrInvitePerson},
		"a body that nobody knows":                {open, "26350007600017", k, noon, ErrInvitePerson},
		"an organisme by its SIRET":               {bySIRET, "26350007600017", k, noon, nil},
		"another body than that SIRET":            {bySIRET, rennes, k, noon, ErrInvitePerson},
		"an organisme by its seat":                {organisme, "26350007600017", k, noon, nil},
	} {
		if err := c.v.Redeem(c.node, c.key, c.now, testSeat); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzParseInvite(f *testing.F) {
	_, s := invite(f)
	f.Add(s)
	f.Add(invitePrefix)
	f.Add("maillon1_AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseInvite(s)
		if err != nil {
			if !errors.Is(err, ErrInviteMistyped) {
				t.Fatal(err)
			}
			return
		}
		if again, err := v.Format(); err != nil || len(again) > MaxInvite {
			t.Fatalf("%+v: %v", v, err)
		}
	})
}
