package node

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// configuration writes the node's configuration file. Each value is quoted:
// nothing that a hub or an invitation says can add a
// line to it.
func (j *Joined) configuration() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	q := strconv.Quote
	line("# Écrit par « maillon join » pour le chef de file %s.", q(j.HubName))
	line("# Toutes les clés possibles sont expliquées dans configs/commune.yaml.")
	line("node:")
	line("  id: %s", q(j.Node))
	line("  name: %s", q(j.Name))
	line("  level: %s", j.Level)
	line("  territory: %s", q(j.Territory))
	line("  # Adresse électronique publique du service responsable.")
	line("  # contact: marches@exemple.fr")
	line("# Adresse publique, choisie une fois pour toutes.")
	if j.o.URL != "" {
		line("url: %s", q(j.o.URL))
	} else {
		line("# url: https://marches.exemple.fr")
	}
	line("# Dossier de tout ce que le nœud garde. À sauvegarder ; node.key est secret.")
	line("data: %s", q(absolute(j.o.Data)))
	line("http:")
	line("  listen: %s", q(j.o.Listen))
	line("federation:")
	line("  # La racine nationale : qui n’a pas de charte qui y mène n’est pas cru.")
	line("  roots: [%s]", q(j.Root))
	if isPrivateURL(j.HubURL) {
		line("  # Le chef de file est sans TLS ou à une adresse privée : réseau fermé, essai.")
		line("  allow_private: true")
	}
	j.joinSection(line)
	j.hubSection(line)
	return b.String()
}

func (j *Joined) joinSection(line func(string, ...any)) {
	q := strconv.Quote
	line("  join:")
	line("    hub: %s", q(j.Hub))
	line("    url: %s", q(j.HubURL))
	if j.Mode != "full" || j.pool == nil {
		line("    # Ce nœud ne fait que des connexions sortantes ; le chef de file le sert.")
		line("    mode: light")
		return
	}
	if j.o.URL == "" {
		line("    # Sans adresse publique à lui, le chef de file sert ce qu’il publie.")
		line("    storage: hub")
	}
	line("    listen: %s", q(j.o.Gossip))
	if j.Dial != nil {
		if at, err := netip.ParseAddrPort(j.Dial.Address); err == nil {
			line("    advertise: %s", q(at.Addr().String()))
		}
	}
	peers := make([]string, 0, len(j.pool.Peers))
	for _, p := range j.pool.Peers {
		peers = append(peers, q(p))
	}
	line("    peers: [%s]", strings.Join(peers, ", "))
	if len(j.pool.Key) > 0 {
		line("    key_file: %s", q(absolute(filepath.Join(j.o.Data, "pool.key"))))
	}
	if j.pool.Profile == "local" {
		line("    profile: local")
	}
}

// hubSection is for a node that was invited as a hub.
func (j *Joined) hubSection(line func(string, ...any)) {
	if j.Role != "hub" {
		return
	}
	line("  # Ce nœud est chef de file : il invite et admet des membres.")
	line("  hub:")
	line("    # Un autre port que celui de join.")
	line("    listen: 0.0.0.0:7947")
	line("    admission: charter")
	line("    authority:")
	line("      key_file: authority.key")
	line("      passphrase_file: %s", strconv.Quote(absolute(j.o.PassphraseFile)))
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// isPrivateURL reports whether an address is without TLS, of this machine or
// of a private network.
func isPrivateURL(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	if u.Scheme != "https" || u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && (ip.IsLoopback() || ip.IsPrivate())
}
