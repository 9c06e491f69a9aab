package directory

import "time"

// HoldLastAdmin is the kind of hold that keeps the last active admin. The other kinds are those of brakes.
const HoldLastAdmin = "last_admin"

// HoldState says what somebody decided about a hold.
type HoldState string

// The states of a hold. While one is carried out, the people of the hold are worked off.
const (
	HoldOpen      HoldState = ""
	HoldApproved  HoldState = "approved"
	HoldDismissed HoldState = "dismissed"
)

// Hold keeps effects back until somebody decides, or the facts move back. One of the last admin (law 7) is about one
// member; one of a brake (law 8) collects people, whose rows are HeldMembers.
type Hold struct {
	ID      ID        `json:"-"`
	Org     OrgNum    `json:"-"`
	Kind    string    `json:"kind"`
	Cause   Cause     `json:"cause"` // what the first effect that waits came from
	Created time.Time `json:"created"`

	// Of the last admin.
	Member   ID        `json:"member,omitzero"`
	Effects  []Effect  `json:"effects,omitempty"`
	SignedIn time.Time `json:"signed_in,omitzero"` // as of a HeldMember

	// Of a brake.
	Scope   ID            `json:"scope,omitzero"` // the group, for a brake that counts by group
	Name    string        `json:"name,omitempty"` // of that group, when the hold was opened
	State   HoldState     `json:"state,omitempty"`
	Limit   int           `json:"limit,omitempty"`   // how many pass in the window
	Window  time.Duration `json:"window,omitempty"`  // how long the brake counts
	Passed  int           `json:"passed,omitempty"`  // how many had passed in the window when it was opened
	Usual   float64       `json:"usual,omitempty"`   // how many pass in such a window on average
	Waiting int           `json:"waiting,omitempty"` // how many people wait
	Set     string        `json:"set,omitempty"`     // says who waits and for what; an approval is of one set
	Joined  time.Time     `json:"joined,omitzero"`   // when somebody came to wait last
	Actors  []string      `json:"actors,omitempty"`  // the people whose acts caused it; they may not approve it
	Told    time.Time     `json:"told,omitzero"`     // when the journal last said that it grew
	Remind  time.Time     `json:"remind,omitzero"`   // when the log reminds of it next
	Undo    bool          `json:"undo,omitempty"`    // those who had passed are being put back
	Spared  []ID          `json:"spared,omitempty"`  // people who had passed and are not to be put back
	Decided Cause         `json:"decided,omitzero"`  // who decided, and why
}

// HeldMember is a person who waits in a hold of a brake.
type HeldMember struct {
	Org     OrgNum    `json:"-"`
	Hold    ID        `json:"-"`
	Member  ID        `json:"-"`
	Effects []Effect  `json:"effects"` // what waits
	Digest  string    `json:"digest"`  // of the effects
	Since   time.Time `json:"since"`
	Cause   Cause     `json:"cause"`
	Undone  bool      `json:"undone,omitempty"` // it had taken effect, and was put back

	// SignedIn is when the provider let the person in last while they waited: evidence against what waits.
	SignedIn time.Time `json:"signed_in,omitzero"`
}

// Braked is a person whom a brake counts: an effect of its kind took place, and was not reversed.
type Braked struct {
	Org     OrgNum    `json:"-"`
	Kind    string    `json:"-"`
	Scope   ID        `json:"-"` // the group, or the expectation that let it pass
	Member  ID        `json:"-"`
	At      time.Time `json:"-"`
	Effects []Effect  `json:"effects"`        // everything that changed for the person then, so that it can be put back
	Role    string    `json:"role,omitempty"` // of somebody who was suspended, until then
	Cause   Cause     `json:"cause"`
}

// Expectation lets more people pass a brake for a time: a layoff that is planned, for example.
type Expectation struct {
	ID      ID        `json:"-"`
	Org     OrgNum    `json:"-"`
	Kind    string    `json:"kind"`  // of the brake
	Count   int       `json:"count"` // how many distinct people pass
	Until   time.Time `json:"until"`
	Cause   Cause     `json:"cause"` // who said so, and why
	Created time.Time `json:"created"`
}
