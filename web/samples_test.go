package web_test

import (
	"maps"

	"github.com/mixus/usher/web"
)

// acme is a frame in which everything is known.
func acme() web.Frame {
	return web.Frame{
		Application: "Atlas",
		Organization: web.Organization{
			Name: "Acme Inc.", Logo: "/logos/acme.svg",
			Support: web.Support{Name: "IT Service Desk", Email: "it@acme.com", URL: "https://help.acme.com/sso"},
		},
		Reference: "K7QM-2F9D",
	}
}

// samples are all pages, each in the forms that differ, by the names of their golden files.
func samples() map[string]web.Page {
	form := web.Form{Action: "/login", Hidden: []web.Field{{Name: "return", Value: "/authorize?id=7&x=1"}}}
	choices := []web.Choice{
		{Value: "acme-google", Label: "Acme contractors"},
		{Value: "acme-okta", Label: "Acme staff", Last: true},
	}
	message := []web.Field{{Name: "SAMLRequest", Value: "PHNhbWxwOkF1dGhuUmVxdWVzdA=="}, {Name: "RelayState", Value: "r-1"}}
	out := map[string]web.Page{
		"login":               &web.Login{Frame: web.Frame{Application: "Atlas"}, Form: form},
		"login-bare":          &web.Login{Form: form},
		"login-own":           &web.Login{Frame: web.Frame{Application: "Atlas"}, Form: form, Other: "/login/password"},
		"login-hint":          &web.Login{Frame: acme(), Form: form, Email: "ann@acme.com"},
		"login-missing":       &web.Login{Frame: web.Frame{Application: "Atlas"}, Form: form, Problem: web.EmailMissing},
		"login-invalid":       &web.Login{Frame: web.Frame{Application: "Atlas"}, Form: form, Email: "ann", Problem: web.EmailInvalid},
		"connections":         &web.ConnectionChoice{Frame: acme(), Form: form, Connections: choices, Other: "/login"},
		"organizations":       &web.OrganizationChoice{Frame: web.Frame{Application: "Atlas"}, Form: form, Organizations: []web.Choice{{Value: "acme", Label: "Acme Inc."}, {Value: "globex", Label: "Globex Corporation"}}, Other: "/login"},
		"unknown":             &web.UnknownAddress{Frame: web.Frame{Application: "Atlas", Reference: "K7QM-2F9D"}, Email: "ann@acme.co", Again: "/login", Code: "/login/code"},
		"post":                &web.PostToProvider{Frame: acme(), Provider: "Okta", Action: "https://acme.okta.com/app/sso/saml?x=1&y=2", Fields: message},
		"post-logout":         &web.PostToProvider{Frame: acme(), Action: "https://acme.okta.com/app/slo/saml", Fields: message, Leaving: true},
		"welcome":             &web.Welcome{Frame: acme(), Name: "Ann", Role: "member", Department: "engineering", Teams: []string{"platform", "search"}, Continue: "https://atlas.example/callback?code=1&state=2"},
		"welcome-bare":        &web.Welcome{Continue: "/continue"},
		"terms":               &web.Terms{Frame: acme(), Form: form, Version: "2026-10", Text: "1. Be kind.\n\n2. What you put in stays yours.\r\n\r\n3. These terms may change. We ask you again when they do.", Decline: "/logout"},
		"terms-changed":       &web.Terms{Frame: acme(), Form: form, Version: "2026-11", Changed: true, URL: "https://acme.com/terms", Decline: "/logout"},
		"code-request":        &web.CodeRequest{Frame: acme(), Form: form, Back: "/login"},
		"code-request-wrong":  &web.CodeRequest{Frame: acme(), Form: form, Problem: web.EmailInvalid, Email: "root", Back: "/login"},
		"code-entry":          &web.CodeEntry{Frame: acme(), Form: form, Email: "root@acme.com", Again: "/login/code"},
		"code-entry-before":   &web.CodeEntry{Frame: acme(), Form: form, Email: "root@acme.com", Before: true, Again: "/login/code"},
		"code-entry-missing":  &web.CodeEntry{Frame: acme(), Form: form, Problem: web.CodeMissing, Again: "/login/code"},
		"code-entry-wrong":    &web.CodeEntry{Frame: acme(), Form: form, Email: "root@acme.com", Problem: web.CodeWrong, Again: "/login/code"},
		"sign-out":            &web.SignOut{Frame: acme(), Form: form, Email: "ann@acme.com", Stay: "https://atlas.example/"},
		"sign-out-bare":       &web.SignOut{Form: form, Stay: "/"},
		"signed-out":          &web.SignedOut{Frame: acme(), Again: "/login"},
		"signed-out-here":     &web.SignedOut{Frame: acme(), Provider: "Okta", Again: "/login"},
		"wrong-account-known": &web.Refusal{Frame: acme(), Why: web.WrongAccount, Provider: "Okta", Asked: "ann@acme.com", Got: "ann.lee@acme.com", Again: "/login"},
		"suspended-no-support": &web.Refusal{
			Frame: web.Frame{Organization: web.Organization{Name: "Globex"}, Reference: "K7QM-2F9D"},
			Why:   web.Suspended, Provider: "Entra", Again: "/login",
		},
		"suspended-support-page": &web.Refusal{
			Frame: web.Frame{Organization: web.Organization{Name: "Globex", Support: web.Support{URL: "https://help.globex.example"}}, Reference: "K7QM-2F9D"},
			Why:   web.Suspended, Again: "/login",
		},
		"unavailable-bare": &web.Refusal{Frame: web.Frame{Reference: "K7QM-2F9D"}, Why: web.Unavailable, Again: "/login"},
	}
	for name, page := range own() {
		out["own-"+name] = page
	}
	for name, page := range invitations() {
		out["invitation-"+name] = page
	}
	maps.Copy(out, onboardingSamples())
	for _, why := range web.Reasons() {
		out["refused-"+string(why)] = &web.Refusal{Frame: acme(), Why: why, Provider: "Okta", Again: "/sso/acme-okta/login"}
	}
	return out
}
