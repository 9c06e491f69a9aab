package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// End is when a project ends by an admin's word, in place of what the file says.
type End struct {
	At time.Time
	By string // in words: "ends 2027-01-31 by ann@acme.com"
}

// Compile makes a policy of an organization's file that has passed its checks.
func Compile(o *config.Organization) *Policy { return CompileWith(o, nil) }

// CompileWith makes a policy of an organization's file that has passed its checks, and of what admins say of the ends of
// its projects.
func CompileWith(o *config.Organization, ends map[string]End) *Policy {
	p := &Policy{
		roles: map[string]map[string][]permission{}, sets: map[string]*set{}, levels: map[string]bool{}, sizes: map[string]bool{},
		things: map[Thing][]*giver{}, kinds: map[string][]Thing{}, verbs: map[string]map[string]bool{}, nouns: map[string]string{},
		departments: map[string]string{}, above: map[string][]string{},
	}
	for _, kind := range []string{TypeAgent, TypeIntegration, TypeModel, TypeFile, TypeConversation, TypeKnowledgeBase, TypeSpace, TypeProject} {
		p.kind(kind)
	}
	p.addDepartments(o)
	for i := range o.PermissionSets {
		p.addSet(&o.PermissionSets[i])
	}
	p.addRoles(o)
	for i := range o.Projects {
		p.addProject(&o.Projects[i], ends)
	}
	for i := range o.Spaces {
		p.addSpace(&o.Spaces[i])
	}
	for i := range o.SharedAgents {
		p.addShared(&o.SharedAgents[i], KindAgent, TypeAgent)
	}
	for i := range o.SharedIntegrations {
		p.addShared(&o.SharedIntegrations[i], KindIntegration, TypeIntegration)
	}
	p.sort()
	return p
}

// kind makes a type of thing known.
func (p *Policy) kind(kind string) {
	if p.verbs[kind] != nil {
		return
	}
	p.verbs[kind] = map[string]bool{}
	p.nouns[noun(kind)] = kind
	for _, verb := range verbsOf(kind) {
		p.verbs[kind][verb] = true
	}
}

func (p *Policy) addDepartments(o *config.Organization) {
	parents := map[string]string{}
	for i := range o.Departments {
		d := &o.Departments[i]
		for _, spelling := range append([]string{d.Name}, d.Match...) {
			p.departments[normalize(spelling)] = d.Name
		}
		parents[d.Name] = d.Parent
	}
	for name := range parents {
		var path []string
		for at := name; at != "" && !slices.Contains(path, at); at = p.departments[normalize(parents[at])] {
			path = append(path, at)
		}
		p.above[name] = path
	}
}

// addRoles gives every role its permissions and those of the roles that it includes, each with the line that says so.
func (p *Policy) addRoles(o *config.Organization) {
	byName := make(map[string]*config.Role, len(o.Roles))
	for i := range o.Roles {
		byName[o.Roles[i].Name] = &o.Roles[i]
	}
	for name := range byName {
		p.roles[name] = map[string][]permission{}
		p.include(byName, name, name, map[string]bool{})
	}
	for _, actions := range p.roles {
		for _, permissions := range actions {
			slices.SortFunc(permissions, func(a, b permission) int {
				return cmp.Or(cmp.Compare(breadth(b.scope), breadth(a.scope)), cmp.Compare(a.source.At, b.source.At), cmp.Compare(a.source.Name, b.source.Name))
			})
		}
	}
}

func (p *Policy) include(byName map[string]*config.Role, of, name string, seen map[string]bool) {
	r := byName[name]
	if r == nil || seen[name] {
		return
	}
	seen[name] = true
	for _, text := range r.Permissions {
		action, scope := config.SplitPermission(text)
		source := Source{Kind: KindRole, Name: name, At: r.Places.Item("permissions", text, r.At).Rule()}
		p.roles[of][action] = append(p.roles[of][action], permission{scope: scope, source: source})
		p.actions = append(p.actions, action)
		if word, verb, ok := strings.Cut(action, "."); ok && p.nouns[word] != "" && !makes(verb) {
			p.verbs[p.nouns[word]][verb] = true
		}
	}
	for _, included := range r.Includes {
		p.include(byName, of, included, seen)
	}
}

// makes reports whether a verb makes a new thing, so that it is done with none that is there.
func makes(verb string) bool { return strings.HasPrefix(verb, "create") || verb == "upload" }

// breadth orders scopes from narrow to wide.
func breadth(scope string) int {
	return slices.Index([]string{config.ScopeOwn, config.ScopePublic, config.ScopeShared, config.ScopeAll}, scope)
}

// addSet makes things of a permission set's lists, and limits of its other values.
func (p *Policy) addSet(c *config.PermissionSet) {
	s := &set{levels: map[string]limit{}, sizes: map[string]limit{}, source: Source{Kind: KindSet, Name: c.Name, At: c.At.Rule()}}
	p.sets[c.Name] = s
	for _, v := range c.Values {
		source := Source{Kind: KindSet, Name: c.Name, At: v.At.Rule()}
		s.values = append(s.values, value{name: v.Name, limit: limit{value: v.Value, source: source}})
		switch {
		case v.Value.IsList:
			kind, level := listKind(v.Name)
			p.kind(kind)
			g := &giver{source: source, field: fieldSets, level: level}
			for _, id := range v.Value.List {
				p.give(Thing{kind, id}, g)
			}
		case v.Value.IsSize:
			action := valueAction(v.Name)
			s.sizes[action], p.sizes[action] = limit{v.Value, source}, true
			p.actions = append(p.actions, action)
		default:
			action := valueAction(v.Name)
			s.levels[action], p.levels[action] = limit{v.Value, source}, true
			p.actions = append(p.actions, action)
		}
	}
}

// listKind returns the type of the things that a list of a permission set names, and how much of them it gives. A list
// of a name of the customer's own is of things of that type.
func listKind(name string) (kind, level string) {
	switch name {
	case "ai_models":
		return TypeModel, levelUse
	case "integrations":
		return TypeIntegration, levelUse
	case "knowledge_base_access":
		return TypeKnowledgeBase, config.LevelView
	}
	return name, levelUse
}

// valueAction returns the action that a value of a permission set is about. A name of the customer's own is one itself.
func valueAction(name string) string {
	switch name {
	case "agent_creation":
		return "agents.create"
	case "file_upload_limit":
		return "files.upload"
	}
	return name
}

func (p *Policy) addProject(c *config.Project, ends map[string]End) {
	g := &giver{
		source: Source{Kind: KindProject, Name: c.Name, At: c.At.Rule()}, field: fieldProjects, level: config.LevelFull, from: c.From, until: c.End(),
	}
	if end, changed := ends[c.Name]; changed {
		g.until, g.source.Changed = end.At, end.By
	}
	m := &c.Members
	for _, name := range m.Departments {
		g.lines = append(g.lines, line{field: fieldDepartment, name: p.departmentName(name), level: config.LevelFull, at: m.Places.Item("departments", name, m.At).Rule()})
	}
	for _, name := range m.Teams {
		g.lines = append(g.lines, line{field: fieldTeams, name: name, level: config.LevelFull, at: m.Places.Item("teams", name, m.At).Rule()})
	}
	for _, address := range m.People {
		g.lines = append(g.lines, line{field: fieldEmail, name: directory.FoldAddress(address), level: config.LevelFull, at: m.Places.Item("people", address, m.At).Rule()})
	}
	p.give(Thing{TypeProject, c.Name}, g)
	p.giveAll(g, map[string][]string{TypeAgent: c.Agents, TypeIntegration: c.Integrations, TypeFile: c.Files, TypeKnowledgeBase: c.KnowledgeBases})
}

func (p *Policy) addSpace(c *config.Space) {
	g := &giver{source: Source{Kind: KindSpace, Name: c.Name, At: c.At.Rule()}, field: fieldSpaces, level: config.LevelFull}
	for _, a := range c.Access {
		g.lines = append(g.lines, p.lines(a.Of, a.Level, a.Items, a.At)...)
	}
	p.give(Thing{TypeSpace, c.Name}, g)
	p.giveAll(g, map[string][]string{
		TypeAgent: c.Agents, TypeIntegration: c.Integrations, TypeFile: c.Files, TypeConversation: c.Conversations, TypeKnowledgeBase: c.KnowledgeBases,
	})
}

func (p *Policy) addShared(c *config.Shared, kind, thing string) {
	g := &giver{source: Source{Kind: kind, Name: c.Name, At: c.At.Rule()}, all: true}
	for _, l := range c.Levels {
		g.lines = append(g.lines, p.lines(l.Of, l.Level, nil, l.At)...)
	}
	p.give(Thing{thing, c.Name}, g)
}

// lines returns what a line of the file gives to a department, to a team, or to both where they have one name.
func (p *Policy) lines(of, level string, items []string, at directory.Position) []line {
	l := line{field: fieldTeams, name: of, level: level, items: items, at: at.Rule()}
	if name, known := p.departments[normalize(of)]; known {
		return []line{{field: fieldDepartment, name: name, level: level, items: items, at: l.at}, l}
	}
	return []line{l}
}

func (p *Policy) departmentName(name string) string {
	return cmp.Or(p.departments[normalize(name)], name)
}

func (p *Policy) giveAll(g *giver, things map[string][]string) {
	for kind, ids := range things {
		for _, id := range ids {
			p.give(Thing{kind, id}, g)
		}
	}
}

func (p *Policy) give(t Thing, g *giver) {
	if !slices.Contains(p.things[t], g) {
		p.things[t] = append(p.things[t], g)
	}
}

func (p *Policy) sort() {
	for _, t := range slices.SortedFunc(maps.Keys(p.things), func(a, b Thing) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID)) }) {
		p.kinds[t.Type] = append(p.kinds[t.Type], t)
	}
	slices.Sort(p.actions)
	p.actions = slices.Compact(p.actions)
}
