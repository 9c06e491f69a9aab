package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mixus/usher/config"
)

// knows is the fix where nothing better is known.
const knows = "a condition knows user, groups, connection and inGroup(name)"

// The words of CEL's messages that say what it stumbled over.
var (
	undeclared  = regexp.MustCompile(`undeclared reference to '([^']*)'`)
	noOverload  = regexp.MustCompile(`found no matching overload for '([^']*)' applied to '([^']*)'`)
	assignment  = regexp.MustCompile(`[^=!<>]=[^=]`)
	wordForSign = regexp.MustCompile(`(?i)\b(and|or|not)\b`)
)

// conditionNames are what a condition may name, for the nearest one.
func conditionNames() []string {
	return []string{
		variableUser, variableGroups, variableConnection, functionInGroup, "startsWith", "endsWith", "contains", "matches", "size",
		"exists", "exists_one", "all", "filter", "map", "has", "int", "double", "string", "timestamp", "duration",
	}
}

// celMistake puts what CEL's parser or checker found in words, with what would have been right.
func celMistake(when, message string) (what, fix string) {
	what, _, _ = strings.Cut(message, ", expecting")
	what, _, _ = strings.Cut(what, " expecting {")
	what, _, _ = strings.Cut(what, " expecting <EOF>")
	what, _, _ = strings.Cut(what, " (did you mean")
	what = strings.ReplaceAll(what, " (in container '')", "")
	if found := undeclared.FindStringSubmatch(message); found != nil {
		return what, undeclaredFix(found[1])
	}
	if found := noOverload.FindStringSubmatch(message); found != nil {
		return what, overloadFix(found[1], found[2])
	}
	switch {
	case strings.HasPrefix(message, "expected type 'bool'"):
		return what, overloadFix("_&&_", "")
	case strings.Contains(message, "does not support field selection"):
		return what, "the items of groups, user.emails, user.roles and user.entitlements are plain texts; compare them themselves"
	case !strings.HasPrefix(message, "Syntax error"):
		return what, knows
	case strings.Count(when, "(") != strings.Count(when, ")"):
		return what, "close every parenthesis"
	case assignment.MatchString(withoutTexts(when)):
		return what, "compare with ==; a single = means nothing here"
	}
	if word := wordForSign.FindString(withoutTexts(when)); word != "" {
		return what, fmt.Sprintf("write %s in place of %s", map[string]string{"and": "&&", "or": "||", "not": "!"}[strings.ToLower(word)], word)
	}
	return what, `write for example user.title.startsWith("Director") && inGroup("Engineering")`
}

// undeclaredFix says which name was likely meant: an attribute without "user." before it, or a misspelt one.
func undeclaredFix(name string) string {
	if slices.Contains(attributeNames(), name) {
		return fmt.Sprintf("write user.%s; %s", name, knows)
	}
	near := config.Nearest(name, append(conditionNames(), attributeNames()...))
	switch {
	case near == "":
		return knows
	case slices.Contains(attributeNames(), near):
		near = "user." + near
	}
	return fmt.Sprintf("did you mean %q? %s", near, knows)
}

// overloadFix says what a function takes, or that two kinds of value do not compare.
func overloadFix(function, types string) string {
	switch function {
	case functionInGroup:
		return `inGroup takes one text, as in inGroup("Engineering")`
	case "startsWith", "endsWith", "contains", "matches":
		return fmt.Sprintf(`call it on a text and give it a text, as in user.title.%s("x"); for a list write "x" in user.emails`, function)
	case "@in":
		return `write a value before in and a list of such values behind it, as in user.title in ["CEO", "CTO"]`
	case "_&&_", "_||_", "!_":
		return "both sides of && and ||, and what stands behind !, must be true or false; compare texts with =="
	case "_==_", "_!=_":
		return fmt.Sprintf("the two sides are %s; compare values of one kind, texts in quotes", strings.NewReplacer("(", "", ")", "", ", ", " and ").Replace(types))
	}
	return "check the kinds of its values: attributes are texts unless the reference says otherwise"
}

// withoutTexts blanks what stands in quotes, so that it is not taken for a part of the expression.
func withoutTexts(when string) string {
	return quotedText.ReplaceAllString(when, `""`)
}

var quotedText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)
