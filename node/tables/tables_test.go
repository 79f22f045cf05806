package tables_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"maillon/node/tables"
)

type kind string

type table struct{ text string }

func TestATableIsReadAgainOnceItsFileIsAnother(t *testing.T) {
	dir, now, reads := t.TempDir(), time.Unix(0, 0), 0
	var log strings.Builder
	f := tables.Folder[kind, table]{Dir: dir, Kinds: []kind{"a", "b"}, Log: zerolog.New(&log), Now: func() time.Time { return now }, Read: func(text []byte) (*table, error) {
		reads++
		if string(text) == "damaged" {
			return nil, errors.New("damaged")
		}
		return &table{string(text)}, nil
	}}
	turns := map[uint64]bool{}
	is := func(what, a, b string, another bool) {
		t.Helper()
		now = now.Add(time.Minute)
		got, turn := f.Tables()
		for i, want := range []string{a, b} {
			if text := ""; got[i] != nil && got[i].text != want || got[i] == nil && want != text {
				t.Errorf("%s: table %d is %+v, want %q", what, i, got[i], want)
			}
		}
		if turns[turn] == another {
			t.Errorf("%s: turn %d, another %v", what, turn, another)
		}
		turns[turn] = true
	}
	put := func(k kind, text string) {
		t.Helper()
		if err := tables.Put(dir, k, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
	}
	is("nothing", "", "", true)
	put("a", "one")
	is("a table", "one", "", true)
	is("the same", "one", "", false)
	put("b", "second")
	is("another", "one", "second", true)
	put("a", "damaged")
	is("a damaged one", "", "second", true)
	is("it again", "", "second", false)
	if n := strings.Count(log.String(), "damaged"); reads != 3 || n != 1 {
		t.Errorf("%d readings, %d lines of log: want 3 and 1", reads, n)
	}
	if err := os.Remove(tables.File(dir, kind("a"))); err != nil {
		t.Fatal(err)
	}
	is("one is taken away", "", "second", true)
	failed := errors.New("disk full")
	if err := tables.Put(dir, kind("b"), func(io.Writer) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	is("a table that could not be written", "", "second", false)
}

func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := tables.Until(ctx, strings.NewReader("abc"))
	if _, err := in.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
