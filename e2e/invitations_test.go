package e2e_test

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/idps"
	"github.com/mixus/usher/outbox/mail/mailtest"
)

// inviting is a house that invites people by mail.
type inviting struct {
	*house
	server *mailtest.Server
	read   int // of the server's mails
}

// withMail gives a house a mail server, before it starts.
func (h *house) withMail() *inviting {
	h.t.Helper()
	server := (&mailtest.Server{}).Start(h.t)
	path := filepath.Join(h.dir, "usher.yaml")
	text, err := os.ReadFile(path)
	h.must(err)
	h.write("usher.yaml", fmt.Sprintf("%s\nmail: {smtp: \"smtp://%s\", from: Acme <usher@acme.com>}\n", text, server.Address))
	return &inviting{house: h, server: server}
}

// invitingFile is what the customer's file says beside the usual.
func invitingFile() acme {
	ends := time.Now().Add(30 * 24 * time.Hour).UTC().Format(time.DateOnly)
	return acme{more: `
guests: {max_role: member}
projects:
  - {name: alpha, members: {departments: [engineering]}, integrations: [figma], from: 2026-03-01, ends: ` + ends + `}
onboarding:
  steps:
    - {id: account, title: Set up your account, minutes: 2}
    - {id: profile, title: Complete your profile, minutes: 3}
  badge: {name: Ready for work}
mail: {resources: [{name: Guide, url: "https://acme.com/guide"}]}
terms: {version: "1", text: Be kind.}
`}
}

// invite invites somebody.
func (v *inviting) invite(one api.Invitee) api.Invited {
	v.t.Helper()
	var list api.InvitedList
	v.rest(http.MethodPost, "/organizations/acme/invitations", api.InviteBody{People: []api.Invitee{one}, Reason: "they start on Monday"}, &list)
	if len(list.Results) != 1 || list.Results[0].Invitation == nil {
		v.t.Fatalf("%s: %+v", one.Email, list)
	}
	return list.Results[0]
}

// mailTo waits for the next mail to somebody with these words, and returns its text.
func (v *inviting) mailTo(address string, words ...string) string {
	v.t.Helper()
	var found string
	v.eventually("a mail to "+address+" with "+strings.Join(words, ", "), func() bool {
		for mails := v.server.Mails(); v.read < len(mails); {
			m := mails[v.read]
			v.read++
			text := m.Message(v.t).Header.Get("Subject") + "\n" + v.plain(m)
			missing := func(word string) bool { return !strings.Contains(text, word) }
			if strings.EqualFold(m.To, address) && !slices.ContainsFunc(words, missing) {
				found = text
				return true
			}
		}
		return false
	})
	return found
}

var (
	linkForm = regexp.MustCompile(`http://localhost:\d+/invitations/[A-Za-z0-9_-]+`)
	codeForm = regexp.MustCompile(`\b\d{4} ?\d{4}\b`)
)

// link returns the link of an invitation's mail.
func (v *inviting) link(address string) string {
	v.t.Helper()
	found := linkForm.FindString(v.mailTo(address, "invite"))
	if found == "" {
		v.t.Fatal("the mail has no link")
	}
	return found
}

// code returns the code of a mail.
func (v *inviting) code(address string) string {
	v.t.Helper()
	found := codeForm.FindString(v.mailTo(address, "code"))
	if found == "" {
		v.t.Fatal("the mail has no code")
	}
	return found
}

// plain returns the first part of a mail, which is its text.
func (v *inviting) plain(m mailtest.Mail) string {
	v.t.Helper()
	message := m.Message(v.t)
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	v.must(err)
	part, err := multipart.NewReader(message.Body, params["boundary"]).NextPart()
	v.must(err)
	text, err := io.ReadAll(part)
	v.must(err)
	return string(text)
}

// mayUse asks as the application does whether somebody may use an integration.
func (v *inviting) mayUse(address, integration string) bool {
	v.t.Helper()
	var token api.NewToken
	v.rest(http.MethodPost, "/tokens", api.TokenRequest{Organization: "acme", Scopes: []string{api.ScopeAccessRead}, Name: "Atlas"}, &token)
	var answer struct{ Decision bool }
	v.json(http.DefaultClient, http.MethodPost, v.url+api.AccessPrefix+"/evaluation", token.Secret, "application/json", map[string]any{
		"subject": map[string]string{"type": "user", "id": address}, "action": map[string]string{"name": "use"},
		"resource": map[string]string{"type": "integration", "id": integration},
	}, &answer)
	return answer.Decision
}

// acceptsTerms is what a person does whose organization has terms.
func (b *tab) acceptsTerms() {
	b.t.Helper()
	b.sees("Be kind.")
	b.click("button.main")
}

// The whole life of an invitation to somebody of a company with a provider, from the mail to the end of a project.
func TestBrowserAcceptsAnInvitationByTheProvider(t *testing.T) {
	h := newHouse(t)
	v := h.withMail()
	h.withOpenID(idps.StartOIDCProvider, invitingFile())
	ann := idps.Ann()
	v.invite(api.Invitee{Email: ann.Email, FirstName: ann.Given, LastName: ann.Family, Role: "engineer", Department: "engineering", Message: "Welcome to our team!"})
	link := v.link(ann.Email)

	b := h.chromium()
	b.open(link)
	b.sees("You are invited to Acme Inc.", ann.Email, "engineer", "engineering", "Welcome to our team!", "Continue with Acme staff")
	b.picture("invitation")
	if m := h.member(ann.Email); m.Status != "invited" {
		t.Errorf("opening the link made her %s", m.Status)
	}
	b.click("a.main")
	b.provesTo(h.provider, ann)
	b.acceptsTerms()
	b.sees("Welcome, Ann Larsson", "engineer", "Getting started", "1 of 2 steps done")
	b.picture("welcome-onboarding")
	v.mailTo(ann.Email, "Hello Ann Larsson", "Your role is engineer", "Complete your profile (3 min)", "Guide: https://acme.com/guide")
	m := h.member(ann.Email)
	if m.Status != "active" || m.Role != "engineer" || m.Department != "engineering" {
		t.Errorf("she is %s, %s in %s", m.Status, m.Role, m.Department)
	}
	b.open(link)
	b.sees("Welcome, Ann Larsson")

	h.rest(http.MethodPost, "/organizations/acme/members/"+m.ID+"/onboarding/profile", map[string]any{}, nil)
	b.open(h.url + "/welcome")
	b.sees("All steps done.", "Ready for work")
	b.picture("welcome-badge")

	if !v.mayUse(ann.Email, "figma") {
		t.Error("she may not use the project's integration")
	}
	h.forward(31 * 24 * time.Hour)
	if v.mayUse(ann.Email, "figma") {
		t.Error("the project is over, and she may use its integration")
	}
}

// Somebody whose company has no provider accepts by a code, sets a password, and signs in with it.
func TestBrowserAcceptsAnInvitationByACodeAndSetsAPassword(t *testing.T) {
	h := newHouse(t)
	v := h.withMail()
	h.withOpenID(idps.StartOIDCProvider, invitingFile())
	const kit = "kit@partner.example"
	v.invite(api.Invitee{Email: kit, FirstName: "Kit", LastName: "Partner", Role: "member"})
	link := v.link(kit)

	b := h.chromium()
	b.open(link)
	b.sees("You are invited to Acme Inc.", "have a code mailed to "+kit)
	b.click("button.main")
	b.sees("Enter your code")
	b.picture("invitation-code")
	code := v.code(kit)
	stranger := h.chromium()
	stranger.open(link + "/code/enter")
	if strings.Contains(stranger.text(), "Enter your code") {
		t.Error("another browser may enter the code")
	}
	b.fill("#code", code)
	b.click("button.main")
	b.acceptsTerms()
	b.sees("How you sign in", "Set a password")
	b.picture("own-sign-in")
	b.fill(`input[name=password]`, "four words that nobody knows")
	b.click("button.main")
	b.sees("That is saved.")
	b.open(h.url + "/welcome")
	b.sees("Welcome, Kit Partner")
	if m := h.member(kit); m.Status != "active" || m.Role != "member" {
		t.Errorf("Kit is %s, %s", m.Status, m.Role)
	}

	again := h.chromium()
	again.open(h.url + "/login/password")
	again.fill(`input[name=email]`, kit)
	again.fill(`input[name=password]`, "four words that everybody knows")
	again.click("button.main")
	again.sees("There is a problem")
	again.fill(`input[name=email]`, kit)
	again.fill(`input[name=password]`, "four words that nobody knows")
	again.click("button.main")
	again.sees("Welcome, Kit Partner")
}

// Links that were taken back, have expired, or were replaced say so, and let nobody in.
func TestBrowserRefusesLinksThatAreOver(t *testing.T) {
	h := newHouse(t)
	v := h.withMail()
	h.withOpenID(idps.StartOIDCProvider, invitingFile())
	b := h.chromium()
	act := func(id, verb string) {
		t.Helper()
		h.rest(http.MethodPost, "/organizations/acme/invitations/"+id+"/"+verb, map[string]string{"reason": "it was a mistake"}, nil)
	}
	links := map[string]string{}
	for _, name := range []string{"cancelled", "expired", "resent"} {
		address := name + "@partner.example"
		made := v.invite(api.Invitee{Email: address, Role: "member"})
		links[name] = v.link(address)
		switch name {
		case "cancelled":
			act(made.Invitation.ID, "cancel")
		case "resent":
			act(made.Invitation.ID, "resend")
			links["newest"] = v.link(address)
		}
	}
	b.open(links["cancelled"])
	b.sees("This invitation was taken back")
	b.reference()
	b.picture("invitation-cancelled")
	b.open(links["resent"])
	b.sees("There is a newer link")
	b.open(links["newest"])
	b.sees("You are invited to Acme Inc.")
	h.forward(8 * 24 * time.Hour)
	for _, name := range []string{"expired", "newest"} {
		b.open(links[name])
		b.sees("This invitation has expired")
	}
	b.open(h.url + "/invitations/nobody")
	b.sees("This link leads to no invitation")
}
