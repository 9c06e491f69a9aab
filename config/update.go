package config

import (
	"github.com/mixus/usher/directory"
)

// Update is a mass update of permissions, as customers write it.
type Update struct {
	At      directory.Position
	Filter  UpdateFilter
	Changes directory.Permission
}

// UpdateFilter says whom a mass update is about: who fits every key that is there, each by any of its values.
type UpdateFilter struct {
	At          directory.Position
	Departments []string // those below them too
	Roles       []string
	Teams       []string
	Emails      []string
	Places      Places
}

// ParseUpdate reads a mass update, JSON or YAML. The name appears in positions. The update is fit for use when no problem is
// an error; it is nil when nothing could be read.
func ParseUpdate(name string, text []byte) (*Update, []directory.Problem) {
	d := &decoder{src: newSource(name, text)}
	root, problems := parseTree(d.src)
	d.problems = problems
	if root == nil {
		return nil, d.finish()
	}
	u, ok := updateTable().read(d, root, spot{example: `{"operation": "update_permissions"}`})
	problems = d.finish()
	if !ok {
		return nil, problems
	}
	return &u, problems
}
