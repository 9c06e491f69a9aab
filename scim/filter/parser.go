package filter

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/directory"
)

// parser reads the grammar of RFC 7644, section 3.4.2.2, figure 1. It descends at most MaxDepth levels and reads at most
// MaxTerms comparisons.
type parser struct {
	text  string
	pos   int
	depth int
	terms int
	inner bool // inside brackets, where names are those of sub-attributes
}

// parse reads a whole filter.
func parse(text string) (ast.Expression, error) { return read(&parser{text: text}) }

// parseInner reads what stands between brackets.
func parseInner(text string) (ast.Expression, error) { return read(&parser{text: text, inner: true}) }

func read(p *parser) (ast.Expression, error) {
	if len(p.text) > MaxText {
		return nil, invalid("", "The filter is longer than %d bytes. Ask for less at once.", MaxText)
	}
	if !utf8.ValidString(p.text) {
		return nil, invalid("", "The filter is not valid UTF-8.")
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.pos < len(p.text) {
		return nil, p.expected(`"and", "or" or the end of the filter`)
	}
	return e, nil
}

func (p *parser) or() (ast.Expression, error) { return p.joined(ast.OR, p.and) }

func (p *parser) and() (ast.Expression, error) { return p.joined(ast.AND, p.factor) }

// joined reads one or more operands with a logical operator between them, grouping to the left.
func (p *parser) joined(op ast.LogicalOperator, operand func() (ast.Expression, error)) (ast.Expression, error) {
	left, err := operand()
	if err != nil {
		return nil, err
	}
	for p.keyword(string(op)) {
		right, err := operand()
		if err != nil {
			return nil, err
		}
		left = &ast.LogicalExpression{Left: left, Right: right, Operator: op}
	}
	return left, nil
}

func (p *parser) factor() (ast.Expression, error) {
	p.skip()
	if start := p.pos; strings.EqualFold(p.word(), "not") {
		if p.skip(); p.peek() == '(' {
			e, err := p.group()
			if err != nil {
				return nil, err
			}
			return &ast.NotExpression{Expression: e}, nil
		}
		p.pos = start
	} else {
		p.pos = start
	}
	if p.peek() == '(' {
		return p.group()
	}
	return p.term()
}

// group reads a filter in parentheses.
func (p *parser) group() (ast.Expression, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, invalid("", "The filter nests deeper than %d levels.", MaxDepth)
	}
	p.pos++
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.peek() != ')' {
		return nil, p.expected(`")"`)
	}
	p.pos++
	p.depth--
	return e, nil
}

// term reads a comparison, or a value path with an optional comparison of a sub-attribute behind it.
func (p *parser) term() (ast.Expression, error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, invalid("", "The filter has more than %d comparisons. Ask for less at once.", MaxTerms)
	}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	p.skip()
	if p.peek() != '[' {
		return p.comparison(path)
	}
	if p.inner {
		return nil, p.expected("an operator, as brackets do not nest")
	}
	return p.valuePath(path)
}

// valuePath reads attr[filter], and attr[filter].sub op value, which is not in the grammar: it means an element that
// matches both.
func (p *parser) valuePath(path ast.AttributePath) (ast.Expression, error) {
	p.pos++
	p.inner = true
	within, err := p.or()
	p.inner = false
	if err != nil {
		return nil, err
	}
	if p.skip(); p.peek() != ']' {
		return nil, p.expected(`"]"`)
	}
	p.pos++
	if p.peek() == '.' {
		p.pos++
		sub, err := p.path()
		if err != nil {
			return nil, err
		}
		behind, err := p.comparison(sub)
		if err != nil {
			return nil, err
		}
		within = &ast.LogicalExpression{Left: within, Right: behind, Operator: ast.AND}
	}
	return &ast.ValuePath{AttributePath: path, ValueFilter: within}, nil
}

func (p *parser) comparison(path ast.AttributePath) (ast.Expression, error) {
	p.skip()
	start := p.pos
	op := ast.CompareOperator(strings.ToLower(p.word()))
	switch op {
	case ast.PR:
		return &ast.AttributeExpression{AttributePath: path, Operator: op}, nil
	case ast.EQ, ast.NE, ast.CO, ast.SW, ast.EW, ast.GT, ast.LT, ast.GE, ast.LE:
	default:
		p.pos = start
		return nil, p.expected("an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr")
	}
	value, err := p.value()
	if err != nil {
		return nil, err
	}
	return &ast.AttributeExpression{AttributePath: path, Operator: op, CompareValue: value}, nil
}

// path reads an attribute path. Whether there is such an attribute is asked when the tree is compiled.
func (p *parser) path() (ast.AttributePath, error) {
	text := p.word()
	rest := text
	var path ast.AttributePath
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		uri := text[:i]
		path.URIPrefix, rest = &uri, text[i+1:]
	}
	name, sub, dotted := strings.Cut(rest, ".")
	if dotted {
		path.SubAttribute = &sub
	}
	if path.AttributeName = name; name == "" || dotted && sub == "" {
		p.pos -= len(text)
		return path, p.expected("the name of an attribute")
	}
	return path, nil
}

// value reads a JSON literal, or a value without quotes up to the next blank, bracket or parenthesis.
func (p *parser) value() (any, error) {
	p.skip()
	if p.peek() == '"' {
		return p.quoted()
	}
	start := p.pos
	for p.pos < len(p.text) && !strings.ContainsRune(" \t()[]\"", rune(p.text[p.pos])) {
		p.pos++
	}
	switch text := p.text[start:p.pos]; {
	case text == "":
		return nil, p.expected(`a value, such as "text", true or 42`)
	case strings.EqualFold(text, "true"):
		return true, nil
	case strings.EqualFold(text, "false"):
		return false, nil
	case strings.EqualFold(text, "null"):
		return nil, nil
	case isNumber(text):
		return json.Number(text), nil
	default:
		return text, nil
	}
}

// isNumber reports whether a text is a JSON number (RFC 8259, section 6).
func isNumber(text string) bool {
	if text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return false
	}
	return json.Valid([]byte(text))
}

// keyword takes "and" or "or" with its blanks, if it stands here.
func (p *parser) keyword(name string) bool {
	start := p.pos
	p.skip()
	if strings.EqualFold(p.word(), name) && (p.peek() == ' ' || p.peek() == '\t' || p.peek() == '(') {
		return true
	}
	p.pos = start
	return false
}

// word takes the characters that names, URNs and keywords are made of.
func (p *parser) word() string {
	start := p.pos
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '$', c == '.', c == ':':
			p.pos++
		default:
			return p.text[start:p.pos]
		}
	}
	return p.text[start:]
}

func (p *parser) skip() {
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t') {
		p.pos++
	}
}

// peek returns the next byte, and 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

// expected says what should have stood at the present position.
func (p *parser) expected(what string) error {
	found := "the end"
	if p.pos < len(p.text) {
		rest := []rune(p.text[p.pos:])
		if len(rest) > 20 {
			rest = append(rest[:20], '…')
		}
		found = string(rest)
	}
	return invalid("", "The filter is wrong at character %d: expected %s, found %s.",
		utf8.RuneCountInString(p.text[:p.pos])+1, what, found)
}

func invalid(field, format string, args ...any) *directory.Error {
	e := directory.Errorf(directory.Invalid, format, args...)
	e.Code, e.Field = "invalidFilter", field
	return e
}
