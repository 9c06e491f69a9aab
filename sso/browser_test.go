package sso_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// browser keeps cookies as browsers do, as far as it matters: those that are not SameSite=None are not sent with a form
// that another site posts.
type browser struct {
	*world
	cookies map[string]*http.Cookie
	header  http.Header // which it sends beside, where it is not empty
}

func (w *world) browser() *browser { return &browser{world: w, cookies: map[string]*http.Cookie{}} }

// answer is what a browser got.
type answer struct {
	t        *testing.T
	status   int
	location string
	body     string
	header   http.Header
}

// get opens an address.
func (b *browser) get(address string) *answer {
	b.t.Helper()
	return b.do(http.MethodGet, address, nil, "")
}

// post sends a form of our own.
func (b *browser) post(address string, form url.Values) *answer {
	b.t.Helper()
	return b.do(http.MethodPost, address, form, "same-origin")
}

// posted sends a form that another site's page holds.
func (b *browser) posted(address string, form url.Values) *answer {
	b.t.Helper()
	return b.do(http.MethodPost, address, form, "cross-site")
}

func (b *browser) do(method, address string, form url.Values, site string) *answer {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.url + address
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", site)
	}
	for name, values := range b.header {
		if values[0] != "" {
			r.Header[name] = values
		}
	}
	for _, c := range b.cookies {
		if site != "cross-site" || c.SameSite == http.SameSiteNoneMode {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	b.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	b.must(err)
	for _, c := range response.Cookies() {
		if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
			b.t.Errorf("a cookie with too few guards: %s", c)
		}
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return &answer{b.t, response.StatusCode, response.Header.Get("Location"), string(body), response.Header}
}

// follow goes where an answer leads, as long as it leads to our own pages.
func (b *browser) follow(a *answer) *answer {
	b.t.Helper()
	for range 10 {
		if a.status != http.StatusSeeOther || !strings.HasPrefix(a.location, "/") {
			return a
		}
		a = b.get(a.location)
	}
	b.t.Fatalf("it leads in circles, to %s at last", a.location)
	return nil
}

// signedIn reports whether the browser has a session that holds.
func (b *browser) signedIn() bool {
	b.t.Helper()
	return b.get("/welcome").status == http.StatusOK
}

// want checks status and words of a page.
func (a *answer) want(status int, words ...string) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("the answer is %d to %q, want %d\n%s", a.status, a.location, status, text(a.body))
	}
	for _, word := range words {
		if !strings.Contains(a.body, word) {
			a.t.Errorf("the page does not say %q:\n%s", word, text(a.body))
		}
	}
	return a
}

// leads checks where a redirect leads.
func (a *answer) leads(to string) *answer {
	a.t.Helper()
	if a.status != http.StatusSeeOther || a.location != to {
		a.t.Fatalf("the answer is %d to %q, want 303 to %q\n%s", a.status, a.location, to, text(a.body))
	}
	return a
}

var references = regexp.MustCompile(`\b([0-9A-Z]+-[0-9A-Z]{4,8})\b`)

// reference returns the reference on a page.
func (a *answer) reference() string {
	a.t.Helper()
	found := references.FindString(text(a.body))
	if found == "" {
		a.t.Fatalf("there is no reference on the page:\n%s", text(a.body))
	}
	return found
}

// text is a page without its markup.
func text(page string) string {
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")), " ")
}
