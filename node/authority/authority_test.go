package authority

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maillon/federation"
	"maillon/store/storetest"
)

const (
	hub    = "23350001600040"
	rennes = "21350238800019"
	brest  = "21290019500018"
)

var (
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	alice = Operator{Name: "alice", Role: Registrar}
)

// A desk is an office whose clock the test holds.
type desk struct {
	*Office
	t   *testing.T
	db  *storetest.Mem
	now time.Time
	key *federation.Authority
}

func newDesk(t *testing.T, online bool) *desk {
	t.Helper()
	secret, text, err := federation.GenerateAuthority(hub)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, db: storetest.Memory(), now: noon}
	if d.key, err = federation.NewAuthority(secret); err != nil {
		t.Fatal(err)
	}
	o := Options{DB: d.db, Node: hub, Key: text, Now: func() time.Time { return d.now }}
	if online {
		o.Sign = d.key
	}
	if d.Office, err = Open(o); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) invite(k Ask) Invited {
	d.t.Helper()
	v, err := d.Invite(alice, "https://hub.example", []Ask{k}, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return v[0]
}

func nodeKey(t *testing.T, node string) string {
	t.Helper()
	_, text, err := federation.GenerateKey(node, 0)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// redeem uses an invitation string.
func (d *desk) redeem(s, node, key string) (federation.Charter, error) {
	d.t.Helper()
	v, err := federation.ParseInvite(s)
	if err != nil {
		d.t.Fatal(err)
	}
	raw, err := d.Redeem(federation.Request{Node: node, Key: key, Token: v.Token[:]}, "", nil)
	if err != nil {
		return federation.Charter{}, err
	}
	return federation.OpenCharter(raw)
}

func TestAnInvitationBecomesACharterOnce(t *testing.T) {
	d := newDesk(t, true)
	v := d.invite(Ask{Geozone: "fr:commune:35238", Publishes: []string{brest}})
	key := nodeKey(t, rennes)
	c, err := d.redeem(v.String, rennes, key)
	if err != nil {
		t.Fatal(err)
	}
	if c.Node != rennes || c.Key != key || c.Level != "commune" || c.Territory != "fr:commune:35238" || c.Role != federation.RoleNode ||
		c.Issuer != d.Key() || len(c.Publishes) != 1 || c.Expires.Sub(c.From) != CharterLife {
		t.Errorf("%+v", c)
	}
	again, err := d.redeem(v.String, rennes, key)
	if err != nil || again.Serial != c.Serial {
		t.Errorf("the same once more: %v, serial %s, want %s", err, again.Serial, c.Serial)
	}
	if _, err := d.redeem(v.String, rennes, nodeKey(t, rennes)); !errors.Is(err, federation.ErrInviteUsed) {
		t.Errorf("another key: %v", err)
	}
	if _, err := d.redeem(v.String, brest, nodeKey(t, brest)); !errors.Is(err, federation.ErrInvitePerson) {
		t.Errorf("another commune: %v", err)
	}
	w := d.invite(Ask{Geozone: "fr:commune:29019", Days: 3})
	d.now = d.now.AddDate(0, 0, 3)
	if _, err := d.redeem(w.String, brest, nodeKey(t, brest)); !errors.Is(err, federation.ErrInviteExpired) {
		t.Errorf("too late: %v", err)
	}
	other := newDesk(t, true)
	if _, err := other.redeem(w.String, brest, nodeKey(t, brest)); !errors.Is(err, federation.ErrInviteUnknown) {
		t.Errorf("at another hub: %v", err)
	}
	if err := d.Withdraw(alice, w.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := d.redeem(w.String, brest, nodeKey(t, brest)); !errors.Is(err, federation.ErrInviteUnknown) {
		t.Errorf("withdrawn: %v", err)
	}
}

// A charter that others would refuse is not signed, and the invitation is not used up.
func TestWhatIsNotAllowedIsNotSigned(t *testing.T) {
	d := newDesk(t, true)
	v := d.invite(Ask{Geozone: "fr:commune:35238"})
	s, err := federation.ParseInvite(v.String)
	if err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	r := federation.Request{Node: rennes, Key: nodeKey(t, rennes), Token: s.Token[:]}
	if _, err := d.Redeem(r, "", func(federation.Charter) error { return no }); !errors.Is(err, no) {
		t.Error(err)
	}
	if _, err := d.Redeem(r, "", nil); err != nil {
		t.Error(err)
	}
	if _, err := d.Invite(alice, "https://hub.example", []Ask{{Geozone: "fr:commune:35238"}}, func(federation.Charter) error { return no }); !errors.Is(err, no) {
		t.Errorf("invited: %v", err)
	}
}

func TestAsksThatAreRefused(t *testing.T) {
	d := newDesk(t, true)
	for name, c := range map[string]struct {
		k    Ask
		says string
	}{
		"an unknown commune":       {Ask{Geozone: "fr:commune:99999"}, "for:"},
		"a wrong SIRET":            {Ask{Geozone: "fr:commune:35238", SIRET: "21350238800018"}, "siret:"},
		"an organisme without one": {Ask{Geozone: "fr:commune:35238", Level: "organisme"}, "add --siret"},
		"the nation without one":   {Ask{Geozone: "fr"}, "add --siret"},
		"a role that is none":      {Ask{Geozone: "fr:commune:35238", Role: "king"}, "role:"},
		"too long":                 {Ask{Geozone: "fr:commune:35238", Days: 91}, "days:"},
		"a level that is none":     {Ask{Geozone: "fr:commune:35238", Level: "canton"}, "level:"},
	} {
		if _, err := d.Invite(alice, "https://hub.example", []Ask{c.k}, nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if v := d.invite(Ask{Geozone: "fr:commune:35238", SIRET: "26350007600017"}); v.Level != "organisme" && Seat("26350007600017") == "" {
		t.Errorf("a body of its own is of level %s", v.Level)
	}
}

func TestThreeThousandInvitationsAtOnce(t *testing.T) {
	d := newDesk(t, true)
	asks := make([]Ask, 3000)
	for i := range asks {
		asks[i] = Ask{Geozone: "fr:commune:35238", Name: fmt.Sprint("mandate ", i)}
	}
	asks[2999].Geozone = "fr:commune:99999"
	if _, err := d.Invite(alice, "https://hub.example", asks, nil); err == nil || !strings.Contains(err.Error(), "invitation 3000") {
		t.Errorf("one bad line: %v", err)
	}
	if all, err := d.Invitations(); err != nil || len(all) != 0 {
		t.Errorf("%d are kept after a bad line, %v", len(all), err)
	}
	asks[2999].Geozone = "fr:commune:35238"
	made, err := d.Invite(alice, "https://hub.example", asks, nil)
	if err != nil {
		t.Fatal(err)
	}
	different := map[string]bool{}
	for _, v := range made {
		different[v.String] = true
	}
	if len(different) != 3000 {
		t.Errorf("%d different strings", len(different))
	}
}

func TestRevocationMakesANewVersionOfTheList(t *testing.T) {
	d := newDesk(t, true)
	c, err := d.redeem(d.invite(Ask{Geozone: "fr:commune:35238"}).String, rennes, nodeKey(t, rennes))
	if err != nil {
		t.Fatal(err)
	}
	versions := func() (uint64, int) {
		l, _, err := d.list()
		if err != nil {
			t.Fatal(err)
		}
		return l.Version, len(l.Entries)
	}
	if v, n := versions(); v != 1 || n != 0 {
		t.Errorf("at first version %d with %d entries", v, n)
	}
	if err := d.Revoke(alice, c, "left the federation"); err != nil {
		t.Fatal(err)
	}
	if v, n := versions(); v != 2 || n != 2 {
		t.Errorf("then version %d with %d entries, want its key and its serial", v, n)
	}
	if _, ok, err := d.Charter(rennes); ok || err != nil {
		t.Errorf("its charter is still given out, %v", err)
	}
	d.now = d.now.AddDate(0, 0, 1)
	if err := d.RefreshList(); err != nil {
		t.Fatal(err)
	}
	if v, _ := versions(); v != 2 {
		t.Errorf("renewed after a day: version %d", v)
	}
	d.now = d.now.AddDate(0, 0, 2)
	if err := d.RefreshList(); err != nil {
		t.Fatal(err)
	}
	if v, n := versions(); v != 3 || n != 2 {
		t.Errorf("renewed after three days: version %d with %d entries", v, n)
	}
}

// With the key on another machine everything waits as drafts.
func TestAnAuthorityOnAnotherMachine(t *testing.T) {
	d := newDesk(t, false)
	v, key := d.invite(Ask{Geozone: "fr:commune:35238"}), nodeKey(t, rennes)
	for range 2 {
		if _, err := d.redeem(v.String, rennes, key); !errors.Is(err, ErrWaits) {
			t.Fatalf("before it was signed: %v", err)
		}
	}
	sign := func() []byte {
		t.Helper()
		drafts, _, err := d.Drafts()
		if err != nil {
			t.Fatal(err)
		}
		notes, _, err := SignBatch(d.key, drafts, d.now, 0)
		if err != nil {
			t.Fatal(err)
		}
		return notes
	}
	drafts, n, err := d.Drafts()
	if err != nil || n != 2 {
		t.Fatalf("%d drafts, want the list and a charter, %v", n, err)
	}
	stranger := newDesk(t, true)
	if _, _, err := SignBatch(stranger.key, drafts, noon, 0); err == nil || !strings.Contains(err.Error(), "the draft is for the key") {
		t.Errorf("signed by another authority: %v", err)
	}
	signed := sign()
	if nodes, err := d.Import(alice, signed); err != nil || len(nodes) != 1 || nodes[0] != rennes {
		t.Fatalf("%v, %v", nodes, err)
	}
	c, err := d.redeem(v.String, rennes, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Import(alice, signed); err == nil || !strings.Contains(err.Error(), "no charter of "+rennes+" was asked for") {
		t.Errorf("imported twice: %v", err)
	}
	if err := d.Revoke(alice, c, "left"); !errors.Is(err, ErrWaits) {
		t.Errorf("revoked at once: %v", err)
	}
	if err := d.Revoke(alice, federation.Charter{Node: brest, Key: nodeKey(t, brest)}, "left too"); !errors.Is(err, ErrWaits) {
		t.Error(err)
	}
	if _, err := d.Import(alice, sign()); err != nil {
		t.Fatal(err)
	}
	if l, _, err := d.list(); err != nil || l.Version != 2 || len(l.Entries) != 3 {
		t.Errorf("list version %d with %d entries, %v", l.Version, len(l.Entries), err)
	}
	if _, n, _ := d.Drafts(); n != 0 {
		t.Errorf("%d drafts are left", n)
	}
}

func TestEveryActLeavesATrace(t *testing.T) {
	d := newDesk(t, true)
	root := Operator{Name: "admin", Role: Administrator}
	token, err := d.AddOperator(root, "Bob", Registrar)
	if err != nil {
		t.Fatal(err)
	}
	bob, ok, err := d.Operator(token)
	if !ok || err != nil || bob.Name != "Bob" || !bob.Role.May(Registrar) || bob.Role.May(Administrator) {
		t.Errorf("%+v %v %v", bob, ok, err)
	}
	if _, ok, _ := d.Operator("wrong"); ok {
		t.Error("a wrong token is somebody's")
	}
	v, err := d.Invite(bob, "https://hub.example", []Ask{{Geozone: "fr:commune:35238"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.redeem(v[0].String, rennes, nodeKey(t, rennes))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Revoke(bob, c, "left"); err != nil {
		t.Fatal(err)
	}
	if err := d.RemoveOperator(root, "Bob"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := d.Operator(token); ok {
		t.Error("a token serves after its operator was removed")
	}
	acts, err := d.Trail(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range acts {
		got = append(got, fmt.Sprint(a.Number, " ", a.By, " ", a.What, " ", a.About))
	}
	want := "5 admin operator-remove Bob|4 Bob revoke " + rennes + "|3 " + rennes + " join " + rennes + "|2 Bob invite fr:commune:35238|1 admin operator-add Bob"
	if strings.Join(got, "|") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, "|"), want)
	}
	if page, err := d.Trail(4, 1); err != nil || len(page) != 1 || page[0].Number != 3 {
		t.Errorf("%+v, %v", page, err)
	}
	if page, err := d.Trail(1, 1); err != nil || len(page) != 0 {
		t.Errorf("before the first: %+v, %v", page, err)
	}
}

// A store that fails leaves neither an act without trace nor a trace without act.
func TestAStoreThatFailsDoesNothingByHalves(t *testing.T) {
	d := newDesk(t, true)
	v := d.invite(Ask{Geozone: "fr:commune:35238"})
	broken := errors.New("disk full")
	d.db.Fail(func(op string) (bool, error) { return false, broken })
	key := nodeKey(t, rennes)
	if _, err := d.redeem(v.String, rennes, key); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	d.db.Fail(nil)
	acts, err := d.Trail(0, 10)
	if err != nil || len(acts) != 1 {
		t.Errorf("%d acts, %v", len(acts), err)
	}
	if _, err := d.redeem(v.String, rennes, key); err != nil {
		t.Error(err)
	}
}

func TestTheKeyFileNeedsItsPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "authority.key")
	if _, err := CreateKeyAt(path, hub, "short", 10); err == nil || !strings.Contains(err.Error(), "at least 12") {
		t.Errorf("a short passphrase: %v", err)
	}
	made, err := CreateKeyAt(path, hub, "correct horse battery", 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateKeyAt(path, hub, "correct horse battery", 10); err == nil || !strings.Contains(err.Error(), "not overwritten") {
		t.Errorf("made twice: %v", err)
	}
	if a, err := OpenKey(path, "correct horse battery"); err != nil || a.Key() != made.Key() {
		t.Errorf("%v", err)
	}
	for _, wrong := range []string{"", "another passphrase"} {
		if _, err := OpenKey(path, wrong); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(raw), "PRIVATE") {
		t.Errorf("the file holds the key in clear, %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, raw[:len(raw)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(path, "correct horse battery"); err == nil || errors.Is(err, ErrPassphrase) {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestAPassphraseFileIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(path, []byte("correct horse battery\r\nnotes\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadPassphrase(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := ReadPassphrase(path); err != nil || s != "correct horse battery" {
		t.Errorf("%q, %v", s, err)
	}
}

func TestTheAuthoritysKeyIsReplaced(t *testing.T) {
	d := newDesk(t, true)
	secret, _, err := federation.GenerateAuthority(hub)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := federation.NewAuthority(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Rekey(alice, fresh); err != nil {
		t.Fatal(err)
	}
	l, _, err := d.list()
	if err != nil || l.Version != 2 || l.Issuer != fresh.Key() || d.Key() != fresh.Key() {
		t.Errorf("list version %d of %s, %v", l.Version, l.Issuer, err)
	}
}

func FuzzOpenKeyFile(f *testing.F) {
	sealed, err := seal("PRIVATE+KEY+x", "passphrase", 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\n"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = open(b, "wrong") })
}

func FuzzImport(f *testing.F) {
	f.Add([]byte("maillon/charter/v1\n{}\n\n— x AAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := Open(Options{DB: storetest.Memory(), Node: hub, Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		if nodes, err := o.Import(alice, b); err == nil {
			t.Fatalf("imported %v", nodes)
		}
		_, _, _ = SignBatch(nil, nil, noon, 0)
	})
}
