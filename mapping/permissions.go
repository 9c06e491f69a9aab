package mapping

import (
	"slices"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// ValueWithSource is one merged value of a person's permission sets, and which sets gave it.
type ValueWithSource struct {
	Name  string          `json:"name"`
	Value directory.Value `json:"value"`
	From  []string        `json:"from"`            // the sets that give this much, in the order of the organization
	Items []ItemSource    `json:"items,omitempty"` // for a list, which sets gave each item
}

// ItemSource is one item of a merged list, and which sets gave it.
type ItemSource struct {
	Item string   `json:"item"`
	From []string `json:"from"`
}

// MergedPermissions merges permission sets by the most permissive value, sorted by name. Sets that the file does not
// have give nothing.
func (p *Policy) MergedPermissions(sets []string) []ValueWithSource {
	var merged []ValueWithSource
	var held []*config.PermissionSet
	for i := range p.Organization.PermissionSets {
		if set := &p.Organization.PermissionSets[i]; slices.Contains(sets, set.Name) {
			held = append(held, set)
			for _, v := range set.Values {
				merged = mergeValue(merged, v)
			}
		}
	}
	slices.SortFunc(merged, func(a, b ValueWithSource) int { return strings.Compare(a.Name, b.Name) })
	for i := range merged {
		merged[i].attribute(held)
	}
	return merged
}

func mergeValue(merged []ValueWithSource, v config.PermissionValue) []ValueWithSource {
	i := slices.IndexFunc(merged, func(m ValueWithSource) bool { return m.Name == v.Name })
	if i < 0 {
		return append(merged, ValueWithSource{Name: v.Name, Value: v.Value})
	}
	merged[i].Value = merged[i].Value.Merge(v.Value)
	return merged
}

// attribute says which sets gave the merged value: those that alone would give as much, and for a list those of its items.
func (v *ValueWithSource) attribute(sets []*config.PermissionSet) {
	for _, item := range v.Value.List {
		v.Items = append(v.Items, ItemSource{Item: item})
	}
	for _, set := range sets {
		i := slices.IndexFunc(set.Values, func(o config.PermissionValue) bool { return o.Name == v.Name })
		if i < 0 {
			continue
		}
		own := set.Values[i].Value
		for j := range v.Items {
			if slices.Contains(own.List, v.Items[j].Item) {
				v.Items[j].From = append(v.Items[j].From, set.Name)
			}
		}
		if own.IsList || own.Size == v.Value.Size && own.Level == v.Value.Level {
			v.From = append(v.From, set.Name)
		}
	}
}

// permissionSets checks the permission sets of the file.
func (c *compiler) permissionSets() {
	c.policy.sets = make(map[string]*config.PermissionSet, len(c.org.PermissionSets))
	names := seen{}
	shapes := map[string]*config.PermissionValue{}
	for i := range c.org.PermissionSets {
		set := &c.org.PermissionSets[i]
		if c.again(names, "permission set", set.Name, set.Name, set.At) {
			continue
		}
		c.policy.sets[set.Name] = set
		values := seen{}
		for j := range set.Values {
			v := &set.Values[j]
			if c.again(values, "value of permission set "+set.Name+",", v.Name, v.Name, v.At) {
				continue
			}
			first := shapes[v.Name]
			if first == nil {
				shapes[v.Name] = v
			} else if !first.Value.SameShape(v.Value) {
				c.fail(v.At, "give it the same kind of value in every set", "%q of permission set %s is a %s, and a %s at %s; the two cannot be merged",
					v.Name, set.Name, shape(v.Value), shape(first.Value), first.At)
			}
		}
	}
}

func shape(v directory.Value) string {
	switch {
	case v.IsList:
		return "list"
	case v.IsSize:
		return "size"
	}
	return "boolean or level"
}

// setsKnown reports permission sets that the file does not have.
func (c *compiler) setsKnown(places config.Places, otherwise directory.Position, where string, names []string) {
	for _, name := range names {
		if c.policy.sets[name] != nil {
			continue
		}
		c.fail(places.Item(fieldPermissionSets, name, otherwise), hint("permission sets", name, c.policy.setNames()), "%s: there is no permission set %q", where, name)
	}
}

// setNames returns the names of the permission sets, in the order of the organization.
func (p *Policy) setNames() []string {
	names := make([]string, len(p.Organization.PermissionSets))
	for i := range names {
		names[i] = p.Organization.PermissionSets[i].Name
	}
	return names
}

// permissionNames returns the names of the values that permission sets hold, sorted.
func (p *Policy) permissionNames() []string {
	var names []string
	for i := range p.Organization.PermissionSets {
		for _, v := range p.Organization.PermissionSets[i].Values {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
