package filter

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/scim/schema"
)

// quoted reads a string in double quotes and decodes its escapes (RFC 8259, section 7).
func (p *parser) quoted() (string, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case '"':
			p.pos++
			return p.text[start : p.pos-1], nil
		case '\\':
			return p.escaped(p.text[start:p.pos])
		}
		p.pos++
	}
	return "", p.expected("a closing quote")
}

// escaped reads the rest of a string from its first escape on.
func (p *parser) escaped(before string) (string, error) {
	var b strings.Builder
	b.WriteString(before)
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		p.pos++
		switch c {
		case '"':
			return b.String(), nil
		case '\\':
			r, ok := p.escape()
			if !ok {
				p.pos--
				return "", p.expected(`an escape: \" \\ \/ \b \f \n \r \t or \u and four hexadecimal digits`)
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
		}
	}
	return "", p.expected("a closing quote")
}

// escape decodes what stands behind a backslash. Half of a surrogate pair becomes U+FFFD.
func (p *parser) escape() (rune, bool) {
	const plain, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	c := p.peek()
	if c != 'u' {
		i := strings.IndexByte(plain, c)
		if i < 0 || c == 0 {
			return 0, false
		}
		p.pos++
		return rune(meant[i]), true
	}
	r, ok := hex4(p.text[p.pos+1:])
	if !ok {
		return 0, false
	}
	p.pos += 5
	if !utf16.IsSurrogate(r) {
		return r, true
	}
	if rest := p.text[p.pos:]; strings.HasPrefix(rest, `\u`) {
		if low, ok := hex4(rest[2:]); ok {
			if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
				p.pos += 6
				return full, true
			}
		}
	}
	return utf8.RuneError, true
}

func hex4(text string) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(text[:4], 16, 16)
	return rune(n), err == nil
}

// literal returns a literal in the type of the attribute that it is compared with, so that "True" is a boolean where a
// boolean is asked for, and 123 a text where a text is.
func literal(a *schema.Attribute, value any) any {
	switch a.Type {
	case schema.Boolean:
		if s, ok := value.(string); ok {
			return strings.EqualFold(s, "true")
		}
	case schema.Integer, schema.Decimal:
		if s, ok := value.(string); ok {
			return json.Number(s)
		}
	case schema.String, schema.Reference, schema.Binary, schema.Complex:
		switch v := value.(type) {
		case json.Number:
			return v.String()
		case bool:
			return strconv.FormatBool(v)
		}
	case schema.DateTime:
	}
	return value
}

// render writes a tree as text that parses to the same tree.
func render(e ast.Expression) string {
	switch e := e.(type) {
	case *ast.NotExpression:
		return "not (" + render(e.Expression) + ")"
	case *ast.LogicalExpression:
		return operand(e.Left, e.Operator, false) + " " + string(e.Operator) + " " + operand(e.Right, e.Operator, true)
	case *ast.ValuePath:
		return e.AttributePath.String() + "[" + render(e.ValueFilter) + "]"
	case *ast.AttributeExpression:
		text := e.AttributePath.String() + " " + string(e.Operator)
		if e.Operator == ast.PR {
			return text
		}
		value, err := json.Marshal(e.CompareValue)
		if err != nil {
			return text + " null"
		}
		return text + " " + string(value)
	}
	return ""
}

// operand puts parentheses around an operand where the tree would come out differently without them.
func operand(e ast.Expression, within ast.LogicalOperator, right bool) string {
	if inner, ok := e.(*ast.LogicalExpression); ok && (right || inner.Operator != within) {
		return "(" + render(e) + ")"
	}
	return render(e)
}
