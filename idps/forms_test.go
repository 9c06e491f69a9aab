package idps

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestForms(t *testing.T) {
	page := `<html><!-- <form action="/commented"> --><script>var x = '<form action="/scripted">'</script>
<form action="/search"><input name=q></form>
<FORM id="signin" METHOD='post' action="/in?a=1&amp;b=2" data-x="1 > 0">
  <input type="hidden" name="token" value="&quot;1&#43;1&quot;"/>
  <input name="login" type="email" required> <input name="pass" type="password">
  <input type="checkbox" name="remember" value="yes"> <input type="checkbox" name="known" value="yes" checked>
  <select name="realm"><option value="acme">Acme</option><option value="other">Other</option></select>
  <button name="go" value="on">Go on</button><button name="cancel" value="1">Cancel</button>
</FORM>
<input form="signin" type="hidden" name="outside" value="o">
<button type="button" name="script">Show</button>`
	got, ok := choose(forms([]byte(page)))
	if !ok {
		t.Fatal("no form")
	}
	want := &form{
		id: "signin", action: "/in?a=1&b=2", post: true, user: "login", password: "pass", buttons: 2,
		values: url.Values{
			"token": {`"1+1"`}, "login": {""}, "pass": {""}, "known": {"yes"}, "realm": {"acme"}, "go": {"on"}, "outside": {"o"},
		},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(form{})); diff != "" {
		t.Errorf("the form (-want +got):\n%s", diff)
	}
	if f, ok := choose(forms([]byte(`<p>Signed in.</p><form action="/search"><input name="q"></form>`))); ok {
		t.Errorf("a page with nothing to go on with has the form %+v", f)
	}
}

// A provider as small as it can be: a redirect to a form, which sends the browser back with a second form.
func TestLogin(t *testing.T) {
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, status int, body string) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
	login := `<form method="post"><input name="u"><input name="p" type="password"><button>Go</button></form>`
	mux.HandleFunc("GET /start", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "in", http.StatusFound) })
	mux.HandleFunc("GET /in", func(w http.ResponseWriter, _ *http.Request) { page(w, http.StatusOK, login) })
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("u") != "ann" || r.FormValue("p") != "right" {
			page(w, http.StatusUnauthorized, login)
			return
		}
		page(w, http.StatusOK, `<form action="http://usher.example/acs" method="post"><input type="hidden" name="SAMLResponse" value="x"></form>`)
	})
	mux.HandleFunc("GET /error", func(w http.ResponseWriter, _ *http.Request) {
		page(w, http.StatusInternalServerError, `<form method="post"><button>Report this</button></form>`)
	})
	mux.HandleFunc("GET /circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "circle", http.StatusFound) })
	server := httptest.NewServer(mux)
	defer server.Close()
	p := &Provider{Name: "test", Base: server.URL + "/"}

	back, err := p.Login(NewBrowser(), p.Base+"start", "ann", "right")
	if err != nil {
		t.Fatal(err)
	}
	if back.URL.String() != "http://usher.example/acs" || back.Method != http.MethodPost || back.PostForm.Get("SAMLResponse") != "x" {
		t.Errorf("the browser is sent to %s %s with %v", back.Method, back.URL, back.PostForm)
	}
	if _, err := p.Login(NewBrowser(), p.Base+"start", "ann", "wrong"); !errors.Is(err, ErrRefused) {
		t.Errorf("a wrong password: %v, want %v", err, ErrRefused)
	}
	if _, err := p.Follow(NewBrowser(), p.Base+"start"); !errors.Is(err, ErrAsked) {
		t.Errorf("no password: %v, want %v", err, ErrAsked)
	}
	for _, path := range []string{"error", "circle", "nowhere"} {
		if back, err := p.Login(NewBrowser(), p.Base+path, "ann", "right"); err == nil {
			t.Errorf("/%s leads to %s", path, back.URL)
		}
	}
}
