package filter

import (
	"time"

	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/scim/schema"
)

// Record is a resource as a filter sees it. Attributes hold what dialect.Decode returns; the rest is kept outside it.
type Record struct {
	ID         string
	ExternalID string
	Created    time.Time
	Modified   time.Time
	Version    string // as in meta.version
	Location   string // as in meta.location
	Attributes map[string]any
	Groups     func() []any         // of a user: maps with value, display and type; nil for none
	HasMember  func(id string) bool // of a group; nil for none
	Members    int                  // of a group: how many it has
}

// Names that are not kept among the attributes.
const (
	nameID         = "id"
	nameExternalID = "externalId"
	nameMeta       = "meta"
	nameSchemas    = "schemas"
	nameGroups     = "groups"
	nameMembers    = "members"
)

// source returns where the value of an attribute is found in a record.
func source(res *schema.Resource, a *schema.Attribute) func(*Record) any {
	name := a.Name
	switch {
	case a.Extension:
		urn := a.URN
		return func(rec *Record) any {
			nested, ok := rec.Attributes[urn].(map[string]any)
			if !ok {
				return nil
			}
			return nested[name]
		}
	case a.URN == "":
		return commonSource(res, name)
	case name == nameGroups && a.Mutability == schema.ReadOnly:
		return func(rec *Record) any {
			if rec.Groups == nil {
				return nil
			}
			return rec.Groups()
		}
	}
	return func(rec *Record) any { return rec.Attributes[name] }
}

// commonSource finds the attributes of RFC 7643, section 3.1.
func commonSource(res *schema.Resource, name string) func(*Record) any {
	switch name {
	case nameID:
		return func(rec *Record) any { return text(rec.ID) }
	case nameExternalID:
		return func(rec *Record) any { return text(rec.ExternalID) }
	case nameMeta:
		return func(rec *Record) any {
			meta := map[string]any{"resourceType": res.Name, "version": text(rec.Version), "location": text(rec.Location)}
			if !rec.Created.IsZero() {
				meta["created"] = rec.Created
			}
			if !rec.Modified.IsZero() {
				meta["lastModified"] = rec.Modified
			}
			return meta
		}
	case nameSchemas:
		return func(rec *Record) any { return presentSchemas(res, rec) }
	}
	return func(*Record) any { return nil }
}

// presentSchemas lists the core schema and the extensions of which the record has something.
func presentSchemas(res *schema.Resource, rec *Record) any {
	urns := []any{res.URN}
	for _, e := range res.Extensions {
		if present(rec.Attributes[e.URN]) {
			urns = append(urns, e.URN)
		}
	}
	return urns
}

// text is a string as a value, nil when it is empty.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func isMembers(a *schema.Attribute) bool {
	return a.Name == nameMembers && a.URN == schema.GroupURN
}

// compareMembers compiles a comparison of members, which are edges and not values: only equality and presence can be
// asked without reading them all.
func compareMembers(sub *schema.Attribute, e *ast.AttributeExpression) (predicate[*Record], error) {
	id, isText := e.CompareValue.(string)
	byValue := sub == nil || sub.Name == "value"
	switch {
	case byValue && e.Operator == ast.PR:
		return func(rec *Record) bool { return rec.Members > 0 }, nil
	case byValue && isText && e.Operator == ast.EQ:
		return func(rec *Record) bool { return rec.HasMember != nil && rec.HasMember(id) }, nil
	case byValue && isText && e.Operator == ast.NE:
		return func(rec *Record) bool { return rec.HasMember == nil || !rec.HasMember(id) }, nil
	}
	return nil, membersOnly()
}

func membersMatch(element *Element) (predicate[*Record], error) {
	sub, ids, ok := element.AnyOf()
	if !ok || sub == nil || sub.Name != "value" {
		return nil, membersOnly()
	}
	return func(rec *Record) bool {
		for _, id := range ids {
			if rec.HasMember != nil && rec.HasMember(id) {
				return true
			}
		}
		return false
	}, nil
}

func membersOnly() error {
	return invalid(nameMembers, `members can only be compared by id, as in members.value eq "…", or with pr.`)
}
