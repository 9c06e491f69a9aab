package provision

import (
	"maps"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// settlement is one run of one transaction: facts are in, and the people they touched are brought to what follows.
type settlement struct {
	engine    *Engine
	tx        store.Tx
	now       time.Time
	cause     directory.Cause
	org       directory.OrgNum
	orgName   string
	conn      directory.ConnNum
	conns     map[directory.ConnNum]string
	policy    *mapping.Policy
	formerTop string
	revision  uint64                    // of the policy in force
	dry       bool                      // only to see what would follow: nothing is written, no brake counts
	allowed   *allowed                  // what the policy of a dry run lets the same names allow otherwise
	wouldBind map[directory.ID][]string // names that the policy of a dry run would bind to groups
	writer    *facts.Writer             // nil when no provider speaks

	applied  bool              // an administrator's apply caused it: the brakes were checked on its totals
	byHand   bool              // an administrator's act caused it: no brake holds it, and none counts it
	leftConn directory.ConnNum // the connection of the groups that people left
	retiring directory.ConnNum // the retired connection whose users go, whatever its state; 0 for none
	brakes   braking

	outcomes []*outcome
	settled  map[directory.ID]*outcome
	spare    space // of the plan's page before
	jobs     []*directory.Job
	held     []*directory.Hold
	problems []string
	wake     bool
	mailed   bool                              // a mail was queued
	invitees map[string]directory.ID           // folded address → who is being invited in this transaction
	given    map[directory.ID]*directory.Grant // the one grant of each person whom this transaction has made
	ended    []invitationEnd                   // that no entry tells of yet
}

// outcome is what settling made of one member.
type outcome struct {
	before  *directory.Member // nil for somebody new
	member  *directory.Member
	changed bool // the row must be written
	effects []directory.Effect
	result  mapping.Result // what follows from the facts, as far as nothing holds it
	values  []directory.DetailValue
	notes   []string
	tell    bool // the notes alone are worth an entry

	lastAdmin bool // kept for want of another admin
	signOut   bool // the sessions end, although the person stays in

	counted []runKey                      // under which brakes count it
	earlier map[runKey][]directory.Effect // what they counted of the member before
}

func (e *Engine) settlement(tx store.Tx, org directory.OrgNum, cause directory.Cause) (*settlement, error) {
	active, err := e.active(tx, org)
	if err != nil {
		return nil, err
	}
	return &settlement{
		engine: e, tx: tx, now: e.Now().UTC(), cause: cause, org: org, orgName: active.org, conns: active.conns, policy: active.policy, formerTop: active.formerTop,
		revision: active.number,
		settled:  make(map[directory.ID]*outcome, 1),
	}, nil
}

// finish settles whom the writer touched, and writes members, jobs and journal.
func (s *settlement) finish() error {
	touched := s.writer.Touched()
	s.jobs = append(s.jobs, s.writer.Jobs()...)
	if len(touched) > facts.InlineLimit {
		touched = s.postpone(touched)
	}
	if err := s.settle(touched); err != nil {
		return err
	}
	return s.write(s.writer.Changes())
}

// postpone leaves people to jobs of InlineLimit each, and returns those to whom a record was linked, or from whom one was
// taken: only this transaction knows of it.
func (s *settlement) postpone(touched []*facts.Touch) []*facts.Touch {
	var now []*facts.Touch
	var groups []directory.ID // that people left, in the order in which they are met
	later := map[directory.ID][]byte{}
	for _, t := range touched {
		if len(t.Link)+len(t.Unlink) > 0 {
			now = append(now, t)
			continue
		}
		var left directory.ID
		if len(t.Left) > 0 {
			left = t.Left[0]
		}
		if later[left] == nil {
			groups = append(groups, left)
		}
		later[left] = append(later[left], t.Member[:]...)
	}
	for _, left := range groups {
		for list := range slices.Chunk(later[left], facts.InlineLimit*len(directory.ID{})) {
			j := s.job(directory.JobSettleMembers, s.org, s.conn, directory.NoID)
			j.Cursor, j.Left = list, left
			s.jobs = append(s.jobs, j)
		}
	}
	return now
}

// noteLeaving counts the people of this transaction who left each group: the brakes take shares of the groups as they were.
func (s *settlement) noteLeaving(touched []*facts.Touch) {
	for _, t := range touched {
		for _, group := range distinctIDs(t.Left) {
			if s.brakes.leaving == nil {
				s.brakes.leaving = map[directory.ID]int{}
			}
			s.brakes.leaving[group]++
		}
	}
}

// settle brings people to what follows from their facts.
func (s *settlement) settle(touched []*facts.Touch) error {
	if len(touched) == 0 {
		return nil
	}
	room := s.space(len(touched))
	people, err := s.loadInto(room, touched)
	if err != nil {
		return err
	}
	s.noteLeaving(touched)
	s.adminsLast(people)
	for i, p := range people {
		o := &room.outcomes[i]
		if err := s.decide(p, o); err != nil {
			return err
		}
		if err := s.signOut(o); err != nil {
			return err
		}
		s.outcomes = append(s.outcomes, o)
		s.settled[o.member.ID] = o
	}
	return s.releaseAdmins()
}

// decide evaluates one person and compares the result with what is in force.
func (s *settlement) decide(p *loaded, o *outcome) error {
	o.before, o.member, o.changed = p.before, p.member, p.before == nil || p.relinked
	if p.paused || p.observed && !p.member.Joined.IsZero() {
		return s.freeze(o, p)
	}
	if s.returnsLate(p) {
		if err := s.dropGrants(p); err != nil {
			return err
		}
		o.notes = append(o.notes, noteBackLate)
	}
	o.result = s.policy.Evaluate(&p.person, s.now)
	result := &o.result
	s.problems = append(s.problems, result.Problems...)
	o.notes = append(o.notes, result.Problems...)
	d := &result.Decision
	d.Observe = p.observed
	if err := s.resolveManager(d, p); err != nil {
		return err
	}
	m := p.member
	status := nextStatus(m, d, p)
	held, err := s.keepLastAdmin(o, p, d, &status)
	if err != nil {
		return err
	}
	waits, err := s.brake(o, p, d, &status)
	if err != nil {
		return err
	}
	if len(held) == 0 && len(waits) > 0 { // what a brake puts back may be the last admin's end, too
		if held, err = s.keepLastAdmin(o, p, d, &status); err != nil {
			return err
		}
	}
	o.lastAdmin = len(held) > 0
	held = append(held, waits...)
	s.leave(p)
	s.stand(m, status)
	if err := s.invitation(p, status, d); err != nil {
		return err
	}
	o.changed = o.changed || !slices.Equal(m.Held, held)
	m.Status, m.Held = status, held
	if !m.Decision.Equal(d) {
		m.Decision = *d
		o.changed = true
	}
	if !maps.EqualFunc(m.Since, result.Since, time.Time.Equal) || !m.Due.Equal(result.Next) {
		m.Since, m.Due = result.Since, result.Next
		o.changed = true
	}
	o.effects, o.values = compare(p.before, m)
	if o.changed || len(o.effects) > 0 || (p.before != nil && p.before.Status != m.Status) {
		o.changed = true
		m.Revision++
		m.Modified = s.now
	}
	return s.uncount(o)
}

// noteBackLate tells of a person that their pins are gone.
const noteBackLate = "back after more than 30 days: pins and counted durations of before are gone"

// leave notes when every provider had let a person go, and forgets it when one has them back.
func (s *settlement) leave(p *loaded) {
	if p.present() {
		p.member.Left = time.Time{}
	} else if p.member.Left.IsZero() {
		p.member.Left = s.now
	}
}

// stand notes the instants of joining and of being put out.
func (s *settlement) stand(m *directory.Member, status directory.Status) {
	switch status {
	case directory.StatusActive:
		if m.Joined.IsZero() {
			m.Joined = s.now
		}
		m.Suspended = time.Time{}
	case directory.StatusSuspended, directory.StatusRemoved:
		if m.Suspended.IsZero() {
			m.Suspended = s.now
		}
	case directory.StatusNone, directory.StatusInvited: // nothing has begun that could be suspended
	}
}

// nextStatus says where a decision puts a person who stands where they stand.
func nextStatus(m *directory.Member, d *directory.Decision, p *loaded) directory.Status {
	joined := !m.Joined.IsZero()
	switch {
	case !m.Merged.IsZero(), p.removed:
		return directory.StatusRemoved
	case d.Observe, d.Waits && !joined:
		return directory.StatusNone
	case d.InScope && d.Active:
		if d.Invite && !joined && !p.accepted {
			return directory.StatusInvited
		}
		return directory.StatusActive
	case joined:
		return directory.StatusSuspended
	}
	return directory.StatusNone
}

// resolveManager finds the member whom the profile's manager value means.
func (s *settlement) resolveManager(d *directory.Decision, p *loaded) error {
	if d.Manager == "" {
		return nil
	}
	for i, a := range p.person.Accounts {
		if a.Profile.Manager != d.Manager {
			continue
		}
		manager, err := s.find(p.refs[i].Conn, d.Manager)
		if err != nil {
			return err
		}
		if manager != nil && manager.Member != p.member.ID {
			d.ManagerID = manager.Member
		}
		return nil
	}
	named := func(g *directory.Grant) bool {
		return g.Kind == directory.GrantInvitation && g.Invited != nil && g.Invited.Manager == d.Manager
	}
	if len(p.person.Accounts) > 0 || !slices.ContainsFunc(p.person.Grants, named) {
		return nil // of somebody who has left, the manager's name is what was known last, and means nobody
	}
	return s.invitedManager(d, p.member.ID)
}

// find returns the user whom a connection's provider means by a value.
func (s *settlement) find(c directory.ConnNum, v string) (*directory.User, error) {
	if s.writer != nil && s.writer.Conn == c {
		return s.writer.Find(v)
	}
	return facts.FindUser(s.tx, c, v)
}

// returnsLate reports whether a person whom every provider had let go comes back after so long that what was given by
// hand, and what was counted, belongs to the past. A membership that ended by itself is no absence.
func (s *settlement) returnsLate(p *loaded) bool {
	left := p.member.Left
	return p.present() && !left.IsZero() && s.now.Sub(left) > directory.GrantsReturnWithin &&
		(hasPin(p.person.Grants) || len(p.member.Since) > 0 || len(p.permitted) > 0)
}

func hasPin(grants []*directory.Grant) bool {
	return slices.ContainsFunc(grants, func(g *directory.Grant) bool { return g.Kind == directory.GrantPin })
}

func (s *settlement) dropGrants(p *loaded) error {
	var pins []*directory.Grant
	p.person.Grants = slices.DeleteFunc(p.person.Grants, func(g *directory.Grant) bool {
		if g.Kind == directory.GrantPin {
			pins = append(pins, g)
			return true
		}
		return false
	})
	p.person.Since = nil
	p.member.Permitted = false
	return s.tx.DeleteGrants(append(pins, p.permitted...))
}
