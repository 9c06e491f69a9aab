package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/provision"
)

// What admins give and take by hand counts when somebody asks who has a permission, for as long as it holds.
func TestWhoKnowsWhatWasGivenByHand(t *testing.T) {
	w := permittedWorld(t)
	apply := func(text string, until time.Time) {
		t.Helper()
		_, _, err := w.engine.ApplyPermissions(t.Context(), w.permissionUpdate(text, until), "")
		w.must(err)
		w.now = w.now.Add(time.Hour)
	}
	sets := func(name string) string { return name + ": permission set marketing_team, rule marketers" }
	is := func(permission string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, w.who(provision.WhoPermission, permission)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", permission, diff)
		}
	}
	is("integrations", sets("ann"), sets("bea"))

	// What an admin may approve is nobody's before that.
	is("agent_creation")
	r, err := w.ask("ann", "agents.create")
	w.must(err)
	_, err = w.engine.ApproveRequest(t.Context(), w.org, r.ID, day, rootCause())
	w.must(err)
	for _, name := range []string{"agent_creation", "agents.create"} {
		is(name, "ann: approval of 2026-11-02 by root, rule ")
	}

	// Nobody's rule gives sam anything; an update does.
	apply(`{"operation": "update_permissions", "filter": {"emails": ["sam@acme.com"]}, "changes": {"add_integrations": ["tiktok"], "file_upload_limit": "10MB"}}`, w.now.Add(2*day))
	const update = "sam: mass update of 2026-11-02 by root@acme.com, rule "
	is("integrations", sets("ann"), sets("bea"), update)
	is("file_upload_limit", sets("ann"), sets("bea"), update)

	// What takes the place of a permission set's value is the reason then, and what is taken away is nobody's.
	apply(`{"operation": "update_permissions", "filter": {"emails": ["bea@acme.com"]}, "changes": {"file_upload_limit": "200MB", "remove_integrations": ["email"]}}`, time.Time{})
	is("integrations", sets("ann"), update)
	is("file_upload_limit", sets("ann"), "bea: mass update of 2026-11-02 by root@acme.com, rule ", update)

	page, err := w.engine.Who(t.Context(), w.org, provision.WhoPermission, "file_upload_limit", nil, 10)
	w.must(err)
	for _, h := range page.Holders {
		if h.Member.Decision.Email == "sam@acme.com" {
			if r := h.Reasons[0]; len(h.Reasons) != 1 || r.Field != "file_upload_limit" || r.Value != "10MB" || r.Until.IsZero() || r.At == "" {
				t.Errorf("sam has it because of %+v", h.Reasons)
			}
		}
	}

	w.now = w.now.Add(3 * day)
	is("integrations", sets("ann"))
	is("agent_creation")
}

// A permission is the same by the name of the action and by that of the permission sets' level.
func TestWhoKnowsAnActionThatAPermissionSetGives(t *testing.T) {
	w := permittedWorld(t)
	w.activate(strings.Replace(permitted, "agent_creation: admin_approval", "agent_creation: true", 1))
	w.idle()
	want := w.who(provision.WhoPermission, "agent_creation")
	if len(want) == 0 {
		t.Fatal("nobody has it")
	}
	if diff := cmp.Diff(want, w.who(provision.WhoPermission, "agents.create")); diff != "" {
		t.Errorf("-agent_creation +agents.create:\n%s", diff)
	}
}

// A limit of nothing gives nothing.
func TestWhoKnowsThatALimitOfNothingGivesNothing(t *testing.T) {
	w := permittedWorld(t)
	for limit, want := range map[string]int{"100MB": 2, "0MB": 0} {
		w.activate(strings.Replace(permitted, "file_upload_limit: 100MB", "file_upload_limit: "+limit, 1))
		w.idle()
		if got := w.who(provision.WhoPermission, "file_upload_limit"); len(got) != want {
			t.Errorf("%s: %q", limit, got)
		}
	}
}
