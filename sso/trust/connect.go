package trust

import (
	"bytes"
	"errors"
	"reflect"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/saml"
)

// line makes the line of a connection. The caller holds mu.
func (k *Keeper) line(s *state) *Line {
	l := &Line{ID: s.id, Org: s.org.Num, Conn: s.num, Organization: s.org.Config, Settings: s.settings}
	if s.settings.SAML != nil {
		l.SAML = k.samlSettings(s)
		metadata, err := k.metadata(s)
		s.read = metadata
		if metadata != nil {
			l.SAML.Metadata = *metadata
		}
		if s.damage != nil {
			err = s.damage
		}
		if err == nil && len(l.SAML.Keys) == 0 {
			err = directory.Errorf(directory.Unavailable, "The connection's own key is being made. Try again in a minute.")
		}
		if err == nil {
			err = l.SAML.Check(k.now())
		}
		l.Problem = l.problem(err)
		return l
	}
	l.OIDC, l.Problem = k.relyingParty(s)
	l.Problem = l.problem(l.Problem)
	return l
}

func (k *Keeper) samlSettings(s *state) *saml.Settings {
	urls := URLsOf(k.PublicURL, s.id)
	f := s.saml.Attributes
	own := saml.Attributes{
		Email: one(f.Email), UserName: one(f.UserName), GivenName: one(f.GivenName), FamilyName: one(f.FamilyName),
		DisplayName: one(f.DisplayName), Title: one(f.Title), Department: one(f.Department), Locale: one(f.Locale), Groups: one(f.Groups),
	}
	settings := &saml.Settings{
		Connection: s.id, EntityID: urls.Metadata, ACS: urls.ACS, SLO: urls.SLO,
		IDPInitiated: s.saml.IDPInitiated, SignRequests: s.saml.SignRequests, AllowSHA1: s.saml.AllowSHA1,
		WantAssertionsSigned: s.saml.WantAssertionsSigned, ForceAuthn: s.saml.ForceAuthn, AuthnContexts: s.saml.AuthnContexts,
		NameIDFormat: saml.NameIDFormat(s.saml.NameID), Skew: s.saml.ClockSkew, Subject: s.settings.Subject.SAML,
		Attributes: own.Or(saml.DefaultAttributes(s.settings.Provider)), AllowLoopback: k.loopback(s.id),
	}
	if s.ring != nil {
		settings.Keys = s.ring.pairs
	}
	return settings
}

func one(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// metadata returns what is known of the provider, or why nothing is.
func (k *Keeper) metadata(s *state) (*saml.Metadata, error) {
	from := saml.Source{EntityID: s.saml.EntityID, At: k.now(), AllowLoopback: k.loopback(s.id)}
	switch {
	case s.saml.Metadata != "":
		return saml.ParseMetadata([]byte(s.saml.Metadata), from)
	case s.saml.SSOURL != "":
		return saml.FromInline(saml.Inline{
			EntityID: s.saml.EntityID, SSOURL: s.saml.SSOURL, SLOURL: s.saml.SLOURL, Certificates: strings.Join(s.saml.Certificates, "\n"),
		}, from)
	case s.copy != nil:
		return k.readCopied(s, from)
	case s.err != nil:
		return nil, asked("The provider's metadata could not be read", s.err)
	}
	return nil, directory.Errorf(directory.Unavailable, "The provider's metadata has not been read yet. Try again in a minute.")
}

// readCopied reads the last good copy, once for as long as it is the same.
func (k *Keeper) readCopied(s *state, from saml.Source) (*saml.Metadata, error) {
	from.EntityID = k.subject(s).pin(s.copy)
	if m := s.read; m != nil && s.readFrom != nil && s.readFrom.pin == from.EntityID && bytes.Equal(s.readFrom.document, s.copy.Document) {
		return m, m.Check(from.At, from.AllowLoopback)
	}
	m, err := saml.ParseMetadata(s.copy.Document, from)
	s.readFrom = nil
	if err == nil {
		s.readFrom = &readFrom{from.EntityID, s.copy.Document}
	}
	return m, err
}

// readFrom is what a state's metadata was read from.
type readFrom struct {
	pin      string
	document []byte
}

// asked says that a provider was asked in vain.
func asked(what string, err error) error {
	return &directory.Error{Kind: directory.Unavailable, Message: what + ": " + strings.TrimRight(words(err), ".") + ".", Err: err}
}

// relyingParty returns the provider of a connection: the one that there is, as long as nothing changes of what it was
// made of.
func (k *Keeper) relyingParty(s *state) (*oidc.Provider, error) {
	settings, secret, err := k.oidcSettings(s)
	if err != nil {
		s.provider, s.made = nil, made{}
		return nil, err
	}
	now := made{settings: settings, key: secret}
	now.settings.Key = nil
	if s.made.settings.Connection != "" && reflect.DeepEqual(now.settings, s.made.settings) && now.key == s.made.key {
		return s.provider, s.made.err
	}
	s.provider, now.err = oidc.New(settings, s.client, k.now)
	if now.err != nil {
		now.err = together(now.err)
	}
	s.made = now
	s.again()
	return s.provider, now.err
}

func (k *Keeper) oidcSettings(s *state) (settings oidc.Settings, key string, err error) {
	o := s.oidc
	settings = oidc.Settings{
		Connection: s.id, Kind: oidc.Kind(s.settings.Provider), Issuer: o.Issuer, ClientID: o.ClientID,
		RedirectURI: URLsOf(k.PublicURL, s.id).Callback, Scopes: o.Scopes, Claims: claims(o.Claims),
		Subject: one(s.settings.Subject.OIDC), Tenant: o.Tenant, HostedDomain: o.HostedDomain, Algorithms: o.Algorithms, Audiences: o.Audiences,
		TrustEmail: o.TrustEmail, Skew: o.ClockSkew, Prompt: o.Prompt, MaxAge: o.MaxAge, ACR: o.ACR, AllowHTTP: k.loopback(s.id),
	}
	switch {
	case o.ClientSecret != "":
		settings.ClientSecret, err = k.Secrets(s.org.Config.ID, o.ClientSecret)
	case o.PrivateKey != "":
		if key, err = k.Secrets(s.org.Config.ID, o.PrivateKey); err == nil {
			settings.Key, err = oidc.ParseClientKey([]byte(key))
		}
	default:
		err = directory.Errorf(directory.Invalid, "The connection has neither client_secret nor private_key; write client_secret: ${secret:NAME}, and say in usher.yaml where it comes from.")
	}
	return settings, key, err
}

func claims(f config.Fields) oidc.Claims {
	return oidc.Claims{
		Email: f.Email, UserName: f.UserName, GivenName: f.GivenName, FamilyName: f.FamilyName, DisplayName: f.DisplayName,
		Title: f.Title, Department: f.Department, Groups: f.Groups, Locale: f.Locale,
	}
}

// together makes one error of everything that is wrong with settings.
func together(err error) error {
	var list interface{ Unwrap() []error }
	if !errors.As(err, &list) {
		return err
	}
	var texts []string
	for _, one := range list.Unwrap() {
		texts = append(texts, words(one))
	}
	return &directory.Error{Kind: directory.Invalid, Message: strings.Join(texts, " "), Err: err}
}
