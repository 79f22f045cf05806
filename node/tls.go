package node

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
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
		if issuer, err = n.issuer(); err != nil {
			return nil, nil, err
		}
		c := issuer.TLSConfig()
		c.MinVersion, c.GetCertificate = tls.VersionTLS12, n.orSay(issuer.GetCertificate)
		return tls.NewListener(l, c), issuer, nil
	}
	return l, nil, nil
}

// issueTimeout bounds each question to an authority.
const issueTimeout = 30 * time.Second

// issuer gets certificates by ACME and keeps them in the data folder.
func (n *Node) issuer() (*autocert.Manager, error) {
	t := n.cfg.Front.TLS
	client := &http.Client{Timeout: issueTimeout}
	if t.DirectoryCA != "" {
		raw, err := os.ReadFile(t.DirectoryCA)
		if err != nil {
			return nil, fmt.Errorf("http.tls.directory_ca: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("http.tls.directory_ca: %s holds no certificate in PEM (it begins with -----BEGIN CERTIFICATE-----)", t.DirectoryCA)
		}
		client.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	}
	directory := t.Directory
	if directory == "" {
		directory = autocert.DefaultACMEDirectory
	}
	return &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(n.path("acme")), HostPolicy: autocert.HostWhitelist(t.Domains...), Email: t.Email,
		Client: &acme.Client{DirectoryURL: directory, UserAgent: "maillon/" + Version, HTTPClient: client},
	}, nil
}

// orSay logs why there is no certificate for one of the node's names. autocert asks
// the authority once a minute; its answers in between only say that there is none.
// Other names, which anybody can ask for, are not logged.
func (n *Node) orSay(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		c, err := get(hello)
		if err == nil || slices.Contains(hello.SupportedProtos, acme.ALPNProto) || strings.HasSuffix(err.Error(), "missing certificate") {
			return c, err
		}
		for _, d := range n.cfg.Front.TLS.Domains {
			if strings.EqualFold(d, hello.ServerName) {
				n.log.Error().Err(err).Str("domain", d).Msg("no certificate: the authority must be reachable from here, and reach port 443 of this name; asked again in a minute")
			}
		}
		return c, err
	}
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
