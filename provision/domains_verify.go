package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
)

// The kinds of entry about domains.
const (
	kindDomainVerified = "domain.verified"
	kindDomainMissing  = "domain.missing" // the record is not there any more; the proof lapses within days
	kindDomainFound    = "domain.found"   // it is there again
	kindDomainLost     = "domain.lost"
)

// DomainChallenge returns the record with which an organization proves a domain that its file names, and whose the domain is
// now. It is a NotFound error when the policy in force does not name it.
func (e *Engine) DomainChallenge(ctx context.Context, org directory.OrgNum, domain string) (*Domain, error) {
	list, err := e.Domains(ctx, org)
	if err != nil {
		return nil, err
	}
	domain = directory.Fold(strings.TrimSuffix(strings.TrimSpace(domain), "."))
	for i := range list {
		if list[i].Domain == domain {
			return &list[i], nil
		}
	}
	return nil, directory.Errorf(directory.NotFound, "The organization's file in force has no domain %q. Add it under domains first.", domain)
}

// VerifyDomain looks for the record of a domain, and keeps the proof. It is a Conflict when the domain is another
// organization's, a Precondition when the record is not there, and Unavailable when the DNS does not answer.
func (e *Engine) VerifyDomain(ctx context.Context, org directory.OrgNum, domain string, cause directory.Cause) (*Domain, error) {
	d, err := e.DomainChallenge(ctx, org, domain)
	if err != nil {
		return nil, err
	}
	switch d.State {
	case DomainDeclared:
		return d, nil // a proof could add nothing
	case DomainTaken:
		return d, directory.Errorf(directory.Conflict, "%s", d.Problem)
	case DomainProven, DomainMissing, DomainUnproven:
	}
	there, err := e.recorded(ctx, d.Name, d.Value)
	if err != nil {
		return d, &directory.Error{Kind: directory.Unavailable, Err: err, Message: fmt.Sprintf("The DNS does not answer for %s. Try again.", d.Name)}
	}
	if !there {
		return d, directory.Errorf(directory.Precondition,
			"The TXT record %s with the value %s is not there. A new record can take an hour to be seen everywhere; try again then.", d.Name, d.Value)
	}
	if err := e.prove(ctx, org, d.Domain, cause); err != nil {
		return d, err
	}
	return e.DomainChallenge(ctx, org, d.Domain)
}

// prove keeps the proof of a domain, unless another organization has been faster.
func (e *Engine) prove(ctx context.Context, org directory.OrgNum, domain string, cause directory.Cause) error {
	err := e.update(ctx, org, cause, func(s *settlement) error {
		p, err := proofOf(s.tx, domain)
		if err != nil {
			return err
		}
		kind := ""
		switch {
		case p == nil:
			p, kind = &proof{Organization: s.orgName, Org: org, Proven: s.now}, kindDomainVerified
		case p.Organization != s.orgName:
			return directory.Errorf(directory.Conflict, "Another organization has proven %s before.", domain)
		case !p.Missing.IsZero():
			kind = kindDomainFound
		}
		p.Checked, p.Missing = s.now, time.Time{}
		if err := putProof(s.tx, domain, p); err != nil || kind == "" {
			return err
		}
		return s.tellOrganization(kind, domain)
	})
	if err != nil {
		return err
	}
	return e.LoadDomains(ctx)
}

// tellOrganization journals something about the organization itself.
func (s *settlement) tellOrganization(kind string, notes ...string) error {
	entry := s.newEntry(kind)
	entry.Notes = notes
	return s.append([]*pending{{entry: entry}})
}

// recorded reports whether a TXT record has a value. An error is that of a DNS which did not answer; that there is no such
// name is an answer.
func (e *Engine) recorded(ctx context.Context, name, value string) (bool, error) {
	lookup := e.TXT
	if lookup == nil {
		lookup = net.DefaultResolver.LookupTXT
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	found, err := lookup(ctx, name)
	var failed *net.DNSError
	if errors.As(err, &failed) && failed.IsNotFound && !failed.IsTimeout && !failed.IsTemporary {
		return false, nil
	}
	return slices.ContainsFunc(found, func(text string) bool { return strings.TrimSpace(text) == value }), err
}

// RecheckDomains looks again for the record of each proof that was not looked for within a day. A proof whose record is
// missing for seven days in a row lapses; the journal and the log say so when it is first missing, and each day from then
// on. A DNS that does not answer changes nothing.
func (e *Engine) RecheckDomains(ctx context.Context) error {
	proofs, err := e.proofs(ctx)
	if err != nil {
		return err
	}
	key, err := e.domainKey(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, domain := range slices.Sorted(maps.Keys(proofs)) {
		p := proofs[domain]
		if e.Now().Sub(p.Checked) < RecheckDomainsEvery {
			continue
		}
		there, err := e.recorded(ctx, recordName(domain), recordValue(key, p.Organization, domain))
		if err != nil {
			e.Log.WarnContext(ctx, "the DNS does not answer for the record that proves a domain; what was known stays", "org", p.Organization, "domain", domain, "err", err)
			continue
		}
		if there {
			err = e.prove(ctx, p.Org, domain, directory.Cause{Kind: directory.CauseTime})
		} else {
			err = e.miss(ctx, p, domain)
		}
		failed = errors.Join(failed, err)
	}
	return errors.Join(failed, e.LoadDomains(ctx))
}

// miss notes that the record of a proof is not there, and ends a proof whose record is missing for too long.
func (e *Engine) miss(ctx context.Context, seen *proof, domain string) error {
	var since time.Time
	lost := false
	err := e.update(ctx, seen.Org, directory.Cause{Kind: directory.CauseTime}, func(s *settlement) error {
		since, lost = time.Time{}, false
		p, err := proofOf(s.tx, domain)
		if err != nil || p == nil || !p.Checked.Equal(seen.Checked) {
			return err // somebody has looked meanwhile
		}
		first := p.Missing.IsZero()
		if first {
			p.Missing = s.now
		}
		since = p.Missing
		if lost = s.now.Sub(since) >= DomainLapsesAfter; lost {
			if err := s.tx.DeleteDocument(proofPrefix + domain); err != nil {
				return err
			}
			return s.tellOrganization(kindDomainLost, domain, "nobody joins by it any more")
		}
		p.Checked = s.now
		if err := putProof(s.tx, domain, p); err != nil || !first {
			return err
		}
		return s.tellOrganization(kindDomainMissing, domain, "the proof lapses at "+instant(since.Add(DomainLapsesAfter)))
	})
	switch {
	case err != nil:
		return err
	case lost:
		e.Log.ErrorContext(ctx, "the record that proves a domain was missing for too long; nobody joins by it any more",
			"org", seen.Organization, "domain", domain, "record", recordName(domain))
	case !since.IsZero():
		e.Log.WarnContext(ctx, "the record that proves a domain is missing; nobody joins by it once the proof lapses",
			"org", seen.Organization, "domain", domain, "record", recordName(domain), "lapses", since.Add(DomainLapsesAfter))
	}
	return nil
}
