package filter

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/schema"
)

// comparison is a compiled term: an operator and a literal in the type of the attribute.
type comparison struct {
	op     ast.CompareOperator
	test   func(any) bool // of a value that is there
	absent bool           // the outcome for an attribute that is not there
}

// newComparison compiles a term, or says why the attribute cannot be compared like that.
func newComparison(a *schema.Attribute, e *ast.AttributeExpression) (*comparison, error) {
	c := &comparison{op: e.Operator}
	switch {
	case e.Operator == ast.PR:
		c.test = present
		return c, nil
	case e.CompareValue == nil:
		return c.null(a)
	}
	c.absent = e.Operator == ast.NE
	var err error
	switch a.Type {
	case schema.Boolean:
		err = c.boolean(a, e.CompareValue)
	case schema.Integer, schema.Decimal:
		err = c.number(a, e.CompareValue)
	case schema.DateTime:
		err = c.instant(a, e.CompareValue)
	case schema.Complex:
		err = invalid(a.String(), "%s cannot be compared as a whole. Name one of its sub-attributes.", a)
	case schema.String, schema.Reference, schema.Binary:
		err = c.text(a, e.CompareValue)
	}
	return c, err
}

// present implements pr: an empty text, object or array counts as absent.
func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case map[string]any:
		for _, nested := range v {
			if present(nested) {
				return true
			}
		}
		return false
	case []any:
		return len(v) > 0
	}
	return true
}

// null compares with null, which stands for an attribute that is not there (RFC 7643, section 2.5).
func (c *comparison) null(a *schema.Attribute) (*comparison, error) {
	switch c.op {
	case ast.EQ:
		c.absent = true
		c.test = func(v any) bool { return !present(v) }
	case ast.NE:
		c.test = present
	default:
		return nil, invalid(a.String(), "%s can be compared with null by eq and ne only.", a)
	}
	return c, nil
}

func (c *comparison) boolean(a *schema.Attribute, literal any) error {
	want, ok := literal.(bool)
	if s, isText := literal.(string); isText {
		want, ok = strings.EqualFold(s, "true"), strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
	}
	if !ok {
		return invalid(a.String(), "%s is a boolean. Compare it with true or false.", a)
	}
	switch c.op {
	case ast.EQ:
		c.test = func(v any) bool { return v == want }
	case ast.NE:
		c.test = func(v any) bool { return v != want }
	default:
		return invalid(a.String(), "%s is a boolean, which %s does not compare. Use eq or ne.", a, c.op)
	}
	return nil
}

func (c *comparison) number(a *schema.Attribute, literal any) error {
	var want json.Number
	switch v := literal.(type) {
	case json.Number:
		want = v
	case string:
		want = json.Number(v)
	}
	if _, err := want.Float64(); err != nil {
		return invalid(a.String(), "%s is a number. Compare it with a number.", a)
	}
	holds, ok := ordering(c.op)
	if !ok {
		return invalid(a.String(), "%s is a number, which %s does not compare.", a, c.op)
	}
	c.test = func(v any) bool {
		have, ok := asNumber(v)
		return ok && holds(CompareNumbers(have, want))
	}
	return nil
}

func (c *comparison) instant(a *schema.Attribute, literal any) error {
	s, _ := literal.(string)
	want, ok := schema.ParseTime(s)
	if !ok {
		return invalid(a.String(), "%s is a dateTime. Compare it with one such as \"2026-01-31T08:00:00Z\".", a)
	}
	holds, ok := ordering(c.op)
	if !ok {
		return invalid(a.String(), "%s is a dateTime, which %s does not compare.", a, c.op)
	}
	c.test = func(v any) bool {
		have, ok := v.(time.Time)
		if s, isText := v.(string); isText {
			have, ok = schema.ParseTime(s)
		}
		return ok && holds(have.Compare(want))
	}
	return nil
}

func (c *comparison) text(a *schema.Attribute, literal any) error {
	want, fold := "", directory.Fold
	switch v := literal.(type) {
	case string:
		want = v
	case json.Number:
		want = v.String()
	case bool:
		want = strconv.FormatBool(v)
	}
	if a.CaseExact {
		fold = func(s string) string { return s }
	}
	want = fold(want)
	var holds func(string) bool
	switch c.op {
	case ast.CO:
		holds = func(s string) bool { return strings.Contains(s, want) }
	case ast.SW:
		holds = func(s string) bool { return strings.HasPrefix(s, want) }
	case ast.EW:
		holds = func(s string) bool { return strings.HasSuffix(s, want) }
	default:
		order, ok := ordering(c.op)
		if !ok || a.Type == schema.Binary && c.op != ast.EQ && c.op != ast.NE {
			return invalid(a.String(), "%s cannot be compared by %s.", a, c.op)
		}
		holds = func(s string) bool { return order(cmp.Compare(s, want)) }
	}
	c.test = func(v any) bool {
		s, ok := v.(string)
		return ok && holds(fold(s))
	}
	return nil
}

// ordering translates an operator into a test of the outcome of a comparison.
func ordering(op ast.CompareOperator) (func(int) bool, bool) {
	switch op {
	case ast.EQ:
		return func(n int) bool { return n == 0 }, true
	case ast.NE:
		return func(n int) bool { return n != 0 }, true
	case ast.GT:
		return func(n int) bool { return n > 0 }, true
	case ast.GE:
		return func(n int) bool { return n >= 0 }, true
	case ast.LT:
		return func(n int) bool { return n < 0 }, true
	case ast.LE:
		return func(n int) bool { return n <= 0 }, true
	case ast.CO, ast.SW, ast.EW, ast.PR:
	}
	return nil, false
}

func asNumber(v any) (json.Number, bool) {
	switch n := v.(type) {
	case json.Number:
		return n, true
	case float64:
		return json.Number(strconv.FormatFloat(n, 'g', -1, 64)), true
	case int64:
		return json.Number(strconv.FormatInt(n, 10)), true
	case int:
		return json.Number(strconv.Itoa(n)), true
	}
	return "", false
}

// CompareNumbers orders two numbers, exactly where both are whole.
func CompareNumbers(a, b json.Number) int {
	if x, err := a.Int64(); err == nil {
		if y, err := b.Int64(); err == nil {
			return cmp.Compare(x, y)
		}
	}
	x, _ := a.Float64()
	y, _ := b.Float64()
	return cmp.Compare(x, y)
}
