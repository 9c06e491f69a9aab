package access_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

var (
	someDepartments = []string{"engineering", "platform", "sales"}
	someTeams       = []string{"t1", "t2"}
	someThings      = []string{"a", "b", "c"}
	someActions     = []string{"agents.run", "agents.view", "agents.edit", "integrations.use", "integrations.read", "files.view", "spaces.view", "projects.join", "models.use", "agents.create", "files.upload", "billing.manage"}
)

// world is an organization and one of its people, drawn at random; access is compiled of it anew after each change.
type world struct {
	org    *config.Organization
	member *directory.Member
	given  []*directory.Grant
}

func (w *world) can(q access.Question, at time.Time) access.Answer {
	return access.Compile(w.org).Can(w.member, q, at, w.given...)
}

func some(t *rapid.T, label string, of ...string) []string {
	list := rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 2, rapid.ID[string]).Draw(t, label)
	slices.Sort(list)
	return list
}

var line = 0

func place() directory.Position { line++; return directory.Position{File: "acme.yaml", Line: line} }

func anyWorld(t *rapid.T) *world {
	o := &config.Organization{
		Departments: []config.Department{{Name: "engineering"}, {Name: "platform", Parent: "engineering"}, {Name: "sales"}},
		Roles: []config.Role{
			{At: place(), Name: "viewer", Permissions: some(t, "viewer may", "files.view", "agents.view.shared", "models.use")},
			{At: place(), Name: "admin", Includes: []string{"viewer"}, Permissions: some(t, "admin may", "billing.manage", "agents.edit.own", "agents.create", "files.upload")},
		},
	}
	for _, name := range []string{"s1", "s2"} {
		o.PermissionSets = append(o.PermissionSets, anySet(t, name))
	}
	for _, name := range []string{"p1", "p2"} {
		p := config.Project{At: place(), Name: name, Agents: some(t, "agents", someThings...), Integrations: some(t, "integrations", someThings...), Ends: anyEnd(t)}
		p.Members = config.ProjectMembers{At: place(), Departments: some(t, "departments", someDepartments...), Teams: some(t, "teams", someTeams...)}
		o.Projects = append(o.Projects, p)
	}
	for _, name := range []string{"r1", "r2"} {
		s := config.Space{At: place(), Name: name, Agents: some(t, "agents", someThings...), Files: some(t, "files", someThings...)}
		for _, of := range some(t, "access", append(someTeams, someDepartments...)...) {
			s.Access = append(s.Access, config.SpaceAccess{At: place(), Of: of, Level: rapid.SampledFrom([]string{"full", "view", "none"}).Draw(t, "level")})
		}
		o.Spaces = append(o.Spaces, s)
	}
	o.SharedAgents = anyShared(t, "full", "run_only", "view_only", "none")
	o.SharedIntegrations = anyShared(t, "full_access", "read_leads", "write_orders", "none")
	return &world{org: o, member: anyMember(t), given: anyGiven(t)}
}

func anySet(t *rapid.T, name string) config.PermissionSet {
	set := config.PermissionSet{At: place(), Name: name, Values: []config.PermissionValue{
		{At: place(), Name: "ai_models", Value: directory.ListValue(some(t, "models", someThings...)...)},
		{At: place(), Name: "integrations", Value: directory.ListValue(some(t, "integrations", someThings...)...)},
	}}
	if level := rapid.SampledFrom([]string{"", "true", "false", "admin_approval"}).Draw(t, "creation"); level != "" {
		set.Values = append(set.Values, config.PermissionValue{At: place(), Name: "agent_creation", Value: directory.LevelValue(level)})
	}
	if size := rapid.Int64Range(0, 3).Draw(t, "limit"); size > 0 {
		set.Values = append(set.Values, config.PermissionValue{At: place(), Name: "file_upload_limit", Value: directory.SizeValue(size)})
	}
	return set
}

func anyShared(t *rapid.T, levels ...string) []config.Shared {
	s := config.Shared{At: place(), Name: "a", Access: some(t, "shared with", append(someTeams, someDepartments...)...)}
	for _, of := range s.Access {
		s.Levels = append(s.Levels, config.SharedLevel{At: place(), Of: of, Level: rapid.SampledFrom(levels).Draw(t, "level")})
	}
	return []config.Shared{s}
}

// anyGiven draws up to three permission grants, each of somebody of its own.
func anyGiven(t *rapid.T) []*directory.Grant {
	var all []*directory.Grant
	for i := range rapid.IntRange(0, 3).Draw(t, "permission grants") {
		p := &directory.Permission{Set: map[string]directory.Value{}, Add: map[string]directory.Value{}, Remove: map[string]directory.Value{}}
		if p.Update = (directory.ID{14: 9, 15: byte(i)}); i == 2 {
			p.Update, p.Request = directory.NoID, p.Update
		}
		for _, name := range []string{"ai_models", "integrations"} {
			list := directory.ListValue(some(t, name, someThings...)...)
			switch rapid.SampledFrom([]string{"", "set", "add", "remove"}).Draw(t, "does") {
			case "set":
				p.Set[name] = list
			case "add":
				p.Add[name] = list
			case "remove":
				p.Remove[name] = list
			}
		}
		if level := rapid.SampledFrom([]string{"", "true", "false", "admin_approval"}).Draw(t, "creation"); level != "" {
			p.Set["agent_creation"] = directory.LevelValue(level)
		}
		if size := rapid.Int64Range(0, 3).Draw(t, "limit"); size > 0 {
			p.Set["file_upload_limit"] = directory.SizeValue(size)
		}
		all = append(all, &directory.Grant{
			ID: directory.ID{15: byte(i)}, Kind: directory.GrantPermission, Actor: fmt.Sprint("u", i), Permission: p,
			Created: noon.Add(-time.Duration(rapid.IntRange(0, 2).Draw(t, "age")) * time.Hour), Ends: anyEnd(t),
		})
	}
	return all
}

// isGiven reports whether a source is a permission grant.
func isGiven(s access.Source) bool {
	return s.Kind == access.KindUpdate || s.Kind == access.KindApproval
}

// givenBy names a permission grant as an answer does, without its end.
func givenBy(g *directory.Grant) string { return "by " + g.Actor }

func anyEnd(t *rapid.T) time.Time {
	return rapid.SampledFrom([]time.Time{{}, noon.Add(-day), noon, noon.Add(day)}).Draw(t, "ends")
}

func anyMember(t *rapid.T) *directory.Member {
	var values [][2]string
	add := func(field string, of ...string) {
		for _, v := range of {
			values = append(values, [2]string{field, v})
		}
	}
	add("role", rapid.SampledFrom([]string{"viewer", "admin"}).Draw(t, "role"))
	add("department", rapid.SampledFrom(someDepartments).Draw(t, "department"))
	add("teams", some(t, "teams", someTeams...)...)
	add("permission_sets", some(t, "sets", "s1", "s2")...)
	add("spaces", some(t, "spaces", "r1", "r2")...)
	add("projects", some(t, "projects", "p1", "p2")...)
	m := person(values...)
	for i := range m.Decision.Reasons {
		m.Decision.Reasons[i].Until = anyEnd(t)
	}
	if rapid.Bool().Draw(t, "a space is denied") {
		m.Decision.Reasons = append(m.Decision.Reasons, directory.Reason{Field: "spaces", Value: "r1", Source: directory.SourceDeny, Rule: "denies", At: "acme.yaml:0"})
		m.Decision.Spaces = slices.DeleteFunc(m.Decision.Spaces, func(s string) bool { return s == "r1" })
	}
	return m
}

func anyQuestion(t *rapid.T) access.Question {
	q := access.Question{Action: rapid.SampledFrom(someActions).Draw(t, "action")}
	kind := map[string]string{"agents": "agent", "integrations": "integration", "files": "file", "spaces": "space", "projects": "project", "models": "model"}
	for word, k := range kind {
		if len(q.Action) > len(word) && q.Action[:len(word)] == word {
			q.Resource.Type = k
		}
	}
	q.Resource.ID = rapid.SampledFrom([]string{"a", "b", "c", "r1", "r2", "p1", "p2"}).Draw(t, "id")
	q.Resource.Owner = rapid.SampledFrom([]string{"", "ann@acme.com", "bob@acme.com"}).Draw(t, "owner")
	q.Resource.Shared = rapid.Bool().Draw(t, "shared")
	q.Resource.Space = rapid.SampledFrom([]string{"", "r1", "r2"}).Draw(t, "space")
	q.Resource.Size = rapid.Int64Range(0, 3).Draw(t, "size")
	q.Resource.Data = rapid.SampledFrom([]string{"", "leads", "orders"}).Draw(t, "data")
	return q
}

// sources are those of a yes, without their lines: a source gives by several.
func sources(a access.Answer) []access.Source {
	if !a.Allowed {
		return nil
	}
	return named(a)
}

// named are the sources of an answer, without their lines.
func named(a access.Answer) []access.Source {
	all := append([]access.Source{a.Source}, a.Also...)
	for i := range all {
		all[i].At = ""
		if isGiven(all[i]) { // without the day and the end
			_, who, _ := strings.Cut(all[i].Name, "by ")
			all[i].Name = "by " + who[:2]
		}
	}
	return all
}

// without takes a source out of the world.
func (w *world) without(s access.Source) *world {
	o, m := *w.org, *w.member
	d := &m.Decision
	keep := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return v == s.Name })
	}
	switch s.Kind {
	case access.KindRole:
		o.Roles = slices.Clone(o.Roles)
		for i := range o.Roles {
			if o.Roles[i].Name == s.Name {
				o.Roles[i].Permissions = nil
			}
		}
	case access.KindSet:
		d.PermissionSets = keep(d.PermissionSets)
	case access.KindProject:
		o.Projects = slices.DeleteFunc(slices.Clone(o.Projects), func(p config.Project) bool { return p.Name == s.Name })
	case access.KindSpace:
		o.Spaces = slices.DeleteFunc(slices.Clone(o.Spaces), func(p config.Space) bool { return p.Name == s.Name })
	case access.KindAgent:
		o.SharedAgents = nil
	case access.KindIntegration:
		o.SharedIntegrations = nil
	case access.KindUpdate, access.KindApproval:
		return &world{org: &o, member: &m, given: slices.DeleteFunc(slices.Clone(w.given), func(g *directory.Grant) bool { return givenBy(g) == s.Name })}
	case access.KindRule:
		d.Reasons = slices.DeleteFunc(slices.Clone(d.Reasons), func(r directory.Reason) bool { return r.Rule == s.Name })
	}
	return &world{org: &o, member: &m, given: w.given}
}

func everySource() []access.Source {
	return []access.Source{
		{Kind: access.KindRole, Name: "viewer"},
		{Kind: access.KindRole, Name: "admin"},
		{Kind: access.KindSet, Name: "s1"},
		{Kind: access.KindSet, Name: "s2"},
		{Kind: access.KindProject, Name: "p1"},
		{Kind: access.KindProject, Name: "p2"},
		{Kind: access.KindSpace, Name: "r1"},
		{Kind: access.KindSpace, Name: "r2"},
		{Kind: access.KindAgent, Name: "a"},
		{Kind: access.KindIntegration, Name: "a"},
		{Kind: access.KindRule, Name: "denies"},
		{Kind: access.KindUpdate, Name: "by u0"},
		{Kind: access.KindUpdate, Name: "by u1"},
		{Kind: access.KindApproval, Name: "by u2"},
	}
}

// Access only ever comes from a named source, and removing every source that is named leaves nothing.
func TestAccessComesFromNamedSources(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, q := anyWorld(t), anyQuestion(t)
		answer := w.can(q, noon)
		for _, s := range sources(answer) {
			if !slices.Contains(everySource(), s) {
				t.Fatalf("%+v may, by a source that there is not: %+v", q, s)
			}
			w = w.without(s)
		}
		if answer.Allowed && answer.Source.At == "" || answer.Why == "" {
			t.Fatalf("%+v does not say by which line", answer)
		}
		if left := w.can(q, noon); left.Allowed {
			t.Fatalf("%+v: without %v, somebody else gives it: %+v", q, sources(answer), left)
		}
	})
}

// Removing a source removes what it gave, adds what it withheld, and changes nothing else.
func TestRemovingASourceRemovesExactlyIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, q := anyWorld(t), anyQuestion(t)
		s := rapid.SampledFrom(everySource()).Draw(t, "source")
		before, after := w.can(q, noon), w.without(s).can(q, noon)
		left := slices.DeleteFunc(sources(before), func(o access.Source) bool { return o == s })
		switch {
		case before.Allowed && len(left) > 0 && !after.Allowed && !limits(after, s):
			t.Fatalf("%+v: removing %v took what %v gives: %+v", q, s, left, after)
		case !before.Allowed && after.Allowed && !slices.Contains(named(before), s):
			t.Fatalf("%+v: removing %v gave %+v; before: %+v", q, s, after, before)
		}
	})
}

// What was answered stays as it was when others ask, in the same place and beside.
func TestAnAnswerOutlivesItsEvaluation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, q := anyWorld(t), anyQuestion(t)
		first := w.can(q, noon)
		text := func(a access.Answer) string { b, _ := json.Marshal(a); return string(b) }
		was := text(first)
		other, asked := anyWorld(t), rapid.SliceOfN(rapid.Custom(anyQuestion), 4, 4).Draw(t, "asked meanwhile")
		var group sync.WaitGroup
		for _, o := range asked {
			group.Go(func() { other.can(o, noon) })
		}
		again := w.can(q, noon)
		group.Wait()
		if text(first) != was || text(again) != was {
			t.Fatalf("%+v: answered\n%s, which is by now\n%s, and anew\n%s", q, was, text(first), text(again))
		}
	})
}

// limits reports whether a no comes of a permission set: the more permissive of two sets was taken away, or the word of an
// admin that stood in place of it, so that the other one counts; or of an admin's older word, which counts again.
func limits(a access.Answer, removed access.Source) bool {
	return removed.Kind == access.KindSet && a.Source.Kind == access.KindSet || isGiven(removed) && (isGiven(a.Source) || a.Source.Kind == access.KindSet)
}

// Deny beats grant: whatever else is given, a thing that is closed to somebody stays closed.
func TestDenyBeatsGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, q := anyWorld(t), anyQuestion(t)
		d := &w.member.Decision
		d.Reasons = slices.DeleteFunc(d.Reasons, func(r directory.Reason) bool { return r.Field == "department" })
		none := []config.SharedLevel{{At: place(), Of: d.Department, Level: "none"}}
		w.org.SharedAgents = append(w.org.SharedAgents, config.Shared{At: place(), Name: "b", Levels: none})
		for i := range w.org.Spaces {
			w.org.Spaces[i].Access = append(w.org.Spaces[i].Access, config.SpaceAccess{At: place(), Of: d.Department, Level: "none"})
		}
		closed := q.Resource.Type == "space" && q.Resource.ID[0] == 'r' || q.Resource.Type == "agent" && q.Resource.ID == "b" && q.Action != "agents.create"
		w.given = append(w.given, &directory.Grant{
			Kind: directory.GrantPermission, Created: noon, Actor: "u9", Permission: &directory.Permission{Update: directory.ID{1}, Add: map[string]directory.Value{"agent": directory.ListValue("b")}},
		})
		answer := w.can(q, noon)
		if closed && answer.Allowed {
			t.Fatalf("%+v: closed, and open all the same: %+v", q, answer)
		}
		for _, s := range sources(answer) {
			if s.Kind == access.KindSpace {
				t.Fatalf("%+v: a space that is closed gives something: %+v", q, answer)
			}
		}
	})
}

// What has ended never answers yes, at any instant: the answer is as if it had never been.
func TestWhatHasEndedIsGone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, q := anyWorld(t), anyQuestion(t)
		at := noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "days")) * day).Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "nanoseconds")))
		got, want := w.can(q, at), w.pruned(at).can(q, at)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%+v at %v: what has ended counts (-without +with):\n%s", q, at, diff)
		}
		if got.Allowed && !got.Until.IsZero() && !at.Before(got.Until) {
			t.Fatalf("%+v at %v: a yes that ended %v", q, at, got.Until)
		}
	})
}

// pruned is a world in which there is nothing that has ended.
func (w *world) pruned(at time.Time) *world {
	o, m := *w.org, *w.member
	d := &m.Decision
	o.Projects = slices.DeleteFunc(slices.Clone(o.Projects), func(p config.Project) bool { return !p.End().IsZero() && !at.Before(p.End()) })
	d.Reasons = nil
	for _, r := range w.member.Decision.Reasons {
		if r.Until.IsZero() || at.Before(r.Until) {
			d.Reasons = append(d.Reasons, r)
			continue
		}
		drop := func(list []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return v == r.Value })
		}
		switch r.Field {
		case "role":
			d.Role = ""
		case "department":
			d.Department = ""
		case "teams":
			d.Teams = drop(d.Teams)
		case "permission_sets":
			d.PermissionSets = drop(d.PermissionSets)
		case "spaces":
			d.Spaces = drop(d.Spaces)
		case "projects":
			d.Projects = drop(d.Projects)
		}
	}
	given := slices.DeleteFunc(slices.Clone(w.given), func(g *directory.Grant) bool { return at.Before(g.Created) || !g.Ends.IsZero() && !at.Before(g.Ends) })
	return &world{org: &o, member: &m, given: given}
}

// Evaluation and search agree, and so does the list of everything: what is listed may be done, and what a thing's source
// allows is listed.
func TestEvaluationSearchAndListAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := anyWorld(t)
		p := access.Compile(w.org)
		all := p.Of(w.member, noon, w.given...)
		listed := map[string]bool{}
		for _, h := range all.Things {
			for _, action := range h.Actions {
				listed[fmt.Sprint(action, h.Thing, h.Source)] = true
				if a := p.Can(w.member, on(action, h.Type, h.ID), noon, w.given...); !a.Allowed {
					t.Fatalf("%+v is listed, and %s answers %+v", h, action, a)
				}
			}
		}
		for _, kind := range []string{"agent", "integration", "file", "space", "project", "model"} {
			actions := p.Actions(kind, w.given...)
			for _, thing := range p.Resources(kind, w.given...) {
				for _, action := range append(slices.Clone(someActions), actions...) {
					a := p.Can(w.member, on(action, thing.Type, thing.ID), noon, w.given...)
					if a.Allowed && !slices.Contains(actions, action) {
						t.Fatalf("%s on %v is a yes that no search finds", action, thing)
					}
					for _, s := range append([]access.Source{a.Source}, a.Also...) {
						ofThing := s.Kind != access.KindRole && action != "agents.create" && action != "files.upload"
						if a.Allowed && ofThing && !listed[fmt.Sprint(action, thing, s)] {
							t.Fatalf("%s on %v by %v is a yes that is not listed", action, thing, s)
						}
					}
				}
			}
		}
	})
}
