package node

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// encrypt wraps the public listener in TLS, if the configuration wants it. issuer is
// nil unless the node gets its certificates itself.
func (n *Node) encrypt(l net.Listener) (_ net.Listener, issuer *autocert.Manager, err error) {
	t := n.cfg.Front.TLS
	switch {
	case t.CertFile != "":
		files := &certFiles{cert: t.CertFile, key: t.KeyFile}
		if _, err := files.get(nil); err != nil {
			return nil, nil, fmt.Errorf("http.tls: %w", err)
		}
		return tls.NewListener(l, &tls.Config{GetCertificate: files.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}), nil, nil
	case len(t.Domains) > 0:
		issuer = &autocert.Manager{
			Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(n.path("acme")), HostPolicy: autocert.HostWhitelist(t.Domains...), Email: t.Email,
			Client: &acme.Client{DirectoryURL: t.Directory, UserAgent: "maillon/" + Version},
		}
		if t.Directory == "" {
			issuer.Client.DirectoryURL = autocert.DefaultACMEDirectory
		}
		c := issuer.TLSConfig()
		c.MinVersion = tls.VersionTLS12
		return tls.NewListener(l, c), issuer, nil
	}
	return l, nil, nil
}

// certFiles is a certificate that somebody else renews: it is read again when its file
// changes, without a restart.
type certFiles struct {
	cert, key string

	mu   sync.Mutex
	have *tls.Certificate
	at   time.Time // of the file that was read
	seen time.Time // when it was last looked at
}

// lookAgain is how often the file's time is looked at.
const lookAgain = 10 * time.Second

func (c *certFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.have != nil && time.Since(c.seen) < lookAgain {
		return c.have, nil
	}
	c.seen = time.Now()
	st, err := os.Stat(c.cert)
	if err == nil && c.have != nil && st.ModTime().Equal(c.at) {
		return c.have, nil
	}
	fresh, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		if c.have != nil {
			return c.have, nil // half written: the old one serves meanwhile
		}
		return nil, err
	}
	c.have = &fresh
	if st != nil {
		c.at = st.ModTime()
	}
	return c.have, nil
}
