package provision

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mixus/usher/access"
)

// PermissionIdle is something that a mass update says and that changes nothing for anybody whom its filter means.
type PermissionIdle struct {
	Name   string   `json:"name"` // of the value: integrations, file_upload_limit
	Change string   `json:"change" enum:"adds,removes,sets"`
	Items  []string `json:"items"` // of a list; else the one value
	Why    string   `json:"why"`
}

// permissionItem is one item of a list.
type permissionItem struct{ name, item string }

// stays notes by what somebody for whom an item stays as it is has it, or has it not.
func (p *permissionPlanner) stays(i permissionItem, a *access.Answer) {
	why := "nobody has it"
	switch {
	case a.Allowed && a.Source.Kind == access.KindRole:
		why = "role " + a.Source.Name + " gives every one"
	case a.Allowed:
		why = strings.ReplaceAll(a.Source.Kind, "_", " ") + " " + a.Source.Name + " gives that already"
	case a.Source.Kind != "":
		why = strings.ReplaceAll(a.Source.Kind, "_", " ") + " " + a.Source.Name + " withholds that"
	}
	if !slices.Contains(p.already[i], why) {
		p.already[i] = append(p.already[i], why)
	}
}

// idle returns what changes nothing for anybody, by the name of the value.
func (p *permissionPlanner) idle() []PermissionIdle {
	var all []PermissionIdle
	changes := &p.update.Read.Changes
	some := func(name, item string) bool { // whether a row is about a value, or one item of it
		return slices.ContainsFunc(p.plan.Rows, func(r PermissionRow) bool { return r.Name == name && (item == "" || cmp.Or(r.After, r.Before) == item) })
	}
	list := func(name, change string, items []string) {
		for _, item := range items {
			if some(name, item) {
				continue
			}
			why := p.why(permissionItem{name, item})
			i := slices.IndexFunc(all, func(x PermissionIdle) bool { return x.Name == name && x.Change == change && x.Why == why })
			if i < 0 {
				i, all = len(all), append(all, PermissionIdle{Name: name, Change: change, Why: why})
			}
			all[i].Items = append(all[i].Items, item)
		}
	}
	for _, name := range spokenOf(changes) {
		v, sets := changes.Set[name]
		switch {
		case sets && some(name, ""):
		case sets && v.IsList:
			list(name, "sets", v.List)
		case sets:
			all = append(all, PermissionIdle{Name: name, Change: "sets", Items: []string{valueText(v)}, Why: "it is that already"})
		}
		list(name, "adds", changes.Add[name].List)
		list(name, "removes", changes.Remove[name].List)
	}
	return all
}

// why says why an item stays as it is for everybody.
func (p *permissionPlanner) why(i permissionItem) string {
	if reasons := p.already[i]; len(reasons) == 1 {
		return reasons[0]
	}
	return "it stays as it is for everybody"
}
