package api

import (
	"context"
	"encoding/json"
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
	Would        *Would              `json:"would,omitempty" doc:"What would happen to a person of whom only connections in state observe speak, were these active."`
	Under        *Would              `json:"under,omitempty" doc:"What a candidate would make of the person. The rules and steps are the candidate's then."`
	Journal      []Entry             `json:"journal" nullable:"false" doc:"What happened, the newest first."`
}

// Facts is what one connection's provider said about a person.
type Facts struct {
	Connection string                                `json:"connection"`
	User       string                                `json:"user,omitempty" doc:"The SCIM id; absent for what was said when the person signed in."`
	Subject    string                                `json:"subject,omitempty" doc:"The provider's name of the person, for what was said when they signed in."`
	Profile    directory.Profile                     `json:"profile"`
	Extensions map[string]map[string]json.RawMessage `json:"extensions,omitempty" doc:"What the record has beyond the standard, by the URN of its schema and the attribute: conditions read it as user.ext."`
	Groups     []FactGroup                           `json:"groups" nullable:"false"`
	Said       directory.Cause                       `json:"said" doc:"The request that changed the record last."`
	At         time.Time                             `json:"at"`
}

// FactGroup is a group that a directory record is in.
type FactGroup struct {
	ID         string           `json:"id,omitempty" doc:"The SCIM id; absent for a group that a sign-in told of."`
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
	Changes []string   `json:"changes,omitempty" nullable:"false" doc:"Of a permission, what it changes."`
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

// Would is what would become of a person, and how that differs from what is in force.
type Would struct {
	Status         string             `json:"status" enum:"active,invited,suspended,removed,none"`
	Role           string             `json:"role,omitempty"`
	Department     string             `json:"department,omitempty"`
	Teams          []string           `json:"teams" nullable:"false"`
	PermissionSets []string           `json:"permission_sets" nullable:"false"`
	Spaces         []string           `json:"spaces" nullable:"false"`
	Projects       []string           `json:"projects" nullable:"false"`
	Ends           *time.Time         `json:"ends,omitempty"`
	Next           *time.Time         `json:"next,omitempty" doc:"The next instant at which something could change by itself."`
	Reasons        []Reason           `json:"reasons" nullable:"false"`
	Effects        []directory.Effect `json:"effects" nullable:"false" doc:"The differences from what is in force, each with its reason."`
	Notes          []string           `json:"notes,omitempty" nullable:"false"`
}

func wouldView(w *provision.Would) *Would {
	if w == nil {
		return nil
	}
	d := &w.Decision
	return &Would{
		Status: string(w.Status), Role: d.Role, Department: d.Department, Teams: list(d.Teams), PermissionSets: list(d.PermissionSets),
		Spaces: list(d.Spaces), Projects: list(d.Projects), Ends: instant(d.Ends), Next: instant(w.Next), Reasons: list(d.Reasons),
		Effects: list(w.Effects), Notes: w.Notes,
	}
}

type explainUnder struct {
	OneMember
	Body CandidateBody
}

func (s *Server) explanations(api huma.API) {
	handle(s, api, get("/organizations/{organization}/members/{member}/explain", "explain-member", ScopeMembersRead, "Explain a member",
		"Says everything there is to say about one person: facts and who said them, every rule with its file and line, how each value was chosen, and the journal."),
		func(ctx context.Context, in *OneMember) (*answer[Explanation], error) {
			return found(s.explain(ctx, *in, func(t *target) (*provision.Explanation, error) {
				return s.Engine.Explain(ctx, t.org, t.member.ID)
			}))
		})
	handle(s, api, post("/organizations/{organization}/members/{member}/explain", "explain-member-under", ScopeMembersRead, "Explain a member under another policy",
		"Says what a candidate would make of one person: every rule of the candidate, how each value would be chosen, and the differences from what is in force. Nothing changes."),
		func(ctx context.Context, in *explainUnder) (*answer[Explanation], error) {
			return found(s.explain(ctx, in.OneMember, func(t *target) (*provision.Explanation, error) {
				_, c, _, err := s.candidate(ctx, in.Organization, &in.Body)
				if err != nil {
					return nil, err
				}
				return s.Engine.ExplainUnder(ctx, t.org, t.member.ID, c.Policy)
			}))
		})
	handle(s, api, get("/organizations/{organization}/members/{member}/past", "explain-member-past", ScopeMembersRead, "Explain what a member was",
		"Says what was in force for one person at an instant that is over, by the reasons that were stored then: values, facts, what was done by hand, the policy, and what came next."),
		func(ctx context.Context, in *pastOf) (*answer[Past], error) {
			return found(s.past(ctx, in))
		})
}

// explain renders an explanation of the member whom a request is about.
func (s *Server) explain(ctx context.Context, at OneMember, explain func(*target) (*provision.Explanation, error)) (Explanation, error) {
	t, err := s.target(ctx, at)
	if err != nil {
		return Explanation{}, err
	}
	x, err := explain(t)
	if err != nil {
		return Explanation{}, err
	}
	view := explanationView(t.names, x)
	err = s.view(ctx, at.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
		views, err := memberViews(tx, n, org, []*directory.Member{x.Member})
		if err != nil {
			return err
		}
		view.Member = views[0]
		view.Member.Would = view.Would
		return nameSubjects(tx, n, org, view.Journal)
	})
	return view, err
}

func explanationView(n *names, x *provision.Explanation) Explanation {
	view := Explanation{
		Organization: x.Organization, Paused: x.Paused, Accounts: []Facts{}, Grants: []Grant{}, Holds: []Hold{}, Journal: []Entry{},
		Rules: list(x.Trace.Rules), Steps: list(x.Trace.Steps), Problems: list(x.Trace.Result.Problems),
		Would: wouldView(x.Would), Under: wouldView(x.Under),
	}
	for i := range view.Rules {
		view.Rules[i].Because = list(view.Rules[i].Because)
	}
	for _, a := range x.Accounts {
		f := Facts{Connection: a.Connection, User: known(a.User), Subject: a.Subject, Profile: a.Profile, Extensions: a.Extensions, Groups: []FactGroup{}, Said: a.Said, At: a.At}
		for _, g := range a.Groups {
			group := FactGroup{ID: known(g.ID), Name: g.Name, ExternalID: g.ExternalID, Via: g.Via, At: instant(g.At)}
			if g.Said.Kind != "" {
				group.Said = &g.Said
			}
			f.Groups = append(f.Groups, group)
		}
		view.Accounts = append(view.Accounts, f)
	}
	for _, g := range x.Grants {
		one := Grant{
			ID: g.ID.String(), Kind: string(g.Kind), Role: g.Role, State: g.State, Actor: g.Actor, Reason: g.Reason, Created: g.Created, Ends: instant(g.Ends),
		}
		if g.Permission != nil {
			one.Changes = provision.ChangesInWords(g.Permission)
		}
		view.Grants = append(view.Grants, one)
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

// known returns an id as text, "" for none.
func known(id directory.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}
