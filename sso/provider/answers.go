package provider

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/web"
)

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // nobody is left to tell
}

// private marks an answer that nobody may keep (RFC 6749, section 5.1).
func private(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}

// failure is what goes out to an application of an error.
type failure struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// public returns what an application may know of an error: what it did wrong, and nothing of what went wrong here.
func (p *Provider) public(r *http.Request, err error) (int, failure) {
	var protocol *oidc.Error
	if errors.As(err, &protocol) && protocol.ErrorType != oidc.ServerError {
		status := http.StatusBadRequest
		if protocol.ErrorType == oidc.InvalidClient {
			status = http.StatusUnauthorized
		}
		return status, failure{string(protocol.ErrorType), protocol.Description}
	}
	var bearer *bearerError
	switch {
	case errors.As(err, &bearer):
		return http.StatusUnauthorized, failure{"invalid_token", "the access token is unknown, expired, or its session has ended"}
	case directory.KindOf(err) == directory.Unavailable, r.Context().Err() != nil:
		p.Log.WarnContext(r.Context(), "an application is told to come back", "request_id", httpx.RequestID(r.Context()), "err", err)
		return http.StatusServiceUnavailable, failure{"temporarily_unavailable", "try again in a moment"}
	}
	p.Log.ErrorContext(r.Context(), "an application could not be answered", "request_id", httpx.RequestID(r.Context()), "err", err)
	return http.StatusInternalServerError, failure{"server_error", "the log of the server has more, under " + httpx.RequestID(r.Context())}
}

// refuseClient answers an application (RFC 6749, section 5.2; RFC 6750, section 3).
func (p *Provider) refuseClient(w http.ResponseWriter, r *http.Request, err error) {
	status, f := p.public(r, err)
	private(w)
	if status == http.StatusUnauthorized {
		scheme := `Basic realm="usher"`
		var bearer *bearerError
		if errors.As(err, &bearer) {
			scheme = `Bearer realm="usher"`
			if bearer.sent {
				scheme += `, error="invalid_token"`
			}
		}
		w.Header().Set("WWW-Authenticate", scheme)
	}
	answer(w, status, f)
}

// refusePerson answers a browser that cannot be led back to its application: with a page, and a reference into the log.
func (p *Provider) refusePerson(w http.ResponseWriter, r *http.Request, err error) {
	request := httpx.RequestID(r.Context())
	status, why := http.StatusInternalServerError, web.Broken
	var protocol *oidc.Error
	switch {
	case errors.As(err, &protocol):
		status, why = http.StatusBadRequest, web.Misconfigured
		p.Log.WarnContext(r.Context(), "an application asked for what it may not have", "request_id", request, "reason", protocol.Description)
	case directory.KindOf(err) == directory.NotFound:
		status, why = http.StatusBadRequest, web.Expired
	default:
		p.Log.ErrorContext(r.Context(), "somebody could not be led on to an application", "request_id", request, "err", err)
	}
	page := &web.Refusal{Frame: web.Frame{Reference: provision.LogReference(request)}, Why: why, Again: "/login"}
	if err := p.Pages.Render(w, status, page); err != nil {
		p.Log.ErrorContext(r.Context(), "a page could not be written", "request_id", request, "err", err)
		http.Error(w, "something is wrong inside the server; its log has more", http.StatusInternalServerError)
	}
}

// short returns a name that came from outside as it may be sent back (RFC 6749, section 4.1.2.1, allows no others).
func short(name string) string {
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, name)
	return name[:min(len(name), 40)]
}
