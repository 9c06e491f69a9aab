package session

import (
	"net/http"
	"time"
)

// CookieName is the name of the cookie that holds the token of a session. Browsers take a cookie whose name begins with
// __Host- from the host itself alone, over a secure line, for all of its paths (RFC 6265bis, section 4.1.3.2).
const CookieName = "__Host-usher"

// longest is how long a token may be; ours have 43 characters.
const longest = 128

// Token returns the token that a browser sent, and "" when it sent none, or more than one: which of two is ours cannot be
// told.
func Token(r *http.Request) string {
	found := r.CookiesNamed(CookieName)
	if len(found) != 1 || len(found[0].Value) > longest {
		return ""
	}
	return found[0].Value
}

// Set gives a browser the token of a session, until the instant at which the session ends at the latest.
func Set(w http.ResponseWriter, token string, ends time.Time) {
	c := cookie(token)
	c.Expires = ends.UTC()
	http.SetCookie(w, c)
}

// Clear takes the token from a browser.
func Clear(w http.ResponseWriter) {
	c := cookie("")
	c.MaxAge = -1
	http.SetCookie(w, c)
}

func cookie(value string) *http.Cookie {
	return &http.Cookie{Name: CookieName, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
