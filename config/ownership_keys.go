package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/mixus/usher/directory"
)

// Declared is a mail domain of which the operator says whose it is.
type Declared struct {
	At           directory.Position
	Domain       string // folded
	Organization string
}

// DomainOwner returns the organization whose a folded domain is by the operator's word, "" where the operator does not say.
func (o *Operator) DomainOwner(domain string) string {
	for _, d := range o.Domains {
		if d.Domain == domain {
			return d.Organization
		}
	}
	return ""
}

// declaredDomains maps organizations to the domains that the operator knows to be theirs.
func declaredDomains() value[[]Declared] {
	name := domainName()
	names := listOf(value[Declared]{
		schema: name.schema,
		read: func(d *decoder, n *node, s spot) (Declared, bool) {
			domain, ok := name.read(d, n, s)
			if ok && isPublicMail(domain) {
				d.fail(n.at, publicMailIsNobodys(domain), publicMailFix)
				ok = false
			}
			return Declared{At: n.at, Domain: domain}, ok
		},
	}, "a list of domains")
	byOrganization := mapOf(func(d *decoder, key, n *node) (named[[]Declared], bool) {
		rows, ok := names.read(d, n, spot{key: key.text, example: "[acme.com]"})
		return named[[]Declared]{key.text, rows}, ok
	}, func(a, b named[[]Declared]) int { return cmp.Compare(a.name, b.name) }, names.schema, "a mapping from organizations to their domains")
	return value[[]Declared]{
		schema: byOrganization.schema,
		read: func(d *decoder, n *node, s spot) ([]Declared, bool) {
			rows, ok := byOrganization.read(d, n, s)
			var all []Declared
			for _, r := range rows {
				for _, declared := range r.value {
					declared.Organization = r.name
					all = append(all, declared)
				}
			}
			slices.SortStableFunc(all, func(a, b Declared) int {
				return cmp.Or(cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
			})
			uniqueBy(d, "domain", all, func(v Declared) (string, directory.Position) { return v.Domain, v.At })
			return all, ok
		},
	}
}

const publicMailFix = "name a domain whose addresses the organization alone gives out"

func publicMailIsNobodys(domain string) string {
	return fmt.Sprintf("anybody can have an address at %s, so that it is nobody's own", domain)
}

// checkDeclared warns of domains that are declared for nobody's use: of an organization that there is not, or that has no
// such domain in its file.
func (l *loader) checkDeclared(o *Operator, d *decoder) {
	byID := make(map[string]*Organization, len(l.loaded.Organizations))
	for _, org := range l.loaded.Organizations {
		byID[org.ID] = org
	}
	for _, declared := range o.Domains {
		org := byID[declared.Organization]
		switch {
		case org == nil && l.unknown: // it may be that one of which nothing could be read
		case org == nil:
			ids := slices.Sorted(maps.Keys(byID))
			fix := theOrganizations(ids)
			if near := Nearest(declared.Organization, ids); near != "" {
				fix = "write " + near
			}
			d.warn(declared.At, fmt.Sprintf("there is no organization %q for this domain", short(declared.Organization)), fix)
		case !slices.ContainsFunc(org.Domains, func(v Domain) bool { return v.Domain == declared.Domain }):
			d.warn(declared.At, fmt.Sprintf("nobody joins by %s: the file of %q does not have it", declared.Domain, declared.Organization),
				"add it there under domains, or remove it here")
		}
	}
}

// checkBreakGlass warns of people who could not break glass, since no code would reach them, or of whom nobody would hear.
func (l *loader) checkBreakGlass(o *Operator) {
	for _, org := range l.loaded.Organizations {
		var problem *directory.Problem
		switch {
		case len(org.BreakGlass) == 0:
			continue
		case o.Mail == nil:
			problem = failure(org.BreakGlass[0].At, "nobody can break glass: usher.yaml says of no server through which a code could be sent",
				"add to usher.yaml mail: {smtp: smtp://mail.acme.com:587, from: usher@acme.com}, or remove break_glass here")
		case len(org.BreakGlass) == 1 && (org.Support.Email == "" || directory.Fold(org.Support.Email) == directory.Fold(org.BreakGlass[0].Email)):
			problem = failure(org.BreakGlass[0].At, "nobody would hear of it when this person breaks glass",
				"write support: {email: …} under organization, or name a second person here")
		default:
			continue
		}
		problem.Severity = directory.SeverityWarning
		l.report(*problem)
	}
}
