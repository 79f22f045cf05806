package node

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"

	"maillon/node/web"
)

// The cookie that ends a session says Secure where the one that begins it does: a
// browser keeps the old one otherwise.
func TestTheCookieThatEndsASessionIsSecure(t *testing.T) {
	d := &desk{n: &Node{}, open: map[[32]byte]deskSession{}}
	for _, secure := range []bool{true, false} {
		r := httptest.NewRequest("POST", "/bureau/deconnexion", nil)
		if secure {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		d.logout(w, r, web.Desk{})
		cookies := w.Result().Cookies()
		if len(cookies) != 1 || cookies[0].Secure != secure || cookies[0].MaxAge >= 0 || !cookies[0].HttpOnly {
			t.Errorf("over TLS %v: %+v", secure, cookies)
		}
	}
}
