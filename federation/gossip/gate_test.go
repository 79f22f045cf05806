package gossip

import (
	"bytes"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// door admits who has the right pass, and counts how often it was asked.
type door struct{ asked atomic.Int64 }

func (d *door) admit(name string, meta []byte, addr netip.AddrPort) error {
	d.asked.Add(1)
	if string(meta) != "pass of "+name || !addr.IsValid() {
		return errors.New("no pass")
	}
	return nil
}

func TestWhoHasNoPassIsNotListed(t *testing.T) {
	t.Parallel()
	var d door
	with := func(meta string) func(*Config) {
		return func(c *Config) { c.Meta, c.Admit = []byte(meta), d.admit }
	}
	a := join(t, "a", with("pass of a"))
	b := join(t, "b", with("pass of b"), a)
	thief := join(t, "thief", with("pass of b"), a)
	thief.announce("from a thief")
	within(t, 5*time.Second, "the two meet", func() bool { return a.sees("a", "b") && b.sees("a", "b") })
	within(t, 5*time.Second, "the thief is refused", func() bool { return a.Stats().Refused > 0 })
	asked := d.asked.Load()
	time.Sleep(1500 * time.Millisecond) // many probes and exchanges
	if a.sees("a", "b", "thief") || b.sees("a", "b", "thief") {
		t.Error("the thief is listed")
	}
	if n := d.asked.Load() - asked; n > 4 {
		t.Errorf("asked %d times more: answers are not remembered", n)
	}
	a.Readmit()
	within(t, 10*time.Second, "asked again", func() bool { return d.asked.Load() > asked })
}

func TestPassIsRenewedWithoutAStop(t *testing.T) {
	t.Parallel()
	var metas atomic.Value
	metas.Store("")
	a := join(t, "a", func(c *Config) {
		c.Admit = func(_ string, meta []byte, _ netip.AddrPort) error { metas.Store(string(meta)); return nil }
	})
	b := join(t, "b", func(c *Config) { c.Meta = []byte("old") }, a)
	within(t, 5*time.Second, "they meet", func() bool { return a.sees("a", "b") && b.sees("a", "b") })
	if err := b.Renew([]byte("new")); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "the new pass arrives", func() bool { return metas.Load() == "new" })
	if err := b.Renew(make([]byte, MaxMeta+1)); err == nil {
		t.Error("a pass too large was taken")
	}
}

func TestKeysAreExchangedWithoutAStop(t *testing.T) {
	t.Parallel()
	old, next := bytes.Repeat([]byte{7}, KeySize), bytes.Repeat([]byte{9}, KeySize)
	a := join(t, "a", nil)
	b := join(t, "b", nil, a)
	within(t, 5*time.Second, "they meet", func() bool { return a.sees("a", "b") && b.sees("a", "b") })
	steps := []func(member) error{
		func(m member) error { return m.AddKey(next) },
		func(m member) error { return m.UseKey(next) },
		func(m member) error { return m.RemoveKey(old) },
	}
	for i, step := range steps {
		for _, m := range []member{a, b} {
			if err := step(m); err != nil {
				t.Fatal(err)
			}
			note := string(rune('0'+i)) + m.cfg.Name
			m.announce(note)
			within(t, 5*time.Second, note+" arrives", func() bool { return a.has(note) && b.has(note) })
		}
	}
	late := join(t, "late", func(c *Config) { c.Key, c.Keys = old, [][]byte{next} }, a)
	time.Sleep(300 * time.Millisecond)
	if a.sees("a", "b", "late") {
		t.Error("who encrypts by the key that was removed is let in")
	}
	if err := late.UseKey(next); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "with the new key it is", func() bool { return a.sees("a", "b", "late") })
	if a.AddKey([]byte("short")) == nil || a.RemoveKey(next) == nil || a.UseKey(old) == nil {
		t.Error("a key too short, the removal of the one in use, or the use of an unknown one is accepted")
	}
	open := join(t, "open", func(c *Config) { c.Key = nil })
	if err := open.AddKey(next); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
}
