package config

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// mapping reads a mapping. A key given twice is a problem, and the first one counts, so that one mistake does not
// bring a dozen more.
func (b *builder) mapping(v *ast.MappingNode, depth int) *node {
	out := &node{kind: isMapping, at: b.position(v), size: 1, depth: 1}
	if len(v.Values) > 0 && !v.IsFlowStyle && v.Values[0].Key != nil {
		out.at = b.position(v.Values[0].Key)
	}
	seen := make(map[string]*node, len(v.Values))
	var merged []*node
	for _, value := range v.Values {
		if value.Key == nil {
			continue
		}
		key := b.key(value.Key)
		child := &node{at: key.at, size: 1, depth: 1}
		if value.Value != nil {
			child = b.build(value.Value, depth+1)
		}
		if _, merge := value.Key.(*ast.MergeKeyNode); merge {
			merged = append(merged, child)
			out.grow(child)
			continue
		}
		if first, twice := seen[key.text]; twice {
			b.fail(key.at, fmt.Sprintf("the key %q is given twice; the first is in line %d", key.text, first.at.Line), "keep one of them")
			continue
		}
		seen[key.text] = key
		out.pairs = append(out.pairs, pair{key: key, value: child})
		out.grow(child)
	}
	b.merge(out, merged, seen)
	return out
}

func (b *builder) key(k ast.Node) *node {
	switch k.(type) {
	case *ast.StringNode, *ast.MergeKeyNode:
		return b.scalar(k)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		n := b.scalar(k)
		n.kind, n.text = isText, k.GetToken().Value
		return n
	}
	n := &node{kind: isText, at: b.position(k), size: 1, depth: 1}
	b.fail(n.at, "a key must be a plain text", "write key: value")
	return n
}

// merge adds the pairs that "<<" names where the mapping has none of its own for the key (YAML 1.1 merge keys).
func (b *builder) merge(out *node, merged []*node, seen map[string]*node) {
	for _, m := range merged {
		parts := []*node{m}
		if m.kind == isList {
			parts = m.items
		}
		for _, part := range parts {
			if part.kind != isMapping {
				b.fail(part.at, `"<<" takes a mapping to merge`, "write <<: *anchor, where the anchor marks a mapping")
				continue
			}
			b.aliased += len(part.pairs)
			if b.aliased > maxAliased {
				b.stopped = true
				b.fail(part.at, "the aliases of this file stand for too much", "write the values themselves")
				return
			}
			for _, p := range part.pairs {
				if seen[p.key.text] == nil {
					seen[p.key.text] = p.key
					out.pairs = append(out.pairs, p)
				}
			}
		}
	}
}
