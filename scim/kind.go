package scim

import (
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/filter"
	"github.com/mixus/usher/scim/schema"
	"github.com/mixus/usher/store"
)

// kind is a resource type as lists see it: how the store keeps it, and what a filter and an order need of a row.
type kind[R any] struct {
	resource *schema.Resource
	get      func(store.Tx, directory.ConnNum, []directory.ID) ([]*R, error)
	list     func(store.Tx, directory.ConnNum, store.Page) ([]*R, error)
	find     func(store.Tx, directory.ConnNum, directory.Key) ([]directory.ID, error)
	named    func(name string) ([]directory.ID, error) // by displayName, where the store does not index it; nil where it does
	keys     func(store.Tx, directory.ConnNum, store.KeyPage) ([]store.KeyRow, error)
	count    func(store.Tx, directory.ConnNum) (int, error)
	at       func(store.Tx, directory.ConnNum, int) (directory.ID, error)
	id       func(*R) directory.ID
	indexed  func(*R) []directory.Key
	record   func(store.Tx, *R) (*filter.Record, error)
	orders   []sortable
}

// sortable is an attribute by which resources can be sorted.
type sortable struct {
	name      string
	attribute directory.Attribute // zero for the order of ids, which is that of creation
	partial   bool                // not every resource has it
}

func (c *call) userKind() *kind[directory.User] {
	return &kind[directory.User]{
		resource: c.line.user,
		get:      store.Tx.Users,
		list:     store.Tx.ListUsers,
		find:     store.Tx.FindUsers,
		named: func(name string) ([]directory.ID, error) {
			return c.displayNames.find(c.r.Context(), c.Store, c.line.Num, name)
		},
		keys:    store.Tx.UserKeys,
		count:   store.Tx.CountUsers,
		at:      store.Tx.UserAt,
		id:      func(u *directory.User) directory.ID { return u.ID },
		indexed: func(u *directory.User) []directory.Key { return u.Keys },
		record:  c.userRecord,
		orders: []sortable{
			{name: "id"},
			{name: "meta.created"},
			// The userName of somebody who has left passes to another person, and is then no longer indexed.
			{name: "userName", attribute: directory.AttrUserName, partial: true},
			{name: "externalId", attribute: directory.AttrExternalID, partial: true},
		},
	}
}

func (c *call) groupKind() *kind[directory.Group] {
	return &kind[directory.Group]{
		resource: c.line.group,
		get:      store.Tx.Groups,
		list:     store.Tx.ListGroups,
		find:     store.Tx.FindGroups,
		keys:     store.Tx.GroupKeys,
		count:    store.Tx.CountGroups,
		at:       store.Tx.GroupAt,
		id:       func(g *directory.Group) directory.ID { return g.ID },
		indexed:  (*directory.Group).Keys,
		record:   c.groupRecord,
		orders: []sortable{
			{name: "id"},
			{name: "meta.created"},
			{name: "displayName", attribute: directory.AttrDisplayName},
			{name: "externalId", attribute: directory.AttrExternalID, partial: true},
		},
	}
}

// order resolves sortBy and sortOrder (RFC 7644, section 3.4.2.3).
func (k *kind[R]) order(q *query) (order, error) {
	o := order{descending: q.descending}
	if q.sortBy == "" {
		o.descending = false
		return o, nil
	}
	name := q.sortBy
	if attribute, sub, ok := k.resource.Find(name); ok && sub != nil {
		name = sub.String()
	} else if ok {
		name = attribute.String()
	}
	i := slices.IndexFunc(k.orders, func(s sortable) bool { return s.name == name })
	if i < 0 {
		var names []string
		for _, s := range k.orders {
			names = append(names, s.name)
		}
		return o, invalid(codeInvalidValue, "Sorting works by "+strings.Join(names, ", ")+".")
	}
	o.attribute, o.partial = k.orders[i].attribute, k.orders[i].partial
	return o, nil
}

// userRecord shows a user to a filter.
func (c *call) userRecord(tx store.Tx, u *directory.User) (*filter.Record, error) {
	attributes, err := dialect.Decode(u.Body)
	if err != nil {
		return nil, err
	}
	if u.Superseded {
		delete(attributes, "userName") // it means another person now; the index has let it go as well
	}
	id := u.ID.String()
	return &filter.Record{
		ID: id, ExternalID: u.ExternalID, Created: u.Created, Modified: u.Modified,
		Version: version(u.Revision), Location: c.line.base + "/Users/" + id, Attributes: attributes,
		Groups: func() []any {
			groups, err := memberships(tx, c.line.Num, []directory.ID{u.ID})
			if err != nil {
				c.unread = err
				return nil
			}
			return c.line.membershipMaps(groups[0])
		},
	}, nil
}

// groupRecord shows a group to a filter.
func (c *call) groupRecord(tx store.Tx, g *directory.Group) (*filter.Record, error) {
	attributes, err := groupAttributes(g)
	if err != nil {
		return nil, err
	}
	id := g.ID.String()
	return &filter.Record{
		ID: id, ExternalID: g.ExternalID, Created: g.Created, Modified: g.Modified,
		Version: version(g.Revision), Location: c.line.base + "/Groups/" + id, Attributes: attributes,
		HasMember: func(value string) bool {
			has, err := tx.HasChildren(c.line.Num, g.ID, childrenNamed(value))
			if err != nil {
				c.unread = err
				return false
			}
			return slices.Contains(has, true)
		},
		Members: g.Members,
	}, nil
}

// childrenNamed lists what a member's value can mean.
func childrenNamed(value string) []directory.Child {
	children := []directory.Child{{Kind: directory.ChildParked, Value: value}}
	if id, ok := directory.ParseID(value); ok {
		children = append(children, directory.Child{Kind: directory.ChildUser, ID: id}, directory.Child{Kind: directory.ChildGroup, ID: id})
	}
	return children
}
