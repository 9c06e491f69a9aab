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

	// Recorded are the connections that have, or had, a directory record of the person. What such a record says, also by
	// having gone, comes before a sign-in of the past.
	Recorded []ConnNum `json:"recorded,omitempty"`

	// Observed is whether the connection has only observed since the person first came by it. Then nobody gets in by what it
	// said, and nobody is known by it, until they sign in once it is active.
	Observed bool `json:"observed,omitempty"`
}

// Clone returns a copy that shares nothing.
func (s *SignIn) Clone() *SignIn {
	c := *s
	c.Groups, c.Recorded = slices.Clone(s.Groups), slices.Clone(s.Recorded)
	c.Profile.Emails = slices.Clone(s.Profile.Emails)
	c.Profile.Roles = slices.Clone(s.Profile.Roles)
	c.Profile.Entitlements = slices.Clone(s.Profile.Entitlements)
	return &c
}

// Note notes that a connection has a directory record of the person, and reports whether that is new.
func (s *SignIn) Note(c ConnNum) bool {
	i, known := slices.BinarySearch(s.Recorded, c)
	if !known {
		s.Recorded = slices.Insert(s.Recorded, i, c)
	}
	return !known
}

// HasSignedIn reports whether a grant is what a provider said of a person who signed in by it, and not of one who only tried
// while the connection observed.
func (g *Grant) HasSignedIn() bool {
	return g.Kind == GrantLogin && g.Login != nil && !g.Login.Observed
}

// IsLogin reports whether a grant is what a connection's provider said of a person who signed in.
func (g *Grant) IsLogin(c ConnNum) bool { return g.HasSignedIn() && g.User.Conn == c }
