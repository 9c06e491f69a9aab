package mapping

import (
	"encoding/json"
	"time"

	"github.com/mixus/usher/directory"
)

// Person is everything that a decision follows from, besides policy and time.
type Person struct {
	Accounts []Account            // linked directory records, in any order
	Grants   []*directory.Grant   // pins, suspensions, removals, invitations; expired ones may be among them
	Since    map[string]time.Time // rule with a duration → first match, as an earlier Evaluate returned it
	Current  *directory.Decision  // what is in force, for results that cannot be decided (law 9); nil for nobody yet
}

// Account is one directory record of a person.
type Account struct {
	Connection string // the connection's id in the configuration
	User       directory.ID
	Profile    directory.Profile // Active included
	Body       json.RawMessage   // the whole resource, decoded only for conditions that ask for custom attributes
	Groups     []Group           // direct and inherited through nesting
	Login      bool              // made of what the provider said when the person signed in: there is no directory record
}

// Group is a group that an account is in.
type Group struct {
	ID         directory.ID
	ExternalID string
	Name       string   // its present displayName
	Names      []string // the names, as folded, under which rules and inGroup know it: those bound to it, or its present
	// name where no rule uses that name
	Via string // the displayName of the direct group through which it is inherited; empty for a direct one
}

// Result is what Evaluate decided.
type Result struct {
	Decision directory.Decision   `json:"decision"`
	Since    map[string]time.Time `json:"since,omitempty"`    // to be kept with the member and given to the next Evaluate
	Next     time.Time            `json:"next,omitzero"`      // the earliest instant at which the decision can change by itself; zero for never
	Problems []string             `json:"problems,omitempty"` // conditions that failed to evaluate, for the log and the journal's notes
}
