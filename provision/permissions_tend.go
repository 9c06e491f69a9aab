package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// permissionsTendedEvery is how often the worker looks for permissions that end, or have ended. They give nothing from their
// end on, whenever it looks.
const permissionsTendedEvery = time.Minute

// tendPermissions takes back what has ended of what was given by hand, and warns of what ends soon.
func (e *Engine) tendPermissions(ctx context.Context) error {
	now := e.Now().UTC()
	if now.Before(e.tended) {
		return nil
	}
	orgs, err := e.organizations(ctx)
	if err != nil {
		return err
	}
	for _, org := range orgs {
		err := errors.Join(e.endUpdates(ctx, org, now), e.tendRequests(ctx, org, now), e.warnOfProjects(ctx, org, now))
		if err != nil {
			return err
		}
	}
	e.tended = now.Add(permissionsTendedEvery)
	return nil
}

// byTime is the cause of what ends by itself.
func byTime() directory.Cause { return directory.Cause{Kind: directory.CauseTime} }

// endUpdates takes back what mass updates gave that have ended.
func (e *Engine) endUpdates(ctx context.Context, org directory.OrgNum, now time.Time) error {
	var all []*directory.Update
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		all, err = updates(tx, org)
		return err
	})
	if err != nil {
		return err
	}
	for _, u := range all {
		if !u.Undone.IsZero() || u.Until.IsZero() || u.Until.After(now) {
			continue
		}
		err := e.update(ctx, org, byTime(), func(s *settlement) error {
			again, err := updateOf(s.tx, s.org, u.ID)
			if err != nil || !again.Undone.IsZero() {
				return err
			}
			return s.undoUpdate(again, "the update has ended at "+clock(again.Until))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leadOf is how long before its end people are warned of what lasts from one instant to another: half of that at the most.
func leadOf(warn time.Duration, from, until time.Time) time.Duration {
	if from.IsZero() {
		return warn
	}
	return min(warn, until.Sub(from)/2)
}

// warnOfProjects tells the people of projects that end soon, and the admins, once of each end.
func (e *Engine) warnOfProjects(ctx context.Context, org directory.OrgNum, now time.Time) error {
	var due []Project
	err := e.Store.View(ctx, func(tx store.Tx) error {
		due = nil
		if number, err := tx.ActivePolicy(org); err != nil || number == 0 {
			return err // an organization that has no policy yet has no projects
		}
		policy, err := e.Policy(tx, org)
		if err != nil || len(policy.Organization.Projects) == 0 {
			return err
		}
		ends, err := endsOf(tx, org)
		if err != nil {
			return err
		}
		for i := range policy.Organization.Projects {
			p := projectOf(&policy.Organization.Projects[i], ends)
			if p.State(now) != "running" || p.Until.IsZero() || ends.Warned[p.Name].Equal(p.Until) {
				continue
			}
			if !now.Before(p.Until.Add(-leadOf(p.Warning(), p.From, p.Until))) {
				due = append(due, p)
			}
		}
		return nil
	})
	for i := range due {
		if err == nil {
			err = e.warnOfProject(ctx, org, &due[i])
		}
	}
	return err
}

// warnOfProject tells the people of a project, some in each transaction, and notes at last that they were. Interrupted, it
// begins again: nobody is told twice.
func (e *Engine) warnOfProject(ctx context.Context, org directory.OrgNum, p *Project) error {
	told := 0
	active := directory.Key{Attribute: directory.AttrStatus, Value: string(directory.StatusActive)}
	key := "project/" + p.Name + "/" + clock(p.Until)
	var after directory.ID
	for first := true; first || !after.IsZero(); first = false {
		begin := after
		n := 0
		err := e.update(ctx, org, byTime(), func(s *settlement) error {
			in, last, err := e.inProject(s.tx, org, p.Name, active, begin)
			n, after = len(in), last
			if err != nil {
				return err
			}
			for _, m := range in {
				letter := mail.Expiring{Name: m.Decision.Name, What: "your access to the project " + p.Name, Ends: p.Until}
				of := projectEnding{Expiring: letter, Project: p.Name, Member: m.ID}
				if err := s.letter(&directory.Mail{Kind: mail.KindExpiring, To: m.Decision.Email, Key: key}, of); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		told += n
	}
	return e.update(ctx, org, byTime(), func(s *settlement) error {
		ends, err := endsOf(s.tx, org)
		if err != nil {
			return err
		}
		if ends.Warned == nil {
			ends.Warned = map[string]time.Time{}
		}
		ends.Warned[p.Name] = p.Until
		if err := putDocument(s.tx, projectsDocument(org), ends); err != nil {
			return err
		}
		admins, err := s.adminAddresses()
		if err != nil {
			return err
		}
		for _, address := range admins {
			letter := mail.Expiring{What: "the project " + p.Name, Ends: p.Until}
			of := projectEnding{Expiring: letter, Project: p.Name}
			if err := s.letter(&directory.Mail{Kind: mail.KindExpiring, To: address, Key: key}, of); err != nil {
				return err
			}
		}
		return s.tellOrganization(kindProjectWarned, fmt.Sprintf("%s ends at %s: %s were told", p.Name, clock(p.Until), people(told)))
	})
}

// tendRequests ends what was approved for a time that is over, and warns of what ends soon.
func (e *Engine) tendRequests(ctx context.Context, org directory.OrgNum, now time.Time) error {
	var due []*directory.Grant
	err := e.Store.View(ctx, func(tx store.Tx) error {
		due = nil
		approved, err := requestsIn(tx, org, directory.RequestApproved)
		if err != nil {
			return err
		}
		for _, g := range approved {
			warn := !g.Request.Warned && !now.Before(g.Ends.Add(-leadOf(config.DefaultWarning, g.Request.Decided, g.Ends)))
			if warn || !g.Ends.After(now) {
				due = append(due, g)
			}
		}
		return nil
	})
	for _, g := range due {
		if err != nil {
			return err
		}
		err = e.update(ctx, org, byTime(), func(s *settlement) error { return s.tendRequest(g.ID) })
	}
	return err
}

// tendRequest does to an approved request what is due now.
func (s *settlement) tendRequest(id directory.ID) error {
	g, err := requestOf(s.tx, s.org, id)
	if err != nil || g.State != directory.RequestApproved {
		return err
	}
	m, err := s.existing(g.Member)
	if err != nil {
		return err
	}
	if !g.Ends.After(s.now) {
		return s.closeRequest(m, g, "the approval has ended at "+clock(g.Ends))
	}
	g.Request.Warned = true
	letter := mail.Expiring{Name: m.Decision.Name, What: "your permission to use " + g.Request.Permission, Ends: g.Ends}
	if err := s.letter(&directory.Mail{Kind: mail.KindExpiring, To: m.Decision.Email, About: g.ID, Key: clock(g.Ends)}, letter); err != nil {
		return err
	}
	return s.tx.PutGrants([]*directory.Grant{g})
}
