package node

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"maillon/catalog/texts"
	"maillon/node/access"
	"maillon/node/web"
)

// A deskSession is a browser that has shown an operator's token. The token is looked
// at again with each request: who loses access loses it at once.
type deskSession struct {
	token string
	form  string
	until time.Time
}

func deskRandom() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// session finds the open session of a request.
func (d *desk) session(r *http.Request) (deskSession, bool) {
	c, err := r.Cookie(deskCookie)
	if err != nil {
		return deskSession{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.open[sha256.Sum256([]byte(c.Value))]
	return s, ok && s.until.After(d.n.now())
}

func (d *desk) begin(token string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, old := range d.open {
		if old.until.Before(d.n.now()) || len(d.open) >= deskMost {
			delete(d.open, key)
		}
	}
	value := deskRandom()
	d.open[sha256.Sum256([]byte(value))] = deskSession{token: token, form: deskRandom(), until: d.n.now().Add(deskLasts)}
	return value
}

// as is a request in the name of whoever has the token.
func (d *desk) as(r *http.Request, token string) (*http.Request, bool) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return d.n.identify(r, d.tokens)
}

// known lets a page be seen by operators only.
func (d *desk) known(page func(http.ResponseWriter, *http.Request, web.Desk)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, deskBody)
		s, ok := d.session(r)
		if ok {
			r, ok = d.as(r, s.token)
		}
		if !ok {
			http.Redirect(w, r, "/bureau/connexion", http.StatusSeeOther)
			return
		}
		by := operatorOf(r)
		page(w, r, web.Desk{Operator: by.Name, Role: string(by.Role), Form: s.form, Alone: d.n.below == nil, Public: d.n.cfg.URL + "/"})
	}
}

// sent lets through only what comes from a form of this session.
func (d *desk) sent(act func(http.ResponseWriter, *http.Request, web.Desk)) func(http.ResponseWriter, *http.Request, web.Desk) {
	return func(w http.ResponseWriter, r *http.Request, page web.Desk) {
		if subtle.ConstantTimeCompare([]byte(r.PostFormValue("form")), []byte(page.Form)) != 1 {
			page.Error = texts.T(deskLang(r), "desk.form")
			d.members(w, r, page)
			return
		}
		act(w, r, page)
	}
}

func (d *desk) login(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	page := web.DeskLoginPage{Desk: web.Desk{Public: d.n.cfg.URL + "/"}}
	if r.Method == http.MethodGet {
		d.render(w, r, http.StatusOK, page)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	token, wrong := d.shown(r)
	if wrong != "" {
		page.Error = texts.T(deskLang(r), wrong)
		d.render(w, r, http.StatusForbidden, page)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: deskCookie, Value: d.begin(token), Path: "/", MaxAge: int(deskLasts.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.n.cfg.Front.Proxies.HTTPS(r),
	})
	http.Redirect(w, r, "/bureau", http.StatusSeeOther)
}

// shown is the token of whoever logs in: what was typed, or what stands for the
// administrator's password. wrong is the text that says why there is none.
func (d *desk) shown(r *http.Request) (token, wrong string) {
	typed := r.PostFormValue("token")
	if token = strings.TrimSpace(typed); token != "" {
		if _, ok := d.as(r, token); ok {
			return token, ""
		}
	}
	token, err := d.n.access.Login(typed, deskLasts)
	switch {
	case err == nil:
		d.n.log.Info().Msg("the administrator logged in")
		return token, ""
	case errors.Is(err, access.ErrTooMany):
		return "", "desk.login.toomany"
	}
	d.n.noisy.Warn().Err(err).Msg("a login at the desk was refused")
	return "", "desk.login.wrong"
}

func (d *desk) logout(w http.ResponseWriter, r *http.Request, _ web.Desk) {
	if c, err := r.Cookie(deskCookie); err == nil {
		d.mu.Lock()
		delete(d.open, sha256.Sum256([]byte(c.Value)))
		d.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: deskCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.n.cfg.Front.Proxies.HTTPS(r)})
	http.Redirect(w, r, "/bureau/connexion", http.StatusSeeOther)
}
