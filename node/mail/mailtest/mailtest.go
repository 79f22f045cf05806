// Package mailtest is a stand-in for an SMTP server that fails on demand. It listens on
// loopback, keeps what it was given, and can demand a password and offer TLS.
package mailtest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
)

// A Mail is what the server took.
type Mail struct {
	From, To string
	Data     string
	TLS      bool
	User     string // "" if nobody had to say who they are
}

// A Server is one stand-in. Its fields are set before the first connection.
type Server struct {
	TLS      *tls.Config // of STARTTLS; nil offers none
	Implicit bool        // TLS from the first byte
	Password string      // "" asks for none
	Ways     string      // of AUTH: "PLAIN", "LOGIN"

	l net.Listener

	mu     sync.Mutex
	mails  []Mail
	answer map[string]string // to a command, once each: "RCPT" => "550 no"; "" cuts the connection
}

// Start begins to listen.
func (s *Server) Start() error {
	var err error
	if s.l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	if s.Implicit {
		s.l = tls.NewListener(s.l, s.TLS)
	}
	go func() {
		for {
			c, err := s.l.Accept()
			if err != nil {
				return
			}
			go s.talk(c)
		}
	}()
	return nil
}

// Port is where it listens.
func (s *Server) Port() int { return s.l.Addr().(*net.TCPAddr).Port }

// Close stops listening.
func (s *Server) Close() error { return s.l.Close() }

// Fail makes the next use of a command get an answer; "" cuts the connection.
func (s *Server) Fail(command, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answer == nil {
		s.answer = map[string]string{}
	}
	s.answer[command] = answer
}

// Mails is what was taken so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

func (s *Server) planned(command string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.answer[command]
	delete(s.answer, command)
	return a, ok
}

// A session is one connection.
type session struct {
	s    *Server
	c    net.Conn
	in   *bufio.Reader
	mail Mail
}

func (s *Server) talk(c net.Conn) {
	t := &session{s: s, c: c, in: bufio.NewReader(c), mail: Mail{TLS: s.Implicit}}
	defer func() { _ = t.c.Close() }()
	t.say("220 stand-in")
	for {
		line, err := t.in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		verb = strings.ToUpper(verb)
		if planned, ok := s.planned(verb); ok {
			if planned == "" {
				return
			}
			t.say(planned)
			continue
		}
		if !t.do(verb, rest) {
			return
		}
	}
}

func (t *session) say(format string, args ...any) { _, _ = fmt.Fprintf(t.c, format+"\r\n", args...) }

func (t *session) do(verb, rest string) bool {
	switch verb {
	case "EHLO", "HELO":
		if t.s.TLS != nil && !t.mail.TLS {
			t.say("250-STARTTLS")
		}
		if t.s.Ways != "" {
			t.say("250-AUTH %s", t.s.Ways)
		}
		t.say("250 8BITMIME")
	case "STARTTLS":
		t.say("220 go on")
		c := tls.Server(t.c, t.s.TLS)
		if c.Handshake() != nil {
			return false
		}
		t.c, t.in, t.mail.TLS = c, bufio.NewReader(c), true
	case "AUTH":
		return t.auth(rest)
	case "MAIL":
		if t.s.Password != "" && t.mail.User == "" {
			t.say("530 who are you")
			return true
		}
		t.mail.From = between(rest)
		t.say("250 ok")
	case "RCPT":
		t.mail.To = between(rest)
		t.say("250 ok")
	case "DATA":
		return t.data()
	case "QUIT":
		t.say("221 bye")
		return false
	default:
		t.say("500 what")
	}
	return true
}

func between(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

func (t *session) auth(rest string) bool {
	way, first, _ := strings.Cut(rest, " ")
	var user, password string
	if way == "PLAIN" {
		raw, _ := base64.StdEncoding.DecodeString(first)
		if parts := strings.Split(string(raw), "\x00"); len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	} else {
		for _, ask := range []struct {
			name string
			to   *string
		}{{"Username:", &user}, {"Password:", &password}} {
			t.say("334 %s", base64.StdEncoding.EncodeToString([]byte(ask.name)))
			line, err := t.in.ReadString('\n')
			if err != nil {
				return false
			}
			raw, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
			*ask.to = string(raw)
		}
	}
	if password != t.s.Password {
		t.say("535 no")
		return true
	}
	t.mail.User = user
	t.say("235 welcome")
	return true
}

func (t *session) data() bool {
	t.say("354 go on")
	var b strings.Builder
	for {
		line, err := t.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	if planned, ok := t.s.planned("END"); ok {
		if planned == "" {
			return false
		}
		t.say(planned)
		return true
	}
	t.mail.Data = b.String()
	t.s.mu.Lock()
	t.s.mails = append(t.s.mails, t.mail)
	t.s.mu.Unlock()
	t.say("250 taken")
	return true
}
