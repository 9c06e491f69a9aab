package provider

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/zitadel/schema"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/web"
)

// The paths of the endpoints, below the issuer.
const (
	DiscoveryPath  = "/.well-known/openid-configuration"
	AuthorizePath  = "/oidc/authorize"
	CallbackPath   = "/oidc/authorize/callback"
	TokenPath      = "/oidc/token"
	UserinfoPath   = "/oidc/userinfo"
	RevokePath     = "/oidc/revoke"
	KeysPath       = "/oidc/keys"
	EndSessionPath = "/oidc/end_session"
)

// Provider is the OpenID provider. Its fields are set before the first request and never after.
type Provider struct {
	Engine *provision.Engine
	Pages  *web.Pages
	Log    *slog.Logger
	Issuer string // the public URL, without a slash at its end

	// Clients returns the applications, in the order of usher.yaml. It is asked on every request, so that a file that was
	// read again counts at once.
	Clients func() []config.Client
	// Secret returns the present client_secret of a client that has one.
	Secret func(c *config.Client) (config.Secret, error)
	// SignOut ends this browser's session, leads it through its provider's logout where there is one, and finally to then:
	// an address that was checked, or "" for the page that says so.
	SignOut func(w http.ResponseWriter, r *http.Request, then string) error

	// LogoutClient calls applications' back channels. Nil is a client that may call private addresses too: applications
	// live there, and where they are is the operator's own word.
	LogoutClient *http.Client

	once     sync.Once
	keyring  *keyring
	decoder  *schema.Decoder
	outbound *http.Client
}

// ring returns the keys of the provider, which its processes share.
func (p *Provider) ring() *keyring {
	p.once.Do(func() {
		p.keyring = &keyring{store: p.Engine.Store, now: p.Engine.Now, log: p.Log}
		p.decoder = schema.NewDecoder()
		p.decoder.IgnoreUnknownKeys(true)
		if p.outbound = p.LogoutClient; p.outbound == nil {
			p.outbound = newLogoutClient()
		}
	})
	return p.keyring
}

func (p *Provider) now() time.Time { return p.Engine.Now().UTC() }

// Handler serves every path of the provider. No GET changes anything, but that a code is made for somebody who is signed in.
func (p *Provider) Handler() http.Handler {
	p.ring()
	mux := http.NewServeMux()
	mux.Handle("GET "+DiscoveryPath, http.HandlerFunc(p.discovery))
	mux.Handle("GET "+KeysPath, httpx.Handler(p.keys).With(p.refuseClient))
	mux.Handle("GET "+AuthorizePath, httpx.Handler(p.authorize).With(p.refusePerson))
	mux.Handle("POST "+AuthorizePath, httpx.Handler(p.authorize).With(p.refusePerson))
	mux.Handle("GET "+CallbackPath, httpx.Handler(p.callback).With(p.refusePerson))
	mux.Handle("POST "+TokenPath, httpx.Handler(p.token).With(p.refuseClient))
	mux.Handle("GET "+UserinfoPath, httpx.Handler(p.userinfo).With(p.refuseClient))
	mux.Handle("POST "+UserinfoPath, httpx.Handler(p.userinfo).With(p.refuseClient))
	mux.Handle("POST "+RevokePath, httpx.Handler(p.revoke).With(p.refuseClient))
	mux.Handle("GET "+EndSessionPath, httpx.Handler(p.endSession).With(p.refusePerson))
	mux.Handle("POST "+EndSessionPath, httpx.Handler(p.endSessionForm).With(p.refusePerson))
	return mux
}
