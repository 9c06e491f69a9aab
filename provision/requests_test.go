package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// ask asks for a permission as the application does.
func (w *world) ask(name, permission string) (*directory.Grant, error) {
	cause := directory.Cause{Kind: directory.CauseAdmin, ID: "request-ask", Actor: "application", Reason: "for the launch"}
	return w.engine.RequestPermission(w.t.Context(), provision.Act{Org: w.org, Member: w.of("okta", name).ID, Cause: cause}, permission)
}

// letters returns to whom letters of a kind were queued about something, and their keys.
func (w *world) letters(kind, about string) map[string]string {
	w.t.Helper()
	to := map[string]string{}
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		mails, err := tx.ListMails("", directory.NoID, 1000)
		for _, m := range mails {
			if m.Kind == kind && strings.Contains(m.Key, about) {
				to[m.To] += m.Key + ";"
			}
		}
		return err
	}))
	return to
}

func mayCreate(w *world, name string) bool { return w.may(name, "agents.create", "", "").Allowed }

func TestPermissionIsAskedForAndApprovedForATime(t *testing.T) {
	w := permittedWorld(t)
	if a := w.may("ann", "agents.create", "", ""); a.Allowed || !a.Approval {
		t.Fatalf("at first: %+v", a)
	}
	r, err := w.ask("ann", "agents.create")
	w.must(err)
	again, err := w.ask("ann", "agent_creation")
	w.must(err)
	if again.ID != r.ID || r.State != directory.RequestWaiting || r.Reason != "for the launch" {
		t.Errorf("asked twice: %+v and %+v", r, again)
	}
	if got := w.letters(mail.KindApprovalNeeded, r.ID.String()); len(got) != 1 || got["root@acme.com"] == "" {
		t.Errorf("told %v", got)
	}
	if mayCreate(w, "ann") {
		t.Error("asking is enough")
	}
	g, err := w.engine.ApproveRequest(t.Context(), w.org, r.ID, 30*day, rootCause())
	w.must(err)
	ends := g.Ends
	if a := w.may("ann", "agents.create", "", ""); !a.Allowed || !a.Until.Equal(ends) || !strings.Contains(a.Why, "approval by root") {
		t.Errorf("approved: %+v", a)
	}
	if mayCreate(w, "bea") {
		t.Error("what ann may do, bea may do too")
	}
	if told := w.lastLine(); told.Kind != "permission.approved" || !strings.Contains(told.Notes[0], "agents.create until") {
		t.Errorf("told as %+v", told)
	}
	if _, err := w.ask("ann", "agents.create"); directory.KindOf(err) != directory.Conflict {
		t.Errorf("asking for what one has: %v", err)
	}
	w.now = ends.Add(-8 * day)
	w.idle()
	if got := w.letters(mail.KindExpiring, r.ID.String()); len(got) != 0 {
		t.Errorf("warned too early: %v", got)
	}
	w.pass(2 * day)
	w.pass(time.Hour)
	if got := w.letters(mail.KindExpiring, r.ID.String()); len(got) != 1 || strings.Count(got["ann@acme.com"], ";") != 1 {
		t.Errorf("warned %v", got)
	}
	w.now = ends.Add(-1)
	if !mayCreate(w, "ann") {
		t.Error("it ends too early")
	}
	w.now = ends
	if mayCreate(w, "ann") {
		t.Error("it goes on after its end")
	}
	w.pass(time.Hour)
	if told := w.lastLine(); told.Kind != "permission.ended" || w.of("okta", "ann").Permitted {
		t.Errorf("told as %+v", told)
	}
	if r, err := w.engine.OneRequest(t.Context(), w.org, r.ID); err != nil || r.State != directory.RequestEnded {
		t.Errorf("%+v, %v", r, err)
	}
	if next, err := w.ask("ann", "agents.create"); err != nil || next.ID == r.ID {
		t.Errorf("asking anew: %v", err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	w := permittedWorld(t)
	for name, permission := range map[string]string{"sam": "agents.create", "ann": "billing.manage"} {
		if _, err := w.ask(name, permission); directory.KindOf(err) != directory.Conflict || !strings.Contains(err.Error(), "admin_approval") {
			t.Errorf("%s asks for %s: %v", name, permission, err)
		}
	}
	r, err := w.ask("ann", "agents.create")
	w.must(err)
	self := rootCause()
	self.Actor = "Ann@acme.com"
	for name, err := range map[string]error{
		"by who asked": func() error {
			_, err := w.engine.ApproveRequest(t.Context(), w.org, r.ID, day, self)
			return err
		}(),
		"for ever": func() error {
			_, err := w.engine.ApproveRequest(t.Context(), w.org, r.ID, 0, rootCause())
			return err
		}(),
		"taken back before it was approved": func() error {
			_, err := w.engine.EndRequest(t.Context(), w.org, r.ID, rootCause())
			return err
		}(),
		"another": func() error {
			_, err := w.engine.RefuseRequest(t.Context(), w.org, directory.ID{1}, rootCause())
			return err
		}(),
	} {
		if err == nil {
			t.Errorf("approved %s", name)
		}
	}
	_, err = w.engine.RefuseRequest(t.Context(), w.org, r.ID, rootCause())
	w.must(err)
	if told := w.lastLine(); told.Kind != "permission.refused" {
		t.Errorf("told as %+v", told)
	}
	if _, err := w.engine.ApproveRequest(t.Context(), w.org, r.ID, day, rootCause()); directory.KindOf(err) != directory.Conflict {
		t.Errorf("approved once refused: %v", err)
	}
	list, err := w.engine.PermissionRequests(t.Context(), w.org, directory.RequestRefused, directory.NoID, 10)
	if err != nil || len(list) != 1 || list[0].Of.Decision.Email != "ann@acme.com" {
		t.Errorf("listed %v, %v", list, err)
	}
	w.act(w.engine.Suspend, w.of("okta", "bea"))
	if _, err := w.ask("bea", "agents.create"); directory.KindOf(err) != directory.Conflict {
		t.Errorf("a suspended member asks: %v", err)
	}
}

func TestApprovalIsTakenBackAlone(t *testing.T) {
	w := permittedWorld(t)
	_, _, err := w.engine.ApplyPermissions(t.Context(), w.permissionUpdate(marketingUpdate, time.Time{}), "")
	w.must(err)
	r, err := w.ask("ann", "agents.create")
	w.must(err)
	_, err = w.engine.ApproveRequest(t.Context(), w.org, r.ID, 30*day, rootCause())
	w.must(err)
	_, err = w.engine.EndRequest(t.Context(), w.org, r.ID, rootCause())
	w.must(err)
	if mayCreate(w, "ann") || !w.may("ann", "integrations.use", "integration", "tiktok").Allowed {
		t.Error("more or less than the approval was taken back")
	}
}

func TestProjectIsExtendedEndedAndWarnedOf(t *testing.T) {
	w := permittedWorld(t)
	writes := func() bool { return w.may("ann", "agents.run", "agent", "writer").Allowed }
	w.now = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	w.idle()
	if got := w.letters(mail.KindExpiring, "project/alpha"); len(got) != 0 {
		t.Errorf("warned too early: %v", got)
	}
	w.pass(2 * day)
	if got := w.letters(mail.KindExpiring, "project/alpha"); len(got) != 3 || strings.Count(got["ann@acme.com"], ";") != 1 || got["sam@acme.com"] != "" {
		t.Errorf("warned %v", got)
	}
	w.pass(day)
	if got := w.letters(mail.KindExpiring, "project/alpha"); strings.Count(got["ann@acme.com"], ";") != 1 {
		t.Errorf("warned twice: %v", got)
	}
	p, err := w.engine.ExtendProject(t.Context(), w.org, "alpha", provision.Extension{Until: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)}, rootCause())
	w.must(err)
	if told := w.lastLine(); told.Kind != "project.moved" || !strings.Contains(told.Notes[0], "before, at 2026-12-01T00:00:00Z (acme.yaml:10)") {
		t.Errorf("told as %+v", told)
	}
	w.now = time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC)
	if a := w.may("ann", "agents.run", "agent", "writer"); !a.Allowed || !a.Until.Equal(p.Until) || !strings.Contains(a.Why, "acme.yaml") || !strings.Contains(a.Why, "root has moved to 2027-02-01") {
		t.Errorf("extended: %+v", a)
	}
	w.now = time.Date(2027, 1, 28, 0, 0, 0, 0, time.UTC)
	w.idle()
	if got := w.letters(mail.KindExpiring, "project/alpha"); strings.Count(got["bea@acme.com"], ";") != 2 {
		t.Errorf("of the new end: %v", got)
	}
	_, err = w.engine.EndProject(t.Context(), w.org, "alpha", rootCause())
	w.must(err)
	if writes() {
		t.Error("it goes on after its early end")
	}
	for name, err := range map[string]error{
		"ended twice": func() error {
			_, err := w.engine.EndProject(t.Context(), w.org, "alpha", rootCause())
			return err
		}(),
		"ended yesterday": func() error {
			_, err := w.engine.ExtendProject(t.Context(), w.org, "alpha", provision.Extension{Until: w.now.Add(-day)}, rootCause())
			return err
		}(),
		"of another name": func() error {
			_, err := w.engine.EndProject(t.Context(), w.org, "alfa", rootCause())
			return err
		}(),
		"ended in an aeon": func() error {
			_, err := w.engine.ExtendProject(t.Context(), w.org, "alpha", provision.Extension{Until: w.now.Add(90_000 * day)}, rootCause())
			return err
		}(),
	} {
		if err == nil {
			t.Errorf("%s: done", name)
		}
	}
	list, err := w.engine.Projects(t.Context(), w.org)
	if err != nil || len(list) != 1 || list[0].State(w.now) != "ended" || list[0].Moved == nil || list[0].End() != time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) {
		t.Errorf("listed %+v, %v", list, err)
	}
}

func TestExtendingAProjectNeverCutsItShort(t *testing.T) {
	w := permittedWorld(t)
	end := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	w.now = end.Add(-20 * day)
	extend := func(by provision.Extension) (*provision.Project, error) {
		return w.engine.ExtendProject(t.Context(), w.org, "alpha", by, rootCause())
	}
	if _, err := extend(provision.Extension{Until: end.Add(-day)}); directory.KindOf(err) != directory.Invalid || !strings.Contains(err.Error(), "That is earlier than 2026-12-01T00:00:00Z, when it ends now; `usher projects end` ends it early.") {
		t.Errorf("earlier: %v", err)
	}
	if _, err := extend(provision.Extension{Until: end}); directory.KindOf(err) != directory.Conflict {
		t.Errorf("the same: %v", err)
	}
	for _, want := range []time.Time{end.Add(10 * day), end.Add(20 * day)} {
		p, err := extend(provision.Extension{For: 10 * day})
		w.must(err)
		if !p.Until.Equal(want) {
			t.Errorf("ten days more are until %v, want %v", p.Until, want)
		}
	}
	w.now = end.Add(40 * day)
	p, err := extend(provision.Extension{For: 10 * day})
	w.must(err)
	if want := w.now.Add(10 * day).Truncate(time.Second); !p.Until.Equal(want) || p.State(w.now) != "running" {
		t.Errorf("ten days of what has ended are until %v, want %v", p.Until, want)
	}
}
