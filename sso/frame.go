package sso

import (
	"cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/web"
)

// frame returns what is around a page: of an organization, nil where it is not known.
func (s *Server) frame(o *config.Organization, reference string) web.Frame {
	f := web.Frame{Application: s.Application, Reference: reference}
	if o != nil {
		f.Organization = web.Organization{
			Name: o.Name, Logo: o.Logo, Support: web.Support{Name: o.Support.Name, Email: o.Support.Email, URL: o.Support.URL},
		}
	}
	return f
}

// label returns what a connection is called where people choose.
func label(c *config.Connection) string { return cmp.Or(c.Label, providerName(c), c.ID) }

// providerName returns what people call a connection's provider, "" when nobody knows.
func providerName(c *config.Connection) string {
	switch c.Provider {
	case "okta":
		return "Okta"
	case "entra":
		return "Microsoft Entra"
	case "google":
		return "Google"
	}
	return c.Label
}
