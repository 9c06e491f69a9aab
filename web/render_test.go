package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/web"
)

func TestHeaders(t *testing.T) {
	for name, page := range samples() {
		w := httptest.NewRecorder()
		if err := web.New(nil).Render(w, http.StatusForbidden, page); err != nil {
			t.Fatal(err)
		}
		if w.Code != http.StatusForbidden {
			t.Errorf("%s: the status is %d", name, w.Code)
		}
		for header, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		policy := directives(t, w.Header().Get("Content-Security-Policy"))
		for directive, want := range map[string]string{
			"default-src": "'none'", "style-src": "'self'", "img-src": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
		} {
			if policy[directive] != want {
				t.Errorf("%s: %s is %q, want %q", name, directive, policy[directive], want)
			}
		}
	}
}

// directives parts a policy, and fails when a directive stands twice: browsers take the first.
func directives(t *testing.T, policy string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for part := range strings.SplitSeq(policy, "; ") {
		name, sources, _ := strings.Cut(part, " ")
		if _, twice := out[name]; twice {
			t.Errorf("%s stands twice in %q", name, policy)
		}
		out[name] = sources
	}
	return out
}

func TestWhereFormsMayLead(t *testing.T) {
	pages := samples()
	for _, c := range []struct {
		name     string
		loopback bool
		forms    string
		referrer string
	}{
		{"login", false, "'self' https:", "same-origin"},
		{"login", true, "'self' https: http://localhost:* http://127.0.0.1:*", "same-origin"},
		{"terms", false, "'self' https:", "same-origin"},
		{"code-request", false, "'self'", "same-origin"},
		{"post", false, "'self' https://acme.okta.com", "strict-origin"},
		{"refused-suspended", false, "'none'", "same-origin"},
	} {
		p := web.New(nil)
		p.Loopback = c.loopback
		h := rendered(t, p, pages[c.name]).Header()
		if got := directives(t, h.Get("Content-Security-Policy"))["form-action"]; got != c.forms {
			t.Errorf("%s: forms may lead to %q, want %q", c.name, got, c.forms)
		}
		if got := h.Get("Referrer-Policy"); got != c.referrer {
			t.Errorf("%s: the referrer policy is %q, want %q", c.name, got, c.referrer)
		}
	}
}

func TestLogoFromElsewhere(t *testing.T) {
	for logo, images := range map[string]string{
		"https://cdn.acme.com/logo.png":                "'self' https://cdn.acme.com",
		"https://cdn.acme.com:8443/logo.png?a=1;b=2":   "'self' https://cdn.acme.com:8443",
		"/logos/acme.svg":                              "'self'",
		"http://cdn.acme.com/logo.png":                 "",
		"//cdn.acme.com/logo.png":                      "",
		`/\cdn.acme.com/logo.png`:                      "",
		"/\tlogo":                                      "",
		"javascript:alert(1)":                          "",
		"data:image/svg+xml,<svg/>":                    "",
		"https://a.example;script-src *":               "",
		"https://a.example,b.example/x":                "",
		"https://user:pass@a.example/x":                "",
		"https://*/x":                                  "",
		"https://'unsafe-inline'/x":                    "",
		"https:///x":                                   "",
		"https://a.example\r\nSet-Cookie: a=b/logo.pn": "",
	} {
		page := &web.SignedOut{Frame: acme(), Again: "/login"}
		page.Organization.Logo = logo
		answer := rendered(t, web.New(nil), page)
		shown := len(parse(t, answer.Body.String()).all("img")) == 1
		if shown != (images != "") {
			t.Errorf("the logo %q is shown: %v", logo, shown)
		}
		if images == "" {
			images = "'self'"
		}
		if got := directives(t, answer.Header().Get("Content-Security-Policy"))["img-src"]; got != images {
			t.Errorf("the logo %q allows images of %q, want %q", logo, got, images)
		}
	}
}

func TestWhatCannotBeShownIsAnError(t *testing.T) {
	for name, page := range map[string]web.Page{
		"a form to elsewhere":             &web.Login{Form: web.Form{Action: "https://evil.example/login"}},
		"a form without a scheme":         &web.Login{Form: web.Form{Action: "//evil.example/login"}},
		"a form to a script":              &web.Login{Form: web.Form{Action: "javascript:alert(1)"}},
		"a form to nowhere":               &web.Login{},
		"a provider without TLS":          &web.PostToProvider{Action: "http://idp.acme.com/sso"},
		"a provider that is a script":     &web.PostToProvider{Action: "javascript:alert(1)//https://"},
		"a provider that is a directive":  &web.PostToProvider{Action: "https://idp.acme.com;script-src/sso"},
		"a welcome to a script":           &web.Welcome{Continue: "javascript:alert(1)"},
		"a welcome with a backslash":      &web.Welcome{Continue: `/\evil.example`},
		"an unknown address, unnumbered":  &web.UnknownAddress{Email: "ann@acme.co", Again: "/login"},
		"trying again nowhere":            &web.Refusal{Frame: acme(), Why: web.Expired},
		"a refusal of no known kind":      &web.Refusal{Frame: acme(), Why: "whim", Again: "/login"},
		"a choice of nothing":             &web.ConnectionChoice{Form: web.Form{Action: "/login"}, Other: "/login"},
		"terms without terms":             &web.Terms{Form: web.Form{Action: "/terms"}, Version: "1", Text: " \n\n ", Decline: "/logout"},
		"terms at an address of a script": &web.Terms{Form: web.Form{Action: "/terms"}, Version: "1", URL: "javascript:alert(1)", Decline: "/logout"},
		"a problem of no known kind":      &web.Login{Form: web.Form{Action: "/login"}, Problem: "whim"},
	} {
		w := httptest.NewRecorder()
		err := web.New(nil).Render(w, http.StatusOK, page)
		if directory.KindOf(err) != directory.Internal || err == nil {
			t.Errorf("%s: the error is %v", name, err)
		}
		if w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: something was written before the error", name)
		}
	}
	local := &web.PostToProvider{Action: "http://127.0.0.1:8443/sso"}
	if err := web.New(nil).Render(httptest.NewRecorder(), http.StatusOK, local); err != nil {
		t.Errorf("a provider on this machine: %v", err)
	}
}

func TestAssets(t *testing.T) {
	pages := web.New(nil)
	html := parse(t, body(t, samples()["login"]))
	get := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		pages.Assets().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		return w
	}
	var kinds []string
	for _, l := range html.all("link") {
		answer := get(http.MethodGet, l.attrs["href"])
		if answer.Code != http.StatusOK || answer.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" ||
			answer.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, %v", l.attrs["href"], answer.Code, answer.Header())
		}
		kinds = append(kinds, answer.Header().Get("Content-Type"))
	}
	if !slices.Equal(kinds, []string{"image/svg+xml", "text/css; charset=utf-8"}) {
		t.Errorf("the assets are %q", kinds)
	}
	if former := get(http.MethodGet, "/assets/usher.0123456789abcdef.css"); former.Code != http.StatusOK || former.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the stylesheet of another version: %d, %q", former.Code, former.Header().Get("Cache-Control"))
	}
	for _, path := range []string{"/assets/", "/assets/usher.css", "/assets/../page.go", "/assets/usher.x.go", "/assets/other.x.css"} {
		if answer := get(http.MethodGet, path); answer.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
	if answer := get(http.MethodPost, "/assets/usher.css"); answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") == "" {
		t.Errorf("a POST: %d", answer.Code)
	}
}
