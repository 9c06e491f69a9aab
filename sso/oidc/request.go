package oidc

import (
	"context"
	"crypto/rand"
	"net/url"
	"strconv"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/mixus/usher/sso/identity"
)

// Ask is what one sign-in wants of the provider.
type Ask struct {
	LoginHint string // the address that the person typed, if any
	Domain    string // its domain, for providers that choose their own page by it
	Fresh     bool   // whether the person must sign in again, although the provider knows the browser
}

// Request is what must be remembered until the browser comes back: bound to the browser and to the connection, used once.
// The verifier is a secret.
type Request struct {
	Connection string
	State      string
	Nonce      string
	Verifier   string
	Fresh      bool
	At         time.Time
}

// Request returns the address to send the browser to, and what to remember until it comes back.
func (p *Provider) Request(ctx context.Context, ask Ask) (string, *Request, *identity.Refusal) {
	if ask.Fresh && !p.kind.reauthenticates {
		return "", nil, refuse(identity.Misset, nil, "%s cannot be asked to have somebody sign in again", p.settings.Kind)
	}
	m, refusal := p.known(ctx)
	if refusal != nil {
		return "", nil, refusal
	}
	request := &Request{
		Connection: p.settings.Connection, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Fresh: ask.Fresh, At: p.now(),
	}
	config := oauth2.Config{
		ClientID: p.settings.ClientID, RedirectURL: p.settings.RedirectURI, Scopes: p.settings.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: m.Authorization},
	}
	options := []oauth2.AuthCodeOption{gooidc.Nonce(request.Nonce), oauth2.S256ChallengeOption(request.Verifier)}
	for name, values := range p.wishes(ask) {
		options = append(options, oauth2.SetAuthURLParam(name, values[0]))
	}
	return config.AuthCodeURL(request.State, options...), request, nil
}

// wishes are the optional parameters of a request (OpenID Connect Core 3.1.2.1, and the providers' own).
func (p *Provider) wishes(ask Ask) url.Values {
	wishes := url.Values{}
	if hint := ask.LoginHint; hint != "" && hint == clip(hint) {
		wishes.Set("login_hint", hint)
	}
	switch {
	case p.settings.HostedDomain != "":
		wishes.Set(p.kind.hint, p.settings.HostedDomain)
	case p.kind.hint != "" && ask.Domain != "":
		wishes.Set(p.kind.hint, ask.Domain)
	}
	if p.settings.Prompt != "" {
		wishes.Set("prompt", p.settings.Prompt)
	}
	if p.settings.MaxAge > 0 {
		wishes.Set("max_age", strconv.FormatInt(int64(p.settings.MaxAge.Seconds()), 10))
	}
	if ask.Fresh {
		wishes.Set("prompt", "login")
		wishes.Set("max_age", "0")
	}
	if len(p.settings.ACR) > 0 {
		wishes.Set("acr_values", strings.Join(p.settings.ACR, " "))
	}
	return wishes
}
