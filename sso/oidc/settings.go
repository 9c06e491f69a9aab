package oidc

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/mixus/usher/directory"
)

// Settings are one connection's line to its provider. The zero value of what is optional is the safe choice.
type Settings struct {
	Connection string // the connection's id, which binds a request to it
	Kind       Kind   // whose product the provider is; Generic when ""
	Issuer     string // exactly as the provider writes it, with or without a slash at the end
	ClientID   string

	// ClientSecret, or Key for private_key_jwt (OpenID Connect Core 9). One of the two.
	ClientSecret string
	Key          *ClientKey

	RedirectURI string   // the connection's own; no other connection has it
	Scopes      []string // beside openid; profile and email without any
	Claims      Claims
	// Subject are the claims of the ID token that name a person for good. Without any: sub, and for Entra tid and oid.
	Subject []string
	// Tenant is the one Entra tenant whose people may sign in; without it, the one that the issuer names.
	Tenant string
	// HostedDomain is the Google Workspace domain that the hd claim must name.
	HostedDomain string

	// Algorithms are the signature algorithms of tokens that are accepted; RS256, PS256, ES256 and EdDSA without any. The
	// provider's own list has no say.
	Algorithms []string
	// Audiences are further audiences which a token may name beside the client id.
	Audiences []string
	// TrustEmail makes an address count as vouched for where the provider does not say whether it is verified. An address
	// of which it says that it is not verified never counts.
	TrustEmail bool
	Skew       time.Duration // by how much the two clocks may differ; 90 s when zero, at most 5 min

	Prompt string        // the prompt parameter of every request, such as select_account; none when ""
	MaxAge time.Duration // how long ago a person may have signed in at the provider; no limit when zero
	// ACR are the authentication contexts asked for. When there are any, the token must name one of them.
	ACR []string

	// AllowHTTP permits plain HTTP to loopback addresses, for tests. Everything else is HTTPS always.
	AllowHTTP bool
}

// Claims says which claim holds what; what is "" has the provider's usual name. A name with dots leads into nested claims,
// as in realm_access.roles, unless a claim has that very name.
type Claims struct {
	Email, UserName, GivenName, FamilyName, DisplayName, Title, Department, Groups, Locale string
}

const (
	defaultSkew = 90 * time.Second
	largestSkew = 5 * time.Minute
)

// safeAlgorithms returns those with a public key; HS256 and none are not among them, and no setting lets them in.
func safeAlgorithms() []string {
	return []string{
		gooidc.RS256, gooidc.RS384, gooidc.RS512, gooidc.PS256, gooidc.PS384, gooidc.PS512,
		gooidc.ES256, gooidc.ES384, gooidc.ES512, gooidc.EdDSA,
	}
}

// mutableClaims returns claims that change hands or are edited by the people themselves, so that no account is keyed by them.
func mutableClaims() []string {
	return []string{"email", "preferred_username", "upn", "unique_name", "name", "nickname", "given_name", "family_name"}
}

// complete returns the settings with their defaults, or everything that is wrong with them, each as a *directory.Error
// that names its field.
func (s Settings) complete() (Settings, error) {
	var wrong []error
	fail := func(field, format string, args ...any) {
		wrong = append(wrong, &directory.Error{Kind: directory.Invalid, Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if s.Kind == "" {
		s.Kind = Generic
	}
	k, known := s.Kind.peculiar()
	if !known {
		fail("provider", "The provider %q is not known; write okta, entra, google or generic.", s.Kind)
	}
	if err := s.webAddress(s.Issuer); err != nil {
		fail("issuer", "The issuer %q %v.", s.Issuer, err)
	} else if strings.ContainsAny(s.Issuer, "?#") {
		fail("issuer", "The issuer %q has a query or a fragment; write it as the provider's configuration does.", s.Issuer)
	}
	if err := s.webAddress(s.RedirectURI); err != nil {
		fail("redirect_uri", "The redirect URI %q %v.", s.RedirectURI, err)
	}
	if s.ClientID == "" {
		fail("client_id", "The client id is missing; copy it from the application's page at the provider.")
	}
	if (s.ClientSecret == "") == (s.Key == nil) {
		fail("client_secret", "A connection proves who it is by a client secret or by a private key; give one of them.")
	}
	s.completeTokens(fail)
	s.completePeople(k, fail)
	return s, errors.Join(wrong...)
}

// completeTokens sees to how tokens are judged.
func (s *Settings) completeTokens(fail func(field, format string, args ...any)) {
	if len(s.Algorithms) == 0 {
		s.Algorithms = []string{gooidc.RS256, gooidc.PS256, gooidc.ES256, gooidc.EdDSA}
	}
	for _, alg := range s.Algorithms {
		if !slices.Contains(safeAlgorithms(), alg) {
			fail("algorithms", "The algorithm %q is not accepted: a token is signed with a private key, by one of %s.", alg, strings.Join(safeAlgorithms(), ", "))
		}
	}
	if s.Skew == 0 {
		s.Skew = defaultSkew
	}
	if s.Skew < 0 || s.Skew > largestSkew {
		fail("clock_skew", "The clock skew %s is not between 0 and %s; set the clocks by NTP instead.", s.Skew, largestSkew)
	}
	if s.MaxAge < 0 {
		fail("max_age", "max_age cannot be negative.")
	}
	if s.Prompt == "none" {
		fail("prompt", `prompt "none" signs nobody in who is not signed in yet; leave it out, or write login or select_account.`)
	}
}

// completePeople sees to how people are told apart.
func (s *Settings) completePeople(k kind, fail func(field, format string, args ...any)) {
	if s.Kind == Entra && s.Tenant == "" {
		s.Tenant = tenantOf(s.Issuer)
	}
	switch {
	case s.Kind == Entra && s.Tenant == "":
		fail("issuer", "The issuer %q names no tenant, so that everybody with a Microsoft account could sign in; write https://login.microsoftonline.com/TENANT-ID/v2.0.", s.Issuer)
	case s.Kind != Entra && s.Tenant != "":
		fail("tenant", "Only Entra has tenants; this connection's provider is %s.", s.Kind)
	}
	if s.Kind != Google && s.HostedDomain != "" {
		fail("hosted_domain", "Only Google has hosted domains; this connection's provider is %s.", s.Kind)
	}
	if s.Kind == Entra && s.TrustEmail {
		fail("trust_email", "An address from Entra cannot be trusted unseen: in many tenants people set it themselves. Add the optional claims email and xms_edov to the app registration instead.")
	}
	if !k.reauthenticates && s.MaxAge > 0 {
		fail("max_age", "%s does not say when a person signed in, so that max_age would let nobody in.", s.Kind)
	}
	if len(s.Scopes) == 0 {
		s.Scopes = []string{"profile", "email"}
	}
	s.Scopes = append([]string{gooidc.ScopeOpenID}, slices.DeleteFunc(slices.Clone(s.Scopes), func(scope string) bool { return scope == gooidc.ScopeOpenID })...)
	if len(s.Subject) == 0 {
		s.Subject = k.subject
	}
	for _, claim := range s.Subject {
		if slices.Contains(mutableClaims(), claim) {
			fail("subject", "The claim %q can change or pass to somebody else, and would take the account along; key people on sub, or on the provider's object id.", claim)
		}
	}
}

// webAddress says what is wrong with an address that a browser or this server goes to.
func (s *Settings) webAddress(text string) error { return webAddress(text, s.AllowHTTP) }

func webAddress(text string, allowHTTP bool) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return errors.New("is missing")
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("is not a web address like https://acme.okta.com")
	case u.User != nil:
		return errors.New("holds a user name or password, which belongs nowhere in an address")
	case u.Fragment != "":
		return errors.New("has a fragment, which is never sent")
	case u.Scheme == "https", u.Scheme == "http" && allowHTTP && loopback(u.Hostname()):
		return nil
	}
	return errors.New("does not begin with https://")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// tenantOf returns the tenant that an issuer of Entra names, and "" when it names none or all.
func tenantOf(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if len(tenant) != 36 || strings.Count(tenant, "-") != 4 {
		return ""
	}
	return strings.ToLower(tenant)
}
