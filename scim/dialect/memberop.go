package dialect

import "github.com/mixus/usher/scim/patch"

// change enters an operation on members as a whole. Adding or removing an empty list changes nothing; replacing by one,
// or removing without a value, clears the group.
func (g *groupPatcher) change(o *groupOperation) error {
	switch {
	case o.op == patch.Remove && !o.members:
		g.enter(MemberReplace, nil)
	case o.op == patch.Remove:
		g.enterSome(MemberRemove, o.values)
	case !o.given:
		return valueError(nameMembers, "The operation on members has no value.")
	case o.op == patch.Replace:
		g.enter(MemberReplace, o.values)
	default:
		g.enterSome(MemberAdd, o.values)
	}
	return nil
}

func (g *groupPatcher) enterSome(op byte, values []string) {
	if len(values) == 0 {
		g.note(nameMembers, "nothing to change")
		return
	}
	g.enter(op, values)
}

func (g *groupPatcher) enter(op byte, values []string) {
	g.members = append(g.members, MemberOp{op, values})
}

// selected enters an operation on the members that a value filter names, as in members[value eq "id"].
func (g *groupPatcher) selected(o *groupOperation, path *patch.Path) error {
	if path.Sub != nil && path.Sub.Name != "value" {
		g.note(path.Attribute.Name+"."+path.Sub.Name, "not kept, dropped")
		return nil
	}
	if path.ValueFilter == nil {
		return g.change(o)
	}
	ids, ok := memberIDs(path)
	switch {
	case !ok:
		return codedError("invalidFilter", `Members can only be selected by their value, as in members[value eq "id"].`)
	case o.op == patch.Remove:
		g.enterSome(MemberRemove, ids)
	case o.op == patch.Add:
		g.enterSome(MemberAdd, ids)
	default:
		return codedError("mutability", `The value of a member is immutable. Remove the member and add another.`)
	}
	return nil
}

// memberIDs returns the ids that a value filter names: one or more joined by "or", or one beside its type.
func memberIDs(path *patch.Path) ([]string, bool) {
	if sub, ids, ok := path.ValueFilter.AnyOf(); ok && sub.Name == "value" {
		return ids, true
	}
	terms, ok := path.ValueFilter.Equalities()
	if !ok {
		return nil, false
	}
	var ids []string
	for _, term := range terms {
		if id, isText := term.Value.(string); isText && term.Sub.Name == "value" {
			ids = append(ids, id)
		}
	}
	return ids, len(ids) == 1
}
