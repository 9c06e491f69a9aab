package app

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/scim"
	"github.com/mixus/usher/sso/provider"
	"github.com/mixus/usher/web"
)

// handler is everything that is served over the network.
func (a *App) handler() http.Handler {
	pushes := a.pushes()
	nothing := httpx.Handler(func(http.ResponseWriter, *http.Request) error {
		return directory.Errorf(directory.NotFound, "There is nothing at this path. SCIM is at %s{connection}, REST at %s.", scim.Prefix, api.Prefix)
	}).With(a.api.Render)
	mux := http.NewServeMux()
	mux.Handle(scim.Prefix, pushes)
	mux.Handle(strings.TrimSuffix(scim.Prefix, "/"), nothing) // rather than a redirect
	mux.Handle(api.Prefix, a.api.Handler())
	mux.Handle(api.Prefix+"/", a.api.Handler())
	mux.Handle("/healthz", a.readable(http.HandlerFunc(a.health.serveAlive)))
	mux.Handle("/readyz", a.readable(http.HandlerFunc(a.health.serveReady)))
	mux.Handle("/metrics", a.readable(a.metrics.handler()))
	access := a.api.AccessHandler(a.URL())
	mux.Handle("/access/v1/", access)
	mux.Handle("/.well-known/authzen-configuration", access)
	a.people(mux)
	mux.Handle("/{$}", a.readable(http.RedirectHandler("/login", http.StatusSeeOther))) // for whoever types the name of the host
	mux.Handle("/", nothing)
	return &httpx.Edge{
		Next: withoutCleaning(mux, pushes), Log: a.log, Access: a.access, Proxies: a.proxies,
		Broken: a.broken, Observe: a.metrics.answered,
	}
}

// peoplePaths are what people's browsers meet, and their providers: a path, or all below one that ends in a slash.
func peoplePaths() []string {
	return []string{"/login", "/login/", "/logout", "/logout/", "/welcome", "/terms", "/invitations/", "/account/", "/sso/", web.AssetPrefix}
}

// people serves those who sign in, and the application to which they do.
func (a *App) people(mux *http.ServeMux) {
	pages, application := a.signIn.sso.Handler(), a.signIn.provider.Handler()
	for _, path := range peoplePaths() {
		mux.Handle(path, pages)
	}
	mux.Handle(provider.DiscoveryPath, application)
	mux.Handle("/oidc/", application)
}

// forPeople reports whether an answer at a path is read by a person.
func forPeople(path string) bool {
	return slices.ContainsFunc(peoplePaths(), func(p string) bool {
		return path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p)
	})
}

// pushes serves SCIM under its own, finer patterns, and names the connection for the access line.
func (a *App) pushes() http.Handler {
	pushes := a.scim.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = scimPattern(r.URL.Path)
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, scim.Prefix), "/")
		if _, known := a.connections.get(name); known {
			httpx.SetConnection(r.Context(), name)
		}
		pushes.ServeHTTP(w, r)
	})
}

// readable serves what can only be read, and says so to every other method (RFC 9110, section 15.5.6).
func (a *App) readable(next http.Handler) http.Handler {
	const allow = "GET, HEAD, OPTIONS"
	return httpx.Handler(func(w http.ResponseWriter, r *http.Request) error {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			next.ServeHTTP(w, r)
			return nil
		case http.MethodOptions:
			w.Header().Set("Allow", allow)
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		w.Header().Set("Allow", allow)
		return api.NotAllowed(allow)
	}).With(a.api.Render)
}

// withoutCleaning keeps ServeMux from redirecting SCIM requests whose path it would clean: providers do not follow
// redirects, and a redirected POST turns into a GET.
func withoutCleaning(mux *http.ServeMux, pushes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, scim.Prefix) && (strings.Contains(r.URL.Path, "//") || strings.Contains(r.URL.Path, "/.")) {
			pushes.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// scimPattern names the kind of resource that a path is about, and none of its values.
func scimPattern(path string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, scim.Prefix), "/")
	kind, id, _ := strings.Cut(rest, "/")
	switch kind {
	case "Users", "Groups", "Schemas", "ResourceTypes":
		switch id {
		case "":
			return scim.Prefix + "{connection}/" + kind
		case ".search":
			return scim.Prefix + "{connection}/" + kind + "/.search"
		}
		return scim.Prefix + "{connection}/" + kind + "/{id}"
	case "Bulk", "Me", "ServiceProviderConfig", ".search":
		return scim.Prefix + "{connection}/" + kind
	}
	return scim.Prefix + "{connection}"
}

// broken answers for a handler that panicked, in the form of its transport.
func (a *App) broken(w http.ResponseWriter, r *http.Request, err error) {
	if forPeople(r.URL.Path) {
		a.signIn.sso.Render(w, r, err)
		return
	}
	if !strings.HasPrefix(r.URL.Path, scim.Prefix) {
		a.api.Render(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(http.StatusInternalServerError)
	_ = json.NewEncoder(w).Encode(map[string]any{ // RFC 7644, section 3.12
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": "500", "detail": publicText(err),
	})
}

// localHandler is what the socket in the data directory serves: the REST interface, in the name of whoever connects.
func localHandler(server *api.Server, log *slog.Logger) http.Handler {
	return &httpx.Edge{Log: log, Broken: server.Render, Next: server.Local(func(r *http.Request) string {
		uid, ok := httpx.PeerUID(r.Context())
		if !ok {
			return "local"
		}
		return accountName(strconv.FormatUint(uint64(uid), 10))
	})}
}

// accountName names an account of this machine for the journal.
func accountName(uid string) string {
	if u, err := user.LookupId(uid); err == nil && u.Username != "" {
		return u.Username + " (local)"
	}
	return "uid " + uid + " (local)"
}

// publicText is what anybody may read of an error.
func publicText(err error) string {
	var e *directory.Error
	if errors.As(err, &e) && e.Kind != directory.Internal {
		return e.Message
	}
	if errors.As(err, &e) && e.Err == nil {
		return e.Message
	}
	return "something is wrong inside the server; its log has more"
}
