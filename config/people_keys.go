package config

import (
	"fmt"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

func departmentTable() *object[Department] {
	return &object[Department]{
		name: "department", noun: "a department", doc: "A department, with the spellings that directories use for it.",
		keys: []key[Department]{
			in("name", nameText(), func(d *Department) *string { return &d.Name }, "The one name that the application sees.", "engineering").must(),
			in("parent", nameText(), func(d *Department) *string { return &d.Parent }, "The department above it.", "engineering"),
			in("match", listOf(nameText(), "a list of spellings"), func(d *Department) *[]string { return &d.Match }, "Other spellings, compared without case and outer space.", `[Eng, "R&D"]`),
		},
		start:  func(at directory.Position) Department { return Department{At: at} },
		places: func(d *Department) *Places { return &d.Places },
	}
}

func roleTable() *object[Role] {
	return &object[Role]{
		name: "role", noun: "a role", doc: "A named list of permissions.",
		keys: []key[Role]{
			in("name", nameText(), func(r *Role) *string { return &r.Name }, "The name by which rules give it.", "member").must(),
			in("includes", listOf(nameText(), "a list of roles"), func(r *Role) *[]string { return &r.Includes }, "Roles whose permissions it has too.", "[viewer]"),
			in("permissions", listOf(nameText(), "a list of permissions"), func(r *Role) *[]string { return &r.Permissions }, "What people with this role may do; at its end on what: own, public, shared, or all, which is meant without it.", "[agents.run, conversations.view.shared]"),
		},
		start:  func(at directory.Position) Role { return Role{At: at} },
		places: func(r *Role) *Places { return &r.Places },
		finish: func(d *decoder, _ *node, r *Role) { checkPermissions(d, r) },
	}
}

func ignoreTable() *object[Ignore] {
	return &object[Ignore]{
		name: "ignore", noun: "a pattern to ignore", doc: "Directory records that never become members; every pattern that is set must match.",
		keys: []key[Ignore]{
			in("user_name", wildcard(), func(i *Ignore) *string { return &i.UserName }, "A pattern for userName.", `"svc-*"`),
			in("email", wildcard(), func(i *Ignore) *string { return &i.Email }, "A pattern for any of the addresses.", `"*@test.acme.com"`),
			in("external_id", wildcard(), func(i *Ignore) *string { return &i.ExternalID }, "A pattern for externalId.", `"bot-*"`),
			in("group", wildcard(), func(i *Ignore) *string { return &i.Group }, "A pattern for the name of any of the groups.", "Service Accounts"),
		},
		start: func(at directory.Position) Ignore { return Ignore{At: at} },
		finish: func(d *decoder, n *node, _ *Ignore) {
			if len(n.pairs) == 0 {
				d.fail(n.at, "a pattern to ignore sets nothing", `write for example user_name: "svc-*"`)
			}
		},
	}
}

// guestsTable is "guests", which may be absent.
func guestsTable() value[*Guests] {
	table := &object[Guests]{
		name: "guests", noun: `"guests"`, doc: "People outside the owned domains.",
		keys: []key[Guests]{
			in("max_role", nameText(), func(g *Guests) *string { return &g.MaxRole }, "The highest role that a guest can have.", "viewer").must(),
		},
		start:  func(at directory.Position) Guests { return Guests{At: at} },
		places: func(g *Guests) *Places { return &g.Places },
	}
	return value[*Guests]{
		schema: func(defs *definitions) *jsonschema.Schema { return table.value().schema(defs) },
		read: func(d *decoder, n *node, s spot) (*Guests, bool) {
			g, ok := table.read(d, n, s)
			return &g, ok
		},
	}
}

func breakGlassTable() *object[BreakGlass] {
	return &object[BreakGlass]{
		name: "break_glass", noun: "a person to break glass", doc: "A person who can sign in when no provider answers.",
		keys: []key[BreakGlass]{
			in("email", emailAddress(), func(b *BreakGlass) *string { return &b.Email }, "Their address.", "root@acme.com").must(),
		},
		start: func(at directory.Position) BreakGlass { return BreakGlass{At: at} },
	}
}

func brakeTable() *object[Brake] {
	return &object[Brake]{
		name: "brake", noun: "a brake", doc: "How many people a change may touch in a sliding window before the rest waits.",
		keys: []key[Brake]{
			in("of", oneOf("suspensions", "role_losses", "top_role_gains", "group_removals"), func(b *Brake) *string { return &b.Of }, "What it counts.", "suspensions").must(),
			in("window", duration(), func(b *Brake) *time.Duration { return &b.Window }, "Over how long it counts.", "1h").must(),
			in("floor", count(0), func(b *Brake) *int { return &b.Floor }, "So many always pass.", "10"),
			in("percent", percent(), func(b *Brake) *float64 { return &b.Percent }, "Above the floor, this share of the people passes.", "3"),
			in("ceiling", count(1), func(b *Brake) *int { return &b.Ceiling }, "More than these never pass.", "50"),
		},
		start: func(at directory.Position) Brake { return Brake{At: at} },
		finish: func(d *decoder, n *node, b *Brake) {
			if b.Ceiling > 0 && b.Ceiling < b.Floor {
				d.fail(n.get("ceiling").at, fmt.Sprintf("the ceiling %d is below the floor %d", b.Ceiling, b.Floor), "raise the ceiling or lower the floor")
			}
			if n.get("floor") == nil && n.get("percent") == nil && n.get("ceiling") == nil {
				d.fail(n.at, "a brake needs a floor, a percent or a ceiling", "write for example floor: 10")
			}
		},
	}
}
