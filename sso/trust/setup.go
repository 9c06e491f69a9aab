package trust

import (
	"encoding/json"
	"encoding/pem"
	"strings"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/saml"
)

// Setup is what an admin needs at the provider to connect it: values to paste, and where each goes.
type Setup struct {
	Connection   string `json:"connection"`
	Organization string `json:"organization"`
	Provider     string `json:"provider"` // okta, entra, google or generic
	Protocol     string `json:"protocol"` // saml, oidc, or none where the file does not say yet how people sign in

	SCIM  string `json:"scim_base_url"`
	Login string `json:"login_url"`

	EntityID     string        `json:"entity_id,omitempty"`
	ACS          string        `json:"acs_url,omitempty"`
	Metadata     string        `json:"metadata_url,omitempty"`
	SLO          string        `json:"slo_url,omitempty"`
	NameID       string        `json:"name_id_format,omitempty"`
	Certificates []Certificate `json:"certificates,omitempty"` // ours; none before the server has made a key
	Attributes   []Attribute   `json:"attributes,omitempty"`

	RedirectURI       string          `json:"redirect_uri,omitempty"`
	SignedOut         string          `json:"post_logout_redirect_uri,omitempty"`
	BackChannelLogout string          `json:"backchannel_logout_uri,omitempty"`
	Scopes            []string        `json:"scopes,omitempty"`
	Keys              json.RawMessage `json:"jwks,omitempty"` // public, for private_key_jwt

	Subject Subject `json:"subject"`
	Steps   []Step  `json:"steps"`
}

// Certificate is one of ours.
type Certificate struct {
	PEM         string    `json:"pem"`
	Fingerprint string    `json:"sha256"`
	Ends        time.Time `json:"ends"`
	Role        string    `json:"role"` // current, which signs; while keys are rotated, beside it next or former
}

// Attribute says by which names an attribute of an assertion is read. The first that is there counts.
type Attribute struct {
	Field string   `json:"field"`
	Names []string `json:"names"`
}

// Subject says by what a person is known for good. SCIM and sign-in should name the same person by the same value.
type Subject struct {
	SCIM   string `json:"scim"`    // attribute of SCIM users
	SignIn string `json:"sign_in"` // NameID, an attribute or claims
	Source string `json:"source"`  // what to map to them at the provider
}

// Step is one field of the provider's console.
type Step struct {
	Where string `json:"where"` // the way to it
	Field string `json:"field"` // as the console calls it
	Value string `json:"value"`
}

// nameID is the subject of a SAML sign-in that is not an attribute.
const nameID = "NameID"

// protocolNone is the protocol of a connection whose file does not say yet how people sign in.
const protocolNone = "none"

// Setup returns what to paste at a connection's provider. It changes nothing. Of a connection that signs nobody in yet it has
// the addresses for both protocols: most providers want them before they give the metadata or the client id that the file
// needs. It is a NotFound error where no policy in force has the connection.
func (k *Keeper) Setup(connection string) (*Setup, error) {
	organization, settings := k.settings(connection)
	if settings == nil {
		return nil, directory.Errorf(directory.NotFound, "There is no connection %q in the files that are in force.", clip(connection))
	}
	urls := URLsOf(k.PublicURL, connection)
	s := &Setup{
		Connection: connection, Organization: organization.ID, Provider: settings.Provider, Protocol: protocolNone,
		SCIM: strings.TrimRight(k.PublicURL, "/") + "/scim/v2/" + connection, Login: urls.Login,
	}
	s.Subject = Subject{SCIM: orElse(settings.Subject.SCIM, "externalId"), Source: immutable(s.Provider)}
	e, signsIn := k.look().entries[connection]
	switch {
	case !signsIn:
		s.EntityID, s.ACS, s.Metadata, s.SLO = urls.Metadata, urls.ACS, urls.Metadata, urls.SLO
		s.RedirectURI, s.SignedOut, s.BackChannelLogout = urls.Callback, urls.SignedOut, urls.BackChannelLogout
	case e.line.SAML != nil:
		s.saml(e.line, urls, e.second)
	default:
		s.oidc(e.line, urls)
		k.publicKeys(s, e.line)
	}
	s.Steps = s.steps()
	return s, nil
}

// settings finds a connection among the policies in force, nil when none has it.
func (k *Keeper) settings(connection string) (*config.Organization, *config.Connection) {
	for _, o := range k.Organizations() {
		for i := range o.Config.Connections {
			if c := &o.Config.Connections[i]; c.ID == connection {
				return o.Config, c
			}
		}
	}
	return nil, nil
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (s *Setup) saml(line *Line, urls URLs, behind second) {
	s.Protocol, s.EntityID, s.ACS, s.Metadata, s.SLO = "saml", line.SAML.EntityID, urls.ACS, urls.Metadata, urls.SLO
	s.NameID = orElse(string(line.SAML.NameIDFormat), string(saml.Persistent))
	s.Subject.SignIn = orElse(line.SAML.Subject, nameID)
	for i, pair := range line.SAML.Keys {
		role := "current"
		if i > 0 {
			role = string(behind)
		}
		s.Certificates = append(s.Certificates, Certificate{
			PEM:         string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate.Raw})),
			Fingerprint: saml.Fingerprint(pair.Certificate), Ends: pair.Certificate.NotAfter.UTC(), Role: role,
		})
	}
	a := line.SAML.Attributes
	s.Attributes = []Attribute{
		{"email", a.Email},
		{"user_name", a.UserName},
		{"given_name", a.GivenName},
		{"family_name", a.FamilyName},
		{"display_name", a.DisplayName},
		{"title", a.Title},
		{"department", a.Department},
		{"locale", a.Locale},
		{"groups", a.Groups},
	}
}

func (s *Setup) oidc(line *Line, urls URLs) {
	settings, _ := line.Settings.SignInOIDC()
	s.Protocol = "oidc"
	s.RedirectURI, s.SignedOut, s.BackChannelLogout = urls.Callback, urls.SignedOut, urls.BackChannelLogout
	s.Scopes = []string{"openid", "profile", "email"}
	if len(settings.Scopes) > 0 {
		s.Scopes = append([]string{"openid"}, settings.Scopes...)
	}
	s.Subject.SignIn = line.Settings.Subject.OIDC
	if s.Subject.SignIn == "" {
		s.Subject.SignIn = "sub"
		if s.Provider == "entra" {
			s.Subject.SignIn = "tid and oid"
		}
	}
}

// publicKeys shows the public half of a private key, when there is one that can be read.
func (k *Keeper) publicKeys(s *Setup, line *Line) {
	settings, _ := line.Settings.SignInOIDC()
	if settings.PrivateKey == "" {
		return
	}
	text, err := k.Secrets(line.Organization.ID, settings.PrivateKey)
	if err != nil {
		return // the line's problem says it
	}
	key, err := oidc.ParseClientKey([]byte(text))
	if err != nil {
		return
	}
	if keys, err := key.PublicKeys(); err == nil {
		s.Keys = keys
	}
}

// immutable says which of a provider's own values never changes and never passes to somebody else.
func immutable(provider string) string {
	switch provider {
	case "okta":
		return "user.id, which Okta pushes as externalId by itself"
	case "entra":
		return "objectId; Entra maps mailNickname to externalId unless you change it"
	case "google":
		return "the id of the Google account"
	}
	return "an id that the directory gives once and never again, not the mail address"
}
