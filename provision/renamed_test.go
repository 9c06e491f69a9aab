package provision_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
)

// TestAPolicyThatRenamesTheTopRoleKeepsTheLastAdmin: a policy under which nobody would be admin any more leaves the last
// one as the top role of its own, held, until it makes somebody else.
func TestAPolicyThatRenamesTheTopRoleKeepsTheLastAdmin(t *testing.T) {
	w := newWorld(t, acme)
	for _, name := range []string{"ann", "bob", "cid"} {
		w.create("okta", name, person(name))
	}
	w.group("okta", "Everyone", "ann", "bob", "cid")
	w.group("okta", "IT Admins", "ann", "bob")
	renamed := strings.NewReplacer("name: admin,", "name: owner,", "groups: [IT Admins], role: admin", "groups: [Owners], role: owner",
		"role: admin", "role: owner").Replace(acme)
	w.activate(renamed)
	var owners []*directory.Member
	for _, name := range []string{"ann", "bob", "cid"} {
		if m := w.of("okta", name); m.Decision.Role == "owner" {
			owners = append(owners, m)
		}
	}
	if len(owners) != 1 || len(owners[0].Held) != 1 || owners[0].ID == w.of("okta", "cid").ID {
		t.Fatalf("the former admins left %d owners: %+v", len(owners), owners)
	}
	w.group("okta", "Owners", "cid")
	w.expect(w.of("okta", "cid"), directory.StatusActive, "owner", "")
	for _, name := range []string{"ann", "bob"} {
		w.expect(w.of("okta", name), directory.StatusActive, "viewer", "")
	}
}
