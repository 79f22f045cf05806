package demo

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/texts"
)

// freeRange finds a port from which enough ports are free.
func freeRange(t *testing.T) int {
	t.Helper()
	for port := 21000; port < 40000; port += 40 {
		if portsFree(port, port+16) == nil {
			return port
		}
	}
	t.Fatal("no range of free ports")
	return 0
}

func TestEverythingReachesTheNation(t *testing.T) {
	var out bytes.Buffer
	err := Run(t.Context(), Options{
		Port: freeRange(t), Data: t.TempDir(), Once: true, Timeout: time.Minute, Out: &out, Lang: texts.English, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !regexp.MustCompile(`Everything reached the nation in .*: 52 contracts \(55 records`).MatchString(out.String()) {
		t.Errorf("the samples hold 55 identified records, which make 52 contracts; the demonstration says:\n%s", out.String())
	}
}

func TestGivenFilesGoOnTheOrganisme(t *testing.T) {
	dir := t.TempDir()
	raw, err := samples.ReadFile("samples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"notes.txt": string(raw), "bad.json": `{"marches":`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	err = Run(t.Context(), Options{
		Port: freeRange(t), Pivots: []string{dir}, Once: true, Timeout: time.Minute, Out: &out, Lang: texts.English, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), "refused  bad.json") || strings.Contains(out.String(), "notes.txt") {
		t.Errorf("a broken file is said to be refused, what is no pivot file is passed over:\n%s", out.String())
	}
}

func TestATakenPortIsSaidBeforeAnythingStarts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	err = Run(t.Context(), Options{Port: l.Addr().(*net.TCPAddr).Port, Data: dir, Once: true, Out: &bytes.Buffer{}, Lang: texts.English})
	if err == nil || !strings.Contains(err.Error(), "--port") {
		t.Errorf("error %v, want one that says which port to choose", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Error("nodes were started")
	}
}

func TestItStopsWhenTold(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	err := Run(ctx, Options{Port: freeRange(t), Timeout: time.Minute, Out: &bytes.Buffer{}, Lang: texts.English, Log: zerolog.Nop()})
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
