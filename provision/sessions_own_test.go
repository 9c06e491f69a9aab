package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

func TestASessionByABreakGlassCodeEndsWithBreakGlass(t *testing.T) {
	w := newGlassWorld(t)
	enter := func(email string) *provision.LoginResult {
		w.ask(email, "laptop")
		w.mailAll(0)
		r, err := w.enter(email, w.code(email), "laptop")
		w.must(err)
		return r
	}
	root, second := enter("Root@acme.com"), enter("second@acme.com")
	if !w.signedIn(root) || !w.signedIn(second) {
		t.Fatal("a code lets nobody in")
	}
	w.activate(strings.Replace(glass, "{email: Root@acme.com}, ", "", 1))
	if w.signedIn(root) || !w.signedIn(second) {
		t.Errorf("root, who is not named any more, is signed in: %v; second, who is: %v", w.signedIn(root), w.signedIn(second))
	}
	if list, _, err := w.engine.ListSessions(t.Context(), w.org, root.Member.ID, nil, 10); err != nil || len(list) != 0 {
		t.Errorf("%d sessions of root are listed, %v", len(list), err)
	}
	w.activate(glass)
	n, err := w.engine.RevokeSessions(t.Context(), w.org, second.Member.ID, rootCause())
	if err != nil || n != 1 {
		t.Errorf("%d sessions of second were revoked, %v", n, err)
	}
}

func TestASessionByOnesOwnMeansEndsWhereAProviderSignsIn(t *testing.T) {
	w := newInviteWorld(t, invites)
	bea, bob := w.joined("bea@acme.com"), w.joined("bob@private.example")
	w.setPassword(bea, "correct horse")
	w.setPassword(bob, "battery staple")
	k := w.addPasskey(bea)
	ends := map[string]*provision.LoginResult{
		"code": bea, "password": w.passwordLetsIn("bea@acme.com", "correct horse"), "passkey": w.passkeyLetsIn(k, 7),
	}
	stays := map[string]*provision.LoginResult{"code": bob, "password": w.passwordLetsIn("bob@private.example", "battery staple")}
	w.now = w.now.Add(time.Minute)
	for method, r := range ends {
		if !w.signedIn(r) || r.Session.Method != method {
			t.Fatalf("the session by %s is one by %s, and does not hold", method, r.Session.Method)
		}
	}
	w.activate(byProvider)
	for method, r := range ends {
		if w.signedIn(r) {
			t.Errorf("okta signs people of acme.com in, and bea's session by %s goes on", method)
		}
	}
	for method, r := range stays {
		if !w.signedIn(r) {
			t.Errorf("no provider signs bob in, and his session by %s has ended", method)
		}
	}
	if list, _, err := w.engine.ListSessions(t.Context(), w.org, directory.NoID, nil, 10); err != nil || len(list) != 2 {
		t.Errorf("%d sessions are listed, %v", len(list), err)
	}
}
