package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"maillon/node/mail/mailtest"
	"maillon/store/storetest"
)

func server(t *testing.T, s *mailtest.Server) Config {
	t.Helper()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return Config{Host: "127.0.0.1", Port: s.Port(), Security: Plain, From: mail.Address{Name: "Ville d’Exemple", Address: "marches@exemple.example"}}
}

// A rig is a queue with a clock of its own.
type rig struct {
	*Queue
	at time.Time
}

func queue(t *testing.T, c Config) *rig {
	t.Helper()
	r := &rig{at: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)}
	r.Queue = &Queue{DB: storetest.Memory(), Config: c, Log: zerolog.Nop(), Now: func() time.Time { return r.at }}
	return r
}

// sendDue sends everything that is due now.
func (r *rig) sendDue(t *testing.T) {
	t.Helper()
	for range 50 {
		wait, err := r.step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if wait != pace {
			return
		}
	}
}

var letter = Message{To: "a@b.example", Subject: "Marchés d’été\r\nBcc: x@y.example", Text: "Bonjour,\n.\nà bientôt = oui\n" + strings.Repeat("long ", 60), Unsubscribe: "https://x.example/alertes/t", List: "alertes"}

func TestAMessageArrivesAsItWasWritten(t *testing.T) {
	s := &mailtest.Server{}
	q := queue(t, server(t, s))
	if err := q.Post(letter); err != nil {
		t.Fatal(err)
	}
	q.sendDue(t)
	got := s.Mails()
	if len(got) != 1 || got[0].To != "a@b.example" || got[0].From != "marches@exemple.example" {
		t.Fatalf("%+v", got)
	}
	m, err := mail.ReadMessage(strings.NewReader(got[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Marchés d’été  Bcc: x@y.example" || m.Header.Get("Bcc") != "" {
		t.Errorf("subject %q, %v, %v", subject, err, m.Header)
	}
	for name, want := range map[string]string{
		"List-Unsubscribe": "<https://x.example/alertes/t>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated",
		"List-Id": "<alertes.exemple.example>", "Content-Type": "text/plain; charset=utf-8",
	} {
		if m.Header.Get(name) != want {
			t.Errorf("%s: %q", name, m.Header.Get(name))
		}
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil || strings.ReplaceAll(strings.TrimRight(string(text), "\r\n"), "\r\n", "\n") != strings.TrimRight(letter.Text, "\n") {
		t.Errorf("text %q, %v", text, err)
	}
	for line := range strings.SplitSeq(got[0].Data, "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	if st, err := q.Status(); err != nil || st != (Status{Sent: 1}) {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	s := &mailtest.Server{}
	q := queue(t, server(t, s))
	if err := q.Post(letter); err != nil {
		t.Fatal(err)
	}
	for i, fail := range []struct{ command, answer string }{
		{"EHLO", ""}, {"MAIL", "451 later"}, {"MAIL", "550 not you"}, {"RCPT", "450 greylisted"}, {"DATA", ""}, {"END", "452 full"}, {"END", ""},
	} {
		s.Fail(fail.command, fail.answer)
		q.sendDue(t)
		if st, _ := q.Status(); st.Waiting != 1 || len(s.Mails()) != 0 {
			t.Fatalf("after %s %s: %+v", fail.command, fail.answer, st)
		}
		q.sendDue(t) // not before its time
		if len(s.Mails()) != 0 {
			t.Fatalf("try %d: sent too early", i)
		}
		q.at = q.at.Add(longWait)
	}
	q.sendDue(t)
	if st, _ := q.Status(); st.Waiting != 0 || len(s.Mails()) != 1 {
		t.Errorf("%+v", st)
	}
}

func TestWhatCannotBeSentIsGivenUpAndForgotten(t *testing.T) {
	s := &mailtest.Server{}
	q := queue(t, server(t, s))
	for _, command := range []string{"RCPT", "END"} {
		if err := q.Post(letter); err != nil {
			t.Fatal(err)
		}
		s.Fail(command, "550 nobody of that name")
		q.sendDue(t)
		if st, _ := q.Status(); st.Waiting != 0 || len(s.Mails()) != 0 {
			t.Errorf("refused at %s: %+v", command, st)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := q.Post(letter); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		q.sendDue(t)
		q.at = q.at.Add(longWait)
	}
	if st, _ := q.Status(); st.Waiting != 0 || st.Failed != 3 {
		t.Errorf("after three days: %+v", st)
	}
}

func TestAddresses(t *testing.T) {
	for _, good := range []string{"a@b.example", "prenom.nom+x@sous.domaine.fr", " a@b.example "} {
		if _, err := Address(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "a", "a@b", "a@b.c,d@e.f", "A <a@b.example>", "a@b.example\r\nRCPT TO:<x@y.z>", "a b@c.example", "é@b.example", "a@[127.0.0.1]", "a%b@c.example", strings.Repeat("a", 300) + "@b.example", "\"a b\"@c.example"} {
		if got, err := Address(bad); err == nil {
			t.Errorf("%q is taken for %q", bad, got)
		}
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("Sujet\r\nX: y", "texte", "https://x.example")
	f.Fuzz(func(t *testing.T, subject, text, stop string) {
		raw := compose(Config{From: mail.Address{Address: "a@b.example"}}, Message{ID: "i", To: "c@d.example", Subject: subject, Text: text, Unsubscribe: stop}, time.Unix(0, 0))
		m, err := mail.ReadMessage(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		for name := range m.Header {
			switch name {
			case "From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Precedence", "List-Unsubscribe", "List-Unsubscribe-Post", "Mime-Version", "Content-Type", "Content-Transfer-Encoding":
			default:
				t.Fatalf("a header of its own: %s", name)
			}
		}
	})
}

// certificate signs itself, for 127.0.0.1.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func TestNothingLeavesWithoutTLSThatIsTrusted(t *testing.T) {
	password := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cert := &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
	for name, c := range map[string]struct {
		server   *mailtest.Server
		security Security
	}{
		"no STARTTLS is offered":               {&mailtest.Server{}, STARTTLS},
		"a certificate that nobody vouches":    {&mailtest.Server{TLS: cert}, STARTTLS},
		"the same, from the first byte":        {&mailtest.Server{TLS: cert, Implicit: true}, TLS},
		"a password to another machine's name": {&mailtest.Server{Password: "secret", Ways: "LOGIN"}, STARTTLS},
	} {
		s := c.server
		conf := server(t, s)
		conf.Security, conf.User, conf.PasswordFile = c.security, "u", password
		if err := send(t.Context(), conf, letter, time.Now()); err == nil || len(s.Mails()) != 0 {
			t.Errorf("%s: %v, %d mails", name, err, len(s.Mails()))
		}
	}
	for _, way := range []string{"PLAIN", "LOGIN", "LOGIN PLAIN"} {
		s := &mailtest.Server{Password: "secret", Ways: way}
		conf := server(t, s)
		conf.User, conf.PasswordFile = "u", password
		if err := send(t.Context(), conf, letter, time.Now()); err != nil || s.Mails()[0].User != "u" {
			t.Errorf("AUTH %s to this machine: %v", way, err)
		}
	}
	s := &mailtest.Server{Password: "other", Ways: "PLAIN"}
	conf := server(t, s)
	conf.User, conf.PasswordFile = "u", password
	if err := send(t.Context(), conf, letter, time.Now()); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestTheQueueRunsUntilItsEnd(t *testing.T) {
	s := &mailtest.Server{}
	q := queue(t, server(t, s))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx) }()
	if err := q.Post(letter); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if len(s.Mails()) == 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil || len(s.Mails()) != 1 {
		t.Errorf("%v, %d mails", err, len(s.Mails()))
	}
}
