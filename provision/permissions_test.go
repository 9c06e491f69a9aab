package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// permitted is a policy with permission sets and a project.
const permitted = `
organization: {id: acme, name: Acme Inc.}
domains: [{domain: acme.com}]
connections: [{id: okta, provider: okta}, {id: entra, provider: entra}]
departments: [{name: marketing, match: [Mktg]}, {name: social, parent: marketing}, {name: sales}]
roles: [{name: viewer}, {name: member, includes: [viewer]}, {name: admin, includes: [member]}]
permission_sets:
  marketing_team: {ai_models: [gpt-4, claude-2], integrations: [email], agent_creation: admin_approval, file_upload_limit: 100MB}
projects:
  - {name: alpha, members: {departments: [marketing]}, agents: [writer], from: 2026-11-01, ends: 2026-12-01}
rules:
  - {name: marketers, groups: [Marketing], role: member, department: marketing, permission_sets: [marketing_team]}
  - {name: sellers, groups: [Sales], role: member, department: sales}
  - {name: admins, groups: [IT Admins], role: admin}
`

const marketingUpdate = `{"operation": "update_permissions", "filter": {"department": "marketing", "role": "member"},
 "changes": {"add_integrations": ["instagram", "tiktok"], "ai_model_access": ["gpt-4", "claude-3"], "file_upload_limit": "200MB"}}`

func (w *world) permissionUpdate(text string, until time.Time) *provision.PermissionUpdate {
	w.t.Helper()
	read, problems := config.ParseUpdate("update.json", []byte(text))
	if directory.Failed(problems) {
		w.t.Fatal(problems)
	}
	cause := directory.Cause{Kind: directory.CauseAdmin, ID: "request", Actor: "root@acme.com", Reason: "campaign"}
	return &provision.PermissionUpdate{Org: w.org, Text: []byte(text), Read: read, Until: until, Cause: cause}
}

// may asks whether somebody may do something now.
func (w *world) may(name, action, kind, id string) access.Answer {
	w.t.Helper()
	var a access.Answer
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		policy, err := w.engine.Access(tx, w.org)
		if err != nil {
			return err
		}
		rows, err := tx.Members(w.org, []directory.ID{w.of("okta", name).ID})
		if err != nil {
			return err
		}
		given, err := w.engine.Permissions(tx, w.org, rows...)
		if err != nil {
			return err
		}
		a = policy.Can(rows[0], access.Question{Action: action, Resource: access.Resource{Thing: access.Thing{Type: kind, ID: id}}}, w.now, given[0]...)
		return nil
	}))
	return a
}

func permittedWorld(t *testing.T) *world {
	w := newWorld(t, permitted)
	for _, name := range []string{"ann", "bea", "sam", "root"} {
		w.create("okta", name, person(name))
	}
	w.group("okta", "Marketing", "ann", "bea")
	w.group("okta", "Sales", "sam")
	w.group("okta", "IT Admins", "root")
	w.idle()
	return w
}

func TestMassUpdate(t *testing.T) {
	w := permittedWorld(t)
	u := w.permissionUpdate(marketingUpdate, time.Time{})
	before := w.lastLine().Seq
	plan, err := w.engine.PlanPermissions(t.Context(), u)
	w.must(err)
	if plan.Matched != 2 || plan.Changed != 2 || w.lastLine().Seq != before {
		t.Fatalf("plan %+v, %d entries", plan, w.lastLine().Seq-before)
	}
	var rows []string
	for _, r := range plan.Rows {
		rows = append(rows, fmt.Sprintf("%s %s %s>%s %d %s", r.Name, r.Change, r.Before, r.After, r.Count, strings.Join(r.People, ",")))
	}
	want := []string{
		"ai_models gains >claude-3 2 ann@acme.com,bea@acme.com",
		"ai_models loses claude-2> 2 ann@acme.com,bea@acme.com",
		"file_upload_limit becomes 100MB>200MB 2 ann@acme.com,bea@acme.com",
		"integrations gains >instagram 2 ann@acme.com,bea@acme.com",
		"integrations gains >tiktok 2 ann@acme.com,bea@acme.com",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("rows\n%s", strings.Join(rows, "\n"))
	}
	if _, _, err := w.engine.ApplyPermissions(t.Context(), u, "0123456789abcdef"); directory.KindOf(err) != directory.Precondition {
		t.Errorf("another plan: %v", err)
	}
	applied, _, err := w.engine.ApplyPermissions(t.Context(), u, plan.ID)
	w.must(err)
	if a := w.may("ann", "integrations.use", "integration", "instagram"); !a.Allowed || a.Source.Kind != access.KindUpdate || a.Source.At != applied.ID.String() {
		t.Errorf("ann: %+v", a)
	}
	if w.may("sam", "integrations.use", "integration", "instagram").Allowed {
		t.Error("sam is not meant")
	}
	told := w.lastLine()
	if told.Kind != "permission.given" || told.Cause.ID != applied.ID.String() || told.Cause.Reason != "campaign" || !strings.Contains(told.Notes[0], "integrations + instagram, tiktok") {
		t.Errorf("told as %+v", told)
	}
	if _, _, err := w.engine.ApplyPermissions(t.Context(), u, ""); directory.KindOf(err) != directory.Conflict {
		t.Errorf("twice: %v", err)
	}
}

func TestUndoTakesBackExactlyWhatAnUpdateGave(t *testing.T) {
	w := permittedWorld(t)
	first, _, err := w.engine.ApplyPermissions(t.Context(), w.permissionUpdate(marketingUpdate, time.Time{}), "")
	w.must(err)
	w.now = w.now.Add(time.Minute)
	other := `{"operation": "update_permissions", "filter": {"emails": "ann@acme.com"}, "changes": {"add_integrations": ["figma"]}}`
	_, _, err = w.engine.ApplyPermissions(t.Context(), w.permissionUpdate(other, time.Time{}), "")
	w.must(err)
	w.remove("Marketing", "bea")
	w.add("Sales", "bea")
	_, err = w.engine.UndoPermissions(t.Context(), w.org, first.ID, rootCause())
	w.must(err)
	for item, may := range map[string]bool{"instagram": false, "figma": true, "email": true} {
		if a := w.may("ann", "integrations.use", "integration", item); a.Allowed != may {
			t.Errorf("ann and %s: %+v", item, a)
		}
	}
	if w.may("bea", "integrations.use", "integration", "instagram").Allowed || !w.may("ann", "models.use", "model", "claude-2").Allowed {
		t.Error("somebody kept what was undone, or did not get back what it had taken")
	}
	if _, err := w.engine.UndoPermissions(t.Context(), w.org, first.ID, rootCause()); directory.KindOf(err) != directory.Conflict {
		t.Errorf("twice: %v", err)
	}
	if m := w.of("okta", "bea"); m.Permitted {
		t.Error("bea's grants are read although there are none")
	}
}

func TestUpdateEndsByItself(t *testing.T) {
	w := permittedWorld(t)
	until := w.now.Add(3 * day)
	_, _, err := w.engine.ApplyPermissions(t.Context(), w.permissionUpdate(marketingUpdate, until), "")
	w.must(err)
	w.now = until.Add(-1)
	if !w.may("ann", "integrations.use", "integration", "tiktok").Allowed {
		t.Error("it ended too early")
	}
	w.now = until
	if a := w.may("ann", "integrations.use", "integration", "tiktok"); a.Allowed {
		t.Errorf("it has ended, before anybody noticed: %+v", a)
	}
	w.pass(time.Hour)
	if m := w.of("okta", "ann"); m.Permitted {
		t.Error("what has ended is still with ann")
	}
	if told := w.lastLine(); told.Kind != "permission.taken" || told.Cause.Kind != directory.CauseTime {
		t.Errorf("told as %+v", told)
	}
}

func TestUpdateOfManyIsAJobThatGoesOn(t *testing.T) {
	w := newWorld(t, permitted)
	names := make([]string, 620)
	for i := range names {
		names[i] = fmt.Sprintf("p%03d", i)
		w.create("okta", names[i], person(names[i]))
	}
	w.group("okta", "Marketing", names...)
	w.idle()
	u, _, err := w.engine.ApplyPermissions(t.Context(), w.permissionUpdate(marketingUpdate, time.Time{}), "")
	w.must(err)
	if w.may("p619", "integrations.use", "integration", "tiktok").Allowed {
		t.Error("so many were done at once")
	}
	if w.jobs() == 0 {
		t.Fatal("nothing is left to do")
	}
	stopped := w.engine // as after a kill: another process goes on
	w.engine = &provision.Engine{Store: stopped.Store, Log: stopped.Log, Now: stopped.Now, Compile: stopped.Compile}
	w.idle()
	for _, name := range []string{"p000", "p310", "p619"} {
		if !w.may(name, "integrations.use", "integration", "tiktok").Allowed {
			t.Errorf("%s was left out", name)
		}
	}
	_, err = w.engine.UndoPermissions(t.Context(), w.org, u.ID, rootCause())
	w.must(err)
	w.idle()
	for _, name := range []string{"p000", "p310", "p619"} {
		if w.may(name, "integrations.use", "integration", "tiktok").Allowed {
			t.Errorf("%s kept it", name)
		}
	}
}

func TestAPlanSaysWhatIsWithoutEffect(t *testing.T) {
	w := newWorld(t, strings.Replace(permitted, "{name: viewer}", "{name: viewer, permissions: [integrations.use.all]}", 1))
	for _, name := range []string{"ann", "sam"} {
		w.create("okta", name, person(name))
	}
	w.group("okta", "Marketing", "ann")
	w.group("okta", "Sales", "sam")
	w.idle()
	text := `{"operation": "update_permissions", "filter": {"role": "member"},
 "changes": {"add_integrations": ["instagram", "tiktok"], "remove_knowledge_bases": ["none"], "add_ai_models": ["gpt-4", "gpt-5"], "agent_creation": "admin_approval"}}`
	plan, err := w.engine.PlanPermissions(t.Context(), w.permissionUpdate(text, time.Time{}))
	w.must(err)
	var idle []string
	for _, i := range plan.WithoutEffect {
		idle = append(idle, fmt.Sprintf("%s %s %s (%s)", i.Name, i.Change, strings.Join(i.Items, ", "), i.Why))
	}
	want := []string{"integrations adds instagram, tiktok (role viewer gives every one)", "knowledge_base_access removes none (nobody has it)"}
	if plan.Matched != 2 || !slices.Equal(idle, want) {
		t.Errorf("of %d without effect:\n%s\nrows %+v", plan.Matched, strings.Join(idle, "\n"), plan.Rows)
	}
}

func TestTakingAwayWhatOnlyARoleGivesIsPlanned(t *testing.T) {
	w := newWorld(t, strings.Replace(permitted, "{name: viewer}", "{name: viewer, permissions: [integrations.use.all]}", 1))
	w.create("okta", "sam", person("sam"))
	w.group("okta", "Sales", "sam")
	w.idle()
	text := `{"operation": "update_permissions", "filter": {"department": "sales"}, "changes": {"remove_integrations": ["tiktok"]}}`
	u := w.permissionUpdate(text, time.Time{})
	_, plan, err := w.engine.ApplyPermissions(t.Context(), u, "")
	w.must(err)
	if len(plan.Rows) != 1 || plan.Rows[0].Change != "loses" || plan.Rows[0].Before != "tiktok" || plan.WithoutEffect != nil {
		t.Errorf("planned %+v, without effect %+v", plan.Rows, plan.WithoutEffect)
	}
	if w.may("sam", "integrations.use", "integration", "tiktok").Allowed {
		t.Error("the role gives it still")
	}
}

func TestUpdatesThatMeanNobody(t *testing.T) {
	w := permittedWorld(t)
	for filter, want := range map[string]struct {
		kind directory.Kind
		says string
	}{
		`{"department": "marktng"}`:                {directory.Invalid, `write "marketing"`},
		`{"role": "membr"}`:                        {directory.Invalid, `write "member"`},
		`{"emails": "nobody@acme.com"}`:            {directory.Invalid, "nobody@acme.com is no active member"},
		`{"team": "none"}`:                         {directory.Conflict, "means nobody"},
		`{"department": "sales", "role": "admin"}`: {directory.Conflict, "means nobody"},
	} {
		text := `{"operation": "update_permissions", "filter": ` + filter + `, "changes": {"add_integrations": ["x"]}}`
		_, _, err := w.engine.ApplyPermissions(t.Context(), w.permissionUpdate(text, time.Time{}), "")
		if directory.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.says) {
			t.Errorf("%s: %v", filter, err)
		}
	}
	_, err := w.engine.PlanPermissions(t.Context(), w.permissionUpdate(marketingUpdate, w.now.Add(-day)))
	if directory.KindOf(err) != directory.Invalid {
		t.Errorf("an end that is past: %v", err)
	}
}

func TestPermissionsSurviveAMergeAndALeaveOfAWeek(t *testing.T) {
	w := permittedWorld(t)
	_, _, err := w.engine.ApplyPermissions(t.Context(), w.permissionUpdate(marketingUpdate, time.Time{}), "")
	w.must(err)
	bea := w.of("okta", "bea")
	w.create("entra", "twin", person("twin"))
	twin := w.of("entra", "twin")
	_, err = w.engine.Merge(t.Context(), provision.Act{Org: w.org, Member: twin.ID, Cause: rootCause()}, bea.ID)
	w.must(err)
	if a := w.may("bea", "integrations.use", "integration", "tiktok"); w.of("okta", "bea").ID != twin.ID || !a.Allowed {
		t.Errorf("merged: %+v", a)
	}
	w.act(w.engine.Suspend, w.of("okta", "ann"))
	if w.may("ann", "integrations.use", "integration", "tiktok").Allowed {
		t.Error("a suspended member may do it")
	}
	w.act(w.engine.Reactivate, w.of("okta", "ann"))
	w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
	w.pass(7 * day)
	w.replace("okta", "ann", person("ann"))
	if !w.may("ann", "integrations.use", "integration", "tiktok").Allowed {
		t.Error("gone after a week")
	}
	w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
	w.pass(40 * day)
	w.replace("okta", "ann", person("ann"))
	if w.may("ann", "integrations.use", "integration", "tiktok").Allowed || w.of("okta", "ann").Permitted {
		t.Error("back after 40 days, with what was given by hand")
	}
}
