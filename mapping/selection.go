package mapping

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"github.com/mixus/usher/directory"
)

// selection is whom a rule means, as far as it can be compared with whom another means: a condition counts by the parts
// that && joins.
type selection struct {
	groups      [][]int           // the account is in at least one group of each
	except      []int             // and in none of these
	connections []string          // and of one of these; nil for any
	rest        []string          // and these hold, in CEL's own spelling
	equals      map[string]string // "user.title" → "Director", for the parts that compare with a text
	never       string            // why nobody can be meant; "" when somebody can
}

// selection works out whom a rule means.
func (p *Policy) selection(r *rule) *selection {
	s := &selection{connections: r.Connections, equals: map[string]string{}}
	if len(r.groups) > 0 {
		s.groups = append(s.groups, numbers(r.groups))
	}
	s.except = numbers(r.except)
	if r.condition != nil {
		for _, part := range conjuncts(r.condition.tree.Expr()) {
			p.narrow(s, part, r.condition.tree.SourceInfo())
		}
	}
	s.contradictions(r)
	return s
}

func numbers(selectors []selector) []int {
	all := make([]int, len(selectors))
	for i := range selectors {
		all[i] = selectors[i].number
	}
	return all
}

// conjuncts are the parts that && joins.
func conjuncts(e ast.Expr) []ast.Expr {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		var all []ast.Expr
		for _, part := range e.AsCall().Args() {
			all = append(all, conjuncts(part)...)
		}
		return all
	}
	return []ast.Expr{e}
}

// narrow adds one part of a condition.
func (p *Policy) narrow(s *selection, part ast.Expr, info *ast.SourceInfo) {
	text, err := parser.Unparse(part, info)
	if err != nil {
		text = "?" // equal to nothing, not even to itself: see add
	}
	negated := part.Kind() == ast.CallKind && part.AsCall().FunctionName() == operators.LogicalNot
	inner := part
	if negated {
		inner = part.AsCall().Args()[0]
	}
	if number, ok := p.inGroupLiteral(inner); ok {
		if negated {
			s.except = append(s.except, number)
		} else {
			s.groups = append(s.groups, []int{number})
		}
		return
	}
	if impossible(part) {
		s.never = "the condition is always false"
	}
	if left, right, ok := comparison(part, info); ok {
		if left == variableConnection {
			if s.connections != nil && !slices.Contains(s.connections, right) {
				s.never = "it asks for connection " + right + ", which its connections do not name"
			}
			s.connections = []string{right}
			return
		}
		if other, twice := s.equals[left]; twice && other != right {
			s.never = left + " cannot be both " + other + " and " + right
		}
		s.equals[left] = right
	}
	if !always(part) && err == nil {
		s.rest = append(s.rest, text)
	}
}

// inGroupLiteral returns the number of the group that inGroup("name") asks for.
func (p *Policy) inGroupLiteral(e ast.Expr) (int, bool) {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != functionInGroup {
		return 0, false
	}
	name, ok := literalText(e.AsCall().Args()[0])
	if !ok {
		return 0, false
	}
	number, ok := p.selectors.names[directory.Fold(name)]
	return number, ok
}

func literalText(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().(types.String)
	return string(text), ok
}

// comparison takes x == "text" apart, whichever way round.
func comparison(e ast.Expr, info *ast.SourceInfo) (left, right string, ok bool) {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.Equals {
		return "", "", false
	}
	a, b := e.AsCall().Args()[0], e.AsCall().Args()[1]
	if _, literal := literalText(a); literal {
		a, b = b, a
	}
	right, ok = literalText(b)
	left, err := parser.Unparse(a, info)
	return left, right, ok && err == nil && a.Kind() != ast.LiteralKind
}

// always and impossible report what holds of everybody and of nobody, without looking at anybody.
func always(e ast.Expr) bool     { return constant(e) == types.True }
func impossible(e ast.Expr) bool { return constant(e) == types.False }

// constant returns the value of a condition that does not depend on the person, nil when it does.
func constant(e ast.Expr) any {
	if e.Kind() == ast.LiteralKind {
		if b, ok := e.AsLiteral().(types.Bool); ok {
			return b
		}
		return nil
	}
	if e.Kind() != ast.CallKind {
		return nil
	}
	call := e.AsCall()
	parts := make([]any, len(call.Args()))
	for i, arg := range call.Args() {
		parts[i] = constant(arg)
	}
	switch call.FunctionName() {
	case operators.LogicalNot:
		if b, ok := parts[0].(types.Bool); ok {
			return !b
		}
	case operators.LogicalAnd:
		return decided(parts, types.False)
	case operators.LogicalOr:
		return decided(parts, types.True)
	case operators.Equals:
		a, textA := literalText(call.Args()[0])
		b, textB := literalText(call.Args()[1])
		if textA && textB {
			return types.Bool(a == b)
		}
	}
	return nil
}

// decided is what && (for false) or || (for true) makes of its parts: one decides alone, else all have to agree.
func decided(parts []any, alone types.Bool) any {
	if slices.Contains(parts, any(alone)) {
		return alone
	}
	for _, p := range parts {
		if p != any(!alone) {
			return nil
		}
	}
	return !alone
}

// contradictions says why nobody can be meant, where what the rule itself names excludes itself.
func (s *selection) contradictions(r *rule) {
	if s.never != "" {
		return
	}
	for _, wanted := range s.groups {
		if subset(wanted, s.except) {
			s.never = "everybody in the groups that it asks for is left out again"
			return
		}
	}
	for _, text := range s.rest {
		if slices.Contains(s.rest, "!"+text) || slices.Contains(s.rest, "!("+text+")") {
			s.never = "the condition asks for " + text + " and for its opposite"
		}
	}
	if r.condition != nil && impossible(r.condition.tree.Expr()) {
		s.never = "the condition is always false"
	}
}

// covers reports whether a selection means everybody whom another means. False says that it cannot be shown.
func (s *selection) covers(o *selection) bool {
	for _, wanted := range s.groups {
		if !slices.ContainsFunc(o.groups, func(narrower []int) bool { return subset(narrower, wanted) }) {
			return false
		}
	}
	return subset(s.except, o.except) && subset(s.rest, o.rest) &&
		(len(s.connections) == 0 || len(o.connections) > 0 && subset(o.connections, s.connections))
}

// subset reports whether every item of a list is in another.
func subset[T comparable](list, of []T) bool {
	return !slices.ContainsFunc(list, func(item T) bool { return !slices.Contains(of, item) })
}
