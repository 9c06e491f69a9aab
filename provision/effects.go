package provision

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// compare returns what changed between two states of a member, each value with the stored reason for it, and apart from
// them the personal values that changed. The effects of a history add up: each begins where the one before it ended.
func compare(before, after *directory.Member) ([]directory.Effect, []directory.DetailValue) {
	was := before
	if was == nil {
		was = &directory.Member{Status: directory.StatusNone}
	}
	c := comparison{former: was.Decision.Reasons, reasons: after.Decision.Reasons}
	c.status(was, after)
	if !visible(was) && !visible(after) {
		return c.effects, nil // what would be is not what is
	}
	old, now := given(was), given(after)
	c.value("role", old.Role, now.Role)
	c.value("department", old.Department, now.Department)
	c.list("teams", old.Teams, now.Teams)
	c.list("permission_sets", old.PermissionSets, now.PermissionSets)
	c.list("spaces", old.Spaces, now.Spaces)
	c.list("projects", old.Projects, now.Projects)
	c.value("ends", instant(old.Ends), instant(now.Ends))
	c.manager(text(old.ManagerID), text(now.ManagerID))
	c.personal("email", old.Email, now.Email)
	c.personal("name", old.Name, now.Name)
	c.personal("title", old.Title, now.Title)
	return c.effects, c.values
}

// visible reports whether a person is, or was, a member: only then do values of a decision count as given.
func visible(m *directory.Member) bool { return m.Status != directory.StatusNone }

// given returns what a person has of a decision: nothing, unless they are a member.
func given(m *directory.Member) *directory.Decision {
	if visible(m) {
		return &m.Decision
	}
	return &directory.Decision{}
}

type comparison struct {
	former  []directory.Reason // of the state before
	reasons []directory.Reason // of the state after
	effects []directory.Effect
	values  []directory.DetailValue
}

func (c *comparison) status(was, now *directory.Member) {
	if was.Status == now.Status {
		return
	}
	c.change("status", string(was.Status), string(now.Status), c.standing(now))
}

func (c *comparison) value(field, before, after string) {
	if before == after {
		return
	}
	why := find(c.reasons, field, after)
	if why == nil && after != "" {
		why = last(c.reasons, field)
	}
	if why == nil {
		why = c.lost(field, before)
	}
	c.change(field, before, after, why)
}

func (c *comparison) list(field string, before, after []string) {
	for _, v := range before {
		if slices.Contains(after, v) {
			continue
		}
		why := find(c.reasons, field, v) // a denial
		if why == nil || why.Source != directory.SourceDeny {
			why = c.lost(field, v)
		}
		c.change(field, v, "", why)
	}
	for _, v := range after {
		if !slices.Contains(before, v) {
			c.change(field, "", v, find(c.reasons, field, v))
		}
	}
}

func (c *comparison) manager(before, after string) {
	if before == after {
		return
	}
	why := &directory.Reason{Field: "manager", Value: after, Source: directory.SourceDirectory, Because: "whom the directory names is a member here"}
	if after == "" {
		why.Because = "the directory names nobody, or somebody who is no member here"
	}
	c.change("manager", before, after, why)
}

func (c *comparison) change(field, before, after string, why *directory.Reason) {
	c.effects = append(c.effects, directory.Effect{Field: field, Before: before, After: after, Reason: why})
}

func (c *comparison) personal(field, before, after string) {
	if before == after {
		return
	}
	c.values = append(c.values, directory.DetailValue{Attribute: field, Before: quoted(before), After: quoted(after)})
}

// becauseMerged begins the reason of a member who became part of another.
const becauseMerged = "merged into the member "

// standing says why somebody stands where they stand now: what admins or directories said of it, else what gave the
// role with which they got in.
func (c *comparison) standing(now *directory.Member) *directory.Reason {
	status := string(now.Status)
	if !now.Merged.IsZero() {
		return &directory.Reason{Field: "status", Value: status, Source: directory.SourceManual, Because: becauseMerged + now.Merged.String()}
	}
	if r := find(c.reasons, "status", status); r != nil {
		return r
	}
	role := find(c.reasons, "role", now.Decision.Role)
	if role != nil && (now.Status == directory.StatusActive || now.Status == directory.StatusInvited) {
		r := *role
		r.Field, r.Value = "status", status
		return &r
	}
	if r := last(c.reasons, "status"); r != nil {
		return r
	}
	return c.lost("status", status)
}

// lost says why a value is gone that nothing denies: what gave it does not any more. It names the rule, or what else that
// was, and for what it gave the value.
func (c *comparison) lost(field, value string) *directory.Reason {
	r := directory.Reason{Field: field, Value: value, Source: directory.SourceNoLonger, Because: "nothing gives it any more"}
	if field == "ends" {
		r.Because = "nothing ends the membership any more"
	}
	was := find(c.former, field, value)
	switch {
	case was == nil:
		return &r
	case was.Rule != "":
		r.Because = "until then: " + was.Because
	case was.Source == directory.SourceHeld:
		r.Because += "; it stood because of a hold: " + was.Because
	case was.Because != "":
		r.Because += "; until then: " + was.Because
	}
	r.Rule, r.At, r.Until = was.Rule, was.At, was.Until
	return &r
}

// find returns the last reason of a value.
func find(reasons []directory.Reason, field, value string) *directory.Reason {
	for i := len(reasons) - 1; i >= 0; i-- {
		if reasons[i].Field == field && reasons[i].Value == value {
			return &reasons[i]
		}
	}
	return nil
}

// last returns the last reason about a field.
func last(reasons []directory.Reason, field string) *directory.Reason {
	for i := len(reasons) - 1; i >= 0; i-- {
		if reasons[i].Field == field {
			return &reasons[i]
		}
	}
	return nil
}

func quoted(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil // strings always marshal
	}
	return text
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func text(id directory.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}
