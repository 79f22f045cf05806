package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// Tokens and sources are taken in while the node runs; what wants a restart is named.
func TestAConfigurationIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	config := lone(t, dir)
	n := start(t, dir, config)
	deposit := func() int { return statusWith(t, "POST", n.url+"/api/v1/deposits", "a-second-token-of-deposits") }
	if got := deposit(); got != http.StatusUnauthorized {
		t.Fatalf("before: %d", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "deposit.token"), []byte("a-second-token-of-deposits\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := ReadConfig(strings.NewReader(config+"sources: [{url: \"https://portail.exemple.fr/catalog.rdf\"}]\nvalidate: {max_size: 1MiB}\n"), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	restart, err := n.node.Reload(cfg)
	if err != nil || !reflect.DeepEqual(restart, []string{"validate"}) {
		t.Errorf("restart wanted for %v, %v", restart, err)
	}
	if got := deposit(); got != http.StatusUnprocessableEntity {
		t.Errorf("with the new token: %d", got)
	}
	if all, err := n.node.Sources(); err != nil || len(all) != 1 {
		t.Errorf("sources: %v, %v", all, err)
	}
	if err := n.node.Alive(); err != nil {
		t.Errorf("alive: %v", err)
	}
}

// pair of a certificate and its key, as files.
func certificate(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// A node answers in TLS with a certificate it is given, sends plain HTTP on, and takes
// a renewed certificate without a restart.
func TestANodeAnswersInTLS(t *testing.T) {
	dir, certs := t.TempDir(), t.TempDir()
	cert, key := certificate(t, certs, 1)
	port, plain := freePort(t), freePort(t)
	config := fmt.Sprintf("node: {id: %q, name: Rennes, level: commune, territory: \"fr:commune:35238\"}\nurl: https://localhost:%d\ndata: %q\n"+
		"http: {listen: \"127.0.0.1:%d\", admin: \"127.0.0.1:%d\", tls: {cert_file: %q, key_file: %q, redirect: \"127.0.0.1:%d\"}}\n",
		memberID, port, dir, port, freePort(t), cert, key, plain)
	start(t, dir, config)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 5 * time.Second}
	res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", plain))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.TLS == nil || string(body) != "ok\n" || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s %q %v", res.Status, body, res.Header)
	}
	files := &certFiles{cert: cert, key: key}
	first, err := files.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cert, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	files.seen = time.Time{}
	if same, err := files.get(nil); err != nil || same != first {
		t.Errorf("a half-written certificate: %v", err)
	}
	certificate(t, certs, 2)
	later := time.Now().Add(time.Minute)
	_ = os.Chtimes(cert, later, later)
	files.seen = time.Time{}
	if fresh, err := files.get(nil); err != nil || slices.Equal(fresh.Certificate[0], first.Certificate[0]) {
		t.Errorf("the renewed certificate is not taken: %v", err)
	}
}
