package abuse_test

import (
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/sso/session"
)

// browser keeps cookies as browsers do, as far as it matters here: only those that are SameSite=None go with a form that
// another site's page posts.
type browser struct {
	*world
	cookies map[string]*http.Cookie
}

func (w *world) browser() *browser { return &browser{w, map[string]*http.Cookie{}} }

// stolen is a browser of somebody who has got hold of all cookies of another.
func (b *browser) stolen() *browser { return &browser{b.world, maps.Clone(b.cookies)} }

// answer is what a browser got.
type answer struct {
	t        *testing.T
	status   int
	location string
	body     string
}

// get opens an address.
func (b *browser) get(address string) *answer {
	b.t.Helper()
	return b.do(http.MethodGet, address, nil, "none")
}

// post sends a form of the server's own page.
func (b *browser) post(address string, form url.Values) *answer {
	b.t.Helper()
	return b.do(http.MethodPost, address, form, "same-origin")
}

// posted sends a form that a page of the provider holds.
func (b *browser) posted(address string, form url.Values) *answer {
	b.t.Helper()
	return b.do(http.MethodPost, address, form, "cross-site")
}

func (b *browser) do(method, address string, form url.Values, site string) *answer {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.url() + address
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Sec-Fetch-Site", site)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
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
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return &answer{b.t, response.StatusCode, response.Header.Get("Location"), string(body)}
}

// follow goes where an answer leads, as long as that is a page of ours.
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

// signedIn reports whether the server knows who is at the browser.
func (b *browser) signedIn() bool {
	b.t.Helper()
	return b.get("/welcome").status == http.StatusOK
}

// in checks that an answer lets the browser in.
func (b *browser) in(a *answer) {
	b.t.Helper()
	if a.status != http.StatusSeeOther || b.cookies[session.CookieName] == nil || !b.signedIn() {
		b.t.Fatalf("not let in: %d to %q\n%s", a.status, a.location, a.text())
	}
}

// out checks that an answer is a refusal: a page of the status that tells nothing of the inside and has a reference, under
// which the journal knows why, by this code; and that nobody has become a member or been signed in by it.
func (b *browser) out(a *answer, status int, code string, before people) {
	b.t.Helper()
	a = b.follow(a)
	b.pass(between)
	if a.status != status {
		b.t.Fatalf("the answer is %d to %q, want %d\n%s", a.status, a.location, status, a.text())
	}
	why := b.journalled(a)
	if why.Code != code || why.Because == "" {
		b.t.Errorf("the journal says %s: %s; want %s", why.Code, why.Because, code)
	}
	b.t.Logf("%d, %s: %s", a.status, why.Code, why.Because) // go test -v tells what kept each of them out
	if says := a.text(); strings.Contains(says, why.Because) || inside.MatchString(says) {
		b.t.Errorf("the page tells of the inside:\n%s", says)
	}
	if b.cookies[session.CookieName] != nil || b.signedIn() {
		b.t.Error("the browser is signed in")
	}
	b.unchanged(before)
}

// between is the time that passes after each refusal: only so many from one place are journalled in a minute.
const between = 15 * time.Second

// inside is what no page for people says.
var inside = regexp.MustCompile(`(?i)panic|goroutine|\.go:\d|saml:|oidc:|x509|xml|json|asn1|rsa|<nil>|invalid_grant|s3cr3t|127\.0\.0\.1`)

// unchanged checks that the members and the sessions are what they were.
func (w *world) unchanged(before people) {
	w.t.Helper()
	if now := w.people(); !slices.Equal(now.Members, before.Members) || !slices.Equal(now.Sessions, before.Sessions) {
		w.t.Errorf("somebody got in: %v, and before %v", now, before)
	}
}

var references = regexp.MustCompile(`\b[0-9A-Z]+-[0-9A-Z]{4,8}\b`)

// journalled returns what the journal has under the reference that a page shows.
func (b *browser) journalled(a *answer) api.Refusal {
	b.t.Helper()
	reference := references.FindString(a.text())
	if reference == "" {
		b.t.Fatalf("there is no reference on the page:\n%s", a.text())
	}
	var why api.Refusal
	if status := b.ask(http.MethodGet, "/refusals/"+reference, nil, nil); status != http.StatusOK {
		b.t.Fatalf("the journal does not know %s: %d\n%s", reference, status, a.text())
	}
	b.ask(http.MethodGet, "/refusals/"+reference, nil, &why)
	return why
}

// text is a page without its markup.
func (a *answer) text() string {
	plain := regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`).ReplaceAllString(a.body, " ")
	return strings.Join(strings.Fields(html.UnescapeString(plain)), " ")
}
