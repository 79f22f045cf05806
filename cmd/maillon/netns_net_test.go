//go:build netns && linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Names of everything that outlives a test that crashes, so that the next run
// finds it.
const (
	nsPrefix = "maillon-netns-"
	lockFile = "maillon-netns.lock"
	wire     = "eth0" // of every namespace but the switch
)

// A network is a switch in a namespace of its own, with an address from which
// the test asks, and a namespace for each node, joined to it by a veth pair.
// Nothing of it touches the machine's own network.
type network struct {
	t     *testing.T
	hub   string // the switch's namespace
	dir   string // for everything that the nodes keep
	ports int
}

const (
	subnet  = "10.77.0."
	control = subnet + "1" // the test's own address: no fault ever touches it
)

// newNetwork takes the lock of this test, so that two runs never meet, clears
// what a run that crashed has left, and makes the switch. It skips the test
// where the machine does not allow it.
func newNetwork(t *testing.T) *network {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("SKIPPED: ip is not installed (apt-get install iproute2)")
	}
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Close() })
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	clearLeftovers(t)
	n := &network{t: t, hub: nsPrefix + "switch"}
	if n.dir, err = os.MkdirTemp("", nsPrefix); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("ip", "netns", "add", n.hub).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: no network namespace to be had: %v: %s", err, out)
	}
	t.Cleanup(func() { clearLeftovers(t) })
	n.ip("-n", n.hub, "link", "set", "lo", "up")
	if out, err := exec.Command("ip", "-n", n.hub, "link", "add", "br0", "type", "bridge").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: no bridge to be had: %v: %s", err, out)
	}
	n.ip("-n", n.hub, "addr", "add", control+"/24", "dev", "br0")
	n.ip("-n", n.hub, "link", "set", "br0", "up")
	return n
}

// clearLeftovers removes namespaces, mounts and folders of this test's prefix,
// and ends what still runs in those namespaces: the test alone starts anything there.
func clearLeftovers(t *testing.T) {
	out, _ := exec.Command("ip", "netns", "list").Output()
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(name, nsPrefix) {
			continue
		}
		pids, _ := exec.Command("ip", "netns", "pids", name).Output()
		for _, f := range strings.Fields(string(pids)) {
			if pid, err := strconv.Atoi(f); err == nil && pid != os.Getpid() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
			t.Errorf("remove namespace %s: %v: %s", name, err, out)
		}
	}
	unmountAll()
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), nsPrefix+"*"))
	for _, dir := range dirs {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove %s: %v", dir, err)
		}
	}
}

// unmountAll takes away the small file systems of this test.
func unmountAll() {
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if len(f) > 2 && strings.HasPrefix(f[0], nsPrefix) && f[2] == "tmpfs" {
			_ = syscall.Unmount(f[1], syscall.MNT_DETACH)
		}
	}
}

// ip runs iproute2.
func (n *network) ip(args ...string) {
	n.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// add makes the namespace of a node, with an address on the switch's network.
func (n *network) add(name, addr string) {
	n.ports++
	ns, port := nsPrefix+name, "p"+strconv.Itoa(n.ports)
	n.ip("netns", "add", ns)
	n.ip("-n", ns, "link", "set", "lo", "up")
	n.ip("-n", n.hub, "link", "add", port, "type", "veth", "peer", "name", wire, "netns", ns)
	n.ip("-n", n.hub, "link", "set", port, "master", "br0", "up")
	n.ip("-n", ns, "addr", "add", addr+"/24", "dev", wire)
	n.ip("-n", ns, "link", "set", wire, "up")
}

// move gives a node's namespace another address instead of its own.
func (n *network) move(name, addr string) {
	n.ip("-n", nsPrefix+name, "addr", "flush", "dev", wire)
	n.ip("-n", nsPrefix+name, "addr", "add", addr+"/24", "dev", wire)
}

// within runs f on a thread that is in a namespace. What f starts, a process
// or a socket, stays there.
func within(ns string, f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	there, err := os.Open("/run/netns/" + ns)
	if err != nil {
		return err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter %s: %w", ns, err)
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, back) // the thread stays locked, and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// client asks from the test's own address.
func (n *network) client() *http.Client {
	dial := func(ctx context.Context, _, addr string) (c net.Conn, err error) {
		err = within(n.hub, func() (err error) {
			d := net.Dialer{Timeout: 2 * time.Second}
			c, err = d.DialContext(ctx, "tcp4", addr)
			return err
		})
		return c, err
	}
	// No connection is kept: one to a node that was killed would answer for it.
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 20 * time.Second}
}

// spawn starts a process in a node's namespace.
func (n *network) spawn(name string) func(*exec.Cmd) error {
	return func(cmd *exec.Cmd) error { return within(nsPrefix+name, cmd.Start) }
}
