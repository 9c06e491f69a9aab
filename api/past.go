package api

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Past is one person at an instant that is over, by what was stored then.
type Past struct {
	Organization string      `json:"organization"`
	Member       Member      `json:"member" doc:"The person as they are today."`
	At           time.Time   `json:"at"`
	Heard        bool        `json:"heard" doc:"Whether anybody had spoken of the person by then."`
	Status       string      `json:"status" enum:"active,invited,suspended,removed,none"`
	Values       []PastValue `json:"values" nullable:"false" doc:"What was in force, each with the reason stored when it was given."`
	Accounts     []PastFacts `json:"accounts" nullable:"false" doc:"The directory records that were this person, as their provider had left them."`
	Grants       []PastGrant `json:"grants" nullable:"false" doc:"What was given or taken by hand."`
	Policy       *PastPolicy `json:"policy,omitempty" doc:"The revision of the policy that was in force."`
	Before       []Entry     `json:"before" nullable:"false" doc:"What had happened, the newest first."`
	Next         []Entry     `json:"next" nullable:"false" doc:"What happened then, the oldest first."`
	Unknown      []string    `json:"unknown" nullable:"false" doc:"What cannot be told any more, and why."`
}

// PastEntry points to an entry of the journal.
type PastEntry struct {
	Seq   uint64          `json:"seq"`
	At    time.Time       `json:"at"`
	Kind  string          `json:"kind"`
	Cause directory.Cause `json:"cause"`
}

// PastValue is one value that was in force.
type PastValue struct {
	Field   string     `json:"field"`
	Value   string     `json:"value"`
	Name    string     `json:"name,omitempty" doc:"Of a manager: their address, or their name, as it is now."`
	Reason  *Reason    `json:"reason,omitempty" doc:"As stored when the value was given."`
	Since   *PastEntry `json:"since,omitempty" doc:"The entry that gave it."`
	Until   *PastEntry `json:"until,omitempty" doc:"The entry that took it away since; absent while it stands."`
	Now     *Reason    `json:"now,omitempty" doc:"Why it stands today, where that is for another reason."`
	Unknown string     `json:"unknown,omitempty" doc:"Why the value cannot be told."`
	Note    string     `json:"note,omitempty"`
}

// PastFacts is a directory record as it was.
type PastFacts struct {
	Connection string                                `json:"connection"`
	User       string                                `json:"user,omitempty" doc:"The SCIM id; absent for what was said when the person signed in."`
	Profile    directory.Profile                     `json:"profile"`
	Extensions map[string]map[string]json.RawMessage `json:"extensions,omitempty" doc:"What the record has beyond the standard, by the URN of its schema and the attribute: conditions read it as user.ext."`
	Erased     bool                                  `json:"erased,omitempty" doc:"Whether what the provider said was erased since."`
	Said       *PastEntry                            `json:"said,omitempty" doc:"The entry that left the record so."`
	Groups     []PastGroup                           `json:"groups" nullable:"false"`
}

// PastGroup is a group that a record was in, as far as the group's history tells.
type PastGroup struct {
	ID      string     `json:"id,omitempty"`
	Name    string     `json:"name,omitempty" doc:"Its present name; absent once it is deleted."`
	Via     string     `json:"via,omitempty" doc:"The group through which the record was in it."`
	Said    *PastEntry `json:"said,omitempty" doc:"The entry that put the record there."`
	Doubt   string     `json:"doubt,omitempty" doc:"Why it is not certain."`
	Renamed bool       `json:"renamed,omitempty" doc:"Whether it had another name then."`
}

// PastGrant is what an admin had done by hand.
type PastGrant struct {
	Kind  string     `json:"kind"`
	Role  string     `json:"role,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	Said  *PastEntry `json:"said"`
}

// PastPolicy is the revision that was in force.
type PastPolicy struct {
	Revision  uint64    `json:"revision"`
	Hash      string    `json:"hash"`
	Actor     string    `json:"actor"`
	Activated time.Time `json:"activated"`
	Reason    string    `json:"reason,omitempty"`
	Rollback  uint64    `json:"rollback,omitempty" doc:"The revision that it went back to."`
}

type pastOf struct {
	OneMember
	At string `query:"at" required:"true" minLength:"1" maxLength:"64" doc:"An instant (RFC 3339), or a date, which means the end of that day in UTC."`
}

func (s *Server) past(ctx context.Context, in *pastOf) (Past, error) {
	at, err := provision.ParsePast(in.At, s.Now())
	if err != nil {
		return Past{}, err
	}
	t, err := s.target(ctx, in.OneMember)
	if err != nil {
		return Past{}, err
	}
	p, err := s.Engine.Past(ctx, t.org, t.member.ID, at)
	if err != nil {
		return Past{}, err
	}
	view := pastView(t.names, p)
	err = s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
		views, err := memberViews(tx, n, org, []*directory.Member{p.Member})
		if err != nil {
			return err
		}
		view.Member = views[0]
		if err := nameManager(tx, org, view.Values); err != nil {
			return err
		}
		if err := nameSubjects(tx, n, org, view.Before); err != nil {
			return err
		}
		return nameSubjects(tx, n, org, view.Next)
	})
	return view, err
}

// nameManager says who a manager is whom history knows by id.
func nameManager(tx store.Tx, org directory.OrgNum, values []PastValue) error {
	for i := range values {
		id, ok := directory.ParseID(values[i].Value)
		if values[i].Field != "manager" || !ok {
			continue
		}
		rows, err := tx.Members(org, []directory.ID{id})
		if err != nil {
			return err
		}
		if rows[0] != nil {
			values[i].Name = cmp.Or(rows[0].Decision.Email, rows[0].Decision.Name)
		}
	}
	return nil
}

func pastView(n *names, p *provision.Past) Past {
	view := Past{
		Organization: p.Organization, At: p.At, Heard: p.Heard, Status: string(p.Status), Values: []PastValue{}, Accounts: []PastFacts{},
		Grants: []PastGrant{}, Before: []Entry{}, Next: []Entry{}, Unknown: list(p.Unknown),
	}
	for _, v := range p.Values {
		view.Values = append(view.Values, PastValue{
			Field: v.Field, Value: v.Value, Reason: v.Reason, Since: pastEntry(v.Entry), Until: pastEntry(v.Until), Now: v.Now, Unknown: v.Unknown, Note: v.Note,
		})
	}
	for i := range p.Accounts {
		view.Accounts = append(view.Accounts, pastFacts(&p.Accounts[i]))
	}
	for _, g := range p.Grants {
		view.Grants = append(view.Grants, PastGrant{Kind: string(g.Kind), Role: g.Role, Until: instant(g.Until), Said: pastEntry(g.Entry)})
	}
	if r := p.Policy; r != nil {
		view.Policy = &PastPolicy{Revision: r.Revision, Hash: r.Hash, Actor: r.Actor, Activated: r.Activated, Reason: r.Reason, Rollback: r.Rollback}
	}
	for i := range p.Before {
		view.Before = append(view.Before, entryView(n, &p.Before[i].Entry, p.Before[i].Values))
	}
	for i := range p.Next {
		view.Next = append(view.Next, entryView(n, &p.Next[i].Entry, p.Next[i].Values))
	}
	return view
}

func pastFacts(a *provision.PastAccount) PastFacts {
	view := PastFacts{Connection: a.Connection, User: known(a.User), Profile: a.Profile, Extensions: a.Extensions, Erased: a.Erased, Said: pastEntry(a.Said), Groups: []PastGroup{}}
	for _, g := range a.Groups {
		view.Groups = append(view.Groups, PastGroup{
			ID: known(g.ID), Name: g.Name, Via: g.Via, Said: pastEntry(g.Said), Doubt: g.Doubt, Renamed: g.Renamed,
		})
	}
	return view
}

func pastEntry(l *provision.JournalLine) *PastEntry {
	if l == nil {
		return nil
	}
	return &PastEntry{Seq: l.Seq, At: l.At, Kind: l.Kind, Cause: l.Cause}
}
