package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Directory is what was pushed, counted, for checking a file against it.
type Directory struct {
	Connections []DirectoryConnection
	Departments []DepartmentCount // what directories have as department of active people, most people first
	Members     map[string]int    // active members by role
	Pinned      map[string]int    // those of them whose role an admin has pinned
}

// DirectoryConnection is what one provider pushed.
type DirectoryConnection struct {
	ID     string
	Groups []DirectoryGroup
}

// DirectoryGroup is a pushed group.
type DirectoryGroup struct {
	ID         directory.ID
	ExternalID string
	Name       string
	Bound      []string // folded names that mean it in rules
	Members    int      // users, groups, and values that name nobody yet
	Direct     bool     // a user is directly in it, or a value that names nobody yet
	Nested     []string // the names of the first groups that are in it
}

// DepartmentCount is a text that directories have as department, and how many people have it.
type DepartmentCount struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

// Limits of what is told: unmapped departments one by one, and missing groups with the nearest name.
const (
	maxDepartments = 20
	maxSought      = 50
)

// LintAgainst returns what does not fit between the file and what was pushed. Like those of Lint, all are warnings.
func (p *Policy) LintAgainst(d *Directory, at time.Time) []directory.Problem {
	l := newLinter(p, at)
	x := pushed{linter: l, directory: d, named: map[string][]pushedGroup{}, byID: map[string][]pushedGroup{}}
	for i := range d.Connections {
		for j := range d.Connections[i].Groups {
			x.index(pushedGroup{&d.Connections[i].Groups[j], d.Connections[i].ID})
		}
	}
	x.groups()
	x.departments()
	x.roles()
	return config.Sort(l.problems)
}

// pushed compares the file with what was pushed.
type pushed struct {
	*linter
	directory *Directory
	named     map[string][]pushedGroup // by folded name
	byID      map[string][]pushedGroup // by externalId and SCIM id
	sought    int                      // groups for which the nearest name was looked up
}

// pushedGroup is a group with the connection that pushed it.
type pushedGroup struct {
	*DirectoryGroup
	connection string
}

func (x *pushed) index(g pushedGroup) {
	for _, name := range sorted(append([]string{directory.Fold(g.Name)}, g.Bound...)) {
		x.named[name] = append(x.named[name], g)
	}
	x.byID[g.ID.String()] = append(x.byID[g.ID.String()], g)
	if g.ExternalID != "" {
		x.byID[g.ExternalID] = append(x.byID[g.ExternalID], g)
	}
}

// find returns the groups that a place asks for.
func (x *pushed) find(a *askedGroup) []pushedGroup {
	all := x.named[directory.Fold(a.name)]
	if a.id != "" {
		all = x.byID[a.id]
	}
	return slices.DeleteFunc(slices.Clone(all), func(g pushedGroup) bool { return !a.looksAt(g.connection) })
}

// groups reports groups that nobody pushed, and groups whose members Entra does not push.
func (x *pushed) groups() {
	asked := x.policy.askedGroups()
	if len(x.byID) == 0 && len(asked) > 0 {
		x.warn(asked[0].at, "assign the groups to the application at the provider, and push them", "no provider has pushed a group yet, so that no rule for a group matches")
		return
	}
	for i := range asked {
		found := x.find(&asked[i])
		for _, g := range found {
			x.nested(&asked[i], g)
		}
		if len(found) == 0 {
			x.missing(&asked[i])
		}
	}
}

// missing reports a group that no provider has pushed.
func (x *pushed) missing(a *askedGroup) {
	where := "no provider has"
	if len(a.connections) > 0 {
		where = strings.Join(a.connections, ", ") + " has not"
	}
	if a.id != "" {
		x.warn(a.at, "check the id at the provider, and that the group is assigned to the application", "%s: %s pushed a group with the id %s", a.by, where, a.id)
		return
	}
	fix := "check the name, and that the group is assigned to the application at the provider"
	if near := x.nearest(a); near != "" {
		fix = fmt.Sprintf("did you mean %q?", near)
	}
	x.warn(a.at, fix, "%s: %s pushed a group %q", a.by, where, a.name)
}

// nearest returns the pushed group that a misspelt name likely means. Where hundreds are missing they are not misspelt.
func (x *pushed) nearest(a *askedGroup) string {
	if x.sought++; x.sought > maxSought {
		return ""
	}
	var names []string
	for _, c := range x.directory.Connections {
		for i := range c.Groups {
			if a.looksAt(c.ID) {
				names = append(names, c.Groups[i].Name)
			}
		}
	}
	slices.Sort(names)
	return config.Nearest(a.name, names)
}

// nested reports a group of Entra that only holds other groups: Entra pushes direct members, and nobody of those below.
func (x *pushed) nested(a *askedGroup, g pushedGroup) {
	c := x.policy.connections[g.connection]
	if c == nil || c.Provider != "entra" || g.Direct || g.Members == 0 {
		return
	}
	x.warn(a.at, fmt.Sprintf("assign the groups in it to the application, and name them in the rule: %s", strings.Join(g.Nested, ", ")),
		"%s: the group %q of %s holds only other groups; Entra pushes direct members, so that nobody is in it", a.by, g.Name, g.connection)
}

// departments reports what directories have as department and the file does not know. A file without departments does
// not ask for any.
func (x *pushed) departments() {
	org := x.policy.Organization
	var names []string
	for i := range org.Departments {
		names = append(append(names, org.Departments[i].Name), org.Departments[i].Match...)
	}
	if len(names) == 0 {
		return
	}
	place := org.Places.Of("departments", cmp.Or(org.Departments[0].At, org.At))
	var unknown []DepartmentCount
	for _, dep := range x.directory.Departments {
		if key := normalize(dep.Text); key != "" && x.policy.departments.spellings[key] == nil && !x.policy.inTable(key) {
			unknown = append(unknown, dep)
		}
	}
	for i, dep := range unknown {
		if i == maxDepartments {
			people := 0
			for _, rest := range unknown[i:] {
				people += rest.Count
			}
			x.warn(place, "map the ones above first", "%d more departments of %d people are unknown", len(unknown)-i, people)
			return
		}
		fix := fmt.Sprintf("add it to match of the department that it means, or add {name: %s}", dep.Text)
		if near := config.Nearest(dep.Text, names); near != "" {
			fix = fmt.Sprintf("add it to match of %s", x.policy.departments.spellings[normalize(near)].Name)
		}
		x.warn(place, fix, "the directory has %s in %q, which is the name or a spelling of no department", people(dep.Count), dep.Text)
	}
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// inTable reports whether a domain's table has a line for a department.
func (p *Policy) inTable(key string) bool {
	for _, d := range p.domains {
		if _, ok := d.table[key]; ok {
			return true
		}
	}
	return false
}
