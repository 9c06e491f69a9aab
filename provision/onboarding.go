package provision

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/onboarding"
	"github.com/mixus/usher/store"
)

// The kinds of entry about onboarding.
const (
	kindStepDone  = "onboarding.step_done"
	kindStepBack  = "onboarding.step_taken_back"
	kindOnboarded = "onboarding.completed" // everything that is required is done; it is taken back with a step
)

// attributeOnboarded is under what the detail of a completed onboarding says whose it is.
const attributeOnboarded = "onboarding"

// stepSkew is how far the clock of who reports a step may be ahead of ours.
const stepSkew = time.Minute

// stepYear is the first year in which a step can have been done. Of several reports the earliest counts, so that a date that
// came of nothing, as many dates of 1970 do, would stand for good.
const stepYear = 2000

// onboardee is a member on the way through their onboarding.
type onboardee struct {
	plan     *onboarding.Plan
	member   *directory.Member
	grant    *directory.Grant // nil while nothing is kept
	record   *directory.Onboarding
	progress *onboarding.Progress
	accepted time.Time // when the member accepted terms last; zero for never
}

// Onboarding returns how far a member is with what is asked of who is new.
func (e *Engine) Onboarding(ctx context.Context, org directory.OrgNum, member directory.ID) (*onboarding.Progress, error) {
	var o *onboardee
	err := e.Store.View(ctx, func(tx store.Tx) error {
		policy, err := e.Policy(tx, org)
		if err != nil {
			return err
		}
		members, err := tx.Members(org, []directory.ID{member})
		if err != nil {
			return err
		}
		if members[0] == nil {
			return directory.Errorf(directory.NotFound, "There is no member %s in this organization.", member)
		}
		o, err = readOnboardee(tx, policy, members[0])
		return err
	})
	if err != nil {
		return nil, err
	}
	return o.progress, nil
}

func readOnboardee(tx store.Grants, policy *mapping.Policy, m *directory.Member) (*onboardee, error) {
	grants, err := tx.Grants(m.Org, []directory.ID{m.ID})
	if err != nil {
		return nil, err
	}
	o := newOnboardee(onboarding.Compile(policy.Organization), policy.Organization.Terms.Any(), m, grants[0])
	o.judge()
	return o, nil
}

// newOnboardee reads what a member has done. The step account counts where the grants show that the person has signed in and
// accepted terms, so that it does for those too who had before there was an onboarding.
func newOnboardee(plan *onboarding.Plan, terms bool, m *directory.Member, grants []*directory.Grant) *onboardee {
	o := &onboardee{plan: plan, member: m, record: &directory.Onboarding{}}
	var signedIn time.Time
	for _, g := range grants {
		switch {
		case g.Kind == directory.GrantOnboarding:
			o.grant, o.record = g, g.Onboarding.Clone()
		case g.Kind == directory.GrantTerms:
			o.accepted = g.Created
		case fromSignIn(g) && (signedIn.IsZero() || g.Created.Before(signedIn)):
			signedIn = g.Created
		}
	}
	if !signedIn.IsZero() {
		o.account(terms, signedIn)
	}
	return o
}

// fromSignIn reports whether somebody who has a grant has signed in.
func fromSignIn(g *directory.Grant) bool {
	return g.HasSignedIn() || g.Kind == directory.GrantPassword || g.Kind == directory.GrantPasskey
}

// account notes the step account of somebody who has signed in, where they have joined and accepted what there is to accept.
func (o *onboardee) account(terms bool, signedIn time.Time) {
	if _, known := o.record.Done[config.AccountStep]; known || o.member.Joined.IsZero() || terms && o.accepted.IsZero() {
		return
	}
	at := o.member.Joined
	for _, t := range []time.Time{signedIn, o.accepted} {
		if t.After(at) {
			at = t
		}
	}
	o.record.Note(config.AccountStep, directory.StepDone{At: at.UTC()})
}

// kept reports whether it is written down already that a step was done.
func (o *onboardee) kept(step string) bool {
	if o.grant == nil {
		return false
	}
	_, done := o.grant.Onboarding.Done[step]
	return done
}

// judge says how far the member is now.
func (o *onboardee) judge() { o.progress = o.plan.Progress(&o.member.Decision, o.record) }

// ReportStep notes that a member has done a step or a module, at an instant; the zero one means now. Of several reports of one
// step the earliest counts, so that reporting twice changes nothing. It is NotFound for what is not asked of the member.
func (e *Engine) ReportStep(ctx context.Context, a Act, step string, at time.Time) (*onboarding.Progress, error) {
	return e.onboard(ctx, a, step, func(s *settlement, o *onboardee) error {
		switch {
		case o.member.Status == directory.StatusNone, o.member.Status == directory.StatusRemoved:
			return directory.Errorf(directory.Conflict, "This person is not a member; nothing is asked of them.")
		case o.progress.Step(step) == nil:
			return unknownStep(o.progress, step)
		case at.After(s.now.Add(stepSkew)):
			return wrong("at", "The step would be done at %s, which has not come yet.", clock(at))
		case !at.IsZero() && at.UTC().Year() < stepYear:
			return wrong("at", "The step would be done at %s, which is too long ago; leave the date out for now.", clock(at))
		}
		done := directory.StepDone{At: at.UTC(), By: s.cause.Actor}
		if at.IsZero() || at.After(s.now) {
			done.At = s.now
		}
		if !o.record.Note(step, done) {
			return s.advance(o, "") // known already
		}
		return s.advance(o, step)
	})
}

// TakeBackStep forgets that a member has done a step. Where they have to do it, they have not completed everything any more.
// Taking back what was not done changes nothing.
func (e *Engine) TakeBackStep(ctx context.Context, a Act, step string) (*onboarding.Progress, error) {
	return e.onboard(ctx, a, step, func(s *settlement, o *onboardee) error {
		asked := o.progress.Step(step)
		if _, done := o.record.Done[step]; !done {
			if asked == nil {
				return unknownStep(o.progress, step)
			}
			return nil
		}
		delete(o.record.Done, step)
		if asked != nil && asked.Required {
			o.record.Completed = time.Time{}
		}
		return s.keepOnboarding(o, s.stepEntry(o, kindStepBack, "the step "+step+" was taken back"))
	})
}

// onboard runs fn for a member, about a step that is reported from outside, and returns how far the member is then.
func (e *Engine) onboard(ctx context.Context, a Act, step string, fn func(*settlement, *onboardee) error) (*onboarding.Progress, error) {
	if step == config.AccountStep {
		return nil, directory.Errorf(directory.Conflict, "The step %s is done by itself once the person has joined, signed in and accepted the terms.", step)
	}
	var o *onboardee
	err := e.update(ctx, a.Org, a.Cause, func(s *settlement) error {
		m, err := s.existing(a.Member)
		if err != nil {
			return err
		}
		if o, err = readOnboardee(s.tx, s.policy, m); err != nil {
			return err
		}
		if err := fn(s, o); err != nil {
			return err
		}
		o.judge()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return o.progress, nil
}

// unknownStep says which steps a member has.
func unknownStep(p *onboarding.Progress, step string) error {
	var ids []string
	for i := range p.Steps {
		ids = append(ids, p.Steps[i].ID)
	}
	text := fmt.Sprintf("No step %q is asked of this member", step)
	switch near := config.Nearest(step, ids); {
	case near != "":
		text += "; did you mean " + near + "?"
	case len(ids) == 0:
		text += ", nor any other."
	default:
		text += "; theirs are " + strings.Join(ids, ", ") + "."
	}
	e := directory.Errorf(directory.NotFound, "%s", text)
	e.Field = "step"
	return e
}
