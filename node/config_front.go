package node

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"maillon/node/front"
)

// FrontConfig says how the public listener is guarded.
type FrontConfig struct {
	Proxies     front.Proxies // believed when they say for whom they ask
	Rate        float64       // requests a second of one client; 0 for no limit
	Burst       int
	Connections int // open at once
	TLS         TLSConfig
}

// TLSConfig says whether the node answers in TLS itself. The zero value leaves it to
// a reverse proxy.
type TLSConfig struct {
	Domains     []string // to get certificates for, by ACME; none: no ACME
	Email       string   // that the authority may write to
	Directory   string   // of the authority; "" is Let's Encrypt
	DirectoryCA string   // file of the roots that certify it; "" for those of the system
	Redirect    string   // address that sends plain HTTP on to https; "" for none
	CertFile    string   // a certificate that somebody else renews
	KeyFile     string
}

// On reports whether the node answers in TLS.
func (t TLSConfig) On() bool { return len(t.Domains) > 0 || t.CertFile != "" }

// front checks what the file says of the public listener.
func (raw *rawConfig) front() (FrontConfig, error) {
	h := raw.HTTP
	c := FrontConfig{Proxies: front.ThisMachine, TLS: TLSConfig{
		Domains: h.TLS.Domains, Email: h.TLS.Email, Directory: h.TLS.Directory, DirectoryCA: h.TLS.DirectoryCA, Redirect: h.TLS.Redirect, CertFile: h.TLS.CertFile, KeyFile: h.TLS.KeyFile,
	}}
	var err error
	if h.TrustedProxies != nil {
		if c.Proxies, err = front.ParseProxies(h.TrustedProxies); err != nil {
			return c, fmt.Errorf("http.trusted_proxies: %w", err)
		}
	}
	if c.Rate, err = strconv.ParseFloat(h.Rate, 64); err != nil || !(c.Rate >= 0 && c.Rate <= 1e6) {
		return c, fmt.Errorf("http.rate: %q is not a number of requests a second (write 50, or 0 for no limit)", h.Rate)
	}
	if c.Burst, err = strconv.Atoi(h.Burst); err != nil || c.Burst < 1 || c.Burst > 1e6 {
		return c, fmt.Errorf("http.burst: %q is not a number of requests (write 500)", h.Burst)
	}
	if c.Connections, err = strconv.Atoi(h.Connections); err != nil || c.Connections < 10 || c.Connections > 1e6 {
		return c, fmt.Errorf("http.connections: %q is not a number of connections (write 8192)", h.Connections)
	}
	return c, c.TLS.check()
}

func (t TLSConfig) check() error {
	if (t.CertFile == "") != (t.KeyFile == "") {
		return errors.New("http.tls: write cert_file and key_file, or neither")
	}
	if t.CertFile != "" && len(t.Domains) > 0 {
		return errors.New("http.tls: domains are for certificates that the node gets itself, cert_file for one that it is given: write one of the two")
	}
	for _, d := range t.Domains {
		if d == "" || strings.ContainsAny(d, "/:*@ ") || net.ParseIP(d) != nil {
			return fmt.Errorf("http.tls.domains: %q is not a name (write marches.exemple.fr)", d)
		}
	}
	if t.Directory != "" {
		if u, err := url.Parse(t.Directory); err != nil || u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("http.tls.directory: %q is not the https address of an ACME directory", t.Directory)
		}
	}
	if t.DirectoryCA != "" && t.Directory == "" {
		return errors.New("http.tls.directory_ca: write directory too, the address of the authority that those roots certify")
	}
	if t.Redirect != "" {
		if _, _, err := net.SplitHostPort(t.Redirect); err != nil {
			return fmt.Errorf("http.tls.redirect: %q is not host:port (write :80)", t.Redirect)
		}
	}
	return nil
}
