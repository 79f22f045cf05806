//go:build processes

package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The seven nodes of configs/demo on loopback; the addresses of the
// containers are replaced by environment variables.
var roles = []string{"nation", "region", "departement", "epci", "commune-1", "commune-2", "organisme"}

// newWorld prepares the processes; none is started yet.
func newWorld(t *testing.T) *world {
	w := &world{t: t, bin: build(t), dir: t.TempDir(), nodes: map[string]*process{}}
	ports := freePorts(t, len(roles)*2+len(roles)+1)
	next := func() int { p := ports[0]; ports = ports[1:]; return p }
	pool := map[string]int{"nation": next(), "region": next()}
	for _, role := range roles {
		public := "127.0.0.1:" + strconv.Itoa(next())
		p := &process{
			w: w, role: role, dir: filepath.Join(w.dir, role), config: "../../configs/demo/" + role + ".yaml",
			base: "http://" + public, client: http.DefaultClient, spawn: (*exec.Cmd).Start,
		}
		p.env = append(os.Environ(),
			"MAILLON_DATA="+p.dir, "MAILLON_URL="+p.url(),
			"MAILLON_HTTP_LISTEN="+public, "MAILLON_HTTP_ADMIN=127.0.0.1:"+strconv.Itoa(next()),
			"MAILLON_LOG_FORMAT=json")
		if port, hub := pool[role]; hub {
			p.env = append(p.env, fmt.Sprintf("MAILLON_FEDERATION_HUB_LISTEN=127.0.0.1:%d", port), "MAILLON_FEDERATION_HUB_ADVERTISE=127.0.0.1")
		}
		if role != "nation" {
			above := "region"
			if role == "region" {
				above = "nation"
			}
			p.env = append(p.env, fmt.Sprintf("MAILLON_FEDERATION_JOIN_LISTEN=127.0.0.1:%d", next()),
				"MAILLON_FEDERATION_JOIN_ADVERTISE=127.0.0.1", fmt.Sprintf("MAILLON_FEDERATION_JOIN_PEERS=127.0.0.1:%d", pool[above]))
		}
		w.nodes[role] = p
		ids[role] = idOf(t, role)
	}
	return w
}

// idOf reads the node id from the role's configuration.
func idOf(t *testing.T, role string) string {
	raw, err := os.ReadFile("../../configs/demo/" + role + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "id: "); ok {
			return strings.Trim(id, `"`)
		}
	}
	t.Fatalf("configs/demo/%s.yaml has no id", role)
	return ""
}

// freePorts finds free ports below those that the system hands out by
// itself, so that nobody takes them before the processes do.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for port := 11000 + rand.IntN(4000); port < 20000 && len(ports) < n; port++ {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		_ = l.Close()
		ports = append(ports, port)
	}
	if len(ports) < n {
		t.Fatalf("%d free ports, want %d", len(ports), n)
	}
	return ports
}

func (w *world) startAll() {
	for _, role := range roles {
		w.nodes[role].start()
	}
	w.t.Cleanup(func() { w.stopAll(roles) })
}
