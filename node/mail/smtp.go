package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sendWait bounds one message, from dialling to the server's last word.
const sendWait = 2 * time.Minute

// errGiven: the server will not take this message, now or later.
var errGiven = errors.New("the server refuses it for good")

// send hands one message to the server. An error that is errGiven is about this
// message; any other may be tried again.
func send(ctx context.Context, c Config, m Message, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, sendWait)
	defer cancel()
	s, err := dial(ctx, c)
	if err != nil {
		return fmt.Errorf("SMTP server %s: %w", c.Host, err)
	}
	defer s.Close() //nolint:errcheck // what matters was said before
	if err := login(s, c); err != nil {
		return fmt.Errorf("SMTP server %s: %w", c.Host, err)
	}
	if err := s.Mail(c.From.Address); err != nil {
		return fmt.Errorf("sender %s: %w", c.From.Address, err) // of every message: wait
	}
	if err := s.Rcpt(m.To); err != nil {
		return final(err)
	}
	w, err := s.Data()
	if err != nil {
		return final(err)
	}
	if _, err := w.Write(compose(c, m, at)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return final(err)
	}
	_ = s.Quit() // it has taken the message
	return nil
}

// final marks answers of the 500s.
func final(err error) error {
	if said, ok := errors.AsType[*textproto.Error](err); ok && said.Code >= 500 {
		return fmt.Errorf("%w: %d", errGiven, said.Code) // its words may hold the address
	}
	return err
}

func dial(ctx context.Context, c Config) (*smtp.Client, error) {
	conn, err := (&net.Dialer{Timeout: 20 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	if err != nil {
		return nil, err
	}
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end) // every TCP connection has one
	}
	secure := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
	if c.Security == TLS {
		conn = tls.Client(conn, secure)
	}
	s, err := smtp.NewClient(conn, c.Host)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := greet(s, c, secure); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func greet(s *smtp.Client, c Config, secure *tls.Config) error {
	_, name, _ := strings.Cut(c.From.Address, "@")
	if err := s.Hello(name); err != nil {
		return err
	}
	if c.Security != STARTTLS {
		return nil
	}
	if ok, _ := s.Extension("STARTTLS"); !ok {
		return errors.New("it does not offer STARTTLS (smtp.security: tls, with port 465, may be what it wants)")
	}
	return s.StartTLS(secure)
}

func login(s *smtp.Client, c Config) error {
	if c.User == "" {
		return nil
	}
	raw, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return fmt.Errorf("smtp.password_file: %w", err)
	}
	password := string(bytes.TrimRight(raw, "\r\n"))
	_, ways := s.Extension("AUTH")
	if offered := strings.Fields(strings.ToUpper(ways)); len(offered) > 0 && !slices.Contains(offered, "PLAIN") && slices.Contains(offered, "LOGIN") {
		return s.Auth(&loginAuth{c.User, password, c.Host})
	}
	return s.Auth(smtp.PlainAuth("", c.User, password, c.Host))
}

// loginAuth is AUTH LOGIN, which some servers offer alone. Like PLAIN it needs TLS.
type loginAuth struct{ user, password, host string }

// Start implements smtp.Auth.
func (a *loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS && !IsLocal(a.host) || server.Name != a.host {
		return "", nil, errors.New("a password is not sent without TLS")
	}
	return "LOGIN", nil, nil
}

// Next implements smtp.Auth.
func (a *loginAuth) Next(asked []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	switch strings.ToLower(strings.TrimSuffix(strings.TrimSpace(string(asked)), ":")) {
	case "username":
		return []byte(a.user), nil
	case "password":
		return []byte(a.password), nil
	}
	return nil, errors.New("the server asks for something else than user and password")
}

// IsLocal reports whether a host is this machine, to which mail may go without TLS.
func IsLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
