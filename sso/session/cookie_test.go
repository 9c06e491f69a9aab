package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/sso/session"
)

// TestAbuse49Cookie holds the cookie to what row 49 of the abuse catalogue demands.
func TestAbuse49Cookie(t *testing.T) {
	w := httptest.NewRecorder()
	ends := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	session.Set(w, "token", ends)
	c := w.Result().Cookies()[0]
	if c.Name != "__Host-usher" || c.Value != "token" || c.Path != "/" || c.Domain != "" || !c.Secure || !c.HttpOnly ||
		c.SameSite != http.SameSiteLaxMode || !c.Expires.Equal(ends) {
		t.Errorf("the cookie is %s", c)
	}
	w = httptest.NewRecorder()
	session.Clear(w)
	if c := w.Result().Cookies()[0]; c.Value != "" || c.MaxAge >= 0 || !c.Secure || c.Path != "/" {
		t.Errorf("the cookie is cleared by %s", c)
	}
}

func TestTheTokenOfARequest(t *testing.T) {
	for header, want := range map[string]string{
		"":                               "",
		"__Host-usher=abc":               "abc",
		"other=1; __Host-usher=abc":      "abc",
		"usher=abc":                      "",
		"__Host-usher=a; __Host-usher=b": "",
		"__Host-usher=" + strings.Repeat("a", 200): "",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		if header != "" {
			r.Header.Set("Cookie", header)
		}
		if got := session.Token(r); got != want {
			t.Errorf("of %q the token is %q, want %q", header, got, want)
		}
	}
}
