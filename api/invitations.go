package api

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Invitation is one invitation, and what has become of it.
type Invitation struct {
	ID             string     `json:"id"`
	Email          string     `json:"email"`
	Name           string     `json:"name,omitempty"`
	State          string     `json:"state" enum:"awaiting_approval,pending,accepted,declined,expired,cancelled,asked_to_join" doc:"asked_to_join: nobody invited the person, who signed in and waits for an approval of a member."`
	Role           string     `json:"role" doc:"The role that the person gets: what was asked for, as rules and limits allow."`
	AskedRole      string     `json:"asked_role,omitempty" doc:"The role that was asked for, where the person gets another."`
	RoleBecause    string     `json:"role_because,omitempty" doc:"Why they get another."`
	Department     string     `json:"department,omitempty"`
	Access         string     `json:"access,omitempty" enum:"full,limited,custom"`
	PermissionSets []string   `json:"permission_sets,omitempty" nullable:"false"`
	Manager        string     `json:"manager_email,omitempty"`
	Message        string     `json:"message,omitempty"`
	By             string     `json:"invited_by,omitempty"`
	Reason         string     `json:"reason,omitempty"`
	Directory      bool       `json:"directory,omitempty" doc:"A connection with provisioning: invite made it."`
	Member         string     `json:"member" doc:"The id of the person."`
	Created        time.Time  `json:"created"`
	Sent           *time.Time `json:"sent,omitempty" doc:"When the mail server last took a letter with a link of it that works."`
	Expires        *time.Time `json:"expires,omitempty"`
	Closed         *time.Time `json:"closed,omitempty" doc:"When it was accepted, declined, cancelled or expired."`
	Resent         int        `json:"resent" doc:"How often a new link was sent."`
	Reminded       int        `json:"reminded"`
	Version        string     `json:"version,omitempty" doc:"Names what it gives while it waits for an approval: who approves it says which version they were shown."`
	Mail           string     `json:"mail,omitempty" enum:"queued,sent,failed" doc:"What became of its last letter: it waits for the mail server, was taken by it, or was given up. Absent before there is one, and 90 days after."`
	MailTries      int        `json:"mail_tries,omitempty" doc:"How often the letter that is not sent was tried."`
	MailNext       *time.Time `json:"mail_next,omitempty" doc:"When the letter that waits is tried next."`
	MailError      string     `json:"mail_error,omitempty" doc:"What the mail server said when it refused the last letter, which limit of a day has the letter wait, or that there is no mail server."`
}

// Invitee is somebody to be invited.
type Invitee struct {
	Email          string   `json:"email"`
	FirstName      string   `json:"first_name,omitempty"`
	LastName       string   `json:"last_name,omitempty"`
	Role           string   `json:"role"`
	Department     string   `json:"department,omitempty"`
	Manager        string   `json:"manager_email,omitempty"`
	Message        string   `json:"message,omitempty" doc:"For the person, in the mail."`
	Access         string   `json:"access,omitempty" doc:"full, limited or custom; full without it, custom with permission_sets."`
	PermissionSets []string `json:"permission_sets,omitempty"`
	Expires        string   `json:"expires,omitempty" doc:"How long the link works, such as 7d; as long as the organization says without it."`
}

// InviteBody says whom to invite.
type InviteBody struct {
	Reason string    `json:"reason,omitempty" doc:"Why; it is kept in the journal. One line, of at most 500 characters."`
	People []Invitee `json:"people" minItems:"1" maxItems:"200"`
	DryRun bool      `json:"dry_run,omitempty" doc:"Say what would become of each, and change nothing."`
	Atomic bool      `json:"atomic,omitempty" doc:"Invite nobody where somebody cannot be invited."`
}

// Invited says what became of one of them.
type Invited struct {
	Email      string      `json:"email"`
	Result     string      `json:"result" enum:"invited,awaiting_approval,already_member,already_invited,refused,not_done"`
	Field      string      `json:"field,omitempty" doc:"What is wrong with one who was refused."`
	Problem    string      `json:"problem,omitempty"`
	Role       string      `json:"role,omitempty" doc:"The role that the person has, or will have: what is asked for, as rules and limits allow."`
	Invitation *Invitation `json:"invitation,omitempty" doc:"The open one; absent in a dry run."`
	Note       string      `json:"note,omitempty" doc:"What to know of one who is invited all the same."`
}

// InvitedList is what became of all of them, in their order.
type InvitedList struct {
	Results []Invited `json:"results" nullable:"false"`
	Note    string    `json:"note,omitempty" doc:"What to know of all of them: that no letter goes out."`
}

// InvitationSummary counts an organization's invitations.
type InvitationSummary struct {
	Total     int               `json:"total"`
	States    []InvitationCount `json:"states" nullable:"false"`
	Resent    int               `json:"resent" doc:"How many were sent more than once."`
	ThisMonth int               `json:"this_month" doc:"How many were made since the month began, in UTC."`
	Months    []InvitationMonth `json:"months" nullable:"false" doc:"The last twelve months, the present one last."`
	Recent    []Invitation      `json:"recent" nullable:"false" doc:"Those of which something became last."`
}

// InvitationCount is how many are in one state.
type InvitationCount struct {
	State   string `json:"state"`
	Count   int    `json:"count"`
	Percent int    `json:"percent"`
}

// InvitationMonth is what happened in one month.
type InvitationMonth struct {
	Month    string `json:"month" doc:"Such as 2027-01."`
	Invited  int    `json:"invited"`
	Accepted int    `json:"accepted"`
}

type invitationFilter struct {
	InOrganization
	Paging
	State string `query:"state" enum:"awaiting_approval,pending,accepted,declined,expired,cancelled" doc:"Only those in this state."`
}

// OneInvitation is the path of one invitation.
type OneInvitation struct {
	InOrganization
	Invitation string `path:"invitation" maxLength:"320" doc:"The invitation's id, or the address that was invited, for the latest."`
}

type inviteIn struct {
	InOrganization
	Body InviteBody
}

func (s *Server) invitations(api huma.API) {
	handle(s, api, get("/organizations/{organization}/invitations", "list-invitations", ScopeMembersRead, "List invitations",
		"Lists invitations, the newest first."), func(ctx context.Context, in *invitationFilter) (*answer[Page[Invitation]], error) {
		return found(s.listInvitations(ctx, in))
	})
	handle(s, api, post("/organizations/{organization}/invitations", "invite", ScopeMembersWrite, "Invite people",
		"Invites up to 200 people. Who is a member or invited already is left as they are, so that the same request can be sent again."),
		func(ctx context.Context, in *inviteIn) (*answer[InvitedList], error) { return found(s.invite(ctx, in)) })
	handle(s, api, get("/organizations/{organization}/invitations/summary", "summarize-invitations", ScopeMembersRead, "Summarize invitations", ""),
		func(ctx context.Context, in *InOrganization) (*answer[InvitationSummary], error) {
			return found(s.summarizeInvitations(ctx, in.Organization))
		})
	handle(s, api, get("/organizations/{organization}/invitations/{invitation}", "get-invitation", ScopeMembersRead, "Get an invitation", ""),
		func(ctx context.Context, in *OneInvitation) (*answer[Invitation], error) {
			_, g, err := s.oneInvitation(ctx, in)
			if err != nil {
				return nil, err
			}
			return found(s.invitationNow(ctx, in.Organization, g))
		})
	handle(s, api, get("/organizations/{organization}/invitations/{invitation}/history", "get-invitation-history", ScopeJournalRead, "Read an invitation's history",
		"Lists what became of the invitation and of its person since, the newest first."),
		func(ctx context.Context, in *OneInvitation) (*answer[Page[Entry]], error) {
			return found(s.invitationHistory(ctx, in))
		})
	s.invitationVerbs(api)
}

func (s *Server) listInvitations(ctx context.Context, in *invitationFilter) (Page[Invitation], error) {
	page := Page[Invitation]{Items: []Invitation{}}
	after, err := in.after()
	if err != nil {
		return page, err
	}
	err = s.view(ctx, in.Organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
		page = Page[Invitation]{Items: []Invitation{}}
		states := []string{in.State}
		if in.State == directory.InvitationAccepted {
			states = append(states, directory.InvitationSpent)
		}
		var rows []*directory.Grant
		for _, state := range states {
			list, err := tx.ListInvitations(org, state, store.Page{After: after, Limit: in.Limit + 1, Descending: true})
			if err != nil {
				return err
			}
			rows = append(rows, list...)
		}
		slices.SortFunc(rows, func(a, b *directory.Grant) int { return slices.Compare(b.ID[:], a.ID[:]) })
		if len(rows) > in.Limit {
			rows = rows[:in.Limit]
			last := rows[in.Limit-1].ID
			page.Next = cursor(last[:])
		}
		page.Items, err = invitationViews(tx, rows)
		return err
	})
	return page, err
}

// oneInvitation finds an invitation by its id, or the latest by an address, an open one before others.
func (s *Server) oneInvitation(ctx context.Context, in *OneInvitation) (directory.OrgNum, *directory.Grant, error) {
	var num directory.OrgNum
	var g *directory.Grant
	err := s.view(ctx, in.Organization, func(tx store.Tx, _ *names, org directory.OrgNum) (err error) {
		num = org
		if id, byID := directory.ParseID(in.Invitation); byID {
			g, err = tx.Invitation(org, id)
		} else {
			g, err = latestInvitation(tx, org, in.Invitation)
		}
		if errors.Is(err, store.ErrNotFound) {
			return directory.Errorf(directory.NotFound, "There is no invitation with the id or address %q in this organization; `usher invitations list` shows them.", in.Invitation)
		}
		return err
	})
	return num, g, err
}

func latestInvitation(tx store.Tx, org directory.OrgNum, address string) (*directory.Grant, error) {
	ids, err := tx.FindMembers(org, directory.Key{Attribute: directory.AttrEmail, Value: directory.FoldAddress(address)}, directory.NoID, 100)
	if err != nil {
		return nil, err
	}
	grants, err := tx.Grants(org, ids)
	if err != nil {
		return nil, err
	}
	var best *directory.Grant
	rank := func(g *directory.Grant) int {
		switch g.State {
		case directory.InvitationPending, directory.InvitationUnapproved:
			return 1
		}
		return 0
	}
	for _, g := range slices.Concat(grants...) {
		if g.Kind == directory.GrantInvitation && (best == nil || cmp.Or(cmp.Compare(rank(g), rank(best)), slices.Compare(g.ID[:], best.ID[:])) > 0) {
			best = g
		}
	}
	if best == nil {
		return nil, store.ErrNotFound
	}
	return best, nil
}

func (s *Server) invite(ctx context.Context, in *inviteIn) (InvitedList, error) {
	list := InvitedList{Results: []Invited{}}
	order := provision.Invites{Cause: cause(ctx), DryRun: in.Body.DryRun, Atomic: in.Body.Atomic}
	var err error
	if order.Cause.Reason, err = reasonOf(in.Body.Reason); err != nil {
		return list, err
	}
	for _, p := range in.Body.People {
		one := provision.Invite{
			Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, Role: p.Role, Department: p.Department, Manager: p.Manager,
			Message: p.Message, Access: directory.Access(p.Access), Sets: p.PermissionSets,
		}
		if p.Expires != "" {
			if one.Lasts, err = config.ParseDuration(p.Expires); err != nil {
				return list, invalid("expires", "%v", err)
			}
		}
		order.People = append(order.People, one)
	}
	err = s.view(ctx, in.Organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		order.Org = org
		return nil
	})
	if err != nil {
		return list, err
	}
	results, err := s.Engine.Invite(ctx, order)
	if err != nil {
		return list, err
	}
	err = s.view(ctx, in.Organization, func(tx store.Tx, _ *names, _ directory.OrgNum) error {
		list.Results = make([]Invited, len(results))
		for i := range results {
			var err error
			if list.Results[i], err = invitedView(tx, in.Body.People[i], &results[i], in.Body.DryRun); err != nil {
				return err
			}
		}
		return nil
	})
	if s.lettersStay() && slices.ContainsFunc(list.Results, func(r Invited) bool { return r.Result == string(provision.InviteSent) }) {
		list.Note = noLetters
	}
	return list, err
}

// lettersStay reports whether this is a server that cannot mail. A command without a server leaves its letters to the next one.
func (s *Server) lettersStay() bool { return s.SignIn != nil && s.Engine.Mail == nil }

// noLetters is what is said of invitations by a server that cannot mail them.
const noLetters = "No letter goes out, since usher.yaml names no mail server. Write `mail` into it and start the server again; `usher mail retry --failed` sends what was given up until then."

func invitedView(tx store.Tx, p Invitee, r *provision.InviteResult, dryRun bool) (Invited, error) {
	view := Invited{Email: p.Email, Result: string(r.Code)}
	if r.Problem != nil {
		view.Field, view.Problem = r.Problem.Field, r.Problem.Message
	}
	if r.Member != nil {
		view.Role = r.Member.Decision.Role
	}
	if r.Code == provision.InviteAwaits {
		view.Role = r.Invitation.Role
	}
	if r.Unlimited {
		view.Note = p.Email + " is outside your domains, and no `guests` limits the role."
	}
	if r.Invitation != nil && (!dryRun || r.Code == provision.InviteInvited) {
		one, err := invitationView(tx, r.Invitation)
		if err != nil {
			return view, err
		}
		view.Invitation = &one
	}
	return view, nil
}

// invitationHistory is what the journal has of an invitation's person since it was made.
func (s *Server) invitationHistory(ctx context.Context, in *OneInvitation) (Page[Entry], error) {
	_, g, err := s.oneInvitation(ctx, in)
	if err != nil {
		return Page[Entry]{Items: []Entry{}}, err
	}
	filter := &journalFilter{InOrganization: in.InOrganization, Paging: Paging{Limit: walkRows}, Member: g.Member.String()}
	page, err := s.memberJournal(ctx, filter)
	page.Next = ""
	page.Items = slices.DeleteFunc(page.Items, func(e Entry) bool {
		return e.At.Before(g.Created) || !strings.HasPrefix(e.Kind, "invitation.") && len(e.Effects) == 0
	})
	return page, err
}

func (s *Server) summarizeInvitations(ctx context.Context, organization string) (InvitationSummary, error) {
	view := InvitationSummary{States: []InvitationCount{}, Months: []InvitationMonth{}, Recent: []Invitation{}}
	var num directory.OrgNum
	err := s.view(ctx, organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		num = org
		return nil
	})
	if err != nil {
		return view, err
	}
	sum, err := s.Engine.SummarizeInvitations(ctx, num)
	if err != nil {
		return view, err
	}
	view.Total, view.Resent, view.ThisMonth = sum.Total, sum.Resent, sum.ThisMonth
	for _, state := range []string{
		directory.InvitationAccepted, directory.InvitationPending, directory.InvitationUnapproved, directory.InvitationExpired,
		directory.InvitationDeclined, directory.InvitationCancelled,
	} {
		n := InvitationCount{State: state, Count: sum.States[state]}
		if sum.Total > 0 {
			n.Percent = int(math.Round(100 * float64(n.Count) / float64(sum.Total)))
		}
		view.States = append(view.States, n)
	}
	for _, m := range sum.Months {
		view.Months = append(view.Months, InvitationMonth{Month: m.Month.Format("2006-01"), Invited: m.Invited, Accepted: m.Accepted})
	}
	err = s.view(ctx, organization, func(tx store.Tx, _ *names, _ directory.OrgNum) (err error) {
		view.Recent, err = invitationViews(tx, sum.Recent)
		return err
	})
	return view, err
}
