package access

import (
	"slices"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Answer says whether a member may do something, and why.
type Answer struct {
	Allowed  bool              `json:"allowed"`
	Source   Source            `json:"source,omitzero"`    // of a yes, what gives it; of a no, what withholds it; none where nothing gives it
	Also     []Source          `json:"also,omitempty"`     // of a yes, what else gives it
	Given    *directory.Reason `json:"given,omitempty"`    // how the member comes by the source, as stored when it was decided
	Why      string            `json:"why"`                // in words
	Until    time.Time         `json:"until,omitzero"`     // the yes ends then
	Data     []string          `json:"data,omitempty"`     // the data scopes of an integration that are to be kept to; none for all data
	Limit    int64             `json:"limit,omitempty"`    // the largest size in bytes; 0 for none
	Approval bool              `json:"approval,omitempty"` // an admin may approve it
}

// grant is one reason for a yes.
type grant struct {
	source Source
	level  string // of a thing
	reason *directory.Reason
	until  time.Time
}

// withheld is a reason for a no that beats every grant.
type withheld struct {
	source   Source
	reason   *directory.Reason
	why      string
	approval bool
}

// answer weighs what was found.
func (e *evaluation) answer() Answer {
	switch {
	case len(e.no) > 0:
		return e.refusal(e.no)
	case len(e.yes) == 0 && len(e.lost) > 0:
		return e.refusal(e.lost)
	case len(e.yes) == 0:
		return Answer{Why: e.nothing()}
	}
	first := &e.yes[0]
	a := Answer{Allowed: true, Source: first.source, Given: first.reason, Limit: e.limit, Until: e.until(), Data: e.data()}
	for i := range e.yes[1:] {
		if s := e.yes[i+1].source; s != first.source && !slices.Contains(a.Also, s) {
			a.Also = append(a.Also, s)
		}
	}
	a.Why = first.source.words() + " gives it" + given(first.reason)
	return a
}

// refusal is a no, by all that withholds.
func (e *evaluation) refusal(by []withheld) Answer {
	w := &by[0]
	a := Answer{Source: w.source, Given: w.reason, Why: w.why, Approval: w.approval, Limit: e.limit}
	for i := range by[1:] {
		if s := by[i+1].source; s != w.source && !slices.Contains(a.Also, s) {
			a.Also = append(a.Also, s)
		}
	}
	return a
}

// until is when the last of the grants ends, or the membership before that; zero for never.
func (e *evaluation) until() time.Time {
	last := e.yes[0].until
	for _, g := range e.yes[1:] {
		if g.until.IsZero() || !last.IsZero() && g.until.After(last) {
			last = g.until
		}
	}
	return earlier(earlier(last, e.ends), e.member.Decision.Ends)
}

// earlier returns the earlier of two instants of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// data returns to which of an integration's data the member is limited by those who share it, whoever else lets the
// member use it.
func (e *evaluation) data() []string {
	var scopes []string
	for i := range e.yes {
		switch g := &e.yes[i]; {
		case g.source.Kind != KindIntegration:
		case g.level == config.FullAccess:
			return nil
		case !slices.Contains(scopes, g.level):
			scopes = append(scopes, g.level)
		}
	}
	slices.Sort(scopes)
	return scopes
}

// kindWords are the kinds of sources in words.
var kindWords = map[string]string{
	KindRole: "role ", KindSet: "permission set ", KindProject: "project ", KindSpace: "space ", KindAgent: "shared agent ",
	KindIntegration: "shared integration ", KindRule: "rule ", KindUpdate: "update ", KindApproval: "approval ",
}

// words names a source for people.
func (s Source) words() string {
	text := kindWords[s.Kind] + s.Name
	if s.At != "" {
		text += " (" + s.At + ")"
	}
	if s.Changed != "" {
		text += ", " + s.Changed + ","
	}
	return text
}

// given says how a member comes by what gives them something.
func given(r *directory.Reason) string {
	switch {
	case r == nil:
		return ""
	case r.Rule != "" && r.At != "":
		return ", by rule " + r.Rule + " (" + r.At + ")"
	case r.Rule != "":
		return ", by rule " + r.Rule
	case r.Because != "":
		return ", by " + r.Because
	}
	return ""
}
