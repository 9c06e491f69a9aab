package provision

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// The kinds of entry about projects.
const (
	kindProjectMoved  = "project.moved"  // somebody has extended it, or ended it early
	kindProjectWarned = "project.warned" // its people were told that it ends soon
)

func projectsDocument(org directory.OrgNum) string { return ofOrganization("projects", org) }

// projectEnds is what admins say of the ends of an organization's projects, and of which ends its people were told.
type projectEnds struct {
	Moved  map[string]MovedEnd  `json:"moved,omitempty"`
	Warned map[string]time.Time `json:"warned,omitempty"`
}

// MovedEnd is an end that somebody has given a project, in place of what the file says.
type MovedEnd struct {
	Until time.Time       `json:"until"`
	Was   time.Time       `json:"was,omitzero"` // before that; zero for never
	Cause directory.Cause `json:"cause"`
	At    time.Time       `json:"at"`
}

// overlay is what access takes of it.
func (p *projectEnds) overlay() map[string]access.End {
	ends := make(map[string]access.End, len(p.Moved))
	for name, m := range p.Moved {
		ends[name] = access.End{At: m.Until, By: "whose end " + m.Cause.Actor + " has moved to " + clock(m.Until)}
	}
	return ends
}

// end returns when a project ends: what somebody said last, else what the file says; zero for never.
func (p *projectEnds) end(c *config.Project) time.Time {
	if m, moved := p.Moved[c.Name]; moved {
		return m.Until
	}
	return c.End()
}

func endsOf(tx store.Documents, org directory.OrgNum) (*projectEnds, error) {
	ends := &projectEnds{}
	_, err := documentOf(tx, projectsDocument(org), ends)
	return ends, err
}

// Project is a project of the organization's file, as it stands.
type Project struct {
	config.Project
	Until time.Time // when it ends; zero for never
	Moved *MovedEnd // by whom that was said; nil where the file says it
}

// State says in a word how a project stands at an instant: coming, running or ended.
func (p *Project) State(at time.Time) string {
	switch {
	case !p.Until.IsZero() && !at.Before(p.Until):
		return "ended"
	case at.Before(p.From):
		return "coming"
	}
	return "running"
}

func projectOf(c *config.Project, ends *projectEnds) Project {
	p := Project{Project: *c, Until: ends.end(c)}
	if m, moved := ends.Moved[c.Name]; moved {
		p.Moved = &m
	}
	return p
}

// Projects returns the projects of an organization's file in force, by name.
func (e *Engine) Projects(ctx context.Context, org directory.OrgNum) ([]Project, error) {
	var all []Project
	err := e.Store.View(ctx, func(tx store.Tx) error {
		all = nil
		policy, err := e.Policy(tx, org)
		if err != nil {
			return err
		}
		ends, err := endsOf(tx, org)
		if err != nil {
			return err
		}
		for i := range policy.Organization.Projects {
			all = append(all, projectOf(&policy.Organization.Projects[i], ends))
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Project) int { return cmp.Compare(a.Name, b.Name) })
	return all, err
}

// OneProject returns a project of an organization's file in force.
func (e *Engine) OneProject(ctx context.Context, org directory.OrgNum, name string) (*Project, error) {
	all, err := e.Projects(ctx, org)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i := range all {
		if names[i] = all[i].Name; names[i] == name {
			return &all[i], nil
		}
	}
	return nil, noProject(name, names)
}

// ProjectPeople calls fn for the active members who are in a project now, in order of id.
func (e *Engine) ProjectPeople(ctx context.Context, org directory.OrgNum, name string, fn func(*directory.Member)) error {
	active := directory.Key{Attribute: directory.AttrStatus, Value: string(directory.StatusActive)}
	return e.pages(ctx, func(tx store.Tx, after directory.ID) (directory.ID, error) {
		in, last, err := e.inProject(tx, org, name, active, after)
		for _, m := range in {
			fn(m)
		}
		return last, err
	})
}

// inProject returns those of the next page of members who are in a project, and the last one of the page.
func (e *Engine) inProject(tx store.Tx, org directory.OrgNum, name string, among directory.Key, after directory.ID) ([]*directory.Member, directory.ID, error) {
	ids, err := tx.FindMembers(org, among, after, permissionPage)
	if err != nil || len(ids) == 0 {
		return nil, directory.NoID, err
	}
	policy, err := e.Access(tx, org)
	if err != nil {
		return nil, directory.NoID, err
	}
	members, err := tx.Members(org, ids)
	if err != nil {
		return nil, directory.NoID, err
	}
	in := slices.DeleteFunc(members, func(m *directory.Member) bool { return m == nil || !isIn(policy, m, name, e.Now()) })
	return in, ids[len(ids)-1], nil
}

// isIn reports whether a project gives a member itself, and not only somebody's role does.
func isIn(policy *access.Policy, m *directory.Member, project string, at time.Time) bool {
	q := access.Question{Action: "projects.view", Resource: access.Resource{Thing: access.Thing{Type: access.TypeProject, ID: project}}}
	a := policy.Can(m, q, at)
	return a.Allowed && slices.ContainsFunc(append([]access.Source{a.Source}, a.Also...), func(s access.Source) bool {
		return s.Kind == access.KindProject && s.Name == project
	})
}

// furthest is how far ahead an admin can have something end: a project, a mass update, a pin.
const furthest = 100 * 366 * 24 * time.Hour

// Extension is how much longer a project is to last: until an instant, or For longer than it does.
type Extension struct {
	Until time.Time
	For   time.Duration // counts from the present end, or from now where that is past
}

// ExtendProject makes a project end later than it does now. What it gives ends then, and the file's own end counts no more. To
// end it early is a matter of EndProject.
func (e *Engine) ExtendProject(ctx context.Context, org directory.OrgNum, name string, by Extension, cause directory.Cause) (*Project, error) {
	return e.moveProject(ctx, org, name, cause, func(c *config.Project, was, now time.Time) (time.Time, error) {
		until := by.Until.UTC()
		if by.For > 0 && !was.IsZero() {
			until = was.Add(by.For)
			if was.Before(now) {
				until = now.Add(by.For).Truncate(time.Second)
			}
		}
		switch {
		case was.IsZero():
			return until, directory.Errorf(directory.Conflict, "The project %s never ends, so it cannot be extended; give it an end in the file, or `usher projects end` ends it now.", name)
		case !until.After(now):
			return until, wrong("until", "The project would end at %s, which is past; `usher projects end` ends it now.", clock(until))
		case until.After(now.Add(furthest)):
			return until, wrong("until", "The project would end at %s, which is more than a hundred years ahead.", clock(until))
		case !until.After(c.From):
			return until, wrong("until", "The project would end at %s, before it begins at %s.", clock(until), clock(c.From))
		case until.Equal(was):
			return until, directory.Errorf(directory.Conflict, "The project %s ends at %s already.", name, clock(was))
		case until.Before(was):
			return until, wrong("until", "That is earlier than %s, when it ends now; `usher projects end` ends it early.", clock(was))
		}
		return until, nil
	})
}

// EndProject ends a project now, and what it gives with it.
func (e *Engine) EndProject(ctx context.Context, org directory.OrgNum, name string, cause directory.Cause) (*Project, error) {
	return e.moveProject(ctx, org, name, cause, func(_ *config.Project, was, now time.Time) (time.Time, error) {
		if !was.IsZero() && !now.Before(was) {
			return now, directory.Errorf(directory.Conflict, "The project %s has ended already, at %s.", name, clock(was))
		}
		return now, nil
	})
}

// moveProject gives a project the end that decide returns, which is told the present one, zero for never, and the time.
func (e *Engine) moveProject(ctx context.Context, org directory.OrgNum, name string, cause directory.Cause,
	decide func(c *config.Project, was, now time.Time) (time.Time, error),
) (*Project, error) {
	var p Project
	err := e.update(ctx, org, cause, func(s *settlement) error {
		c, err := s.project(name)
		if err != nil {
			return err
		}
		ends, err := endsOf(s.tx, s.org)
		if err != nil {
			return err
		}
		was := ends.end(c)
		until, err := decide(c, was, s.now)
		if err != nil {
			return err
		}
		if ends.Moved == nil {
			ends.Moved = map[string]MovedEnd{}
		}
		ends.Moved[name] = MovedEnd{Until: until, Was: was, Cause: s.cause, At: s.now}
		if err := putDocument(s.tx, projectsDocument(s.org), ends); err != nil {
			return err
		}
		p = projectOf(c, ends)
		return s.tellOrganization(kindProjectMoved, name+" ends at "+clock(until)+"; before, "+endText(was)+" ("+c.At.Rule()+")")
	})
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func endText(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return "at " + clock(t)
}

// project returns a project of the file in force.
func (s *settlement) project(name string) (*config.Project, error) {
	projects := s.policy.Organization.Projects
	names := make([]string, len(projects))
	for i := range projects {
		if names[i] = projects[i].Name; names[i] == name {
			return &projects[i], nil
		}
	}
	return nil, noProject(name, names)
}

// noProject says that the file has no project of a name, and which is meant.
func noProject(name string, names []string) error {
	fix := "`usher projects list` shows those there are."
	if near := config.Nearest(name, names); near != "" {
		fix = "did you mean " + near + "?"
	}
	return directory.Errorf(directory.NotFound, "The organization's file has no project %q; %s", name, fix)
}
