package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

// because says in one line why a value is what it is: the value, the rule and its place, what matched.
func because(r api.Reason) string {
	var b strings.Builder
	b.WriteString(r.Value)
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	what, more := decidedBy(r), r.Because
	nothing := r.Source == directory.SourceNoRule || r.Source == directory.SourceNoLonger && r.Rule == ""
	if nothing && more != "" {
		what, more = more, "" // it says it all
	}
	b.WriteString(what)
	if r.At != "" {
		fmt.Fprintf(&b, " (%s)", r.At)
	}
	if more != "" {
		b.WriteString(", " + more)
	}
	if !r.Until.IsZero() {
		b.WriteString(", until " + day(r.Until))
	}
	return b.String()
}

// by is because after what it tells the reason of: "by rule …", or that nothing gives it.
func by(r api.Reason) string {
	switch {
	case r.Source == directory.SourceNoLonger:
		return because(r)
	case r.Source == directory.SourceNoRule && r.Because != "":
		return "since " + because(r)
	}
	return "by " + because(r)
}

// decidedBy names what decided a value.
func decidedBy(r api.Reason) string {
	switch r.Source {
	case directory.SourceCap:
		return fmt.Sprintf("max_role of rule %q", r.Rule)
	case directory.SourceDeny:
		return fmt.Sprintf("deny of rule %q", r.Rule)
	case directory.SourceDomainDefault:
		return "the domain's default"
	case directory.SourceDomainDepartments:
		return "the domain's departments"
	case directory.SourceConnectionDefault:
		return "the connection's default"
	case directory.SourceDirectory, directory.SourceInactive:
		return "the directory"
	case directory.SourceManual:
		return "an admin"
	case directory.SourcePin:
		return "a pin"
	case directory.SourceInvitation:
		return "an invitation"
	case directory.SourceIgnored:
		return "the ignore list"
	case directory.SourceGuest:
		return "the limit for guests"
	case directory.SourceNoRule:
		return "no rule"
	case directory.SourceEnded:
		return fmt.Sprintf("membership_for of rule %q", r.Rule)
	case directory.SourceRollout:
		return "the rollout"
	case directory.SourceApproval:
		return "an approval that is missing"
	case directory.SourceLastAdmin:
		return "the last admin"
	case directory.SourceHeld:
		return "a hold"
	case directory.SourceNoLonger: // of a rule that may still be there, and not match, or give something else
		if r.Rule == "" {
			return "nothing gives it any more"
		}
		return fmt.Sprintf("no longer given by rule %q", r.Rule)
	case directory.SourceRule, directory.SourceCondition:
	}
	if r.Rule != "" {
		return fmt.Sprintf("rule %q", r.Rule)
	}
	return strings.ReplaceAll(string(r.Source), "_", " ")
}

// nextChange says when something changes by itself, and what as far as the reasons tell.
func nextChange(m api.Member) string {
	if m.Next == nil {
		return "none by itself"
	}
	text := day(*m.Next)
	var ends []string
	for _, r := range m.Reasons {
		switch {
		case r.Until.IsZero() || !r.Until.Truncate(time.Second).Equal(m.Next.Truncate(time.Second)):
		case r.Field == "ends":
			ends = append(ends, "the membership")
		default:
			ends = append(ends, fmt.Sprintf("%s %s by %s", r.Field, r.Value, decidedBy(r)))
		}
	}
	if len(ends) > 0 {
		text += ", the end of " + strings.Join(ends, " and of ")
	}
	return text
}
