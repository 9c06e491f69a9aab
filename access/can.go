package access

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Can says whether a member may do something at an instant. Of the member's grants, those of permissions count. It is a
// function of its arguments.
func (p *Policy) Can(m *directory.Member, q Question, at time.Time, grants ...*directory.Grant) Answer {
	e := evaluations.Get().(*evaluation)
	defer func() {
		clear(e.yes)
		*e = evaluation{yes: e.yes[:0]}
		evaluations.Put(e)
	}()
	e.policy, e.member, e.at, e.question, e.given = p, m, at, q, holding(grants, at)
	e.path = p.departmentPath(m.Decision.Department)
	if why := standing(m, at); why != "" {
		return Answer{Source: Source{Kind: KindStatus, Name: string(m.Status)}, Given: e.reason(fieldStatus, ""), Why: why}
	}
	var fits bool
	if e.asked, fits = p.read(&e.question); !fits {
		return Answer{Why: e.action + " is done on " + article(e.kind) + ", and this is " + article(q.Resource.Type)}
	}
	e.role()
	e.values()
	e.thing()
	return e.answer()
}

// evaluations are evaluations that may be used again: nothing of them is in an answer.
var evaluations = sync.Pool{New: func() any { return &evaluation{} }}

// evaluation is one question being answered.
type evaluation struct {
	policy   *Policy
	member   *directory.Member
	at       time.Time
	question Question
	asked

	yes    []grant
	path   []string // the member's department and those above it
	no     []withheld
	lost   []withheld         // what would give it, were it not denied
	given  []*directory.Grant // permission grants that hold, the newest first
	ends   time.Time          // another permission grant, or none, counts from then on; zero for never
	limit  int64
	narrow string // the scope that the role has and that the resource is not in
}

const fieldStatus = "status"

// standing says why a member may do nothing at all, "" for an active one.
func standing(m *directory.Member, at time.Time) string {
	switch {
	case m.Status != directory.StatusActive:
		return "the person is no active member: " + string(m.Status)
	case !m.Decision.Ends.IsZero() && !at.Before(m.Decision.Ends):
		return "the membership ended " + m.Decision.Ends.UTC().Format(time.RFC3339)
	}
	return ""
}

// nothing says why nothing gives what is asked.
func (e *evaluation) nothing() string {
	on := ""
	if t := e.question.Resource.Thing; t.ID != "" {
		on = " on " + t.Type + " " + t.ID
	}
	switch e.narrow {
	case config.ScopeOwn:
		whose := "this belongs to somebody else"
		if r := &e.question.Resource; r.Owner == "" && r.Type != "user" {
			whose = "nothing says that this is theirs"
		}
		return "role " + e.member.Decision.Role + " gives " + e.action + " on what is one's own only, and " + whose
	case config.ScopePublic, config.ScopeShared:
		return "role " + e.member.Decision.Role + " gives " + e.action + " on what is " + e.narrow + " only, and this is not"
	}
	if !e.policy.knows(e.asked) {
		return "nothing in the organization's file speaks of " + e.action
	}
	return "nothing gives " + e.action + on
}

// knows reports whether the file speaks of an action, or could.
func (p *Policy) knows(a asked) bool {
	_, found := slices.BinarySearch(p.actions, a.action)
	return found || a.kind != "" && p.verbs[a.kind][a.verb]
}

// reason finds the stored reason for a value of the member's decision; of any value for "".
func (e *evaluation) reason(field, value string) *directory.Reason {
	for i := range e.member.Decision.Reasons {
		r := &e.member.Decision.Reasons[i]
		if r.Field == field && (value == "" || r.Value == value) && r.Source != directory.SourceDeny && r.Source != directory.SourceNoLonger {
			return r
		}
	}
	return nil
}

// denial finds the stored reason for which a rule denies a value.
func (e *evaluation) denial(field, value string) *directory.Reason {
	for i := range e.member.Decision.Reasons {
		if r := &e.member.Decision.Reasons[i]; r.Field == field && r.Value == value && r.Source == directory.SourceDeny {
			return r
		}
	}
	return nil
}

// has reports whether the member has a value at the instant, and returns the stored reason for it.
func (e *evaluation) has(field, value string) (*directory.Reason, bool) {
	d := &e.member.Decision
	found, stored := false, value
	switch field {
	case fieldRole:
		found = d.Role == value && value != ""
	case fieldDepartment:
		found = slices.Contains(e.path, value)
		stored = d.Department
	case fieldTeams:
		_, found = slices.BinarySearch(d.Teams, value)
	case fieldSets:
		_, found = slices.BinarySearch(d.PermissionSets, value)
	case fieldSpaces:
		_, found = slices.BinarySearch(d.Spaces, value)
	case fieldProjects:
		_, found = slices.BinarySearch(d.Projects, value)
	case fieldEmail:
		return nil, isAddress(d, value)
	}
	if !found {
		return nil, false
	}
	r := e.reason(field, stored)
	return r, r == nil || r.Until.IsZero() || e.at.Before(r.Until)
}

// isAddress reports whether a folded address means the person of a decision.
func isAddress(d *directory.Decision, folded string) bool {
	return folded != "" && (slices.Contains(d.Aliases, folded) || directory.FoldAddress(d.Email) == folded)
}

// article names a type of thing in a sentence.
func article(kind string) string {
	word := strings.ReplaceAll(kind, "_", " ")
	if word != "" && strings.ContainsRune("aeiou", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}
