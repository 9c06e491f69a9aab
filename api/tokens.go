package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// liveTokens is how many SCIM tokens of a connection work at a time: the one in use and its successor.
const liveTokens = 2

// Token is a bearer token, without its secret.
type Token struct {
	ID           string     `json:"id"`
	Name         string     `json:"name" doc:"The actor's name in the journal."`
	Organization string     `json:"organization,omitempty" doc:"The organization that it is limited to; absent for every one."`
	Connection   string     `json:"connection,omitempty" doc:"The connection whose provider pushes with it; absent for an API token."`
	Scopes       []string   `json:"scopes,omitempty" nullable:"false" doc:"What an API token may do."`
	Created      time.Time  `json:"created"`
	Expires      *time.Time `json:"expires,omitempty"`
	LastUsed     *time.Time `json:"last_used,omitempty" doc:"To the minute."`
	Live         bool       `json:"live" doc:"Whether it works: it has not expired, and its connection was not retired."`
}

// NewToken is a token with its secret, which is shown this once.
type NewToken struct {
	Token
	Secret string `json:"token" doc:"The secret. It is not kept and cannot be shown again."`
}

// TokenRequest asks for a token: for a connection's provider, or for the API.
type TokenRequest struct {
	Organization string    `json:"organization,omitempty" maxLength:"200" doc:"The organization that an API token is limited to; that of the connection for a SCIM token."`
	Connection   string    `json:"connection,omitempty" maxLength:"200" doc:"For a SCIM token: the connection whose provider will push with it."`
	Scopes       []string  `json:"scopes,omitempty" nullable:"false" maxItems:"20" doc:"For an API token: what it may do, such as members:read."`
	Name         string    `json:"name,omitempty" maxLength:"200" doc:"The actor's name in the journal."`
	Expires      time.Time `json:"expires,omitzero" doc:"When it stops working; without it, never."`
}

type tokenFilter struct {
	Organization string `query:"organization" maxLength:"200" doc:"Only tokens of this organization."`
	Connection   string `query:"connection" maxLength:"200" doc:"Only tokens of this connection."`
}

type oneToken struct {
	Token string `path:"token" maxLength:"36" doc:"The token's id."`
}

func (s *Server) tokens(api huma.API) {
	handle(s, api, get("/tokens", "list-tokens", ScopeTokensRead, "List tokens", "Lists tokens in the order of their creation, never their secrets."),
		func(ctx context.Context, in *tokenFilter) (*answer[Page[Token]], error) {
			return found(s.listTokens(ctx, in))
		})
	create := post("/tokens", "create-token", ScopeTokensWrite, "Create a token",
		"Makes a token and shows its secret once. A connection has at most two live ones, so that they can be rotated without a gap. "+
			"Whoever makes one for a connection needs the scope connections:write or members:write, too.")
	create.status = http.StatusCreated
	handle(s, api, create, func(ctx context.Context, in *struct{ Body TokenRequest }) (*answer[NewToken], error) {
		return found(s.createToken(ctx, &in.Body))
	})
	handle(s, api, route{
		method: http.MethodDelete, path: "/tokens/{token}", id: "revoke-token", scope: ScopeTokensWrite, summary: "Revoke a token",
		detail: "The token stops working at once.", status: http.StatusNoContent,
	},
		func(ctx context.Context, in *oneToken) (*struct{}, error) { return nil, s.revokeToken(ctx, in.Token) })
}

func (s *Server) listTokens(ctx context.Context, in *tokenFilter) (Page[Token], error) {
	page := Page[Token]{Items: []Token{}}
	err := s.Store.View(ctx, func(tx store.Tx) error {
		n, err := readNames(tx)
		if err != nil {
			return err
		}
		tokens, err := tx.ListTokens()
		if err != nil {
			return err
		}
		slices.SortFunc(tokens, func(a, b *directory.Token) int { return slices.Compare(a.ID[:], b.ID[:]) })
		for _, t := range tokens {
			view := tokenView(n, t, s.Now())
			if callerOf(ctx).Sees(t.Org) && (in.Organization == "" || in.Organization == view.Organization) &&
				(in.Connection == "" || in.Connection == view.Connection) {
				page.Items = append(page.Items, view)
			}
		}
		return nil
	})
	return page, err
}

func (s *Server) createToken(ctx context.Context, in *TokenRequest) (NewToken, error) {
	name := strings.TrimSpace(in.Name)
	if strings.ContainsFunc(name, unprintable) {
		return NewToken{}, invalid("name", "The name has a line break or another control character in it; write it in one line, without them.")
	}
	var secret [32]byte
	rand.Read(secret[:]) // never returns an error
	prefix := "usher_api_"
	if in.Connection != "" {
		prefix = "usher_scim_"
	}
	created := NewToken{Secret: prefix + base64.RawURLEncoding.EncodeToString(secret[:])}
	now := s.Now().UTC()
	id := s.ids.New(now)
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		n, err := readNames(tx)
		if err != nil {
			return err
		}
		t := &directory.Token{Hash: sha256.Sum256([]byte(created.Secret)), ID: id, Name: name, Created: now, Expires: in.Expires}
		if err := place(ctx, n, in, t); err != nil {
			return err
		}
		if err := s.allowToken(ctx, tx, n, t); err != nil {
			return err
		}
		if err := tx.PutToken(t); err != nil {
			return err
		}
		created.Token = tokenView(n, t, now)
		return s.journalToken(ctx, tx, t, "token.created")
	})
	return created, err
}

// place says what a token is for: one connection, or one organization, or all of them.
func place(ctx context.Context, n *names, in *TokenRequest, t *directory.Token) error {
	caller := callerOf(ctx)
	t.Org = caller.Org
	if in.Organization != "" {
		org, err := n.organization(ctx, in.Organization)
		if err != nil {
			return err
		}
		t.Org = org
	}
	if in.Connection == "" {
		t.Scopes = slices.Compact(slices.Sorted(slices.Values(in.Scopes)))
		if t.Name == "" {
			t.Name = "api"
		}
		return nil
	}
	if len(in.Scopes) > 0 {
		return invalid("scopes", "A SCIM token has no scopes: leave out the scopes, or the connection for an API token.")
	}
	row, ok := n.conns[in.Connection]
	if !ok || !caller.Sees(row.Org) || in.Organization != "" && row.Org != t.Org {
		return directory.Errorf(directory.NotFound, "There is no connection %q here; `usher serve` takes up the connections of the organizations' files when it starts.", in.Connection)
	}
	t.Org, t.Conn = row.Org, row.Num
	if t.Name == "" {
		t.Name = in.Connection
	}
	return nil
}

func invalid(field, format string, args ...any) error {
	e := directory.Errorf(directory.Invalid, format, args...)
	e.Field = field
	return e
}

// allowToken refuses a token that says too much, too little, or is one too many.
func (s *Server) allowToken(ctx context.Context, tx store.Tx, n *names, t *directory.Token) error {
	now := s.Now()
	if !t.Expires.IsZero() && !t.Expires.After(now) {
		return invalid("expires", "The token would expire at %s, which is past.", t.Expires.Format(time.RFC3339))
	}
	if t.Expires.After(now.AddDate(100, 0, 0)) {
		return invalid("expires", "The token would expire at %s, which is more than a hundred years ahead; leave that out for one that never does.", t.Expires.Format(time.RFC3339))
	}
	if t.Conn == 0 {
		return allowScopes(callerOf(ctx), t)
	}
	if caller := callerOf(ctx); !caller.May(ScopeConnectionsWrite) && !caller.May(ScopeMembersWrite) {
		return directory.Errorf(directory.Forbidden, "A token cannot give what it lacks: who has a SCIM token says who the members are, and this one has neither the scope %s nor %s.", ScopeConnectionsWrite, ScopeMembersWrite)
	}
	if at := n.conns[n.conn[t.Conn]].Retired; !at.IsZero() {
		return directory.Errorf(directory.Conflict, "The connection %s was retired on %s and takes nothing any more; make the token for another one.", n.conn[t.Conn], at.UTC().Format(time.DateOnly))
	}
	tokens, err := tx.ListTokens()
	if err != nil {
		return err
	}
	var live []string
	for _, o := range tokens {
		if o.Conn == t.Conn && (o.Expires.IsZero() || now.Before(o.Expires)) {
			used := "never used"
			if !o.LastUsed.IsZero() {
				used = "last used " + o.LastUsed.UTC().Format("2006-01-02 15:04")
			}
			live = append(live, fmt.Sprintf("%s (%s, %s)", o.ID, o.Name, used))
		}
	}
	if len(live) >= liveTokens {
		return directory.Errorf(directory.Conflict, "The connection %s has %d live tokens already: %s. Revoke the one that its provider no longer uses with `usher token revoke ID`, then create the new one.",
			n.conn[t.Conn], len(live), strings.Join(live, " and "))
	}
	return nil
}

func allowScopes(caller *Caller, t *directory.Token) error {
	if len(t.Scopes) == 0 {
		return invalid("scopes", "An API token needs scopes: one or more of %s. For a SCIM token, name its connection.", strings.Join(Scopes(), ", "))
	}
	for _, scope := range t.Scopes {
		if !slices.Contains(Scopes(), scope) {
			return invalid("scopes", "There is no scope %q; the scopes are %s.", scope, strings.Join(Scopes(), ", "))
		}
		if !caller.May(scope) {
			return directory.Errorf(directory.Forbidden, "A token cannot give what it lacks: this one has no scope %s.", scope)
		}
		if scope == ScopeBackup && t.Org != 0 {
			return invalid("scopes", "The scope %s reaches every organization; a token with it cannot be limited to one.", scope)
		}
	}
	return nil
}

func (s *Server) revokeToken(ctx context.Context, ref string) error {
	return s.Store.Update(ctx, func(tx store.Tx) error {
		tokens, err := tx.ListTokens()
		if err != nil {
			return err
		}
		id, _ := directory.ParseID(ref)
		for _, t := range tokens {
			if t.ID != id || id.IsZero() || !callerOf(ctx).Sees(t.Org) {
				continue
			}
			if err := tx.DeleteToken(t.Hash); err != nil {
				return err
			}
			return s.journalToken(ctx, tx, t, "token.revoked")
		}
		return directory.Errorf(directory.NotFound, "There is no token with the id %q; `usher token list` shows them.", ref)
	})
}

// journalToken notes that a token came or went.
func (s *Server) journalToken(ctx context.Context, tx store.Tx, t *directory.Token, kind string) error {
	return tx.Append([]*directory.Entry{{
		At: s.Now().UTC(), Org: t.Org, Conn: t.Conn, Kind: kind, Cause: cause(ctx), Notes: []string{fmt.Sprintf("token %s (%s)", t.ID, t.Name)},
	}}, []*directory.Detail{nil})
}

func tokenView(n *names, t *directory.Token, now time.Time) Token {
	retired := t.Conn != 0 && !n.conns[n.conn[t.Conn]].Retired.IsZero()
	return Token{
		ID: t.ID.String(), Name: t.Name, Organization: n.org[t.Org], Connection: n.conn[t.Conn], Scopes: t.Scopes, Created: t.Created,
		Expires: instant(t.Expires), LastUsed: instant(t.LastUsed), Live: !retired && (t.Expires.IsZero() || now.Before(t.Expires)),
	}
}
