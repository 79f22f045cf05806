package doctor

import (
	"fmt"
	"path/filepath"
	"time"
)

// Limits of what is fine.
const (
	clockWatch = 10 * time.Second
	clockWrong = 2 * time.Minute // announcements from further ahead are refused
	diskWatch  = 2 << 30         // bytes
	diskWrong  = 200 << 20
	diskShare  = 10 // to watch below a tenth
	tlsWatch   = 14 * 24 * time.Hour
	tlsWrong   = 2 * 24 * time.Hour
	staleAfter = 62 * 24 * time.Hour // contracts are to be published within two months
	charterOld = 30 * 24 * time.Hour
	fewRecords = 20
)

// An examiner gathers findings.
type examiner struct {
	Facts
	out []Finding
}

func (e *examiner) say(check string, g Grade, which, mend string, args ...any) {
	e.out = append(e.out, Finding{Check: check, Grade: g, Case: which, Args: args, Mend: mend})
}

// command is a command line of this node.
func (e *examiner) command(args string) string {
	if e.Config == "" || e.Config == "maillon.yaml" {
		return "maillon " + args
	}
	return "maillon " + args + " --config " + e.Config
}

// Examine judges the facts.
func Examine(f Facts) []Finding {
	e := &examiner{Facts: f}
	for _, look := range []func(){
		e.running, e.ready, e.clock, e.disk, e.files, e.ports, e.name, e.certificate, e.address, e.store, e.published, e.editions, e.hub, e.charter, e.backup, e.mail, e.deposits, e.password,
	} {
		look()
	}
	return e.out
}

func (e *examiner) running() {
	if e.Running {
		e.say("running", Fine, "yes", "", e.Program)
		return
	}
	e.say("running", Watch, "no", "systemctl start maillon")
}

// ready is what /readyz says. Disk and clock have lines of their own.
func (e *examiner) ready() {
	if !e.Running || e.Waits == nil {
		return
	}
	said := false
	for _, w := range e.Waits {
		if w.Code != "disk" && w.Code != "clock" {
			e.out, said = append(e.out, w.Finding()), true
		}
	}
	if !said {
		e.say("ready", Fine, "yes", "")
	}
}

func (e *examiner) clock() {
	c := e.Clock
	if c == nil {
		return
	}
	ahead := max(c.Ahead, -c.Ahead)
	switch {
	case c.Error != "":
		e.say("clock", Watch, "unknown", "timedatectl", c.Against, c.Error)
	case ahead >= clockWrong:
		e.say("clock", Wrong, "off", "timedatectl set-ntp true", ahead, c.Against)
	case ahead >= clockWatch:
		e.say("clock", Watch, "off", "timedatectl set-ntp true", ahead, c.Against)
	default:
		e.say("clock", Fine, "right", "", c.Against)
	}
}

func (e *examiner) disk() {
	d := e.Disk
	if d == nil {
		return
	}
	mend := "du -xh " + e.Data + " | sort -h | tail"
	switch {
	case DiskFull(d):
		e.say("disk", Wrong, "full", mend, size(d.Free), e.Data)
	case d.Free < diskWatch || d.Total > 0 && d.Free < d.Total/diskShare && d.Free < 10*diskWatch:
		e.say("disk", Watch, "low", mend, size(d.Free), e.Data)
	default:
		e.say("disk", Fine, "room", "", size(d.Free))
	}
}

// size is a number of bytes as people read it.
func size(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d Gio", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f Gio", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d Mio", n>>20)
}

func (e *examiner) files() {
	if e.Data == "" {
		return
	}
	for _, f := range e.Files {
		if f.Open {
			e.say("files", Wrong, "open", "chmod 600 "+f.Path, f.Path)
			continue
		}
		e.say("files", Wrong, "closed", "chown -R maillon: "+e.Data, f.Path, e.User, f.Error)
	}
	if len(e.Files) == 0 {
		e.say("files", Fine, "right", "")
	}
}

func (e *examiner) ports() {
	for _, p := range e.Ports {
		switch {
		case p.Error == "" && e.Running:
			e.say("ports", Fine, "answers", "", p.Key, p.Address)
		case p.Error == "":
			e.say("ports", Fine, "free", "", p.Key, p.Address)
		case e.Running:
			e.say("ports", Wrong, "silent", "systemctl restart maillon", p.Key, p.Address, p.Error)
		default:
			e.say("ports", Wrong, "taken", "ss -ltnup", p.Key, p.Address, p.Error)
		}
	}
}

func (e *examiner) name() {
	if n := e.DNS; n != nil && n.Error != "" {
		e.say("dns", Wrong, "unknown", "getent hosts "+n.Host, n.Host, n.Error)
	} else if n != nil {
		e.say("dns", Fine, "known", "", n.Host)
	}
}

func (e *examiner) certificate() {
	t := e.TLS
	if t == nil {
		return
	}
	left := t.Expires.Sub(e.Now)
	switch {
	case t.Plain:
		e.say("tls", Watch, "plain", "maillon init --print caddy --url https://"+t.Host, t.Host)
	case t.Error != "":
		e.say("tls", Wrong, "broken", "curl -vI https://"+t.Host, t.Host, t.Error)
	case left <= 0:
		e.say("tls", Wrong, "over", "curl -vI https://"+t.Host, t.Host, t.Expires)
	case left < tlsWrong:
		e.say("tls", Wrong, "ends", "curl -vI https://"+t.Host, t.Host, left)
	case left < tlsWatch:
		e.say("tls", Watch, "ends", "curl -vI https://"+t.Host, t.Host, left)
	default:
		e.say("tls", Fine, "holds", "", t.Host, left)
	}
}

func (e *examiner) address() {
	a := e.Address
	if a == nil {
		return
	}
	switch {
	case a.Error != "" && e.Running:
		e.say("address", Wrong, "silent", "curl -v "+a.URL+"/healthz", a.URL, a.Error)
	case a.Error != "":
		e.say("address", Watch, "stopped", "", a.URL)
	case a.Found != a.Want:
		e.say("address", Wrong, "other", e.command("config show"), a.URL, a.Found, a.Want)
	default:
		e.say("address", Fine, "ours", "", a.URL)
	}
}

func (e *examiner) store() {
	s := e.Store
	if s == nil {
		return
	}
	archive := "ARCHIVE"
	if b := e.Backup; b != nil && !b.Last.IsZero() {
		archive = filepath.Join(b.Dir, "maillon-"+b.Last.UTC().Format("20060102-150405")+".tar.zst")
	}
	restore := e.command("restore " + archive)
	if e.Running {
		restore = "systemctl stop maillon && " + restore + " && systemctl start maillon"
	}
	switch {
	case s.Missing:
		e.say("store", Wrong, "missing", restore, e.Data)
	case s.Error != "":
		e.say("store", Wrong, "damaged", restore, s.Error)
	case !s.Checked:
		e.say("store", Watch, "unchecked", "systemctl stop maillon && "+e.command("verify")+" && systemctl start maillon", s.Entries)
	default:
		e.say("store", Fine, "whole", "", s.Entries)
	}
	if s.Views != "" && s.Error == "" && !s.Missing {
		e.say("views", Wrong, "damaged", "systemctl stop maillon && rm "+filepath.Join(e.Data, "views.db")+" && systemctl start maillon", s.Views)
	}
}

func (e *examiner) published() {
	p := e.Published
	if p == nil {
		return
	}
	switch age := e.Now.Sub(p.At); {
	case p.At.IsZero():
		e.say("published", Watch, "nothing", e.command("publish FICHIER"))
	case age > staleAfter:
		e.say("published", Watch, "old", e.command("publish FICHIER"), age)
	default:
		e.say("published", Fine, "recent", "", age)
	}
}

func (e *examiner) editions() {
	f := e.Editions
	switch {
	case f == nil:
	case !f.Failing.IsZero():
		e.say("editions", Wrong, "failing", "df -h "+e.Data, f.Failing, f.Tries, f.Error)
	case f.Made.IsZero():
		e.say("editions", Fine, "none", "")
	default:
		e.say("editions", Fine, "made", "", f.Made)
	}
}

func (e *examiner) hub() {
	h := e.Hub
	if h == nil {
		return
	}
	if h.URL == "" {
		e.say("hub", Watch, "none", "maillon join INVITATION")
		return
	}
	if h.Error != "" {
		e.say("hub", Wrong, "silent", "curl -v "+h.URL+"/healthz", h.URL, h.Error)
		return
	}
	e.say("hub", Fine, "answers", "", h.URL)
	switch h.State {
	case "accepted":
		e.say("member", Fine, "accepted", "")
	case "pending":
		e.say("member", Watch, "pending", "")
	case "suspended":
		e.say("member", Wrong, "suspended", "")
		return
	default:
		e.say("member", Wrong, "unknown", "maillon join INVITATION")
		return
	}
	e.reached(h)
}

// reached is what the hub says of reaching this node.
func (e *examiner) reached(h *Hub) {
	switch {
	case h.Light || h.Fault != "":
	case h.Untried != "":
		e.say("reached", Watch, "untried", "curl -v "+h.URL+"/healthz", h.Untried)
	case !h.Tried.IsZero():
		e.say("reached", Fine, "now", "", h.Want, h.Tried)
	}
	switch {
	case h.Address != "" && h.Address != h.Want:
		e.say("reached", Wrong, "elsewhere", e.command("config show"), h.Address, h.Want)
	case h.Fault != "" && !h.Light:
		e.say("reached", Wrong, "fault", "curl -v "+h.Want+"/journal/checkpoint", h.Fault)
	case h.Size < h.Own && h.Behind:
		e.say("reached", Wrong, "behind", "journalctl -u maillon -n 100", h.Own-h.Size)
	case h.Size < h.Own:
		e.say("reached", Watch, "behind", "", h.Own-h.Size)
	default:
		e.say("reached", Fine, "whole", "", h.Size)
	}
}

func (e *examiner) charter() {
	c := e.Charter
	if c == nil {
		return
	}
	left := c.Expires.Sub(e.Now)
	switch {
	case c.Error != "":
		e.say("charter", Wrong, "broken", "maillon join INVITATION", c.Error)
	case left <= 0:
		e.say("charter", Wrong, "over", "maillon join INVITATION", c.Expires)
	case left < charterOld:
		e.say("charter", Watch, "ends", "journalctl -u maillon -n 100", left)
	default:
		e.say("charter", Fine, "holds", "", left)
	}
}

func (e *examiner) backup() {
	b := e.Backup
	if b == nil {
		return
	}
	name := "maillon-" + e.Now.UTC().Format("20060102-150405") + ".tar.zst"
	switch age := e.Now.Sub(b.Last); {
	case b.Dir == "":
		e.say("backup", Watch, "none", e.command("backup "+name))
		return
	case b.Error != "":
		e.say("backup", Wrong, "unreadable", "ls -ld "+b.Dir, b.Dir, b.Error)
		return
	case b.Last.IsZero():
		e.say("backup", Watch, "empty", e.command("backup "+filepath.Join(b.Dir, name)), b.Dir)
	case age > 3*b.Every:
		e.say("backup", Wrong, "old", e.command("backup "+filepath.Join(b.Dir, name)), age)
	case age > b.Every+b.Every/2:
		e.say("backup", Watch, "old", e.command("backup "+filepath.Join(b.Dir, name)), age)
	default:
		e.say("backup", Fine, "recent", "", age, b.Dir)
	}
	if !b.Keys {
		e.say("keys", Watch, "nowhere", e.command("backup "+name+" --keys maillon.keys.age --passphrase-file PHRASE"))
	}
}

func (e *examiner) mail() {
	if m := e.Mail; m != nil && m.Error != "" {
		e.say("mail", Wrong, "silent", e.command("config show"), m.Host, m.Error)
	} else if m != nil {
		e.say("mail", Fine, "answers", "", m.Host)
	}
}

func (e *examiner) deposits() {
	d := e.Deposits
	if d == nil || d.Files == 0 {
		return
	}
	bad := d.ToCorrect + d.Refused
	mend := e.command("validate FICHIER")
	switch {
	case d.Rejected == d.Files:
		e.say("deposits", Wrong, "rejected", mend, d.Files)
	case d.Records >= fewRecords && bad*2 > d.Records:
		e.say("deposits", Wrong, "poor", mend, bad, d.Records)
	case d.Rejected > 0 || bad*10 > d.Records:
		e.say("deposits", Watch, "mixed", mend, bad, d.Records, d.Rejected)
	default:
		e.say("deposits", Fine, "good", "", d.Records-bad, d.Records)
	}
}

func (e *examiner) password() {
	if e.Password != nil && !*e.Password {
		e.say("password", Watch, "none", e.command("password"))
	}
}
