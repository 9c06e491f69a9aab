package provision_test

import (
	"sync"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// A session that has ended since the browser's request was let in accepts nothing.
func TestASessionThatHasEndedAcceptsNoInvitation(t *testing.T) {
	for name, end := range map[string]func(*inviteWorld, *provision.LoginResult){
		"suspended by an admin": func(w *inviteWorld, r *provision.LoginResult) { w.act(w.engine.Suspend, r.Member) },
		"let go by the directory": func(w *inviteWorld, _ *provision.LoginResult) {
			w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
		},
		"signed out": func(w *inviteWorld, r *provision.LoginResult) {
			w.must(w.engine.EndSession(w.t.Context(), r.Token, "r"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newInviteWorld(t, byProvider)
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Everyone", "ann")
			g := w.bea()
			link := w.link()
			ann := w.signedInAs("ann@acme.com", "bea@acme.com")
			end(w, ann)
			_, err := w.engine.AcceptSignedIn(t.Context(), link, ann.Session, "r")
			w.wantKind(err, directory.Unauthenticated, "")
			if err := w.engine.AskAddress(t.Context(), link, ann.Session, "r"); directory.KindOf(err) != directory.Unauthenticated {
				t.Errorf("asking for the address to be changed: %v", err)
			}
			w.wantState(g, directory.InvitationPending)
			if n := len(w.mailed()); n != 0 {
				t.Errorf("%d letters tell of it", n)
			}
		})
	}
}

// An address that does not show as it is written is nobody's.
func TestAddressesThatDoNotShowAsTheyAreAreNotInvited(t *testing.T) {
	w := newInviteWorld(t, invites)
	for _, address := range []string{
		"ann\u202egpj@acme.com", "ann\u200b@acme.com", "ann\u2066@acme.com", "a\u00adnn@acme.com", "ann\ufeff@acme.com", "ann@ac\u200dme.com", "ann\u2028@acme.com",
		"ann\r\nBcc: eve@evil.example@acme.com", "ann@acme.com\x00", "\"ann\"@acme.com", "ann@acme.com, eve@evil.example", "ann@[192.0.2.1]", "ann@acme.com.",
		"ann@acme..com", "Ann <ann@acme.com>", "ann@evil.example@acme.com", "\xff@acme.com", "ann@-\u00a0acme.com",
	} {
		if r := w.invite(provision.Invite{Email: address, Role: "member"}); r.Code != provision.InviteRefused || r.Problem.Field != "email" {
			t.Errorf("%q is %s", address, r.Code)
		}
		if r := w.invite(provision.Invite{Email: "bob@acme.com", Manager: address, Role: "member"}); r.Code != provision.InviteRefused || r.Problem.Field != "manager_email" {
			t.Errorf("the manager %q is %s", address, r.Code)
		}
	}
}

// Since an organization asks for approvals, nobody opens an invitation again by themselves that nobody has approved.
func TestSendingAgainIsNoWayAroundAnApproval(t *testing.T) {
	w := withAdmin(t, invites)
	g := w.invite(provision.Invite{Email: "bea@acme.com", Role: "admin"}).Invitation
	w.pass(8 * day)
	w.wantState(g, directory.InvitationExpired)
	w.activate(needsApproval)
	w.mailed()
	_, err := w.engine.ResendInvitation(t.Context(), w.on(g))
	w.must(err)
	w.wantState(g, directory.InvitationUnapproved)
	_, err = w.approve("root@acme.com", g)
	w.wantKind(err, directory.Forbidden, "asked for")
	_, err = w.approve("ann@acme.com", g)
	w.must(err)
	w.wantState(g, directory.InvitationPending)
}

// An invitation that is taken back in the moment in which it is accepted is either, and its person is let in or not.
func TestAnInvitationIsTakenBackOrAccepted(t *testing.T) {
	for range 12 {
		w := newInviteWorld(t, byProvider)
		g, link := w.outsider("bob@private.example")
		code := w.inviteCode(link)
		var group sync.WaitGroup
		var result *provision.LoginResult
		var entered, cancelled error
		enter := provision.EnterInviteCode{Link: link, Code: code, Request: "r-enter", Browser: browser("laptop")}
		group.Go(func() { result, entered = w.engine.EnterInviteCode(t.Context(), enter) })
		group.Go(func() { _, cancelled = w.engine.CancelInvitation(t.Context(), w.on(g)) })
		group.Wait()
		in, back := entered == nil && result.In(), cancelled == nil
		if in == back {
			t.Fatalf("let in %v, taken back %v: %v, %v", in, back, entered, cancelled)
		}
		want := directory.StatusActive
		if back {
			want = directory.StatusNone
			w.wantKind(entered, directory.Conflict, "taken back")
		} else {
			w.wantKind(cancelled, directory.Conflict, "was accepted")
		}
		if m := w.one("bob@private.example"); m.Status != want {
			t.Errorf("bob is %s, want %s", m.Status, want)
		}
	}
}
