package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

func spaceTable() *object[Space] {
	names := func(noun string) value[[]string] { return listOf(nameText(), noun) }
	return &object[Space]{
		name: "space", noun: "a space", doc: "A room of a team: what lies in it, and what each department or team may do there. To whom a rule gives it, it is open in full.",
		keys: []key[Space]{
			in("name", nameText(), func(s *Space) *string { return &s.Name }, "The name by which rules give it.", "marketing").must(),
			in("access", spaceAccess(), func(s *Space) *[]SpaceAccess { return &s.Access },
				"What departments and teams may do: full, view, none, or view of the things that a list names. Who is not named may do nothing; none denies.", "{marketing: full, leadership: view, sales: [brand guidelines]}"),
			in("agents", names("a list of agents"), func(s *Space) *[]string { return &s.Agents }, "Its agents.", "[content_creator]"),
			in("integrations", names("a list of integrations"), func(s *Space) *[]string { return &s.Integrations }, "Its integrations.", "[social_media, email]"),
			in("files", names("a list of files"), func(s *Space) *[]string { return &s.Files }, "Its files and folders.", "[brand guidelines]"),
			in("conversations", names("a list of conversations"), func(s *Space) *[]string { return &s.Conversations }, "Its team conversations.", "[strategy, campaigns]"),
			in("knowledge_bases", names("a list of knowledge bases"), func(s *Space) *[]string { return &s.KnowledgeBases }, "Its parts of the knowledge base.", "[marketing]"),
		},
		start:  func(at directory.Position) Space { return Space{At: at} },
		places: func(s *Space) *Places { return &s.Places },
		finish: checkSpaceItems,
	}
}

// spaceAccess is a mapping from department or team to a level, or to a list of things to view.
func spaceAccess() value[[]SpaceAccess] {
	level, items := oneOf(LevelFull, LevelView, LevelNone), someOf(nameText(), "full, view, none or a list of things")
	return mapOf(func(d *decoder, key, n *node) (SpaceAccess, bool) {
		a := SpaceAccess{At: key.at, Of: strings.TrimSpace(key.text), Level: LevelView}
		s := spot{key: key.text, example: LevelView}
		var ok bool
		if n.kind == isList {
			a.Items, ok = items.read(d, n, s)
		} else {
			a.Level, ok = level.read(d, n, s)
		}
		return a, ok
	}, func(a, b SpaceAccess) int { return cmp.Compare(a.Of, b.Of) }, func(defs *definitions) *jsonschema.Schema {
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{level.schema(defs), items.schema(defs)}}
	}, "a mapping from department or team to full, view or none")
}

// checkSpaceItems reports things to view that the space does not have.
func checkSpaceItems(d *decoder, _ *node, s *Space) {
	all := slices.Concat(s.Agents, s.Integrations, s.Files, s.Conversations, s.KnowledgeBases)
	for _, a := range s.Access {
		for _, item := range a.Items {
			if slices.Contains(all, item) {
				continue
			}
			fix := "add it to the space's agents, integrations, files, conversations or knowledge_bases"
			if near := Nearest(item, all); near != "" {
				fix = "write " + near
			}
			d.fail(a.At, fmt.Sprintf("the space %q has nothing called %q for %s to view", short(s.Name), short(item), short(a.Of)), fix)
		}
	}
}
