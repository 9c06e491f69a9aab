package sso

import (
	"net/url"
	"path"
	"strings"
)

// longestReturn is how long a path to go back to may be: the 1 KiB with which a sign-in for an application may come, and the
// paths of our own pages that lead there.
const longestReturn = 1<<10 + 128

// local returns a path of our own to go back to, and "" for everything else (row 44 of the abuse catalogue). A path that
// could mean another host to any reader is not ours: browsers take a backslash for a slash and leave out tabs and line
// ends, and a proxy may decode, or clean away dots and doubled slashes, before it redirects.
func local(raw string) string {
	if len(raw) > longestReturn || !strings.HasPrefix(raw, "/") || strings.ContainsFunc(raw, unusual) {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return ""
	}
	if strings.ContainsFunc(u.Path, unusual) || strings.Contains(u.Path, "%") || !clean(u.Path) {
		return ""
	}
	return raw
}

// unusual reports whether a character has no place in an address of ours: all but visible ASCII, and the backslash.
func unusual(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }

// clean reports whether nothing would change a path on its way.
func clean(p string) bool {
	return path.Clean(p) == p || path.Clean(p)+"/" == p
}

// with returns a path with parameters; those that are empty are left out.
func with(to string, parameters ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		if parameters[i+1] != "" {
			query.Set(parameters[i], parameters[i+1])
		}
	}
	if len(query) == 0 {
		return to
	}
	return to + "?" + query.Encode()
}
