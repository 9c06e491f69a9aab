package abuse_test

import (
	"bytes"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/outbox/mail/mailtest"
	"github.com/mixus/usher/sso/oidc/oidctest"
)

// inviting is a world with a mail server.
type inviting struct {
	*world
	smtp *mailtest.Server
	read int // mails that were looked at
}

func newInviting(t *testing.T) *inviting {
	t.Helper()
	smtp := (&mailtest.Server{}).Start(t)
	return &inviting{world: newWorld(t, `operator: mail: {smtp: "smtp://`+smtp.Address+`", from: usher@usher.example}`), smtp: smtp}
}

// found waits for a mail to an address that has what is looked for, and returns that.
func (w *inviting) found(to string, what *regexp.Regexp) string {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		mails := w.smtp.Mails()
		for i, m := range mails[w.read:] {
			body, err := io.ReadAll(m.Message(w.t).Body)
			w.must(err)
			text := strings.ReplaceAll(strings.ReplaceAll(string(body), "=\r\n", ""), "=3D", "=")
			if found := what.FindStringSubmatch(text); m.To == to && found != nil {
				w.read += i + 1
				return found[len(found)-1]
			}
		}
	}
	w.t.Fatalf("no mail to %s has %s", to, what)
	return ""
}

var (
	mailedLinks = regexp.MustCompile(`(https?://[^/\s"]+/invitations/[A-Za-z0-9_-]+)`)
	mailedCodes = regexp.MustCompile(`\b(\d{8})\b`)
)

// invite invites somebody to acme, and returns the path of the link that they are mailed.
func (w *inviting) invite(email string) string {
	w.t.Helper()
	var list api.InvitedList
	w.ask(http.MethodPost, "/organizations/acme/invitations", api.InviteBody{Reason: "a test", People: []api.Invitee{{Email: email, Role: "viewer"}}}, &list)
	if list.Results[0].Result != "invited" {
		w.t.Fatalf("%s is %+v", email, list.Results[0])
	}
	return w.link(email)
}

func (w *inviting) link(email string) string {
	w.t.Helper()
	path, ours := strings.CutPrefix(w.found(email, mailedLinks), w.url())
	if !ours {
		w.t.Fatalf("the link leads to %s", path)
	}
	return path
}

// code has a code mailed to an invited address, and returns it.
func (w *inviting) code(b *browser, path, email string) url.Values {
	w.t.Helper()
	if a := b.post(path+"/code", nil); a.location != path+"/code/enter" {
		w.t.Fatalf("no code is sent: %d to %q\n%s", a.status, a.location, a.text())
	}
	return url.Values{"code": {w.found(email, mailedCodes)}}
}

// state is that of the latest invitation of an address.
func (w *inviting) state(email string) string {
	w.t.Helper()
	var i api.Invitation
	w.ask(http.MethodGet, "/organizations/acme/invitations/"+email, nil, &i)
	return i.State
}

func (w *inviting) act(email, verb string) {
	w.t.Helper()
	var i api.Invitation
	w.ask(http.MethodPost, "/organizations/acme/invitations/"+email+"/"+verb, api.ReasonBody{Reason: "a test"}, &i)
}

// over checks that a link works no more, for a browser without a session.
func (b *browser) over(path string, status int) {
	b.t.Helper()
	before := b.people()
	if a := b.get(path); a.status != status {
		b.t.Errorf("the link is answered %d to %q, want %d\n%s", a.status, a.location, status, a.text())
	}
	for _, act := range []string{"", "/code", "/code/enter", "/account", "/decline"} {
		a := b.post(path+act, url.Values{"code": {"12345678"}, "do": {"address"}})
		if a = b.follow(a); a.status != status {
			b.t.Errorf("%s is answered %d, want %d", act, a.status, status)
		}
	}
	b.unchanged(before)
}

func TestAbuse53GuessingLinksOfInvitations(t *testing.T) {
	w := newInviting(t)
	path := w.invite("bob@private.example")
	another := w.invite("cid@private.example")
	secret := strings.TrimPrefix(path, "/invitations/")
	one, err := base64.RawURLEncoding.DecodeString(secret)
	w.must(err)
	two, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(another, "/invitations/"))
	w.must(err)
	if len(one) < 16+16 || bytes.Equal(one[len(one)-16:], two[len(two)-16:]) {
		t.Errorf("the secrets have %d bytes", len(one))
	}
	b := w.browser()
	b.get(path + "/decline")
	w.code(b, path, "bob@private.example")
	stored, err := os.ReadFile(w.data().Store())
	w.must(err)
	if bytes.Contains(stored, []byte(secret)) || bytes.Contains(stored, one) || bytes.Contains(stored, one[16:]) || strings.Contains(w.log.String(), secret) {
		t.Error("the store or the log has the link")
	}
	near := bytes.Clone(one)
	for i := range near { // each differs in one bit from the link that works
		near[i] ^= 1
		w.browser().over("/invitations/"+base64.RawURLEncoding.EncodeToString(near), http.StatusNotFound)
		near[i] ^= 1
		if i%8 == 7 {
			w.pass(time.Minute)
		}
	}
	stranger, status := w.browser(), 0
	for range 400 {
		if status = stranger.get("/invitations/" + strings.Repeat("A", len(secret))).status; status != http.StatusNotFound {
			break
		}
	}
	if status != http.StatusTooManyRequests || w.state("bob@private.example") != "pending" {
		t.Errorf("who goes on guessing is answered %d, and the invitation is %s", status, w.state("bob@private.example"))
	}
	w.pass(time.Minute)
	if a := b.get(path); a.status != http.StatusOK {
		t.Errorf("the genuine link is answered %d", a.status)
	}
}

func TestAbuse54AnInvitationThatIsOver(t *testing.T) {
	w := newInviting(t)
	path, b := w.invite("bob@private.example"), w.browser()
	code := w.code(b, path, "bob@private.example")
	b.in(b.post(path+"/code/enter", code))
	w.browser().over(path, http.StatusGone)
	if a := b.follow(b.get(path)); a.status != http.StatusOK { // who is in meets no error
		t.Errorf("the link is answered %d for who has accepted it", a.status)
	}
	for email, end := range map[string]func(email, path string){
		"cancelled@private.example": func(email, _ string) { w.act(email, "cancel") },
		"resent@private.example": func(email, _ string) {
			w.act(email, "resend")
			if a := w.browser().get(w.link(email)); a.status != http.StatusOK {
				t.Errorf("the newer link is answered %d", a.status)
			}
		},
		"declined@private.example": func(_, path string) { w.browser().post(path+"/decline", nil) },
		"expired@private.example":  func(string, string) { w.pass(91 * 24 * time.Hour) },
	} {
		t.Run(email, func(t *testing.T) {
			path := w.invite(email)
			mine := w.browser()
			code := w.code(mine, path, email) // a code of before lets nobody in either
			end(email, path)
			before := w.people()
			if a := mine.follow(mine.post(path+"/code/enter", code)); a.status != http.StatusGone {
				t.Errorf("the code is answered %d", a.status)
			}
			w.unchanged(before)
			w.browser().over(path, http.StatusGone)
		})
	}
}

func TestAbuse55AnotherAddressAccepts(t *testing.T) {
	w := newInviting(t)
	p, q := w.saml("acme-saml"), w.provider("acme-oidc")
	path := w.invite("bob@acme.com")
	refused := func(b *browser, what string) {
		t.Helper()
		for _, act := range []string{"", "/code", "/code/enter"} {
			b.follow(b.post(path+act, url.Values{"code": {"12345678"}}))
		}
		if w.state("bob@acme.com") != "pending" {
			t.Fatalf("%s accepts", what)
		}
	}
	w.provider("globex-oidc").does(func(p *oidctest.Provider) { p.Claims = oidctest.Claims{"sub": "eve", "email": "bob@acme.com"} })
	for what, signIn := range map[string]func(b *browser) *answer{
		"nobody":                                 func(b *browser) *answer { return b.get(path) },
		"a colleague":                            func(b *browser) *answer { return p.signIn(b, "eve@acme.com", "?return="+path) },
		"another organization's member":          func(b *browser) *answer { return w.saml("globex-saml").signIn(b, "eve@globex.com", "?return="+path) },
		"another organization's provider's word": func(b *browser) *answer { return w.provider("globex-oidc").signIn(b, "?return="+path) },
		"an address that nobody vouches for": func(b *browser) *answer {
			q.does(func(p *oidctest.Provider) {
				p.Claims = oidctest.Claims{"sub": "eve-2", "email": "bob@acme.com", "email_verified": false}
			})
			return q.signIn(b, "?return="+path)
		},
	} {
		b := w.browser()
		b.follow(signIn(b))
		refused(b, what)
		w.pass(time.Minute)
	}
	for _, m := range w.smtp.Mails() {
		if m.To != "bob@acme.com" && mailedCodes.Match(m.Data) {
			t.Errorf("%s was sent a code", m.To)
		}
	}

	// A colleague is told so, and cannot accept; whoever the provider says is Bob can.
	eve := w.browser()
	if a := eve.follow(p.signIn(eve, "eve@acme.com", "?return="+path)); a.status != http.StatusForbidden || !strings.Contains(a.text(), "for another address") {
		t.Errorf("a colleague is answered %d\n%s", a.status, a.text())
	}
	bob := w.browser()
	if a := bob.follow(p.signIn(bob, "bob@acme.com", "?return="+path)); a.status != http.StatusOK || w.state("bob@acme.com") != "accepted" {
		t.Errorf("bob is answered %d, and his invitation is %s", a.status, w.state("bob@acme.com"))
	}

	// An address outside: the code goes there alone, and works for nobody else's browser.
	outside, mine, other := w.invite("bob@private.example"), w.browser(), w.browser()
	code := w.code(mine, outside, "bob@private.example")
	other.post(outside+"/code", url.Values{"email": {"eve@evil.example"}, "to": {"eve@evil.example"}})
	w.found("bob@private.example", mailedCodes)
	if a := other.post(outside+"/code/enter", code); a.status != http.StatusUnprocessableEntity || other.signedIn() {
		t.Errorf("another browser is answered %d", a.status)
	}
	for _, m := range w.smtp.Mails() {
		if strings.Contains(m.To, "evil") {
			t.Errorf("%s was mailed", m.To)
		}
	}
	mine.in(mine.post(outside+"/code/enter", code))
}

func TestAbuse56LinksFollowTheConfiguredAddress(t *testing.T) {
	w := newInviting(t)
	path := w.invite("bob@private.example")
	for method, at := range map[string]string{http.MethodGet: path, http.MethodPost: path + "/code"} {
		r, err := http.NewRequestWithContext(t.Context(), method, w.url()+at, http.NoBody)
		w.must(err)
		r.Host = "evil.example"
		r.Header.Set("X-Forwarded-Host", "evil.example")
		r.Header.Set("Forwarded", "host=evil.example")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
		w.must(err)
		body, err := io.ReadAll(response.Body)
		w.must(err)
		w.must(response.Body.Close())
		if strings.Contains(html.UnescapeString(string(body)), "evil.example") || strings.Contains(response.Header.Get("Location"), "evil") {
			t.Errorf("%s: the answer leads to %q", method, response.Header.Get("Location"))
		}
	}
	w.found("bob@private.example", mailedCodes)
	w.act("bob@private.example", "resend")
	w.link("bob@private.example")
	for _, m := range w.smtp.Mails() {
		if bytes.Contains(m.Data, []byte("evil.example")) {
			t.Errorf("a mail to %s has the name of the request", m.To)
		}
	}
}

func TestAbuse57AcceptedTwiceAtOnce(t *testing.T) {
	w := newInviting(t)
	path, b := w.invite("bob@private.example"), w.browser()
	code := w.code(b, path, "bob@private.example")
	before := w.people()
	const tabs = 8
	answers := make([]*answer, tabs)
	browsers := make([]*browser, tabs)
	var all sync.WaitGroup
	for i := range tabs {
		browsers[i] = b.stolen()
		all.Go(func() { answers[i] = browsers[i].post(path+"/code/enter", code) })
	}
	all.Wait()
	in := 0
	for i, a := range answers {
		if browsers[i].signedIn() {
			in++
		}
		if a.status >= 500 {
			t.Errorf("a tab is answered %d\n%s", a.status, a.text())
		}
	}
	after := w.people()
	if in != 1 || len(after.Sessions) != len(before.Sessions)+1 || len(after.Members) != len(before.Members) {
		t.Errorf("%d tabs are in; before %v, and then %v", in, before, after)
	}
	if w.state("bob@private.example") != "accepted" {
		t.Errorf("the invitation is %s", w.state("bob@private.example"))
	}
}
