package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/store"
)

// The scopes of API tokens. A token may do what its scopes say, in its organization; one without an organization, in
// every one.
const (
	ScopeMembersRead      = "members:read"
	ScopeMembersWrite     = "members:write"
	ScopeGroupsRead       = "groups:read"
	ScopeGroupsWrite      = "groups:write"
	ScopeConnectionsRead  = "connections:read"
	ScopeConnectionsWrite = "connections:write"
	ScopeJournalRead      = "journal:read"
	ScopePolicyRead       = "policy:read"
	ScopePolicyWrite      = "policy:write"
	ScopeSessionsRead     = "sessions:read"
	ScopeSessionsWrite    = "sessions:write" // ends sessions, and switches the lockdown
	ScopeTokensRead       = "tokens:read"
	ScopeTokensWrite      = "tokens:write"
	ScopeAccessRead       = "access:read"  // asks what members may do, by AuthZEN
	ScopeBackup           = "store:backup" // everything of everybody, so only for tokens without an organization
)

// Scopes lists every scope.
func Scopes() []string {
	return []string{
		ScopeMembersRead, ScopeMembersWrite, ScopeGroupsRead, ScopeGroupsWrite, ScopeConnectionsRead, ScopeConnectionsWrite, ScopeJournalRead,
		ScopePolicyRead, ScopePolicyWrite, ScopeSessionsRead, ScopeSessionsWrite, ScopeTokensRead, ScopeTokensWrite, ScopeAccessRead, ScopeBackup,
	}
}

// Caller is who asks, and what they may do.
type Caller struct {
	Actor  string           // the name in the journal
	Scopes []string         // what the token allows
	Org    directory.OrgNum // the one organization they may know of; 0 for every one

	all bool // every scope
}

// May reports whether the caller has a scope.
func (c *Caller) May(scope string) bool { return c.all || slices.Contains(c.Scopes, scope) }

// Sees reports whether the caller may know of an organization.
func (c *Caller) Sees(org directory.OrgNum) bool { return c.Org == 0 || c.Org == org }

type callerKey struct{}

func withCaller(ctx context.Context, c *Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// callerOf returns who asks. Every operation runs behind authentication; a caller who is nobody may do nothing.
func callerOf(ctx context.Context) *Caller {
	if c, ok := ctx.Value(callerKey{}).(*Caller); ok {
		return c
	}
	return &Caller{Org: ^directory.OrgNum(0)}
}

// bearer finds the caller of an API token (RFC 6750, section 2.1). Every reason for which a token is no good gets the
// same answer.
func (s *Server) bearer(r *http.Request) (*Caller, error) {
	refused := func() (*Caller, error) {
		scope := ScopeMembersRead
		if strings.HasPrefix(r.URL.Path, AccessPrefix+"/") {
			scope = ScopeAccessRead
		}
		return nil, directory.Errorf(directory.Unauthenticated, "An API token is needed that exists and has not expired; make one with `usher token create --scope %s`.", scope)
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return refused()
	}
	hash := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	token, err := s.tokenOf(r.Context(), hash)
	switch now := s.Now(); {
	case errors.Is(err, store.ErrNotFound):
		return refused()
	case err != nil:
		return nil, err
	case token.Conn != 0, !token.Expires.IsZero() && !now.Before(token.Expires):
		return refused()
	default:
		s.used.Note(hash, now)
		return &Caller{Actor: token.Name, Scopes: token.Scopes, Org: token.Org}, nil
	}
}

func (s *Server) tokenOf(ctx context.Context, hash [32]byte) (token *directory.Token, err error) {
	if token, known := kept(&s.recall, s.Store.Snapshot(), s.recall.ofTokens, hash); known {
		return token, nil
	}
	err = s.Store.View(ctx, func(tx store.Tx) (err error) {
		token, err = s.recall.token(tx, hash)
		return err
	})
	return token, err
}

// allow lets an operation run for callers that have its scope.
func (s *Server) allow(ctx huma.Context, next func(huma.Context)) {
	scope, _ := ctx.Operation().Metadata[metaScope].(string)
	if scope != "" && !callerOf(ctx.Context()).May(scope) {
		refuse(ctx, s.problem(ctx.Context(), directory.Errorf(directory.Forbidden, "This token lacks the scope %s.", scope)))
		return
	}
	next(ctx)
}

func refuse(ctx huma.Context, p *Problem) {
	for name, value := range p.headers() {
		ctx.SetHeader(name, value)
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(p) // a client that has gone needs no answer
}

// cause says in the journal who acted, and in which request.
func cause(ctx context.Context) directory.Cause {
	return directory.Cause{Kind: directory.CauseAdmin, ID: httpx.RequestID(ctx), Actor: callerOf(ctx).Actor}
}

// FlushTokens writes when API tokens were last used, to the minute. What could not be written is kept for the next call.
func (s *Server) FlushTokens(ctx context.Context) error { return s.used.Flush(ctx, s.Store) }
