package provision

import (
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// companyOf returns the connection by which another organization here signs people of an address's domain in, nil when none
// does: the domain has to be that organization's by proof, or by the operator's word.
func (s *settlement) companyOf(address string) (*config.Connection, error) {
	domain := directory.EmailDomain(address)
	owner := s.engine.domainOwner(domain)
	if owner == "" || owner == s.orgName {
		return nil, nil
	}
	orgs, err := s.tx.Organizations()
	if err != nil {
		return nil, err
	}
	org, known := orgs[owner]
	if !known {
		return nil, nil
	}
	if active, err := s.tx.ActivePolicy(org); err != nil || active == 0 {
		return nil, err
	}
	policy, err := s.engine.Policy(s.tx, org)
	if err != nil || !policy.Owns(domain) {
		return nil, err
	}
	return signsIn(policy, domain), nil
}

// signsIn returns the connection that signs people of one of an organization's own domains in, nil when none does: the one
// that has the say for the domain, else the first.
func signsIn(policy *mapping.Policy, domain string) *config.Connection {
	if c := policy.AuthorityFor(domain); c != nil && letsIn(c) {
		return c
	}
	for i := range policy.Organization.Connections {
		if c := &policy.Organization.Connections[i]; letsIn(c) {
			return c
		}
	}
	return nil
}

// letsIn reports whether people sign in by a connection. One that only observes lets nobody in.
func letsIn(c *config.Connection) bool {
	return (c.SAML != nil || c.OIDC != nil) && c.State != config.StateObserve
}
