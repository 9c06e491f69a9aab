package web

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// longest is how much of a value is shown, in characters. An address has at most 254.
const longest = 254

// hostForm is a host as a Content-Security-Policy can name it. Whatever else a URL allows there, such as a semicolon, would
// end one directive and begin another.
var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)

// ownPath says whether an address is a path of our own. Browsers take a backslash for a slash and leave out tabs and line
// ends, so that neither may stand in it.
func ownPath(raw string) bool {
	if !strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "//") || strings.ContainsFunc(raw, unsafeInPath) {
		return false
	}
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "" && u.Host == ""
}

func unsafeInPath(r rune) bool { return r == '\\' || unicode.IsControl(r) }

// origin returns scheme and host of an address elsewhere: https, or http on this machine, where providers and applications
// run in tests and on developers' desks.
func origin(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Opaque != "" || !hostForm.MatchString(u.Host) {
		return "", false
	}
	host := u.Hostname()
	if u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1") {
		return u.Scheme + "://" + strings.ToLower(u.Host), true
	}
	return "", false
}

// public says whether an address from a configuration file can be shown or loaded: https, or a path of our own.
func public(raw string) bool {
	if ownPath(raw) {
		return true
	}
	_, ok := origin(raw)
	return ok && strings.HasPrefix(raw, "https:")
}

// mailbox says whether a text is a plain address that a mailto link can carry.
func mailbox(raw string) bool {
	local, domain, found := strings.Cut(raw, "@")
	return found && local != "" && len(raw) <= longest && hostForm.MatchString(domain) && !strings.Contains(domain, ":") &&
		!strings.ContainsFunc(local, func(r rune) bool {
			return unicode.IsSpace(r) || !unicode.IsGraphic(r) || strings.ContainsRune(`<>()[],;:"\?&%`, r)
		})
}

// mailto returns a link that begins a mail with a subject.
func mailto(address, subject string) string {
	return "mailto:" + url.PathEscape(address) + "?subject=" + strings.ReplaceAll(url.QueryEscape(subject), "+", "%20") // RFC 6068, section 5
}

// clean makes a value fit to be shown: one line, no invisible characters (among them those that turn the direction of
// writing, by which one address can be made to look like another), and not without end.
func clean(value string) string {
	value = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsGraphic(r) && r != zeroWidthJoiner && r != zeroWidthNonJoiner:
			return -1
		}
		return r
	}, value)
	value = strings.Join(strings.Fields(value), " ")
	if runes := []rune(value); len(runes) > longest {
		value = string(runes[:longest-1]) + "…"
	}
	return value
}

// Names of people in several scripts, and emoji, need these two.
const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)
