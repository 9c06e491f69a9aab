package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/web"
)

// invitations are the pages about invitations.
func invitations() map[string]web.Page {
	form := web.Form{Action: "/invitations/T0ken"}
	until := time.Date(2027, 1, 31, 18, 0, 0, 0, time.UTC)
	out := map[string]web.Page{
		"provider": &web.Invitation{
			Frame: acme(), Email: "ann@acme.com", Inviter: "bea@acme.com", Role: "member", Department: "engineering",
			Message: "Hi Ann,\nwe start on Monday.\n\nSee you, Bea", Until: until, Provider: "Acme staff", Continue: "/sso/acme-okta/login?login_hint=ann%40acme.com",
			Decline: "/invitations/T0ken/decline",
		},
		"code":            &web.Invitation{Frame: acme(), Email: "ann@private.example", Role: "viewer", Until: until, Form: web.Form{Action: "/invitations/T0ken/code"}, Decline: "/invitations/T0ken/decline"},
		"bare":            &web.Invitation{Email: "ann@private.example", Form: form, Decline: "/invitations/T0ken/decline"},
		"accept":          &web.Invitation{Frame: acme(), Email: "ann@acme.com", Inviter: "bea@acme.com", Role: "member", Form: form, As: "Ann Lee (ann@acme.com)", Decline: "/invitations/T0ken/decline"},
		"enter":           &web.InvitationCode{Frame: acme(), Form: form, Email: "ann@private.example", Again: "/invitations/T0ken"},
		"enter-before":    &web.InvitationCode{Frame: acme(), Form: form, Email: "ann@private.example", Before: true, Again: "/invitations/T0ken"},
		"enter-missing":   &web.InvitationCode{Frame: acme(), Form: form, Email: "ann@private.example", Problem: web.CodeMissing, Again: "/invitations/T0ken"},
		"enter-wrong":     &web.InvitationCode{Frame: acme(), Form: form, Email: "ann@private.example", Problem: web.CodeWrong, Again: "/invitations/T0ken"},
		"decline":         &web.InvitationDecline{Frame: acme(), Form: form, Stay: "/invitations/T0ken"},
		"account":         &web.InvitationAccount{Frame: acme(), Form: form, Email: "ann@private.example", Got: "ann@acme.com", Stay: "/welcome"},
		"account-unnamed": &web.InvitationAccount{Frame: acme(), Form: form, Email: "ann@private.example", Stay: "/welcome"},
		"asked":           &web.InvitationAsked{Frame: acme(), Continue: "https://atlas.example/"},
	}
	for _, over := range []web.Over{web.OverExpired, web.OverReplaced, web.OverAccepted, web.OverDeclined, web.OverCancelled, web.OverUnapproved, web.OverUnknown} {
		out["over-"+string(over)] = &web.InvitationOver{Frame: acme(), Over: over, Again: "/login"}
	}
	return out
}

func TestInvitationsSayWhoInvitesWhomToWhat(t *testing.T) {
	for name, want := range map[string][]string{
		"provider":        {"bea@acme.com invites ann@acme.com to join Acme Inc. on Atlas.", ">Continue with Acme staff</a>", "31 January 2027, 18:00 UTC", "<p>Hi Ann,\nwe start on Monday.</p>\n<p>See you, Bea</p>"},
		"code":            {"Acme Inc. invites ann@private.example to Atlas.", ">Mail me a code</button>", `action="/invitations/T0ken/code"`},
		"accept":          {">Accept as Ann Lee (ann@acme.com)</button>"},
		"account":         {"It is for ann@private.example, and you are signed in as ann@acme.com.", `name="do" value="switch"`, `name="do" value="address"`},
		"over-expired":    {"Ask whoever invited you for a new one", ">Write to IT Service Desk</a>"},
		"over-accepted":   {">Sign in</a>"},
		"over-cancelled":  {"This invitation was taken back"},
		"over-unapproved": {"This invitation is being looked at again", "You will get a new email"},
	} {
		got := body(t, invitations()[name])
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%s does not say %q", name, text)
			}
		}
	}
}

func TestAnInvitationIsPlainText(t *testing.T) {
	const evil = `<script>alert(1)</script>`
	page := &web.Invitation{
		Frame: acme(), Email: evil, Inviter: evil, Role: evil, Department: evil, Message: evil + "\n\n<b>x</b>", As: evil,
		Form: web.Form{Action: "/x"}, Decline: "/y",
	}
	got := body(t, page)
	if strings.Contains(got, "<script") || strings.Contains(got, "<b>") {
		t.Errorf("markup of the inviter's is shown:\n%s", got)
	}
}

func TestAnInvitationThatEndsInNoKnownWayIsAnError(t *testing.T) {
	for name, page := range map[string]web.Page{
		"no known end":        &web.InvitationOver{Frame: acme(), Over: "whim", Again: "/login"},
		"without a reference": &web.InvitationOver{Over: web.OverExpired, Again: "/login"},
		"a form to elsewhere": &web.Invitation{Form: web.Form{Action: "https://evil.example/"}, Decline: "/y"},
	} {
		if err := web.New(nil).Render(httptest.NewRecorder(), 200, page); err == nil {
			t.Errorf("%s: shown", name)
		}
	}
}
