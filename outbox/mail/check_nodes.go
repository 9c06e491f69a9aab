package mail

import (
	"fmt"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// checker looks for what a template may not use. What it lets pass takes no longer than the letter is long.
type checker struct {
	template *config.MailTemplate
	tree     *parse.Tree
	fields   []string
	ranges   int // around the node
	problems []directory.Problem
}

// functions are those that a template may call. None of them makes much of little.
func functions() []string {
	return []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len"}
}

func (c *checker) fail(n parse.Node, message, fix string) {
	at := c.template.At
	at.Line, at.Column = c.at(n)
	c.problems = append(c.problems, problem(at, message, fix))
}

// at returns the line and column of a node.
func (c *checker) at(n parse.Node) (line, column int) {
	before := c.template.Text[:min(int(n.Position()), len(c.template.Text))]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}

// node checks a node and those below it.
func (c *checker) node(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, inner := range n.Nodes {
				c.node(inner)
			}
		}
	case *parse.ActionNode:
		c.pipe(n.Pipe)
	case *parse.IfNode:
		c.branch(&n.BranchNode)
	case *parse.WithNode:
		c.branch(&n.BranchNode)
	case *parse.RangeNode:
		if c.ranges++; c.ranges > 2 {
			c.fail(n, "a range inside a range inside a range cannot be used in a letter", "write at most two inside one another")
		}
		c.branch(&n.BranchNode)
		c.ranges--
	case *parse.TemplateNode:
		c.included(n)
	case *parse.PipeNode:
		c.pipe(n)
	case *parse.FieldNode:
		c.field(n, n.Ident)
	case *parse.VariableNode:
		c.field(n, n.Ident[1:])
	case *parse.ChainNode:
		c.node(n.Node)
		c.field(n, n.Field)
	case *parse.IdentifierNode:
		if !slices.Contains(functions(), n.Ident) {
			c.fail(n, fmt.Sprintf("the function %q cannot be used in a letter", n.Ident), "there are "+strings.Join(functions(), ", "))
		}
	case *parse.NumberNode:
		if n.IsInt && n.Int64 > 1000 || !n.IsInt {
			c.fail(n, "the number "+n.Text+" cannot be used in a letter", "write it beside the braces")
		}
	}
}

func (c *checker) branch(n *parse.BranchNode) {
	c.pipe(n.Pipe)
	c.node(n.List)
	c.node(n.ElseList)
}

func (c *checker) pipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for _, command := range p.Cmds {
		for _, argument := range command.Args {
			c.node(argument)
		}
	}
}

// included checks that only the foot, which usher has, is put in: a template that puts itself in would have no end.
func (c *checker) included(n *parse.TemplateNode) {
	foot := "foot.txt"
	if strings.HasSuffix(c.template.Name, ".html") {
		foot = "foot.html"
	}
	if n.Name != foot {
		c.fail(n, fmt.Sprintf("the template %q cannot be put into a letter", n.Name), fmt.Sprintf("write it out; there is only %q, whom to turn to", foot))
	}
	c.pipe(n.Pipe)
}

func (c *checker) field(n parse.Node, names []string) {
	for _, name := range names {
		if slices.Contains(c.fields, name) {
			continue
		}
		fix := "this letter has " + strings.Join(c.fields, ", ")
		if near := config.Nearest(name, c.fields); near != "" {
			fix = "write ." + near
		}
		c.fail(n, fmt.Sprintf("this letter has no field %q", name), fix)
	}
}
