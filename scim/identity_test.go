package scim

import (
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Taking an externalId away changes nobody, but is no way to hand a member on to somebody else.
func TestAnExternalIDIsNotChangedInTwoSteps(t *testing.T) {
	w := newWorld(t)
	id := w.user("ann")
	patch := func(op string) {
		w.do("PATCH", "/Users/"+id, `{"Operations":[`+op+`]}`).want(200)
	}
	member := func() directory.ID {
		var m directory.ID
		err := w.store.View(t.Context(), func(tx store.Tx) error {
			parsed, _ := directory.ParseID(id)
			rows, err := tx.Users(1, []directory.ID{parsed})
			if err == nil {
				m = rows[0].Member
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := member()
	patch(`{"op":"replace","path":"externalId","value":null}`)
	if got := w.do("GET", "/Users/"+id, "").want(200).get("externalId"); got != nil || member() != first {
		t.Errorf("without it, the externalId is %v, and the member %s; want none and %s", got, member(), first)
	}
	if got := w.find(`externalId eq "00uann"`); len(got) > 0 {
		t.Error("the externalId that is gone is found")
	}
	patch(`{"op":"add","path":"externalId","value":"00uann"}`)
	if member() != first {
		t.Error("the same externalId is another person")
	}
	patch(`{"op":"remove","path":"externalId"}`)
	patch(`{"op":"add","path":"externalId","value":"00unew"}`)
	if member() == first {
		t.Error("another externalId is the same person")
	}
}
