package api

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rs/zerolog"
)

// Those that find no place are told to come back at different times.
func TestThoseThatFindNoPlaceComeBackApart(t *testing.T) {
	s := &Server{Log: zerolog.Nop()}
	inside, leave := make(chan struct{}), make(chan struct{})
	h := s.answer(atOnce(1, func(http.ResponseWriter, *http.Request) error {
		close(inside)
		<-leave
		return nil
	}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		h(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
	}()
	<-inside
	seen := map[string]bool{}
	for range 20 {
		w := httptest.NewRecorder()
		h(w, httptest.NewRequest(http.MethodPost, "/", nil))
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		seen[w.Header().Get("Retry-After")] = true
	}
	if len(seen) < 5 {
		t.Errorf("only %d different times: %v", len(seen), seen)
	}
	close(leave)
	<-done
}
