package node

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// An acmeServer is an authority one of RFC 8555, for one account and one order at a time. It does
// not check signatures, but it does knock at the name it certifies (RFC 8737).
type acmeServer struct {
	*httptest.Server
	roots *x509.CertPool
	file  string // its server's certificate
	at    string // where the name it certifies is served

	mu     sync.Mutex
	ca     *x509.Certificate
	key    *ecdsa.PrivateKey
	thumb  string // of the account's key
	name   string
	proved bool
	leaf   []byte
	orders int
	fault  string
}

func newAuthority(t *testing.T, at string) *acmeServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := &acmeServer{key: key, at: at, roots: x509.NewCertPool(), file: filepath.Join(t.TempDir(), "ca.pem")}
	if a.ca, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.roots.AddCert(a.ca)
	a.Server = httptest.NewTLSServer(a)
	t.Cleanup(a.Close)
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw})
	if err := os.WriteFile(a.file, own, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

const acmeToken = "a-token"

// ServeHTTP answers every resource of the protocol.
func (a *acmeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", "a-nonce")
	var jws struct{ Protected, Payload string }
	var said struct {
		Identifiers []struct{ Value string }
		CSR         string
	}
	var header struct{ JWK struct{ X, Y string } }
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&jws); err != nil {
			a.fail(w, err)
			return
		}
		_ = json.Unmarshal(unbase64(jws.Protected), &header)
		_ = json.Unmarshal(unbase64(jws.Payload), &said)
	}
	switch r.URL.Path {
	case "/directory":
		a.answer(w, 200, map[string]string{"newNonce": a.URL + "/nonce", "newAccount": a.URL + "/account", "newOrder": a.URL + "/orders"})
	case "/nonce":
	case "/account":
		sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":%q,"y":%q}`, header.JWK.X, header.JWK.Y))
		a.thumb = base64.RawURLEncoding.EncodeToString(sum[:])
		w.Header().Set("Location", a.URL+"/accounts/1")
		a.answer(w, 201, map[string]string{"status": "valid"})
	case "/orders":
		a.orders, a.name, a.proved, a.leaf = a.orders+1, said.Identifiers[0].Value, false, nil
		a.order(w, 201)
	case "/order":
		a.order(w, 200)
	case "/authorization":
		a.authorization(w)
	case "/challenge":
		if err := a.knock(); err != nil {
			a.fail(w, err)
			return
		}
		a.proved = true
		a.answer(w, 200, a.challenge())
	case "/finalize":
		if err := a.sign(unbase64(said.CSR)); err != nil {
			a.fail(w, err)
			return
		}
		a.order(w, 200)
	case "/certificate":
		for _, der := range [][]byte{a.leaf, a.ca.Raw} {
			_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		}
	default:
		a.fail(w, fmt.Errorf("%s %s is not known", r.Method, r.URL))
	}
}

func unbase64(s string) []byte { raw, _ := base64.RawURLEncoding.DecodeString(s); return raw }

func (a *acmeServer) answer(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (a *acmeServer) fail(w http.ResponseWriter, err error) {
	a.fault = err.Error()
	a.answer(w, 403, map[string]string{"type": "urn:ietf:params:acme:error:unauthorized", "detail": a.fault})
}

func (a *acmeServer) order(w http.ResponseWriter, status int) {
	w.Header().Set("Location", a.URL+"/order")
	state := "pending"
	if a.proved {
		state = "ready"
	}
	v := map[string]any{"authorizations": []string{a.URL + "/authorization"}, "finalize": a.URL + "/finalize"}
	if a.leaf != nil {
		state, v["certificate"] = "valid", a.URL+"/certificate"
	}
	v["status"] = state
	a.answer(w, status, v)
}

func (a *acmeServer) authorization(w http.ResponseWriter) {
	c := a.challenge()
	a.answer(w, 200, map[string]any{
		"status": c["status"], "identifier": map[string]string{"type": "dns", "value": a.name}, "challenges": []any{c},
	})
}

func (a *acmeServer) challenge() map[string]string {
	state := "pending"
	if a.proved {
		state = "valid"
	}
	return map[string]string{"type": "tls-alpn-01", "url": a.URL + "/challenge", "token": acmeToken, "status": state}
}

// knock asks the name for the proof that the account's owner serves it.
func (a *acmeServer) knock() error {
	d := &net.Dialer{Timeout: 5 * time.Second}
	c, err := tls.DialWithDialer(d, "tcp", a.at, &tls.Config{ServerName: a.name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer c.Close()
	sum := sha256.Sum256([]byte(acmeToken + "." + a.thumb))
	want, err := asn1.Marshal(sum[:])
	if err != nil {
		return err
	}
	for _, e := range c.ConnectionState().PeerCertificates[0].Extensions {
		if e.Id.String() == "1.3.6.1.5.5.7.1.31" && bytes.Equal(e.Value, want) {
			return nil
		}
	}
	return fmt.Errorf("%s does not prove what was asked", a.name)
}

func (a *acmeServer) sign(raw []byte) error {
	csr, err := x509.ParseCertificateRequest(raw)
	if err != nil || !a.proved || len(csr.DNSNames) != 1 || csr.DNSNames[0] != a.name {
		return fmt.Errorf("a request for %+v, %v", csr, err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: csr.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	a.leaf, err = x509.CreateCertificate(rand.Reader, leaf, a.ca, csr.PublicKey, a.key)
	return err
}

// certified is a node that is to get its certificate from an authority.
func certified(t *testing.T) (r *running, a *acmeServer, ask func(name string) (string, error)) {
	t.Helper()
	at := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	a = newAuthority(t, at)
	dir := t.TempDir()
	config := minimal + fmt.Sprintf("data: %s\nurl: https://x.test\nhttp: {listen: %q, admin: \"127.0.0.1:%d\", tls: {domains: [x.test], directory: %q, directory_ca: %q}}\n",
		dir, at, freePort(t), a.URL+"/directory", a.file)
	return start(t, dir, config), a, func(name string) (string, error) {
		client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: a.roots, ServerName: name}}}
		res, err := client.Get("https://" + at + "/healthz")
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		return fmt.Sprint(res.StatusCode, " ", string(raw)), err
	}
}

func TestANodeGetsItsCertificateByACME(t *testing.T) {
	t.Parallel()
	r, a, ask := certified(t)
	if got, err := ask("x.test"); err != nil || !strings.HasPrefix(got, "200 ") {
		t.Fatalf("%q, %v; the authority: %s; the node: %s", got, err, a.fault, r.log)
	}
	if got, err := ask("other.test"); err == nil || a.orders != 1 {
		t.Errorf("for a name that is not the node's: %q, %d orders", got, a.orders)
	}
	a.Close()
	r.restart()
	if got, err := ask("x.test"); err != nil || !strings.HasPrefix(got, "200 ") || a.orders != 1 {
		t.Errorf("after a restart without the authority: %q, %v, %d orders", got, err, a.orders)
	}
}

func TestANodeOutlivesItsAuthority(t *testing.T) {
	t.Parallel()
	r, a, ask := certified(t)
	a.Close()
	for range 3 {
		if got, err := ask("x.test"); err == nil || !strings.Contains(err.Error(), "tls:") {
			t.Errorf("%q, %v, want an error of TLS", got, err)
		}
	}
	if n := strings.Count(r.log.String(), "no certificate"); n != 1 || strings.Contains(r.log.String(), "handshake") {
		t.Errorf("%d lines say so: %s", n, r.log)
	}
	res, err := http.Get("http://" + r.node.addr.admin.String() + "/healthz")
	if err != nil {
		t.Fatalf("the desk does not answer any more: %v", err)
	}
	_ = res.Body.Close()
	for _, c := range []struct{ in, want string }{
		{"directory_ca: " + a.file, "write directory too"},
		{"directory: 'http://acme.test'", "http.tls.directory:"},
	} {
		if _, err := ReadConfig(strings.NewReader(minimal+"http: {tls: {domains: [x.test], "+c.in+"}}\n"), noEnv); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.in, err, c.want)
		}
	}
}
