package oidc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/mixus/usher/sso/identity"
)

// tokens are what the token endpoint gives. They are secrets.
type tokens struct{ id, access string }

// exchange gives the code back to the provider, with the proof that we are the ones who asked for it (RFC 7636).
func (p *Provider) exchange(ctx context.Context, m *metadata, code, verifier string) (tokens, *identity.Refusal) {
	config := oauth2.Config{
		ClientID: p.settings.ClientID, RedirectURL: p.settings.RedirectURI,
		Endpoint: oauth2.Endpoint{TokenURL: m.Token},
	}
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
	proof, refusal := p.authenticate(m, &config)
	if refusal != nil {
		return tokens{}, refusal
	}
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	token, err := config.Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.direct), code, append(options, proof...)...)
	if err != nil {
		return tokens{}, failed(err)
	}
	if !strings.EqualFold(token.Type(), "Bearer") {
		return tokens{}, refuse(identity.Invalid, nil, "the provider gave an access token of type %q, which is not bearer", clip(token.Type()))
	}
	id, _ := token.Extra("id_token").(string)
	if id == "" {
		return tokens{}, refuse(identity.Misset, nil, "the provider gave no ID token; allow the scope openid for this application")
	}
	return tokens{id: id, access: token.AccessToken}, nil
}

// authenticate chooses how we prove who we are. The provider's own list decides between the two ways of sending a secret:
// to try both would send the code twice, and a code that is sent twice is taken for stolen.
func (p *Provider) authenticate(m *metadata, config *oauth2.Config) ([]oauth2.AuthCodeOption, *identity.Refusal) {
	config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	offered := m.Authentication
	if p.settings.Key != nil {
		audience := p.settings.Issuer
		if p.kind.assertTo == toTokenEndpoint {
			audience = m.Token
		}
		assertion, err := p.settings.Key.assertion(p.settings.ClientID, audience, p.now())
		if err != nil {
			return nil, refuse(identity.Misset, err, "the client's private key does not sign")
		}
		return []oauth2.AuthCodeOption{
			oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
			oauth2.SetAuthURLParam("client_assertion", assertion),
		}, nil
	}
	config.ClientSecret = p.settings.ClientSecret
	switch {
	case len(offered) == 0, slices.Contains(offered, "client_secret_basic"): // the default, Discovery 1.0, section 3
		config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	case !slices.Contains(offered, "client_secret_post"):
		return nil, refuse(identity.Misset, nil, "the provider takes no client secrets (it offers %s); set a private key", clip(strings.Join(offered, ", ")))
	}
	return nil, nil
}

// failed makes a refusal of a token endpoint's error. The answer's body stays out of it: it may hold tokens.
func failed(err error) *identity.Refusal {
	var answered *oauth2.RetrieveError
	switch {
	case !errors.As(err, &answered):
		return unavailable(err, "the provider's token endpoint did not answer as it should")
	case answered.ErrorCode != "":
		return told(answered.ErrorCode, answered.ErrorDescription)
	}
	return refuse(identity.Unavailable, fmt.Errorf("token endpoint: %s", answered.Response.Status),
		"the provider's token endpoint answered %s", clip(answered.Response.Status))
}
