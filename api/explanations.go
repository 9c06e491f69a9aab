package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Explanation is everything there is to say about one person: what is in force and why, who said what, what became of
// every rule, and the journal.
type Explanation struct {
	Organization string              `json:"organization"`
	Member       Member              `json:"member" doc:"What is in force, with the reasons stored when it was decided."`
	Accounts     []Facts             `json:"accounts" nullable:"false" doc:"The directory records that are this person."`
	Grants       []Grant             `json:"grants" nullable:"false" doc:"What was given or taken by hand."`
	Rules        []mapping.RuleTrace `json:"rules" nullable:"false" doc:"Every rule of the policy in force: matched or not, and why."`
	Steps        []mapping.Step      `json:"steps" nullable:"false" doc:"How each value was chosen among what gave one."`
	Holds        []Hold              `json:"holds" nullable:"false" doc:"Effects that wait for somebody's decision."`
	Paused       bool                `json:"paused,omitempty" doc:"Whether a paused connection speaks of the person, so that nothing changes."`
	Problems     []string            `json:"problems" nullable:"false" doc:"Conditions that could not be evaluated."`
	Journal      []Entry             `json:"journal" nullable:"false" doc:"What happened, the newest first."`
}

// Facts is what one connection's provider said about a person.
type Facts struct {
	Connection string            `json:"connection"`
	User       string            `json:"user" doc:"The SCIM id."`
	Profile    directory.Profile `json:"profile"`
	Groups     []FactGroup       `json:"groups" nullable:"false"`
	Said       directory.Cause   `json:"said" doc:"The request that changed the record last."`
	At         time.Time         `json:"at"`
}

// FactGroup is a group that a directory record is in.
type FactGroup struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	ExternalID string           `json:"external_id,omitempty"`
	Via        string           `json:"via,omitempty" doc:"The nested group through which the person is in it."`
	Said       *directory.Cause `json:"said,omitempty" doc:"The request that put the person there, as far back as the group's history tells."`
	At         *time.Time       `json:"at,omitempty"`
}

// Grant is what somebody gave or took by hand.
type Grant struct {
	ID      string     `json:"id"`
	Kind    string     `json:"kind"`
	Role    string     `json:"role,omitempty"`
	State   string     `json:"state,omitempty"`
	Actor   string     `json:"actor"`
	Reason  string     `json:"reason,omitempty"`
	Created time.Time  `json:"created"`
	Ends    *time.Time `json:"ends,omitempty"`
}

// Hold keeps an effect back and says so.
type Hold struct {
	ID      string             `json:"id"`
	Kind    string             `json:"kind"`
	Member  string             `json:"member"`
	Effects []directory.Effect `json:"effects" nullable:"false"`
	Cause   directory.Cause    `json:"cause"`
	Created time.Time          `json:"created"`
}

func (s *Server) explanations(api huma.API) {
	handle(s, api, get("/organizations/{organization}/members/{member}/explain", "explain-member", ScopeMembersRead, "Explain a member",
		"Says everything there is to say about one person: facts and who said them, every rule with its file and line, how each value was chosen, and the journal."),
		func(ctx context.Context, in *OneMember) (*answer[Explanation], error) {
			t, err := s.target(ctx, *in)
			if err != nil {
				return nil, err
			}
			x, err := s.Engine.Explain(ctx, t.org, t.member.ID)
			if err != nil {
				return nil, err
			}
			if x.Member == nil {
				x.Member = t.member
			}
			view := explanationView(t.names, x)
			err = s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
				views, err := memberViews(tx, n, org, []*directory.Member{x.Member})
				if err != nil {
					return err
				}
				view.Member = views[0]
				return nameSubjects(tx, n, org, view.Journal)
			})
			return found(view, err)
		})
}

func explanationView(n *names, x *provision.Explanation) Explanation {
	view := Explanation{
		Organization: x.Organization, Paused: x.Paused, Accounts: []Facts{}, Grants: []Grant{}, Holds: []Hold{}, Journal: []Entry{},
		Rules: list(x.Trace.Rules), Steps: list(x.Trace.Steps), Problems: list(x.Trace.Result.Problems),
	}
	for i := range view.Rules {
		view.Rules[i].Because = list(view.Rules[i].Because)
	}
	for _, a := range x.Accounts {
		f := Facts{Connection: a.Connection, User: a.User.String(), Profile: a.Profile, Groups: []FactGroup{}, Said: a.Said, At: a.At}
		for _, g := range a.Groups {
			group := FactGroup{ID: g.ID.String(), Name: g.Name, ExternalID: g.ExternalID, Via: g.Via, At: instant(g.At)}
			if g.Said.Kind != "" {
				group.Said = &g.Said
			}
			f.Groups = append(f.Groups, group)
		}
		view.Accounts = append(view.Accounts, f)
	}
	for _, g := range x.Grants {
		view.Grants = append(view.Grants, Grant{
			ID: g.ID.String(), Kind: string(g.Kind), Role: g.Role, State: g.State, Actor: g.Actor, Reason: g.Reason, Created: g.Created, Ends: instant(g.Ends),
		})
	}
	for _, h := range x.Holds {
		view.Holds = append(view.Holds, Hold{
			ID: h.ID.String(), Kind: h.Kind, Member: h.Member.String(), Effects: list(h.Effects), Cause: h.Cause, Created: h.Created,
		})
	}
	for i := range x.Journal {
		view.Journal = append(view.Journal, entryView(n, &x.Journal[i].Entry, x.Journal[i].Values))
	}
	return view
}
