package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// ruleTable is the table of an item of "rules".
func ruleTable() *object[Rule] {
	groups := func() value[[]Selector] { return someOf(selector(), "a list of group names") }
	names := func() value[[]string] { return someOf(nameText(), "a list of names") }
	return &object[Rule]{
		name: "rule", noun: "a rule", doc: "What everybody gets whom it matches. Selectors are ANDed, the items of a list ORed.",
		keys: []key[Rule]{
			in("name", nameText(), func(r *Rule) *string { return &r.Name }, "What people read as the reason.", "engineers"),
			in("groups", groups(), func(r *Rule) *[]Selector { return &r.Groups }, `Matches people in any of these groups, by name or as "id:" and the group's id.`, `[Engineering, "id:00g1a2b3"]`),
			in("except_groups", groups(), func(r *Rule) *[]Selector { return &r.ExceptGroups }, "Leaves out people in any of these groups.", "[Contractors]"),
			{
				name: "when", example: `user.title.startsWith("Director")`, schema: anyText().schema,
				doc: "Matches people of whom this CEL expression is true. It sees user, groups, connection and inGroup(name).",
				read: func(d *decoder, n *node, r *Rule) {
					if text, ok := d.text(n, spot{key: "when", example: `user.title == "CTO"`}, "a text, a CEL expression", noPlaceholder); ok {
						r.When, r.WhenAt, r.WhenRaw = text, n.start, d.src.raw(n)
					}
				},
			},
			in("connections", names(), func(r *Rule) *[]string { return &r.Connections }, "Matches only what these connections say.", "[acme-okta]"),
			in("guests", boolean(), func(r *Rule) *bool { return &r.Guests }, "Whether it lets in people outside the owned domains.", "true"),
			in("role", nameText(), func(r *Rule) *string { return &r.Role }, "The role it gives; the highest-ranked one counts.", "member"),
			in("department", nameText(), func(r *Rule) *string { return &r.Department }, "The department it gives; the first matching rule counts.", "engineering"),
			in("teams", listOf(nameText(), "a list of teams"), func(r *Rule) *[]string { return &r.Teams }, "The teams it gives.", "[platform]"),
			in("permission_sets", listOf(nameText(), "a list of permission sets"), func(r *Rule) *[]string { return &r.PermissionSets }, "The permission sets it gives.", "[engineering_tools]"),
			in("spaces", listOf(nameText(), "a list of spaces"), func(r *Rule) *[]string { return &r.Spaces }, "The spaces it opens.", "[launch]"),
			in("projects", listOf(nameText(), "a list of projects"), func(r *Rule) *[]string { return &r.Projects }, "The projects it opens.", "[alpha]"),
			in("max_role", nameText(), func(r *Rule) *string { return &r.MaxRole }, "The highest role that these people can have from any source. It never expires.", "member"),
			in("deny", denyTable().value(), func(r *Rule) *Deny { return &r.Deny }, "What these people never have, whatever gives it.", "{permission_sets: [finance_team]}"),
			in("membership_for", duration(), func(r *Rule) *time.Duration { return &r.MembershipFor }, "The membership ends so long after the first match.", "90d"),
			in("grant_for", duration(), func(r *Rule) *time.Duration { return &r.GrantFor }, "What this rule gives ends so long after the first match.", "7d"),
		},
		start:  func(at directory.Position) Rule { return Rule{At: at} },
		places: func(r *Rule) *Places { return &r.Places },
		finish: finishRule,
	}
}

// finishRule asks for a name where one is needed to remember the rule by.
func finishRule(d *decoder, n *node, r *Rule) {
	if r.Name == "" && n.get("name") == nil && (r.MembershipFor > 0 || r.GrantFor > 0) {
		d.fail(n.at, "a rule with a duration needs a name: the time of the first match is remembered under it", "add for example name: launch week")
	}
}

// selector is a group, by name or by id.
func selector() value[Selector] {
	name := nameText()
	return value[Selector]{
		schema: func(defs *definitions) *jsonschema.Schema { return name.schema(defs) },
		read: func(d *decoder, n *node, s spot) (Selector, bool) {
			text, ok := name.read(d, n, s)
			if !ok {
				return Selector{}, false
			}
			id, byID := strings.CutPrefix(text, "id:")
			if !byID {
				return Selector{At: n.at, Name: text}, true
			}
			if id = strings.TrimSpace(id); id == "" {
				d.fail(n.at, fmt.Sprintf(`%s is "id:" and names no group`, s), `write the group's id behind it: "id:00g1a2b3"`)
				return Selector{}, false
			}
			return Selector{At: n.at, ID: id}, true
		},
	}
}

func denyTable() *object[Deny] {
	return &object[Deny]{
		name: "deny", noun: `"deny"`, doc: "What a rule takes away.",
		keys: []key[Deny]{
			in("permission_sets", someOf(nameText(), "a list of permission sets"), func(d *Deny) *[]string { return &d.PermissionSets }, "Permission sets.", "[finance_team]"),
			in("teams", someOf(nameText(), "a list of teams"), func(d *Deny) *[]string { return &d.Teams }, "Teams.", "[platform]"),
			in("spaces", someOf(nameText(), "a list of spaces"), func(d *Deny) *[]string { return &d.Spaces }, "Spaces.", "[launch]"),
		},
		places: func(d *Deny) *Places { return &d.Places },
	}
}
