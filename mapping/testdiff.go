package mapping

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// differences compares what came out with what the test expects.
func (t *test) differences(p *Policy, got *Result) []TestDifference {
	x, d := &t.Expect, &got.Decision
	var all []TestDifference
	differ := func(field, want, got, because string) {
		all = append(all, TestDifference{Position: x.Places.Of(field, x.At), Field: field, Want: want, Got: got, Because: because})
	}
	single := func(field string, want *string, got string) {
		if want != nil && *want != got {
			differ(field, orNone(*want), orNone(got), because(d, field, got))
		}
	}
	flag := func(field string, want *bool, got bool, reasons string) {
		if want != nil && *want != got {
			differ(field, strconv.FormatBool(*want), strconv.FormatBool(got), because(d, reasons, ""))
		}
	}
	for _, problem := range got.Problems {
		differ("condition", "a decision", "undecided", problem)
	}
	flag("member", x.Member, d.InScope, map[bool]string{true: fieldRole, false: fieldStatus}[d.InScope])
	flag("active", x.Active, d.Active, fieldStatus)
	flag("waits", x.Waits, d.Waits, fieldRollout)
	single(fieldRole, x.Role, d.Role)
	single(fieldDepartment, x.Department, d.Department)
	for _, list := range listsOf(d) {
		if want, checked := x.Lists[list.field]; checked {
			if !sameItems(want, list.values) {
				differ(list.field, itemsOf(want), itemsOf(list.values), becauseOfItems(d, list, want))
			}
		}
		for _, name := range absentFrom(&x.Absent, list.field) {
			if slices.Contains(list.values, name) {
				all = append(all, TestDifference{
					Position: x.Absent.Places.Item(list.field, name, x.Places.Of("absent", x.At)),
					Field:    list.field, Want: "without " + name, Got: "with " + name, Because: because(d, list.field, name),
				})
			}
		}
	}
	merged := p.MergedPermissions(d.PermissionSets)
	for _, want := range x.Access {
		i := slices.IndexFunc(merged, func(v ValueWithSource) bool { return v.Name == want.Name })
		text, from := "none", "no permission set of the person has it"
		if i >= 0 {
			text, from = said(merged[i].Value), "from "+strings.Join(merged[i].From, ", ")
		}
		if text != said(want.Value) {
			all = append(all, TestDifference{Position: cmp.Or(want.At, x.At), Field: "access to " + want.Name, Want: said(want.Value), Got: text, Because: from})
		}
	}
	return all
}

// listValue is a list of a decision.
type listValue struct {
	field  string
	values []string
}

func listsOf(d *directory.Decision) []listValue {
	return []listValue{{fieldTeams, d.Teams}, {fieldPermissionSets, d.PermissionSets}, {fieldSpaces, d.Spaces}, {fieldProjects, d.Projects}}
}

func absentFrom(a *config.Absent, field string) []string {
	switch field {
	case fieldTeams:
		return a.Teams
	case fieldPermissionSets:
		return a.PermissionSets
	case fieldSpaces:
		return a.Spaces
	}
	return a.Projects
}

// sameItems reports whether two lists hold the same names in any order.
func sameItems(a, b []string) bool {
	return slices.Equal(sorted(a), sorted(b))
}

// sorted returns the items of a list in order, each once.
func sorted[T cmp.Ordered](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// itemsOf shows a list as files write it.
func itemsOf(list []string) string { return "[" + strings.Join(sorted(list), ", ") + "]" }

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// said shows a value of a permission set as files write it.
func said(v directory.Value) string {
	if v.IsList {
		return itemsOf(v.List)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return strings.Trim(string(text), `"`)
}

// because names what gave a value of a decision: the last reason of the field, which is that of the cap where one lowers
// a role. Where a field has no reason that is said too.
func because(d *directory.Decision, field, value string) string {
	for _, r := range slices.Backward(d.Reasons) {
		if r.Field == field && (value == "" || r.Value == value) {
			return reasonOf(&r)
		}
	}
	if field == fieldRole || field == fieldDepartment {
		return "nothing gives another"
	}
	return ""
}

// becauseOfItems names what gave the items of a list that were not expected, and what took away those that were.
func becauseOfItems(d *directory.Decision, list listValue, want []string) string {
	var parts []string
	for i := range d.Reasons {
		r := &d.Reasons[i]
		if r.Field == list.field && slices.Contains(list.values, r.Value) != slices.Contains(want, r.Value) {
			parts = append(parts, r.Value+": "+reasonOf(r))
		}
	}
	for _, name := range sorted(want) {
		given := slices.ContainsFunc(d.Reasons, func(r directory.Reason) bool { return r.Field == list.field && r.Value == name })
		if !given {
			parts = append(parts, name+": no matching rule gives it")
		}
	}
	return strings.Join(parts, "; ")
}

// reasonOf says a reason in words: rule engineers (acme.yaml:12): group "Engineering" of acme-okta.
func reasonOf(r *directory.Reason) string {
	text := strings.ReplaceAll(string(r.Source), "_", " ")
	switch {
	case r.Rule != "" && r.Source == directory.SourceRule:
		text = "rule " + r.Rule
	case r.Rule != "":
		text += " of rule " + r.Rule
	}
	if r.At != "" {
		text += " (" + r.At + ")"
	}
	switch {
	case r.Because == "":
		return text
	case r.At == "" && r.Rule == "":
		return r.Because
	}
	return text + ": " + r.Because
}
