package config

import (
	"net/url"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// maxTerms is how long a text of terms may be in bytes: it is shown on one page, and kept with each revision of the file.
const maxTerms = 100_000

// termsTable is the table of the key "terms".
func termsTable() *object[Terms] {
	return &object[Terms]{
		name: "terms", noun: `"terms"`, doc: "What everybody who joins accepts once, and again when the version changes.",
		keys: []key[Terms]{
			in("version", nameText(), func(t *Terms) *string { return &t.Version }, "Which version it is. Another one is accepted anew by everybody; write it in quotes.", `"2027-01"`).must(),
			in("url", secureURL(), func(t *Terms) *string { return &t.URL }, "Where they can be read.", "https://acme.com/terms"),
			in("text", termsText(), func(t *Terms) *string { return &t.Text }, "The terms themselves, as paragraphs with an empty line between them; beside url, a summary.", "Be kind. What you write here belongs to Acme Inc."),
		},
		start: func(at directory.Position) Terms { return Terms{At: at} },
		finish: func(d *decoder, n *node, t *Terms) {
			if n.get("url") == nil && n.get("text") == nil {
				d.fail(n.at, `"terms" do not say what is to be accepted`, "write url: https://acme.com/terms, or text: with the terms themselves")
			}
		},
	}
}

// termsText is a text of several paragraphs.
func termsText() value[string] {
	return checked("a text", noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) {
		if len(s) > maxTerms {
			return "", "which is too long for a page", "publish them, and write url: in place of text"
		}
		return s, "", ""
	})
}

// secureURL is an absolute https address.
func secureURL() value[string] {
	return checked("a URL", noPlaceholder, jsonschema.Schema{Format: "uri"}, func(s string) (string, string, string) {
		if !isSecureURL(s) {
			return "", "which is no https address", "write it from https:// on, without a user name"
		}
		return s, "", ""
	})
}

// logoAddress is an https address, or a path below public_url.
func logoAddress() value[string] {
	return checked("an address", noPlaceholder, jsonschema.Schema{Format: "uri-reference"}, func(s string) (string, string, string) {
		u, err := url.Parse(s)
		local := err == nil && strings.HasPrefix(s, "/") && u.Host == "" && u.Scheme == "" && !strings.ContainsAny(s, "\\\n\t")
		if !local && !isSecureURL(s) {
			return "", "which is neither an https address nor a path", "write for example https://cdn.acme.com/logo.svg, or /logos/acme.svg for one below public_url"
		}
		return s, "", ""
	})
}

func isSecureURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && !strings.ContainsAny(s, " \\\n\t")
}
