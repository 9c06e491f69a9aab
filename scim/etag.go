package scim

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/mixus/usher/facts"
)

// appendVersion appends the weak entity tag of a revision, W/"7" (RFC 7644, section 3.14).
func appendVersion(b []byte, revision uint64) []byte {
	b = append(b, `W/"`...)
	return append(strconv.AppendUint(b, revision, 10), '"')
}

// version returns the weak entity tag of a revision.
func version(revision uint64) string { return string(appendVersion(make([]byte, 0, 24), revision)) }

// parseMatch reads entity tags as If-Match, If-None-Match and the version of a Bulk operation carry them: a list of weak
// or strong tags, or an asterisk. A tag that is not one of ours matches no revision, so a precondition that cannot be
// understood fails instead of being forgotten.
func parseMatch(text string) facts.Match {
	m := facts.Match{Conditional: true}
	for tag := range strings.SplitSeq(text, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			m.Any = true
			continue
		}
		tag = strings.TrimPrefix(strings.TrimPrefix(tag, "W/"), "w/")
		tag = strings.TrimSuffix(strings.TrimPrefix(tag, `"`), `"`)
		if n, err := strconv.ParseUint(tag, 10, 64); err == nil {
			m.Revisions = append(m.Revisions, n)
		}
	}
	return m
}

// ifMatch reads the precondition of a write.
func ifMatch(h http.Header) facts.Match {
	values := h.Values("If-Match")
	if len(values) == 0 {
		return facts.Match{}
	}
	return parseMatch(strings.Join(values, ","))
}

// unchanged reports whether the client already has this revision (If-None-Match).
func unchanged(h http.Header, revision uint64) bool {
	values := h.Values("If-None-Match")
	return len(values) > 0 && parseMatch(strings.Join(values, ",")).Holds(revision)
}
