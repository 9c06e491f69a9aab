package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/sso/identity"
)

// metadata is what a provider publishes of itself (OpenID Connect Discovery 1.0, section 3; RFC 8414, section 2).
type metadata struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	UserInfo      string `json:"userinfo_endpoint"`
	Keys          string `json:"jwks_uri"`
	EndSession    string `json:"end_session_endpoint"`

	ResponseTypes  []string `json:"response_types_supported"`
	Challenges     []string `json:"code_challenge_methods_supported"`
	Algorithms     []string `json:"id_token_signing_alg_values_supported"`
	Authentication []string `json:"token_endpoint_auth_methods_supported"`
	Scopes         []string `json:"scopes_supported"`
	NamesItself    bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
	BackChannel    bool     `json:"backchannel_logout_supported"`

	ahead time.Duration // by how much the provider's clock is ahead of ours; 0 when it did not say
	timed bool
}

// discover reads the provider's configuration.
func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	address := strings.TrimSuffix(p.settings.Issuer, "/") + "/.well-known/openid-configuration"
	begun := p.now()
	a, err := fetch(ctx, p.follow, address, "")
	if err != nil {
		return nil, err
	}
	var m metadata
	if err := json.Unmarshal(a.body, &m); err != nil {
		return nil, badAnswer(err, "what %s answers is not a provider's configuration", address)
	}
	if m.Issuer != p.settings.Issuer {
		return nil, misset(p.mismatch(m.Issuer))
	}
	if err := m.check(p.settings.AllowHTTP); err != nil {
		return nil, err
	}
	if date, err := time.Parse(time.RFC1123, a.header.Get("Date")); err == nil {
		ended := p.now()
		m.timed, m.ahead = true, date.Sub(begun.Add(ended.Sub(begun)/2)).Round(time.Second)
	}
	return &m, nil
}

// mismatch says what to do about an issuer that calls itself something else: it is the name by which every token is
// judged, so that nearly the same is another one.
func (p *Provider) mismatch(theirs string) string {
	ours := p.settings.Issuer
	switch {
	case strings.TrimSuffix(ours, "/") == strings.TrimSuffix(theirs, "/"):
		return fmt.Sprintf("the provider calls itself %q and the settings say %q: they differ in the slash at the end; write the issuer as the provider does", theirs, ours)
	case strings.Contains(theirs, "{tenantid}"):
		return fmt.Sprintf("the issuer %q is the address of all tenants of Entra; write https://login.microsoftonline.com/TENANT-ID/v2.0", ours)
	case strings.HasPrefix(theirs, "https://sts.windows.net/"):
		return fmt.Sprintf("the issuer %q leads to version 1 of Entra's tokens; add /v2.0 to it", ours)
	}
	return fmt.Sprintf("the provider calls itself %q and the settings say %q; write the issuer as the provider does", clip(theirs), ours)
}

// check sees to it that what cannot be done without is there, and safe to go to.
func (m *metadata) check(allowHTTP bool) error {
	for _, endpoint := range []struct {
		name, address string
		needed        bool
	}{
		{"authorization_endpoint", m.Authorization, true},
		{"token_endpoint", m.Token, true},
		{"jwks_uri", m.Keys, true},
		{"userinfo_endpoint", m.UserInfo, false},
		{"end_session_endpoint", m.EndSession, false},
	} {
		if endpoint.address == "" && !endpoint.needed {
			continue
		}
		if err := webAddress(endpoint.address, allowHTTP); err != nil {
			return misset(fmt.Sprintf("the provider's %s %q %v", endpoint.name, clip(endpoint.address), err))
		}
	}
	if len(m.ResponseTypes) > 0 && !slices.Contains(m.ResponseTypes, "code") {
		return misset("the provider does not offer the code flow (response type code); allow it for this application")
	}
	// Entra supports S256 and does not say so; a provider that lists other methods only does not have it.
	if len(m.Challenges) > 0 && !slices.Contains(m.Challenges, "S256") {
		return misset("the provider does not offer PKCE with S256 (code_challenge_methods_supported), without which a stolen code is as good as a sign-in")
	}
	return nil
}

// misset makes the error of a provider and settings that do not fit.
func misset(reason string) error { return refuse(identity.Misset, nil, "%s", reason) }
