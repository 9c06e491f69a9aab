package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// SignIn knows the lines to identity providers. The running server has one.
type SignIn interface {
	// Setup returns what to paste at a connection's provider. It is a NotFound error where no policy in force has
	// the connection.
	Setup(connection string) (*Setup, error)
	// Examine asks a connection's provider for everything that a sign-in needs.
	Examine(ctx context.Context, connection string) ([]SignInFinding, error)
	// Rotate takes the next step of changing the key by which the server signs for a connection.
	Rotate(ctx context.Context, connection string, cause directory.Cause) (*Rotation, error)
	// Findings returns what somebody should see to, of every connection. It asks no provider.
	Findings(at time.Time) []SignInFinding
}

// Setup is what an administrator needs at the provider: values to paste, and where each goes.
type Setup struct {
	Connection   string `json:"connection"`
	Organization string `json:"organization"`
	Provider     string `json:"provider" enum:"okta,entra,google,generic"`
	Protocol     string `json:"protocol" enum:"saml,oidc,none" doc:"None where the file does not say yet how people sign in: then the addresses for both are here."`
	SCIM         string `json:"scim_base_url" doc:"Where the provider pushes people and groups."`
	Login        string `json:"login_url" doc:"Begins a sign-in by this connection, for a tile on the provider's dashboard."`

	EntityID     string             `json:"entity_id,omitempty" doc:"SAML: our name."`
	ACS          string             `json:"acs_url,omitempty" doc:"SAML: where answers are posted."`
	Metadata     string             `json:"metadata_url,omitempty" doc:"SAML: our metadata."`
	SLO          string             `json:"slo_url,omitempty" doc:"SAML: where sign-outs are announced and answered."`
	NameID       string             `json:"name_id_format,omitempty"`
	Certificates []SetupCertificate `json:"certificates,omitempty" nullable:"false" doc:"Ours; none before the server has made its key."`
	Attributes   []SetupAttribute   `json:"attributes,omitempty" nullable:"false" doc:"By which names attributes of an assertion are read."`

	RedirectURI       string   `json:"redirect_uri,omitempty" doc:"OpenID Connect: where people come back."`
	SignedOut         string   `json:"post_logout_redirect_uri,omitempty" doc:"OpenID Connect: where people come back after signing out."`
	BackChannelLogout string   `json:"backchannel_logout_uri,omitempty" doc:"OpenID Connect: where the provider announces sign-outs."`
	Scopes            []string `json:"scopes,omitempty" nullable:"false"`
	Keys              any      `json:"jwks,omitempty" doc:"The public key for private_key_jwt (RFC 7517)."`

	Subject SetupSubject `json:"subject" doc:"By what a person is known for good. SCIM and sign-in should name the same person by the same value."`
	Steps   []SetupStep  `json:"steps" nullable:"false" doc:"The fields of the provider's console, in order."`
}

// SetupCertificate is one of ours.
type SetupCertificate struct {
	PEM         string    `json:"pem"`
	Fingerprint string    `json:"sha256"`
	Ends        time.Time `json:"ends"`
	Role        string    `json:"role" enum:"current,next,former" doc:"The current one signs. While keys are rotated, the next or the former one stands beside it."`
}

// SetupAttribute says by which names one thing is read.
type SetupAttribute struct {
	Field string   `json:"field" doc:"What it is for us, such as email."`
	Names []string `json:"names" nullable:"false" doc:"The first that is there counts."`
}

// SetupSubject says by what a person is known for good.
type SetupSubject struct {
	SCIM   string `json:"scim" doc:"The attribute of SCIM users."`
	SignIn string `json:"sign_in" doc:"NameID, an attribute, or claims."`
	Source string `json:"source" doc:"What to map to them at the provider."`
}

// SetupStep is one field of the provider's console.
type SetupStep struct {
	Where string `json:"where" doc:"The way to it."`
	Field string `json:"field" doc:"As the console calls it."`
	Value string `json:"value"`
}

// SignInFinding is one thing to know of how people sign in, in words.
type SignInFinding struct {
	Connection string `json:"connection,omitempty" doc:"Absent for what is about no connection, as a domain."`
	Weight     string `json:"weight" enum:"ok,warning,problem" doc:"With a warning sign-in works, with a problem it does not."`
	Text       string `json:"text"`
}

// Examination is everything that an examination of a connection found.
type Examination struct {
	Findings []SignInFinding `json:"findings" nullable:"false"`
}

// Rotation is a step of changing a key.
type Rotation struct {
	Connection string `json:"connection"`
	Step       int    `json:"step" doc:"1: a new key stands by. 2: it signs. 3: the former one is gone."`
	Did        string `json:"did"`
	Next       string `json:"next" doc:"What has to happen before the next step."`
}

// ConnectionByID is the path of one connection, of whichever organization.
type ConnectionByID struct {
	Connection string `path:"connection" maxLength:"200" doc:"The connection's id, which is unique over all organizations."`
}

// testEvery is how often a connection is tested at most: each time its provider is called several times.
const testEvery = 5 * time.Second

type rotateIn struct {
	ConnectionByID
	Body ReasonBody
}

func (s *Server) setup(api huma.API) {
	handle(s, api, get("/connections/{connection}/setup", "get-setup", ScopeConnectionsRead, "See how to set the provider up",
		"Says exactly what to paste at the connection's provider, field by field."),
		func(ctx context.Context, in *ConnectionByID) (*answer[Setup], error) {
			if err := s.mayKnow(ctx, in.Connection); err != nil {
				return nil, err
			}
			view, err := s.SignIn.Setup(in.Connection)
			if err != nil {
				return nil, err
			}
			return found(*view, nil)
		})
	handle(s, api, post("/connections/{connection}/test", "test-connection", ScopeConnectionsWrite, "Test a connection",
		"Asks the provider for its metadata or configuration and its keys, compares the clocks, and says in words what a sign-in would meet. A connection is tested once in five seconds at most."),
		func(ctx context.Context, in *ConnectionByID) (*answer[Examination], error) {
			if err := s.mayKnow(ctx, in.Connection); err != nil {
				return nil, err
			}
			if n, _ := s.tested.Count(in.Connection, s.Now()); n > 1 {
				return nil, directory.Errorf(directory.TooMany, "The connection was tested less than %d seconds ago: wait that long, and test it again.", int(testEvery.Seconds()))
			}
			findings, err := s.SignIn.Examine(ctx, in.Connection)
			return found(Examination{Findings: list(findings)}, err)
		})
	handle(s, api, post("/connections/{connection}/rotate-key", "rotate-key", ScopeConnectionsWrite, "Rotate a connection's key",
		"Takes the next of three steps of changing the key by which the server signs for a SAML connection: a new key stands by, it signs, the former one is gone. The provider follows in between."),
		func(ctx context.Context, in *rotateIn) (*answer[Rotation], error) {
			why := cause(ctx)
			var err error
			if why.Reason, err = in.Body.given(); err != nil {
				return nil, err
			}
			if err := s.mayKnow(ctx, in.Connection); err != nil {
				return nil, err
			}
			done, err := s.SignIn.Rotate(ctx, in.Connection, why)
			if err != nil {
				return nil, err
			}
			return found(*done, nil)
		})
}

// mayKnow refuses a connection that there is not, or that the caller may not know of, and everything where no server runs.
func (s *Server) mayKnow(ctx context.Context, connection string) error {
	var known bool
	err := s.Store.View(ctx, func(tx store.Tx) error {
		row, ok, err := tx.Connection(connection)
		known = ok && callerOf(ctx).Sees(row.Org)
		return err
	})
	switch {
	case err != nil:
		return err
	case !known:
		return directory.Errorf(directory.NotFound, "There is no connection %q; `usher connections list` shows those there are.", connection)
	case s.SignIn == nil:
		return directory.Errorf(directory.Unavailable, "Only the running server knows this; start `usher serve` first.")
	}
	return nil
}
