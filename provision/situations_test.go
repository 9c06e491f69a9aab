package provision_test

import (
	"testing"
	"time"

	"github.com/mixus/usher/directory"
)

const day = 24 * time.Hour

// TestSituations walks through what happens to people in companies, in plain words.
func TestSituations(t *testing.T) {
	active, suspended, none := directory.StatusActive, directory.StatusSuspended, directory.StatusNone
	for _, situation := range []struct {
		name string
		what func(w *world)
	}{
		{"two groups with two roles: the higher role counts", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Everyone", "ann")
			w.expect(w.one("ann@acme.com"), active, "viewer", "")
			w.group("okta", "Engineering", "ann")
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
		}},
		{"a contractor who is also an engineer: the cap and the denial win", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			w.group("okta", "Contractors", "ann")
			w.expect(w.one("ann@acme.com"), active, "viewer", "engineering")
			w.pass(91 * day)
			w.expect(w.one("ann@acme.com"), suspended, "viewer", "engineering")
		}},
		{"a group is renamed: rules that name it keep matching", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			w.rename("okta", "Engineering", "Product Engineering")
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
		}},
		{"a group is deleted and made again: the new one gives nothing until an admin rebinds", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			w.deleteGroup("Engineering")
			w.expect(w.one("ann@acme.com"), suspended, "", "")
			w.group("okta", "Engineering", "ann")
			w.expect(w.one("ann@acme.com"), suspended, "", "")
			w.must(w.engine.Rebind(w.t.Context(), w.org, directory.Cause{Kind: directory.CauseAdmin, Actor: "root"},
				w.conns["okta"], "Engineering", w.ids["okta:#Engineering"]))
			w.idle()
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
		}},
		{"one person in two connections is one member, active while either has them active", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Everyone", "ann")
			w.create("entra", "ann", person("ann").with(attrs{"externalId": "entra-ann"}))
			w.group("entra", "Engineering", "ann")
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
			w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
			w.replace("entra", "ann", person("ann").with(attrs{"externalId": "entra-ann", "active": false}))
			w.expect(w.one("ann@acme.com"), suspended, "member", "engineering", "platform")
		}},
		{"two owned domains: an address of either is the same person", func(w *world) {
			w.create("okta", "ann", person("ann").with(attrs{"emails": []attrs{{"value": "ann@acme.com", "primary": true}, {"value": "ann@acme.org"}}}))
			w.group("okta", "Everyone", "ann")
			w.create("entra", "ann", attrs{"userName": "ann@acme.org", "externalId": "entra-ann"})
			if w.one("ann@acme.com").ID != w.of("entra", "ann").ID {
				t.Error("the address in the second domain is another person")
			}
		}},
		{"surname and address change: the same externalId is the same person", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			before := w.one("ann@acme.com").ID
			w.replace("okta", "ann", person("ann").with(attrs{"userName": "ann.married@acme.com", "displayName": "Ann Married"}))
			after := w.one("ann.married@acme.com")
			w.expect(after, active, "member", "engineering", "platform")
			if after.ID != before || len(w.members("ann@acme.com")) != 0 {
				t.Error("the renamed person is not the one and only")
			}
		}},
		{"a manager is pushed after the report", func(w *world) {
			w.create("okta", "ann", person("ann").with(attrs{"manager": "ext-bob"}))
			w.group("okta", "Everyone", "ann")
			if !w.one("ann@acme.com").Decision.ManagerID.IsZero() {
				t.Fatal("a manager who is not here is known")
			}
			w.create("okta", "bob", person("bob"))
			if got, want := w.one("ann@acme.com").Decision.ManagerID, w.one("bob@acme.com").ID; got != want {
				t.Errorf("the manager is %s, want %s", got, want)
			}
		}},
		{"the department is free text: spellings meet the department", func(w *world) {
			w.create("okta", "ann", person("ann").with(attrs{"department": "  r&d "}))
			w.group("okta", "Everyone", "ann")
			w.expect(w.one("ann@acme.com"), active, "viewer", "engineering")
		}},
		{"nested groups: a member of the inner group is a member of the outer", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Backend", "ann")
			w.group("okta", "Engineering", "#Backend")
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
			w.remove("Engineering", "#Backend")
			w.expect(w.one("ann@acme.com"), suspended, "", "")
		}},
		{"no group at all: known, and not a member", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.expect(w.one("ann@acme.com"), none, "", "")
		}},
		{"an admin for a week", func(w *world) {
			w.create("okta", "root", person("root"))
			w.group("okta", "IT Admins", "root")
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Everyone", "ann")
			w.group("okta", "On Call", "ann")
			w.expect(w.one("ann@acme.com"), active, "admin", "")
			w.pass(8 * day)
			w.expect(w.one("ann@acme.com"), active, "viewer", "")
		}},
		{"removed by hand and pushed again: the removal outlives the push", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			w.act(w.engine.Remove, w.one("ann@acme.com"))
			w.expect(w.one("ann@acme.com"), directory.StatusRemoved, "member", "engineering", "platform")
			w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
			w.replace("okta", "ann", person("ann"))
			w.expect(w.one("ann@acme.com"), directory.StatusRemoved, "member", "engineering", "platform")
			w.act(w.engine.Reactivate, w.one("ann@acme.com"))
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
		}},
		{"a leaver is rehired after 5 days: the pin is back", func(w *world) {
			w.leaveAndReturn(5 * day)
			w.expect(w.one("ann@acme.com"), active, "admin", "engineering", "platform")
		}},
		{"a leaver is rehired after 50 days: rules only", func(w *world) {
			w.leaveAndReturn(50 * day)
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
		}},
		{"an address is reused by a new hire: another externalId is another person, with nothing of the first", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			w.pin(w.one("ann@acme.com"), "admin", time.Time{})
			w.create("okta", "root", person("root"))
			w.group("okta", "IT Admins", "root")
			w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
			w.create("okta", "new ann", person("ann").with(attrs{"externalId": "ext-new-ann"}))
			w.add("Engineering", "new ann")
			w.expect(w.of("okta", "new ann"), active, "member", "engineering", "platform")
			w.expect(w.of("okta", "ann"), suspended, "admin", "engineering", "platform")
		}},
		{"an externalId is taken away, and another one set: that is another person too", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			w.pin(w.one("ann@acme.com"), "admin", time.Time{})
			first := w.of("okta", "ann").ID
			w.replace("okta", "ann", person("ann").with(attrs{"externalId": ""}))
			w.replace("okta", "ann", person("ann").with(attrs{"externalId": "", "title": "none yet"}))
			w.expect(w.of("okta", "ann"), active, "admin", "engineering", "platform")
			w.replace("okta", "ann", person("ann").with(attrs{"externalId": "ext-new-ann"}))
			w.expect(w.of("okta", "ann"), active, "member", "engineering", "platform")
			if w.of("okta", "ann").ID == first {
				t.Error("the new person is the member of the former one")
			}
		}},
		{"an externalId is taken away and comes back: the same person", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			w.pin(w.one("ann@acme.com"), "admin", time.Time{})
			first := w.of("okta", "ann").ID
			w.replace("okta", "ann", person("ann").with(attrs{"externalId": ""}))
			w.replace("okta", "ann", person("ann"))
			w.expect(w.of("okta", "ann"), active, "admin", "engineering", "platform")
			w.replace("okta", "ann", person("ann").with(attrs{"externalId": ""}))
			w.delete("okta", "ann")
			w.create("okta", "ann", person("ann"))
			w.add("Engineering", "ann")
			w.expect(w.of("okta", "ann"), active, "admin", "engineering", "platform")
			if w.of("okta", "ann").ID != first {
				t.Error("the same externalId is another member")
			}
		}},
		{"a leaver whose externalId was taken away is not the new hire with their address", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.replace("okta", "ann", person("ann").with(attrs{"externalId": "", "active": false}))
			w.create("okta", "new ann", person("ann").with(attrs{"externalId": "ext-new-ann"}))
			if w.ids["okta:ann"] == w.ids["okta:new ann"] || w.of("okta", "ann").ID == w.of("okta", "new ann").ID {
				t.Error("the new hire has the leaver's record or member")
			}
		}},
		{"a guest of another company: only a rule for guests, and capped", func(w *world) {
			w.create("okta", "pat", attrs{"userName": "pat@partner.example", "externalId": "ext-pat"})
			w.group("okta", "Engineering", "pat")
			w.expect(w.of("okta", "pat"), none, "", "")
			w.group("okta", "Partners", "pat")
			w.expect(w.of("okta", "pat"), active, "viewer", "")
		}},
		{"a service account is ignored: facts are kept, no member", func(w *world) {
			w.create("okta", "svc", attrs{"userName": "svc-backup@acme.com", "externalId": "ext-svc"})
			w.group("okta", "Engineering", "svc")
			if got := w.of("okta", "svc").Status; got != none {
				t.Errorf("the service account is %s", got)
			}
		}},
		{"a user is deleted and pushed again: a new record, the same member", func(w *world) {
			w.create("okta", "ann", person("ann"))
			w.group("okta", "Engineering", "ann")
			was, record := w.one("ann@acme.com").ID, w.ids["okta:ann"]
			w.delete("okta", "ann")
			w.expect(w.one("ann@acme.com"), suspended, "", "")
			w.create("okta", "ann", person("ann"))
			w.add("Engineering", "ann")
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
			if w.one("ann@acme.com").ID != was || w.ids["okta:ann"] == record {
				t.Error("want the same member under a new SCIM id")
			}
		}},
		{"a membership is pushed before the user", func(w *world) {
			w.group("okta", "Engineering", "ext-ann")
			w.create("okta", "ann", person("ann"))
			w.expect(w.one("ann@acme.com"), active, "member", "engineering", "platform")
		}},
		{"the last admin is deactivated: recorded, held, and released by the next admin", func(w *world) {
			w.create("okta", "root", person("root"))
			w.group("okta", "IT Admins", "root")
			w.replace("okta", "root", person("root").with(attrs{"active": false}))
			m := w.one("root@acme.com")
			w.expect(m, active, "admin", "")
			if len(m.Held) != 1 {
				t.Fatalf("the hold is not shown: %v", m.Held)
			}
			w.create("okta", "bob", person("bob"))
			w.add("IT Admins", "bob")
			w.expect(w.one("bob@acme.com"), active, "admin", "")
			m = w.one("root@acme.com")
			w.expect(m, suspended, "admin", "")
			if len(m.Held) != 0 {
				t.Errorf("the hold is still shown: %v", m.Held)
			}
		}},
	} {
		t.Run(situation.name, func(t *testing.T) {
			situation.what(newWorld(t, acme))
		})
	}
}

// leaveAndReturn has an engineer, pinned as admin, leave and come back.
func (w *world) leaveAndReturn(after time.Duration) {
	w.t.Helper()
	w.create("okta", "root", person("root"))
	w.group("okta", "IT Admins", "root")
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Engineering", "ann")
	w.pin(w.one("ann@acme.com"), "admin", time.Time{})
	w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
	w.expect(w.one("ann@acme.com"), directory.StatusSuspended, "admin", "engineering", "platform")
	w.pass(after)
	w.replace("okta", "ann", person("ann"))
}
