package provision_test

import (
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

func TestARemovalOutlivesTheRecordAndAnotherConnection(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.act(w.engine.Remove, w.of("okta", "ann"))
	w.delete("okta", "ann")
	w.create("entra", "ann", person("ann"))
	w.group("entra", "Everyone", "ann")
	if got := w.of("entra", "ann"); got.Status == "active" {
		t.Error("another connection brought back whom an admin has removed")
	}
}

func TestAReturnFollowsEveryMerge(t *testing.T) {
	w := newWorld(t, acme)
	for _, n := range []string{"a", "b", "c"} {
		w.create("okta", n, person(n))
	}
	w.group("okta", "Everyone", "a", "b", "c")
	a, b, c := w.of("okta", "a").ID, w.of("okta", "b").ID, w.of("okta", "c").ID
	w.delete("okta", "a")
	w.merge(b, a)
	w.merge(c, b)
	w.create("okta", "a", person("a"))
	if got := w.of("okta", "a").ID; got != c {
		t.Errorf("the record went to %s, want %s, into whom the others were merged", got, c)
	}
}

func TestUnlinkedRecordsDoNotMeetAgainFromTheOtherSide(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann").with(attrs{"externalId": ""}))
	w.create("entra", "ann", person("ann"))
	m := w.of("okta", "ann")
	if w.of("entra", "ann").ID != m.ID {
		t.Fatal("not linked")
	}
	_, err := w.engine.Unlink(t.Context(), provision.Act{Org: w.org, Member: m.ID, Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"}}, w.conns["entra"])
	w.must(err)
	if w.of("entra", "ann").ID == m.ID {
		t.Fatal("still linked")
	}
	w.delete("okta", "ann")
	w.create("okta", "ann", person("ann").with(attrs{"externalId": ""}))
	if w.of("okta", "ann").ID == w.of("entra", "ann").ID {
		t.Error("what an admin has taken apart is together again")
	}
}

func TestAUserWhoIsPostedAgainWithoutExternalIDKeepsIt(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
	w.create("okta", "ann", person("ann").with(attrs{"externalId": ""}))
	if got := w.user("okta", "ann").ExternalID; got != "ext-ann" {
		t.Errorf("the externalId is %q", got)
	}
}

func TestAForeignLetterIsNotAnASCIIOneInAnAddress(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "steve", person("steve"))
	w.create("entra", "evil", attrs{"userName": "ſteve@acme.com", "externalId": "e", "displayName": "x"})
	if w.of("okta", "steve").ID == w.of("entra", "evil").ID {
		t.Error("whoever has the mailbox with a long s is steve")
	}
	w.create("entra", "evil2", attrs{"userName": "ſimon@acme.com", "externalId": "e2", "displayName": "x"})
	w.create("okta", "simon", person("simon"))
	if w.of("okta", "simon").ID == w.of("entra", "evil2").ID {
		t.Error("simon is whoever came before him with a long s")
	}
}

func (w *world) merge(into, from directory.ID) {
	w.t.Helper()
	_, err := w.engine.Merge(w.t.Context(), provision.Act{
		Org: w.org, Member: into, Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"},
	}, from)
	w.must(err)
}

func TestANewHireIsNotTakenForTheRemovedOneBeforeThem(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.act(w.engine.Remove, w.of("okta", "ann"))
	w.delete("okta", "ann")
	w.create("okta", "new ann", person("ann").with(attrs{"externalId": "ext-new-ann"}))
	w.add("Everyone", "new ann")
	w.expect(w.of("okta", "new ann"), directory.StatusActive, "viewer", "")
}

func TestANewSubjectIsNotTheFormerOneWhomAnotherConnectionStillKnows(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.create("entra", "ann", person("ann"))
	w.delete("entra", "ann")
	w.create("entra", "new ann", person("ann").with(attrs{"externalId": "another"}))
	if w.of("entra", "new ann").ID == w.of("okta", "ann").ID {
		t.Error("the new hire is the person who had the address before")
	}
}

func TestComingAndGoingLeavesNothingBehind(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	m := w.of("okta", "ann").ID
	for range 3 {
		w.delete("okta", "ann")
		w.create("okta", "ann", person("ann"))
	}
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		grants, err := tx.Grants(w.org, []directory.ID{m})
		if err == nil && len(grants[0]) > 0 {
			t.Errorf("%d grants are left", len(grants[0]))
		}
		return err
	}))
}

// An externalId that was taken away from one record may come with another: it is the same person still, and what becomes of
// the first record then does not touch them.
func TestAnExternalIDThatMovedToAnotherRecord(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	first := w.of("okta", "ann").ID
	w.replace("okta", "ann", person("ann").with(attrs{"externalId": ""}))
	w.create("okta", "other", attrs{"userName": "ann.other@acme.com", "externalId": "ext-ann"})
	if w.of("okta", "other").ID != first {
		t.Fatal("the same externalId is another member")
	}
	w.replace("okta", "ann", person("ann").with(attrs{"externalId": "ext-new"}))
	if w.of("okta", "ann").ID == first || w.of("okta", "other").ID != first {
		t.Error("want the record with another externalId to leave, and the one with the first to stay")
	}
	w.delete("okta", "ann")
	w.delete("okta", "other")
	w.create("okta", "other", attrs{"userName": "ann.third@acme.com", "externalId": "ext-ann"})
	if w.of("okta", "other").ID != first {
		t.Error("the same externalId is another member after its record was deleted")
	}
}
