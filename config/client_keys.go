package config

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// clientTable is the table of an item of "clients".
func clientTable() *object[Client] {
	return &object[Client]{
		name: "client", noun: "a client", doc: "An application that signs people in through usher, by OpenID Connect with PKCE.",
		keys: []key[Client]{
			in("id", identifier(), func(c *Client) *string { return &c.ID }, "Its client_id.", "app").must(),
			in("name", nameText(), func(c *Client) *string { return &c.Name }, "What people call it; the id without it.", "Acme Workspace"),
			in("secret", secretPlace(), func(c *Client) *string { return &c.Secret },
				"Where its client_secret is: ${env:NAME} or ${file:PATH}. Without it the application is a public one, which is known by PKCE alone.", "${env:APP_SECRET}"),
			in("redirect_uris", someOf(clientURI(), "a list of addresses"), func(c *Client) *[]string { return &c.RedirectURIs },
				"Where people may be led back to. Compared character by character; https, or http on this machine.", `["https://app.acme.com/callback"]`).must(),
			in("post_logout_redirect_uris", listOf(clientURI(), "a list of addresses"), func(c *Client) *[]string { return &c.PostLogoutRedirectURIs },
				"Where people may be led to once they have signed out. Compared character by character.", `["https://app.acme.com/"]`),
			in("backchannel_logout_uri", clientURI(), func(c *Client) *string { return &c.BackChannelLogoutURI },
				"What is called when somebody's session ends, by themselves, an admin or their directory (OpenID Connect Back-Channel Logout). It may be in a private network.", "https://app.acme.com/backchannel-logout"),
			in("url", clientURI(), func(c *Client) *string { return &c.URL }, "Where people find the application: the welcome page leads there.", "https://app.acme.com/"),
		},
		start: func(at directory.Position) Client { return Client{At: at} },
		finish: func(_ *decoder, _ *node, c *Client) {
			if c.Name == "" {
				c.Name = c.ID
			}
		},
	}
}

// secretPlace says where a secret is, and is never the secret itself.
func secretPlace() value[string] {
	return value[string]{
		schema: func(*definitions) *jsonschema.Schema {
			return &jsonschema.Schema{Type: "string", Pattern: secretSource.String()}
		},
		read: func(d *decoder, n *node, s spot) (string, bool) {
			place, ok := readSecretSource(d, &node{kind: isText, text: s.key}, n)
			return place.value, ok
		},
	}
}

// clientURI is an address of an application: absolute, without a fragment (RFC 6749, section 3.1.2), and https unless it
// is on this machine.
func clientURI() value[string] {
	return checked("an address", noPlaceholder, jsonschema.Schema{Format: "uri"}, func(s string) (string, string, string) {
		u, err := url.Parse(s)
		switch {
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil:
			return "", "which is not an address", "write it from https:// on, without a user name"
		case strings.Contains(s, "#"):
			return "", "which has a fragment", "leave out the # and what follows it"
		case strings.Contains(s, "*"):
			return "", "in which * stands for nothing", "write every address in full: they are compared character by character"
		case u.Scheme == "http" && !loopback(u.Hostname()):
			return "", "which is not encrypted", "write https://; http is for addresses of this machine, such as http://127.0.0.1:3000/callback"
		}
		return s, "", ""
	})
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
