package trust

import (
	"strings"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/saml"
)

// Line is a connection that signs people in, ready for use. It does not change: what changes makes another Line, so that
// one sign-in sees one state of affairs.
type Line struct {
	ID           string // the connection's id
	Org          directory.OrgNum
	Conn         directory.ConnNum
	Organization *config.Organization
	Settings     *config.Connection

	// SAML is set for a connection with saml, also while there is a Problem: our own metadata is needed before the
	// provider's is known.
	SAML *saml.Settings
	// OIDC is set for a connection with oidc, unless its settings cannot be used at all.
	OIDC *oidc.Provider
	// Problem says why nobody can sign in now, as a *directory.Error in words for an admin; nil when people can.
	Problem error
}

// at returns the line as it is at an instant: the provider's metadata ends when it says, and not when somebody looks.
func (l *Line) at(now time.Time) *Line {
	if l.Problem != nil || l.SAML == nil || l.SAML.Metadata.ValidUntil.IsZero() || now.Before(l.SAML.Metadata.ValidUntil) {
		return l
	}
	over := *l
	over.Problem = l.problem(l.SAML.Check(now))
	return &over
}

// problem puts the place of the connection's settings before what is wrong with them.
func (l *Line) problem(err error) error { return placed(l.Settings, err) }

// Organization is an organization with a policy in force.
type Organization struct {
	Num    directory.OrgNum
	Config *config.Organization
}

// URLs are where a connection's provider and people reach it.
type URLs struct {
	Login             string // begins a sign-in
	ACS               string // SAML: where answers are posted
	Metadata          string // SAML: our metadata; also our entity id
	SLO               string // SAML: where sign-outs are announced and answered
	Callback          string // OpenID Connect: the redirect URI
	BackChannelLogout string // OpenID Connect: where the provider announces sign-outs
	SignedOut         string // where a provider sends people whom it has signed out
}

// URLsOf returns the URLs of a connection below the server's public URL.
func URLsOf(public, connection string) URLs {
	public = strings.TrimRight(public, "/")
	base := public + "/sso/" + connection
	return URLs{
		Login: base + "/login", ACS: base + "/saml/acs", Metadata: base + "/saml/metadata", SLO: base + "/saml/slo",
		Callback: base + "/oidc/callback", BackChannelLogout: base + "/oidc/backchannel-logout",
		SignedOut: public + "/logout/done",
	}
}
