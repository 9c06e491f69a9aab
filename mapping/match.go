package mapping

import (
	"math/bits"
	"slices"
	"strings"
	"time"
)

// match is a rule that counts for the person, or whose condition could not be evaluated.
type match struct {
	*rule
	account   *account
	undecided bool
	gives     bool      // what it gives counts; its cap, denials and end count in any case
	until     time.Time // what it gives ends then; zero for never
	end       time.Time // the membership ends then; zero for never
	because   string    // made when the first reason needs it
}

// checks is what became of each selector of a rule for one account. The condition is asked only when the rest holds.
type checks struct {
	connection, groups, except bool // each holds, or is not there
	asked, condition           bool
	err                        error
}

func (c *checks) rest() bool      { return c.connection && c.groups && c.except }
func (c *checks) holds() bool     { return c.rest() && (!c.asked || c.condition) }
func (c *checks) undecided() bool { return c.rest() && c.err != nil }

// check tests every selector of a rule on one account.
func (r *rule) check(a *account) checks {
	if r.bare {
		ok, err := r.condition.holds(a.see())
		return checks{connection: true, groups: true, except: true, asked: true, condition: ok, err: err}
	}
	c := checks{
		connection: r.allows(a.Connection),
		groups:     len(r.groups) == 0 || a.groups.hasAny(r.groups),
		except:     !a.groups.hasAny(r.except),
	}
	if r.condition != nil && c.rest() {
		c.asked = true
		c.condition, c.err = r.condition.holds(a.see())
	}
	return c
}

// plainlyNot reports whether a rule that is a condition alone, which cannot fail, does not hold: most rules for most people.
func (r *rule) plainlyNot(a *account) bool {
	return r.bare && r.condition.native != nil && !r.condition.native(a.see())
}

// match finds the rules that count. A rule matches the person when it matches one account entirely.
func (e *evaluation) match() {
	e.matches = e.room.matches[:0]
	var room [64]int
	for _, n := range e.askable(room[:0]) {
		r := e.policy.rules[n]
		var found match
		for i := range e.giving {
			a := &e.giving[i]
			if e.trace == nil && r.plainlyNot(a) {
				continue
			}
			c := r.check(a)
			if e.trace != nil {
				e.looks = append(e.looks, look{rule: r, account: a, checks: c})
			}
			switch {
			case c.undecided():
				e.problem("condition of rule %s (%s) failed for a record of %s: %s", r.Name, r.at, a.Connection, why(c.err))
				if found.rule == nil {
					found = match{rule: r, account: a, undecided: true}
				}
			case c.holds():
				found = match{rule: r, account: a}
			}
			if found.rule != nil && !found.undecided {
				break
			}
		}
		if found.rule != nil {
			found.gives = (!e.decision().Guest || r.Guests) && e.opens(found.account)
			e.matches = append(e.matches, found)
		}
	}
	e.room.matches = e.matches
}

// askable adds the places of the rules that can match: those that ask for a group or a text that the person has, and
// those that ask for neither. An explanation looks at all of them.
func (e *evaluation) askable(numbers []int) []int {
	p := e.policy
	if e.trace != nil {
		for n := range p.rules {
			numbers = append(numbers, n)
		}
		return numbers
	}
	var room [16]int
	asked := room[:0]
	for i := range e.giving {
		for word, set := range e.giving[i].groups {
			for ; set != 0; set &= set - 1 {
				asked = append(asked, p.asking[word*64+bits.TrailingZeros64(set)]...)
			}
		}
		for _, text := range p.askedTexts {
			asked = append(asked, text.rules[text.value(&e.giving[i].see().user)]...)
		}
	}
	slices.Sort(asked)
	open := p.open // in order, and none of them asked
	for _, n := range slices.Compact(asked) {
		for len(open) > 0 && open[0] < n {
			numbers, open = append(numbers, open[0]), open[1:]
		}
		numbers = append(numbers, n)
	}
	return append(numbers, open...)
}

// reason says in words why the rule counts. It names no value of the person beside the names of groups.
func (m *match) reason() string {
	if m.because != "" {
		return m.because
	}
	if m.undecided {
		m.because = "condition " + m.condition.text + " could not be evaluated"
		return m.because
	}
	var parts []string
	if g := find(m.groups, m.account.Groups); g != nil {
		text := `group "` + g.Name + `" of ` + m.account.Connection
		if g.Via != "" {
			text += ` through "` + g.Via + `"`
		}
		parts = append(parts, text)
	}
	if m.condition != nil {
		parts = append(parts, "condition "+m.condition.text+" held")
	}
	if len(parts) == 0 && len(m.except) > 0 {
		parts = append(parts, "not in "+texts(m.except))
	}
	if len(parts) == 0 {
		parts = append(parts, m.account.what()+m.account.Connection)
	}
	m.because = strings.Join(parts, " and ")
	return m.because
}

// each walks the matches that are certain, then those that are not.
func (e *evaluation) each(fn func(*match)) {
	for _, undecided := range []bool{false, true} {
		for i := range e.matches {
			if e.matches[i].undecided == undecided {
				fn(&e.matches[i])
			}
		}
	}
}
