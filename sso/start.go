package sso

import (
	"net/http"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/sso/session"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/web"
)

// wish is what a browser wants of a sign-in.
type wish struct {
	Return  string // a path of our own, checked
	Address string // whom the person says to be
	Fresh   bool   // the provider is to ask for the credentials again
}

// wishOf reads a wish from a query or a form.
func wishOf(get func(string) string) wish {
	return wish{Return: local(get("return")), Address: hint(get("login_hint")), Fresh: get("fresh") == "1"}
}

// start is GET /sso/{connection}/login: where a provider's tile, a link in an intranet or our own pages begin a sign-in.
func (s *Server) start(w http.ResponseWriter, r *http.Request) error {
	line, err := s.line(r)
	if err != nil {
		return err
	}
	return s.begin(w, r, line, wishOf(r.URL.Query().Get))
}

// begin leads a browser to a connection's provider. It does so where a page is opened and nowhere else: pictures and frames
// on another site would fill the browser with cookies until no request of its own came through.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, line *trust.Line, want wish) error {
	if !opened(r) {
		return directory.Errorf(directory.Forbidden, "A sign-in begins by opening its page; this is a part of another page.")
	}
	a := &ask{Connection: line.ID, At: s.now().UTC(), Return: want.Return, Address: want.Address, Fresh: want.Fresh, Former: former(r)}
	switch {
	case line.Problem != nil:
		return s.refuse(w, r, line, a, problem(line.Problem))
	case line.SAML != nil:
		return s.beginSAML(w, r, line, a)
	case line.OIDC != nil:
		return s.beginOIDC(w, r, line, a)
	}
	return directory.Errorf(directory.NotFound, "Nobody signs in by this connection.")
}

// opened reports whether a request opens a page of its own, by what browsers say of it (W3C Fetch Metadata, sections 2.1 and
// 2.2), and takes the word of one that says nothing.
func opened(r *http.Request) bool {
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	return (mode == "" || mode == "navigate") && (dest == "" || dest == "document")
}

// former returns the id of the session that a browser holds, whether or not it still does.
func former(r *http.Request) directory.ID {
	token := session.Token(r)
	if token == "" {
		return directory.NoID
	}
	return sessionID(token)
}

func (s *Server) beginSAML(w http.ResponseWriter, r *http.Request, line *trust.Line, a *ask) error {
	a.ID = newID()
	out, err := line.SAML.Request(saml.Ask{At: a.At, RelayState: a.ID, ForceAuthn: a.Fresh, LoginHint: a.Address})
	if err != nil {
		return s.refuse(w, r, line, a, problem(err))
	}
	a.Request = out.ID
	if err := s.keepAsk(w, r, a, true); err != nil {
		return err
	}
	return s.send(w, r, line, out, false)
}

func (s *Server) beginOIDC(w http.ResponseWriter, r *http.Request, line *trust.Line, a *ask) error {
	want := oidc.Ask{LoginHint: a.Address, Domain: directory.EmailDomain(a.Address), Fresh: a.Fresh}
	to, request, refusal := line.OIDC.Request(r.Context(), want)
	if refusal != nil {
		return s.refuse(w, r, line, a, refusal)
	}
	a.ID, a.At, a.Nonce, a.Verifier = request.State, request.At.UTC(), request.Nonce, request.Verifier
	if err := s.keepAsk(w, r, a, false); err != nil {
		return err
	}
	return leave(w, r, to)
}

// send has the browser carry a SAML message to the provider: by going there, or by a form.
func (s *Server) send(w http.ResponseWriter, r *http.Request, line *trust.Line, out *saml.Outbound, leaving bool) error {
	if out.Binding == saml.Redirect {
		return leave(w, r, out.URL)
	}
	page := &web.PostToProvider{Frame: s.frame(line.Organization, ""), Provider: providerName(line.Settings), Action: out.URL, Leaving: leaving}
	for _, f := range out.Fields {
		page.Fields = append(page.Fields, web.Field{Name: f.Name, Value: f.Value})
	}
	return s.Pages.Render(w, http.StatusOK, page)
}

// leave sends the browser on with GET. The answer is for this browser, now.
func leave(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// problem makes a refusal of what keeps a connection from working.
func problem(err error) *identity.Refusal {
	code, reason := identity.Misset, "The connection cannot be used."
	var public *directory.Error
	if directory.KindOf(err) == directory.Unavailable {
		code = identity.Unavailable
	}
	if asPublic(err, &public) {
		reason = public.Message
	}
	return &identity.Refusal{Code: code, Reason: reason, Err: err}
}
