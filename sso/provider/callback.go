package provider

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/session"
)

// mostSent is how often a person is sent to sign in for one request. People come here once or twice; a browser that is sent
// in a circle comes back for good.
const mostSent = 5

// callback goes on with a request that authorize sealed, before and after its person has signed in.
func (p *Provider) callback(w http.ResponseWriter, r *http.Request) error {
	ring, err := p.ring().get(r.Context())
	if err != nil {
		return err
	}
	req, err := unseal(ring.Seal, r.URL.Query().Get("id"), p.now())
	if err != nil {
		return err
	}
	client := p.client(req.Client)
	if client == nil || !slices.Contains(client.RedirectURIs, req.RedirectURI) { // the file was changed meanwhile
		return oidc.ErrInvalidRequest().WithDescription("the client or its redirect_uri is there no more")
	}
	in, err := p.present(r)
	if err != nil {
		return err
	}
	switch {
	case in == nil:
		return p.login(w, r, ring.Seal, req, "nobody is signed in")
	case req.Org != "" && in.Organization != req.Org:
		return p.login(w, r, ring.Seal, req, "the person is signed in to another organization")
	case !req.recent(in.Session):
		return p.login(w, r, ring.Seal, req, "the person has not signed in anew")
	case req.Subject != "" && in.Member.ID.String() != req.Subject:
		return p.back(w, r, req.RedirectURI, req.State, oidc.ErrLoginRequired().WithDescription("somebody else is signed in"))
	}
	due, err := p.Engine.TermsDue(r.Context(), in.Session.Org, in.Member.ID)
	if err != nil {
		return err
	}
	if due != nil {
		return p.login(w, r, ring.Seal, req, "terms have to be accepted")
	}
	code := randomText()
	err = p.Engine.PutCode(r.Context(), code, &provision.Authorization{
		Session: in.Session.ID(), Client: client.ID, RedirectURI: req.RedirectURI, Challenge: req.Challenge, Nonce: req.Nonce, Scopes: req.Scopes,
	})
	if err != nil {
		return err
	}
	return p.respond(w, r, req.RedirectURI, &response{Code: code, State: req.State})
}

// recent reports whether a person signed in as recently as a request wants. What counts is when they showed their credentials
// to their provider, which may have been long before the session began (OpenID Connect Core 1.0, section 3.1.2.1); when nobody has said when, it was
// too long ago for any limit.
func (r *request) recent(in *directory.Session) bool {
	if in.Fresh && !in.Began.Before(r.At) {
		return true
	}
	return !r.Fresh && !in.SignedIn.Before(r.After)
}

// present returns who is signed in by this browser, nil for nobody. It is a use of the session.
func (p *Provider) present(r *http.Request) (*provision.SignedIn, error) {
	token := session.Token(r)
	if token == "" {
		return nil, nil
	}
	held, _, err := p.Engine.Session(r.Context(), token)
	if err == nil {
		var in *provision.SignedIn
		if in, err = p.Engine.SessionByID(r.Context(), held.ID()); err == nil {
			return in, nil
		}
	}
	if directory.KindOf(err) == directory.Unauthenticated {
		return nil, nil
	}
	return nil, err
}

// login sends a person to sign in, and tells the application instead when it wants no page to be shown, or when that leads
// nowhere.
func (p *Provider) login(w http.ResponseWriter, r *http.Request, key []byte, req *request, why string) error {
	if req.Silent || req.Sent >= mostSent {
		return p.back(w, r, req.RedirectURI, req.State, oidc.ErrLoginRequired().WithDescription("%s", why))
	}
	req.Sent++
	id, err := seal(key, req)
	if err != nil {
		return err
	}
	query := url.Values{"return": {callbackPath(id)}}
	for name, value := range map[string]string{"login_hint": req.LoginHint, "organization": req.Org, "connection": req.Connection} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if req.Fresh || !req.After.IsZero() {
		query.Set("fresh", "1")
	}
	private(w)
	http.Redirect(w, r, "/login?"+query.Encode(), http.StatusSeeOther)
	return nil
}

// randomText returns what nobody guesses: 256 bits.
func randomText() string {
	var raw [32]byte
	rand.Read(raw[:]) // never returns an error
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
