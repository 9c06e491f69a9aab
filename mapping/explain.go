package mapping

import (
	"fmt"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
)

// Trace is how a decision came about. Unlike stored reasons it shows the values that were seen.
type Trace struct {
	Rules  []RuleTrace `json:"rules"`
	Steps  []Step      `json:"steps"` // how each single-valued result was chosen, in the order of evaluation
	Result Result      `json:"result"`
}

// RuleTrace is what became of one rule.
type RuleTrace struct {
	Rule    string   `json:"rule"`
	At      string   `json:"at"` // file:line
	Matched bool     `json:"matched"`
	Because []string `json:"because"`         // one line per selector: what it asked for, what it saw
	Gave    []string `json:"gave,omitempty"`  // "role admin", "team platform", … while it counts
	Error   string   `json:"error,omitempty"` // a condition that failed to evaluate
}

// Step is one choice: which sources there were for a field, and which won.
type Step struct {
	Field  string           `json:"field"`
	Value  string           `json:"value"`
	Reason directory.Reason `json:"reason"`
	Beaten []string         `json:"beaten,omitempty"` // "role member from rule engineers (acme.yaml:12)"
}

// Explain evaluates and says why: every rule with its place, whether it matched, and which selector held or failed.
func (p *Policy) Explain(person *Person, at time.Time) Trace {
	trace := Trace{Rules: make([]RuleTrace, 0, len(p.rules))}
	trace.Result = p.evaluate(person, at, &trace, &room{})
	return trace
}

// explainAccounts says which directory records do not count.
func (e *evaluation) explainAccounts() {
	for i := range e.person.Accounts {
		a := &e.person.Accounts[i]
		if entry := e.policy.ignored(a); entry != nil {
			e.explainAccount(a, directory.Reason{Source: directory.SourceIgnored, At: entry.at.Rule(), Because: "on the ignore list"})
		}
	}
	if len(e.giving) == len(e.counted) {
		return
	}
	for i := range e.counted {
		if a := e.counted[i].Account; !a.Profile.Active {
			e.explainAccount(a, directory.Reason{Source: directory.SourceInactive, Because: "inactive, while another record is active: rules do not apply to it"})
		}
	}
}

func (e *evaluation) explainAccount(a *Account, r directory.Reason) {
	r.Field, r.Value = fieldAccount, fmt.Sprintf("%s of %s", a.Profile.UserName, a.Connection)
	e.trace.Steps = append(e.trace.Steps, Step{Field: r.Field, Value: r.Value, Reason: r})
}

// explainProfile says whose profile the person has.
func (e *evaluation) explainProfile(chosen *account) {
	r := directory.Reason{Field: fieldProfile, Value: chosen.Connection, Source: directory.SourceDirectory, Because: "the first connection in the file with a record that counts"}
	if e.authority != "" {
		r.At, r.Because = chosen.connection.At.Rule(), "it has authority for the person's domain"
	}
	e.trace.Steps = append(e.trace.Steps, Step{Field: fieldProfile, Value: chosen.Connection, Reason: r})
}

// explainRules says what became of the rules, once everything is decided.
func (e *evaluation) explainRules() {
	for _, r := range e.policy.rules {
		rt := RuleTrace{Rule: r.Name, At: r.at, Because: []string{}}
		for i := range e.looks {
			if e.looks[i].rule == r {
				rt.Because = append(rt.Because, e.looks[i].lines(len(e.giving) > 1)...)
				if err := e.looks[i].err; err != nil {
					rt.Error = err.Error()
				}
			}
		}
		switch {
		case len(e.giving) == 0:
			rt.Because = append(rt.Because, "there is no directory record that could match")
		case len(e.looks) == 0:
			rt.Because = append(rt.Because, "not looked at, since every directory record is on the ignore list")
		}
		for i := range e.matches {
			if e.matches[i].rule == r {
				e.matches[i].explain(&rt, e)
			}
		}
		e.trace.Rules = append(e.trace.Rules, rt)
	}
}

// explain completes a rule's trace with what it gave.
func (m *match) explain(rt *RuleTrace, e *evaluation) {
	rt.Matched = !m.undecided
	switch {
	case m.gives:
	case m.byInvitation() && !e.opens(m.account):
		rt.Because = append(rt.Because, "access: the invitation is limited to what it names: the rule gives nothing")
	case e.decision().Guest && !m.Guests:
		rt.Because = append(rt.Because, "guests: the person is outside the owned domains, and the rule is not for guests: it gives nothing")
	case !m.until.IsZero():
		rt.Because = append(rt.Because, "grant_for: what the rule gives ended on "+m.until.Format(time.RFC3339))
	}
	if m.undecided {
		rt.Because = append(rt.Because, "undecided: what the person has of it stays, nothing is added, and caps and denials count")
	}
	if m.gives && !m.undecided {
		if !m.byInvitation() {
			rt.gave("role", m.Role)
			rt.gave("department", m.Department)
		}
		rt.gave("team", m.Teams...)
		rt.gave("permission set", m.PermissionSets...)
		rt.gave("space", m.Spaces...)
		rt.gave("project", m.Projects...)
	}
	rt.gave("at most role", m.MaxRole)
	rt.gave("no team", m.Deny.Teams...)
	rt.gave("no permission set", m.Deny.PermissionSets...)
	rt.gave("no space", m.Deny.Spaces...)
	if !m.end.IsZero() {
		rt.gave("membership until", m.end.Format(time.RFC3339))
	}
}

func (rt *RuleTrace) gave(what string, values ...string) {
	for _, v := range values {
		if v != "" {
			rt.Gave = append(rt.Gave, what+" "+v)
		}
	}
}

// look is one rule tested on one account.
type look struct {
	rule    *rule
	account *account
	checks
}

// lines says for each selector what it asked for, and what it saw.
func (l *look) lines(several bool) []string {
	var all []string
	line := func(mark, format string, args ...any) {
		if several {
			mark += l.account.Connection + ": "
		}
		all = append(all, mark+fmt.Sprintf(format, args...))
	}
	say := func(holds bool, format string, args ...any) {
		line(map[bool]string{true: "✓ ", false: "✗ "}[holds], format, args...)
	}
	if r := l.rule; len(r.Connections) > 0 {
		say(l.connection, "connections: asks for %s; the record is of %s", strings.Join(r.Connections, ", "), l.account.Connection)
	}
	if r := l.rule; len(r.groups) > 0 {
		say(l.groups, "groups: asks for %s; %s", texts(r.groups), seenGroups(r.groups, l.account.Groups))
	}
	if r := l.rule; len(r.except) > 0 {
		seen := "is in none of them"
		if find(r.except, l.account.Groups) != nil {
			seen = seenGroups(r.except, l.account.Groups)
		}
		say(l.except, "except_groups: %s; %s", texts(r.except), seen)
	}
	if c := l.rule.condition; c != nil {
		switch {
		case !l.asked:
			line("· ", "when: %s does not matter, since the rule fails above", c.text)
		case l.err != nil:
			say(false, "when: %s failed: %v%s", c.text, l.err, c.mentions.seen(l.account.see()))
		case l.condition:
			say(true, "when: %s held%s", c.text, c.mentions.seen(l.account.see()))
		default:
			say(false, "when: %s did not hold%s", c.text, c.mentions.seen(l.account.see()))
		}
	}
	return all
}

// seenGroups says which of the groups that a rule asks for an account is in, else which groups it is in.
func seenGroups(asked []selector, groups []Group) string {
	if g := find(asked, groups); g != nil {
		text := fmt.Sprintf("is in %q", g.Name)
		if g.Via != "" {
			text += fmt.Sprintf(" through %q", g.Via)
		}
		return text
	}
	if len(groups) == 0 {
		return "is in no group"
	}
	if name := unbound(asked, groups); name != "" {
		return fmt.Sprintf("is in a group named %q, and not in the one that rules mean by that name; `usher groups rebind` lets them mean it", name)
	}
	names := make([]string, 0, len(groups))
	for i := range groups {
		names = append(names, fmt.Sprintf("%q", groups[i].Name))
	}
	return "is in " + listed(names, 12)
}

// unbound returns the name of a group that is called what a rule asks for, and is not the group that rules mean by it: it
// came after that one, and no admin has said that it takes its place.
func unbound(asked []selector, groups []Group) string {
	for i := range asked {
		for j := range groups {
			if asked[i].name != "" && asked[i].name == directory.Fold(groups[j].Name) {
				return groups[j].Name
			}
		}
	}
	return ""
}
