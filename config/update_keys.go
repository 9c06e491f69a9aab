package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// updateTable is the table of a mass update of permissions.
func updateTable() *object[Update] {
	return &object[Update]{
		name: "update", noun: "a mass update", doc: "A change of what many people may do.",
		keys: []key[Update]{
			in("operation", oneOf("update_permissions"), func(*Update) *string { return new(string) }, "What is done.", "update_permissions").must(),
			in("filter", filterTable().value(), func(u *Update) *UpdateFilter { return &u.Filter }, "Whom it is about.", `{"department": "marketing"}`).must(),
			in("changes", changesTable().value(), func(u *Update) *directory.Permission { return &u.Changes }, "What becomes different.", `{"add_integrations": ["instagram"]}`).must(),
		},
		start: func(at directory.Position) Update { return Update{At: at} },
	}
}

func filterTable() *object[UpdateFilter] {
	names := oneOrMore(nameText())
	return &object[UpdateFilter]{
		name: "update_filter", noun: `"filter"`, doc: "Who fits every key that is there, each by any of its values.",
		keys: []key[UpdateFilter]{
			in("department", names, func(f *UpdateFilter) *[]string { return &f.Departments }, "Everybody of a department, and of those below it.", "marketing"),
			in("role", names, func(f *UpdateFilter) *[]string { return &f.Roles }, "Everybody with a role.", "member"),
			in("team", names, func(f *UpdateFilter) *[]string { return &f.Teams }, "Everybody of a team.", "platform"),
			in("emails", oneOrMore(emailAddress()), func(f *UpdateFilter) *[]string { return &f.Emails }, "These people.", `["ann@acme.com"]`),
		},
		start:  func(at directory.Position) UpdateFilter { return UpdateFilter{At: at} },
		places: func(f *UpdateFilter) *Places { return &f.Places },
		finish: func(d *decoder, n *node, _ *UpdateFilter) {
			if len(n.pairs) == 0 {
				d.fail(n.at, `"filter" says nothing, which could mean everybody or nobody`, `write whom it is about, such as {"role": ["viewer", "member", "admin"]}`)
			}
		},
	}
}

// The prefixes of the changes of lists. Without one, the list takes the place of what permission sets say.
const (
	addPrefix    = "add_"
	removePrefix = "remove_"
)

// changesTable has for each permission that the application knows a key that sets it, and for each list one that adds to it
// and one that takes from it.
func changesTable() *object[directory.Permission] {
	table := &object[directory.Permission]{
		name: "update_changes", noun: `"changes"`, doc: "What becomes different.",
		finish: func(d *decoder, n *node, c *directory.Permission) {
			if len(n.pairs) == 0 {
				d.fail(n.at, `"changes" is empty`, `write what becomes different, such as {"add_integrations": ["instagram"]}`)
			}
			checkChanges(d, n, c)
		},
	}
	set := func(c *directory.Permission) *map[string]directory.Value { return &c.Set }
	for _, p := range permissions() {
		table.keys = append(table.keys, change(setName(p.name), p, set, "In place of what permission sets say. "+p.doc))
		if p.shape != "list" {
			continue
		}
		table.keys = append(table.keys,
			change(addPrefix+listWord(p.name), p, func(c *directory.Permission) *map[string]directory.Value { return &c.Add }, "Beside what people have. "+p.doc),
			change(removePrefix+listWord(p.name), p, func(c *directory.Permission) *map[string]directory.Value { return &c.Remove }, "Taken away, whoever gives it. "+p.doc))
	}
	return table
}

// setName is the key by which a mass update sets a permission: customers say ai_model_access of ai_models.
func setName(permission string) string {
	switch permission {
	case "ai_models":
		return "ai_model_access"
	case "integrations":
		return "integration_access"
	}
	return permission
}

// listWord is the word behind add_ and remove_.
func listWord(permission string) string {
	if permission == "knowledge_base_access" {
		return "knowledge_bases"
	}
	return permission
}

func change(name string, p permission, field func(*directory.Permission) *map[string]directory.Value, doc string) key[directory.Permission] {
	of := p.name
	p.name = name
	return key[directory.Permission]{
		name: name, doc: doc, example: p.example,
		schema: func(*definitions) *jsonschema.Schema { return &jsonschema.Schema{} },
		read: func(d *decoder, n *node, into *directory.Permission) {
			v, ok := readShaped(d, p, n)
			if !ok {
				return
			}
			if *field(into) == nil {
				*field(into) = map[string]directory.Value{}
			}
			(*field(into))[of] = v
		},
	}
}

// checkChanges refuses what says two things of one item, or nothing.
func checkChanges(d *decoder, n *node, c *directory.Permission) {
	for name, added := range c.Add {
		for _, item := range c.Remove[name].List {
			if slices.Contains(added.List, item) {
				d.fail(n.at, fmt.Sprintf("%q is both added and removed", short(item)), "keep it in one of "+addPrefix+listWord(name)+" and "+removePrefix+listWord(name))
			}
		}
	}
	for _, lists := range []map[string]directory.Value{c.Add, c.Remove} {
		for name, v := range lists {
			if _, both := c.Set[name]; both {
				d.fail(n.at, fmt.Sprintf("%s says which there are, and another key adds to them or removes some", setName(name)), "write the whole list in "+setName(name))
			}
			if len(v.List) == 0 {
				d.fail(n.at, "a list of what is to be added or removed is empty", "write what, or leave the key out")
			}
		}
	}
}

// oneOrMore takes a text, or a list of them.
func oneOrMore(one value[string]) value[[]string] {
	list := someOf(one, "a text, or a list of texts")
	return value[[]string]{
		schema: list.schema,
		read: func(d *decoder, n *node, s spot) ([]string, bool) {
			if n.kind == isList {
				return list.read(d, n, s)
			}
			text, ok := one.read(d, n, s)
			return []string{strings.TrimSpace(text)}, ok
		},
	}
}
