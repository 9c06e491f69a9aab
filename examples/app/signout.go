package main

import (
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// signOut signs a person out here, and leads them to the provider, which does the same and sends them back (OpenID Connect
// RP-Initiated Logout 1.0).
func (a *App) signOut(w http.ResponseWriter, r *http.Request) {
	id := cookie(r, sessionCookie)
	v := a.sessions.get(id)
	a.sessions.end(id)
	setCookie(w, sessionCookie, "")
	provider, err := a.issuer(r.Context())
	var said struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err == nil {
		err = provider.Claims(&said)
	}
	if err != nil || v == nil || said.EndSession == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	query := url.Values{"id_token_hint": {v.idToken}, "post_logout_redirect_uri": {a.URL + "/"}}
	http.Redirect(w, r, said.EndSession+"?"+query.Encode(), http.StatusSeeOther)
}

// oldest is how old a logout token may be.
const oldest = 5 * time.Minute

// backChannelLogout takes the provider's word that a session has ended (OpenID Connect Back-Channel Logout 1.0, section
// 2.6). A token that comes a second time changes nothing, and is answered like the first: it may be the provider that tries
// again because it did not hear the answer.
func (a *App) backChannelLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	ctx := a.outbound(r.Context())
	provider, err := a.issuer(ctx)
	if err != nil {
		a.Log.WarnContext(ctx, "a logout token cannot be checked yet", "err", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: a.Client}).VerifyLogout(ctx, r.PostFormValue("logout_token"))
	if err != nil || token.TokenID == "" || time.Since(token.IssuedAt).Abs() > oldest {
		a.Log.WarnContext(ctx, "a logout token was refused", "err", err)
		http.Error(w, "the logout token is not valid", http.StatusBadRequest)
		return
	}
	if a.sessions.endOf(token.TokenID, token.Subject, token.SessionID) {
		a.Log.InfoContext(ctx, "the provider ended a session", "sub", token.Subject, "sid", token.SessionID)
	}
}
