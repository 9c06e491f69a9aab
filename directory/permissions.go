package directory

import "time"

// Permission is what a grant of kind GrantPermission changes of what a person may do, from its Created on until its Ends.
// The values go by the names that permission sets use: ai_models, file_upload_limit.
type Permission struct {
	Update  ID               `json:"update,omitzero"`  // the mass update that it belongs to
	Request ID               `json:"request,omitzero"` // the request that was approved
	Set     map[string]Value `json:"set,omitempty"`    // in place of what permission sets say
	Add     map[string]Value `json:"add,omitempty"`    // lists: what is allowed beside that
	Remove  map[string]Value `json:"remove,omitempty"` // lists: what is not allowed, whoever gives it
}

// The states of a request for a permission.
const (
	RequestWaiting  = "waiting"
	RequestApproved = "approved"
	RequestRefused  = "refused"
	RequestEnded    = "ended" // what was approved is over
)

// Asked is a permission that a person has asked for.
type Asked struct {
	Permission string    `json:"permission"`       // the action, such as agents.create
	Value      string    `json:"value"`            // of permission sets, that approving it sets to true
	By         string    `json:"by,omitempty"`     // who decided
	Answer     string    `json:"answer,omitempty"` // what they wrote
	Decided    time.Time `json:"decided,omitzero"`
	Warned     bool      `json:"warned,omitempty"` // that it ends soon
}

// Update is a mass update of permissions, as it was applied.
type Update struct {
	ID      ID        `json:"id"`
	Text    string    `json:"text"` // the file
	Plan    string    `json:"plan"` // the id of the plan that was applied
	Count   int       `json:"count"`
	Cause   Cause     `json:"cause"`
	Created time.Time `json:"created"`
	Until   time.Time `json:"until,omitzero"`
	Undone  time.Time `json:"undone,omitzero"`
	Undo    *Cause    `json:"undo,omitempty"`

	Permission Permission `json:"permission"` // what each person is given
}
