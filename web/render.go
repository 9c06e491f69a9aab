package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed templates/page.html
var templates embed.FS

// Pages writes pages. It is safe for concurrent use once its fields are set.
type Pages struct {
	// Loopback lets forms lead to http addresses of this machine as well, where providers and applications run in tests.
	Loopback bool

	texts    Texts
	template *template.Template
	assets   assets
}

// New returns Pages with words; nil means English.
func New(texts Texts) *Pages {
	return &Pages{
		texts:    English().With(texts),
		template: template.Must(template.ParseFS(templates, "templates/page.html")),
		assets:   newAssets(),
	}
}

// Render answers a request with a page. Its error, of kind Internal, says that the page cannot be made of what it was given,
// and that nothing was written.
func (p *Pages) Render(w http.ResponseWriter, status int, page Page) error {
	s := p.sheet(page.frame())
	page.fill(s)
	var body bytes.Buffer
	if s.err == nil {
		if err := p.template.Execute(&body, s); err != nil {
			return fmt.Errorf("web: write a page: %w", err)
		}
	}
	if s.err != nil { // the template asks for texts too
		return s.err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", p.policy(s))
	h.Set("Referrer-Policy", s.referrer)
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // nobody is left to tell
	return nil
}

// sheet begins a page with what is around it.
func (p *Pages) sheet(f *Frame) *sheet {
	s := &sheet{
		texts: p.texts, values: map[string]string{},
		Stylesheet: p.assets.path(stylesheet), Icon: p.assets.path(icon), script: p.assets.path(script),
		// No other address learns which page a person comes from. With no-referrer browsers would send "Origin: null" with our
		// own forms, which looks like a forged request.
		referrer: "same-origin",
	}
	o := f.Organization
	o.Name = clean(o.Name)
	o.Support.Name = clean(o.Support.Name)
	if !public(o.Logo) {
		o.Logo = ""
	}
	if !mailbox(o.Support.Email) {
		o.Support.Email = ""
	}
	if !public(o.Support.URL) {
		o.Support.URL = ""
	}
	s.Organization, s.Reference = o, clean(f.Reference)
	s.know("application", f.Application)
	s.know("organization", o.Name)
	s.know("support", o.Support.Name)
	s.know("reference", s.Reference)
	return s
}

// policy is the page's Content-Security-Policy: our own stylesheet, our own icon, the logo, the form's way on, our own script
// where the page has one, and nothing else.
func (p *Pages) policy(s *sheet) string {
	images := "'self'"
	if at, elsewhere := origin(s.Organization.Logo); elsewhere {
		images += " " + at
	}
	if s.Checklist != nil {
		if at, elsewhere := origin(s.Checklist.Badge); elsewhere && !strings.Contains(images, at) {
			images += " " + at
		}
	}
	forms := "'none'"
	if s.Form != nil {
		forms = strings.TrimSpace("'self' " + s.targets)
		if p.Loopback {
			forms += " http://localhost:* http://127.0.0.1:*"
		}
	}
	scripts := ""
	if s.Script != "" {
		scripts = "script-src 'self'; "
	}
	return "default-src 'none'; " + scripts + "style-src 'self'; img-src " + images + "; form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"
}
