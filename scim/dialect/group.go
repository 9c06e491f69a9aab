package dialect

import (
	"io"
	"strings"

	"github.com/mixus/usher/scim/schema"
)

// GroupDocument is a group as a POST or PUT carried it. Its members are values as sent, in order, without duplicates.
type GroupDocument struct {
	Document
	Members      []string
	MembersGiven bool // the body had a members attribute, be it empty
}

// Group reads a group from a POST or PUT body as a stream: members never become maps.
func Group(res *schema.Resource, src io.Reader) (*GroupDocument, error) {
	r, err := streamOf(src)
	if err != nil {
		return nil, err
	}
	b := newBuilder(res)
	g := &GroupDocument{}
	err = r.object(func(key string) error {
		if isMembers(res, key) {
			if g.MembersGiven {
				return syntaxError("members is given twice.")
			}
			g.MembersGiven = true
			g.Members, err = b.members(r)
			return err
		}
		value, err := r.value()
		if err != nil {
			return err
		}
		return b.field(key, value)
	})
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	doc, err := b.document()
	if err != nil {
		return nil, err
	}
	g.Document = *doc
	return g, nil
}

// isMembers reports whether a key means the members of a group.
func isMembers(res *schema.Resource, key string) bool {
	if strings.EqualFold(key, nameMembers) {
		return true
	}
	a, sub, ok := res.Find(key)
	return ok && sub == nil && a.Name == nameMembers && a.URN == schema.GroupURN
}
