// Package mail sends the node's own letters: plain text, over the operator's SMTP
// server, from a queue that outlives a restart.
//
// A message is tried until the server takes it, for three days at most, with a wait
// that doubles. It is kept no longer than that: what was sent or given up is deleted
// with its address. If the node dies between sending and noting it, a message is sent
// twice under one Message-ID; none is lost. Nothing is ever sent without TLS but to
// this machine.
package mail

import (
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// Security is how the connection to the server is protected.
type Security string

// The ways.
const (
	STARTTLS Security = "starttls" // port 587
	TLS      Security = "tls"      // port 465
	Plain    Security = "none"     // to this machine only
)

// A Config is the operator's server. The zero value sends nothing.
type Config struct {
	Host         string
	Port         int
	Security     Security
	User         string
	PasswordFile string // read before each connection, so that it may change
	From         mail.Address
}

// On reports whether there is a server.
func (c Config) On() bool { return c.Host != "" }

// A Message is one letter to one address.
type Message struct {
	ID          string `json:"id"` // stable: of the Message-ID, without domain
	To          string `json:"to"`
	Subject     string `json:"subject"`
	Text        string `json:"text"`
	Unsubscribe string `json:"unsubscribe,omitempty"` // an address that takes POST (RFC 8058)
	List        string `json:"list,omitempty"`        // of List-ID
}

// Bounds of a message.
const (
	maxAddress = 254 // RFC 5321
	maxSubject = 250
	maxText    = 256 << 10
)

// ErrAddress: not an address that mail can be sent to.
var ErrAddress = errors.New("not an e-mail address")

// Address checks an address as people type it: user@domain, nothing around it.
func Address(s string) (string, error) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > maxAddress || strings.ContainsAny(s, "\r\n\t <>\"(),;:\\[]%!") || !isASCII(s) {
		return "", fmt.Errorf("%w: %.60q", ErrAddress, s)
	}
	_, domain, _ := strings.Cut(s, "@")
	if !strings.Contains(domain, ".") {
		return "", fmt.Errorf("%w: %.60q", ErrAddress, s)
	}
	return s, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' {
			return false
		}
	}
	return true
}

// compose writes a message as RFC 5322 text. Nothing of a message can begin a header
// of its own: line ends in headers are taken out.
func compose(c Config, m Message, at time.Time) []byte {
	var b strings.Builder
	header := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + oneLine(value) + "\r\n")
		}
	}
	_, domain, _ := strings.Cut(c.From.Address, "@")
	header("From", c.From.String())
	header("To", "<"+m.To+">")
	header("Subject", mime.QEncoding.Encode("utf-8", cut(oneLine(m.Subject), maxSubject)))
	header("Date", at.Format(time.RFC1123Z))
	header("Message-ID", "<"+m.ID+"@"+domain+">")
	header("Auto-Submitted", "auto-generated")
	header("Precedence", "bulk")
	if m.Unsubscribe != "" {
		header("List-Unsubscribe", "<"+m.Unsubscribe+">")
		header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	if m.List != "" {
		header("List-ID", "<"+m.List+"."+domain+">")
	}
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	text := strings.ReplaceAll(cut(strings.ToValidUTF8(m.Text, "\uFFFD"), maxText), "\r\n", "\n")
	_, _ = q.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))) // a builder takes everything
	_ = q.Close()
	return []byte(b.String())
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
