package node

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/node/access"
	"maillon/node/doctor"
	"maillon/node/mail"
	"maillon/store"
	"maillon/store/bolt"
)

// said is what the doctor says of one thing.
func said(t *testing.T, f doctor.Facts, check string) string {
	t.Helper()
	for _, found := range doctor.Examine(f) {
		if found.Check == check {
			return string(found.Grade) + " " + found.Case + " " + found.Mend
		}
	}
	return ""
}

// What an operator may live through: the store is cut short, one byte of it changes,
// it is deleted. The doctor says so, and the archive puts back all that was
// acknowledged before it was made.
func TestTheDoctorSeesDamageAndARestoreMendsIt(t *testing.T) {
	dir := t.TempDir()
	n := start(t, dir, lone(t, dir))
	for i := range 3 {
		n.publish(strings.ReplaceAll(contractFile, "P-1", "A"+string(rune('0'+i))))
	}
	f := n.node.Facts(t.Context())
	if got := said(t, f, "store"); f.Store.Entries != 3 || got != "fine whole " {
		t.Fatalf("running and well: %s, %+v", got, f.Store)
	}
	if got := said(t, f, "address"); !strings.HasPrefix(got, "fine ours") {
		t.Errorf("address: %s", got)
	}
	var archive bytes.Buffer
	if err := n.node.Backup(t.Context(), &archive); err != nil {
		t.Fatal(err)
	}
	cfg := n.node.cfg
	if _, err := StoppedFacts(t.Context(), cfg); err == nil {
		t.Error("the store of a running node was opened")
	}
	n.stop()
	key, err := os.ReadFile(filepath.Join(dir, "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "maillon.db")
	for name, c := range map[string]struct {
		harm func() error
		want string
	}{
		"cut short": {func() error { return os.Truncate(path, 20_000) }, "wrong damaged"},
		"one byte":  {func() error { return flip(path) }, "wrong damaged"},
		"deleted":   {func() error { return os.Remove(path) }, "wrong missing"},
	} {
		if err := c.harm(); err != nil {
			t.Fatal(err)
		}
		f, err := StoppedFacts(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := said(t, f, "store"); !strings.HasPrefix(got, c.want) || !strings.Contains(got, "maillon restore") {
			t.Errorf("%s: %s (%s)", name, got, f.Store.Error)
		}
		if _, _, err := RestoreBackup(t.Context(), cfg, bytes.NewReader(archive.Bytes()), map[string][]byte{"node.key": key}, true); err != nil {
			t.Fatalf("%s: restore: %v", name, err)
		}
		if f, err = StoppedFacts(t.Context(), cfg); err != nil || f.Store.Entries != 3 || said(t, f, "store") != "fine whole " {
			t.Fatalf("%s: after the restore: %v %+v", name, err, f.Store)
		}
	}
}

// flip changes one bit of an entry's body, behind the back of the journal.
func flip(path string) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Update(func(tx store.Tx) error {
		b := tx.Bucket("journal", memberID, "0", "bodies")
		for k, v := range b.Ascend(nil) {
			v = bytes.Clone(v)
			v[len(v)/2] ^= 1
			return b.Put(bytes.Clone(k), v)
		}
		return store.ErrNotFound
	})
}

// A server of mail that greets is fine; one that says no, or is not there, is wrong.
func TestTheDoctorAsksTheServerOfMail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	greeting := make(chan string, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, <-greeting)
			_ = c.Close()
		}
	}()
	c := mail.Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Security: mail.Plain}
	for said, fine := range map[string]bool{"220 mail.exemple.fr ESMTP\r\n": true, "554 go away\r\n": false, "": false} {
		greeting <- said
		if m := mailFact(t.Context(), c); (m.Error == "") != fine {
			t.Errorf("%q: %+v", said, m)
		}
	}
	if mailFact(t.Context(), mail.Config{}) != nil {
		t.Error("a server that is not configured is looked at")
	}
}

// A node that is no hub has a desk too: the administrator's password opens it, and
// it shows what the doctor says.
func TestTheDeskOfANodeShowsItsHealth(t *testing.T) {
	dir := t.TempDir()
	n := start(t, dir, lone(t, dir))
	book := access.Open(filepath.Join(dir, access.FileName), n.node.now)
	if err := book.SetPassword("quatre mots faciles à retenir"); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, base: "http://" + n.node.addr.admin.String(), http: &http.Client{Jar: jar}}
	if page, status := b.post("/bureau/connexion", url.Values{"token": {"cinq mots qui ne sont pas cela"}}); status != http.StatusForbidden || !strings.Contains(page, "neither the password nor a token") {
		t.Errorf("a wrong password: %d", status)
	}
	page, status := b.post("/bureau/connexion", url.Values{"token": {"quatre mots faciles à retenir"}})
	if status != http.StatusOK || !strings.Contains(page, "Sauvegarde") && !strings.Contains(page, "Backup") {
		t.Fatalf("after the login: %d %.600s", status, page)
	}
	page, _ = b.get("/bureau/etat?lang=fr")
	for _, want := range []string{"entière : 0 entrées", "maillon join INVITATION", "à surveiller"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page: %s", want, page)
		}
	}
	if strings.Contains(page, "/bureau/invitations") {
		t.Error("a node that is no hub offers invitations")
	}
	if status := statusWith(t, "GET", b.base+"/bureau/invitations", ""); status != http.StatusUnauthorized {
		t.Errorf("invitations: %d", status)
	}
	if err := book.SetPassword("autre chose, tout aussi long"); err != nil {
		t.Fatal(err)
	}
	if page, _ = b.get("/bureau/etat"); !strings.Contains(page, `action="/bureau/connexion"`) {
		t.Error("the session outlived its password")
	}
}
