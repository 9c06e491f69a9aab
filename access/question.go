package access

import (
	"strings"

	"github.com/mixus/usher/directory"
)

// Question is what a member wants to do, and on what.
type Question struct {
	Action   string // agents.run; or run alone, where the resource says of what
	Resource Resource
}

// Resource is what something is to be done on. For an action on nothing in particular it is empty.
type Resource struct {
	Thing
	Owner   string // a member's id or address
	Shared  bool   // with the person who asks, as the application knows
	Public  bool
	Space   string // in which it lies
	Project string // to which it belongs
	Data    string // the kind of an integration's data that is wanted, such as leads
	Size    int64  // of a file, in bytes; 0 where it is not known
}

// ResourceOf reads what the application says of a resource: owner (also owner_id, ownerID), shared, public or
// visibility, space, project, data, and size in bytes or as 120MB. It knows no other properties and passes over them.
func ResourceOf(kind, id string, properties map[string]any) (Resource, error) {
	r := Resource{Thing: Thing{Type: kind, ID: id}}
	if len(properties) == 0 {
		return r, nil
	}
	for _, name := range []string{"owner", "owner_id", "ownerID"} {
		if text, ok := properties[name].(string); ok && r.Owner == "" {
			r.Owner = text
		}
	}
	r.Shared, _ = properties["shared"].(bool)
	r.Public, _ = properties["public"].(bool)
	r.Public = r.Public || properties["visibility"] == "public"
	r.Space, _ = properties["space"].(string)
	r.Project, _ = properties["project"].(string)
	r.Data, _ = properties["data"].(string)
	switch size := properties["size"].(type) {
	case nil:
	case float64:
		if size < 0 || size >= 1<<62 {
			return r, badSize()
		}
		r.Size = int64(size)
	case string:
		var err error
		if r.Size, err = directory.ParseSize(size); err != nil {
			return r, badSize()
		}
	default:
		return r, badSize()
	}
	return r, nil
}

func badSize() error {
	e := directory.Errorf(directory.Invalid, "The size of a resource is a number of bytes, or a text such as 120MB.")
	e.Field = "resource.properties.size"
	return e
}

// ResourceProperties returns the names of the properties that ResourceOf reads.
func ResourceProperties() []string {
	return []string{"owner", "owner_id", "ownerID", "shared", "public", "visibility", "space", "project", "data", "size"}
}

// asked is a question as the policy sees it.
type asked struct {
	action string
	verb   string // on a thing; "" where the action is on no type of thing that the policy knows
	kind   string // of thing that the action is on, "" for none
}

// read finds the action that a question means. It reports false for an action on another type of thing than the resource.
func (p *Policy) read(q *Question) (asked, bool) {
	a := asked{action: q.Action}
	if word, verb, ok := strings.Cut(q.Action, "."); ok {
		if kind := p.nouns[word]; kind != "" {
			a.kind, a.verb = kind, verb
		}
	} else if p.verbs[q.Resource.Type][q.Action] {
		a.kind, a.verb = q.Resource.Type, q.Action
		a.action = noun(a.kind) + "." + a.verb
	}
	other := q.Resource.Type != "" && p.verbs[q.Resource.Type] != nil && a.kind != "" && a.kind != q.Resource.Type
	return a, !other
}
