package sso_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mixus/usher/outbox/mail"
)

func TestAskingForACodeIsAnsweredAlikeForEverybody(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/login/code?return=/x").want(http.StatusOK, `name="return" value="/x"`)
	b.post("/login/code", email("")).want(http.StatusUnprocessableEntity, "Enter your email address.")
	b.post("/login/code", email("ann")).want(http.StatusUnprocessableEntity, `value="ann"`)
	b.get("/login/code/enter").leads("/login/code")
	b.post("/login/code/enter", url.Values{"code": {"123456"}}).leads("/login/code")
	b.post("/login/code", url.Values{"email": {"nobody@acme.com"}, "return": {"/x"}}).leads("/login/code/enter")
	b.get("/login/code/enter").want(http.StatusOK, "nobody@acme.com", "/login/code?return=%2Fx")
	b.post("/login/code/enter", url.Values{"code": {""}}).want(http.StatusUnprocessableEntity, "Enter the code")
	b.post("/login/code/enter", url.Values{"code": {"123456"}}).want(http.StatusUnprocessableEntity, "does not work")
	if b.signedIn() || len(w.entries("login")) > 0 {
		t.Error("somebody got in")
	}
}

func TestCodesAreLimited(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.post("/login/code", email("nobody@acme.com")).leads("/login/code/enter")
	for range 19 {
		b.post("/login/code/enter", url.Values{"code": {"123456"}}).want(http.StatusUnprocessableEntity)
	}
	b.post("/login/code/enter", url.Values{"code": {"123456"}}).want(http.StatusTooManyRequests)
	b.post("/login/code", email("nobody@acme.com")).want(http.StatusTooManyRequests)
}

func TestAStrangerWhoAsksForCodesKeepsNobodyFromTheirs(t *testing.T) {
	w := newWorld(t)
	codes := 0
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		if strings.HasPrefix(m.Subject, "Your code") {
			codes++
		}
		return nil
	}
	w.activate(acme + "break_glass: [{email: root@acme.com}]\n")
	root := w.browser()
	w.saml["acme-okta"].signIn(root, "root@acme.com", "").want(http.StatusSeeOther)
	ask := func(b *browser, from string, want int) {
		t.Helper()
		codes, b.header = 0, http.Header{"X-Forwarded-For": {from}}
		b.post("/login/code", email("root@acme.com")).leads("/login/code/enter")
		_, err := w.engine.SendMail(t.Context())
		w.must(err)
		if codes != want {
			t.Errorf("%s: %d codes were sent, want %d", from, codes, want)
		}
	}
	for _, host := range []string{"2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:3::4"} {
		ask(w.browser(), host, 1)
	}
	ask(w.browser(), "2001:db8:1:2:ffff::9", 0) // the same network
	ask(root, "192.0.2.1", 1)
}

func TestACodeWorksInTheBrowserThatAskedForIt(t *testing.T) {
	w := newWorld(t)
	var sent []*mail.Message
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		sent = append(sent, m)
		return nil
	}
	w.activate(acme + "break_glass: [{email: root@acme.com}]\n")
	root := w.browser()
	w.saml["acme-okta"].signIn(root, "root@acme.com", "").want(http.StatusSeeOther)
	code := func(b *browser) string {
		t.Helper()
		sent = nil
		b.post("/login/code", url.Values{"email": {"Root@acme.com"}, "return": {"/x"}}).leads("/login/code/enter")
		_, err := w.engine.SendMail(t.Context())
		w.must(err)
		for _, m := range slices.Backward(sent) { // others ask too
			if found := regexp.MustCompile(`\b\d{4}[ -]?\d{4}\b`).FindString(m.Text); found != "" {
				return found
			}
		}
		t.Fatalf("no code in %d mails", len(sent))
		return ""
	}
	mine, others := w.browser(), w.browser()
	digits := code(mine)
	others.post("/login/code", email("root@acme.com"))
	others.post("/login/code/enter", url.Values{"code": {digits}}).want(http.StatusUnprocessableEntity)
	mine.post("/login/code/enter", url.Values{"code": {digits}}).leads("/x")
	if !mine.signedIn() || others.signedIn() || w.sessions("acme") != 2 {
		t.Errorf("mine %v, another's %v, %d sessions", mine.signedIn(), others.signedIn(), w.sessions("acme"))
	}
	mine.post("/login/code/enter", url.Values{"code": {digits}}).leads("/login/code")
	mine.post("/logout", nil).want(http.StatusOK, "You are signed out")

	digits = code(mine)
	w.activate(acme)
	page := mine.post("/login/code/enter", url.Values{"code": {digits}}).want(http.StatusForbidden, "IT Service Desk")
	w.explained(page, "break_glass")
}
