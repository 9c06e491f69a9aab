package provision

import (
	"context"
	"encoding/json"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// journalLimit is how many entries an explanation goes back.
const journalLimit = 100

// Explanation is everything there is to say about one person: facts and who said them, every rule and why it matched or
// not, how each result was chosen, what is in force, what waits, when it next changes, and the journal.
type Explanation struct {
	Organization string             `json:"organization"`
	Member       *directory.Member  `json:"-"`
	Accounts     []AccountFacts     `json:"accounts"`
	Grants       []*directory.Grant `json:"grants,omitempty"`
	Trace        mapping.Trace      `json:"trace"`
	Decision     directory.Decision `json:"decision"` // what is in force, with its stored reasons
	Holds        []*directory.Hold  `json:"holds,omitempty"`
	Paused       bool               `json:"paused,omitempty"` // a paused connection speaks of the person: nothing changes
	Next         time.Time          `json:"next,omitzero"`
	Would        *Would             `json:"would,omitempty"` // what would happen if a connection that observes were active
	Under        *Would             `json:"under,omitempty"` // what a candidate would make of the person
	Journal      []JournalLine      `json:"journal"`         // the newest first
}

// AccountFacts is one directory record and who said it last.
type AccountFacts struct {
	Connection string                                `json:"connection"`
	User       directory.ID                          `json:"user"`
	Profile    directory.Profile                     `json:"profile"`
	Extensions map[string]map[string]json.RawMessage `json:"extensions,omitempty"` // what it says beyond the standard, by URN and attribute
	Groups     []GroupFact                           `json:"groups"`
	Said       directory.Cause                       `json:"said"` // the request that changed it last
	At         time.Time                             `json:"at"`
	Subject    string                                `json:"subject,omitempty"` // of what was said when the person signed in; there is no record then
}

// GroupFact is one membership and who said it last, as far back as the group's history tells.
type GroupFact struct {
	mapping.Group
	Said directory.Cause `json:"said,omitzero"`
	At   time.Time       `json:"at,omitzero"`
}

// JournalLine is one entry with its personal values, where they were not erased.
type JournalLine struct {
	directory.Entry
	Values []directory.DetailValue `json:"values,omitempty"`
}

// Explain explains a member.
func (e *Engine) Explain(ctx context.Context, org directory.OrgNum, member directory.ID) (*Explanation, error) {
	var x *Explanation
	err := e.Store.View(ctx, func(tx store.Tx) error {
		s, err := e.settlement(tx, org, directory.Cause{})
		if err != nil {
			return err
		}
		x, err = s.explain(member)
		return err
	})
	return x, err
}

// ExplainUnder explains a member as another policy would have them: the trace is the candidate's, and Under says what it
// would change. Nothing is written.
func (e *Engine) ExplainUnder(ctx context.Context, org directory.OrgNum, member directory.ID, candidate *mapping.Policy) (*Explanation, error) {
	var x *Explanation
	err := e.Store.View(ctx, func(tx store.Tx) error {
		s, err := e.dry(tx, org, candidate)
		if err != nil {
			return err
		}
		if x, err = s.explain(member); err != nil {
			return err
		}
		outcomes, err := s.outcomesOf([]directory.ID{member})
		if err != nil {
			return err
		}
		o := outcomes[0]
		x.Under = &Would{Status: o.member.Status, Decision: o.member.Decision, Effects: o.effects, Notes: o.notes, Next: o.member.Due}
		return nil
	})
	return x, err
}

func (s *settlement) explain(id directory.ID) (*Explanation, error) {
	people, err := s.load([]*facts.Touch{{Member: id}})
	if err != nil {
		return nil, err
	}
	p := people[0]
	if p.before == nil {
		return nil, directory.Errorf(directory.NotFound, "There is no member %s in this organization.", id)
	}
	logins, grants := splitLogins(p.person.Grants)
	grants = append(grants, p.permitted...)
	x := &Explanation{
		Organization: s.orgName, Member: p.before, Grants: grants, Decision: p.before.Decision,
		Paused: p.paused, Next: p.before.Due, Trace: s.policy.Explain(&p.person, s.now),
	}
	chains := []chain{{directory.SubjectMember, id, p.before.Entry}}
	for i := range p.person.Accounts {
		if p.person.Accounts[i].Login {
			continue // told with the other sign-ins
		}
		account, last, err := s.accountFacts(p.refs[i], &p.person.Accounts[i])
		if err != nil {
			return nil, err
		}
		x.Accounts = append(x.Accounts, account)
		chains = append(chains, chain{directory.SubjectUser, p.refs[i].ID, last})
	}
	for _, g := range logins {
		said, err := s.loginFacts(g)
		if err != nil {
			return nil, err
		}
		x.Accounts = append(x.Accounts, said)
	}
	if x.Would, err = s.would(p); err != nil {
		return nil, err
	}
	if x.Holds, err = s.holdsOf(p.before); err != nil {
		return nil, err
	}
	x.Journal, err = s.history(chains)
	return x, err
}

func (s *settlement) accountFacts(ref directory.UserRef, a *mapping.Account) (AccountFacts, uint64, error) {
	x := AccountFacts{Connection: a.Connection, User: a.User, Profile: a.Profile}
	rows, err := s.tx.Users(ref.Conn, []directory.ID{ref.ID})
	if err != nil || rows[0] == nil {
		return x, 0, err
	}
	last, err := s.entry(rows[0].Entry)
	if err != nil {
		return x, 0, err
	}
	if last != nil {
		x.Said, x.At = last.Cause, last.At
	}
	if x.Extensions, err = facts.ExtensionsOf(rows[0]); err != nil {
		return x, 0, err
	}
	for _, g := range a.Groups {
		f := GroupFact{Group: g}
		if f.Said, f.At, err = s.membershipSaid(ref, g.ID); err != nil {
			return x, 0, err
		}
		x.Groups = append(x.Groups, f)
	}
	return x, rows[0].Entry, nil
}

// membershipSaid walks the history of a group back to the entry that added a user. Beyond journalLimit entries, and for
// pushes of more members than an entry lists, the last entry about the group stands for it.
func (s *settlement) membershipSaid(ref directory.UserRef, group directory.ID) (directory.Cause, time.Time, error) {
	rows, err := s.tx.Groups(ref.Conn, []directory.ID{group})
	if err != nil || rows[0] == nil {
		return directory.Cause{}, time.Time{}, err
	}
	var last directory.Cause
	var at time.Time
	seq := rows[0].Entry
	for n := 0; n < journalLimit && seq != 0; n++ {
		entry, err := s.entry(seq)
		if err != nil || entry == nil {
			return last, at, err
		}
		details, err := s.tx.Details([]uint64{seq})
		if err != nil {
			return last, at, err
		}
		if n == 0 || added(details[0], ref.ID) {
			last, at = entry.Cause, entry.At
		}
		if added(details[0], ref.ID) {
			break
		}
		seq = previous(entry, chain{kind: directory.SubjectGroup, id: group})
	}
	return last, at, nil
}
