package provision_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// globex is the policy of another organization, whose provider signs its people in.
const globex = `
organization: {id: other, name: Globex}
domains: [{domain: globex.com}]
connections: [{id: globex-okta, provider: okta, authority: [globex.com], saml: {metadata_url: "https://idp.example/globex"}}]
roles: [{name: viewer}]
`

// besideGlobex is Acme with a member of globex.com who joined by a code, and somebody of globex.com who is invited, before
// Globex is here.
func besideGlobex(t *testing.T) (w *inviteWorld, member *provision.LoginResult, invited [32]byte) {
	t.Helper()
	w = newInviteWorld(t, byProvider)
	w.engine.Declared = func(domain string) string {
		return map[string]string{"acme.com": "acme", "globex.com": "other"}[domain]
	}
	w.engine.Verified = w.engine.OwnsDomain
	member = w.joined("ceo@globex.com")
	w.setPassword(member, "battery staple")
	_, invited = w.outsider("cfo@globex.com")
	w.mailed()
	return w, member, invited
}

func TestWhoseCompanyIsHereSignsInByItsProvider(t *testing.T) {
	w, ceo, link := besideGlobex(t)
	w.besideAcme(globex)
	if w.signedIn(ceo) {
		t.Error("the session by code goes on")
	}
	w.askCode("ceo@globex.com")
	if n := len(w.mailed()); n != 0 {
		t.Errorf("%d codes are mailed", n)
	}
	r, _, err := w.enterPassword("ceo@globex.com", "battery staple")
	w.must(err)
	if r.In() || r.Code != provision.LoginElsewhere {
		t.Errorf("by the password let in as %+v", r)
	}
	line, err := w.engine.Refusal(t.Context(), w.org, r.Reference)
	w.must(err)
	if text := strings.Join(line.Notes, " "); !strings.Contains(text, "another organization") || strings.Contains(text, "globex") {
		t.Errorf("Acme is told %q", text)
	}
	if found, err := w.engine.FollowLink(t.Context(), link, nil); err != nil || found.Provider != "globex-okta" {
		t.Errorf("the link leads to %+v, %v", found, err)
	}
	w.wantKind(w.askInviteCode(link, "laptop", "192.0.2.1/32"), directory.Forbidden, "Your company")
	_, err = w.enterInviteCode(link, "00000000", "laptop")
	w.wantKind(err, directory.Forbidden, "Your company")
	invite := w.invite(provision.Invite{Email: "coo@globex.com", Role: "viewer"})
	if invite.Code != provision.InviteRefused || !strings.Contains(invite.Problem.Message, "another organization") {
		t.Errorf("invited anew: %+v", invite)
	}
}

// A domain that is not theirs gives no organization a say, and neither does one whose people nobody signs in.
func TestAnotherOrganizationKeepsNobodyOutByClaimingADomain(t *testing.T) {
	for name, policy := range map[string]string{
		"not its own":        strings.Replace(globex, "authority: [globex.com], ", "", 1),
		"signs nobody in":    strings.Replace(globex, `, saml: {metadata_url: "https://idp.example/globex"}`, "", 1),
		"observes only":      strings.Replace(globex, "provider: okta,", "provider: okta, state: observe,", 1),
		"does not say of it": strings.NewReplacer("domains: [{domain: globex.com}]", "domains: [{domain: other.example}]", "authority: [globex.com], ", "").Replace(globex),
	} {
		t.Run(name, func(t *testing.T) {
			w, ceo, link := besideGlobex(t)
			if name == "not its own" {
				w.engine.Declared = func(string) string { return "" }
			}
			w.besideAcme(policy)
			if !w.signedIn(ceo) {
				t.Error("the session by code has ended")
			}
			r, _, err := w.enterPassword("ceo@globex.com", "battery staple")
			w.must(err)
			if !r.In() {
				t.Errorf("refused as %s", r.Code)
			}
			w.must(w.askInviteCode(link, "laptop", "192.0.2.1/32"))
		})
	}
}

// Whom Acme's own directory has, Acme's provider signs in, whatever their address.
func TestWhomTheDirectoryHasSignsInByItsConnectionAlthoughTheirCompanyIsHere(t *testing.T) {
	w, _, _ := besideGlobex(t)
	w.besideAcme(globex)
	w.activate(strings.Replace(byProvider, "provider: okta,", "provider: okta, provisioning: invite,", 1))
	w.create("okta", "cto", attrs{"userName": "cto@globex.com", "externalId": "cto", "displayName": "CTO", "active": true})
	w.group("okta", "Partners", "cto")
	found, err := w.engine.FollowLink(t.Context(), w.link(), nil)
	w.must(err)
	if found.Provider != "okta" {
		t.Errorf("the link leads to %+v", found)
	}
}
