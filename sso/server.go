package sso

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/passkey"
	"github.com/mixus/usher/sso/password"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/web"
)

// Server serves the browser's side of signing in and out. Its exported fields are set before Handler is called, and never
// after.
type Server struct {
	Engine *provision.Engine
	Lines  Lines
	Pages  *web.Pages
	Log    *slog.Logger
	Now    func() time.Time // the clock; time.Now when nil

	PublicURL   string // scheme and host under which browsers reach this server; never taken from a request
	Application string // what people sign in to, by its name; "" when it has none
	Home        string // where people go who came from nowhere: an https address or a path of our own; "" for nowhere

	// Key seals what browsers keep while a sign-in is under way: the same on every replica, and after a restart. Without one,
	// a key is made that lasts as long as the process.
	Key [32]byte

	seal      seal
	hasher    *password.Hasher
	keys      *passkey.Keys // nil at an address that can have no passkeys
	prepare   sync.Once
	tries     httpx.Limiter[netip.Prefix] // addresses typed, by client
	callbacks httpx.Limiter[netip.Prefix] // codes brought back from OpenID Connect providers, by client: each costs a call
	links     httpx.Limiter[netip.Prefix] // links of invitations followed, by client
	codes     httpx.Limiter[netip.Prefix] // codes asked for and typed, passwords and passkeys, by client
	refusals  httpx.Limiter[refusing]     // of messages that nobody vouched for
	journaled httpx.Limiter[string]       // those of them that are journalled, by connection
}

// Lines knows the connections that sign people in. It is a *trust.Keeper.
type Lines interface {
	Line(connection string) (*trust.Line, bool)
	Lines(org directory.OrgNum) []*trust.Line
	Organizations() []trust.Organization
}

// Handler returns the handler of everything that is served here: /login, /logout, /welcome, /terms, /invitations/,
// /account/, /sso/ and /assets/.
func (s *Server) Handler() http.Handler {
	s.ready()
	protection, mux := s.protection(), http.NewServeMux()
	for pattern, h := range map[string]httpx.Handler{
		"GET " + loginPath:   s.login,
		"POST " + loginPath:  s.loginForm,
		"GET " + expiredPath: s.expired,
		"GET " + welcomePath: s.welcome,
		"GET " + termsPath:   s.terms,
		"POST " + termsPath:  s.acceptTerms,
		"GET " + codePath:    s.code,
		"POST " + codePath:   s.askCode,
		"GET " + enterPath:   s.enter,
		"POST " + enterPath:  s.enterCode,
		"GET " + logoutPath:  s.logout,
		"POST " + logoutPath: s.logoutForm,
		"GET " + donePath:    s.done,

		"GET " + passwordPath:         s.passwordPage,
		"POST " + passwordPath:        s.enterPassword,
		"GET " + passkeyPath:          backToOwn,
		"POST " + passkeyPath:         s.enterPasskey,
		"GET " + accountPath:          s.own(s.account),
		"GET " + accountPasswordPath:  backToAccount,
		"POST " + accountPasswordPath: s.own(s.setPassword),
		"GET " + accountPasskeyPath:   backToAccount,
		"POST " + accountPasskeyPath:  s.own(s.addPasskey),
		"GET " + accountChangePath:    backToAccount,
		"POST " + accountChangePath:   s.own(s.changePasskey),

		"GET " + invitationsPath + "{token}":             s.invitation,
		"POST " + invitationsPath + "{token}":            s.followed(s.acceptInvitation),
		"GET " + invitationsPath + "{token}/decline":     s.followed(s.decline),
		"POST " + invitationsPath + "{token}/decline":    s.followed(s.declined),
		"GET " + invitationsPath + "{token}/account":     s.followed(backToInvitation),
		"POST " + invitationsPath + "{token}/account":    s.followed(s.otherAccount),
		"GET " + invitationsPath + "{token}/code":        s.followed(backToInvitation),
		"POST " + invitationsPath + "{token}/code":       s.followed(s.askInviteCode),
		"GET " + invitationsPath + "{token}/code/enter":  s.followed(s.inviteEnter),
		"POST " + invitationsPath + "{token}/code/enter": s.followed(s.enterInviteCode),

		"GET /sso/{connection}/login":         s.start,
		"GET /sso/{connection}/saml/metadata": s.metadata,
		"GET /sso/{connection}/saml/slo":      s.singleLogout,
		"GET /sso/{connection}/oidc/callback": s.callback,
		"/":                                   s.nothing,
	} {
		mux.Handle(pattern, protection.Handler(h.With(s.Render)))
	}
	// Providers send browsers here from their own pages, or call themselves.
	mux.Handle("POST /sso/{connection}/saml/acs", httpx.Handler(s.consume).With(s.Render))
	mux.Handle("POST /sso/{connection}/saml/slo", httpx.Handler(s.singleLogout).With(s.Render))
	mux.Handle("POST /sso/{connection}/oidc/backchannel-logout", http.HandlerFunc(s.backChannel))
	mux.Handle("GET "+web.AssetPrefix, s.Pages.Assets())
	return mux
}

// ready makes what the server needs beside its fields.
func (s *Server) ready() {
	s.prepare.Do(func() {
		s.seal, s.hasher = newSeal(s.Key), password.New()
		keys, err := passkey.New(s.PublicURL, s.Application, s.now)
		if err != nil {
			s.Log.Info("nobody can have a passkey here; a public_url with a domain, such as https://usher.acme.com, changes that", "url", s.PublicURL)
			return
		}
		s.keys = keys
	})
}

// protection keeps other sites from sending our forms.
func (s *Server) protection() *http.CrossOriginProtection {
	p := http.NewCrossOriginProtection()
	_ = p.AddTrustedOrigin(origin(s.PublicURL)) // one that is malformed is trusted by nobody
	p.SetDenyHandler(httpx.Handler(func(http.ResponseWriter, *http.Request) error {
		return directory.Errorf(directory.Forbidden, "The form was sent from another site.")
	}).With(s.Render))
	return p
}

// origin returns scheme and host of an address.
func origin(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// The paths of the pages.
const (
	loginPath    = "/login"
	expiredPath  = "/login/expired"
	codePath     = "/login/code"
	enterPath    = "/login/code/enter"
	welcomePath  = "/welcome"
	termsPath    = "/terms"
	passwordPath = "/login/password"
	passkeyPath  = "/login/passkey"
	accountPath  = "/account/sign-in"
	logoutPath   = "/logout"
	donePath     = "/logout/done"

	accountPasswordPath = accountPath + "/password"
	accountPasskeyPath  = accountPath + "/passkey"
	accountChangePath   = accountPath + "/passkey/change"
)

func (s *Server) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// line returns the connection that a path names.
func (s *Server) line(r *http.Request) (*trust.Line, error) {
	line, ok := s.Lines.Line(r.PathValue("connection"))
	if !ok {
		return nil, directory.Errorf(directory.NotFound, "Nobody signs in by a connection of this name.")
	}
	httpx.SetConnection(r.Context(), line.ID)
	return line, nil
}

// lineOf returns the connection of a number, nil when it signs nobody in any more.
func (s *Server) lineOf(org directory.OrgNum, conn directory.ConnNum) *trust.Line {
	for _, line := range s.Lines.Lines(org) {
		if line.Conn == conn {
			return line
		}
	}
	return nil
}

func (s *Server) nothing(http.ResponseWriter, *http.Request) error {
	return directory.Errorf(directory.NotFound, "There is no page of this address.")
}
