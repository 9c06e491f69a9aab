package provision

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// PermissionUpdate is a mass update of permissions that somebody wants to apply.
type PermissionUpdate struct {
	Org   directory.OrgNum
	Text  []byte         // the file
	Read  *config.Update // what it says; it has passed its checks
	Until time.Time      // zero for good
	Cause directory.Cause
}

// PermissionPlan says who gains and loses what by a mass update.
type PermissionPlan struct {
	ID      string          `json:"id"`      // of these people and these changes
	Matched int             `json:"matched"` // whom the filter means
	Changed int             `json:"changed"` // those of them who may do something else then
	Rows    []PermissionRow `json:"rows"`

	WithoutEffect []PermissionIdle `json:"without_effect,omitempty"` // what of the file changes nothing for anybody
	Warnings      []string         `json:"warnings,omitempty"`       // what is allowed, and hardly meant

	members []directory.ID // who is meant, in order of id
	after   string         // the document of the mass update before it; "" for none
}

// PermissionRow is one change that a mass update makes, and to whom.
type PermissionRow struct {
	Name   string   `json:"name"` // of the value: integrations, file_upload_limit
	Change string   `json:"change" enum:"gains,loses,becomes"`
	Before string   `json:"before,omitempty"`
	After  string   `json:"after,omitempty"`
	Count  int      `json:"count"`
	People []string `json:"people"` // up to ten addresses
}

// permissionsNamed is how many people a row of a plan names.
const permissionsNamed = 10

// soon is how far off the end of a mass update is at least, unless a plan warns of it.
const soon = time.Hour

// permissionPage is how many people one snapshot of a plan reads.
const permissionPage = 500

// PlanPermissions says what a mass update would change. It changes nothing.
func (e *Engine) PlanPermissions(ctx context.Context, u *PermissionUpdate) (*PermissionPlan, error) {
	p := &permissionPlanner{update: u, plan: &PermissionPlan{Rows: []PermissionRow{}}, rows: map[permissionChange]*PermissionRow{}, already: map[permissionItem][]string{}, hash: sha256.New()}
	switch {
	case u.Until.IsZero():
	case !u.Until.After(e.Now()):
		return nil, wrong("until", "The update would end at %s, which is past.", clock(u.Until))
	case u.Until.After(e.Now().Add(furthest)):
		return nil, wrong("until", "The update would end at %s, which is more than a hundred years ahead; leave the end out for good.", clock(u.Until))
	}
	if !u.Until.IsZero() && u.Until.Sub(e.Now()) < soon {
		p.plan.Warnings = append(p.plan.Warnings, "What the update gives ends within the hour, at "+clock(u.Until)+".")
	}
	err := e.Store.View(ctx, func(tx store.Tx) error {
		policy, err := e.Policy(tx, u.Org)
		if err != nil {
			return err
		}
		if p.plan.after, err = newestUpdate(tx, u.Org); err != nil {
			return err
		}
		if err := checkFilter(policy, &u.Read.Filter); err != nil {
			return err
		}
		p.emails, err = foundEmails(tx, u.Org, u.Read.Filter.Emails)
		return err
	})
	if err != nil {
		return nil, err
	}
	active := directory.Key{Attribute: directory.AttrStatus, Value: string(directory.StatusActive)}
	err = e.pages(ctx, func(tx store.Tx, after directory.ID) (directory.ID, error) {
		ids, err := tx.FindMembers(u.Org, active, after, permissionPage)
		if err != nil || len(ids) == 0 {
			return directory.NoID, err
		}
		if p.policy, err = e.Access(tx, u.Org); err != nil {
			return directory.NoID, err
		}
		return ids[len(ids)-1], p.page(tx, ids, e.Now().UTC())
	})
	if err != nil {
		return nil, err
	}
	return p.finish(), nil
}

// permissionChange tells the rows of a plan apart.
type permissionChange struct{ Name, Change, Before, After string }

type permissionPlanner struct {
	update *PermissionUpdate
	policy *access.Policy
	emails map[directory.ID]bool // of the filter; nil where it has none
	plan   *PermissionPlan
	rows   map[permissionChange]*PermissionRow
	hash   hash.Hash // over who is meant, and what changes for them

	already map[permissionItem][]string // why items stay as they are, each reason once
}

// page looks at some of the people.
func (p *permissionPlanner) page(tx store.Tx, ids []directory.ID, now time.Time) error {
	members, err := tx.Members(p.update.Org, ids)
	if err != nil {
		return err
	}
	members = slices.DeleteFunc(members, func(m *directory.Member) bool { return m == nil || !p.fits(m) })
	given, err := permissionGrants(tx, p.update.Org, members)
	if err != nil {
		return err
	}
	for i, m := range members {
		p.plan.Matched++
		p.plan.members = append(p.plan.members, m.ID)
		_, _ = p.hash.Write(m.ID[:]) // a hash never fails
		p.compare(m, given[i], now)
	}
	return nil
}

// fits reports whether the filter means a member.
func (p *permissionPlanner) fits(m *directory.Member) bool {
	f, d := &p.update.Read.Filter, &m.Decision
	return m.Status == directory.StatusActive &&
		(len(f.Roles) == 0 || slices.Contains(f.Roles, d.Role)) &&
		(len(f.Teams) == 0 || slices.ContainsFunc(f.Teams, func(t string) bool { return slices.Contains(d.Teams, t) })) &&
		(len(f.Departments) == 0 || slices.ContainsFunc(f.Departments, func(name string) bool { return p.policy.InDepartment(m, name) })) &&
		(p.emails == nil || p.emails[m.ID])
}

// compare notes what one member gains and loses.
func (p *permissionPlanner) compare(m *directory.Member, given []*directory.Grant, now time.Time) {
	changes := &p.update.Read.Changes
	added := &directory.Grant{Kind: directory.GrantPermission, Created: now, Ends: p.update.Until, Permission: changes}
	for i := range added.ID {
		added.ID[i] = 0xff // the newest
	}
	after := append(slices.Clone(given), added)
	changed := false
	note := func(k permissionChange) {
		changed = true
		row := p.rows[k]
		if row == nil {
			row = &PermissionRow{Name: k.Name, Change: k.Change, Before: k.Before, After: k.After, People: []string{}}
			p.rows[k] = row
		}
		row.Count++
		if len(row.People) < permissionsNamed {
			row.People = append(row.People, m.Decision.Email)
		}
		_, _ = fmt.Fprintf(p.hash, "%q", k)
	}
	was, is := byValueName(p.policy.ValuesOf(m, now, given...)), byValueName(p.policy.ValuesOf(m, now, after...))
	for _, name := range spokenOf(changes) {
		if v, sets := changes.Set[name]; sets && !v.IsList {
			if before, then := valueText(was[name]), valueText(is[name]); before != then {
				note(permissionChange{name, "becomes", before, then})
			}
			continue
		}
		for _, item := range items(changes, name, was[name]) {
			q := access.Using(name, item)
			before, then := p.policy.Can(m, q, now, given...), p.policy.Can(m, q, now, after...)
			switch {
			case !before.Allowed && then.Allowed:
				note(permissionChange{Name: name, Change: "gains", After: item})
			case before.Allowed && !then.Allowed:
				note(permissionChange{Name: name, Change: "loses", Before: item})
			default:
				p.stays(permissionItem{name, item}, &before)
			}
		}
	}
	if changed {
		p.plan.Changed++
	}
}

func byValueName(values []access.Value) map[string]directory.Value {
	named := make(map[string]directory.Value, len(values))
	for _, v := range values {
		named[v.Name] = v.Value
	}
	return named
}

// spokenOf returns the names of the values that a permission speaks of, sorted.
func spokenOf(p *directory.Permission) []string {
	names := slices.Concat(sortedNames(p.Set), sortedNames(p.Add), sortedNames(p.Remove))
	slices.Sort(names)
	return slices.Compact(names)
}

// items returns the items of a list about which a permission may change something: those that it names, and those that a
// list in place of another leaves out.
func items(p *directory.Permission, name string, was directory.Value) []string {
	all := slices.Concat(p.Set[name].List, p.Add[name].List, p.Remove[name].List)
	if _, sets := p.Set[name]; sets {
		all = append(all, was.List...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// finish puts the rows in order, and gives the plan its id.
func (p *permissionPlanner) finish() *PermissionPlan {
	for _, row := range p.rows {
		p.plan.Rows = append(p.plan.Rows, *row)
	}
	slices.SortFunc(p.plan.Rows, func(a, b PermissionRow) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Change, b.Change), cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After))
	})
	if p.plan.Matched > 0 {
		p.plan.WithoutEffect = p.idle()
	}
	_, _ = fmt.Fprintf(p.hash, "%q%q", p.update.Text, clock(p.update.Until))
	p.plan.ID = hex.EncodeToString(p.hash.Sum(nil))[:16]
	return p.plan
}

// checkFilter refuses names that the organization's file does not have: a misspelt one would mean nobody.
func checkFilter(policy *mapping.Policy, f *config.UpdateFilter) error {
	o := policy.Organization
	var departments, roles, spellings []string
	for i := range o.Departments {
		departments = append(departments, o.Departments[i].Name)
		spellings = append(spellings, append(o.Departments[i].Match, o.Departments[i].Name)...)
	}
	for i := range o.Roles {
		roles = append(roles, o.Roles[i].Name)
	}
	for _, name := range f.Departments {
		if !slices.ContainsFunc(spellings, func(s string) bool { return directory.Fold(s) == directory.Fold(name) }) {
			return unknownName(f.Places.Item("department", name, f.At), "department", name, departments)
		}
	}
	for _, name := range f.Roles {
		if !slices.Contains(roles, name) {
			return unknownName(f.Places.Item("role", name, f.At), "role", name, roles)
		}
	}
	return nil
}

func unknownName(at directory.Position, noun, name string, known []string) error {
	fix := "it has " + cmp.Or(strings.Join(known, ", "), "none")
	if near := config.Nearest(name, known); near != "" {
		fix = fmt.Sprintf("write %q", near)
	}
	return wrong("filter", "%s: the organization's file has no %s %q; %s.", at, noun, name, fix)
}

// foundEmails finds the people of a filter's addresses, nil where it has none. It is an error to name nobody.
func foundEmails(tx store.Tx, org directory.OrgNum, emails []string) (map[directory.ID]bool, error) {
	if len(emails) == 0 {
		return nil, nil
	}
	found := map[directory.ID]bool{}
	for _, address := range emails {
		ids, err := tx.FindMembers(org, directory.Key{Attribute: directory.AttrEmail, Value: directory.FoldAddress(address)}, directory.NoID, permissionPage)
		if err != nil {
			return nil, err
		}
		members, err := tx.Members(org, ids)
		if err != nil {
			return nil, err
		}
		members = slices.DeleteFunc(members, func(m *directory.Member) bool { return m == nil || m.Status != directory.StatusActive })
		if len(members) == 0 {
			return nil, wrong("filter", "%s is no active member, and only those can be given something; take the address out of the filter.", address)
		}
		for _, m := range members {
			found[m.ID] = true
		}
	}
	return found, nil
}
