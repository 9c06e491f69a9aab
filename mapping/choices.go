package mapping

import (
	"fmt"

	"github.com/mixus/usher/directory"
)

// The fields of reasons and steps.
const (
	fieldRole           = "role"
	fieldDepartment     = "department"
	fieldTeams          = "teams"
	fieldPermissionSets = "permission_sets"
	fieldSpaces         = "spaces"
	fieldProjects       = "projects"
	fieldStatus         = "status"
	fieldEnds           = "ends"
	fieldRollout        = "rollout"
	fieldProfile        = "profile"         // of steps only: the connection whose profile counts
	fieldDepartmentText = "department_text" // of steps only: what the directory says
	fieldAccount        = "account"         // of steps only: a record that does not count
)

// waits is the value of fieldRollout.
const waits = "waits"

// choice is a value for a single-valued field, why, and which others there were.
type choice struct {
	value  string
	role   *role // for a role
	reason directory.Reason
	beaten []string
}

func (c *choice) step(field string) Step {
	return Step{Field: field, Value: c.value, Reason: c.reason, Beaten: c.beaten}
}

// beat notes that a choice was made over another.
func (e *evaluation) beat(c *choice, other *choice) {
	if e.trace != nil && other.reason.Source != "" {
		c.beaten = append(c.beaten, other.String())
	}
}

// String says a choice in words: role member from rule engineers (acme.yaml:12).
func (c *choice) String() string {
	from := string(c.reason.Source)
	if c.reason.Rule != "" {
		from = "rule " + c.reason.Rule
	}
	if c.reason.At != "" {
		from += " (" + c.reason.At + ")"
	}
	return fmt.Sprintf("%s %s from %s", c.reason.Field, c.value, from)
}

// given is what a rule gives, as a reason.
func (m *match) given(field, value string) directory.Reason {
	r := directory.Reason{Field: field, Value: value, Source: directory.SourceRule, Rule: m.Name, At: m.at, Because: m.reason(), Until: m.until}
	if m.undecided {
		r.Source = directory.SourceCondition
		r.Because += "; kept as it was"
	}
	return r
}
