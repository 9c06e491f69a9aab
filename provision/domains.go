package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// A proof is looked for again so often, and lapses when it was missing for so long in a row.
const (
	RecheckDomainsEvery = 24 * time.Hour
	DomainLapsesAfter   = 7 * 24 * time.Hour
)

// DomainState says whether a mail domain is the organization's.
type DomainState string

// The states of a domain. Only of the first three do people join, and are people linked by their address.
const (
	DomainDeclared DomainState = "declared" // the operator says so
	DomainProven   DomainState = "proven"   // a DNS record proves it
	DomainMissing  DomainState = "missing"  // it was proven, and the record is not there; lapses within days
	DomainUnproven DomainState = "unproven" // nobody joins by it
	DomainTaken    DomainState = "taken"    // another organization's, by the operator's word or by proof
)

// Domain is a mail domain that an organization's file names, and whose it is.
type Domain struct {
	Domain  string
	State   DomainState
	Name    string    // of the TXT record that proves it
	Value   string    // of that record
	Proven  time.Time // since when it is proven; zero when it is not
	Checked time.Time // when the record was looked for last
	Lapses  time.Time // when the proof ends unless the record comes back; zero while it is there
	Problem string    // what to know of it, and what to do; "" when all is well
}

// Owned reports whether people of the domain may join.
func (d *Domain) Owned() bool {
	return d.State == DomainDeclared || d.State == DomainProven || d.State == DomainMissing
}

// owned remembers which domains are proven, so that whose a domain is can be asked within transactions.
type owned struct {
	mu     sync.RWMutex
	owners map[string]string // folded domain → organization
}

// OwnsDomain reports whether a folded domain is an organization's: by the operator's word, else by a proof. LoadDomains has
// to have been called before.
func (e *Engine) OwnsDomain(organization, domain string) bool {
	return organization != "" && e.domainOwner(domain) == organization
}

// domainOwner returns the organization whose a folded domain is, "" for nobody's.
func (e *Engine) domainOwner(domain string) string {
	if declared := e.declared(domain); declared != "" {
		return declared
	}
	e.owned.mu.RLock()
	defer e.owned.mu.RUnlock()
	return e.owned.owners[domain]
}

func (e *Engine) declared(domain string) string {
	if e.Declared == nil {
		return ""
	}
	return e.Declared(domain)
}

// LoadDomains reads which domains are proven, and makes the key of the records where there is none yet. It is called before
// anybody signs in; afterwards the engine keeps count itself.
func (e *Engine) LoadDomains(ctx context.Context) error {
	if err := e.makeDomainKey(ctx); err != nil {
		return err
	}
	proofs, err := e.proofs(ctx)
	if err != nil {
		return err
	}
	owners := make(map[string]string, len(proofs))
	for domain, p := range proofs {
		owners[domain] = p.Organization
	}
	e.owned.mu.Lock()
	defer e.owned.mu.Unlock()
	e.owned.owners = owners
	return nil
}

// Domains returns the mail domains of an organization's policy in force, in the order of its file, each with the record that
// proves it.
func (e *Engine) Domains(ctx context.Context, org directory.OrgNum) ([]Domain, error) {
	key, err := e.domainKey(ctx)
	if err != nil {
		return nil, err
	}
	proofs, err := e.proofs(ctx)
	if err != nil {
		return nil, err
	}
	var list []Domain
	err = e.Store.View(ctx, func(tx store.Tx) error {
		list = nil
		r, err := e.active(tx, org)
		if err != nil {
			return err
		}
		for _, d := range r.policy.Organization.Domains {
			list = append(list, e.domain(key, r.org, d.Domain, proofs[d.Domain]))
		}
		return nil
	})
	return list, err
}

// domain says whose a domain is, seen from one organization.
func (e *Engine) domain(key []byte, organization, domain string, p *proof) Domain {
	d := Domain{Domain: domain, State: DomainUnproven, Name: recordName(domain), Value: recordValue(key, organization, domain)}
	declared := e.declared(domain)
	switch {
	case declared == organization:
		d.State = DomainDeclared
	case declared != "" || p != nil && p.Organization != organization:
		d.State, d.Problem = DomainTaken, fmt.Sprintf("Another organization owns %s. Nobody joins this one by it.", domain)
	case p == nil:
		d.Problem = fmt.Sprintf("Nobody joins by %s: it is neither declared in usher.yaml nor proven. Create the TXT record %s with the value %s, and run usher domain verify %s.",
			domain, d.Name, d.Value, domain)
	default:
		d.State, d.Proven, d.Checked = DomainProven, p.Proven, p.Checked
		if !p.Missing.IsZero() {
			d.State, d.Lapses = DomainMissing, p.Missing.Add(DomainLapsesAfter)
			d.Problem = fmt.Sprintf("The TXT record %s with the value %s is not there since %s. Unless it comes back, nobody joins by %s from %s on.",
				d.Name, d.Value, instant(p.Missing), domain, instant(d.Lapses))
		}
	}
	return d
}

// DomainProblems tells of the domains of every organization of which people do not join, or soon will not, and what to do.
func (e *Engine) DomainProblems(ctx context.Context) ([]directory.Problem, error) {
	orgs, err := e.withPolicy(ctx)
	if err != nil {
		return nil, err
	}
	var problems []directory.Problem
	for _, name := range slices.Sorted(maps.Keys(orgs)) {
		list, err := e.Domains(ctx, orgs[name])
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if d.Problem != "" {
				problems = append(problems, directory.Problem{Severity: directory.SeverityWarning, Message: name + ": " + d.Problem})
			}
		}
	}
	return problems, nil
}

// withPolicy returns the organizations that have a policy in force, by name.
func (e *Engine) withPolicy(ctx context.Context) (map[string]directory.OrgNum, error) {
	var orgs map[string]directory.OrgNum
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		if orgs, err = tx.Organizations(); err != nil {
			return err
		}
		for name, org := range orgs {
			active, err := tx.ActivePolicy(org)
			if err != nil {
				return err
			}
			if active == 0 {
				delete(orgs, name)
			}
		}
		return nil
	})
	return orgs, err
}
