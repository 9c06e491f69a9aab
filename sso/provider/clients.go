package provider

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/mixus/usher/config"
)

// client returns the application of an id, nil when there is none.
func (p *Provider) client(id string) *config.Client {
	clients := p.Clients()
	i := slices.IndexFunc(clients, func(c config.Client) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &clients[i]
}

// authenticate returns the application that a request to the token or revocation endpoint comes from (RFC 6749, section
// 2.3). The answer to a wrong secret is that to an unknown client.
func (p *Provider) authenticate(id, secret string) (*config.Client, error) {
	refused := oidc.ErrInvalidClient().WithDescription("unknown client, or wrong client_secret")
	c := p.client(id)
	switch {
	case c == nil:
		return nil, refused
	case c.Public() && secret == "":
		return c, nil
	case c.Public():
		return nil, oidc.ErrInvalidClient().WithDescription("this client is a public one, and has no client_secret")
	}
	want, err := p.Secret(c)
	if err != nil {
		return nil, err
	}
	a, b := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(want.Reveal()))
	if subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
		return nil, refused
	}
	return c, nil
}
