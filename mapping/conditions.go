package mapping

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/mixus/usher/config"
)

const (
	functionInGroup  = "inGroup"
	conditionMaxSize = 2048   // characters
	conditionMaxCost = 10_000 // CEL's cost units
)

// condition is a compiled "when".
type condition struct {
	text     string    // on one line, and not too long, as reasons show it
	native   predicate // the same, compiled to functions; nil when it is for CEL alone
	program  cel.Program
	mentions mentions
	tree     *ast.AST // as it was parsed
}

// newEnvironment returns what conditions are written in: CEL's standard library, and the variables and the function of
// a subject.
func newEnvironment() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Types(cel.NativeTypeFor[attributes](cel.NativeTypeAlias("User"), types.ParseStructTag("cel"))),
		cel.Variable(variableUser, cel.ObjectType("User")),
		cel.Variable(variableGroups, cel.ListType(cel.StringType)),
		cel.Variable(variableConnection, cel.StringType),
		cel.Function(functionInGroup,
			cel.Overload("inGroup_string", []*cel.Type{cel.StringType}, cel.BoolType, cel.LateFunctionBinding())),
		cel.ParserExpressionSizeLimit(conditionMaxSize),
		cel.CrossTypeNumericComparisons(true),
	)
}

// condition compiles the condition of a rule. It returns nil when it reported a problem.
func (c *compiler) condition(conf *config.Rule) *condition {
	if n := utf8.RuneCountInString(conf.When); n > conditionMaxSize {
		c.fail(conf.WhenAt, "split the rule in two", "condition of rule %s is %d characters long; at most %d are allowed", conf.Name, n, conditionMaxSize)
		return nil
	}
	if c.environment == nil {
		env, err := newEnvironment()
		if err != nil {
			c.fail(conf.WhenAt, "", "conditions cannot be compiled: %v", err)
			return nil
		}
		c.environment = env
	}
	parsed, issues := c.environment.Parse(conf.When)
	if issues.Err() != nil {
		c.issues(conf, issues)
		return nil
	}
	seen := mentioned(parsed.NativeRep())
	failed := c.attributesKnown(conf, &seen)
	if failed = c.patternsValid(conf, &seen) || failed; failed {
		return nil
	}
	checked, issues := c.environment.Check(parsed)
	if issues.Err() != nil {
		c.issues(conf, issues)
		return nil
	}
	if checked.OutputType() != cel.BoolType {
		c.fail(conf.WhenAt, "compare it with something, as in user.title == \"Engineer\"",
			"condition of rule %s gives a %s, not a bool", conf.Name, checked.OutputType())
		return nil
	}
	program, err := c.environment.Program(checked, cel.CostLimit(conditionMaxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		c.fail(conf.WhenAt, "", "condition of rule %s: %v", conf.Name, err)
		return nil
	}
	for _, g := range seen.inGroup {
		c.policy.selectors.add(config.Selector{Name: g.name})
	}
	return &condition{text: shorten(conf.When), native: native(parsed.NativeRep().Expr()), program: program, mentions: seen, tree: parsed.NativeRep()}
}

// issues reports what CEL's parser or checker found.
func (c *compiler) issues(conf *config.Rule, issues *cel.Issues) {
	for _, e := range issues.Errors() {
		message, fix := celMistake(conf.When, e.Message)
		c.conditionFailed(conf, e.Location.Line(), e.Location.Column(), fix, message)
		if strings.HasPrefix(message, "Syntax error") {
			return // what follows it is noise
		}
	}
}

// conditionFailed reports a problem at a line (from 1) and column (from 0) of a condition. A condition of several lines
// is a block in which every line is indented like the first.
func (c *compiler) conditionFailed(conf *config.Rule, line, column int, fix, message string) {
	place := fmt.Sprintf("column %d", column+1)
	if strings.Contains(strings.TrimSpace(conf.When), "\n") {
		place = fmt.Sprintf("line %d, %s", line, place)
	}
	c.fail(conf.WhenPlace(line, column), fix, "condition of rule %s, %s: %s", conf.Name, place, message)
}

// holds evaluates the condition for one account.
func (c *condition) holds(s *subject) (bool, error) {
	if c.native != nil {
		return c.native(s), nil
	}
	out, _, err := c.program.Eval(s)
	if err != nil {
		return false, err
	}
	b, ok := out.(types.Bool)
	if !ok {
		return false, fmt.Errorf("the result is a %s, not a bool", out.Type().TypeName())
	}
	return bool(b), nil
}

// why says in general terms why a condition failed. It names no value of the person, since CEL's own messages may, and
// this one goes to the log and the journal.
func why(err error) string {
	var cancelled interpreter.EvalCancelledError
	switch {
	case errors.As(err, &cancelled):
		return "it costs more than the limit"
	case strings.Contains(err.Error(), "no such overload"):
		return "it compares or calls something on a value of another type"
	case strings.Contains(err.Error(), "no such key"), strings.Contains(err.Error(), "index out of bounds"):
		return "it reads something that is not there"
	}
	return "a value does not have the form that it expects"
}

// shorten puts a condition on one line of at most 160 characters.
func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 160 {
		return string(r[:159]) + "…"
	}
	return text
}

// attributesKnown reports attributes of user that there are not.
func (c *compiler) attributesKnown(conf *config.Rule, m *mentions) (failed bool) {
	known := attributeNames()
	for _, a := range m.attributes {
		if !slices.Contains(known, a.name) {
			failed = true
			c.conditionFailed(conf, a.line, a.column, hint("attributes", a.name, known), fmt.Sprintf("user has no attribute %q", a.name))
		}
	}
	return failed
}

// patternsValid reports regular expressions that do not compile, where they are written out.
func (c *compiler) patternsValid(conf *config.Rule, m *mentions) (failed bool) {
	for _, p := range m.patterns {
		if _, err := regexp.Compile(p.name); err != nil {
			failed = true
			c.conditionFailed(conf, p.line, p.column, "correct the regular expression; its syntax is RE2", err.Error())
		}
	}
	return failed
}
