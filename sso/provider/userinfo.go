package provider

import (
	"net/http"
	"strings"

	"github.com/mixus/usher/directory"
)

// bearerError says that an access token is missing, or does not hold.
type bearerError struct{ sent bool }

// Error returns what is wrong.
func (e *bearerError) Error() string { return "the access token does not hold" }

// userinfo is the userinfo endpoint (OpenID Connect Core 1.0, section 5.3). What it says is read anew each time.
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) error {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return &bearerError{}
	}
	a, in, err := p.Engine.Authorized(r.Context(), token)
	if directory.KindOf(err) == directory.Unauthenticated || err == nil && p.client(a.Client) == nil {
		return &bearerError{sent: true}
	}
	if err != nil {
		return err
	}
	private(w)
	answer(w, http.StatusOK, claims(in, a.Scopes))
	return nil
}
