package provision

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/onboarding"
	"github.com/mixus/usher/store"
)

// OnboardingFilter narrows a list of who is where.
type OnboardingFilter struct {
	Incomplete bool   // only those who have not completed everything
	Department string // only those of this department
}

// Onboarded is a member, and how far they are.
type Onboarded struct {
	Member   *directory.Member
	Progress *onboarding.Progress
}

// OnboardingPage is one page of who is where. Next goes on behind it, zero at the end.
type OnboardingPage struct {
	People []Onboarded
	Next   directory.ID
}

const (
	onboardingRows = 500    // members that one snapshot reads
	onboardingMost = 20_000 // members that one page walks
)

// ListOnboarding lists the active members of whom anything is asked, in the order of their ids.
func (e *Engine) ListOnboarding(ctx context.Context, org directory.OrgNum, f OnboardingFilter, after directory.ID, limit int) (*OnboardingPage, error) {
	page := &OnboardingPage{}
	for walked := 0; walked < onboardingMost; {
		rows, next, err := e.onboardees(ctx, org, f.Department, after)
		if err != nil {
			return nil, err
		}
		for _, o := range rows {
			if state := o.progress.State; state == onboarding.NothingAsked || f.Incomplete && state == onboarding.Complete {
				continue
			}
			page.People = append(page.People, Onboarded{o.member, o.progress})
			if len(page.People) == limit {
				page.Next = o.member.ID
				return page, nil
			}
		}
		if page.Next = next; next.IsZero() {
			return page, nil
		}
		after = next
		walked += len(rows)
	}
	return page, nil
}

// onboardees reads the next active members, of one department or of all, and how far they are; and behind whom to go on, zero
// at the end.
func (e *Engine) onboardees(ctx context.Context, org directory.OrgNum, department string, after directory.ID) (rows []*onboardee, next directory.ID, err error) {
	key := directory.Key{Attribute: directory.AttrStatus, Value: string(directory.StatusActive)}
	if department != "" { // the index holds active members only
		key = directory.Key{Attribute: directory.AttrDepartment, Value: directory.Fold(department)}
	}
	err = e.Store.View(ctx, func(tx store.Tx) error {
		rows, next = nil, directory.NoID
		policy, err := e.Policy(tx, org)
		if err != nil {
			return err
		}
		ids, err := tx.FindMembers(org, key, after, onboardingRows)
		if err != nil {
			return err
		}
		members, err := tx.Members(org, ids)
		if err != nil {
			return err
		}
		grants, err := tx.Grants(org, ids)
		if err != nil {
			return err
		}
		plan := onboarding.Compile(policy.Organization)
		for i, m := range members {
			if m == nil {
				continue
			}
			o := newOnboardee(plan, policy.Organization.Terms.Any(), m, grants[i])
			o.judge()
			rows = append(rows, o)
		}
		if len(ids) == onboardingRows {
			next = ids[len(ids)-1]
		}
		return nil
	})
	return rows, next, err
}

// OnboardingSummary counts how far the active members of an organization are.
type OnboardingSummary struct {
	OnboardingCount
	Active      int                    // members
	Declared    int                    // steps and modules that the file can ask of somebody
	Departments []DepartmentOnboarding // sorted by name; "" for those without a department
	Steps       []StepSummary          // required ones first, each of them the slowest first

	places map[string]int // of steps, by id, until they are sorted
}

// OnboardingCount counts members by how far they are. Those of whom nothing is asked are in no count.
type OnboardingCount struct {
	NotBegun, UnderWay, Complete int
}

// DepartmentOnboarding is the count of one department.
type DepartmentOnboarding struct {
	Department string
	OnboardingCount
}

// StepSummary is how many have done a step, and how long it takes them.
type StepSummary struct {
	ID, Title   string
	Module      bool
	Required    bool // of at least one member
	Asked, Done int
	Mean        time.Duration // from joining until it is done, or until now where it is not
}

func (c *OnboardingCount) add(state onboarding.State) {
	switch state {
	case onboarding.NotBegun:
		c.NotBegun++
	case onboarding.UnderWay:
		c.UnderWay++
	case onboarding.Complete:
		c.Complete++
	case onboarding.NothingAsked:
	}
}

// SummarizeOnboarding counts every active member.
func (e *Engine) SummarizeOnboarding(ctx context.Context, org directory.OrgNum) (*OnboardingSummary, error) {
	s := &OnboardingSummary{places: map[string]int{}}
	err := e.Store.View(ctx, func(tx store.Tx) error {
		policy, err := e.Policy(tx, org)
		if err == nil {
			s.Declared = onboarding.Compile(policy.Organization).Count()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	now := e.Now()
	after := directory.NoID
	for {
		rows, next, err := e.onboardees(ctx, org, "", after)
		if err != nil {
			return nil, err
		}
		s.Active += len(rows)
		for _, o := range rows {
			s.addMember(o, now)
		}
		if after = next; next.IsZero() {
			s.finish()
			return s, nil
		}
	}
}

func (s *OnboardingSummary) addMember(o *onboardee, now time.Time) {
	for i := range o.progress.Steps {
		s.addStep(&o.progress.Steps[i], o.member, now)
	}
	if o.progress.State == onboarding.NothingAsked {
		return
	}
	s.add(o.progress.State)
	name := o.member.Decision.Department
	i, known := slices.BinarySearchFunc(s.Departments, name, func(d DepartmentOnboarding, name string) int { return cmp.Compare(d.Department, name) })
	if !known {
		s.Departments = slices.Insert(s.Departments, i, DepartmentOnboarding{Department: name})
	}
	s.Departments[i].add(o.progress.State)
}

func (s *OnboardingSummary) addStep(step *onboarding.Step, m *directory.Member, now time.Time) {
	i, there := s.places[step.ID]
	if !there {
		i = len(s.Steps)
		s.places[step.ID] = i
		s.Steps = append(s.Steps, StepSummary{ID: step.ID, Title: step.Title, Module: step.Module})
	}
	k := &s.Steps[i]
	k.Required = k.Required || step.Required
	k.Asked++
	until := now
	if step.Done {
		k.Done++
		until = step.DoneAt
	}
	took := time.Duration(0)
	if !m.Joined.IsZero() {
		took = max(until.Sub(m.Joined), 0)
	}
	k.Mean += (took - k.Mean) / time.Duration(k.Asked) // a sum over many years and people would overflow
}

func (s *OnboardingSummary) finish() {
	slices.SortStableFunc(s.Steps, func(a, b StepSummary) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Mean, a.Mean), cmp.Compare(a.ID, b.ID))
	})
}
