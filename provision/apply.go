package provision

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// touchedAtMost is how many people may have been touched since a plan was made for apply to look at them alone; beyond,
// the plan is made again.
const touchedAtMost = 5000

// shownDifferences is how many people an error about a plan that no longer holds names.
const shownDifferences = 10

// Difference is a person whom a candidate would now change otherwise than a plan says.
type Difference struct {
	Person  PlanPerson         `json:"person"`
	Effects []directory.Effect `json:"effects"` // what it would get now
}

// ChangedError says that a plan no longer holds, and for whom.
type ChangedError struct {
	Differences []Difference // the first of them
	Count       int
}

// Error names the first people.
func (e *ChangedError) Error() string {
	var names []string
	for _, d := range e.Differences {
		names = append(names, d.Person.Name()+" ("+effectsText(d.Effects)+")")
	}
	who := strings.Join(names, "; ")
	if more := e.Count - len(names); more > 0 {
		who += fmt.Sprintf("; and %d more", more)
	}
	people := "people were"
	if e.Count == 1 {
		people = "person was"
	}
	return fmt.Sprintf("Since the plan was made, %d %s touched whom it would now change otherwise: %s. Make the plan again.", e.Count, people, who)
}

func effectsText(effects []directory.Effect) string {
	if len(effects) == 0 {
		return "nothing would change"
	}
	var parts []string
	for i := range effects {
		f := &effects[i]
		switch {
		case f.Before == "":
			parts = append(parts, f.Field+" "+f.After)
		case f.After == "":
			parts = append(parts, "no "+f.Field+" "+f.Before)
		default:
			parts = append(parts, f.Field+" "+f.Before+" → "+f.After)
		}
	}
	return strings.Join(parts, ", ")
}

// Apply makes a candidate the active policy as a plan shows it, and enqueues the job that settles everybody, in one
// transaction. It evaluates again only whom something touched since the plan was made, and refuses with a *ChangedError
// when the effects differ, with a Conflict when another policy became active, and with a Conflict when the totals are
// beyond a brake. A candidate that is in force already is left as it is, and its revision returned: that of the plan's
// base. Cause names who applies; rollback is the revision whose text the candidate is, 0 for none.
func (e *Engine) Apply(ctx context.Context, org directory.OrgNum, c Candidate, plan *Plan, cause directory.Cause, rollback uint64) (*directory.Policy, error) {
	hash := hashOf(c.Files)
	if plan.Hash != hash {
		return nil, directory.Errorf(directory.Conflict, "The files are not those that the plan was made of; make the plan again.")
	}
	seal, err := e.seal(plan, org)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal([]byte(seal), []byte(plan.Seal)) {
		return nil, directory.Errorf(directory.Conflict, "The plan was not made by this server for this organization, or was changed since; make it again.")
	}
	if err := plan.stands(e.Now()); err != nil {
		return nil, err
	}
	active, err := e.ActiveRow(ctx, org)
	if err != nil {
		return nil, err
	}
	if active != nil && active.Revision != plan.Base {
		return nil, overtaken(plan.Base, active.Revision)
	}
	if same, err := e.sameAsActive(ctx, org, c); err != nil || same != nil {
		return same, err
	}
	position, err := e.recheck(ctx, org, c, plan)
	if err != nil {
		return nil, err
	}
	row := &directory.Policy{
		Org: org, Hash: hash, Files: c.Files, Top: c.Policy.TopRole(), Actor: cause.Actor, Reason: cause.Reason, Rollback: rollback,
	}
	var r revision
	err = e.Store.Update(ctx, func(tx store.Tx) error {
		s, err := e.dry(tx, org, c.Policy)
		if err != nil {
			return err
		}
		if s.revision != plan.Base {
			return overtaken(plan.Base, s.revision)
		}
		ids, _, all, err := touchedSince(tx, org, position)
		if err != nil {
			return err
		}
		if all {
			return directory.Errorf(directory.Conflict, "A large push is under way; apply again in a moment.")
		}
		if err := s.differences(plan, ids); err != nil {
			return err
		}
		if err := e.withinBrakes(tx, org, plan); err != nil {
			return err
		}
		if err := EnrollConnections(tx, org, c.Policy); err != nil {
			return err
		}
		row.Activated, row.Revision = e.Now().UTC(), 0
		if err := plan.stands(row.Activated); err != nil {
			return err
		}
		if err := tx.ActivatePolicy(row); err != nil {
			return err
		}
		if err := e.follow(tx, org, c.Policy, row, true); err != nil {
			return err
		}
		r, err = newRevision(tx, org, row.Revision, c.Policy)
		return err
	})
	if err != nil {
		return nil, err
	}
	e.remember(org, r)
	e.wake()
	return row, nil
}

func (e *Engine) sameAsActive(ctx context.Context, org directory.OrgNum, c Candidate) (*directory.Policy, error) {
	var same *directory.Policy
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		same, err = e.inForce(tx, org, c)
		return err
	})
	return same, err
}

// EnrollConnections gives the connections of a policy their numbers. It is a Conflict when one of them belonged to another
// organization.
func EnrollConnections(tx store.Tx, org directory.OrgNum, policy *mapping.Policy) error {
	for i := range policy.Organization.Connections {
		c := &policy.Organization.Connections[i]
		_, err := tx.PutConnection(org, c.ID)
		if errors.Is(err, store.ErrExists) {
			return directory.Errorf(directory.Conflict, "%s: the connection %q belonged to another organization in this store before; give it another id.", c.At, c.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// overtaken says that another policy became active since a plan was made.
func overtaken(base, active uint64) error {
	return directory.Errorf(directory.Conflict,
		"The plan was made against revision %d of the policy, and %d is active now; make the plan again.", base, active)
}

// recheck brings a plan up to the end of the journal: it evaluates whom something touched since, or everybody when that
// is not known, and returns the place up to which the plan was found to hold.
func (e *Engine) recheck(ctx context.Context, org directory.OrgNum, c Candidate, plan *Plan) (uint64, error) {
	position := plan.Position
	var again bool
	for again = true; again; {
		var ids []directory.ID
		var all bool
		err := e.Store.View(ctx, func(tx store.Tx) (err error) {
			ids, position, all, err = touchedSince(tx, org, position)
			return err
		})
		if err != nil {
			return 0, err
		}
		if all || len(ids) > touchedAtMost {
			return e.replan(ctx, org, c, plan)
		}
		again = len(ids) > 0
		for page := range slices.Chunk(ids, planPage) {
			err := e.Store.View(ctx, func(tx store.Tx) error {
				s, err := e.dry(tx, org, c.Policy)
				if err != nil {
					return err
				}
				return s.differences(plan, page)
			})
			if err != nil {
				return 0, err
			}
		}
	}
	return position, nil
}

// replan makes the plan again and compares it person by person.
func (e *Engine) replan(ctx context.Context, org directory.OrgNum, c Candidate, plan *Plan) (uint64, error) {
	now, err := e.Plan(ctx, org, c, 0)
	if err != nil {
		return 0, err
	}
	var differ []directory.ID
	for id, sum := range now.Digests {
		if was, known := plan.Digests[id]; !known || was != sum {
			differ = append(differ, id)
		}
	}
	for id := range plan.Digests {
		if _, still := now.Digests[id]; !still {
			differ = append(differ, id)
		}
	}
	if len(differ) == 0 {
		return now.Position, nil
	}
	slices.SortFunc(differ, func(a, b directory.ID) int { return bytes.Compare(a[:], b[:]) })
	changed := &ChangedError{Count: len(differ)}
	err = e.Store.View(ctx, func(tx store.Tx) error {
		s, err := e.dry(tx, org, c.Policy)
		if err != nil {
			return err
		}
		outcomes, err := s.outcomesOf(differ[:min(len(differ), shownDifferences)])
		for _, o := range outcomes {
			changed.Differences = append(changed.Differences, differenceOf(o))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return 0, changed
}

func appendID(ids []directory.ID, text string) []directory.ID {
	if id, ok := directory.ParseID(text); ok {
		return append(ids, id)
	}
	return ids
}

// differences evaluates people and fails when the candidate changes one of them otherwise than the plan says.
func (s *settlement) differences(plan *Plan, ids []directory.ID) error {
	if len(ids) == 0 {
		return nil
	}
	outcomes, err := s.outcomesOf(ids)
	if err != nil {
		return err
	}
	changed := &ChangedError{}
	for _, o := range outcomes {
		planned, changes := plan.Digests[o.member.ID]
		if changes == (len(o.effects) > 0) && (!changes || planned == digest(o.effects)) {
			continue
		}
		changed.Count++
		if len(changed.Differences) < shownDifferences {
			changed.Differences = append(changed.Differences, differenceOf(o))
		}
	}
	if changed.Count > 0 {
		return changed
	}
	return nil
}

func differenceOf(o *outcome) Difference {
	return Difference{Person: PlanPerson{ID: o.member.ID.String(), Email: o.member.Decision.Email}, Effects: o.effects}
}

// withinBrakes checks the brakes in force on the totals of a plan, once: what it lets pass, the job that follows does.
func (e *Engine) withinBrakes(tx store.Tx, org directory.OrgNum, plan *Plan) error {
	if plan.Base == 0 {
		return nil
	}
	policy, err := e.Policy(tx, org)
	if err != nil {
		return err
	}
	room, err := e.BrakeRoom(tx, org, policy)
	if err != nil {
		return err
	}
	for _, kind := range []string{BrakeSuspensions, BrakeRoleLosses, BrakeTopRoleGains} {
		left, limited := room[kind]
		if n := plan.Brakes[kind]; limited && n > left {
			return directory.Errorf(directory.Conflict,
				"The plan is beyond a brake: it makes %d %s, and %d more may pass now. If that is meant, say so first: "+
					"`usher holds expect --%s %d --until 1h --reason WHY`, and then do this again. `usher holds list` shows what is expected already.", n, brakeNoun(kind, n), max(left, 0), brakeFlag(kind), n)
		}
	}
	return nil
}

// brakeNoun names what a kind of brake counts.
func brakeNoun(kind string, n int) string {
	word := map[string]string{BrakeSuspensions: "suspension", BrakeRoleLosses: "loss of role", BrakeTopRoleGains: "gain of the top role"}[kind]
	if n == 1 {
		return word
	}
	return map[string]string{BrakeSuspensions: "suspensions", BrakeRoleLosses: "losses of role", BrakeTopRoleGains: "gains of the top role"}[kind]
}

// brakeFlag is how a command line names a kind of brake.
func brakeFlag(kind string) string { return strings.ReplaceAll(kind, "_", "-") }
