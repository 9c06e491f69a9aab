package access

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/mixus/usher/directory"
)

// Policy is what an organization's file says about access, made ready for questions. It is immutable and safe for
// concurrent use.
type Policy struct {
	roles       map[string]map[string][]permission // role → action
	sets        map[string]*set
	levels      map[string]bool // actions that permission sets allow or withhold
	sizes       map[string]bool // actions that permission sets limit
	things      map[Thing][]*giver
	kinds       map[string][]Thing         // type → the things of it, sorted by id
	verbs       map[string]map[string]bool // type → what can be done with it
	nouns       map[string]string          // word before the dot → type
	actions     []string                   // that roles and sets speak of, sorted
	departments map[string]string          // normalized spelling → name
	above       map[string][]string        // department → itself and those above it
}

// Thing is something of which access can be given.
type Thing struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Source is what gives access, or withholds it.
type Source struct {
	Kind string `json:"kind"`         // role, permission_set, project, space, shared_agent, shared_integration, rule, status, update, approval
	Name string `json:"name"`         // in the file; of an update or approval, when and by whom
	At   string `json:"at,omitempty"` // file:line; of an update or approval, its id

	Changed string `json:"changed,omitempty"` // of a project that somebody extended or ended: until when, by whom
}

// The kinds of source.
const (
	KindRole        = "role"
	KindSet         = "permission_set"
	KindProject     = "project"
	KindSpace       = "space"
	KindAgent       = "shared_agent"
	KindIntegration = "shared_integration"
	KindRule        = "rule"   // a rule's deny
	KindStatus      = "status" // the person is not an active member
	KindUpdate      = "update" // a mass update of permissions
	KindApproval    = "approval"
)

// permission is one permission of a role, its own or of a role that it includes.
type permission struct {
	scope  string
	source Source
}

// set is a permission set's values that are no lists, by the action that they are about.
type set struct {
	levels map[string]limit
	sizes  map[string]limit
	values []value
	source Source
}

type limit struct {
	value  directory.Value
	source Source
}

// value is a value as it is written.
type value struct {
	name string
	limit
}

// giver gives things to whom the decision about a person names it for, and to departments, teams and people.
type giver struct {
	source Source
	field  string // of the decision whose value source.Name gives all of it; "" for shared things
	level  string // given by the field
	lines  []line
	from   time.Time
	until  time.Time // zero for never
	all    bool      // a none denies the things, whoever gives them
}

// line is one line of the file that gives something to a department, team or person.
type line struct {
	field string // department, teams or email
	name  string
	level string
	items []string // narrows what is given; empty for all of it
	at    string
}

// The fields of a decision by which access is given, as its reasons call them.
const (
	fieldRole       = "role"
	fieldDepartment = "department"
	fieldTeams      = "teams"
	fieldSets       = "permission_sets"
	fieldSpaces     = "spaces"
	fieldProjects   = "projects"
	fieldEmail      = "email"
)

// normalize is the form in which names of departments are compared.
func normalize(s string) string { return directory.Fold(norm.NFC.String(strings.TrimSpace(s))) }

// departmentPath returns a department and those above it.
func (p *Policy) departmentPath(name string) []string {
	if path, known := p.above[name]; known || name == "" {
		return path
	}
	return []string{name}
}

// Resources returns the things of a type that the file, or a member's grants, speak of, sorted by id.
func (p *Policy) Resources(kind string, grants ...*directory.Grant) []Thing {
	byHand := handThings(grants)[kind]
	if len(byHand) == 0 {
		return p.kinds[kind]
	}
	all := slices.Clone(p.kinds[kind])
	for _, id := range byHand {
		all = append(all, Thing{kind, id})
	}
	slices.SortFunc(all, func(a, b Thing) int { return strings.Compare(a.ID, b.ID) })
	return slices.Compact(all)
}

// Actions returns what can be done with a type of thing, and whatever else the file's roles and permission sets, or a
// member's grants, speak of, sorted. They are all the actions to which Can may say yes for such a thing.
func (p *Policy) Actions(kind string, grants ...*directory.Grant) []string {
	actions := append(slices.Clone(p.actions), handActions(grants)...)
	for verb := range p.verbs[kind] {
		actions = append(actions, noun(kind)+"."+verb)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}
