package scim

import (
	"net/http"

	"github.com/mixus/usher/directory"
)

// route finds the handler of a path below a connection (RFC 7644, section 3.2).
func (c *call) route(path string) error {
	first, rest := segment(path)
	second, rest := segment(rest)
	if rest != "" && first != "Schemas" {
		return c.nothingHere()
	}
	switch first {
	case "Me":
		c.operation = "me"
		return &scimError{status: http.StatusNotImplemented, detail: "A provisioning token stands for a provider, not for a person: there is no /Me (RFC 7644, section 3.11)."}
	case "ServiceProviderConfig", "ResourceTypes", "Schemas":
		return c.discover(first, second, rest)
	}
	q, err := parseQuery(c.r.URL.RawQuery)
	if err != nil {
		return err
	}
	c.query = q
	switch {
	case first == "Users" && second == "":
		return c.usersCollection()
	case first == "Users" && second == ".search", first == "Groups" && second == ".search", first == ".search" && second == "":
		return c.search(first)
	case first == "Users":
		return c.userResource(second)
	case first == "Groups" && second == "":
		return c.groupsCollection()
	case first == "Groups":
		return c.groupResource(second)
	case first == "Bulk" && second == "":
		return c.bulk()
	case first == "":
		return c.root()
	}
	return c.nothingHere()
}

func (c *call) nothingHere() error {
	c.operation = "other"
	return directory.Errorf(directory.NotFound, "There is no such address. Try /Users, /Groups, /Bulk, /ServiceProviderConfig, /ResourceTypes or /Schemas.")
}

func (c *call) usersCollection() error {
	switch {
	case isRead(c.r.Method):
		return c.listUsers()
	case c.r.Method == http.MethodPost:
		return c.createUser()
	}
	return c.otherwise(allowCollection)
}

func (c *call) userResource(id string) error {
	switch {
	case isRead(c.r.Method):
		return c.getUser(id)
	case c.r.Method == http.MethodPut:
		return c.replaceUser(id)
	case c.r.Method == http.MethodPatch:
		return c.patchUser(id)
	case c.r.Method == http.MethodDelete:
		return c.deleteUser(id)
	}
	return c.otherwise(allowResource)
}

func (c *call) groupsCollection() error {
	switch {
	case isRead(c.r.Method):
		return c.listGroups()
	case c.r.Method == http.MethodPost:
		return c.createGroup()
	}
	return c.otherwise(allowCollection)
}

func (c *call) groupResource(id string) error {
	switch {
	case isRead(c.r.Method):
		return c.getGroup(id)
	case c.r.Method == http.MethodPut:
		return c.replaceGroup(id)
	case c.r.Method == http.MethodPatch:
		return c.patchGroup(id)
	case c.r.Method == http.MethodDelete:
		return c.deleteGroup(id)
	}
	return c.otherwise(allowResource)
}

// root answers a query over every resource type at the server's root (RFC 7644, section 3.4.2.1).
func (c *call) root() error {
	if !isRead(c.r.Method) {
		return c.otherwise(allowRead)
	}
	return c.listEverything()
}
