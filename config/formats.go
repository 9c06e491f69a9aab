package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	"golang.org/x/text/unicode/norm"

	"github.com/mixus/usher/directory"
)

var (
	identifierForm  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	domainForm      = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	urnForm         = regexp.MustCompile(`(?i)^urn:[a-z0-9][a-z0-9-]{0,31}:[a-z0-9()+,.:=@;$_!*'%/?#-]+$`)
	attributeForm   = regexp.MustCompile(`^[A-Za-z$][A-Za-z0-9$_-]*$`)
	secretName      = regexp.MustCompile(`^\$\{secret:([A-Za-z0-9_][A-Za-z0-9_.-]*)\}$`)
	secretSource    = regexp.MustCompile(`^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}]+)\}$`)
	notInIdentifier = regexp.MustCompile(`[^a-z0-9]+`)
)

// identifier is an id that becomes part of URLs.
func identifier() value[string] {
	return checked("an id", valuePlaceholder, jsonschema.Schema{Pattern: identifierForm.String() + `|\$\{value:`}, func(s string) (string, string, string) {
		if identifierForm.MatchString(s) {
			return s, "", ""
		}
		fix := "use up to 63 lower-case letters, digits and hyphens"
		if near := identifierFrom(s); near != "" {
			fix = "write for example " + near
		}
		return "", "which is no id: it has to fit into a URL", fix
	})
}

// identifierFrom makes an id of any text, "" where nothing is left.
func identifierFrom(s string) string {
	s = notInIdentifier.ReplaceAllString(directory.Fold(s), "-")
	return strings.Trim(s[:min(len(s), 60)], "-")
}

// domainName is a mail domain, kept folded.
func domainName() value[string] {
	return checked("a domain such as acme.com", valuePlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) {
		folded := directory.Fold(strings.TrimSuffix(s, "."))
		if len(folded) <= 253 && domainForm.MatchString(folded) {
			return folded, "", ""
		}
		fix := "write the part of an address behind the @, such as acme.com"
		if _, behind, found := strings.Cut(folded, "@"); found && domainForm.MatchString(behind) {
			fix = "write " + behind
		} else if u, err := url.Parse(folded); err == nil && domainForm.MatchString(u.Hostname()) {
			fix = "write " + u.Hostname()
		}
		return "", "which is not a mail domain", fix
	})
}

// emailAddress is one address.
func emailAddress() value[string] {
	return checked("an email address", noPlaceholder, jsonschema.Schema{Format: "email"}, func(s string) (string, string, string) {
		local, domain, _ := strings.Cut(s, "@")
		if local == "" || strings.ContainsAny(s, " \t\n<>,;\"") || !domainForm.MatchString(directory.Fold(domain)) {
			return "", "which is not an email address", "write for example it@acme.com"
		}
		return s, "", ""
	})
}

// webURL is an absolute address of the web.
func webURL() value[string] {
	return checked("a URL", valuePlaceholder, jsonschema.Schema{Format: "uri"}, func(s string) (string, string, string) {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
			return "", "which is not a URL", "write it from https:// on, without a user name"
		}
		return s, "", ""
	})
}

// environmentText is a text that may differ between environments: an entity id, a client id.
func environmentText() value[string] {
	return checked("a text", valuePlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) { return s, "", "" })
}

// originURL is a scheme and a host, without a path.
func originURL() value[string] {
	return checked("a URL", noPlaceholder, jsonschema.Schema{Format: "uri"}, func(s string) (string, string, string) {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
			return "", "which is not a URL", "write for example https://usher.acme.com"
		}
		if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			return "", "which has more than scheme and host", "write " + u.Scheme + "://" + u.Host
		}
		return u.Scheme + "://" + u.Host, "", ""
	})
}

// listenAddress is host:port.
func listenAddress() value[string] {
	return checked("a text such as 127.0.0.1:8080", noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) {
		_, port, err := net.SplitHostPort(s)
		if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
			return "", "which is not host:port", "write for example 127.0.0.1:8080, or :8080 for every address"
		}
		return s, "", ""
	})
}

// proxyAddress is an IP address or a prefix.
func proxyAddress() value[string] {
	return checked("an IP address or prefix", noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) {
		_, err := netip.ParseAddr(s)
		if prefix, bad := netip.ParsePrefix(s); err != nil && (bad != nil || !prefix.IsValid()) {
			return "", "which is neither an IP address nor a prefix", "write for example 10.0.0.0/8"
		}
		return s, "", ""
	})
}

// wildcard is a pattern in which * stands for any run of characters.
func wildcard() value[string] {
	return checked("a text, in which * stands for any characters", noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) {
		switch {
		case strings.Trim(s, "*") == "":
			return "", "which fits everybody", "write a pattern such as svc-*"
		case strings.HasPrefix(s, "^") || strings.Contains(s, ".*") || strings.Contains(s, `\`):
			near := strings.NewReplacer("^", "", "$", "", `\.`, ".", ".*", "*", `\`, "").Replace(s)
			return "", "which looks like a regular expression; patterns know only *", "write " + near
		}
		return s, "", ""
	})
}

// filePath is a path inside the configuration's folder.
func filePath() value[string] {
	return checked("a path", noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) { return s, "", "" })
}

// urnText is the URN of a SCIM schema (RFC 7643, section 3).
func urnText() value[string] {
	return checked("a URN", noPlaceholder, jsonschema.Schema{Pattern: "^urn:"}, func(s string) (string, string, string) {
		if !urnForm.MatchString(s) {
			return "", "which is not a URN", "write for example urn:ietf:params:scim:schemas:extension:acme:2.0:User"
		}
		return s, "", ""
	})
}

// attributeName is the name of a SCIM attribute (RFC 7643, section 2.1).
func attributeName() value[string] {
	return checked("an attribute's name", noPlaceholder, jsonschema.Schema{Pattern: attributeForm.String()}, func(s string) (string, string, string) {
		if !attributeForm.MatchString(s) {
			return "", "which cannot name an attribute", "start with a letter and go on with letters, digits, - and _"
		}
		return s, "", ""
	})
}

// secretReference is ${secret:NAME}, and nothing else. A secret in clear is never repeated in the problem.
func secretReference() value[string] {
	return value[string]{
		schema: func(*definitions) *jsonschema.Schema {
			return &jsonschema.Schema{Type: "string", Pattern: secretName.String()}
		},
		read: func(d *decoder, n *node, s spot) (string, bool) {
			text := strings.TrimSpace(n.text)
			if found := secretName.FindStringSubmatch(text); n.kind == isText && found != nil {
				d.secrets = append(d.secrets, reference{at: n.at, name: found[1]})
				return text, true
			}
			if n.kind == isNull {
				d.wrong(n, s, "a reference to a secret")
				return "", false
			}
			d.src.hide(n)
			d.fail(n.at, fmt.Sprintf("%s holds a secret in clear; this file is no place for it", s),
				"write "+s.example+", say in usher.yaml under secrets where it comes from, and replace the secret: it has been seen")
			return "", false
		},
	}
}

// normalize is the form in which spellings of departments are compared: trimmed, NFC and case-folded.
func normalize(s string) string {
	return directory.Fold(norm.NFC.String(strings.TrimSpace(s)))
}
