package sso_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

const steps = `
onboarding:
  steps:
    - {id: account, title: Set up your account, minutes: 2}
    - {id: profile, title: Complete your profile, minutes: 3, link: "https://app.acme.com/profile"}
  badge: {name: Onboarded}
`

func TestTheWelcomeShowsHowFarSomebodyIs(t *testing.T) {
	w := newWorld(t)
	w.activate(acme + steps)
	b := w.browser()
	w.saml["acme-okta"].signIn(b, "ann@acme.com", "").leads("/welcome")
	b.get("/welcome").want(http.StatusOK, "1 of 2 steps done, about 3 min left.", `<a href="https://app.acme.com/profile">Complete your profile</a>`, `<progress max="2" value="1"`)

	var ann directory.ID
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		ids, err := tx.FindMembers(w.orgs["acme"], directory.Key{Attribute: directory.AttrEmail, Value: "ann@acme.com"}, directory.NoID, 1)
		ann = ids[0]
		return err
	}))
	act := provision.Act{Org: w.orgs["acme"], Member: ann, Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "atlas"}}
	_, err := w.engine.ReportStep(t.Context(), act, "profile", time.Time{})
	w.must(err)
	b.get("/welcome").want(http.StatusOK, "All steps done.", "You have earned the badge Onboarded.")
}

func TestTheWelcomeOfWhomNothingIsAsked(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.saml["acme-okta"].signIn(b, "ann@acme.com", "").leads("/welcome")
	if page := b.get("/welcome").want(http.StatusOK, "Welcome"); strings.Contains(page.body, "Getting started") {
		t.Error("a list without anything on it is shown")
	}
}
