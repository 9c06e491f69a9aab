package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// providerURL is an address of an identity provider: https, or http on this machine. Whoever changes on its way what a
// provider says can sign in as anybody.
func providerURL() value[string] {
	return checked("a URL", valuePlaceholder, jsonschema.Schema{Format: "uri"}, func(s string) (string, string, string) {
		u, err := url.Parse(s)
		switch {
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil:
			return "", "which is not a URL", "write it from https:// on, without a user name"
		case u.Scheme == "http" && !loopback(u.Hostname()):
			u.Scheme = "https"
			return "", "which is not encrypted, so that whoever sits in between can change what is said", "write " + u.String()
		}
		return s, "", ""
	})
}

// checkPublicURL looks at the address under which people reach usher: what it carries is to be encrypted, and the links of
// letters lead there. Who writes an address of this machine, and has the mail server there, too, is left alone.
func checkPublicURL(d *decoder, n *node, o *Operator) {
	const fix = "write the address that people type, such as public_url: https://usher.acme.com"
	written := n.get("public_url")
	u, err := url.Parse(o.PublicURL)
	switch {
	case written == nil && o.Mail != nil:
		d.warn(o.Mail.At, `there is "mail" and no "public_url", so that the links in letters open on this machine only`, fix)
	case written == nil || err != nil || u.Hostname() == "": // nothing is said, or another problem says it
	case loopback(u.Hostname()):
		if o.Mail != nil && !o.Mail.local() {
			d.warn(written.at, fmt.Sprintf(`"public_url" is %q, so that the links in letters open on this machine only`, o.PublicURL), fix)
		}
	case u.Scheme == "http" && o.Mail != nil:
		d.fail(written.at, fmt.Sprintf(`"public_url" is %q, which is not encrypted: who reads along has the invitations that letters link to`, o.PublicURL), "write https://"+u.Host)
	case u.Scheme == "http":
		d.warn(written.at, fmt.Sprintf(`"public_url" is %q, which is not encrypted: tokens can be read on their way, and browsers keep nobody signed in`, o.PublicURL), "write https://"+u.Host)
	}
}

// local reports whether the mail server is on this machine.
func (m *Mail) local() bool {
	u, err := url.Parse(m.SMTP)
	return err == nil && loopback(u.Hostname())
}

// checkLoopback warns of providers that are asked by plain http on this machine, where usher.yaml does not let usher reach
// it: nobody signs in by them.
func (l *loader) checkLoopback(o *Operator) {
	machine := netip.MustParseAddr("127.0.0.1")
	for _, organization := range l.loaded.Organizations {
		for i := range organization.Connections {
			c := &organization.Connections[i]
			if slices.ContainsFunc(o.Networks(c.ID), func(p netip.Prefix) bool { return p.Contains(machine) }) {
				continue
			}
			for _, place := range []struct {
				settings map[string]any
				of, key  string
			}{{c.OIDC, "oidc", "issuer"}, {c.SAML, "saml", "metadata_url"}, {c.SAML, "saml", "sso_url"}} {
				if text, _ := place.settings[place.key].(string); strings.HasPrefix(text, "http://") {
					l.report(directory.Problem{
						Position: c.Places.Of(place.of, c.At), Severity: directory.SeverityWarning,
						Message: fmt.Sprintf("nobody signs in by %q: %s is %q, and usher may not reach this machine for it", c.ID, place.key, short(text)),
						Fix:     fmt.Sprintf("for a trial on one machine, add to usher.yaml private_networks: {%s: [127.0.0.1]}; else write the provider's https address", c.ID),
					})
				}
			}
		}
	}
}
