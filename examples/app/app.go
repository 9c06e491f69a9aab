package main

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

//go:embed page.html
var pages embed.FS

// App is the application. Its exported fields are set before Handler is called.
type App struct {
	Issuer string
	Client string
	Secret string // "" for a public client
	URL    string // where browsers find it, without a slash at its end
	Log    *slog.Logger
	HTTP   *http.Client // for calls to the issuer; one with a time limit when nil

	page     *template.Template
	sessions sessions

	mu       sync.Mutex
	provider *oidc.Provider // once it has answered
}

// Handler serves the application.
func (a *App) Handler() http.Handler {
	a.page = template.Must(template.ParseFS(pages, "page.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /signin", a.signIn)
	mux.HandleFunc("GET /callback", a.callback)
	mux.Handle("POST /signout", http.NewCrossOriginProtection().Handler(http.HandlerFunc(a.signOut)))
	mux.HandleFunc("POST /backchannel-logout", a.backChannelLogout)
	return mux
}

// issuer returns what the provider says of itself. It is asked once it is needed, so that either may start first.
func (a *App) issuer(ctx context.Context) (*oidc.Provider, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider != nil {
		return a.provider, nil
	}
	provider, err := oidc.NewProvider(a.outbound(context.WithoutCancel(ctx)), a.Issuer)
	if err == nil {
		a.provider = provider
	}
	return provider, err
}

// client returns the client for calls to the issuer.
func (a *App) client() *http.Client {
	if a.HTTP != nil {
		return a.HTTP
	}
	return &http.Client{Timeout: 10 * time.Second}
}

// outbound returns a context whose calls go by that client.
func (a *App) outbound(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, a.client())
}

func (a *App) oauth(provider *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: a.Client, ClientSecret: a.Secret, Endpoint: provider.Endpoint(), RedirectURL: a.URL + "/callback",
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", "access"},
	}
}

// fail says that something did not work out; what it was is in the log.
func (a *App) fail(w http.ResponseWriter, r *http.Request, what string, err error) {
	a.Log.WarnContext(r.Context(), "answered with a problem", "problem", what, "err", err)
	a.show(w, http.StatusBadGateway, &view{Problem: "That did not work: " + what + "."})
}
