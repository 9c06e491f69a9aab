package provision

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// compare returns what changed between two states of a member, each value with the stored reason for it, and apart from
// them the personal values that changed.
func compare(before, after *directory.Member) ([]directory.Effect, []directory.DetailValue) {
	was := before
	if was == nil {
		was = &directory.Member{Status: directory.StatusNone}
	}
	c := comparison{reasons: after.Decision.Reasons}
	c.status(was, after)
	if !visible(was) && !visible(after) {
		return c.effects, nil // what would be is not what is
	}
	old, now := &was.Decision, &after.Decision
	if !visible(was) {
		old = &directory.Decision{}
	}
	c.value("role", old.Role, now.Role)
	c.value("department", old.Department, now.Department)
	c.list("teams", old.Teams, now.Teams)
	c.list("permission_sets", old.PermissionSets, now.PermissionSets)
	c.list("spaces", old.Spaces, now.Spaces)
	c.list("projects", old.Projects, now.Projects)
	c.value("ends", instant(old.Ends), instant(now.Ends))
	if old.ManagerID != now.ManagerID {
		c.value("manager", text(old.ManagerID), text(now.ManagerID))
	}
	c.personal("email", old.Email, now.Email)
	c.personal("name", old.Name, now.Name)
	c.personal("title", old.Title, now.Title)
	return c.effects, c.values
}

// visible reports whether a person is, or was, a member: only then do values of a decision count as given.
func visible(m *directory.Member) bool { return m.Status != directory.StatusNone }

type comparison struct {
	reasons []directory.Reason
	effects []directory.Effect
	values  []directory.DetailValue
}

func (c *comparison) status(was, now *directory.Member) {
	if was.Status == now.Status {
		return
	}
	c.effects = append(c.effects, directory.Effect{
		Field: "status", Before: string(was.Status), After: string(now.Status), Reason: c.reason("status", ""),
	})
}

func (c *comparison) value(field, before, after string) {
	if before == after {
		return
	}
	c.effects = append(c.effects, directory.Effect{Field: field, Before: before, After: after, Reason: c.reason(field, after)})
}

func (c *comparison) list(field string, before, after []string) {
	for _, v := range before {
		if !slices.Contains(after, v) {
			c.effects = append(c.effects, directory.Effect{Field: field, Before: v, Reason: c.reason(field, v)})
		}
	}
	for _, v := range after {
		if !slices.Contains(before, v) {
			c.effects = append(c.effects, directory.Effect{Field: field, After: v, Reason: c.reason(field, v)})
		}
	}
}

func (c *comparison) personal(field, before, after string) {
	if before == after {
		return
	}
	c.values = append(c.values, directory.DetailValue{Attribute: field, Before: quoted(before), After: quoted(after)})
}

// reason returns the reason of a value, else the last word about its field.
func (c *comparison) reason(field, value string) *directory.Reason {
	var found *directory.Reason
	for i := range c.reasons {
		r := &c.reasons[i]
		if r.Field != field {
			continue
		}
		if r.Value == value {
			return r
		}
		if value == "" {
			found = r
		}
	}
	return found
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
