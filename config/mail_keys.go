package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// DefaultMailTimeout is how long a mail server may take until it has the whole of a message where usher.yaml says nothing.
const DefaultMailTimeout = 30 * time.Second

// mostMailTimeout is how long it may be given at most.
const mostMailTimeout = 5 * time.Minute

// mailTable is the table of the key "mail" of usher.yaml.
func mailTable() *object[Mail] {
	return &object[Mail]{
		name: "mail", noun: `"mail"`, doc: "The server through which usher sends mail.",
		keys: []key[Mail]{
			in("smtp", smtpURL(), func(m *Mail) *string { return &m.SMTP },
				"Where it is: smtp:// begins without encryption and insists on STARTTLS, except on this machine; smtps:// is encrypted from the start.", "smtp://mail.acme.com:587").must(),
			in("user", nameText(), func(m *Mail) *string { return &m.User }, "The name to sign in with.", "usher"),
			in("password", secretPlace(), func(m *Mail) *string { return &m.Password }, "Where its password comes from.", "${env:USHER_MAIL_PASSWORD}"),
			in("from", mailbox(), func(m *Mail) *string { return &m.From }, "The sender that people see.", "Acme sign-in <usher@acme.com>").must(),
			in("reply_to", mailbox(), func(m *Mail) *string { return &m.ReplyTo }, "Where answers go; to the sender without it.", "it@acme.com"),
			in("timeout", duration(), func(m *Mail) *time.Duration { return &m.Timeout }, "How long the server may take until it has the whole of a message; 30s without it, at most 5m. Its answer to that always has ten minutes.", "30s"),
		},
		start: func(at directory.Position) Mail { return Mail{At: at, Timeout: DefaultMailTimeout} },
		finish: func(d *decoder, n *node, m *Mail) {
			if (n.get("user") == nil) != (n.get("password") == nil) {
				d.fail(n.at, `"mail" has only one of user and password`, "write both, or neither where the server asks for none")
			}
			if m.Timeout > mostMailTimeout {
				d.fail(n.get("timeout").at, fmt.Sprintf("timeout: a message would take up to %s", FormatDuration(m.Timeout)), "write at most "+FormatDuration(mostMailTimeout))
			}
		},
	}
}

// smtpURL is smtp://host:port or smtps://host:port; the port is 587 or 465 where it is left out (RFC 8314, section 3.3).
func smtpURL() value[string] {
	return checked("a text such as smtp://mail.acme.com:587", noPlaceholder, jsonschema.Schema{Pattern: "^smtps?://"}, func(s string) (string, string, string) {
		const write = "write for example smtp://mail.acme.com:587"
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
			return "", "which names no mail server", write
		}
		if u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			return "", "which has more than scheme, host and port", "write user and password as keys of their own"
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"smtp": "587", "smtps": "465"}[u.Scheme]
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "", "which has no port from 1 to 65535", write
		}
		return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port), "", ""
	})
}

// mailbox is an address, with a name before it or without (RFC 5322, section 3.4).
func mailbox() value[string] {
	return checked("an email address", noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) {
		a, err := mail.ParseAddress(s)
		if err != nil || strings.ContainsAny(s, "\r\n\t") {
			return "", "which is not an email address", "write for example Acme sign-in <usher@acme.com>, or usher@acme.com"
		}
		return a.String(), "", ""
	})
}
