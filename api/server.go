package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Prefix is the path under which everything is served.
const Prefix = "/api/v1"

// maxBody is the largest body of a request, in bytes.
const maxBody = 1 << 20

// Server answers the REST interface. Its fields are set before the first request.
type Server struct {
	Store   store.Store
	Engine  *provision.Engine
	Log     *slog.Logger
	Now     func() time.Time
	Version string

	// Compile reads and compiles the files of a policy, as they are on disk or in a request. The policy is nil when a
	// problem is an error.
	Compile func(files []directory.PolicyFile) (*mapping.Policy, []directory.Problem)

	// Waiting returns the policy of an organization that the configuration has and that is not in force, nil for none;
	// File which file of it was read, and when; Problems what is wrong with the configuration that was read last; Applied is told of an organization whose policy
	// was applied, Retired of a connection that was retired. Each may be nil.
	Waiting  func(organization string) *Waiting
	File     func(organization string) *FileRead
	Problems func() []directory.Problem
	Applied  func(ctx context.Context, organization string) error
	Retired  func(ctx context.Context, organization, connection string) error

	// SignIn knows the lines to identity providers; nil in a process that signs nobody in.
	SignIn SignIn

	ids    directory.IDs
	recall recall // what was read for questions of access
	used   store.TokenUse
	tested httpx.Limiter[string] // connections

	build  sync.Once
	routes http.Handler
}

// Handler serves callers that authenticate with an API token.
func (s *Server) Handler() http.Handler { return s.handler(s.bearer) }

// Local serves callers that need no token because of where they are: the peer of a socket that only its owner may open,
// or the process itself. They may do everything, in the name that actor returns.
func (s *Server) Local(actor func(*http.Request) string) http.Handler {
	return s.handler(func(r *http.Request) (*Caller, error) { return &Caller{Actor: actor(r), all: true}, nil })
}

func (s *Server) handler(authenticate func(*http.Request) (*Caller, error)) http.Handler {
	s.build.Do(func() {
		s.tested.Window = testEvery
		s.register()
	})
	return httpx.Handler(func(w http.ResponseWriter, r *http.Request) error {
		if r.URL.Path == Prefix+"/openapi.json" {
			s.routes.ServeHTTP(w, r)
			return nil
		}
		caller, err := authenticate(r)
		if err != nil {
			return err
		}
		if err := readBody(w, r); err != nil {
			return err
		}
		inner := r.WithContext(withCaller(r.Context(), caller))
		defer func() {
			if inner.Pattern != "/" {
				r.Pattern = inner.Pattern // the route, for whoever observes from outside
			}
		}()
		s.routes.ServeHTTP(w, inner)
		return nil
	}).With(s.Render)
}

// readBody takes the body in before anything happens, so that a slow or too large one is answered like every error.
func readBody(w http.ResponseWriter, r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	limit := int64(maxBody)
	if strings.Contains(r.URL.Path, "/policy/") {
		limit = maxPolicyBody
	}
	body, err := wholeBody(w, r, limit)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// wholeBody reads a body of so many bytes at most. One of an ordinary length gets its room at once; for a longer one that is
// only announced there is none before it comes.
func wholeBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	var body []byte
	var err error
	if n := r.ContentLength; n >= 0 && n <= min(limit, maxBody) {
		body = make([]byte, n)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	}
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &large):
		return nil, directory.Errorf(directory.TooLarge, "The body is larger than %d bytes, the most that is taken.", limit)
	case directory.KindOf(err) == directory.Internal:
		return nil, &directory.Error{Kind: directory.Invalid, Message: "The body of the request ended early; send it again.", Err: err}
	}
	return nil, err
}

// register builds the routes and their description.
func (s *Server) register() {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "usher", Version: s.Version,
				Description: "Who belongs where in an organization, and why. Lists are paged by cursor; errors are problem details (RFC 9457).",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{"token": {
					Type: "http", Scheme: "bearer",
					Description: "An API token with scopes, made by `usher token create --scope …`.",
				}},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{describe},
	})
	api.UseMiddleware(s.allow)
	s.organizations(api)
	s.policy(api)
	s.status(api)
	s.members(api)
	s.memberAccess(api)
	s.permissions(api)
	s.requests(api)
	s.projects(api)
	s.onboarding(api)
	s.verbs(api)
	s.invitations(api)
	s.holds(api)
	s.sessions(api)
	s.credentials(api)
	s.mails(api)
	s.lockdown(api)
	s.refusals(api)
	s.domains(api)
	s.explanations(api)
	s.who(api)
	s.draft(api)
	s.groups(api)
	s.connections(api)
	s.setup(api)
	s.journal(api)
	s.tokens(api)
	s.checks(api)
	s.backups(api)

	description := sync.OnceValues(func() ([]byte, error) { return json.Marshal(api.OpenAPI()) })
	mux.Handle("GET "+Prefix+"/openapi.json", httpx.Handler(func(w http.ResponseWriter, _ *http.Request) error {
		text, err := description()
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(text) // a client that has gone needs no answer
		return nil
	}).With(s.Render))
	mux.Handle("/", httpx.Handler(func(w http.ResponseWriter, r *http.Request) error { return noRoute(mux, w, r) }).With(s.Render))
	s.routes = mux
}

// methods are those that operations use.
func methods() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}

// noRoute says whether it is the path or only its method that does not exist (RFC 9110, section 15.5.6).
func noRoute(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range methods() {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := mux.Handler(probe); pattern != "" && pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return directory.Errorf(directory.NotFound, "There is nothing at this path; see %s/openapi.json.", Prefix)
	}
	if allowed[0] == http.MethodGet {
		allowed = slices.Insert(allowed, 1, http.MethodHead)
	}
	allow := strings.Join(append(allowed, http.MethodOptions), ", ")
	w.Header().Set("Allow", allow)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return NotAllowed(allow)
}

// NotAllowed is the problem of a method that a path does not take; the header Allow is for the caller to set.
func NotAllowed(allow string) *Problem {
	return &Problem{
		Title: http.StatusText(http.StatusMethodNotAllowed), Status: http.StatusMethodNotAllowed, Kind: directory.Invalid.String(),
		Detail: "This path takes " + allow + " only.",
	}
}
