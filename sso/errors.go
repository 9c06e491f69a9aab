package sso

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/web"
)

// answerToKind is the table from an error's kind to its page.
func answerToKind(kind directory.Kind) refused {
	switch kind {
	case directory.Invalid:
		return refused{http.StatusBadRequest, web.Expired}
	case directory.NotFound:
		return refused{http.StatusNotFound, web.Misconfigured}
	case directory.Conflict:
		return refused{http.StatusConflict, web.Expired}
	case directory.Unauthenticated:
		return refused{http.StatusUnauthorized, web.Expired}
	case directory.Forbidden:
		return refused{http.StatusForbidden, web.Expired}
	case directory.Precondition:
		return refused{http.StatusPreconditionFailed, web.Expired}
	case directory.TooLarge:
		return refused{http.StatusRequestEntityTooLarge, web.Misconfigured}
	case directory.TooMany:
		return refused{http.StatusTooManyRequests, web.TooMany}
	case directory.Unavailable:
		return refused{http.StatusServiceUnavailable, web.Broken}
	case directory.Internal:
	}
	return refused{http.StatusInternalServerError, web.Broken}
}

// Render answers a request that failed with a page. The error itself is for the log.
func (s *Server) Render(w http.ResponseWriter, r *http.Request, err error) {
	kind, request := directory.KindOf(err), httpx.RequestID(r.Context())
	answer := answerToKind(kind)
	if kind == directory.Internal {
		s.Log.ErrorContext(r.Context(), "a page failed", "err", err, "request_id", request)
	} else {
		s.Log.InfoContext(r.Context(), "a page was refused", "err", err, "request_id", request)
	}
	page := &web.Refusal{Frame: s.frame(nil, provision.LogReference(request)), Why: answer.why, Again: loginPath}
	if wrong := s.Pages.Render(w, answer.status, page); wrong != nil {
		s.Log.ErrorContext(r.Context(), "the page about a failure failed", "err", wrong, "request_id", request)
		http.Error(w, "Something went wrong on our side.", http.StatusInternalServerError)
	}
}

// asPublic reports whether an error has a sentence that anybody may read.
func asPublic(err error, public **directory.Error) bool {
	return errors.As(err, public) && (*public).Kind != directory.Internal
}

// publicText is what anybody may read of an error.
func publicText(err error) string {
	var public *directory.Error
	if asPublic(err, &public) {
		return public.Message
	}
	return "Something is wrong on our side."
}

// form reads a form of up to most bytes.
func (s *Server) form(w http.ResponseWriter, r *http.Request, most int64) error {
	r.Body = http.MaxBytesReader(w, r.Body, most)
	err := r.ParseForm()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return directory.Errorf(directory.TooLarge, "The form is longer than %d bytes.", most)
	case err != nil:
		return &directory.Error{Kind: directory.Invalid, Message: "The form cannot be read.", Err: err}
	}
	return nil
}

// limit refuses a client that has tried more than most times in the limiter's window.
func (s *Server) limit(w http.ResponseWriter, r *http.Request, tries *httpx.Limiter[netip.Prefix], most int) error {
	n, left := tries.Count(httpx.Host(httpx.Client(r.Context()).String()), s.now())
	if n <= most {
		return nil
	}
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int((left+time.Second-1)/time.Second))))
	return directory.Errorf(directory.TooMany, "Too many tries came from this address.")
}
