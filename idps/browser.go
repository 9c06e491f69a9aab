package idps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// ErrRefused is returned when the provider asks for the password again: the first one was wrong.
var ErrRefused = errors.New("idps: the provider asked for the password again")

// ErrAsked is returned when the provider asks for a password, and none was given.
var ErrAsked = errors.New("idps: the provider asked for a password")

const (
	mostSteps = 20
	mostPage  = 4 << 20
)

// NewBrowser returns a browser without a history. It keeps cookies, runs no scripts and follows no redirects by itself.
func NewBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // cookiejar.New documents that it never fails
	}
	return &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Login goes from an address, the provider's or one of ours that leads there, through the provider's own pages until the
// provider sends the browser elsewhere. It returns that last request, which is not sent yet: a GET to the redirect URI, or
// a POST to the assertion consumer service whose PostForm is filled in. A browser that is signed in already is asked for
// nothing.
func (p *Provider) Login(browser *http.Client, start, user, password string) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodGet, start, nil) //nolint:noctx // the browser has a time limit
	if err != nil {
		return nil, err
	}
	return p.Send(browser, req, user, password)
}

// Follow is Login where no password is to be asked for, as on the way out.
func (p *Provider) Follow(browser *http.Client, start string) (*http.Request, error) {
	return p.Login(browser, start, "", "")
}

// Send is Login for whoever begins with a request of another kind, such as a form.
func (p *Provider) Send(browser *http.Client, req *http.Request, user, password string) (*http.Request, error) {
	v := visit{provider: p, browser: browser, user: user, password: password}
	for range mostSteps {
		v.arrived = v.arrived || p.hosts(req.URL)
		if v.arrived && !p.hosts(req.URL) {
			return req, nil
		}
		next, err := v.step(req)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", req.Method, req.URL.Redacted(), err)
		}
		req = next
	}
	return nil, fmt.Errorf("idps: %s does not let go of the browser, at last at %s", p.Name, req.URL.Redacted())
}

// visit is one way through a provider's pages.
type visit struct {
	provider       *Provider
	browser        *http.Client
	user, password string
	arrived, asked bool // whether the provider was reached, and has been given the password
}

// step sends a request and returns the one that a person would make next.
func (v *visit) step(req *http.Request) (*http.Request, error) {
	client := *v.browser
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	page, err := io.ReadAll(io.LimitReader(res.Body, mostPage))
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return redirected(req, res)
	}
	f, ok := choose(forms(page))
	if !ok || res.StatusCode >= 400 && f.password == "" { // forms on error pages report the error to somebody
		return nil, fmt.Errorf("idps: %s, and nothing to go on with:\n%s", res.Status, excerpt(page))
	}
	if f.password != "" {
		switch {
		case v.password == "":
			return nil, ErrAsked
		case v.asked:
			return nil, ErrRefused
		}
		v.asked = true
		f.values.Set(f.user, v.user)
		f.values.Set(f.password, v.password)
	}
	return f.request(req)
}

// redirected returns the request that an answer sends the browser to (RFC 9110, section 15.4).
func redirected(req *http.Request, res *http.Response) (*http.Request, error) {
	to, err := res.Location()
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusTemporaryRedirect || res.StatusCode == http.StatusPermanentRedirect {
		again, err := http.NewRequestWithContext(req.Context(), req.Method, to.String(), nil)
		if err == nil && req.GetBody != nil {
			again.Body, err = req.GetBody()
			again.Header, again.PostForm, again.GetBody, again.ContentLength = req.Header.Clone(), req.PostForm, req.GetBody, req.ContentLength
		}
		return again, err
	}
	return http.NewRequestWithContext(req.Context(), http.MethodGet, to.String(), nil)
}

// request submits the form, as found on the page that a request led to.
func (f form) request(page *http.Request) (*http.Request, error) {
	to, err := page.URL.Parse(f.action)
	if err != nil {
		return nil, err
	}
	to.Fragment = ""
	if !f.post {
		to.RawQuery = f.values.Encode()
		return http.NewRequestWithContext(page.Context(), http.MethodGet, to.String(), nil)
	}
	return NewPost(to.String(), f.values)
}

// NewPost returns the request that submits a form, with PostForm filled in for who only looks at it.
func NewPost(to string, values url.Values) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, to, strings.NewReader(values.Encode())) //nolint:noctx // the browser has a time limit
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.PostForm = values
	return req, nil
}

// excerpt is what one reads of a page that was not expected.
func excerpt(page []byte) []byte {
	text := bytes.Join(bytes.Fields(markup().ReplaceAll(page, []byte(" "))), []byte(" "))
	return text[:min(len(text), 600)]
}
