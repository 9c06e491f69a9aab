package provision_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/onboarding"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

var newcomers = open + `
onboarding:
  steps:
    - {id: account, minutes: 2}
    - {id: profile, minutes: 3}
  training: {engineering_team: {required_modules: [github], optional_modules: [deploy]}}
  badge: {name: Onboarded}
`

func appCause() directory.Cause {
	return directory.Cause{Kind: directory.CauseAdmin, ID: "request-app", Actor: "atlas"}
}

func (w *world) report(m *directory.Member, step string) (*onboarding.Progress, error) {
	return w.engine.ReportStep(context.Background(), provision.Act{Org: w.org, Member: m.ID, Cause: appCause()}, step, time.Time{})
}

func (w *world) takeBack(m *directory.Member, step string) (*onboarding.Progress, error) {
	return w.engine.TakeBackStep(context.Background(), provision.Act{Org: w.org, Member: m.ID, Cause: appCause()}, step)
}

// onboarded is how far a member is, in a line.
func (w *world) onboarded(m *directory.Member) string {
	w.t.Helper()
	p, err := w.engine.Onboarding(w.t.Context(), w.org, m.ID)
	w.must(err)
	return inWords(p)
}

func inWords(p *onboarding.Progress) string {
	var done, open []string
	for i := range p.Steps {
		s := &p.Steps[i]
		name := s.ID
		if s.New {
			name += "!"
		}
		if s.Done {
			done = append(done, name)
		} else {
			open = append(open, name)
		}
	}
	return fmt.Sprintf("%s %d/%d %s|%s", p.State, p.Done, p.Total, strings.Join(done, ","), strings.Join(open, ","))
}

func (w *world) wantSteps(m *directory.Member, want string) {
	w.t.Helper()
	if got := w.onboarded(m); got != want {
		w.t.Errorf("%s, want %s", got, want)
	}
}

func (w *world) engineer(name string) *directory.Member {
	w.t.Helper()
	w.create("okta", name, person(name))
	if _, there := w.ids["okta:#Engineering"]; there {
		w.add("Engineering", name)
	} else {
		w.group("okta", "Engineering", name)
	}
	return w.of("okta", name)
}

func TestOnboardingFromTheFirstSignInToTheBadge(t *testing.T) {
	w := newWorld(t, newcomers)
	ann := w.engineer("ann")
	w.wantSteps(ann, "not_begun 0/3 |account,profile,github,deploy")
	w.login("okta", "ann")
	w.wantSteps(ann, "under_way 1/3 account|profile,github,deploy")

	_, err := w.report(ann, "github")
	w.must(err)
	told := w.lastLine()
	if told.Kind != "onboarding.step_done" || told.Cause.Actor != "atlas" || !slices.Contains(told.Notes, "the step github is done") || told.Subjects[0].ID != ann.ID {
		t.Errorf("told as %+v", told)
	}
	w.wantSteps(ann, "under_way 2/3 account,github|profile,deploy")
	_, err = w.report(ann, "github")
	w.must(err)
	if again := w.lastLine(); again.Seq != told.Seq {
		t.Errorf("reporting twice is told twice: %+v", again)
	}

	p, err := w.report(ann, "profile")
	w.must(err)
	if p.Badge == nil || p.Badge.Name != "Onboarded" || p.Percent() != 100 {
		t.Errorf("completed: %+v", p)
	}
	told = w.lastLine()
	if told.Kind != "onboarding.completed" || !slices.Equal(told.Notes, []string{"everything that is required is done: 3 of 3", "badge Onboarded"}) ||
		len(told.Proof) == 0 {
		t.Errorf("completed is told as %+v", told)
	}
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		details, err := tx.Details([]uint64{told.Seq})
		if err == nil && (len(details[0].Values) != 1 || string(details[0].Values[0].After) != `{"email":"ann@acme.com","name":"ann"}`) {
			t.Errorf("the values are %+v", details[0])
		}
		return err
	}))
	w.wantSteps(ann, "complete 3/3 account,profile,github|deploy")
	if after := w.of("okta", "ann"); after.Revision != ann.Revision && !after.Decision.Equal(&ann.Decision) {
		t.Error("onboarding changed what ann is")
	}
}

func TestOnboardingAsksForMoreAndForLess(t *testing.T) {
	w := newWorld(t, newcomers)
	ann := w.engineer("ann")
	w.login("okta", "ann")
	for _, step := range []string{"profile", "github"} {
		_, err := w.report(ann, step)
		w.must(err)
	}
	w.activate(strings.Replace(newcomers, "[github]", "[github, docs]", 1))
	w.wantSteps(ann, "complete 3/4 account,profile,github|docs!,deploy")
	told := w.lastLine()
	_, err := w.report(ann, "docs")
	w.must(err)
	if line := w.lastLine(); line.Kind != "onboarding.step_done" || line.Seq != told.Seq+1 {
		t.Errorf("what is new is done, told as %+v", line)
	}
	w.activate(newcomers)
	w.wantSteps(ann, "complete 3/3 account,profile,github|deploy")

	bob := w.engineer("bob")
	w.login("okta", "bob")
	_, err = w.report(bob, "profile")
	w.must(err)
	w.activate(strings.Replace(newcomers, "[github]", "[]", 1))
	w.wantSteps(bob, "complete 2/2 account,profile|deploy")
	w.login("okta", "bob")
	w.activate(newcomers)
	w.wantSteps(bob, "complete 2/3 account,profile|github!,deploy")
}

func TestTakingAStepBack(t *testing.T) {
	w := newWorld(t, newcomers)
	ann := w.engineer("ann")
	w.login("okta", "ann")
	for _, step := range []string{"profile", "github", "deploy"} {
		_, err := w.report(ann, step)
		w.must(err)
	}
	_, err := w.takeBack(ann, "deploy")
	w.must(err)
	w.wantSteps(ann, "complete 3/3 account,profile,github|deploy")
	_, err = w.takeBack(ann, "github")
	w.must(err)
	w.wantSteps(ann, "under_way 2/3 account,profile|github,deploy")
	told := w.lastLine()
	if told.Kind != "onboarding.step_taken_back" || !slices.Contains(told.Notes, "the step github was taken back") {
		t.Errorf("told as %+v", told)
	}
	_, err = w.takeBack(ann, "github")
	w.must(err)
	if again := w.lastLine(); again.Seq != told.Seq {
		t.Errorf("taking back twice is told twice: %+v", again)
	}
	_, err = w.report(ann, "github")
	w.must(err)
	if line := w.lastLine(); line.Kind != "onboarding.completed" {
		t.Errorf("done again, told as %+v", line)
	}

	w.activate(strings.Replace(newcomers, "[github]", "[]", 1))
	_, err = w.takeBack(ann, "github")
	w.must(err)
	w.wantSteps(ann, "complete 2/2 account,profile|deploy")
	if _, err = w.takeBack(ann, "github"); directory.KindOf(err) != directory.NotFound {
		t.Errorf("what is neither asked nor done: %v", err)
	}
}

// rerunning is a store that runs every transaction again, the first time without effect, as a store may (store.Store).
type rerunning struct{ store.Store }

func (r rerunning) Update(ctx context.Context, fn func(store.Tx) error) error {
	undone := errors.New("undone")
	err := r.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		return err
	}
	return r.Store.Update(ctx, fn)
}

func TestATransactionThatRunsAgainReportsOnce(t *testing.T) {
	w := newWorld(t, newcomers)
	ann := w.engineer("ann")
	w.engine.Store = rerunning{w.store}
	w.login("okta", "ann")
	at := w.lastLine().Seq
	for _, do := range []func(*directory.Member, string) (*onboarding.Progress, error){w.report, w.takeBack, w.report} {
		_, err := do(ann, "github")
		w.must(err)
	}
	w.wantSteps(ann, "under_way 2/3 account,github|profile,deploy")
	if now := w.lastLine().Seq; now != at+3 {
		t.Errorf("told in %d entries, want 3", now-at)
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	w := newWorld(t, newcomers)
	ann, bob := w.engineer("ann"), w.engineer("bob")
	w.login("okta", "ann")
	for step, want := range map[string]struct {
		kind directory.Kind
		text string
	}{
		"githup":  {directory.NotFound, "did you mean github?"},
		"x":       {directory.NotFound, "theirs are account, profile, github, deploy."},
		"account": {directory.Conflict, "done by itself"},
	} {
		for _, do := range []func(*directory.Member, string) (*onboarding.Progress, error){w.report, w.takeBack} {
			if _, err := do(ann, step); directory.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.text) {
				t.Errorf("%s: %v", step, err)
			}
		}
	}
	later := provision.Act{Org: w.org, Member: ann.ID, Cause: appCause()}
	if _, err := w.engine.ReportStep(t.Context(), later, "github", w.now.Add(time.Hour)); directory.KindOf(err) != directory.Invalid {
		t.Errorf("in an hour: %v", err)
	}
	p, err := w.engine.ReportStep(t.Context(), later, "github", w.now.Add(time.Second))
	w.must(err)
	if at := p.Step("github").DoneAt; !at.Equal(w.now) {
		t.Errorf("by a clock that is ahead: %s", at)
	}
	p, err = w.engine.ReportStep(t.Context(), later, "github", w.now.Add(-time.Hour))
	w.must(err)
	if at := p.Step("github").DoneAt; !at.Equal(w.now.Add(-time.Hour)) {
		t.Errorf("an earlier report: %s", at)
	}
	w.act(w.engine.Remove, bob)
	if _, err := w.report(bob, "github"); directory.KindOf(err) != directory.Conflict {
		t.Errorf("of somebody who was removed: %v", err)
	}
	if _, err := w.report(&directory.Member{ID: directory.ID{1}}, "github"); directory.KindOf(err) != directory.NotFound {
		t.Errorf("of nobody: %v", err)
	}
	if _, err := w.engine.Onboarding(t.Context(), w.org, directory.ID{1}); directory.KindOf(err) != directory.NotFound {
		t.Errorf("of nobody: %v", err)
	}
}

func TestTheAccountIsDoneOnceTermsAreAccepted(t *testing.T) {
	w := newWorld(t, newcomers+terms2027)
	ann := w.engineer("ann")
	w.login("okta", "ann")
	w.wantSteps(ann, "not_begun 0/3 |account,profile,github,deploy")
	w.must(w.acceptTerms(ann, "2027-01"))
	w.wantSteps(ann, "under_way 1/3 account|profile,github,deploy")
	if line := w.lastLine(); line.Kind != "onboarding.step_done" || line.Cause.ID != "request-terms" {
		t.Errorf("told as %+v", line)
	}
	w.activate(newcomers + strings.Replace(terms2027, "2027", "2028", 1))
	w.wantSteps(ann, "under_way 1/3 account|profile,github,deploy")
}

// Who signed in before anything was asked has an account.
func TestTheAccountOfWhoWasThereBefore(t *testing.T) {
	w := newWorld(t, open)
	ann := w.engineer("ann")
	w.login("okta", "ann")
	told := w.lastLine()
	w.activate(newcomers)
	w.wantSteps(ann, "under_way 1/3 account|profile,github,deploy")
	if line := w.lastLine(); strings.HasPrefix(line.Kind, "onboarding") || line.Seq < told.Seq {
		t.Errorf("told as %+v", line)
	}
}

func TestOnboardingSurvivesLeavingAndMerging(t *testing.T) {
	w := newWorld(t, newcomers)
	ann := w.engineer("ann")
	w.login("okta", "ann")
	for _, step := range []string{"profile", "github"} {
		_, err := w.report(ann, step)
		w.must(err)
	}
	w.act(w.engine.Suspend, ann)
	w.act(w.engine.Reactivate, ann)
	w.wantSteps(ann, "complete 3/3 account,profile,github|deploy")

	bob, eve := w.engineer("bob"), w.engineer("eve")
	_, err := w.report(bob, "profile")
	w.must(err)
	_, err = w.report(eve, "github")
	w.must(err)
	w.login("okta", "eve")
	_, err = w.engine.Merge(t.Context(), provision.Act{Org: w.org, Member: bob.ID, Cause: rootCause()}, eve.ID)
	w.must(err)
	w.wantSteps(bob, "complete 3/3 account,profile,github|deploy")
	if _, err := w.report(eve, "deploy"); directory.KindOf(err) != directory.Conflict {
		t.Errorf("of somebody who was merged: %v", err)
	}
	zoe := w.engineer("zoe")
	_, err = w.engine.Merge(t.Context(), provision.Act{Org: w.org, Member: zoe.ID, Cause: rootCause()}, ann.ID)
	w.must(err)
	w.wantSteps(zoe, "complete 3/3 account,profile,github|deploy")
}

func TestOnboardingIsListedAndSummarized(t *testing.T) {
	w := newWorld(t, newcomers)
	var all []*directory.Member
	for _, name := range []string{"ann", "bob", "cid"} {
		all = append(all, w.engineer(name))
	}
	w.create("okta", "dee", person("dee"))
	w.login("okta", "dee")
	w.login("okta", "ann")
	w.pass(48 * time.Hour)
	for _, step := range []string{"github", "profile"} {
		_, err := w.report(all[0], step)
		w.must(err)
	}
	_, err := w.report(all[1], "deploy")
	w.must(err)
	w.act(w.engine.Suspend, w.engineer("zed"))

	list := func(f provision.OnboardingFilter, limit int) string {
		var out []string
		for after := directory.NoID; ; {
			page, err := w.engine.ListOnboarding(t.Context(), w.org, f, after, limit)
			w.must(err)
			for _, o := range page.People {
				out = append(out, o.Member.Decision.Name+" "+string(o.Progress.State))
			}
			if after = page.Next; after.IsZero() {
				return strings.Join(out, ", ")
			}
		}
	}
	for _, limit := range []int{1, 2, 100} {
		for want, f := range map[string]provision.OnboardingFilter{
			"ann complete, bob under_way, cid not_begun, dee under_way": {},
			"bob under_way, cid not_begun, dee under_way":               {Incomplete: true},
			"bob under_way, cid not_begun":                              {Incomplete: true, Department: "Engineering"},
			"":                                                          {Department: "sales"},
		} {
			if got := list(f, limit); got != want {
				t.Errorf("%+v by %d: %q, want %q", f, limit, got, want)
			}
		}
	}

	s, err := w.engine.SummarizeOnboarding(t.Context(), w.org)
	w.must(err)
	if got := fmt.Sprint(s.OnboardingCount, s.Departments); got != "{1 2 1} [{ {0 1 0}} {engineering {1 1 1}}]" {
		t.Errorf("counts are %s", got)
	}
	var steps []string
	for _, k := range s.Steps {
		steps = append(steps, fmt.Sprintf("%s %v %d/%d %s", k.ID, k.Required, k.Done, k.Asked, k.Mean.Round(time.Hour)))
	}
	want := []string{"github true 1/3 48h0m0s", "profile true 1/4 48h0m0s", "account true 2/4 24h0m0s", "deploy false 1/3 48h0m0s"}
	if !slices.Equal(steps, want) {
		t.Errorf("steps are %q", steps)
	}
}

func TestNothingIsAskedOfAnybody(t *testing.T) {
	w := newWorld(t, open)
	w.engineer("ann")
	page, err := w.engine.ListOnboarding(t.Context(), w.org, provision.OnboardingFilter{}, directory.NoID, 10)
	w.must(err)
	s, err := w.engine.SummarizeOnboarding(t.Context(), w.org)
	w.must(err)
	if len(page.People)+len(s.Steps)+len(s.Departments)+s.NotBegun+s.Complete+s.UnderWay != 0 || !page.Next.IsZero() {
		t.Errorf("%+v %+v", page, s)
	}
}

// Whatever is reported and taken back, in whatever order and how often: what counts is what was said last of each step, and
// the record of two orders is the same.
func TestReportsInAnyOrderLeadToTheSame(t *testing.T) {
	w := newWorld(t, newcomers)
	one, two := w.engineer("one"), w.engineer("two")
	w.login("okta", "one")
	w.login("okta", "two")
	rapid.Check(t, func(r *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{"profile", "github", "deploy"}), 0, 6).Draw(r, "steps")
		for _, m := range []*directory.Member{one, two} {
			for _, step := range []string{"profile", "github", "deploy"} {
				_, err := w.takeBack(m, step)
				w.must(err)
			}
		}
		for _, step := range steps {
			_, err := w.report(one, step)
			w.must(err)
		}
		for _, step := range rapid.Permutation(slices.Concat(steps, steps)).Draw(r, "order") {
			_, err := w.report(two, step)
			w.must(err)
		}
		if a, b := w.onboarded(one), w.onboarded(two); a != b {
			r.Fatalf("%s and %s", a, b)
		}
	})
}

// asking is an onboarding for the tests of invitations.
const asking = `
onboarding:
  steps: [{id: account}, {id: profile}]
`

func TestWhoTakesAnInvitationOverHasWhatWasDoneUnderIt(t *testing.T) {
	w := newInviteWorld(t, byProvider+asking)
	g := w.bea()
	link := w.link()
	bea := w.one("bea@acme.com")
	_, err := w.report(bea, "profile") // before the first day
	w.must(err)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	ann := w.one("ann@acme.com")
	w.wantSteps(ann, "not_begun 0/2 |account,profile")
	signedIn := w.signedInAs("okta", "ann@acme.com", "bea@acme.com")
	w.wantSteps(ann, "under_way 1/2 account|profile")
	_, err = w.engine.AcceptSignedIn(t.Context(), link, signedIn.Session, "r")
	w.must(err)
	w.wantSteps(ann, "complete 2/2 account,profile|")
	if grants := w.onboardings(g.Member); grants != 0 {
		t.Errorf("who was invited keeps %d", grants)
	}
}

// onboardings is how many rows of onboarding a member has.
func (w *world) onboardings(member directory.ID) (n int) {
	w.t.Helper()
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		grants, err := tx.Grants(w.org, []directory.ID{member})
		if err != nil {
			return err
		}
		n = 0
		for _, g := range grants[0] {
			if g.Kind == directory.GrantOnboarding {
				n++
			}
		}
		return nil
	}))
	return n
}

func TestTheAccountOfAnOutsiderWhoSignsInByCode(t *testing.T) {
	w := newInviteWorld(t, invites+asking)
	in := w.joined("zoe@elsewhere.example")
	w.wantSteps(in.Member, "under_way 1/2 account|profile")
	if n := w.onboardings(in.Member.ID); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}
