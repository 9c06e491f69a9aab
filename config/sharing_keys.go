package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// dataScope is how much of an integration's data may be used: all of it, or what one verb and one kind of data say.
var dataScope = regexp.MustCompile(`^(full_access|none|(read|write)(_[a-z0-9][a-z0-9_]*)?)$`)

func sharedAgentTable() *object[Shared] {
	return sharedTable("shared_agent", "a shared agent", "An agent that several departments or teams use.", "permissions",
		oneOf(LevelFull, LevelRun, LevelViewOnly, LevelNone),
		"What each of them may do: full, run_only, view_only; none denies.", "{support: full, sales: run_only}")
}

func sharedIntegrationTable() *object[Shared] {
	scope := checked("a data scope", noPlaceholder, jsonschema.Schema{Pattern: dataScope.String()}, func(s string) (string, string, string) {
		if !dataScope.MatchString(s) {
			return "", "which is no data scope", "write full_access, none, or what may be read or written, such as read_leads"
		}
		return s, "", ""
	})
	return sharedTable("shared_integration", "a shared integration", "An integration that several departments or teams use.", "data_scope", scope,
		"How much of its data each of them may use: full_access, or what may be read or written, such as read_leads; none denies.", "{sales: full_access, marketing: read_leads}")
}

func sharedTable(name, noun, doc, levels string, level value[string], levelDoc, example string) *object[Shared] {
	return &object[Shared]{
		name: name, noun: noun, doc: doc,
		keys: []key[Shared]{
			in("access", listOf(nameText(), "a list of departments and teams"), func(s *Shared) *[]string { return &s.Access }, "The departments and teams that use it.", "[support, sales]").must(),
			in(levels, levelsOf(level), func(s *Shared) *[]SharedLevel { return &s.Levels }, levelDoc, example).must(),
		},
		start:  func(at directory.Position) Shared { return Shared{At: at} },
		places: func(s *Shared) *Places { return &s.Places },
		finish: func(d *decoder, n *node, s *Shared) { checkShared(d, n, s, levels) },
	}
}

func levelsOf(level value[string]) value[[]SharedLevel] {
	return mapOf(func(d *decoder, key, n *node) (SharedLevel, bool) {
		text, ok := level.read(d, n, spot{key: key.text})
		return SharedLevel{At: key.at, Of: strings.TrimSpace(key.text), Level: text}, ok
	}, func(a, b SharedLevel) int { return cmp.Compare(a.Of, b.Of) }, level.schema, "a mapping from department or team to what they may")
}

// checkShared compares who has access with for whom it is said how much: neither list may name somebody alone.
func checkShared(d *decoder, n *node, s *Shared, levels string) {
	said := n.get(levels)
	for _, of := range s.Access {
		if said != nil && said.kind == isMapping && !slices.ContainsFunc(said.pairs, func(p pair) bool { return strings.TrimSpace(p.key.text) == of }) {
			d.fail(s.Places.Item("access", of, s.At), fmt.Sprintf("%s has access, and %q does not say to how much", short(of), levels), "add "+short(of)+" to "+levels)
		}
	}
	for _, l := range s.Levels {
		if !slices.Contains(s.Access, l.Of) && s.Access != nil && l.Level != LevelNone {
			d.fail(l.At, fmt.Sprintf("%q names %s, who has no access", levels, short(l.Of)), "add "+short(l.Of)+" to access, or remove it here")
		}
	}
}

// sharedThings is a mapping from the names of shared agents or integrations to who uses them.
func sharedThings(table *object[Shared]) value[[]Shared] {
	return mapOf(func(d *decoder, key, n *node) (Shared, bool) {
		got, ok := table.read(d, n, spot{key: key.text})
		got.At, got.Name = key.at, strings.TrimSpace(key.text)
		return got, ok
	}, func(a, b Shared) int { return cmp.Compare(a.Name, b.Name) }, table.value().schema, "a mapping from names to who uses them")
}

func sharedAgentsKey() key[Organization] {
	return shared("shared_agents", sharedThings(sharedAgentTable()), func(o *Organization) *[]Shared { return &o.SharedAgents },
		"Agents that several departments or teams use, and what each may do.", "{customer_support_bot: {access: [support, sales], permissions: {support: full, sales: run_only}}}")
}

func sharedIntegrationsKey() key[Organization] {
	return shared("shared_integrations", sharedThings(sharedIntegrationTable()), func(o *Organization) *[]Shared { return &o.SharedIntegrations },
		"Integrations that several departments or teams use, and how much of their data each may.", "{salesforce: {access: [sales, marketing], data_scope: {sales: full_access, marketing: read_leads}}}")
}

// shared makes a row that adds to what is there already, so that the file and the one it names join.
func shared(name string, v value[[]Shared], field func(*Organization) *[]Shared, doc, example string) key[Organization] {
	k := in(name, v, field, doc, example).orBlank()
	k.read = func(d *decoder, n *node, o *Organization) {
		if got, ok := v.read(d, n, spot{key: name, example: example}); ok {
			*field(o) = append(*field(o), got...)
		}
	}
	return k
}

// sharingTable is the table of a file of what is shared.
func sharingTable() *object[Organization] {
	return &object[Organization]{
		noun: "a file of what is shared", keys: []key[Organization]{sharedAgentsKey(), sharedIntegrationsKey()},
		start: func(at directory.Position) Organization { return Organization{At: at} },
	}
}

// sharingFile is the key that names a file of shared agents and integrations.
func sharingFile() key[Organization] {
	path := filePath()
	return key[Organization]{
		name: "sharing_file", example: "resource-sharing.json", schema: path.schema,
		doc: "A file with shared_agents and shared_integrations beside this one; they join those of this file.",
		read: func(d *decoder, n *node, o *Organization) {
			name, ok := path.read(d, n, spot{key: "sharing_file", example: "resource-sharing.json"})
			if !ok {
				return
			}
			d.include(n, name, func(sub *decoder, root *node) {
				got, _ := sharingTable().read(sub, root, spot{})
				o.SharedAgents = append(o.SharedAgents, got.SharedAgents...)
				o.SharedIntegrations = append(o.SharedIntegrations, got.SharedIntegrations...)
			})
		},
	}
}
