package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"maillon/federation"
	"maillon/store"
	"maillon/store/journal"
)

// noContext is for what nobody waits for to be cut short.
var noContext = context.Background()

// serve answers for a hub: its journal and the mirrors of its members'.
func (w *world) serve(h *hub) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.url = "http://" + l.Addr().String()
	logs := map[string]*journal.Log{"/journal/": h.log}
	for _, m := range h.mine {
		logs["/n/"+m.id+"/journal/"] = m.log
	}
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := strings.Index(r.URL.Path, "/journal/")
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		prefix := r.URL.Path[:i+len("/journal/")]
		log := logs[prefix]
		if log == nil {
			http.NotFound(w, r)
			return
		}
		serveResource(w, r, log, r.URL.Path[len(prefix):])
	})}
	go func() { _ = s.Serve(l) }() // until it is closed
	w.servers = append(w.servers, func() { _ = s.Close() })
	return nil
}

func serveResource(w http.ResponseWriter, r *http.Request, log *journal.Log, path string) {
	res, err := log.Resource(path, strings.Contains(r.Header.Get("Accept-Encoding"), "zstd"))
	switch {
	case errors.Is(err, store.ErrNotFound):
		http.NotFound(w, r)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", res.ContentType)
	if res.Encoding != "" {
		w.Header().Set("Content-Encoding", res.Encoding)
	}
	if res.WriteTo != nil {
		if res.WriteTo(w) != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	_, _ = w.Write(res.Bytes) // the nation is gone if this fails
}

// announce tells the nation how far a hub's journal has come.
func (h *hub) announce(nation string) error {
	size := h.log.Size()
	root, err := h.log.RootAt(size)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	h.seq = max(h.seq+1, uint64(now.Unix()))
	level := strings.Split(h.zone, ":")[1]
	raw, err := federation.Sign(h.signer, federation.Announcement{
		Node: h.id, Key: h.key, Seq: h.seq, At: now, Expires: now.Add(24 * time.Hour), Level: level, Geozone: h.zone, Name: "Chef de file " + h.zone,
		URL: h.url, Role: federation.RoleHub, Size: size, Root: root[:], Status: federation.Active,
	})
	if err != nil {
		return err
	}
	res, err := http.Post(nation+"/federation/v1/announce", "text/plain; charset=utf-8", bytes.NewReader(raw))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(io.LimitReader(res.Body, 4096)); res.StatusCode >= 300 {
		return fmt.Errorf("announce %s: %s %s", h.id, res.Status, text)
	}
	return nil
}
