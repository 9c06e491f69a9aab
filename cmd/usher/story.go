package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

// tell says who became what and why, and fails if anybody became something else than expected.
func (d *demo) tell(ctx context.Context, people []employee) error {
	members, err := d.program.allMembers(ctx, d.client, "/organizations/acme", url.Values{"limit": {"500"}, "status": {"all"}})
	if err != nil {
		return err
	}
	byEmail := map[string]api.Member{}
	roles := map[string]int{}
	active := 0
	for _, m := range members {
		byEmail[m.Email] = m
		if m.Status == "active" {
			roles[m.Role]++
			active++
		}
	}
	surprises := expected(people, byEmail)
	if len(surprises) > 0 {
		return directory.Errorf(directory.Internal, "%d of %d people did not come out as expected:\n  %s",
			len(surprises), len(people), strings.Join(surprises[:min(10, len(surprises))], "\n  "))
	}
	var parts []string
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		parts = append(parts, count(roles[role], role))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nTwo identity providers sent %d requests in %.1f seconds. Of %d people, %d are active: %s.\n\n",
		d.sent, time.Since(d.begun).Seconds(), len(members), active, strings.Join(parts, ", "))
	told := append([]string{"ann@acme.com"}, userNames(characters())...)
	for _, name := range told {
		if m, ok := byEmail[name]; ok {
			fmt.Fprintf(&b, "  %s\n", inOneLine(m))
		}
	}
	_, err = fmt.Fprint(d.program.out, clean(b.String()))
	return err
}

func userNames(people []employee) []string {
	named := company()[:len(people)]
	names := make([]string, len(people))
	for i, e := range named {
		names[i] = e.userName
	}
	return names
}

// expected compares what became of people with what the mapping file says must become of them.
func expected(people []employee, byEmail map[string]api.Member) []string {
	ann := employee{userName: "ann@acme.com", status: "active", role: "member", place: "engineering"}
	var surprises []string
	for _, e := range append([]employee{ann}, people...) {
		m, ok := byEmail[e.userName]
		switch {
		case !ok:
			surprises = append(surprises, e.userName+" is not there")
		case m.Status != e.status, e.status == "active" && (m.Role != e.role || m.Department != e.place):
			surprises = append(surprises, fmt.Sprintf("%s (%s) is %s %s %s instead of %s %s %s", e.userName, e.department, m.Status, m.Role, m.Department, e.status, e.role, e.place))
		}
	}
	return surprises
}

// inOneLine says who a member is, what they became and why: the reasons for the role, or for being nobody.
func inOneLine(m api.Member) string {
	name := m.Name
	if m.Title != "" {
		name += ", " + m.Title
	}
	if m.Status != "active" {
		return fmt.Sprintf("%-36s no member: %s", name, reasonsFor(m, "status"))
	}
	role := m.Role
	if m.Department != "" {
		role += " in " + m.Department
	}
	return fmt.Sprintf("%-36s %-22s %s", name, role, reasonsFor(m, "role"))
}

func reasonsFor(m api.Member, field string) string {
	var reasons []api.Reason
	for _, r := range m.Reasons {
		if r.Field == field {
			reasons = append(reasons, r)
		}
	}
	if len(reasons) == 1 {
		reasons[0].Value = "" // it was said already
	}
	texts := make([]string, len(reasons))
	for i, r := range reasons {
		texts[i] = because(r)
	}
	return strings.Join(texts, "; then ")
}
