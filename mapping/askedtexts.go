package mapping

import (
	"reflect"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// askedText is an attribute for whose values rules ask word by word, as in user.department == "Sales" or
// user.costCenter in ["4100", "4200"]: such a rule is tested on people alone who have one of its values.
type askedText struct {
	field int // its place among attributes
	value func(*attributes) string
	rules map[string][]int // value → the rules that ask for it, by their place in rules
}

// requires returns an attribute, by its place among attributes, and the values of which it has one wherever a condition
// holds. The attribute is -1 where the condition requires no such thing.
func requires(e ast.Expr) (int, []string) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return -1, nil
	}
	a, b := e.AsCall().Args()[0], e.AsCall().Args()[1]
	switch e.AsCall().FunctionName() {
	case operators.LogicalAnd:
		if i, values := requires(a); i >= 0 {
			return i, values
		}
		return requires(b)
	case operators.Equals:
		if _, literal := literalText(a); literal {
			a, b = b, a
		}
		if value, literal := literalText(b); literal {
			return attributeIndex(a, reflect.String), []string{value}
		}
	case operators.In:
		if values, literal := literalTexts(b); literal {
			return attributeIndex(a, reflect.String), values
		}
	}
	return -1, nil
}

// askForTexts notes a rule under the texts that its condition requires, and reports whether it requires any. A condition
// that CEL evaluates is asked of everybody, since it may fail.
func (p *Policy) askForTexts(n int, r *rule) bool {
	if r.condition == nil || r.condition.native == nil {
		return false
	}
	field, values := requires(r.condition.tree.Expr())
	if field < 0 {
		return false
	}
	at := slices.IndexFunc(p.askedTexts, func(asked *askedText) bool { return asked.field == field })
	if at < 0 {
		at = len(p.askedTexts)
		p.askedTexts = append(p.askedTexts, &askedText{field: field, value: attributeText(field), rules: map[string][]int{}})
	}
	asked := p.askedTexts[at]
	for _, v := range values {
		asked.rules[v] = append(asked.rules[v], n)
	}
	return true
}
