package follow

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// parcelOf opens what is in it, and nothing else.
func parcelOf(content map[string]string) Parcel {
	return Parcel{Checkpoint: []byte("checkpoint"), Ticket: "Maillon x", Open: func(path string) (string, io.ReadCloser, error) {
		body, ok := content[path]
		if !ok {
			return "", nil, os.ErrNotExist
		}
		return "", io.NopCloser(strings.NewReader(body)), nil
	}}
}

// A hub of a test answers PUT checkpoint with one answer after the other.
type askingHub struct {
	answers []func(http.ResponseWriter)
	got     []string
}

func incomplete(paths ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		_, _ = fmt.Fprintf(w, `{"type":"urn:maillon:problem:incomplete","detail":"more","missing":["%s"],"later":1}`, strings.Join(paths, `","`))
	}
}

func refuse(status int, kind string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"type":"urn:maillon:problem:%s","detail":"because"}`, kind)
	}
}

func (h *askingHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.got = append(h.got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
	if r.URL.Path != "/checkpoint" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer := h.answers[0]
	if len(h.answers) > 1 {
		h.answers = h.answers[1:]
	}
	answer(w)
}

func fine(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"size":1}`) }

func TestPushSendsWhatTheHubLacks(t *testing.T) {
	h := &askingHub{answers: []func(http.ResponseWriter){incomplete("tile/0/000.p/1"), incomplete("bodies/000.p/1"), fine}}
	s := httptest.NewServer(h)
	defer s.Close()
	sent, err := client(Options{}).Push(t.Context(), s.URL, parcelOf(map[string]string{"tile/0/000.p/1": "tile", "bodies/000.p/1": "bodies"}))
	if err != nil || sent != 10 {
		t.Errorf("%d bytes, %v", sent, err)
	}
	want := []string{"PUT /checkpoint Maillon x checkpoint", "PUT /tile/0/000.p/1 Maillon x tile", "PUT /checkpoint Maillon x checkpoint", "PUT /bodies/000.p/1 Maillon x bodies", "PUT /checkpoint Maillon x checkpoint"}
	if !slices.Equal(h.got, want) {
		t.Errorf("%q", h.got)
	}
}

// A hub is hostile too: it gets nothing but the journal, and no endless work.
func TestPushToAHubThatAsksForTooMuch(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		want   string
	}{
		"what is not of the journal": {incomplete("../node.key"), "open ../node.key"},
		"the same for ever":          {incomplete("tile/0/000.p/1"), "again and again"},
		"nothing":                    {incomplete(""), "open "},
		"an answer without a list":   {func(w http.ResponseWriter) { w.WriteHeader(http.StatusConflict) }, "409"},
		"a page":                     {func(w http.ResponseWriter) { w.WriteHeader(502); _, _ = io.WriteString(w, "<html>") }, "502"},
		"a redirection":              {func(w http.ResponseWriter) { w.Header().Set("Location", "/x"); w.WriteHeader(307) }, "307"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(&askingHub{answers: []func(http.ResponseWriter){c.answer}})
			defer s.Close()
			_, err := client(Options{}).Push(t.Context(), s.URL, parcelOf(map[string]string{"tile/0/000.p/1": "tile"}))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestPushTellsWhyItIsRefused(t *testing.T) {
	s := httptest.NewServer(&askingHub{answers: []func(http.ResponseWriter){refuse(http.StatusInsufficientStorage, "quota")}})
	defer s.Close()
	_, err := client(Options{}).Push(t.Context(), s.URL, parcelOf(nil))
	refused, ok := errors.AsType[*PushError](err)
	if !ok || refused.Kind != "quota" || refused.Status != http.StatusInsufficientStorage || refused.RetryAfter != 7*time.Second || !strings.Contains(err.Error(), "because") {
		t.Errorf("%#v", err)
	}
	if status, ok := errors.AsType[*StatusError](err); !ok || status.RetryAfter != 7*time.Second {
		t.Errorf("not a status: %v", err)
	}
}

// A hub that takes nothing is given up.
func TestPushToAHubThatTakesNothing(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/checkpoint" {
			incomplete("bodies/000")(w)
			return
		}
		<-release
	}))
	defer s.Close()
	defer close(release)
	_, err := client(Options{Timeout: 100 * time.Millisecond}).Push(t.Context(), s.URL, parcelOf(map[string]string{"bodies/000": strings.Repeat("x", 16<<20)}))
	if err == nil {
		t.Error("it is waited for")
	}
}

func TestNeeded(t *testing.T) {
	for _, c := range []struct {
		from, to uint64
		want     string
	}{
		{0, 1, "tile/0/000.p/1 tile/entries/000.p/1 bodies/000.p/1"},
		{1, 2, "tile/0/000.p/2 tile/entries/000.p/2 bodies/000.p/2"},
		{0, 256, "tile/0/000 tile/1/000.p/1 tile/entries/000 bodies/000"},
		{256, 257, "tile/0/001.p/1 tile/entries/001.p/1 bodies/001.p/1"},
		{100, 600, "tile/0/000 tile/0/002.p/88 tile/1/000.p/2 tile/entries/000 bodies/000 tile/entries/001 bodies/001 tile/entries/002.p/88 bodies/002.p/88"},
		{65535, 65537, "tile/0/255 tile/0/256.p/1 tile/1/000 tile/2/000.p/1 tile/entries/255 bodies/255 tile/entries/256.p/1 bodies/256.p/1"},
	} {
		if got := strings.Join(Needed(c.from, c.to), " "); got != c.want {
			t.Errorf("%d to %d: %s\nwant %s", c.from, c.to, got, c.want)
		}
	}
}
