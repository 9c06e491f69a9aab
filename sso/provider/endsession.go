package provider

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// endSession is the logout endpoint (OpenID Connect RP-Initiated Logout 1.0, section 2). With an ID token of this browser's
// session it signs the person out, and leads them back to an address that is registered exactly. Without one anybody could
// have made the link: the page that asks comes first.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil || len(r.URL.RawQuery) > formBytes {
		return oidc.ErrInvalidRequest().WithDescription("the request cannot be read").WithParent(err)
	}
	if refused := once(r.Form); refused != nil {
		return refused
	}
	asked, err := op.ParseEndSessionRequest(r, p.decoder)
	if err != nil {
		return oidc.ErrInvalidRequest().WithDescription("the request cannot be read").WithParent(err)
	}
	private(w)
	if asked.IdTokenHint == "" {
		return ask(w, r)
	}
	hint, err := p.hinted(r.Context(), asked.IdTokenHint)
	if err != nil {
		return err
	}
	if asked.ClientID != "" && asked.ClientID != hint.AuthorizedParty {
		return oidc.ErrInvalidRequest().WithDescription("client_id is not the client of id_token_hint")
	}
	then := p.afterwards(asked, hint.AuthorizedParty)
	in, err := p.present(r)
	switch {
	case err != nil:
		return err
	case in != nil && in.Session.ID().String() != hint.SessionID:
		return ask(w, r)
	case in == nil && then != "": // signed out already
		http.Redirect(w, r, then, http.StatusSeeOther)
		return nil
	}
	return p.SignOut(w, r, then)
}

func ask(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/logout", http.StatusSeeOther)
	return nil
}

// endSessionForm takes the same by POST, and goes on by GET: browsers send no cookie along with another site's form.
func (p *Provider) endSessionForm(w http.ResponseWriter, r *http.Request) error {
	if err := posted(w, r); err != nil {
		return err
	}
	private(w)
	http.Redirect(w, r, EndSessionPath+"?"+r.PostForm.Encode(), http.StatusSeeOther)
	return nil
}

// afterwards returns where a person goes who has signed out, "" where the client has not registered it.
func (p *Provider) afterwards(asked *oidc.EndSessionRequest, client string) string {
	c := p.client(client)
	if c == nil || !slices.Contains(c.PostLogoutRedirectURIs, asked.PostLogoutRedirectURI) {
		return ""
	}
	to, err := url.Parse(asked.PostLogoutRedirectURI)
	if err != nil {
		return ""
	}
	if asked.State != "" {
		query := to.Query()
		query.Set("state", asked.State)
		to.RawQuery = query.Encode()
	}
	return to.String()
}
