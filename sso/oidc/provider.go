package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	jose "github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/identity"
)

// Provider is the far end of one connection. It is safe for use by several goroutines, and keeps nothing but copies of the
// provider's own documents.
type Provider struct {
	settings   Settings
	kind       kind
	claims     names
	algorithms []jose.SignatureAlgorithm
	now        func() time.Time

	follow *http.Client // for the provider's documents: follows a few redirects
	direct *http.Client // for what carries a secret or a token: follows none

	metadata *cache[*metadata]
	keys     *cache[*keys]
}

// New returns the provider of a connection, or everything that is wrong with the settings, each a *directory.Error with
// the field it concerns. Nothing is fetched yet. The client decides where connections may lead (httpx.Outbound); now is
// time.Now when nil.
func New(settings Settings, client *http.Client, now func() time.Time) (*Provider, error) {
	if client == nil {
		return nil, errors.New("oidc: no HTTP client")
	}
	if now == nil {
		now = time.Now
	}
	s, err := settings.complete()
	if err != nil {
		return nil, err
	}
	peculiar, _ := s.Kind.peculiar()
	p := &Provider{settings: s, kind: peculiar, claims: peculiar.claims.with(s.Claims), now: now}
	for _, alg := range s.Algorithms {
		p.algorithms = append(p.algorithms, jose.SignatureAlgorithm(alg))
	}
	p.follow, p.direct = clients(client, s.AllowHTTP)
	p.metadata = newCache(now, p.discover)
	p.keys = newCache(now, p.fetchKeys)
	return p, nil
}

// Refresh reads the provider's configuration and keys anew. The last good ones stay in use when it fails. Called on a
// schedule, it keeps sign-ins from waiting for these documents; without it they are read when they are needed.
func (p *Provider) Refresh(ctx context.Context) error {
	if _, err := p.metadata.renew(ctx, always); err != nil {
		return err
	}
	if err := p.metadata.last(); err != nil {
		return err
	}
	if _, err := p.keys.renew(ctx, always); err != nil {
		return err
	}
	return p.keys.last()
}

// Ready reports whether a sign-in has the provider's configuration and keys: new ones, or the last good ones for as long as
// they may stand in for those.
func (p *Provider) Ready() bool { return p.metadata.ready() && p.keys.ready() }

// clients makes the two clients of a provider from the one that was given.
func clients(client *http.Client, allowHTTP bool) (follow, direct *http.Client) {
	f, d := *client, *client
	f.Jar, d.Jar = nil, nil
	f.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 {
			return errors.New("more than three redirects")
		}
		return webAddress(r.URL.String(), allowHTTP)
	}
	d.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &f, &d
}

// verifier returns go-oidc's verifier over our keys, for one token.
func (p *Provider) verifier(set gooidc.KeySet) *gooidc.IDTokenVerifier {
	return gooidc.NewVerifier(p.settings.Issuer, set, &gooidc.Config{
		ClientID:             p.settings.ClientID,
		SupportedSigningAlgs: p.settings.Algorithms,
		// Expiry is judged with the skew; what lies in the future we look at ourselves.
		Now: func() time.Time { return p.now().Add(-p.settings.Skew) },
	})
}

// known returns the provider's configuration, or the refusal of whoever needs it.
func (p *Provider) known(ctx context.Context) (*metadata, *identity.Refusal) {
	m, err := p.metadata.get(ctx)
	if err != nil {
		return nil, unavailable(err, "the provider's configuration could not be read")
	}
	return m, nil
}

// LogoutURL returns where to send a browser to sign the person out at the provider too (OpenID Connect RP-Initiated Logout
// 1.0), and "" when the provider has no such place. The provider sends the browser back to returnTo, which it must know,
// with the state.
func (p *Provider) LogoutURL(ctx context.Context, idToken, returnTo, state string) string {
	m, refusal := p.known(ctx)
	if refusal != nil || m.EndSession == "" {
		return ""
	}
	u, err := url.Parse(m.EndSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.settings.ClientID)
	for name, value := range map[string]string{"id_token_hint": idToken, "post_logout_redirect_uri": returnTo, "state": state} {
		if value != "" {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
