package config

import (
	"time"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

func testTable() *object[Test] {
	return &object[Test]{
		name: "test", noun: "a test", doc: "A made-up person and what must become of them. A file whose tests fail never becomes active.",
		keys: []key[Test]{
			in("name", nameText(), func(t *Test) *string { return &t.Name }, "What it shows.", "an engineer is a member").must(),
			in("connection", identifier(), func(t *Test) *string { return &t.Connection }, "Which connection knows the person; the first one without it.", "acme-okta"),
			in("user", anything(), func(t *Test) *map[string]any { return &t.User },
				"The person's SCIM attributes, under the names that conditions use or as SCIM nests them. Without an address, the person has one in the first domain.", "{userName: ann@acme.com, title: Engineer}"),
			in("groups", listOf(nameText(), "a list of group names"), func(t *Test) *[]string { return &t.Groups }, `The person's groups, by name or as "id:" and the group's id.`, "[Engineering]"),
			in("at", instant(), func(t *Test) *time.Time { return &t.Instant }, "The instant at which to decide; it matters for a rollout only.", "2026-03-01"),
			in("expect", expectTable().value(), func(t *Test) *Expect { return &t.Expect }, "What must come out; what is not named is not checked.", "{role: member, teams: [platform]}").must(),
		},
		refused: map[string]string{
			"claims": "conditions see user, groups and connection; write what the rules ask for under user or groups",
		},
		start:  func(at directory.Position) Test { return Test{At: at} },
		places: func(t *Test) *Places { return &t.Places },
		finish: func(d *decoder, n *node, t *Test) {
			if user := n.get("user"); user != nil {
				t.Places.noteKeys("user", user)
			}
			if t.Expect.Waits != nil && t.Instant.IsZero() && n.get("at") == nil {
				d.fail(t.Expect.Places.Of("waits", t.At), "whether somebody waits for the rollout depends on the day, and the test names none", "add for example at: 2026-03-01")
			}
		},
	}
}

func expectTable() *object[Expect] {
	return &object[Expect]{
		name: "expect", noun: `"expect"`, doc: "What must become of a person. What is not named is not checked.",
		keys: []key[Expect]{
			in("member", optional(boolean()), func(e *Expect) **bool { return &e.Member }, "Whether the person becomes a member at all; false is out of scope.", "true"),
			in("active", optional(boolean()), func(e *Expect) **bool { return &e.Active }, "Whether the member gets in.", "true"),
			in("waits", optional(boolean()), func(e *Expect) **bool { return &e.Waits }, `Whether the person waits for a phase of the rollout, on the day that "at" names.`, "false"),
			in("role", optional(noneOr(nameText())), func(e *Expect) **string { return &e.Role }, `The role; "" for none.`, "member"),
			in("department", optional(noneOr(nameText())), func(e *Expect) **string { return &e.Department }, `The department; "" for none.`, "engineering"),
			expectedList("teams", "All the teams.", "[platform]"),
			expectedList("permission_sets", "All the permission sets.", "[engineering_tools]"),
			expectedList("spaces", "All the spaces.", "[launch]"),
			expectedList("projects", "All the projects.", "[alpha]"),
			in("access", expectedAccess(), func(e *Expect) *[]PermissionValue { return &e.Access },
				"Values that the person has by all permission sets together.", "{file_upload_limit: 100MB, agent_creation: true}"),
			in("absent", absentTable().value(), func(e *Expect) *Absent { return &e.Absent }, "What the person must not have.", "{teams: [platform], permission_sets: [finance_team]}"),
		},
		start:  func(at directory.Position) Expect { return Expect{At: at, Lists: map[string][]string{}} },
		places: func(e *Expect) *Places { return &e.Places },
		finish: func(d *decoder, n *node, _ *Expect) {
			if len(n.pairs) == 0 {
				d.fail(n.at, `"expect" expects nothing`, "write for example {role: member}")
			}
		},
	}
}

// expectedList is a key that names all of a list.
func expectedList(name, doc, example string) key[Expect] {
	list := listOf(nameText(), "a list of names")
	return key[Expect]{
		name: name, doc: doc, example: example, schema: list.schema,
		read: func(d *decoder, n *node, e *Expect) {
			if got, ok := list.read(d, n, spot{key: name, example: example}); ok {
				e.Lists[name] = got
			}
		},
	}
}

// expectedAccess is a mapping from permissions to values, as in a permission set.
func expectedAccess() value[[]PermissionValue] {
	return value[[]PermissionValue]{schema: permissionSetSchema, read: permissionValues().read}
}

func absentTable() *object[Absent] {
	names := func() value[[]string] { return someOf(nameText(), "a list of names") }
	return &object[Absent]{
		name: "absent", noun: `"absent"`, doc: "What a person must not have.",
		keys: []key[Absent]{
			in("teams", names(), func(a *Absent) *[]string { return &a.Teams }, "Teams.", "[platform]"),
			in("permission_sets", names(), func(a *Absent) *[]string { return &a.PermissionSets }, "Permission sets.", "[finance_team]"),
			in("spaces", names(), func(a *Absent) *[]string { return &a.Spaces }, "Spaces.", "[launch]"),
			in("projects", names(), func(a *Absent) *[]string { return &a.Projects }, "Projects.", "[alpha]"),
		},
		places: func(a *Absent) *Places { return &a.Places },
	}
}

// optional keeps apart what is not written from what is written and empty.
func optional[V any](v value[V]) value[*V] {
	return value[*V]{
		schema: v.schema,
		read: func(d *decoder, n *node, s spot) (*V, bool) {
			got, ok := v.read(d, n, s)
			return &got, ok
		},
	}
}

// noneOr lets an empty text stand for none.
func noneOr(v value[string]) value[string] {
	return value[string]{
		schema: func(*definitions) *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} },
		read: func(d *decoder, n *node, s spot) (string, bool) {
			if n.kind == isText && n.text == "" {
				return "", true
			}
			return v.read(d, n, s)
		},
	}
}
