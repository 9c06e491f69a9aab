package idps

import "net/url"

// Provider is an identity provider that runs.
type Provider struct {
	Name string
	Base string // its own address, with a slash at the end

	Issuer       string // OpenID Connect: its issuer; "" when it speaks SAML only
	ClientID     string // OpenID Connect: what it knows us as
	ClientSecret string

	EntityID    string // SAML: its entity id; "" when it speaks OpenID Connect only
	MetadataURL string // SAML: where its metadata is

	// LogoutPage is where a person signs out at the provider itself, which then tells us; "" where that takes a browser with
	// scripts or frames. The browser comes to the Client's LogoutURI afterwards, if there is one.
	LogoutPage string
}

// Client is our side, as the provider is told of it. A test sets what it uses.
type Client struct {
	RedirectURI    string // OpenID Connect: where the code comes to
	LogoutURI      string // where a browser comes back to after it has signed out
	BackChannelURI string // OpenID Connect: where logout tokens are posted, by those who post any

	Metadata []byte // SAML: the service provider's metadata
	Encrypt  bool   // SAML: whether assertions are encrypted, by those who can
}

// Person is somebody whom every provider knows.
type Person struct {
	ID       string   `json:"id"` // immutable; not every provider shows it
	User     string   `json:"user"`
	Password string   `json:"password"`
	Email    string   `json:"email"`
	Given    string   `json:"given_name"`
	Family   string   `json:"family_name"`
	Name     string   `json:"name"`
	Groups   []string `json:"groups"`
}

// Ann is an engineer who also leads.
func Ann() Person {
	return Person{
		ID: "7a9d1f0e-ann", User: "ann@acme.com", Password: "correct horse", Email: "ann@acme.com",
		Given: "Ann", Family: "Larsson", Name: "Ann Larsson", Groups: []string{"Engineering", "Leads"},
	}
}

// Bob is in one group.
func Bob() Person {
	return Person{
		ID: "1c44b2aa-bob", User: "bob@acme.com", Password: "battery staple", Email: "bob@acme.com",
		Given: "Bob", Family: "Öztürk", Name: "Bob Öztürk", Groups: []string{"Interns"},
	}
}

// People are all whom a provider knows.
func People() []Person { return []Person{Ann(), Bob()} }

const (
	clientID = "usher"
	// The secret has characters that are sent encoded (RFC 6749, section 2.3.1), and are understood by most.
	clientSecret = "a secret: 100% of tests & of nothing else"
	plainSecret  = "a-secret-of-tests-and-of-nothing-else"
)

// hosts reports whether an address is the provider's.
func (p *Provider) hosts(u *url.URL) bool {
	base, err := url.Parse(p.Base)
	return err == nil && base.Host == u.Host
}
