package mapping

import "github.com/mixus/usher/directory"

// role chooses the role: a pin, else the highest-ranked role of matching rules, else what there is for people whom no
// rule gives one. Caps then apply to all but a pin.
func (e *evaluation) role(department *choice) {
	chosen, pinned := e.pin()
	if !pinned || e.trace != nil {
		other := e.ruleRole(department)
		if pinned {
			e.beat(&chosen, &other)
			chosen.beaten = append(chosen.beaten, other.beaten...)
		} else {
			chosen = other
		}
	}
	if chosen.role == nil {
		return
	}
	e.step(chosen.step(fieldRole))
	if !pinned {
		chosen = e.capped(chosen)
		chosen = e.guestCapped(chosen)
	}
	e.decision().Role = chosen.value
}

// pin returns the role that an admin has fixed.
func (e *evaluation) pin() (choice, bool) {
	for _, g := range e.grants(directory.GrantPin) {
		r := e.policy.roles[g.Role]
		if r == nil {
			e.problem("a pin names the role %q, which the policy does not have; it is not applied", g.Role)
			continue
		}
		return choice{value: r.Name, role: r, reason: directory.Reason{
			Field: fieldRole, Value: r.Name, Source: directory.SourcePin, At: r.At.Rule(), Because: byHand("pinned", g), Until: g.Ends,
		}}, true
	}
	return choice{}, false
}

// byHand says who did something to a member, and what they wrote.
func byHand(verb string, g *directory.Grant) string {
	text := verb + " by " + g.Actor
	if g.Reason != "" {
		text += ": " + g.Reason
	}
	return text
}

// ruleRole chooses the highest-ranked role of a matching rule, the first in the file where several give it, else the
// fallback.
func (e *evaluation) ruleRole(department *choice) choice {
	var top *match
	for i := range e.matches {
		if m := &e.matches[i]; m.givesRole() && !m.undecided && (top == nil || m.role.rank > top.role.rank) {
			top = m
		}
	}
	if top == nil {
		return e.undecidedRole(e.fallback(department), false)
	}
	best := top.roleChoice(top.role)
	if e.trace != nil {
		e.beatOthers(&best, top, department)
	}
	return e.undecidedRole(best, true)
}

// beatOthers notes every other role that there was.
func (e *evaluation) beatOthers(best *choice, top *match, department *choice) {
	for i := range e.matches {
		if m := &e.matches[i]; m.givesRole() && !m.undecided && m != top {
			other := m.roleChoice(m.role)
			e.beat(best, &other)
		}
	}
	fallback := e.fallback(department)
	e.beat(best, &fallback)
	best.beaten = append(best.beaten, fallback.beaten...)
}

func (m *match) givesRole() bool { return m.gives && m.role != nil && !m.byInvitation() }

func (m *match) roleChoice(r *role) choice {
	return choice{value: r.Name, role: r, reason: m.given(fieldRole, r.Name)}
}

// undecidedRole lets rules whose condition failed keep of the role in force what they may have given. It adds nothing:
// a person who had no role gets the lowest of those that are possible.
func (e *evaluation) undecidedRole(best choice, decided bool) choice {
	was := e.roleBeforeCaps()
	var by *match
	var kept *role
	for i := range e.matches {
		m := &e.matches[i]
		if !m.undecided || !m.givesRole() {
			continue
		}
		possible := m.role
		if was != nil {
			possible = lower(m.role, was)
		}
		exact := possible == kept && m.role == kept && by.role != kept // names the rule that gives just this role
		if kept == nil || exact || was != nil && possible.rank > kept.rank || was == nil && possible.rank < kept.rank {
			by, kept = m, possible
		}
	}
	if by == nil {
		return best
	}
	var keep bool
	switch {
	case was == nil:
		keep = !decided && best.role != nil && kept.rank < best.role.rank
	case decided:
		keep = kept.rank > best.role.rank
	default:
		keep = best.role != was && best.role != kept
	}
	if !keep {
		return best
	}
	chosen := by.roleChoice(kept)
	e.beat(&chosen, &best)
	chosen.beaten = append(chosen.beaten, best.beaten...)
	return chosen
}

// roleBeforeCaps returns the role in force as it was before caps lowered it, nil when there is none that a rule could
// have given.
func (e *evaluation) roleBeforeCaps() *role {
	was := e.before()
	if was == nil {
		return nil
	}
	for i := range was.Reasons {
		if r := &was.Reasons[i]; r.Field == fieldRole {
			if r.Source == directory.SourcePin {
				return nil
			}
			return e.policy.roles[r.Value]
		}
	}
	return e.policy.roles[was.Role]
}
