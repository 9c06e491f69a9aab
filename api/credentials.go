package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// Credential is something of a member's own to sign in with: what it is called, and no secret.
type Credential struct {
	ID    string    `json:"id" doc:"Names it to whoever takes it away."`
	Kind  string    `json:"kind" enum:"password,passkey"`
	Name  string    `json:"name,omitempty" doc:"What its owner calls a passkey."`
	Since time.Time `json:"since" doc:"When the passkey was added, or the password was set last."`
	Used  time.Time `json:"used,omitzero" doc:"When a passkey last let its owner in; absent for never, and for passwords."`
}

// CredentialsGone says how many credentials were taken away.
type CredentialsGone struct {
	Removed int `json:"removed" doc:"How many there were, and are no more."`
}

// Forgetting says whose credentials go, and why.
type Forgetting struct {
	OneMember
	Reason string `query:"reason" maxLength:"2000" doc:"Why; it is kept in the journal. One line, of at most 500 characters."`
}

type credentialOut struct {
	Forgetting
	Credential string `path:"credential" maxLength:"64" doc:"The credential's id."`
}

func (s *Server) credentials(api huma.API) {
	path := "/organizations/{organization}/members/{member}/credentials"
	handle(s, api, get(path, "list-credentials", ScopeSessionsRead, "List what a member has of their own to sign in with",
		"Lists the password and the passkeys of a member whom no provider signs in, and none of their secrets."),
		func(ctx context.Context, in *OneMember) (*answer[Page[Credential]], error) {
			return found(s.listCredentials(ctx, in))
		})
	const detail = "The member's sessions end. They sign in by a code by mail, as before they had anything of their own."
	handle(s, api, route{
		method: http.MethodDelete, path: path, id: "remove-credentials", scope: ScopeSessionsWrite, summary: "Take a member's password and passkeys away", detail: detail,
	}, func(ctx context.Context, in *Forgetting) (*answer[CredentialsGone], error) {
		return found(s.removeCredentials(ctx, in, directory.NoID))
	})
	handle(s, api, route{
		method: http.MethodDelete, path: path + "/{credential}", id: "remove-credential", scope: ScopeSessionsWrite, summary: "Take one credential away", detail: detail,
	}, func(ctx context.Context, in *credentialOut) (*answer[CredentialsGone], error) {
		id, ok := directory.ParseID(in.Credential)
		if !ok || id.IsZero() {
			return nil, directory.Errorf(directory.NotFound, "There is no credential %q; `usher credentials list` shows those there are.", in.Credential)
		}
		return found(s.removeCredentials(ctx, &in.Forgetting, id))
	})
}

func (s *Server) listCredentials(ctx context.Context, in *OneMember) (Page[Credential], error) {
	page := Page[Credential]{Items: []Credential{}}
	t, err := s.target(ctx, *in)
	if err != nil {
		return page, err
	}
	has, err := s.Engine.Credentials(ctx, t.org, t.member.ID)
	if err != nil {
		return page, err
	}
	if has.Password {
		page.Items = append(page.Items, Credential{ID: has.PasswordID.String(), Kind: "password", Since: has.Changed})
	}
	for _, k := range has.Passkeys {
		page.Items = append(page.Items, Credential{ID: k.ID.String(), Kind: "passkey", Name: k.Name, Since: k.Added, Used: k.Used})
	}
	return page, nil
}

// removeCredentials takes one credential away, or all.
func (s *Server) removeCredentials(ctx context.Context, in *Forgetting, id directory.ID) (CredentialsGone, error) {
	why := cause(ctx)
	var err error
	if why.Reason, err = (&ReasonBody{Reason: in.Reason}).given(); err != nil {
		return CredentialsGone{}, err
	}
	t, err := s.target(ctx, in.OneMember)
	if err != nil {
		return CredentialsGone{}, err
	}
	n, err := s.Engine.RemoveCredentials(ctx, provision.Act{Org: t.org, Member: t.member.ID, Cause: why}, id)
	return CredentialsGone{Removed: n}, err
}
