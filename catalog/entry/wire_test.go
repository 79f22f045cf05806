package entry

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestBundleOfLeaves(t *testing.T) {
	leaves := [][]byte{[]byte("a"), {}, bytes.Repeat([]byte("x"), maxLeaf)}
	var b []byte
	for _, l := range leaves {
		var err error
		if b, err = AppendBundle(b, l); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(b, []byte{0, 1, 'a', 0, 0, 0xff, 0xff, 'x'}) {
		t.Errorf("bytes %x…", b[:8])
	}
	got, err := ReadBundle(b, 3)
	if err != nil || !slices.EqualFunc(got, leaves, bytes.Equal) {
		t.Errorf("%v", err)
	}
	if _, err := AppendBundle(nil, make([]byte, maxLeaf+1)); !errors.Is(err, ErrInvalid) {
		t.Errorf("a leaf that the length cannot say: %v", err)
	}
	for name, bad := range map[string]struct {
		b []byte
		n int
	}{
		"one entry more": {b, 2}, "one entry less": {b, 4}, "cut in an entry": {b[:len(b)-1], 3},
		"cut in a length": {b[:4], 3}, "too many": {nil, 257}, "negative": {nil, -1},
	} {
		if _, err := ReadBundle(bad.b, bad.n); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func salt(c string) []byte { return []byte(strings.Repeat(c, SaltSize)) }

var threeBodies = []Body{{Flag: Present, Salt: salt("s"), Bytes: []byte("body")}, {Flag: Erased}, {Flag: NoBody}}

func writeBodies(t testing.TB, bodies []Body) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := WriteBodies(&buf, slices.Values(bodies)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func readBodies(r io.Reader, n int, limit int64) (bodies []Body, err error) {
	for b, err := range ReadBodies(r, n, limit) {
		if err != nil {
			return bodies, err
		}
		bodies = append(bodies, b)
	}
	return bodies, nil
}

func TestBodiesBesideTheTiles(t *testing.T) {
	b := writeBodies(t, threeBodies)
	if want := "\x01ssssssssssssssss\x00\x00\x00\x04body\x02\x00"; string(b) != want {
		t.Errorf("bytes %q, want %q", b, want)
	}
	got, err := readBodies(iotest.OneByteReader(bytes.NewReader(b)), 3, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(threeBodies, got); d != "" {
		t.Error(d)
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	good := string(writeBodies(t, threeBodies))
	for name, c := range map[string]struct {
		in    string
		n     int
		limit int64
		says  string
	}{
		"cut in a body":        {good[:23], 3, 99, "unexpected EOF"},
		"cut before a flag":    {good[:25], 3, 99, "unexpected EOF"},
		"more than the bundle": {good + "\x00", 3, 99, "bytes after"},
		"over the limit":       {good, 3, int64(len(good)) - 1, "more bytes than allowed"},
		"unknown flag":         {"\x03", 1, 99, "flag 3"},
		"body without bytes":   {"\x01ssssssssssssssss\x00\x00\x00\x00", 1, 99, "body of 0 bytes"},
		"body over 4 MiB":      {"\x01ssssssssssssssss\x00\x40\x00\x01", 1, 1 << 30, "body of 4194305 bytes"},
		"too many":             {good, 257, 99, "at most 256"},
	} {
		_, err := readBodies(strings.NewReader(c.in), c.n, c.limit)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", name, err, c.says)
		}
	}
	broken := errors.New("connection reset")
	if _, err := readBodies(io.MultiReader(strings.NewReader(good), iotest.ErrReader(broken)), 3, 99); !errors.Is(err, broken) {
		t.Errorf("an error after the last body was lost: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"v":1,"op":"redact","target":0,"at":"2026-03-01T09:30:00Z"}`), []byte{}, []byte{})
	f.Add([]byte(`{"v":1,"op":"put","kind":"marche","key":"b/1","source":{"deposit":"d"},"at":"2026-03-01T09:30:00Z","body":"`+bodyHash(salt("s"), []byte("b"))+`"}`), salt("s"), []byte("b"))
	f.Fuzz(func(t *testing.T, header, salt, body []byte) {
		e := Entry{Header: header, Salt: salt, Body: body}
		h, err := e.Check()
		if err != nil {
			return
		}
		again, err := h.encode()
		if err != nil { // escapes in the original may have been shorter
			if len(header) < MaxHeader/2 {
				t.Fatalf("%q is read but cannot be written: %v", header, err)
			}
			return
		}
		if h2, err := (Entry{Header: again}).Parse(); err != nil || !cmp.Equal(h, h2) {
			t.Fatalf("%q read, written and read again: %v %s", header, err, cmp.Diff(h, h2))
		}
	})
}

func FuzzReadBundle(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x00"), 2)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		leaves, err := ReadBundle(b, n)
		if err != nil {
			return
		}
		var again []byte
		for _, l := range leaves {
			again, _ = AppendBundle(again, l)
		}
		if !bytes.Equal(b, again) || len(leaves) != n {
			t.Fatalf("%q is read as %q", b, leaves)
		}
	})
}

func FuzzReadBodies(f *testing.F) {
	f.Add(writeBodies(f, threeBodies), 3)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		bodies, err := readBodies(bytes.NewReader(b), n, 1<<16)
		if err == nil && (!bytes.Equal(writeBodies(t, bodies), b) || len(bodies) != n) {
			t.Fatalf("%q is read as %q", b, bodies)
		}
		var cut []Body
		rest := b
		for err2 := error(nil); len(rest) > 0 && err2 == nil; {
			var body Body
			if body, rest, err2 = CutBody(rest); err2 == nil {
				cut = append(cut, body)
			}
		}
		if err == nil && !cmp.Equal(cut, bodies, cmpopts.EquateEmpty()) {
			t.Fatalf("%q is cut as %q", b, cut)
		}
	})
}

func FuzzStatements(f *testing.F) {
	f.Add([]byte(`{"node":"1","epoch":0,"checkpoint":"x","publishes":["*"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ParseMember(b); err == nil && m.Node == "" {
			t.Error("a member without a node")
		}
		if h, err := ParseHead(b); err == nil && h.Checkpoint == "" {
			t.Error("a head without a checkpoint")
		}
	})
}
