package sso_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/mixus/usher/outbox/mail"
)

var mailedCode = regexp.MustCompile(`\b\d{8}\b`)

// codes has the codes that are mailed from now on kept.
func (w *world) codes() *[]string {
	sent := &[]string{}
	w.engine.Mail = func(_ context.Context, m *mail.Message) error {
		if found := mailedCode.FindString(m.Text); found != "" {
			*sent = append(*sent, found)
		}
		return nil
	}
	return sent
}

// twin is the same browser, which has not got the answer to what it sends yet.
func (b *browser) twin() *browser {
	return &browser{world: b.world, cookies: maps.Clone(b.cookies), header: b.header}
}

func (w *world) sendAll() {
	w.t.Helper()
	_, err := w.engine.SendMail(w.t.Context())
	w.must(err)
}

func TestTwoClicksSendOneCode(t *testing.T) {
	for name, double := range map[string]bool{"one after the other": false, "before the first was answered": true} {
		w := newWorld(t)
		w.activate(acme + "break_glass: [{email: root@acme.com}]\n")
		root := w.browser()
		w.saml["acme-okta"].signIn(root, "root@acme.com", "").want(http.StatusSeeOther)
		sent := w.codes()
		b := w.browser()
		b.get("/login/code").want(http.StatusOK)
		b.get("/login/code/enter").leads("/login/code") // nobody has asked yet
		first := b
		if double {
			first = b.twin()
		}
		first.post("/login/code", email("root@acme.com")).leads("/login/code/enter")
		w.sendAll()
		b.post("/login/code", email("root@acme.com")).leads("/login/code/enter?again=1")
		w.sendAll()
		b.get("/login/code/enter?again=1").want(http.StatusOK, "You asked for a code a moment ago")
		if len(*sent) != 1 {
			t.Fatalf("%s: %d codes were sent", name, len(*sent))
		}
		b.post("/login/code/enter", url.Values{"code": {(*sent)[0]}}).want(http.StatusSeeOther)
		if !b.signedIn() {
			t.Errorf("%s: the code does not let in", name)
		}
	}
}

func TestACodeIsSentAnewAMinuteLaterAndForAnotherAddress(t *testing.T) {
	w := newWorld(t)
	w.activate(acme + "break_glass: [{email: root@acme.com}]\n")
	w.saml["acme-okta"].signIn(w.browser(), "root@acme.com", "").want(http.StatusSeeOther)
	sent, b := w.codes(), w.browser()
	b.post("/login/code", email("nobody@acme.com")).leads("/login/code/enter")
	b.post("/login/code", email("nobody@acme.com")).leads("/login/code/enter?again=1") // alike for everybody
	b.post("/login/code", email("root@acme.com")).leads("/login/code/enter")
	w.sendAll()
	w.now = w.now.Add(61 * time.Second)
	b.post("/login/code", email("root@acme.com")).leads("/login/code/enter")
	w.sendAll()
	if len(*sent) != 2 {
		t.Fatalf("%d codes were sent, want 2", len(*sent))
	}
	b.post("/login/code/enter", url.Values{"code": {(*sent)[0]}}).want(http.StatusUnprocessableEntity)
	for range 4 {
		b.post("/login/code/enter", url.Values{"code": {"00000000"}}).want(http.StatusUnprocessableEntity)
	}
	b.post("/login/code", email("root@acme.com")).leads("/login/code/enter") // at once: five wrong ones have ended the other
	w.sendAll()
	b.post("/login/code/enter", url.Values{"code": {(*sent)[2]}}).want(http.StatusSeeOther)
}

func TestTwoClicksSendOneCodeForAnInvitation(t *testing.T) {
	for name, double := range map[string]bool{"one after the other": false, "before the first was answered": true} {
		w := newInviteWorld(t, "")
		_, path := w.invite("bob@private.example")
		sent, b := w.codes(), w.browser()
		b.get(path).want(http.StatusOK, "Mail me a code")
		b.get(path + "/code/enter").leads(path) // nobody has asked yet
		first := b
		if double {
			first = b.twin()
		}
		first.post(path+"/code", nil).leads(path + "/code/enter")
		w.sendAll()
		b.post(path+"/code", nil).leads(path + "/code/enter?again=1")
		w.sendAll()
		b.get(path+"/code/enter?again=1").want(http.StatusOK, "a moment ago")
		if len(*sent) != 1 {
			t.Fatalf("%s: %d codes were sent", name, len(*sent))
		}
		b.post(path+"/code/enter", url.Values{"code": {(*sent)[0]}}).want(http.StatusSeeOther)
		if !b.signedIn() {
			t.Errorf("%s: the code does not accept", name)
		}
	}
}
