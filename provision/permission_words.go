package provision

import (
	"slices"
	"strings"
)

// scopes are what permissions end in to say on what, the widest last, with the words for it.
var scopes = []struct{ name, words string }{{"own", "your own"}, {"public", "public"}, {"shared", "shared"}, {"all", "all"}}

// nounWords are the words that people know a noun by.
func nounWords(noun string) string {
	switch noun {
	case "sso":
		return "single sign-on"
	case "security":
		return "security settings"
	case "knowledge":
		return "knowledge bases"
	}
	return strings.NewReplacer("_", " ", ".", " ").Replace(noun)
}

func verbWords(verb string) string {
	if verb == "comment" {
		return "comment on"
	}
	return strings.ReplaceAll(verb, "_", " ")
}

// ofSomebody reports whether a verb is about what somebody has made, so that without a scope it means everybody's.
func ofSomebody(verb string) bool {
	return slices.Contains([]string{"view", "read", "edit", "run", "share", "delete", "download", "comment", "join"}, verb)
}

// permitted is a permission in its parts. Its name is NOUN.VERB or NOUN.VERB.SCOPE; VERB_SCOPE is understood, too.
type permitted struct {
	noun, verb string
	scope      int // of scopes
}

func partsOf(permission string) permitted {
	p := permitted{scope: len(scopes) - 1}
	for i, s := range scopes {
		if rest, found := strings.CutSuffix(permission, "."+s.name); found && strings.Contains(rest, ".") {
			permission, p.scope = rest, i
		} else if rest, found := strings.CutSuffix(permission, "_"+s.name); found && strings.Contains(rest, ".") {
			permission, p.scope = rest, i
		}
	}
	if at := strings.LastIndex(permission, "."); at >= 0 {
		p.noun, p.verb = permission[:at], permission[at+1:]
	} else {
		p.verb = permission
	}
	return p
}

// inWords says in words what permissions allow, such as "run shared agents", in their order: each noun and verb once, with
// the widest scope, and nouns of the same verb and scope together.
func inWords(permissions []string) []string {
	var all []permitted
	for _, name := range permissions {
		p := partsOf(name)
		if i := slices.IndexFunc(all, func(o permitted) bool { return o.noun == p.noun && o.verb == p.verb }); i >= 0 {
			all[i].scope = max(all[i].scope, p.scope)
			continue
		}
		all = append(all, p)
	}
	var begins []string
	nouns := map[string][]string{}
	for _, p := range all {
		begin := verbWords(p.verb)
		if p.scope < len(scopes)-1 || ofSomebody(p.verb) && p.noun != "" {
			begin += " " + scopes[p.scope].words
		}
		if _, known := nouns[begin]; !known {
			begins = append(begins, begin)
		}
		nouns[begin] = append(nouns[begin], nounWords(p.noun))
	}
	words := make([]string, len(begins))
	for i, begin := range begins {
		words[i] = strings.TrimSpace(begin + " " + andList(nouns[begin]))
	}
	return words
}

// andList joins words as people do.
func andList(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
