package provider

import (
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/mixus/usher/config"
)

// Limits of a request, and the form of a code_challenge by S256 (RFC 7636, section 4.2).
const (
	formBytes  = 16 << 10
	longestAsk = 512 // of state and nonce
)

var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// authorize is the authorization endpoint (OpenID Connect Core 1.0, section 3.1.2). It checks a request and seals it; nothing
// is written. As long as it is not sure that the redirect URI is the client's, the person gets a page.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, formBytes)
	if err := r.ParseForm(); err != nil || len(r.URL.RawQuery) > formBytes {
		return oidc.ErrInvalidRequest().WithDescription("the request cannot be read").WithParent(err)
	}
	client, to := p.client(r.Form.Get("client_id")), r.Form.Get("redirect_uri")
	switch {
	case len(r.Form["client_id"]) > 1 || len(r.Form["redirect_uri"]) > 1:
		return oidc.ErrInvalidRequest().WithDescription("client_id or redirect_uri is there twice")
	case client == nil:
		return oidc.ErrInvalidRequest().WithDescription("unknown client_id")
	case !slices.Contains(client.RedirectURIs, to):
		return oidc.ErrInvalidRequest().WithDescription("redirect_uri is not one of the client %s", client.ID)
	}
	req, refused := p.checked(r, client)
	if refused != nil {
		return p.back(w, r, to, r.Form.Get("state"), refused)
	}
	ring, err := p.ring().get(r.Context())
	if err != nil {
		return err
	}
	id, err := seal(ring.Seal, req)
	if err != nil {
		return err
	}
	if len(callbackPath(id)) > longestPath {
		return p.back(w, r, to, r.Form.Get("state"), oidc.ErrInvalidRequest().WithDescription("the request is too long: shorten state"))
	}
	private(w)
	http.Redirect(w, r, callbackPath(id), http.StatusSeeOther)
	return nil
}

func callbackPath(id string) string { return CallbackPath + "?id=" + id }

// checked returns a request that is in order, or what the client is told.
func (p *Provider) checked(r *http.Request, client *config.Client) (*request, *oidc.Error) {
	if refused := once(r.Form); refused != nil {
		return nil, refused
	}
	if r.Form.Has("request") {
		return nil, oidc.ErrRequestNotSupported().WithDescription("send the parameters themselves")
	}
	if r.Form.Has("request_uri") { // RFC 9101, section 6
		return nil, &oidc.Error{ErrorType: "request_uri_not_supported", Description: "send the parameters themselves"}
	}
	asked, err := op.ParseAuthorizeRequest(r, p.decoder)
	if err != nil {
		return nil, oidc.ErrInvalidRequest().WithDescription("a parameter cannot be read").WithParent(err)
	}
	if refused := plain(asked); refused != nil {
		return nil, refused
	}
	now := p.now()
	req := &request{
		Client: client.ID, RedirectURI: asked.RedirectURI, Scopes: slices.DeleteFunc(asked.Scopes, func(s string) bool { return !slices.Contains(scopes(), s) }),
		State: asked.State, Nonce: asked.Nonce, Challenge: asked.CodeChallenge, At: now, Silent: slices.Contains(asked.Prompt, oidc.PromptNone),
		LoginHint: asked.LoginHint, Org: r.Form.Get("organization"), Connection: r.Form.Get("connection"),
	}
	maxAge, err := op.ValidateAuthReqPrompt(asked.Prompt, asked.MaxAge)
	if err != nil {
		return nil, oidc.ErrInvalidRequest().WithDescription("prompt=none stands by itself")
	}
	switch {
	case slices.Contains(asked.Prompt, oidc.PromptSelectAccount), maxAge != nil && *maxAge == 0: // prompt=login makes it 0
		req.Fresh = true
	case maxAge != nil:
		req.After = now.Add(-time.Duration(min(*maxAge, mostAge)) * time.Second)
	}
	if asked.IDTokenHint != "" {
		hint, err := p.hinted(r.Context(), asked.IDTokenHint)
		if err != nil {
			return nil, oidc.ErrInvalidRequest().WithDescription("id_token_hint is not an ID token of this provider").WithParent(err)
		}
		req.Subject = hint.Subject
	}
	return req, nil
}

// mostAge is more seconds than any session lasts.
const mostAge = 10 * 365 * 24 * 3600

// plain checks what can be said of a request by itself.
func plain(asked *oidc.AuthRequest) *oidc.Error {
	switch {
	case asked.ResponseType != oidc.ResponseTypeCode:
		return &oidc.Error{ErrorType: "unsupported_response_type", Description: "response_type has to be code"}
	case asked.ResponseMode != "" && asked.ResponseMode != oidc.ResponseModeQuery:
		return oidc.ErrInvalidRequest().WithDescription("response_mode has to be query")
	case !slices.Contains(asked.Scopes, oidc.ScopeOpenID):
		return oidc.ErrInvalidScope().WithDescription("scope has to name openid")
	case asked.CodeChallenge == "":
		return oidc.ErrInvalidRequest().WithDescription("code_challenge is missing: every client uses PKCE")
	case asked.CodeChallengeMethod != oidc.CodeChallengeMethodS256 || !challengeForm.MatchString(asked.CodeChallenge):
		return oidc.ErrInvalidRequest().WithDescription("code_challenge_method has to be S256, and code_challenge its 43 characters")
	case len(asked.State) > longestAsk || len(asked.Nonce) > longestAsk:
		return oidc.ErrInvalidRequest().WithDescription("state and nonce may have %d characters", longestAsk)
	}
	return nil
}

// response is what goes back to a client (RFC 6749, sections 4.1.2 and 4.1.2.1), with the issuer (RFC 9207).
type response struct {
	Code        string `schema:"code,omitempty"`
	Error       string `schema:"error,omitempty"`
	Description string `schema:"error_description,omitempty"`
	State       string `schema:"state,omitempty"`
	Issuer      string `schema:"iss"`
}

// back leads the browser back to its application with an error.
func (p *Provider) back(w http.ResponseWriter, r *http.Request, to, state string, refused *oidc.Error) error {
	return p.respond(w, r, to, &response{Error: string(refused.ErrorType), Description: refused.Description, State: state})
}

// respond leads the browser back to its application, to a redirect URI that was checked.
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, to string, say *response) error {
	say.Issuer = p.Issuer
	address, err := op.AuthResponseURL(to, oidc.ResponseTypeCode, oidc.ResponseModeQuery, say, oidc.NewEncoder())
	if err != nil {
		return err
	}
	private(w)
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}
