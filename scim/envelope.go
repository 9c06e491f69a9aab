package scim

import (
	"bytes"
	"strconv"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/schema"
)

// appendUser appends a whole user: the stored bytes, spliced between what the server adds (RFC 7643, section 3.1).
func (l *line) appendUser(b []byte, u *directory.User, groups []membership) []byte {
	b = append(b, `{"schemas":["`+schema.UserURN+`"`...)
	for i := range l.extensions {
		if bytes.Contains(u.Body, l.extensions[i].key) {
			b = append(b, l.extensions[i].listed...)
		}
	}
	b = append(b, `],"id":"`...)
	b = append(appendID(b, u.ID), '"')
	b = appendExternalID(b, u.ExternalID)
	b = appendFields(b, u.Body)
	if len(groups) > 0 {
		b = append(b, `,"groups":`...)
		b = l.appendMemberships(b, groups)
	}
	b = append(b, `,"meta":{"resourceType":"User","created":"`...)
	b = append(appendTime(b, u.Created), `","lastModified":"`...)
	b = append(appendTime(b, u.Modified), `","location":"`...)
	b = append(appendID(append(b, l.userRefs...), u.ID), `","version":"`...)
	return append(appendQuotedVersion(b, u.Revision), `"}}`...)
}

// appendGroupHead appends a group up to its members, which follow as a last attribute.
func (l *line) appendGroupHead(b []byte, g *directory.Group) []byte {
	b = append(b, `{"schemas":["`+schema.GroupURN+`"],"id":"`...)
	b = append(appendID(b, g.ID), '"')
	b = appendExternalID(b, g.ExternalID)
	b = append(b, `,"displayName":`...)
	b = appendString(b, g.DisplayName)
	b = appendFields(b, g.Body)
	b = append(b, `,"meta":{"resourceType":"Group","created":"`...)
	b = append(appendTime(b, g.Created), `","lastModified":"`...)
	b = append(appendTime(b, g.Modified), `","location":"`...)
	b = append(appendID(append(b, l.groupRefs...), g.ID), `","version":"`...)
	return append(appendQuotedVersion(b, g.Revision), `"}`...)
}

func appendExternalID(b []byte, externalID string) []byte {
	if externalID == "" {
		return b
	}
	return appendString(append(b, `,"externalId":`...), externalID)
}

// appendFields appends what stands between the braces of a stored object, after a comma.
func appendFields(b []byte, object []byte) []byte {
	if len(object) <= len("{}") {
		return b
	}
	return append(append(b, ','), object[1:len(object)-1]...)
}

// appendQuotedVersion appends an entity tag as it stands within a JSON string.
func appendQuotedVersion(b []byte, revision uint64) []byte {
	b = append(b, `W/\"`...)
	return append(strconv.AppendUint(b, revision, 10), `\"`...)
}

// userMap returns a whole user as maps, for a projection.
func (l *line) userMap(u *directory.User, groups []membership) (map[string]any, error) {
	m, err := dialect.Decode(u.Body)
	if err != nil {
		return nil, err
	}
	schemas := []any{schema.UserURN}
	for _, e := range l.user.Extensions {
		if _, present := m[e.URN]; present {
			schemas = append(schemas, e.URN)
		}
	}
	m["schemas"] = schemas
	m["id"] = u.ID.String()
	if u.ExternalID != "" {
		m["externalId"] = u.ExternalID
	}
	if len(groups) > 0 {
		m["groups"] = l.membershipMaps(groups)
	}
	m["meta"] = meta("User", l.base+"/Users/", u.ID, string(appendTime(nil, u.Created)), string(appendTime(nil, u.Modified)), u.Revision)
	return m, nil
}

// groupMap returns a group without its members as maps, for a projection.
func (l *line) groupMap(g *directory.Group) (map[string]any, error) {
	m, err := groupAttributes(g)
	if err != nil {
		return nil, err
	}
	m["schemas"] = []any{schema.GroupURN}
	m["id"] = g.ID.String()
	if g.ExternalID != "" {
		m["externalId"] = g.ExternalID
	}
	m["meta"] = meta("Group", l.base+"/Groups/", g.ID, string(appendTime(nil, g.Created)), string(appendTime(nil, g.Modified)), g.Revision)
	return m, nil
}

// groupAttributes returns a group's own attributes as maps: those of its body, and displayName.
func groupAttributes(g *directory.Group) (map[string]any, error) {
	m, err := dialect.Decode(g.Body)
	if err == nil {
		m["displayName"] = g.DisplayName
	}
	return m, err
}

func meta(resourceType, base string, id directory.ID, created, modified string, revision uint64) map[string]any {
	return map[string]any{
		"resourceType": resourceType,
		"created":      created,
		"lastModified": modified,
		"location":     base + id.String(),
		"version":      version(revision),
	}
}
