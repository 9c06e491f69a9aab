package mapping

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// mentions is what a condition speaks of.
type mentions struct {
	attributes []mention  // user.NAME
	patterns   []mention  // literal regular expressions of matches()
	inGroup    []mention  // literal names of inGroup(), each once
	ext        [][]string // user.ext by the keys that follow it, each once
	groups     bool
	connection bool
}

// mention is a name with its place in the condition: line from 1, column from 0.
type mention struct {
	name         string
	line, column int
}

// mentioned walks a parsed condition.
func mentioned(tree *ast.AST) mentions {
	var m mentions
	within := map[int64]bool{} // what a longer path into user.ext has told of
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if !within[e.ID()] {
			m.extension(e, within)
		}
		if e.Kind() == ast.SelectKind {
			m.selection(tree, e.AsSelect())
		}
		if e.Kind() == ast.IdentKind {
			m.groups = m.groups || e.AsIdent() == variableGroups
			m.connection = m.connection || e.AsIdent() == variableConnection
		}
		if e.Kind() == ast.CallKind {
			m.call(tree, e.AsCall())
		}
	}))
	return m
}

func (m *mentions) selection(tree *ast.AST, s ast.SelectExpr) {
	if of := s.Operand(); of.Kind() == ast.IdentKind && of.AsIdent() == variableUser {
		at := mentionAt(tree, s.FieldName(), of.ID())
		at.column += len(variableUser + ".")
		m.attributes = append(m.attributes, at)
	}
}

func (m *mentions) call(tree *ast.AST, call ast.CallExpr) {
	args := call.Args()
	if len(args) == 0 || args[len(args)-1].Kind() != ast.LiteralKind {
		return
	}
	last := args[len(args)-1]
	text, ok := last.AsLiteral().(types.String)
	if !ok {
		return
	}
	switch call.FunctionName() {
	case functionInGroup:
		if !slices.ContainsFunc(m.inGroup, func(other mention) bool { return other.name == string(text) }) {
			m.inGroup = append(m.inGroup, mentionAt(tree, string(text), last.ID()))
		}
	case "matches":
		m.patterns = append(m.patterns, mentionAt(tree, string(text), last.ID()))
	}
}

func mentionAt(tree *ast.AST, name string, id int64) mention {
	at := tree.SourceInfo().GetStartLocation(id)
	return mention{name: name, line: at.Line(), column: at.Column()}
}

// seen says what a condition saw of an account, for explanations.
func (m *mentions) seen(s *subject) string {
	var parts []string
	values := reflect.ValueOf(&s.user).Elem()
	for i := range values.NumField() {
		name := values.Type().Field(i).Tag.Get("cel")
		if name == attributeExt || !slices.ContainsFunc(m.attributes, func(a mention) bool { return a.name == name }) {
			continue
		}
		parts = append(parts, fmt.Sprintf("user.%s is %q", name, values.Field(i).Interface()))
	}
	for _, path := range m.ext {
		parts = append(parts, s.ext.seen(path))
	}
	for _, g := range m.inGroup {
		in := "is not in"
		if s.isIn(g.name) {
			in = "is in"
		}
		parts = append(parts, fmt.Sprintf("%s %q", in, g.name))
	}
	if m.groups {
		parts = append(parts, fmt.Sprintf("groups are %q", s.groups()))
	}
	if m.connection {
		parts = append(parts, fmt.Sprintf("connection is %q", s.account.Connection))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// listed sorts and joins texts, and counts those over a limit instead of naming them.
func listed(all []string, limit int) string {
	slices.Sort(all)
	if len(all) > limit {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:limit], ", "), len(all)-limit)
	}
	return strings.Join(all, ", ")
}
