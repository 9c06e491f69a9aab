package scim

import (
	"net/http"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/schema"
)

// discover answers the endpoints of RFC 7644, section 4.
func (c *call) discover(endpoint, name, rest string) error {
	if !isRead(c.r.Method) {
		return c.otherwise(allowRead)
	}
	c.operation = "discovery"
	q, err := parseQuery(c.r.URL.RawQuery)
	if err != nil {
		return err
	}
	if q.filter != "" {
		// RFC 7644, section 4: so that nobody takes a part of the description for the whole.
		return directory.Errorf(directory.Forbidden, "Discovery cannot be filtered.")
	}
	switch endpoint {
	case "ServiceProviderConfig":
		if name == "" {
			return c.sendValue(http.StatusOK, c.serviceProviderConfig())
		}
	case "ResourceTypes":
		return c.describeOne(c.resourceTypes(), name)
	case "Schemas":
		if rest == "" {
			return c.describeOne(c.schemas(), name)
		}
	}
	return c.nothingHere()
}

// describeOne answers with all descriptions, or with that of one id.
func (c *call) describeOne(all []map[string]any, id string) error {
	if id == "" {
		return c.sendValue(http.StatusOK, map[string]any{
			"schemas": []string{urnList}, "totalResults": len(all), "startIndex": 1, "itemsPerPage": len(all), "Resources": all,
		})
	}
	for _, d := range all {
		if known, ok := d["id"].(string); ok && strings.EqualFold(known, id) {
			return c.sendValue(http.StatusOK, d)
		}
	}
	return missing(id)
}

// serviceProviderConfig says what this server can do (RFC 7643, section 5; RFC 9865, section 4).
func (c *call) serviceProviderConfig() map[string]any {
	return map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   map[string]any{"supported": true},
		"bulk": map[string]any{
			"supported": true, "maxOperations": c.Limits.BulkOperations, "maxPayloadSize": c.Limits.BulkBody,
		},
		"filter":         map[string]any{"supported": true, "maxResults": maxPage},
		"changePassword": map[string]any{"supported": false},
		"sort":           map[string]any{"supported": true},
		"etag":           map[string]any{"supported": true},
		"authenticationSchemes": []any{map[string]any{
			"type": "oauthbearertoken", "name": "OAuth Bearer Token",
			"description": "A token of this connection in the Authorization header.",
			"specUri":     "https://www.rfc-editor.org/info/rfc6750", "primary": true,
		}},
		"pagination": map[string]any{
			"cursor": true, "index": true, "defaultPaginationMethod": "index",
			"defaultPageSize": defaultPage, "maxPageSize": maxPage, "cursorTimeout": int(cursorLife.Seconds()),
		},
		"meta": map[string]any{
			"resourceType": "ServiceProviderConfig", "location": c.line.base + "/ServiceProviderConfig",
		},
	}
}

// resourceTypes describes the types of resource (RFC 7643, section 6).
func (c *call) resourceTypes() []map[string]any {
	describe := func(r *schema.Resource, description string) map[string]any {
		extensions := []any{}
		for _, e := range r.Extensions {
			extensions = append(extensions, map[string]any{"schema": e.URN, "required": false})
		}
		return map[string]any{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
			"id":      r.Name, "name": r.Name, "description": description, "endpoint": r.Endpoint, "schema": r.URN,
			"schemaExtensions": extensions,
			"meta": map[string]any{
				"resourceType": "ResourceType", "location": c.line.base + "/ResourceTypes/" + r.Name,
			},
		}
	}
	return []map[string]any{
		describe(c.line.user, "A person, as this connection's provider describes them."),
		describe(c.line.group, "A group of users and groups, as this connection's provider describes it."),
	}
}

// schemas describes the attributes (RFC 7643, section 7).
func (c *call) schemas() []map[string]any {
	var all []map[string]any
	for _, r := range []*schema.Resource{c.line.user, c.line.group} {
		for _, s := range r.Schemas() {
			d := s.ToMap()
			d["meta"] = map[string]any{"resourceType": "Schema", "location": c.line.base + "/Schemas/" + s.ID}
			all = append(all, d)
		}
	}
	return all
}
