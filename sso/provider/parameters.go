package provider

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// parameters lists the names of what the endpoints read.
func parameters() []string {
	return []string{
		"acr_values", "client_assertion", "client_assertion_type", "client_id", "client_secret", "code", "code_challenge", "code_challenge_method",
		"code_verifier", "connection", "display", "grant_type", "id_token_hint", "login_hint", "logout_hint", "max_age", "nonce", "organization",
		"post_logout_redirect_uri", "prompt", "redirect_uri", "request", "request_uri", "response_mode", "response_type", "scope", "state", "token",
		"token_type_hint", "ui_locales",
	}
}

// once refuses a parameter that is there twice (RFC 6749, sections 3.1 and 3.2), also by a name that differs in case: the
// decoder takes one for the other, so that what was checked would not be what counts.
func once(form url.Values) *oidc.Error {
	known := parameters()
	for name, values := range form {
		if len(values) > 1 {
			return oidc.ErrInvalidRequest().WithDescription("a parameter is there twice: %s", short(name))
		}
		if slices.Contains(known, name) {
			continue
		}
		if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) }); i >= 0 {
			return oidc.ErrInvalidRequest().WithDescription("a parameter is not written as %s", known[i])
		}
	}
	return nil
}

// posted reads a form of which nothing may be in the address, where logs would keep it.
func posted(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, formBytes)
	if err := r.ParseForm(); err != nil {
		return oidc.ErrInvalidRequest().WithDescription("the form cannot be read").WithParent(err)
	}
	r.Form = r.PostForm
	if refused := once(r.PostForm); refused != nil {
		return refused
	}
	return nil
}
