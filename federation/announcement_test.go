package federation

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/mod/sumdb/note"
)

const (
	rennes = "21350238800019"
	brest  = "21290019500018"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A testKey is a node's key made from a seed, the same in every run.
type testKey struct {
	signer note.Signer
	text   string
}

func keyFrom(t testing.TB, node string, epoch int, seed byte) testKey {
	t.Helper()
	secret, _, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, ed25519.SeedSize)), KeyName(node, epoch))
	if err != nil {
		t.Fatal(err)
	}
	s, text, err := NewSigner(secret, node, epoch)
	if err != nil {
		t.Fatal(err)
	}
	return testKey{s, text}
}

// announcement is a good one of the node, signed at noon.
func (k testKey) announcement(t testing.TB) Announcement {
	t.Helper()
	node, epoch, err := ParseKeyName(k.signer.Name())
	if err != nil {
		t.Fatal(err)
	}
	root := sha256.Sum256([]byte("root"))
	return Announcement{
		Node: node, Epoch: epoch, Key: k.text, Seq: uint64(noon.Unix()), At: noon, Expires: noon.AddDate(0, 0, 30),
		Level: "commune", Geozone: "fr:commune:35238", Name: "Ville de Rennes", URL: "https://marches.rennes.example",
		Role: RoleNode, Size: 12, Root: root[:], Status: Active,
	}
}

// sign signs and opens a.
func (k testKey) sign(t testing.TB, a Announcement) Announcement {
	t.Helper()
	raw, err := Sign(k.signer, a)
	if err != nil {
		t.Fatal(err)
	}
	a, err = Open(raw, a.At)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSignedAnnouncementOpens(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	want := k.announcement(t)
	want.Name = "Ville de Rennes – « marchés » <&>\\"
	raw, err := Sign(k.signer, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(raw, noon)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Announcement{})); d != "" {
		t.Error(d)
	}
	if !bytes.Equal(got.Note(), raw) {
		t.Error("Note is not what was signed")
	}
}

func TestLargestAnnouncementFits(t *testing.T) {
	node := rennes + "-999"
	k := keyFrom(t, node, maxEpoch, 1)
	a := k.announcement(t)
	a.Name = strings.Repeat(`"`, MaxName) // two bytes each in JSON
	a.URL = "https://" + strings.Repeat("a", MaxURL-len("https://"))
	a.Geozone = "fr:" + strings.Repeat("a", 30) + ":" + strings.Repeat("a", 30)
	a.Level, a.Size = "departement", maxTree
	raw, err := Sign(k.signer, a)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of %d", len(raw), MaxAnnouncement)
}

func TestFieldsThatAreRefused(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	for name, c := range map[string]struct {
		change func(*Announcement)
		says   string
	}{
		"a node that is no SIRET":        {func(a *Announcement) { a.Node = "12345678901234" }, "node id"},
		"another node's id":              {func(a *Announcement) { a.Node = brest }, `want one of "maillon/21290019500018/0"`},
		"another epoch than the key's":   {func(a *Announcement) { a.Epoch = 1 }, "maillon/21350238800019/1"},
		"a negative epoch":               {func(a *Announcement) { a.Epoch = -1 }, "epoch -1"},
		"a key that is none":             {func(a *Announcement) { a.Key = "x" }, "name+hash+key"},
		"no sequence number":             {func(a *Announcement) { a.Seq = 0 }, "seq 0"},
		"half seconds":                   {func(a *Announcement) { a.At = a.At.Add(time.Second / 2) }, "whole seconds"},
		"local time":                     {func(a *Announcement) { a.At = a.At.In(time.FixedZone("", 3600)) }, "UTC"},
		"no time":                        {func(a *Announcement) { a.At = time.Time{} }, "at and expires"},
		"expiry before signing":          {func(a *Announcement) { a.Expires = a.At }, "within 90 days"},
		"an endless life":                {func(a *Announcement) { a.Expires = a.At.Add(MaxLifetime + time.Second) }, "within 90 days"},
		"an unknown level":               {func(a *Announcement) { a.Level = "canton" }, `level "canton"`},
		"a geozone of another form":      {func(a *Announcement) { a.Geozone = "35238" }, "geozone"},
		"a geozone with a space":         {func(a *Announcement) { a.Geozone = "fr:commune:35 238" }, "geozone"},
		"no name":                        {func(a *Announcement) { a.Name = "" }, "name"},
		"a name with a line break":       {func(a *Announcement) { a.Name = "a\nb" }, "name"},
		"a name that turns the text":     {func(a *Announcement) { a.Name = "a\u202eb" }, "name"},
		"a name of 81 bytes":             {func(a *Announcement) { a.Name = strings.Repeat("a", 81) }, "name"},
		"an address that is no web page": {func(a *Announcement) { a.URL = "ftp://a.example" }, "https://host"},
		"an address without host":        {func(a *Announcement) { a.URL = "https:///x" }, "https://host"},
		"an address with a password":     {func(a *Announcement) { a.URL = "https://u:p@a.example" }, "user"},
		"an address with a query":        {func(a *Announcement) { a.URL = "https://a.example/?q" }, "query"},
		"an address with a slash":        {func(a *Announcement) { a.URL = "https://a.example/" }, "written as"},
		"an address with a space":        {func(a *Announcement) { a.URL = "https://a.example/a b" }, "written as"},
		"an address of 201 bytes":        {func(a *Announcement) { a.URL = "https://" + strings.Repeat("a", 193) }, "201 bytes"},
		"an unknown role":                {func(a *Announcement) { a.Role = "king" }, "role"},
		"an unknown status":              {func(a *Announcement) { a.Status = "" }, "status"},
		"an impossible size":             {func(a *Announcement) { a.Size = maxTree + 1 }, "size"},
		"a short root":                   {func(a *Announcement) { a.Root = a.Root[:31] }, "root of 31"},
	} {
		t.Run(name, func(t *testing.T) {
			a := k.announcement(t)
			c.change(&a)
			_, err := Sign(k.signer, a)
			if !errors.Is(err, ErrMalformed) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v, want ErrMalformed that says %q", err, c.says)
			}
		})
	}
}

func TestTimesThatAreRefused(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	a := k.announcement(t)
	raw, err := Sign(k.signer, a)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		now  time.Time
		want error
	}{
		"signed this moment":             {noon, nil},
		"an hour before it was signed":   {noon.Add(-time.Hour), nil},
		"more than that":                 {noon.Add(-time.Hour - time.Second), ErrFuture},
		"the last second of its life":    {a.Expires.Add(-time.Second), nil},
		"the moment it expires":          {a.Expires, ErrExpired},
		"a clock that was never set":     {time.Unix(0, 0), ErrFuture},
		"a clock before the Unix epoch":  {time.Unix(-10000, 0), ErrFuture},
		"long after":                     {a.Expires.AddDate(1, 0, 0), ErrExpired},
		"an instant in another timezone": {noon.In(time.FixedZone("x", -7200)), nil},
	} {
		if _, err := Open(raw, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	a.Seq += 3601
	if _, err := Sign(k.signer, a); !errors.Is(err, ErrFuture) {
		t.Errorf("a sequence number ahead of the clock: %v", err)
	}
}

func TestSignerOfAnotherNode(t *testing.T) {
	k, other := keyFrom(t, rennes, 0, 1), keyFrom(t, brest, 0, 2)
	if _, err := Sign(other.signer, k.announcement(t)); !errors.Is(err, ErrSignature) {
		t.Errorf("another node's signature: %v", err)
	}
	same := keyFrom(t, rennes, 0, 3) // the right name, the wrong key
	if _, err := Sign(same.signer, k.announcement(t)); !errors.Is(err, ErrSignature) {
		t.Errorf("another key of the same name: %v", err)
	}
}

// Whoever passes a note on must not be able to make another one of it, be it
// with the same meaning: it would look as if its signer had signed two.
func TestNoByteOfANoteCanChange(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	raw := k.sign(t, k.announcement(t)).Note()
	for i := range raw {
		for _, x := range []byte{1, 4, 32} {
			bad := bytes.Clone(raw)
			bad[i] ^= x
			if _, err := Open(bad, noon); err == nil {
				t.Fatalf("byte %d (%q) changed to %q: accepted", i, raw[i], bad[i])
			}
		}
	}
	other := keyFrom(t, brest, 0, 2)
	n, err := note.Open(raw, nil)
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		t.Fatal(n, err)
	}
	both, err := note.Sign(unverified.Note, other.signer)
	if err != nil {
		t.Fatal(err)
	}
	last := raw[bytes.LastIndex(raw, []byte("\n—"))+1:]
	for name, bad := range map[string][]byte{
		"a second signature":         append(bytes.Clone(raw), both[bytes.LastIndex(both, []byte("\n—"))+1:]...),
		"the same signature twice":   append(bytes.Clone(raw), last...),
		"a line after the signature": append(bytes.Clone(raw), '\n'),
		"Windows line ends":          bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")),
		"nothing":                    nil,
		"only the text":              raw[:bytes.Index(raw, []byte("\n\n"))+1],
		"too large":                  append(bytes.Repeat([]byte(" "), MaxAnnouncement), raw...),
	} {
		if _, err := Open(bad, noon); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// signText signs any text with k's key.
func (k testKey) signText(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := note.Sign(&note.Note{Text: text}, k.signer)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTextsThatAreRefusedThoughSigned(t *testing.T) {
	k := keyFrom(t, rennes, 0, 1)
	good, _, _ := strings.Cut(string(k.sign(t, k.announcement(t)).Note()), "\n\n")
	_, line, _ := strings.Cut(good, "\n")
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"another version":          {"maillon/announcement/v2\n" + line + "\n", ErrMalformed},
		"a checkpoint":             {k.signer.Name() + "\n12\n" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n", ErrMalformed},
		"a third line":             {good + "\nmore\n", ErrMalformed},
		"an empty line":            {firstLine + "\n\n" + line + "\n", ErrMalformed},
		"a member twice":           {strings.Replace(good, `{"node"`, `{"seq":1,"node"`, 1) + "\n", ErrMalformed},
		"a member in capitals":     {strings.Replace(good, `"seq"`, `"SEQ"`, 1) + "\n", ErrMalformed},
		"a number as text":         {strings.Replace(good, `"size":12`, `"size":"12"`, 1) + "\n", ErrMalformed},
		"a number with a fraction": {strings.Replace(good, `"size":12`, `"size":12.5`, 1) + "\n", ErrMalformed},
		"a member unknown to us":   {strings.Replace(good, `{"node"`, `{"later":[1],"node"`, 1) + "\n", nil},
	} {
		if _, err := Open(k.signText(t, c.text), noon); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k := keyFrom(f, rennes, 0, 1)
	raw := k.sign(f, k.announcement(f)).Note()
	f.Add(raw)
	f.Add([]byte(firstLine + "\n{}\n\n— maillon/x/0 AAAA\n"))
	f.Add([]byte("\n\n"))
	f.Add(bytes.ReplaceAll(raw, []byte("active"), []byte("gone")))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Open(b, noon)
		if err != nil {
			return
		}
		// What opens says who signed it, and stays the same when opened again.
		if a.check() != nil || !bytes.Equal(a.Note(), b) {
			t.Fatalf("accepted %q", b)
		}
		var book Book
		if fresh, _ := book.Merge(a); !fresh {
			t.Fatal("not taken by an empty book")
		}
	})
}
