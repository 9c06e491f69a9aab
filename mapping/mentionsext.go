package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// extension notes a path into user.ext, and which shorter ones it goes through.
func (m *mentions) extension(e ast.Expr, within map[int64]bool) {
	path, ok := extensionPath(e, within)
	if ok && !slices.ContainsFunc(m.ext, func(other []string) bool { return slices.Equal(other, path) }) {
		m.ext = append(m.ext, path)
	}
}

// extensionPath returns the keys that follow user.ext in an expression, written as user.ext["urn:…"].name or with more
// brackets. It is false of any other expression, and of one with a key that is not written out.
func extensionPath(e ast.Expr, within map[int64]bool) ([]string, bool) {
	var of ast.Expr
	var key string
	switch e.Kind() {
	case ast.SelectKind:
		of, key = e.AsSelect().Operand(), e.AsSelect().FieldName()
		if of.Kind() == ast.IdentKind && of.AsIdent() == variableUser && key == attributeExt {
			return nil, true
		}
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != operators.Index {
			return nil, false
		}
		var ok bool
		if key, ok = literalText(call.Args()[1]); !ok {
			return nil, false
		}
		of = call.Args()[0]
	default:
		return nil, false
	}
	path, ok := extensionPath(of, within)
	if ok {
		within[of.ID()] = true
	}
	return append(path, key), ok
}

// plainKey is a key that can follow a dot.
var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// seen says what an account has where a path leads, as the condition could have written it.
func (e *extensions) seen(path []string) string {
	var name strings.Builder
	name.WriteString(variableUser + "." + attributeExt)
	for i, key := range path {
		if i > 0 && plainKey.MatchString(key) {
			name.WriteString("." + key)
		} else {
			fmt.Fprintf(&name, "[%q]", key)
		}
	}
	if len(path) == 0 {
		return name.String() + " has " + e.names()
	}
	schema, found, err := e.find(path[0])
	if err != nil {
		return name.String() + " cannot be read"
	}
	var value any = schema
	for _, key := range path[1:] {
		object, _ := value.(map[string]any)
		value, found = lookup(object, key)
	}
	if !found || value == nil {
		return name.String() + " is absent"
	}
	if text, ok := value.(string); ok {
		return fmt.Sprintf("%s is %q", &name, text)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return name.String() + " cannot be read"
	}
	return name.String() + " is " + shorten(string(text))
}

// names lists the schemas that an account has.
func (e *extensions) names() string {
	if _, _, err := e.find(""); err != nil {
		return "what cannot be read"
	}
	var names []string
	for _, urn := range slices.Sorted(maps.Keys(e.decoded)) {
		if _, found, _ := e.find(urn); found && strings.Contains(urn, ":") {
			names = append(names, fmt.Sprintf("%q", urn))
		}
	}
	if len(names) == 0 {
		return "no schema"
	}
	return listed(names, 12)
}
