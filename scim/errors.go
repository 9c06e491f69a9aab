package scim

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// The URNs of the messages of RFC 7644, section 8.2.
const (
	urnError  = "urn:ietf:params:scim:api:messages:2.0:Error"
	urnList   = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	urnSearch = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	urnBulk   = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// Detail error keywords (RFC 7644, section 3.12, table 9; RFC 9865, section 2).
const (
	codeInvalidSyntax = "invalidSyntax"
	codeInvalidValue  = "invalidValue"
	codeInvalidFilter = "invalidFilter"
	codeInvalidCursor = "invalidCursor"
	codeExpiredCursor = "expiredCursor"
	codeInvalidCount  = "invalidCount"
	codeInvalidPath   = "invalidPath"
	codeTooMany       = "tooMany"
	codeUniqueness    = "uniqueness"
)

// Seconds after which a provider may try again.
const (
	retrySoon = 5
	retryFull = 30 // somebody has to make space
)

// scimError is an error as the protocol answers it (RFC 7644, section 3.12). It is an error itself for the answers that no
// kind of directory.Error stands for, such as 405.
type scimError struct {
	status     int
	scimType   string
	detail     string
	retryAfter int // seconds, 0 for none
}

// Error returns what the client is told.
func (f *scimError) Error() string { return f.detail }

// statusOf is the table from a kind of error to a status, and to the scimType for errors that name no finer one.
func statusOf(kind directory.Kind) (status int, scimType string) {
	switch kind {
	case directory.Invalid:
		return http.StatusBadRequest, codeInvalidValue
	case directory.NotFound:
		return http.StatusNotFound, ""
	case directory.Conflict:
		return http.StatusConflict, codeUniqueness
	case directory.Unauthenticated:
		return http.StatusUnauthorized, ""
	case directory.Forbidden:
		return http.StatusForbidden, ""
	case directory.Precondition:
		return http.StatusPreconditionFailed, ""
	case directory.TooLarge:
		return http.StatusRequestEntityTooLarge, ""
	case directory.TooMany:
		return http.StatusBadRequest, codeTooMany
	case directory.Unavailable:
		return http.StatusServiceUnavailable, ""
	case directory.Internal:
	}
	return http.StatusInternalServerError, ""
}

// describe turns an error into an answer. It reports true for an error whose cause belongs in the log, and nowhere else.
func describe(err error) (scimError, bool) {
	var f *scimError
	var tooLarge *http.MaxBytesError
	var public *directory.Error
	switch {
	case errors.As(err, &f):
		return *f, false
	case errors.As(err, &tooLarge):
		return *tooLargeBody(tooLarge.Limit), false
	case errors.Is(err, store.ErrFull):
		return scimError{http.StatusServiceUnavailable, "", "The server is out of disk space. Nothing was changed; try again later.", retryFull}, true
	case errors.Is(err, store.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return scimError{http.StatusServiceUnavailable, "", "The server is busy or shutting down. Nothing was changed; try again.", retrySoon}, true
	case errors.As(err, &public) && public.Kind != directory.Internal:
		f := scimError{detail: public.Message}
		f.status, f.scimType = statusOf(public.Kind)
		if public.Code != "" && f.scimType != "" {
			f.scimType = public.Code
		}
		if public.Kind == directory.Unavailable {
			f.retryAfter = retrySoon
		}
		return f, public.Kind == directory.Unavailable
	}
	return scimError{status: http.StatusInternalServerError}, true
}

// invalid makes a 400 with a detail error keyword.
func invalid(code, message string) error {
	return &directory.Error{Kind: directory.Invalid, Code: code, Message: message}
}

func tooLargeBody(limit int64) *scimError {
	return &scimError{status: http.StatusRequestEntityTooLarge, detail: "The request body is larger than the " + strconv.FormatInt(limit, 10) + " bytes that are accepted here."}
}

// missing is the one answer for what is not there, be it because there never was such a thing or because it belongs to
// another connection.
func missing(id string) error {
	return directory.Errorf(directory.NotFound, "Resource %s not found.", id)
}

// appendError appends an Error message.
func appendError(b []byte, f scimError) []byte {
	b = append(b, `{"schemas":["`+urnError+`"],"status":"`...)
	b = strconv.AppendInt(b, int64(f.status), 10)
	b = append(b, '"')
	if f.scimType != "" {
		b = append(b, `,"scimType":`...)
		b = appendString(b, f.scimType)
	}
	b = append(b, `,"detail":`...)
	b = appendString(b, f.detail)
	return append(b, '}')
}

func isTooLarge(err error) bool {
	var tooLarge *http.MaxBytesError
	return errors.As(err, &tooLarge)
}
