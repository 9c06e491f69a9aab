package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// acmeTools is acme, where engineers get a permission set that carries a permission.
var acmeTools = strings.Replace(acme, "teams: [platform]}\n  - {name: admins", "teams: [platform], permission_sets: [tools]}\n  - {name: admins", 1) +
	"permission_sets: {tools: {agent_creation: true}, none: {agent_creation: false}}\n"

func whoWorld(t *testing.T) *world {
	w := newWorld(t, acmeTools)
	for _, name := range []string{"root", "ann", "bob", "cy", "dot", "gone"} {
		w.create("okta", name, person(name))
	}
	w.group("okta", "Everyone", "root", "ann", "bob", "cy", "dot", "gone")
	w.group("okta", "IT Admins", "root", "ann")
	w.group("okta", "Engineering", "ann", "bob", "gone")
	w.group("okta", "Contractors", "bob")
	w.act(w.engine.Suspend, w.one("gone@acme.com"))
	return w
}

// who asks in pages of two.
func (w *world) who(kind, value string) []string {
	w.t.Helper()
	var out []string
	var after []byte
	for {
		page, err := w.engine.Who(w.t.Context(), w.org, kind, value, after, 2)
		w.must(err)
		if len(page.Holders) > 2 {
			w.t.Fatalf("a page of %d", len(page.Holders))
		}
		for _, h := range page.Holders {
			name, _, _ := strings.Cut(h.Member.Decision.Email, "@")
			if len(h.Reasons) == 0 || h.Reasons[0].Rule != "" && !place.MatchString(h.Reasons[0].At) {
				w.t.Errorf("%s has %v because of %+v", name, h.Has, h.Reasons)
			}
			out = append(out, fmt.Sprintf("%s: %s, rule %s", name, strings.Join(h.Has, ", "), h.Reasons[0].Rule))
		}
		if after = page.Next; after == nil {
			slices.Sort(out)
			return out
		}
	}
}

func TestWhoAnswersTheOtherWayRound(t *testing.T) {
	w := whoWorld(t)
	for _, tt := range []struct {
		kind, value string
		want        []string
	}{
		{provision.WhoRole, "admin", []string{"ann: role admin, rule admins", "root: role admin, rule admins"}},
		{provision.WhoRole, "viewer", []string{"bob: role viewer, rule engineers", "cy: role viewer, rule everyone", "dot: role viewer, rule everyone"}},
		{provision.WhoPermission, "agents.run", []string{"ann: role admin, rule admins", "root: role admin, rule admins"}},
		{provision.WhoPermission, "agent_creation", []string{"ann: permission set tools, rule engineers", "bob: permission set tools, rule engineers"}},
		{provision.WhoTeam, "platform", []string{"ann: team platform, rule engineers"}}, // bob's is denied
		{provision.WhoPermissionSet, "tools", []string{"ann: permission set tools, rule engineers", "bob: permission set tools, rule engineers"}},
		{provision.WhoDepartment, "Engineering", []string{"ann: department engineering, rule engineers", "bob: department engineering, rule engineers"}},
		{provision.WhoRule, "engineers", []string{
			"ann: role member, department engineering, team platform, permission set tools, rule engineers", // though another rule gives the role
			"bob: role member, department engineering, team platform, permission set tools, rule engineers",
		}},
		{provision.WhoRule, "guests", nil},
	} {
		t.Run(tt.kind+" "+tt.value, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, w.who(tt.kind, tt.value)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhoRefusesWhatThePolicyDoesNotHave(t *testing.T) {
	w := whoWorld(t)
	_, err := w.engine.Who(t.Context(), w.org, provision.WhoRole, "amdin", nil, 10)
	if directory.KindOf(err) != directory.NotFound || !strings.Contains(err.Error(), "did you mean admin?") {
		t.Error(err)
	}
	if _, err := w.engine.Who(t.Context(), w.org, provision.WhoRole, "admin", []byte{7}, 10); directory.KindOf(err) != directory.Invalid {
		t.Error(err)
	}
}
