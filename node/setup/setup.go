// Package setup makes what a node's first start needs: it finds the body in the
// geographic code, writes a commented configuration, and the files of the software
// around it (systemd, containers, reverse proxies). It decides and writes text; the
// command asks the questions and keeps the files.
package setup

import (
	"cmp"
	"embed"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"maillon/catalog/territory"
	"maillon/catalog/texts"
)

// Answers are what is asked, and what follows from it.
type Answers struct {
	ID        territory.NodeID
	Name      string
	Level     territory.Level
	Territory territory.Geozone
	URL       string // public address; "" if the hub serves the node
	Contact   string // e-mail
	Data      string // folder
	Listen    string
	Admin     string
	Lang      texts.Lang
	Hub       Hub // "" Node: none is joined yet
}

// Hub is the chef de file that is joined.
type Hub struct {
	Node  string // id
	Name  string
	URL   string
	Peers []string // of its pool; needed where the node has an address of its own
}

// Check says what is wrong with the answers, by the question.
func (a Answers) Check() error {
	switch {
	case a.ID.IsZero():
		return fmt.Errorf("siret: which body runs this node? write 14 digits")
	case a.Name == "" || len(a.Name) > 200:
		return fmt.Errorf("name: 1 to 200 bytes")
	case a.Territory.IsZero():
		return fmt.Errorf("territory: where is the body's seat? write fr:commune: and its INSEE code")
	}
	if _, err := mail.ParseAddress(a.Contact); a.Contact != "" && (err != nil || strings.ContainsAny(a.Contact, "<> ")) {
		return fmt.Errorf("contact: %q is not an e-mail address (write marches@exemple.fr)", a.Contact)
	}
	if a.URL == "" {
		return nil
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("url: %q is not a public address (write https://marches.exemple.fr)", a.URL)
	}
	return nil
}

// Light reports whether the node makes only outgoing connections and its hub serves it.
func (a Answers) Light() bool { return a.Hub.Node != "" && a.URL == "" }

// Config is the configuration, every line explained in the language of a.
func (a Answers) Config() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	note := func(indent, key string, args ...any) {
		for l := range strings.Lines(wrap(texts.T(a.Lang, "setup.config."+key, args...), 90-len(indent))) {
			line("%s# %s", indent, strings.TrimRight(l, "\n"))
		}
	}
	q := strconv.Quote
	note("", "head")
	line("node:")
	note("  ", "id")
	line("  id: %s", q(a.ID.String()))
	note("  ", "name")
	line("  name: %s", q(a.Name))
	note("  ", "level")
	line("  level: %s", a.Level)
	note("  ", "territory", territory.Name(a.Territory))
	line("  territory: %s", q(a.Territory.String()))
	note("  ", "contact")
	if a.Contact == "" {
		line("  # contact: marches@exemple.fr")
	} else {
		line("  contact: %s", q(a.Contact))
	}
	line("")
	note("", "url")
	if a.URL == "" {
		line("# url: https://marches.exemple.fr")
	} else {
		line("url: %s", q(a.URL))
	}
	note("", "data")
	line("data: %s", q(a.Data))
	line("lang: %s", a.Lang)
	line("")
	line("http:")
	note("  ", "listen")
	line("  listen: %s", q(cmp.Or(a.Listen, "localhost:8080")))
	note("  ", "admin")
	line("  admin: %s", q(cmp.Or(a.Admin, "localhost:9090")))
	line("")
	note("", "federation")
	a.federation(line, note)
	line("")
	line("backup:")
	note("  ", "backup")
	line("  dir: %s", q(BackupsFor(a.Data)))
	line("  every: 24h")
	line("  keep: 7")
	return b.String()
}

// BackupsFor is where backups of a data folder go: never into it, since a restore
// moves it aside.
func BackupsFor(data string) string {
	if filepath.Clean(data) == "/var/lib/maillon" {
		return "/var/backups/maillon"
	}
	return filepath.Join(filepath.Dir(filepath.Clean(data)), "backups")
}

func (a Answers) federation(line func(string, ...any), note func(indent, key string, args ...any)) {
	q := strconv.Quote
	if a.Hub.Node == "" {
		if hub, ok := HubOf(a.Territory); ok {
			note("", "hub", hub.Name, hub.SIREN)
		}
		for _, l := range []string{"federation:", "  join:", "    mode: light", "    hub: \"SIRET\"", "    url: https://hub.exemple.fr"} {
			line("# %s", l)
		}
		return
	}
	line("federation:")
	if private(a.Hub.URL) {
		note("  ", "private")
		line("  allow_private: true")
	}
	line("  join:")
	note("    ", "joined", a.Hub.Name)
	line("    hub: %s", q(a.Hub.Node))
	line("    url: %s", q(a.Hub.URL))
	if a.Light() {
		note("    ", "light")
		line("    mode: light")
		return
	}
	note("    ", "peers")
	line("    listen: 0.0.0.0:7946")
	line("    peers: [%s]", strings.Join(quoted(a.peers()), ", "))
}

// peers are those given, or the usual port of the hub's own name.
func (a Answers) peers() []string {
	if len(a.Hub.Peers) > 0 {
		return a.Hub.Peers
	}
	u, err := url.Parse(a.Hub.URL)
	if err != nil {
		return nil
	}
	return []string{net.JoinHostPort(u.Hostname(), "7946")}
}

func quoted(list []string) (out []string) {
	for _, s := range list {
		out = append(out, strconv.Quote(s))
	}
	return out
}

// private reports whether an address is without TLS or of a closed network.
func private(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" || u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && (ip.IsLoopback() || ip.IsPrivate())
}

// wrap breaks text into lines of at most width characters, where words allow it.
func wrap(text string, width int) string {
	var b strings.Builder
	n := 0
	for _, w := range strings.Fields(text) {
		size := len([]rune(w))
		switch {
		case n == 0:
		case n+1+size > width:
			b.WriteByte('\n')
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += size
	}
	return b.String()
}

//go:embed snippets/*.tmpl
var snippets embed.FS

// Kinds are the files that [Print] writes.
var Kinds = []string{"systemd", "compose", "caddy", "nginx"}

// Place is where a node runs, for [Print].
type Place struct {
	URL     string // public address
	Listen  string
	Data    string
	Config  string // absolute path
	Program string // absolute path
	User    string
}

// Host is the name in the public address.
func (p Place) Host() string {
	if u, err := url.Parse(p.URL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "marches.exemple.fr"
}

// Path is the path of the public address, without a slash at its end.
func (p Place) Path() string {
	u, err := url.Parse(p.URL)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

// Upstream is where a proxy on the same machine reaches the node.
func (p Place) Upstream() string {
	host, port, err := net.SplitHostPort(p.Listen)
	if err != nil {
		return "127.0.0.1:8080"
	}
	if ip := net.ParseIP(host); host == "" || host == "localhost" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Backups is the folder of the archives.
func (p Place) Backups() string { return BackupsFor(p.Data) }

// Port is the port of the public listener.
func (p Place) Port() string {
	_, port, _ := strings.Cut(p.Upstream(), ":")
	return port
}

// Print writes a file of the software around a node.
func Print(w io.Writer, kind string, p Place) error {
	t, err := template.ParseFS(snippets, "snippets/"+kind+".tmpl")
	if err != nil {
		return fmt.Errorf("there is nothing to print for %.40q: choose %s", kind, strings.Join(Kinds, ", "))
	}
	return t.Execute(w, p)
}
