package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/store"
)

// Problem is the answer to a request that went wrong (RFC 9457).
//
//nolint:errname // RFC 9457 calls it a problem, and so does the OpenAPI description, which takes the type's name
type Problem struct {
	Title     string   `json:"title" doc:"The meaning of the status."`
	Status    int      `json:"status" doc:"The HTTP status."`
	Kind      string   `json:"kind" doc:"What kind of error it is, such as not_found or conflict."`
	Detail    string   `json:"detail" doc:"What went wrong and what to do about it."`
	Field     string   `json:"field,omitempty" doc:"The field or parameter concerned."`
	Errors    []string `json:"errors,omitempty" nullable:"false" doc:"Each thing that is wrong with the request."`
	RequestID string   `json:"request_id,omitempty" doc:"The id under which the log and the journal know the request."`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of a problem in place of plain JSON.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// status returns the HTTP status of a kind of error: the one table of this transport.
func status(kind directory.Kind) int {
	switch kind {
	case directory.Invalid:
		return http.StatusUnprocessableEntity
	case directory.NotFound:
		return http.StatusNotFound
	case directory.Conflict:
		return http.StatusConflict
	case directory.Unauthenticated:
		return http.StatusUnauthorized
	case directory.Forbidden:
		return http.StatusForbidden
	case directory.Precondition:
		return http.StatusPreconditionFailed
	case directory.TooLarge:
		return http.StatusRequestEntityTooLarge
	case directory.TooMany:
		return http.StatusTooManyRequests
	case directory.Unavailable:
		return http.StatusServiceUnavailable
	case directory.Internal:
	}
	return http.StatusInternalServerError
}

// problem translates an error, and logs the cause of what the caller only learns to be our fault.
func (s *Server) problem(ctx context.Context, err error) *Problem {
	id := httpx.RequestID(ctx)
	var p *Problem
	if errors.As(err, &p) {
		p.RequestID = id
		return p
	}
	var public *directory.Error
	if errors.Is(err, store.ErrFull) {
		public = &directory.Error{
			Kind: directory.Unavailable, Err: err,
			Message: "The disk is full and nothing was changed; make space and try again.",
		}
	} else if errors.Is(err, store.ErrClosed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		public = &directory.Error{Kind: directory.Unavailable, Message: "The server is stopping, or the request was given up; try again.", Err: err}
	} else if !errors.As(err, &public) || public.Kind == directory.Internal {
		s.Log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("request_id", id), slog.Any("err", err))
		public = directory.Errorf(directory.Internal, "Something went wrong on our side; the log has more under this request's id.")
	}
	code := status(public.Kind)
	return &Problem{Title: http.StatusText(code), Status: code, Kind: public.Kind.String(), Detail: public.Message, Field: public.Field, RequestID: id}
}

// Render answers with an error as a problem.
func (s *Server) Render(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r.Context(), err)
	for name, value := range p.headers() {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a client that has gone needs no answer
}

// headers returns the headers that belong to a status.
func (p *Problem) headers() map[string]string {
	switch p.Status {
	case http.StatusUnauthorized:
		return map[string]string{"WWW-Authenticate": `Bearer realm="usher"`}
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return map[string]string{"Retry-After": "5"}
	}
	return nil
}

// describe gives the errors that validation of a request makes the form of all others.
func describe(ctx huma.Context, _ string, v any) (any, error) {
	switch p := v.(type) {
	case *huma.ErrorModel:
		return ofValidation(ctx, p), nil
	case *Problem:
		for name, value := range p.headers() {
			ctx.SetHeader(name, value)
		}
	}
	return v, nil
}

func ofValidation(ctx huma.Context, m *huma.ErrorModel) *Problem {
	p := &Problem{Title: http.StatusText(m.Status), Status: m.Status, Kind: directory.Invalid.String(), Detail: m.Detail, RequestID: httpx.RequestID(ctx.Context())}
	if m.Status >= http.StatusInternalServerError {
		p.Kind = directory.Internal.String()
		return p // without the errors, which may tell of our insides
	}
	for _, e := range m.Errors {
		text := e.Message
		if e.Location != "" {
			text = e.Location + ": " + text
		}
		p.Errors = append(p.Errors, text)
	}
	if len(p.Errors) > 0 {
		p.Detail = "The request is not valid: " + p.Errors[0] + "."
	}
	return p
}
