package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/identity"
)

// largestDocument bounds what is read of one answer, in bytes. Real configurations have up to 10 KiB, key sets up to 40.
const largestDocument = 256 << 10

// answer is what a GET brought.
type answer struct {
	body   []byte
	header http.Header
}

// fetch gets a document of the provider, with a bearer token when there is one.
func fetch(ctx context.Context, client *http.Client, address, bearer string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Accept", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
		r.Header.Set("Accept", "application/json, application/jwt")
	}
	w, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = w.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(w.Body, largestDocument+1))
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("get %s: %w", address, err)
	case len(body) > largestDocument:
		return answer{}, badAnswer(nil, "what %s answers is larger than %d KiB", address, largestDocument>>10)
	case w.StatusCode != http.StatusOK:
		return answer{}, badAnswer(nil, "%s answers %s", address, w.Status)
	}
	return answer{body, w.Header}, nil
}

// AnswerError is why an answer of the provider is of no use although there is one.
type AnswerError struct {
	Text string // for an admin
	Err  error  // the cause, nil where the text says it
}

// Error returns the text.
func (b *AnswerError) Error() string { return b.Text }

// Unwrap returns the cause.
func (b *AnswerError) Unwrap() error { return b.Err }

func badAnswer(err error, format string, args ...any) error {
	return &AnswerError{clip(fmt.Sprintf(format, args...)), err}
}

// refuse makes a refusal.
func refuse(code identity.Code, err error, format string, args ...any) *identity.Refusal {
	return &identity.Refusal{Code: code, Reason: fmt.Sprintf(format, args...), Err: err}
}

// unavailable makes the refusal of a provider that could not be asked. What says more than that it did not work, because
// the settings are wrong or an address is not allowed, is told.
func unavailable(err error, what string) *identity.Refusal {
	var known *identity.Refusal
	if errors.As(err, &known) {
		return known
	}
	var told *directory.Error
	if errors.As(err, &told) {
		return refuse(identity.Misset, err, "%s: %s", what, told.Message)
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return refuse(identity.Unavailable, err, "%s: it did not answer in time", what)
	}
	return refuse(identity.Unavailable, err, "%s: %s", what, clip(err.Error()))
}

// clip makes a text from outside fit for a reason: one line, bounded, with nothing that a terminal would obey.
func clip(text string) string {
	const most = 300
	out := make([]rune, 0, min(len(text), most))
	for _, r := range text {
		if len(out) == most {
			return string(out) + "…"
		}
		if r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 || r == 0x2028 || r == 0x2029 || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 {
			r = ' '
		}
		out = append(out, r)
	}
	return string(out)
}
