package scim

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// authenticate finds the connection that the path names and checks that the bearer token (RFC 6750, section 2.1) belongs
// to it. Every refusal is the same 401, whatever the reason, and takes the same steps: the token is looked up by the hash
// of its secret even when the connection does not exist.
func (c *call) authenticate(name string) error {
	hash := sha256.Sum256([]byte(bearer(c.r)))
	var token *directory.Token
	err := c.Store.View(c.r.Context(), func(tx store.Tx) error {
		var err error
		token, err = tx.Token(hash)
		if errors.Is(err, store.ErrNotFound) {
			token, err = nil, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	connection, known := c.Connections(name)
	now := c.Now()
	if !admits(token, connection, known, now) {
		return c.refuse(name, now, refusal(bearer(c.r), token, connection, known))
	}
	if !connection.Retired.IsZero() {
		return provision.Retired(name, connection.Retired)
	}
	c.line, err = c.lines.get(c.PublicURL, name, connection)
	if err != nil {
		// A fault of the configuration is ours, whatever its kind.
		return &directory.Error{Kind: directory.Internal, Message: "scim: compile the schemas of connection " + name, Err: err}
	}
	c.token = token.Name
	c.used.Note(hash, now)
	return nil
}

// admits reports whether a token, nil for none, lets its bearer speak for a connection.
func admits(token *directory.Token, connection Connection, known bool, now time.Time) bool {
	found := token != nil
	if !found {
		token = &directory.Token{}
	}
	same := subtle.ConstantTimeEq(int32(token.Conn), int32(connection.Num)) & subtle.ConstantTimeEq(int32(token.Org), int32(connection.Org))
	expired := !token.Expires.IsZero() && !now.Before(token.Expires)
	return found && known && token.Conn != 0 && same == 1 && !expired
}

// refusal says for the log why a token was refused. The provider is never told.
func refusal(secret string, token *directory.Token, connection Connection, known bool) string {
	switch {
	case secret == "":
		return "no bearer token was sent"
	case token == nil:
		return "there is no such token; it may have been revoked, or copied in part"
	case token.Conn == 0:
		return "it is an API token, made without --connection"
	case !known:
		return "the configuration has no connection of this name"
	case token.Conn != connection.Num || token.Org != connection.Org:
		return "it is the token of another connection"
	}
	return "it has expired"
}

// bearer returns the bearer token of a request, "" when there is none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// failuresAllowed is how many refused tokens of one address are answered and logged in a minute; the next one is answered
// 429. That slows guessing and the log lines that guessing makes. It never shuts out a valid token: a provider may share its
// address with whoever guesses, and a token of 128 random bits needs no other protection.
const failuresAllowed = 20

// refuse counts a refusal against the client's address and returns the answer to it.
func (c *call) refuse(name string, now time.Time, reason string) error {
	address := c.ClientAddress(c.r)
	count, left := c.refused.Count(httpx.Host(address), now)
	if count <= failuresAllowed {
		c.Log.Warn("scim token refused", "connection", name, "reason", reason, "address", address, "request_id", c.RequestID(c.r.Context()))
		c.w.Header().Set("WWW-Authenticate", "Bearer")
		return directory.Errorf(directory.Unauthenticated, "A bearer token for this connection is needed.")
	}
	if count == failuresAllowed+1 {
		c.Log.Warn("scim tokens refused too often, no more of them are logged this minute", "address", address)
	}
	return &scimError{
		status:     http.StatusTooManyRequests,
		detail:     "Too many requests with a wrong token came from this address.",
		retryAfter: max(1, int((left+time.Second-1)/time.Second)),
	}
}
