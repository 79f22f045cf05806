package main

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// systemd hears that the node is alive for as long as it is.
func TestSystemdIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "20000")
	hear := func(wait time.Duration) string {
		_ = l.SetReadDeadline(time.Now().Add(wait))
		b := make([]byte, 100)
		n, err := l.Read(b)
		if err != nil {
			return ""
		}
		return string(b[:n])
	}
	notify("READY=1")
	if got := hear(10 * time.Second); got != "READY=1" {
		t.Errorf("heard %q", got)
	}
	var ill atomic.Bool
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go watchdog(ctx, func() error {
		if ill.Load() {
			return errors.New("ill")
		}
		return nil
	})
	if got := hear(10 * time.Second); got != "WATCHDOG=1" {
		t.Errorf("heard %q", got)
	}
	ill.Store(true)
	for deadline := time.Now().Add(10 * time.Second); hear(200*time.Millisecond) != ""; {
		if time.Now().After(deadline) {
			t.Fatal("a node that is ill says that it is alive")
		}
	}
}
