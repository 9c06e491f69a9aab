package directory

import (
	"errors"
	"fmt"
)

// Kind says what went wrong in terms that every transport can translate: SCIM to a status and scimType, REST to a
// problem, the command line to an exit code.
type Kind int

// The kinds of error. Internal is the zero value, so that what nobody classified stays opaque to the outside.
const (
	Internal        Kind = iota // our fault; the cause goes to the log only
	Invalid                     // the input cannot be understood or breaks a rule
	NotFound                    // there is no such thing, or the caller may not know of it
	Conflict                    // it collides with what exists
	Unauthenticated             // no credential, or a wrong one
	Forbidden                   // the credential does not allow this
	Precondition                // If-Match or a revision did not hold
	TooLarge                    // over a limit of size
	TooMany                     // over a limit of number or rate
	Unavailable                 // try again later: full disk, shutting down
)

// Kinds lists every kind, for the tests that walk each transport's table.
func Kinds() []Kind {
	return []Kind{Internal, Invalid, NotFound, Conflict, Unauthenticated, Forbidden, Precondition, TooLarge, TooMany, Unavailable}
}

// String returns the kind in snake case, as it appears in logs and in REST problems.
func (k Kind) String() string {
	names := [...]string{"internal", "invalid", "not_found", "conflict", "unauthenticated", "forbidden", "precondition", "too_large", "too_many", "unavailable"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind_%d", int(k))
}

// Error is the one error type that carries a public sentence. Message may be shown to the caller; Err never is.
type Error struct {
	Kind    Kind
	Message string // a full sentence for the person or program that asked: what, where, what to do
	Field   string // the attribute, key or column concerned, if any
	Code    string // a finer code where a protocol has one, such as SCIM's "mutability" (RFC 7644, section 3.12)
	Err     error  // the hidden cause
}

// Error returns the public sentence, and the cause behind it for logs.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the hidden cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of a kind with a public sentence.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of the first Error in the chain, and Internal where there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
