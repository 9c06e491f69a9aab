package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Authorization is what an application gets for a session: first a code, which it exchanges once for an access token. Both
// are random texts of which the store knows the hash. Neither is worth anything once the session has ended, so that what
// ends the session ends them in the same transaction (law 6).
type Authorization struct {
	Session     directory.ID `json:"session"`
	Client      string       `json:"client"`
	RedirectURI string       `json:"redirect"`
	Challenge   string       `json:"challenge"` // of PKCE, by S256 (RFC 7636, section 4.2)
	Nonce       string       `json:"nonce,omitempty"`
	Scopes      []string     `json:"scopes"`
}

// The kinds of request by which authorizations are kept.
const (
	kindCode  = "application.code"
	kindSpent = "application.spent" // a code that was exchanged, for as long as what it was exchanged for
	kindToken = "application.token"
)

// CodeLasts is how long a code can be exchanged (RFC 6749, section 4.1.2, asks for ten minutes at most).
const CodeLasts = time.Minute

// PutCode keeps an authorization under a code.
func (e *Engine) PutCode(ctx context.Context, code string, a *Authorization) error {
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("provision: write an authorization: %w", err)
	}
	return e.PutRequest(ctx, &directory.Request{Kind: kindCode, Key: TokenHash(code), Expires: e.Now().UTC().Add(CodeLasts), Data: data})
}

// SpendCode exchanges a code for an access token that lasts for some time, and returns who is signed in. The code is gone
// afterwards, whatever comes of it: also when check, which may run more than once, refuses. A code that was spent before
// takes the token with it that it was exchanged for (RFC 6749, section 10.5). It is a NotFound error when there is no such
// code, an Unauthenticated one when its session has ended, and otherwise what check returns.
func (e *Engine) SpendCode(
	ctx context.Context, code, token string, lasts time.Duration, check func(*Authorization) error,
) (a *Authorization, in *SignedIn, err error) {
	var refused error
	err = e.Store.Update(ctx, func(tx store.Tx) (err error) {
		a, in, refused, err = e.spend(tx, TokenHash(code), TokenHash(token), lasts, check)
		return err
	})
	if err = errors.Join(err, refused); err != nil {
		return nil, nil, err
	}
	return a, in, nil
}

// spend returns why the code is refused apart from what went wrong: a refusal is written down too.
func (e *Engine) spend(tx store.Tx, code, token [32]byte, lasts time.Duration, check func(*Authorization) error) (
	a *Authorization, in *SignedIn, refused, err error,
) {
	row, err := e.request(tx, kindCode, code)
	if directory.KindOf(err) == directory.NotFound {
		return nil, nil, err, unspend(tx, code)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if err := tx.DeleteRequests([]*directory.Request{row}); err != nil {
		return nil, nil, nil, err
	}
	if a, err = readAuthorization(row); err != nil {
		return nil, nil, nil, err
	}
	if refused := check(a); refused != nil {
		return nil, nil, refused, nil
	}
	in, err = e.signedIn(tx, a.Session)
	if directory.KindOf(err) == directory.Unauthenticated {
		return nil, nil, err, nil
	}
	if err != nil {
		return nil, nil, nil, err
	}
	expires := e.Now().UTC().Add(lasts)
	for _, r := range []*directory.Request{
		{Kind: kindToken, Key: token, Expires: expires, Data: row.Data},
		{Kind: kindSpent, Key: code, Expires: expires, Data: token[:]},
	} {
		if err := tx.PutRequest(r); err != nil {
			return nil, nil, nil, err
		}
	}
	return a, in, nil, tellLater(tx, in, a.Client)
}

// unspend takes back the token that a code was exchanged for, when somebody shows the code again.
func unspend(tx store.Tx, code [32]byte) error {
	spent, err := tx.Request(kindSpent, code)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	gone := []*directory.Request{spent}
	token, err := tx.Request(kindToken, [32]byte(spent.Data))
	switch {
	case err == nil:
		gone = append(gone, token)
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	return tx.DeleteRequests(gone)
}

// Authorized returns what an access token is for, and who is signed in, freshly read. It is an Unauthenticated error when
// there is no such token, it has expired, or its session has ended.
func (e *Engine) Authorized(ctx context.Context, token string) (a *Authorization, in *SignedIn, err error) {
	err = e.Store.View(ctx, func(tx store.Tx) error {
		row, err := e.request(tx, kindToken, TokenHash(token))
		if directory.KindOf(err) == directory.NotFound {
			return notSignedIn()
		}
		if err != nil {
			return err
		}
		if a, err = readAuthorization(row); err != nil {
			return err
		}
		in, err = e.signedIn(tx, a.Session)
		return err
	})
	return a, in, err
}

// RevokeToken ends an access token of an application before its time (RFC 7009). That there is none is no error.
func (e *Engine) RevokeToken(ctx context.Context, client, token string) error {
	row, err := e.Request(ctx, kindToken, TokenHash(token))
	if directory.KindOf(err) == directory.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	a, err := readAuthorization(row)
	if err != nil || a.Client != client {
		return err
	}
	return e.Store.Update(ctx, func(tx store.Tx) error { return tx.DeleteRequests([]*directory.Request{row}) })
}

func readAuthorization(r *directory.Request) (*Authorization, error) {
	a := &Authorization{}
	if err := json.Unmarshal(r.Data, a); err != nil {
		return nil, fmt.Errorf("provision: read an authorization: %w", err)
	}
	return a, nil
}
