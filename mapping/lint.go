package mapping

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Lint returns what the file alone shows to be a mistake: rules that can never win or never match, rules that repeat or
// contradict others, ends that have passed, settings that work against each other. All of them are warnings, and only
// what can be shown is one. The instant is that of the check.
func (p *Policy) Lint(at time.Time) []directory.Problem {
	l := newLinter(p, at)
	l.rules()
	l.pairs()
	l.joining()
	l.authority()
	l.rollout()
	l.tests()
	l.admins()
	return config.Sort(l.problems)
}

// linter collects warnings.
type linter struct {
	policy     *Policy
	at         time.Time
	selections []*selection  // of the rules
	byGroup    map[int][]int // group → rules that can only mean people of it and others that they name beside it
	ungrouped  []int         // rules that ask for no group
	dead       []bool        // rules that are reported to be without any effect
	problems   []directory.Problem
}

func newLinter(p *Policy, at time.Time) *linter {
	l := &linter{policy: p, at: at, byGroup: map[int][]int{}, dead: make([]bool, len(p.rules))}
	for i, r := range p.rules {
		s := p.selection(r)
		l.selections = append(l.selections, s)
		if len(s.groups) == 0 {
			l.ungrouped = append(l.ungrouped, i)
			continue
		}
		for _, number := range s.groups[0] {
			l.byGroup[number] = append(l.byGroup[number], i)
		}
	}
	return l
}

func (l *linter) warn(at directory.Position, fix, format string, args ...any) {
	l.problems = append(l.problems, directory.Problem{
		Position: at, Severity: directory.SeverityWarning, Message: fmt.Sprintf(format, args...), Fix: fix,
	})
}

// rules looks at each rule by itself.
func (l *linter) rules() {
	for i, r := range l.policy.rules {
		if never := l.selections[i].never; never != "" {
			l.dead[i] = true
			at := r.Places.Of("except_groups", r.At)
			if r.condition != nil {
				at = r.WhenAt
			}
			l.warn(at, "correct what it asks for, or remove the rule", "rule %s can never match: %s", r.Name, never)
			continue
		}
		l.paused(r)
		l.repeatedGroups(r)
		if r.role != nil && r.maxRole != nil && r.role.rank > r.maxRole.rank {
			l.warn(r.Places.Of("role", r.At), "lower role, or raise max_role",
				"rule %s gives the role %s and at the same time allows at most %s, so that nobody gets it", r.Name, r.Role, r.MaxRole)
		}
		for _, set := range r.PermissionSets {
			if slices.Contains(r.Deny.PermissionSets, set) {
				l.warn(r.Deny.Places.Item(fieldPermissionSets, set, r.At), "keep it in one of the two", "rule %s gives the permission set %s and denies it", r.Name, set)
			}
		}
	}
}

// paused reports a rule for connections that change nobody.
func (l *linter) paused(r *rule) {
	for _, id := range r.Connections {
		if c := l.policy.connections[id]; c == nil || c.State != config.StatePaused {
			return
		}
	}
	if len(r.Connections) > 0 {
		l.warn(r.Places.Of("connections", r.At), "set the state of the connection to active or observe, or remove the rule",
			"rule %s counts only for %s, which is paused: it gives nothing", r.Name, strings.Join(r.Connections, ", "))
	}
}

func (l *linter) repeatedGroups(r *rule) {
	for i, s := range r.groups {
		if slices.ContainsFunc(r.groups[:i], func(before selector) bool { return before.number == s.number }) {
			l.warn(r.Groups[i].At, "remove it once", "rule %s names the group %s twice", r.Name, s.text)
		}
	}
}

// joining reports domains whose people come in by a directory and by signing in, when no directory has the last word.
func (l *linter) joining() {
	org := l.policy.Organization
	i := slices.IndexFunc(org.Connections, func(c config.Connection) bool { return provisions(&c) })
	if i < 0 {
		return
	}
	id := org.Connections[i].ID
	for j := range org.Domains {
		if d := &org.Domains[j]; d.AutoInvite && l.policy.AuthorityFor(d.Domain) == nil {
			l.warn(d.Places.Of("auto_invite", d.At), fmt.Sprintf("add authority: [%s] to connection %s, or set auto_invite: false", d.Domain, id),
				"people of %s may join by signing in, while connection %s makes members and has no authority for the domain: whom it lets go can come in again", d.Domain, id)
		}
	}
}

// provisions reports whether a connection makes members.
func provisions(c *config.Connection) bool {
	return c.State != config.StatePaused && c.State != config.StateObserve && c.Provisioning != config.ProvisioningInvite
}

// authority reports connections of which none has the say about a person whom both know.
func (l *linter) authority() {
	org := l.policy.Organization
	open := len(org.Domains) == 0 || slices.ContainsFunc(org.Domains, func(d config.Domain) bool { return l.policy.AuthorityFor(d.Domain) == nil })
	var first *config.Connection
	for i := range org.Connections {
		c := &org.Connections[i]
		if !provisions(c) || len(c.Authority) > 0 || !open {
			continue
		}
		if first == nil {
			first = c
			continue
		}
		l.warn(c.At, "give one of them authority over the domains that both know: authority: [acme.com]",
			"connections %s and %s both make members, and neither has authority over a domain: a person known to both is active while either says so, with the profile of %s",
			first.ID, c.ID, first.ID)
	}
}

// rollout reports phases that have no effect, and a rollout that is over.
func (l *linter) rollout() {
	phases := l.policy.rollout
	if len(phases) == 0 {
		return
	}
	everybody := slices.IndexFunc(phases, func(p phase) bool { return len(p.groups) == 0 })
	switch last := &phases[len(phases)-1]; {
	case everybody < 0 && !last.From.After(l.at):
		l.warn(last.Places.Of("from", last.At), "add a phase without groups, from the day on which everybody may come",
			"the last phase began on %s, and who is in none of the groups still waits", instant(last.From))
	case everybody >= 0 && !phases[everybody].From.After(l.at):
		l.warn(phases[everybody].Places.Of("from", phases[everybody].At), "remove the key rollout",
			"everybody has been admitted since %s: the rollout is over", instant(phases[everybody].From))
	case everybody >= 0 && everybody < len(phases)-1:
		p := &phases[everybody+1]
		l.warn(p.Places.Of("from", p.At), "remove the phase, or let it begin earlier", "%s admits nobody: everybody is admitted from %s on", p, instant(phases[everybody].From))
	}
}
