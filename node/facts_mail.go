package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"maillon/node/doctor"
	"maillon/node/mail"
)

// mailFact asks the server of outgoing mail to greet; no letter is sent. It is nil
// where none is configured.
func mailFact(ctx context.Context, c mail.Config) *doctor.Mail {
	if !c.On() {
		return nil
	}
	m := &doctor.Mail{Host: c.Host}
	if err := greet(ctx, c); err != nil {
		m.Error = err.Error()
	}
	return m
}

func greet(ctx context.Context, c mail.Config) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var d interface {
		DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	} = &net.Dialer{}
	if c.Security == mail.TLS {
		d = &tls.Dialer{}
	}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(askTimeout))
	said := make([]byte, 512)
	n, err := conn.Read(said)
	if err != nil {
		return err
	}
	if line := strings.TrimSpace(string(said[:n])); !strings.HasPrefix(line, "220") {
		return fmt.Errorf("it says %.80q", line)
	}
	_, _ = conn.Write([]byte("QUIT\r\n"))
	return nil
}
