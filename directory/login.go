package directory

import (
	"slices"
	"time"
)

// SignIn is what one connection's provider said of a person when they signed in: a fact like a pushed record, kept in a
// grant of kind GrantLogin. A member has at most one of a connection and subject.
type SignIn struct {
	Subject     string    `json:"subject"`          // the immutable name of the person at the provider
	Profile     Profile   `json:"profile"`          // of addresses those alone that the provider vouched for
	Groups      []string  `json:"groups,omitempty"` // sorted; the last that were known
	GroupsKnown bool      `json:"known,omitempty"`  // whether any sign-in ever said in which groups the person is
	Seen        time.Time `json:"seen"`             // when a sign-in said so last, to the day
	Entry       uint64    `json:"entry,omitempty"`  // the journal entry of the sign-in that changed it last

	// Pushed is true once the connection has pushed a record of the person: from then on the record speaks for the
	// connection, also by going.
	Pushed bool `json:"pushed,omitempty"`
}

// Clone returns a copy that shares nothing.
func (s *SignIn) Clone() *SignIn {
	c := *s
	c.Groups = slices.Clone(s.Groups)
	c.Profile.Emails = slices.Clone(s.Profile.Emails)
	c.Profile.Roles = slices.Clone(s.Profile.Roles)
	c.Profile.Entitlements = slices.Clone(s.Profile.Entitlements)
	return &c
}

// IsLogin reports whether a grant is what a connection's provider said of a person who signed in.
func (g *Grant) IsLogin(c ConnNum) bool {
	return g.Kind == GrantLogin && g.Login != nil && g.User.Conn == c
}
