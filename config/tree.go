package config

import (
	"errors"
	"fmt"
	"strings"

	yaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"

	"github.com/mixus/usher/directory"
)

// kind is what a value is, before anybody asks what it should be.
type kind int

const (
	isNull kind = iota
	isText
	isBoolean
	isNumber
	isList
	isMapping
)

func (k kind) String() string {
	return [...]string{"empty", "a text", "true or false", "a number", "a list", "a mapping"}[k]
}

// node is one value with its place. Aliases are resolved: several parents may share one node.
type node struct {
	kind  kind
	at    directory.Position
	start directory.Position // of a text's first character, behind its quote or block mark
	end   int                // the last line
	text  string             // of a scalar
	items []*node            // of a list
	pairs []pair             // of a mapping, in the file's order
	size  int                // nodes below, itself included
	depth int

	broken bool // it stands for something that is reported already
}

type pair struct {
	key   *node
	value *node
}

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	for _, p := range n.pairs {
		if p.key.text == key {
			return p.value
		}
	}
	return nil
}

// builder turns the parser's tree into nodes.
type builder struct {
	src      *source
	anchors  map[string]*node
	nodes    int
	aliased  int
	stopped  bool
	problems []directory.Problem
}

// parseTree reads YAML, and JSON as the YAML that it is. It returns nil when there is nothing to go on with.
func parseTree(src *source) (root *node, problems []directory.Problem) {
	if p := checkText(src); p != nil {
		return nil, []directory.Problem{*p}
	}
	// Should the YAML library panic on odd input, that is a problem of the file, not of the server.
	defer func() {
		if r := recover(); r != nil {
			root, problems = nil, []directory.Problem{*failure(src.at(1, 1), "the file cannot be read as YAML", "check its quotes and brackets")}
		}
	}()
	tokens := lexer.Tokenize(string(src.text))
	if p := checkTokens(src, tokens); p != nil {
		return nil, []directory.Problem{*p}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, []directory.Problem{*syntaxProblem(src, err)}
	}
	b := &builder{src: src, anchors: map[string]*node{}}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			b.fail(b.position(doc.Body), "a second YAML document starts here", "keep one document in each file")
			break
		}
		root = b.build(doc.Body, 1)
	}
	if root == nil && len(b.problems) == 0 {
		b.fail(src.at(1, 1), "the file is empty", "")
	}
	if b.stopped {
		root = nil
	}
	return root, b.problems
}

// syntaxProblem says what the YAML library found, in words that help.
func syntaxProblem(src *source, err error) *directory.Problem {
	at, message := src.at(1, 1), err.Error()
	var e yaml.Error
	if errors.As(err, &e) {
		message = e.GetMessage()
		if t := e.GetToken(); t != nil && t.Position != nil {
			at = src.at(max(t.Position.Line, 1), max(t.Position.Column, 1))
		}
	}
	message = strings.ReplaceAll(message, "\t", `\t`)
	message, _, _ = strings.Cut(message, ". ")
	if strings.Contains(message, `character '\t'`) {
		return failure(at, "a tab cannot indent YAML", "indent with spaces")
	}
	return failure(at, "this cannot be read: "+message, syntaxFix(message))
}

func syntaxFix(message string) string {
	for _, known := range []struct{ part, fix string }{
		{"']' not found", `close the list with "]"`},
		{"'}' not found", `close the mapping with "}"`},
		{"end of double-quoted", `close the text with a double quote`},
		{"end of single-quoted", `close the text with a single quote`},
		{"quoted", "check the quotes"},
		{"non-map value", `write key: value, and align the keys of one mapping`},
		{"value is not allowed in this context", "check the indentation, and quote texts that hold a colon"},
	} {
		if strings.Contains(message, known.part) {
			return known.fix
		}
	}
	return "check indentation, colons and brackets"
}

func (b *builder) fail(at directory.Position, message, fix string) {
	b.problems = append(b.problems, *failure(at, message, fix))
}

func (b *builder) position(n ast.Node) directory.Position {
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return b.src.at(1, 1)
	}
	return b.src.at(max(t.Position.Line, 1), max(t.Position.Column, 1))
}

func (b *builder) build(n ast.Node, depth int) *node {
	b.nodes++
	if b.stopped || depth > maxDepth || b.nodes > maxNodes {
		if !b.stopped {
			b.stopped = true
			b.fail(b.position(n), "values are nested too deep, or are too many", "keep to 64 levels")
		}
		return &node{at: b.position(n), size: 1, depth: 1}
	}
	switch v := n.(type) {
	case *ast.MappingNode:
		return b.mapping(v, depth)
	case *ast.MappingValueNode:
		return b.mapping(ast.Mapping(v.Start, false, v), depth)
	case *ast.SequenceNode:
		return b.list(v, depth)
	case *ast.AnchorNode:
		return b.anchor(v, depth)
	case *ast.AliasNode:
		return b.alias(v, depth)
	case *ast.TagNode:
		b.fail(b.position(n), "tags have no meaning here", "leave "+v.Start.Value+" out")
		if v.Value == nil {
			return &node{at: b.position(n), size: 1, depth: 1}
		}
		return b.build(v.Value, depth+1)
	}
	return b.scalar(n)
}

func (b *builder) scalar(n ast.Node) *node {
	out := &node{at: b.position(n), size: 1, depth: 1}
	out.start, out.end = out.at, out.at.Line
	switch v := n.(type) {
	case *ast.NullNode:
		if t := v.GetToken(); t != nil {
			out.text = t.Value
		}
	case *ast.BoolNode:
		out.kind, out.text = isBoolean, fmt.Sprint(v.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = isNumber, n.GetToken().Value
	case *ast.StringNode:
		out.kind, out.text = isText, v.Value
		quoted := strings.TrimLeft(v.GetToken().Origin, " \t\r\n")
		if strings.HasPrefix(quoted, `"`) || strings.HasPrefix(quoted, "'") {
			out.start.Column++
		}
		out.end += strings.Count(strings.TrimRight(quoted, " \t\r\n"), "\n")
	case *ast.LiteralNode:
		out.kind, out.text = isText, v.Value.Value
		b.blockLines(out)
	case *ast.MergeKeyNode:
		out.kind, out.text = isText, "<<"
	default:
		b.fail(out.at, "this value has no meaning here", "write a text, a number, a list or a mapping")
	}
	return out
}

// blockLines finds the first character and the last line of a text behind "|" or ">": the lines below that are
// indented as far as the first one that is not blank.
func (b *builder) blockLines(n *node) {
	indent := -1
	for line := n.at.Line + 1; line <= len(b.src.lines); line++ {
		text := b.src.line(line)
		trimmed := strings.TrimLeft(text, " ")
		if trimmed == "" {
			continue
		}
		if indent < 0 {
			indent = len(text) - len(trimmed)
			n.start = b.src.at(line, indent+1)
		} else if len(text)-len(trimmed) < indent {
			return
		}
		n.end = line
	}
}

func (b *builder) list(v *ast.SequenceNode, depth int) *node {
	out := &node{kind: isList, at: b.position(v), size: 1, depth: 1}
	for _, item := range v.Values {
		if item == nil {
			continue
		}
		child := b.build(item, depth+1)
		out.items = append(out.items, child)
		out.grow(child)
	}
	return out
}

func (n *node) grow(child *node) {
	n.size += child.size
	n.depth = max(n.depth, child.depth+1)
	n.end = max(n.end, child.end)
}

func (b *builder) anchor(v *ast.AnchorNode, depth int) *node {
	if v.Value == nil {
		b.fail(b.position(v), "the anchor marks nothing", "leave it out")
		return &node{at: b.position(v), size: 1, depth: 1}
	}
	child := b.build(v.Value, depth+1)
	if v.Name != nil && v.Name.GetToken() != nil {
		b.anchors[v.Name.GetToken().Value] = child
	}
	return child
}

// alias stands for its anchor's node itself, so that memory stays small; what readers will walk is counted.
func (b *builder) alias(v *ast.AliasNode, depth int) *node {
	name := ""
	if v.Value != nil && v.Value.GetToken() != nil {
		name = v.Value.GetToken().Value
	}
	target, ok := b.anchors[name]
	if !ok {
		b.fail(b.position(v), fmt.Sprintf("no anchor &%s stands above this alias", name), "write the value itself")
		return &node{at: b.position(v), size: 1, depth: 1, broken: true}
	}
	b.aliased += target.size
	if b.aliased > maxAliased || depth+target.depth > maxDepth {
		if !b.stopped {
			b.stopped = true
			b.fail(b.position(v), "the aliases of this file stand for too much", "write the values themselves")
		}
		return &node{at: b.position(v), size: 1, depth: 1}
	}
	return target
}
