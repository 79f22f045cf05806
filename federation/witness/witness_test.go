package witness

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	owner = "maillon/21350238800019/0"
	hub   = "maillon/23350001600040/0"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A pair is a node key that is the same in every run.
type pair struct {
	note.Signer
	v    note.Verifier
	text string
}

func newPair(t testing.TB, name string, seed byte) pair {
	t.Helper()
	skey, vkey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, ed25519.SeedSize)), name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return pair{s, v, vkey}
}

func (p pair) cosigner(t testing.TB) *Cosigner {
	t.Helper()
	c, err := NewCosigner(p.Signer, p.text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A tree is a log of a test, in memory.
type tree struct {
	p      pair
	hashes []tlog.Hash
	size   int64
}

func (tr *tree) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = tr.hashes[x]
	}
	return out, nil
}

// grow adds n leaves, which depend on salt.
func (tr *tree) grow(t testing.TB, n int, salt string) {
	t.Helper()
	for range n {
		h, err := tlog.StoredHashes(tr.size, fmt.Appendf(nil, "%s%d", salt, tr.size), tr)
		if err != nil {
			t.Fatal(err)
		}
		tr.hashes, tr.size = append(tr.hashes, h...), tr.size+1
	}
}

func (tr *tree) checkpoint(t testing.TB, size int64) []byte {
	t.Helper()
	root, err := tlog.TreeHash(size, tr)
	if err != nil {
		t.Fatal(err)
	}
	text := log.Checkpoint{Origin: tr.p.Name(), Size: uint64(size), Hash: root[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, tr.p.Signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (tr *tree) head(t testing.TB, size int64) Head {
	t.Helper()
	h, err := Open(tr.checkpoint(t, size), tr.p.v)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (tr *tree) request(t testing.TB, from, to int64) Request {
	t.Helper()
	r := Request{Old: uint64(from), Checkpoint: tr.checkpoint(t, to)}
	if from > 0 && from < to {
		var err error
		if r.Proof, err = tlog.ProveTree(to, from, tr); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestACosignatureIsSeenByWhoKnowsTheKey(t *testing.T) {
	tr := &tree{p: newPair(t, owner, 1)}
	tr.grow(t, 3, "")
	w, other := newPair(t, hub, 2), newPair(t, hub, 3)
	h := tr.head(t, 3)
	sign := func(p pair, at time.Time) []byte {
		l, err := p.cosigner(t).Cosign(h, at)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	early, late, foreign, future := sign(w, noon), sign(w, noon.Add(time.Minute)), sign(other, noon), sign(w, noon.Add(2*time.Hour))
	cp := Append(h.Note, foreign, early, late, future)
	got := Cosignatures(cp, noon, w.cosigner(t).Key())
	if len(got) != 1 || got[0].By != hub || !got[0].At.Equal(noon.Add(time.Minute)) || !bytes.Equal(got[0].Line, late) {
		t.Errorf("cosignatures %+v", got)
	}
	// Who does not know the witness reads the checkpoint as the owner signed it.
	again, err := Open(cp, tr.p.v)
	if err != nil || !bytes.Equal(again.Note, h.Note) || again.Root != h.Root {
		t.Errorf("opened %+v, %v", again, err)
	}
	// One byte of the text, the time or the signature makes it none.
	for name, bad := range map[string][]byte{
		"text": bytes.Replace(cp, []byte("\n3\n"), []byte("\n4\n"), 1),
		"line": Append(h.Note, bytes.Replace(late, late[len(late)-8:len(late)-5], []byte("AAA"), 1)),
	} {
		if got := Cosignatures(bad, noon, w.cosigner(t).Key()); len(got) != 0 {
			t.Errorf("%s changed: %+v", name, got)
		}
	}
}

func TestAKeyIsReadInBothForms(t *testing.T) {
	p := newPair(t, hub, 2)
	k, err := NewVerifier(p.text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := NewVerifier(k.Text())
	if err != nil || again.Text() != k.Text() || again.KeyHash() == p.v.KeyHash() {
		t.Errorf("%s read again: %s, %v", k.Text(), again.Text(), err)
	}
	for _, bad := range []string{"", "a+b", "a+00000000+AAAA", strings.Replace(p.text, "+", "x+", 1), p.text + "A", " " + p.text} {
		if _, err := NewVerifier(bad); err == nil {
			t.Errorf("key %q is taken", bad)
		}
	}
	if _, err := NewCosigner(p.Signer, newPair(t, owner, 2).text); err == nil {
		t.Error("a signer goes with another's verifier")
	}
	wrong, err := NewCosigner(p.Signer, newPair(t, hub, 3).text)
	if err != nil {
		t.Fatal(err)
	}
	tr := &tree{p: newPair(t, owner, 1)}
	if _, err := wrong.Cosign(tr.head(t, 0), noon); err == nil {
		t.Error("a cosignature that its own key does not verify")
	}
}

func TestWhatIsNoCheckpointOfTheOwner(t *testing.T) {
	p := newPair(t, owner, 1)
	tr := &tree{p: p}
	tr.grow(t, 2, "")
	good := tr.checkpoint(t, 2)
	signed := func(text string) []byte {
		n, err := note.Sign(&note.Note{Text: text}, p.Signer)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	root := strings.Split(string(good), "\n")[2]
	for name, c := range map[string]struct {
		note []byte
		key  note.Verifier
		want error
	}{
		"another key":        {good, newPair(t, owner, 2).v, ErrSignature},
		"a forged signature": {append(bytes.TrimSuffix(good, good[len(good)-9:]), "AAAAAAA=\n"...), p.v, ErrSignature},
		"another's origin":   {signed(hub + "\n2\n" + root + "\n"), p.v, ErrSignature},
		"a line more":        {signed(owner + "\n2\n" + root + "\nmore\n"), p.v, ErrMalformed},
		"a size in octal":    {signed(owner + "\n02\n" + root + "\n"), p.v, ErrMalformed},
		"a huge size":        {signed(owner + "\n9999999999999999\n" + root + "\n"), p.v, ErrMalformed},
		"a short root":       {signed(owner + "\n2\nAAAA\n"), p.v, ErrMalformed},
		"nothing, with root": {signed(owner + "\n0\n" + root + "\n"), p.v, ErrProof},
		"too long":           {append(bytes.Clone(good), make([]byte, MaxCheckpoint)...), p.v, ErrMalformed},
		"no note":            {[]byte("x"), p.v, ErrMalformed},
	} {
		if _, err := Open(c.note, c.key); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestDecide(t *testing.T) {
	tr := &tree{p: newPair(t, owner, 1)}
	tr.grow(t, 5, "")
	other := &tree{p: tr.p, hashes: bytes2(tr, 5), size: 5}
	tr.grow(t, 6, "a")
	other.grow(t, 6, "b")
	seen5, seen11 := tr.head(t, 5), tr.head(t, 11)
	fork := &ForkError{}
	conflict := &ConflictError{}
	for name, c := range map[string]struct {
		last *Head
		r    Request
		h    Head
		want error
	}{
		"the first":                    {nil, tr.request(t, 0, 11), seen11, nil},
		"an empty journal":             {nil, tr.request(t, 0, 0), tr.head(t, 0), nil},
		"it grows":                     {&seen5, tr.request(t, 5, 11), seen11, nil},
		"it stays":                     {&seen11, tr.request(t, 11, 11), seen11, nil},
		"from nothing, when known":     {&seen5, tr.request(t, 0, 11), seen11, conflict},
		"from another size":            {&seen5, tr.request(t, 7, 11), seen11, conflict},
		"from a size, when unknown":    {nil, tr.request(t, 5, 11), seen11, conflict},
		"it shrinks":                   {&seen11, Request{Old: 11}, seen5, ErrOldSize},
		"it shrinks, told otherwise":   {&seen11, Request{Old: 5}, seen5, conflict},
		"another history, same size":   {&seen11, other.request(t, 11, 11), other.head(t, 11), fork},
		"the same, told to be new":     {&seen11, other.request(t, 0, 11), other.head(t, 11), fork},
		"another's proof":              {&seen5, Request{Old: 5, Proof: tr.request(t, 4, 11).Proof}, seen11, ErrProof},
		"no proof":                     {&seen5, Request{Old: 5}, seen11, ErrProof},
		"a proof where none is needed": {&seen11, Request{Old: 11, Proof: make([]tlog.Hash, 1)}, seen11, ErrProof},
		"a proof from nothing":         {nil, Request{Old: 0, Proof: make([]tlog.Hash, 1)}, seen11, ErrProof},
	} {
		err := Decide(c.last, c.r, c.h)
		switch want := c.want.(type) {
		case *ForkError:
			if !errors.Is(err, ErrFork) {
				t.Errorf("%s: %v, want a fork", name, err)
			}
		case *ConflictError:
			got, ok := errors.AsType[*ConflictError](err)
			if !ok || (c.last == nil) != (got.Size == 0) {
				t.Errorf("%s: %v, want a conflict", name, err)
			}
		default:
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
	}
	// The second history proves itself against the head that both share.
	if err := Decide(&seen5, other.request(t, 5, 11), other.head(t, 11)); err != nil {
		t.Errorf("a history is refused that nothing contradicts yet: %v", err)
	}
}

// bytes2 copies the stored hashes of the first n leaves.
func bytes2(tr *tree, n int64) []tlog.Hash {
	return append([]tlog.Hash(nil), tr.hashes[:tlog.StoredHashCount(n)]...)
}

func TestRequests(t *testing.T) {
	tr := &tree{p: newPair(t, owner, 1)}
	tr.grow(t, 300, "")
	for _, r := range []Request{tr.request(t, 0, 300), tr.request(t, 171, 300), {Old: maxSize, Proof: make([]tlog.Hash, maxProof), Checkpoint: make([]byte, MaxCheckpoint)}} {
		again, err := ParseRequest(r.Marshal())
		if err != nil || !bytes.Equal(again.Marshal(), r.Marshal()) {
			t.Errorf("read again: %v", err)
		}
	}
	hash := base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"
	for name, bad := range map[string]string{
		"nothing": "", "no line": "old 1", "no old": "1\n\n", "octal": "old 01\n\n", "sign": "old +1\n\n", "huge": "old 281474976710657\n\n",
		"no end": "old 1\n" + hash, "no hash": "old 1\nAAAA\n\n", "64 hashes": "old 1\n" + strings.Repeat(hash, 64) + "\n",
		"a hash in two ways": "old 1\n" + strings.Replace(hash, "AA=", "AB=", 1) + "\n", "carriage return": "old 1\r\n\r\n", "too long": "old 1\n\n" + strings.Repeat("x", MaxRequest),
	} {
		if _, err := ParseRequest([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A witness is asked anything in any order; what it has cosigned stays one history.
func FuzzAddCheckpoint(f *testing.F) {
	tr := &tree{p: newPair(f, owner, 1)}
	tr.grow(f, 9, "")
	f.Add(tr.request(f, 0, 9).Marshal())
	f.Add(tr.request(f, 5, 9).Marshal())
	f.Add([]byte("old 0\n\n\n\n"))
	last := tr.head(f, 5)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRequest(body)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Marshal(), body) {
			t.Fatalf("a request that is written in two ways: %q", body)
		}
		h, err := Open(r.Checkpoint, tr.p.v)
		if err != nil {
			return
		}
		if again, err := Open(h.Note, tr.p.v); err != nil || again.Root != h.Root {
			t.Fatalf("%q does not open again: %v", h.Note, err)
		}
		if Decide(&last, r, h) == nil && h.Size < last.Size {
			t.Fatal("went back")
		}
	})
}

func FuzzCosignatures(f *testing.F) {
	tr := &tree{p: newPair(f, owner, 1)}
	tr.grow(f, 2, "")
	w := newPair(f, hub, 2).cosigner(f)
	h := tr.head(f, 2)
	l, err := w.Cosign(h, noon)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(Append(h.Note, l))
	f.Add(Append(h.Note, []byte("— "+hub+" AAAA\n")))
	f.Fuzz(func(t *testing.T, cp []byte) {
		for _, c := range Cosignatures(cp, noon, w.Key()) {
			if text, _, err := sigLines(cp); err != nil || text != h.Text || c.By != hub {
				t.Fatalf("a cosignature of %q", cp)
			}
		}
	})
}

// The vectors of docs/protocol.md are what this package makes and reads.
func TestVectorsOfTheProtocol(t *testing.T) {
	raw, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	tr := &tree{p: newPair(t, owner, 1)}
	for _, leaf := range []string{"one", "two", "three"} {
		h, err := tlog.StoredHashes(tr.size, []byte(leaf), tr)
		if err != nil {
			t.Fatal(err)
		}
		tr.hashes, tr.size = append(tr.hashes, h...), tr.size+1
	}
	w := newPair(t, hub, 2).cosigner(t)
	l, err := w.Cosign(tr.head(t, 3), noon)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"key": w.Key().Text(), "request": string(tr.request(t, 2, 3).Marshal()), "answer": string(l),
	} {
		if block := indent(want); !strings.Contains(string(raw), "\n\n"+block+"\n") {
			t.Errorf("docs/protocol.md does not show this %s:\n%s", name, block)
		}
	}
}

// indent writes text as a block of Markdown.
func indent(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		if l != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(l)
	}
	if !strings.HasSuffix(text, "\n") {
		b.WriteString("\n")
	}
	return b.String()
}
