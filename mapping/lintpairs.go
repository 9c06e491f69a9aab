package mapping

import "slices"

// pairs compares every rule with every other.
func (l *linter) pairs() {
	for i := range l.policy.rules {
		if l.dead[i] || l.repeats(i) {
			continue
		}
		l.outranked(i)
		l.departmentTaken(i)
	}
}

// covering calls fn with the index of every other rule that means everybody whom rule i means, until it returns true.
func (l *linter) covering(i int, fn func(j int, same bool) bool) bool {
	rule := l.policy.rules[i]
	for _, j := range l.candidates(i) {
		other := l.policy.rules[j]
		if j == i || l.dead[j] || rule.Guests && !other.Guests || !l.selections[j].covers(l.selections[i]) {
			continue
		}
		same := l.selections[i].covers(l.selections[j]) && rule.Guests == other.Guests
		if fn(j, same) {
			return true
		}
	}
	return false
}

// candidates returns the rules that may mean everybody whom rule i means, in the order of the file: those that ask for no
// group, and those that name a group of which its people must be. It spares comparing thousands of rules with each other.
func (l *linter) candidates(i int) []int {
	all := slices.Clone(l.ungrouped)
	for _, wanted := range l.selections[i].groups {
		all = append(all, l.byGroup[wanted[0]]...)
	}
	return sorted(all)
}

// repeats reports a rule that adds nothing to another. Of two that are the same, it is the later one.
func (l *linter) repeats(i int) bool {
	r := l.policy.rules[i]
	return l.covering(i, func(j int, same bool) bool {
		other := l.policy.rules[j]
		if !other.gives(r, j < i) || same && j > i && r.gives(other, true) {
			return false
		}
		l.dead[i] = true
		if same {
			l.warn(r.At, "remove one of them", "rule %s repeats rule %s (%s): the same people get nothing more by it", r.Name, other.Name, other.at)
		} else {
			l.warn(r.At, "remove it, or give what it should add", "rule %s adds nothing: rule %s (%s) gives everybody whom it means as much", r.Name, other.Name, other.at)
		}
		return true
	})
}

// gives reports whether a rule gives and takes at least what another does, from the people of both.
func (r *rule) gives(o *rule, earlier bool) bool {
	switch {
	case r.GrantFor > 0, o.MembershipFor > 0: // each counts time of its own
		return false
	case o.role != nil && (r.role == nil || r.role.rank < o.role.rank):
		return false
	case o.maxRole != nil && (r.maxRole == nil || r.maxRole.rank > o.maxRole.rank):
		return false
	case o.dept != nil && (r.dept != o.dept || !earlier):
		return false
	}
	return subset(o.Teams, r.Teams) && subset(o.PermissionSets, r.PermissionSets) && subset(o.Spaces, r.Spaces) && subset(o.Projects, r.Projects) &&
		subset(o.Deny.Teams, r.Deny.Teams) && subset(o.Deny.PermissionSets, r.Deny.PermissionSets) && subset(o.Deny.Spaces, r.Deny.Spaces)
}

// outranked reports a role that never counts, because another rule gives the same people a higher one.
func (l *linter) outranked(i int) {
	r := l.policy.rules[i]
	if r.role == nil {
		return
	}
	l.covering(i, func(j int, _ bool) bool {
		other := l.policy.rules[j]
		if other.role == nil || other.role.rank <= r.role.rank || other.GrantFor > 0 {
			return false
		}
		l.warn(r.Places.Of("role", r.At), "remove the role, or narrow the other rule; to lower a role write max_role",
			"the role %s of rule %s never counts: rule %s (%s) gives the higher role %s to the same people", r.Role, r.Name, other.Name, other.at, other.Role)
		return true
	})
}

// departmentTaken reports a department that never counts, because an earlier rule gives the same people another.
func (l *linter) departmentTaken(i int) {
	r := l.policy.rules[i]
	if r.dept == nil {
		return
	}
	l.covering(i, func(j int, same bool) bool {
		other := l.policy.rules[j]
		if j > i || other.dept == nil || other.dept == r.dept || other.GrantFor > 0 {
			return false
		}
		at, fix := r.Places.Of("department", r.At), "move this rule before the other, since the first rule that gives a department counts"
		if same {
			l.warn(at, "keep the department in one of them", "rule %s (%s) and this one, %s, disagree: the same people get the department %s by the one and %s by the other; the first counts",
				other.Name, other.at, r.Name, other.Department, r.Department)
			return true
		}
		l.warn(at, fix, "the department %s of rule %s never counts: rule %s (%s) gives the same people %s before", r.Department, r.Name, other.Name, other.at, other.Department)
		return true
	})
}
