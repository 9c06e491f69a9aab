package sso

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/web"
)

// Limits of the forms.
const (
	formBytes    = 16 << 10
	triesAllowed = 300 // addresses typed, or named by a link, in a minute behind one client address, where a whole office may be
)

// login is GET /login. It asks for an address, unless it can tell without: by a connection or an organization that is
// named, or by an address that comes along and leads to one connection only.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	want := wishOf(query.Get)
	lines, err := s.named(query.Get("organization"), query.Get("connection"))
	if err != nil {
		return err
	}
	held, member, err := s.live(r)
	if err != nil {
		return err
	}
	if held != nil && !want.Fresh && (lines == nil || slices.ContainsFunc(lines, func(l *trust.Line) bool { return l.Org == held.Org })) {
		return s.arrive(w, r, held, member, want.Return, false)
	}
	if want.Address != "" {
		if err := s.limit(w, r, &s.tries, triesAllowed); err != nil {
			return err
		}
	}
	switch lines = s.ways(lines, want.Address); len(lines) {
	case 0:
		return s.loginPage(w, http.StatusOK, want, web.NoProblem)
	case 1:
		return s.begin(w, r, lines[0], want)
	}
	return s.choose(w, r, lines, want)
}

// ways returns the connections by which somebody of an address, "" when it is not known, can sign in: of those that were
// named, where some were.
func (s *Server) ways(named []*trust.Line, address string) []*trust.Line {
	if len(named) == 1 || address == "" {
		return named
	}
	serving := s.serving(address)
	if named == nil {
		return serving
	}
	both := slices.DeleteFunc(serving, func(l *trust.Line) bool {
		return !slices.ContainsFunc(named, func(n *trust.Line) bool { return n.ID == l.ID })
	})
	if len(both) == 0 { // somebody of another domain, such as a guest
		return named
	}
	return both
}

// named returns the connections that a request names, nil when it names none. One that does not exist is a NotFound error.
func (s *Server) named(organization, connection string) ([]*trust.Line, error) {
	if connection != "" {
		line, ok := s.Lines.Line(connection)
		if !ok || organization != "" && line.Organization.ID != organization {
			return nil, directory.Errorf(directory.NotFound, "Nobody signs in by a connection of this name.")
		}
		return []*trust.Line{line}, nil
	}
	if organization == "" {
		return nil, nil
	}
	for _, o := range s.Lines.Organizations() {
		if o.Config.ID == organization {
			if lines := open(s.Lines.Lines(o.Num)); len(lines) > 0 {
				return lines, nil
			}
		}
	}
	return nil, directory.Errorf(directory.NotFound, "Nobody signs in to an organization of this name.")
}

// loginForm is POST /login: an address was typed, or one of several ways was chosen.
func (s *Server) loginForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.form(w, r, formBytes); err != nil {
		return err
	}
	if err := s.limit(w, r, &s.tries, triesAllowed); err != nil {
		return err
	}
	want := wishOf(r.PostForm.Get)
	typed := strings.TrimSpace(r.PostForm.Get("email"))
	if typed != "" {
		want.Address = hint(typed)
	}
	lines, err := s.named(r.PostForm.Get("organization"), r.PostForm.Get("connection"))
	if err != nil {
		return err
	}
	switch {
	case lines != nil:
	case typed == "" && want.Address == "":
		return s.loginPage(w, http.StatusUnprocessableEntity, want, web.EmailMissing)
	case want.Address == "":
		return s.loginPage(w, http.StatusUnprocessableEntity, wish{Return: want.Return, Address: typed, Fresh: want.Fresh}, web.EmailInvalid)
	}
	switch lines = s.ways(lines, want.Address); len(lines) {
	case 0:
		return s.unknown(w, r, want)
	case 1:
		return s.begin(w, r, lines[0], want)
	}
	return s.choose(w, r, lines, want)
}

// unknown says that an address leads nowhere: the same for every address, whoever has an account.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request, want wish) error {
	request := httpx.RequestID(r.Context())
	s.Log.InfoContext(r.Context(), "an address leads to no sign-in", "domain", directory.EmailDomain(want.Address), "request_id", request)
	page := &web.UnknownAddress{Frame: s.frame(nil, provision.LogReference(request)), Email: want.Address, Again: with(loginPath, "return", want.Return)}
	page.Code = with(codePath, "login_hint", want.Address, "return", want.Return)
	return s.Pages.Render(w, http.StatusNotFound, page)
}

// serving returns the connections by which people of an address's domain sign in, in the order in which they are offered:
// of each organization that owns the domain, those that have the say for it first.
func (s *Server) serving(address string) []*trust.Line {
	domain := directory.EmailDomain(address)
	var all []*trust.Line
	for _, o := range s.Lines.Organizations() {
		if s.owns(o.Config, domain) {
			all = append(all, serving(open(s.Lines.Lines(o.Num)), domain)...)
		}
	}
	return all
}

// owns reports whether an organization owns a domain, as its file says and as it has proven where proof is asked for. An
// organization that only claims a domain would otherwise draw its people to its own provider.
func (s *Server) owns(o *config.Organization, domain string) bool {
	return slices.ContainsFunc(o.Domains, func(d config.Domain) bool { return d.Domain == domain }) &&
		(s.Engine.Verified == nil || s.Engine.Verified(o.ID, domain))
}

// serving returns those of one organization's connections that serve a domain: those that have the say for it, and those
// that have the say for no domain in particular; all where that leaves none.
func serving(lines []*trust.Line, domain string) []*trust.Line {
	var first, then []*trust.Line
	for _, line := range lines {
		switch {
		case slices.Contains(line.Settings.Authority, domain):
			first = append(first, line)
		case len(line.Settings.Authority) == 0:
			then = append(then, line)
		}
	}
	if served := slices.Concat(first, then); len(served) > 0 {
		return served
	}
	return lines
}

// open leaves out connections that only observe: they let nobody in, and are tried by their own address.
func open(lines []*trust.Line) []*trust.Line {
	return slices.DeleteFunc(slices.Clone(lines), func(l *trust.Line) bool { return l.Settings.State == config.StateObserve })
}

// hint returns what is an address as far as finding a provider goes, "" for everything else.
func hint(raw string) string {
	raw = strings.TrimSpace(raw)
	local, domain, found := strings.Cut(raw, "@")
	if !found || local == "" || !strings.Contains(strings.Trim(domain, "."), ".") || len(raw) > 254 || strings.ContainsAny(raw, " \t\r\n\"<>\\,;") || strings.Contains(domain, "@") {
		return ""
	}
	for _, r := range raw {
		if r < ' ' || r == 0x7f {
			return ""
		}
	}
	return raw
}

func (s *Server) loginPage(w http.ResponseWriter, status int, want wish, wrong web.Problem) error {
	page := &web.Login{Frame: s.frame(nil, ""), Form: web.Form{Action: loginPath, Hidden: hidden(want, false)}, Email: want.Address, Problem: wrong}
	page.Other = with(passwordPath, "login_hint", hint(want.Address), "return", want.Return)
	return s.Pages.Render(w, status, page)
}

// choose offers several ways: the organizations where there are several, else the connections.
func (s *Server) choose(w http.ResponseWriter, r *http.Request, lines []*trust.Line, want wish) error {
	last := kept(r, lastCookie)
	form := web.Form{Action: loginPath, Hidden: hidden(want, true)}
	other := with(loginPath, "return", want.Return)
	var organizations, connections []web.Choice
	for _, line := range lines {
		used := line.ID == last
		connections = append(connections, web.Choice{Value: line.ID, Label: label(line.Settings), Last: used})
		o := line.Organization
		i := slices.IndexFunc(organizations, func(c web.Choice) bool { return c.Value == o.ID })
		if i < 0 {
			i = len(organizations)
			organizations = append(organizations, web.Choice{Value: o.ID, Label: o.Name})
		}
		organizations[i].Last = organizations[i].Last || used
	}
	if len(organizations) > 1 {
		return s.Pages.Render(w, http.StatusOK, &web.OrganizationChoice{Frame: s.frame(nil, ""), Form: form, Organizations: organizations, Other: other})
	}
	return s.Pages.Render(w, http.StatusOK, &web.ConnectionChoice{Frame: s.frame(lines[0].Organization, ""), Form: form, Connections: connections, Other: other})
}

// hidden carries a wish through a form.
func hidden(want wish, address bool) []web.Field {
	var out []web.Field
	if want.Return != "" {
		out = append(out, web.Field{Name: "return", Value: want.Return})
	}
	if want.Fresh {
		out = append(out, web.Field{Name: "fresh", Value: "1"})
	}
	if address && want.Address != "" {
		out = append(out, web.Field{Name: "login_hint", Value: want.Address})
	}
	return out
}
