package mapping

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/mixus/usher/directory"
)

// Most conditions compare an attribute with a text, or ask for a group, and join a few such tests. Those are compiled to
// functions: CEL's interpreter counts costs and makes values, which takes twenty times as long and would be most of what
// a plan over everybody costs. A condition with anything else in it is CEL's to evaluate, and so is whether a condition
// is well typed; TestNativeConditionsAgreeWithCEL holds the two against each other.

// predicate is a part of a condition that is true or false for a subject.
type predicate func(*subject) bool

// text is a part of a condition that is a string.
type text func(*subject) string

// native compiles an expression that was type-checked, and returns nil when there is something in it that it does not
// know.
func native(e ast.Expr) predicate {
	switch e.Kind() {
	case ast.LiteralKind:
		if b, ok := e.AsLiteral().(types.Bool); ok {
			return func(*subject) bool { return bool(b) }
		}
	case ast.SelectKind:
		if i := attributeIndex(e, reflect.Bool); i >= 0 {
			return func(s *subject) bool { return reflect.ValueOf(&s.user).Elem().Field(i).Bool() }
		}
	case ast.CallKind:
		return nativeCall(e.AsCall())
	case ast.ComprehensionKind, ast.IdentKind, ast.ListKind, ast.MapKind, ast.StructKind, ast.UnspecifiedExprKind:
	}
	return nil
}

func nativeCall(call ast.CallExpr) predicate {
	args := call.Args()
	switch name := call.FunctionName(); {
	case call.IsMemberFunction():
		return nativeMethod(name, call.Target(), args)
	case name == operators.LogicalNot && len(args) == 1:
		if inner := native(args[0]); inner != nil {
			return func(s *subject) bool { return !inner(s) }
		}
	case name == functionInGroup && len(args) == 1:
		if literal, ok := literalText(args[0]); ok {
			folded := directory.Fold(literal)
			return func(s *subject) bool { return s.isInFolded(folded) }
		}
		if group := nativeText(args[0]); group != nil {
			return func(s *subject) bool { return s.isIn(group(s)) }
		}
	case (name == operators.LogicalAnd || name == operators.LogicalOr) && len(args) == 2:
		return nativeJoin(native(args[0]), native(args[1]), name == operators.LogicalAnd)
	case (name == operators.Equals || name == operators.NotEquals) && len(args) == 2:
		return nativeEqual(args[0], args[1], name == operators.Equals)
	case name == operators.In && len(args) == 2:
		return nativeIn(args[0], args[1])
	}
	return nil
}

func nativeJoin(a, b predicate, and bool) predicate {
	switch {
	case a == nil || b == nil:
		return nil
	case and:
		return func(s *subject) bool { return a(s) && b(s) }
	}
	return func(s *subject) bool { return a(s) || b(s) }
}

func nativeEqual(a, b ast.Expr, equal bool) predicate {
	if x, y := nativeText(a), nativeText(b); x != nil && y != nil {
		return func(s *subject) bool { return (x(s) == y(s)) == equal }
	}
	if x, y := native(a), native(b); x != nil && y != nil {
		return func(s *subject) bool { return (x(s) == y(s)) == equal }
	}
	return nil
}

// nativeIn compiles "in" for a list that is written out, and for the attributes that are lists.
func nativeIn(element, list ast.Expr) predicate {
	value := nativeText(element)
	if value == nil {
		return nil
	}
	if i := attributeIndex(list, reflect.Slice); i >= 0 {
		return func(s *subject) bool {
			values := reflect.ValueOf(&s.user).Elem().Field(i)
			wanted := value(s)
			for k := range values.Len() {
				if values.Index(k).String() == wanted {
					return true
				}
			}
			return false
		}
	}
	if list.Kind() == ast.IdentKind && list.AsIdent() == variableGroups {
		return func(s *subject) bool { return s.isCalled(value(s)) }
	}
	known, ok := literalTexts(list)
	if !ok {
		return nil
	}
	return func(s *subject) bool { return slices.Contains(known, value(s)) }
}

// literalTexts returns the elements of a list of texts that is written out.
func literalTexts(list ast.Expr) ([]string, bool) {
	if list.Kind() != ast.ListKind || len(list.AsList().OptionalIndices()) > 0 {
		return nil, false
	}
	elements := list.AsList().Elements()
	texts := make([]string, len(elements))
	for i, e := range elements {
		text, ok := literalText(e)
		if !ok {
			return nil, false
		}
		texts[i] = text
	}
	return texts, true
}

func nativeMethod(name string, target ast.Expr, args []ast.Expr) predicate {
	of := nativeText(target)
	if of == nil || len(args) != 1 {
		return nil
	}
	if name == "matches" {
		pattern, ok := literalText(args[0])
		if !ok {
			return nil
		}
		expression, err := regexp.Compile(pattern)
		if err != nil {
			return nil
		}
		return func(s *subject) bool { return expression.MatchString(of(s)) }
	}
	arg := nativeText(args[0])
	compare := map[string]func(s, part string) bool{
		"startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix, "contains": strings.Contains,
	}[name]
	if arg == nil || compare == nil {
		return nil
	}
	return func(s *subject) bool { return compare(of(s), arg(s)) }
}

// nativeText compiles a string: one that is written out, an attribute, or the connection.
func nativeText(e ast.Expr) text {
	if literal, ok := literalText(e); ok {
		return func(*subject) string { return literal }
	}
	if e.Kind() == ast.IdentKind && e.AsIdent() == variableConnection {
		return func(s *subject) string { return s.account.Connection }
	}
	if i := attributeIndex(e, reflect.String); i >= 0 {
		value := attributeText(i)
		return func(s *subject) string { return value(&s.user) }
	}
	return nil
}

// attributeText returns how to read the attribute at a place among attributes, which is a text.
func attributeText(i int) func(*attributes) string {
	switch reflect.TypeFor[attributes]().Field(i).Name { // those that rules ask for most, without reflection
	case "Department":
		return func(a *attributes) string { return a.Department }
	case "Title":
		return func(a *attributes) string { return a.Title }
	case "Email":
		return func(a *attributes) string { return a.Email }
	case "UserType":
		return func(a *attributes) string { return a.UserType }
	case "CostCenter":
		return func(a *attributes) string { return a.CostCenter }
	case "UserName":
		return func(a *attributes) string { return a.UserName }
	}
	return func(a *attributes) string { return reflect.ValueOf(a).Elem().Field(i).String() }
}

// attributeIndex returns which field of attributes an expression selects, -1 when it is none of that kind.
func attributeIndex(e ast.Expr, kind reflect.Kind) int {
	if e.Kind() != ast.SelectKind {
		return -1
	}
	selection := e.AsSelect()
	of := selection.Operand()
	if selection.IsTestOnly() || of.Kind() != ast.IdentKind || of.AsIdent() != variableUser {
		return -1
	}
	t := reflect.TypeFor[attributes]()
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("cel") == selection.FieldName() && t.Field(i).Type.Kind() == kind {
			return i
		}
	}
	return -1
}
