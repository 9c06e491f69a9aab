package main

import "fmt"

// dialect is how one identity provider words the same things.
type dialect struct {
	connection string
	user       func(n int, title string) string
	group      func(name string) string
	title      func(title string) string // the body of a PATCH that changes a title
	add        func(id string) string    // the body of a PATCH that adds a member
	remove     func(id string) string    // the body of a PATCH that removes one
}

const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	enterprise  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

func userName(n int) string   { return fmt.Sprintf("person%06d@acme.com", n) }
func externalID(n int) string { return fmt.Sprintf("00u%017d", n) }

// user is a person as both providers describe one, about 700 bytes.
func user(n int, title, more string) string {
	return fmt.Sprintf(`{"schemas":[%q,%q],"userName":%q,"externalId":%q,"name":{"givenName":"Given%d","familyName":"Family%d"},`+
		`"displayName":"Given%d Family%d","title":%q,"active":true,"emails":[{"primary":true,"type":"work","value":%q}],`+
		`"phoneNumbers":[{"type":"work","value":"+49 555 %06d"}],"locale":"en-US",%s`+
		`%q:{"employeeNumber":"%d","department":"Department %d","costCenter":"%d"}}`,
		userSchema, enterprise, userName(n), externalID(n), n, n, n, n, title, userName(n), n, more, enterprise, n, n%40, n%7)
}

func group(name, more string) string {
	return fmt.Sprintf(`{"schemas":[%q],"displayName":%q%s}`, groupSchema, name, more)
}

func patch(operations string) string {
	return fmt.Sprintf(`{"schemas":[%q],"Operations":[%s]}`, patchSchema, operations)
}

func dialects() map[string]dialect {
	return map[string]dialect{
		"okta": {
			connection: "acme-okta",
			user:       func(n int, title string) string { return user(n, title, `"groups":[],"password":"Vq7wT2mX",`) },
			group:      func(name string) string { return group(name, `,"members":[]`) },
			title: func(title string) string {
				return patch(fmt.Sprintf(`{"op":"replace","value":{"title":%q}}`, title))
			},
			add: func(id string) string {
				return patch(fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q,"display":"somebody"}]}`, id))
			},
			remove: func(id string) string {
				return patch(fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, id))
			},
		},
		"entra": {
			connection: "acme-entra",
			user:       func(n int, title string) string { return user(n, title, `"roles":[],"nickName":null,`) },
			group:      func(name string) string { return group(name, fmt.Sprintf(`,"externalId":"group-%s"`, name)) },
			title: func(title string) string {
				return patch(fmt.Sprintf(`{"op":"Replace","path":"title","value":%q}`, title))
			},
			add: func(id string) string {
				return patch(fmt.Sprintf(`{"op":"Add","path":"members","value":[{"$ref":null,"value":%q}]}`, id))
			},
			remove: func(id string) string {
				return patch(fmt.Sprintf(`{"op":"Remove","path":"members","value":[{"$ref":null,"value":%q}]}`, id))
			},
		},
	}
}
