package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// serving measures how many times a second a node serves a large page of its
// catalogue, packed, and the 304 for it, beside nginx with the same bytes on disk.
// Each is asked by wrk over 32 connections, in turns, on loopback.
func serving(ctx context.Context, maillon string, seconds int) error {
	for _, tool := range []string{"wrk", "nginx"} {
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Printf("\nSKIPPED: serving needs %s (Debian package of that name)\n", tool)
			return nil
		}
	}
	dir, err := os.MkdirTemp("", "bench-serve")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ours, err := startNode(ctx, maillon, dir)
	if err != nil {
		return err
	}
	plain, err := fetch(ours, "identity")
	if err != nil {
		return err
	}
	theirs, err := startNginx(ctx, dir, plain)
	if err != nil {
		return err
	}
	fmt.Printf("\nServing %.1f MB of RDF/XML over 32 connections (wrk), requests a second, medians of 3 runs in turns\n\n", float64(len(plain))/1e6)
	fmt.Println("| request | maillon | nginx | part of nginx |\n|---|---|---|---|")
	for _, coding := range []string{"gzip", "identity"} {
		for _, conditional := range []bool{false, true} {
			rates := map[string][]float64{}
			for range 3 {
				for _, address := range []string{ours, theirs} {
					rate, err := ask(ctx, address, coding, conditional, seconds)
					if err != nil {
						return err
					}
					rates[address] = append(rates[address], rate)
				}
			}
			a, b := middle(rates[ours]), middle(rates[theirs])
			what := "200, " + coding
			if conditional {
				what = "304, " + coding
			}
			fmt.Printf("| %s | %.0f | %.0f | %.2f |\n", what, a, b, a/b)
		}
	}
	return nil
}

func middle(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

func port() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// startNode runs a node that harvests a made-up catalogue, whose union is then one
// page of some 4 MB, and returns the page's address.
func startNode(ctx context.Context, maillon, dir string) (string, error) {
	source, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/n-triples")
		writeRich(w, 200, 22)
	})}
	go func() { _ = server.Serve(source) }() // ends with the process
	context.AfterFunc(ctx, func() { _ = server.Close() })
	public, err := port()
	if err != nil {
		return "", err
	}
	admin, err := port()
	if err != nil {
		return "", err
	}
	config := filepath.Join(dir, "node.yaml")
	text := fmt.Sprintf("node: {id: \"21350238800019\", name: Banc, level: commune, territory: \"fr:commune:35238\"}\ndata: %s\n"+
		"http: {listen: \"127.0.0.1:%d\", admin: \"127.0.0.1:%d\"}\nfederation: {allow_private: true, debounce: 10ms}\nlog: {level: error}\nsources: [{url: \"http://%s/c.nt\", files: false}]\n",
		filepath.Join(dir, "data"), public, admin, source.Addr())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return "", err
	}
	node := exec.CommandContext(ctx, maillon, "run", "--config", config)
	node.Stdout, node.Stderr = os.Stderr, os.Stderr
	if err := node.Start(); err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { _ = node.Wait() })
	address := fmt.Sprintf("http://127.0.0.1:%d/catalog/all.rdf", public)
	for range 300 {
		if body, err := fetch(address, "identity"); err == nil && len(body) > 1<<20 {
			return address, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "", errors.New("the node does not serve the catalogue")
}

func fetch(address, coding string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", coding)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	return io.ReadAll(res.Body)
}

func startNginx(ctx context.Context, dir string, body []byte) (string, error) {
	root := filepath.Join(dir, "www")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // its workers may be another user
		return "", err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(body); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	for name, raw := range map[string][]byte{"catalog.rdf": body, "catalog.rdf.gz": packed.Bytes()} {
		if err := os.WriteFile(filepath.Join(root, name), raw, 0o644); err != nil {
			return "", err
		}
	}
	n, err := port()
	if err != nil {
		return "", err
	}
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process on; worker_processes 2; pid %[1]s/nginx.pid; error_log %[1]s/error.log;
events { worker_connections 512; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; gzip_static on; open_file_cache max=100;
  client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  types { application/rdf+xml rdf; } charset utf-8;
  server { listen 127.0.0.1:%[2]d; root %[3]s; } }`, dir, n, root)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return "", err
	}
	server := exec.CommandContext(ctx, "nginx", "-c", config, "-e", filepath.Join(dir, "error.log"))
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { _ = server.Wait() })
	address := fmt.Sprintf("http://127.0.0.1:%d/catalog.rdf", n)
	for range 100 {
		if _, err := fetch(address, "identity"); err == nil {
			return address, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "", errors.New("nginx does not answer")
}

var perSecond = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// ask lets wrk ask for an address.
func ask(ctx context.Context, address, coding string, conditional bool, seconds int) (float64, error) {
	args := []string{"-t", "2", "-c", "32", "-d", strconv.Itoa(seconds) + "s", "-H", "Accept-Encoding: " + coding}
	if conditional {
		req, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Accept-Encoding", coding)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		_ = res.Body.Close()
		args = append(args, "-H", "If-None-Match: "+res.Header.Get("ETag"))
	}
	out, err := exec.CommandContext(ctx, "wrk", append(args, address)...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w: %s", err, out)
	}
	if strings.Contains(string(out), "Non-2xx") && !conditional {
		return 0, fmt.Errorf("wrk: %s", out)
	}
	m := perSecond.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("wrk says %s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// writeRich writes datasets with many files each, as N-Triples.
func writeRich(w io.Writer, datasets, files int) {
	const dcat, dct, typ = "http://www.w3.org/ns/dcat#", "http://purl.org/dc/terms/", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
	for i := range datasets {
		d := fmt.Sprintf("<https://portail.exemple.fr/d/%d>", i)
		fmt.Fprintf(w, "%s <%s> <%sDataset> .\n%s <%stitle> \"Jeu de données numéro %d\"@fr .\n%s <%sdescription> \"Une description de ce que contient ce jeu, assez longue pour être vraie.\"@fr .\n", d, typ, dcat, d, dct, i, d, dct)
		for j := range files {
			f := fmt.Sprintf("<https://portail.exemple.fr/d/%d/f/%d>", i, j)
			fmt.Fprintf(w, "%s <%sdistribution> %s .\n%s <%s> <%sDistribution> .\n%s <%sdownloadURL> <https://portail.exemple.fr/d/%d/f/%d.csv> .\n%s <%sformat> \"CSV\" .\n%s <%stitle> \"Fichier %d de l'année\"@fr .\n%s <%smodified> \"2026-03-01\" .\n",
				d, dcat, f, f, typ, dcat, f, dcat, i, j, f, dct, f, dct, j, f, dct)
		}
	}
}
