package follow

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"maillon/federation"
)

func TestPostAnnouncement(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		body    string
		refused string // reason
		fails   bool
	}{
		"accepted":               {202, `{"status":"accepted"}`, "", false},
		"pending":                {202, `{"status":"pending","reason":"wait"}`, "", false},
		"refused":                {403, `{"status":"refused","reason":"suspended"}`, "suspended", true},
		"refused, but as 202":    {202, `{"status":"refused","reason":"suspended"}`, "suspended", true},
		"refused by a proxy":     {403, `<html>`, "", true},
		"no hub":                 {404, `not found`, "", true},
		"an answer of no sense":  {202, `ok`, "", true},
		"an answer that is huge": {202, `{"status":"` + strings.Repeat("a", maxJSON) + `"}`, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				got = r.Method + " " + r.URL.Path + " " + string(b)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer s.Close()
			err := client(Options{}).PostAnnouncement(t.Context(), s.URL+"/base", []byte("note"))
			refused, ok := errors.AsType[*RefusedError](err)
			if (err != nil) != c.fails || ok != (c.refused != "") || ok && refused.Reason != c.refused {
				t.Errorf("got %v", err)
			}
			if got != "POST /base/federation/v1/announce note" {
				t.Errorf("sent %q", got)
			}
		})
	}
}

func TestAnnouncements(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/federation/v1/announcements" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"items":["one\n","two\n"],"later":1}`)
	}))
	defer s.Close()
	c := client(Options{})
	notes, err := c.Announcements(t.Context(), s.URL, "")
	if err != nil || len(notes) != 2 || string(notes[1]) != "two\n" {
		t.Errorf("%q, %v", notes, err)
	}
	if _, err := c.Announcements(t.Context(), s.URL+"/x", ""); err == nil {
		t.Error("not found, and no error")
	}
}

func TestDigestAndBucketsOfAPool(t *testing.T) {
	var want federation.Digest
	want[3], want[255] = 7, 1<<63
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.String() {
		case "/federation/v1/digest?pool=hub":
			_ = json.MarshalWrite(w, map[string]any{"pool": "hub", "digest": want.Append(nil)})
		case "/federation/v1/announcements?buckets=03%2Cff&pool=hub":
			_, _ = io.WriteString(w, `{"items":["one\n"]}`)
		case "/federation/v1/digest?pool=short":
			_, _ = io.WriteString(w, `{"digest":"AAAA"}`)
		case "/federation/v1/digest?pool=long":
			_, _ = io.WriteString(w, `{"digest":"`+strings.Repeat("A", 64<<10)+`"}`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	c := client(Options{})
	if d, err := c.Digest(t.Context(), s.URL, "hub"); err != nil || d != want {
		t.Errorf("%v", err)
	}
	if notes, err := c.AnnouncementsIn(t.Context(), s.URL, "hub", []byte{3, 255}); err != nil || len(notes) != 1 || string(notes[0]) != "one\n" {
		t.Errorf("%q, %v", notes, err)
	}
	for _, pool := range []string{"short", "long", "none"} {
		if _, err := c.Digest(t.Context(), s.URL, pool); err == nil {
			t.Errorf("%s: no error", pool)
		}
	}
}
