package provision

import (
	"fmt"
	"slices"

	"github.com/mixus/usher/directory"
)

// elsewhere returns the connection that has the authority for a folded mail domain where that is not the one which speaks,
// "" where it is or none has.
func (s *settlement) elsewhere(domain string) string {
	if c := s.policy.AuthorityFor(domain); c != nil && c.ID != s.conns[s.conn] {
		return c.ID
	}
	return ""
}

// heed leaves out of what is recorded the addresses for whose domain another connection has the authority: they would make
// a stranger known by an address that is somebody else's. What the connection said of a person before stays, and so does
// everything of people of whom its own directory has told. A connection that observes gives nobody an address who has signed
// in by it before.
func (l *login) heed() {
	if l.found.Member != nil && l.writer.Recorded(l.found.Member) {
		return
	}
	known := l.found.Login(l.conn, l.in.Subject)
	l.said.Addresses = slices.DeleteFunc(l.said.Addresses, func(address string) bool {
		domain := directory.EmailDomain(address)
		other := l.elsewhere(domain)
		switch {
		case known != nil && hasAddress(&known.Login.Profile, address):
			return false
		case known != nil && l.said.Observed:
			return true
		case other == "" || !l.owns(domain):
			return false
		}
		if l.unheard == "" {
			l.unheard = fmt.Sprintf("the connection %s has the authority for %s: nobody joins by another one with an address of it, or is linked to a member whom the other one's directory does not have", other, domain)
		}
		return true
	})
}

func hasAddress(p *directory.Profile, address string) bool {
	return slices.ContainsFunc(p.Emails, func(e directory.Email) bool {
		return directory.FoldAddress(e.Value) == directory.FoldAddress(address)
	})
}
