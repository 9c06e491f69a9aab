package config

import "github.com/mixus/usher/directory"

// Client is an application that signs people in through usher by OpenID Connect: a relying party.
type Client struct {
	At   directory.Position
	ID   string // its client_id
	Name string // for people; the ID where the file has none

	// Secret is the place of its client_secret, ${env:NAME} or ${file:PATH}; "" for a public client, which has none.
	// Secrets.Read reads it.
	Secret string

	RedirectURIs           []string // compared character by character
	PostLogoutRedirectURIs []string // likewise
	BackChannelLogoutURI   string   // is told of people who are signed out; "" for none
	URL                    string   // where people find the application; "" when it does not say
}

// Public reports whether the application is one that can keep no secret (RFC 6749, section 2.1).
func (c *Client) Public() bool { return c.Secret == "" }
