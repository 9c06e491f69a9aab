package mail

import "cmp"

// Credential tells somebody that what they sign in with has changed, so that they notice where it was not they who did it.
type Credential struct {
	Letter
	Name    string `json:"name,omitempty"`
	What    string `json:"what"`              // has happened, such as "a passkey was added"
	Passkey string `json:"passkey,omitempty"` // the name of the one passkey that it is about
	Agent   string `json:"agent,omitempty"`   // the browser in which it was done; "" where it is not known
	Admin   bool   `json:"admin,omitempty"`   // an admin has done it, and not whoever is signed in as the person
}

// Account is the page on which people see and change what they sign in with.
func (c Credential) Account() string { return c.PublicURL + "/account/sign-in" }

// Whom is whom to turn to.
func (c Credential) Whom() string {
	return cmp.Or(c.SupportName, c.SupportEmail, "an admin of "+c.Organization)
}
