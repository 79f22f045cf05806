package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"maillon/catalog/texts"
	"maillon/node/web"
)

// A session is a browser that has shown a token of deposits. It is held in
// memory alone: a restart ends it.
type session struct {
	form  string // what every form that changes something carries
	until time.Time
}

// How sessions are kept.
const (
	sessionCookie = "maillon_session"
	sessionLasts  = 8 * time.Hour
	sessionMost   = 1000
)

// sessions are those that are open, by the hash of their cookie.
type sessions struct {
	mu   sync.Mutex
	open map[[sha256.Size]byte]session
}

// begin opens a session and gives its cookie's value.
func (s *sessions) begin(now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[[sha256.Size]byte]session{}
	}
	for key, old := range s.open {
		if old.until.Before(now) || len(s.open) >= sessionMost {
			delete(s.open, key)
		}
	}
	value := random()
	s.open[sha256.Sum256([]byte(value))] = session{form: random(), until: now.Add(sessionLasts)}
	return value
}

// of finds the session of a request.
func (s *sessions) of(r *http.Request, now time.Time) (session, bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[sha256.Sum256([]byte(c.Value))]
	return found, ok && found.until.After(now)
}

func (s *sessions) end(r *http.Request) {
	if c, err := r.Cookie(sessionCookie); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, sha256.Sum256([]byte(c.Value)))
	}
}

func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// sent reports whether a form was sent from a page of this session.
func (s session) sent(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.PostFormValue("form")), []byte(s.form)) == 1
}

// cookie is set for the whole site, never readable by scripts, never sent from
// another site.
func (s *Server) cookie(value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: value, Path: s.base() + "/", MaxAge: age, HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(s.Self.URL, "https:"),
	}
}

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	return s.page(w, r, http.StatusOK, web.LoginPage{Next: localPath(r.URL.Query().Get("next"))})
}

// postLogin opens a session for whoever shows a token of deposits.
func (s *Server) postLogin(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	if err := r.ParseForm(); err != nil {
		return &BadParameter{"token", "", "a form"}
	}
	next := localPath(r.PostFormValue("next"))
	if !s.knows(r.PostFormValue("token")) {
		page := web.LoginPage{Next: next, Error: texts.T(langOf(r), "web.login.wrong")}
		return s.page(w, r, http.StatusForbidden, page)
	}
	http.SetCookie(w, s.cookie(s.sessions.begin(s.Now()), int(sessionLasts.Seconds())))
	http.Redirect(w, r, s.base()+next, http.StatusSeeOther)
	return nil
}

func (s *Server) postLogout(w http.ResponseWriter, r *http.Request) error {
	if open, ok := s.sessions.of(r, s.Now()); ok && !open.sent(r) {
		return errForm
	}
	s.sessions.end(r)
	http.SetCookie(w, s.cookie("", -1))
	http.Redirect(w, r, s.base()+"/", http.StatusSeeOther)
	return nil
}

// localPath is where to go after the login: a page of the entry by hand.
func localPath(next string) string {
	if next == "/signalements" || next == "/saisie" || strings.HasPrefix(next, "/saisie?") {
		return next
	}
	return "/saisie"
}
