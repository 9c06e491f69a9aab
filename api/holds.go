package api

import (
	"context"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// heldShown is how many of the people of a hold, and of those who were done before it, are named.
const heldShown = 500

// OpenHold is a hold that waits for somebody's decision, or whose decision is being carried out.
type OpenHold struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind" enum:"last_admin,suspensions,role_losses,top_role_gains,group_removals"`
	State   string          `json:"state" enum:"open,approved,dismissed" doc:"Approved and dismissed while that is being carried out."`
	Group   string          `json:"group,omitempty" doc:"The group that people left, where the brake counts by group."`
	Waiting int             `json:"waiting" doc:"How many people wait."`
	Passed  int             `json:"passed" doc:"For how many it took effect in the window, before the hold."`
	Limit   int             `json:"limit,omitempty" doc:"How many pass in the window."`
	Window  string          `json:"window,omitempty" doc:"How long the brake counts."`
	Usual   float64         `json:"usual" doc:"How many there are in such a window on average, over 30 days."`
	Set     string          `json:"set,omitempty" doc:"Says who waits and for what; an approval is of one set."`
	Cause   directory.Cause `json:"cause" doc:"What the first effect that waits came from."`
	Created time.Time       `json:"created"`
	Joined  *time.Time      `json:"joined,omitempty" doc:"When somebody came to wait last."`
	Message string          `json:"message" doc:"All of it in words."`
	Advice  []string        `json:"advice" nullable:"false" doc:"What to do, in a line for each case."`
}

// HeldPerson is somebody who waits in a hold.
type HeldPerson struct {
	ID      string             `json:"id"`
	Email   string             `json:"email,omitempty"`
	Effects []directory.Effect `json:"effects" nullable:"false" doc:"What waits."`
	Since   time.Time          `json:"since"`
	Cause   directory.Cause    `json:"cause"`
	Undone  bool               `json:"undone,omitempty" doc:"Whether it had taken effect, and was put back."`

	SignedIn *time.Time `json:"signed_in,omitempty" doc:"When the provider let the person in last while they waited: evidence against what waits."`
}

// DonePerson is somebody for whom it took effect before the hold.
type DonePerson struct {
	ID      string             `json:"id"`
	Email   string             `json:"email,omitempty"`
	Effects []directory.Effect `json:"effects" nullable:"false" doc:"What took effect."`
	At      time.Time          `json:"at"`
	Cause   directory.Cause    `json:"cause"`
}

// HoldDetail is a hold with its people.
type HoldDetail struct {
	OpenHold
	People []HeldPerson `json:"people" nullable:"false" doc:"Who waits, the first 500."`
	Done   []DonePerson `json:"done" nullable:"false" doc:"For whom it took effect in the window before, the first 500; undoing puts them back."`
}

// Expected is how many people more pass a brake for a time.
type Expected struct {
	ID      string    `json:"id,omitempty" doc:"Absent where it was withdrawn."`
	Kind    string    `json:"kind"`
	Count   int       `json:"count" doc:"How many distinct people pass, beside those who pass anyway; 0 where it was withdrawn."`
	Used    int       `json:"used" doc:"How many have passed by it."`
	Until   time.Time `json:"until"`
	Actor   string    `json:"actor"`
	Reason  string    `json:"reason"`
	Created time.Time `json:"created"`
}

// Holds is everything that waits, and what is expected.
type Holds struct {
	Holds    []OpenHold `json:"holds" nullable:"false"`
	Expected []Expected `json:"expected" nullable:"false"`
}

// ApproveBody approves one set of people.
type ApproveBody struct {
	ReasonBody
	Set string `json:"set" minLength:"1" maxLength:"64" doc:"The set, as the hold showed it. When it has changed since, nothing is approved."`
}

// ExpectBody says what is about to happen.
type ExpectBody struct {
	ReasonBody
	Kind  string    `json:"kind" enum:"suspensions,role_losses,top_role_gains,group_removals" doc:"The kind of brake."`
	Count int       `json:"count" doc:"How many distinct people pass, beside those who pass anyway, up to 1,000,000; 0 withdraws what is expected of the kind."`
	Until time.Time `json:"until,omitzero" doc:"When it ends, at most 31 days ahead; not needed to withdraw."`
}

// OneHold is the path of one hold.
type OneHold struct {
	InOrganization
	Hold string `path:"hold" maxLength:"64" doc:"The hold's id."`
}

type onHold[B any] struct {
	OneHold
	Body B
}

type expectIn struct {
	InOrganization
	Body ExpectBody
}

func (s *Server) holds(api huma.API) {
	handle(s, api, get("/organizations/{organization}/holds", "list-holds", ScopeMembersRead, "List holds",
		"Lists the effects that wait for somebody's decision, and what is expected."),
		func(ctx context.Context, in *InOrganization) (*answer[Holds], error) {
			return found(s.listHolds(ctx, in.Organization))
		})
	handle(s, api, get("/organizations/{organization}/holds/{hold}", "get-hold", ScopeMembersRead, "Get a hold",
		"Answers one hold with the people who wait in it, and those for whom it took effect before."),
		func(ctx context.Context, in *OneHold) (*answer[HoldDetail], error) { return found(s.getHold(ctx, in)) })
	handle(s, api, post("/organizations/{organization}/holds/{hold}/approve", "approve-hold", ScopeMembersWrite, "Approve a hold",
		"Lets everybody who waits pass: exactly the set that was shown. Nobody approves a hold that they caused."),
		func(ctx context.Context, in *onHold[ApproveBody]) (*answer[OpenHold], error) {
			return found(s.decideHold(ctx, &in.OneHold, &in.Body.ReasonBody, func(org directory.OrgNum, id directory.ID, c directory.Cause) (*directory.Hold, error) {
				return s.Engine.ApproveHold(ctx, org, id, in.Body.Set, c)
			}))
		})
	handle(s, api, post("/organizations/{organization}/holds/{hold}/dismiss", "dismiss-hold", ScopeMembersWrite, "Dismiss a hold",
		"Leaves everybody who waits as they are, until what would change of them is something else."),
		func(ctx context.Context, in *onHold[ReasonBody]) (*answer[OpenHold], error) {
			return found(s.decideHold(ctx, &in.OneHold, &in.Body, func(org directory.OrgNum, id directory.ID, c directory.Cause) (*directory.Hold, error) {
				return s.Engine.DismissHold(ctx, org, id, c)
			}))
		})
	handle(s, api, post("/organizations/{organization}/holds/{hold}/undo", "undo-hold", ScopeMembersWrite, "Undo what was done before a hold",
		"Puts those back for whom it took effect before the hold. They wait in it then: they leave it when the facts move back."),
		func(ctx context.Context, in *onHold[UndoBody]) (*answer[OpenHold], error) {
			return found(s.decideHold(ctx, &in.OneHold, &in.Body.ReasonBody, func(org directory.OrgNum, id directory.ID, c directory.Cause) (*directory.Hold, error) {
				spared, err := s.spared(ctx, in, id)
				if err != nil {
					return nil, err
				}
				return s.Engine.UndoHold(ctx, org, id, spared, c)
			}))
		})
	handle(s, api, post("/organizations/{organization}/holds/expect", "expect-hold", ScopeMembersWrite, "Expect many changes",
		"Lets a number of distinct people pass a brake until an instant, beside those who pass anyway: before a planned layoff, for example. The number 0 withdraws that."),
		func(ctx context.Context, in *expectIn) (*answer[Expected], error) { return found(s.expect(ctx, in)) })
}

func (s *Server) listHolds(ctx context.Context, organization string) (Holds, error) {
	view := Holds{Holds: []OpenHold{}, Expected: []Expected{}}
	err := s.view(ctx, organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
		rows, err := tx.ListHolds(org)
		if err != nil {
			return err
		}
		for _, h := range rows {
			view.Holds = append(view.Holds, holdView(h))
		}
		expected, err := tx.ListExpectations(org)
		if err != nil {
			return err
		}
		for _, x := range expected {
			if !x.Until.After(s.Now()) {
				continue
			}
			used, err := tx.CountBraked(org, x.Kind, x.ID, time.Time{}, x.Count)
			if err != nil {
				return err
			}
			view.Expected = append(view.Expected, expectedView(x, used))
		}
		return nil
	})
	return view, err
}

func (s *Server) getHold(ctx context.Context, in *OneHold) (HoldDetail, error) {
	view := HoldDetail{People: []HeldPerson{}, Done: []DonePerson{}}
	err := s.view(ctx, in.Organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
		h, err := findHold(tx, org, in.Hold)
		if err != nil {
			return err
		}
		view.OpenHold = holdView(h)
		if h.Kind == directory.HoldLastAdmin {
			view.People = append(view.People, HeldPerson{ID: h.Member.String(), Effects: list(h.Effects), Since: h.Created, Cause: h.Cause, SignedIn: instant(h.SignedIn)})
			return nameHeld(tx, org, &view)
		}
		rows, err := tx.ListHeldMembers(org, h.ID, store.Page{Limit: heldShown})
		if err != nil {
			return err
		}
		for _, row := range rows {
			view.People = append(view.People, HeldPerson{
				ID: row.Member.String(), Effects: list(row.Effects), Since: row.Since, Cause: row.Cause, Undone: row.Undone,
				SignedIn: instant(row.SignedIn),
			})
		}
		done, err := provision.HoldDone(tx, h, heldShown)
		if err != nil {
			return err
		}
		for _, row := range done {
			view.Done = append(view.Done, DonePerson{ID: row.Member.String(), Effects: list(row.Effects), At: row.At, Cause: row.Cause})
		}
		return nameHeld(tx, org, &view)
	})
	return view, err
}

// nameHeld adds the addresses of the people of a hold.
func nameHeld(tx store.Tx, org directory.OrgNum, view *HoldDetail) error {
	var ids []directory.ID
	var emails []*string
	add := func(text string, email *string) {
		if id, ok := directory.ParseID(text); ok {
			ids, emails = append(ids, id), append(emails, email)
		}
	}
	for i := range view.People {
		add(view.People[i].ID, &view.People[i].Email)
	}
	for i := range view.Done {
		add(view.Done[i].ID, &view.Done[i].Email)
	}
	members, err := tx.Members(org, ids)
	for i, m := range members {
		if m != nil {
			*emails[i] = m.Decision.Email
		}
	}
	return err
}

func findHold(tx store.Tx, org directory.OrgNum, text string) (*directory.Hold, error) {
	rows, err := tx.ListHolds(org)
	if err != nil {
		return nil, err
	}
	for _, h := range rows {
		if strings.EqualFold(h.ID.String(), text) {
			return h, nil
		}
	}
	return nil, directory.Errorf(directory.NotFound, "There is no hold %q, or it is closed; `usher holds list` shows those there are.", text)
}

// decideHold carries out somebody's decision about a hold.
func (s *Server) decideHold(
	ctx context.Context, in *OneHold, body *ReasonBody, decide func(directory.OrgNum, directory.ID, directory.Cause) (*directory.Hold, error),
) (OpenHold, error) {
	c := cause(ctx)
	var err error
	if c.Reason, err = body.given(); err != nil {
		return OpenHold{}, err
	}
	var num directory.OrgNum
	var id directory.ID
	err = s.view(ctx, in.Organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
		h, err := findHold(tx, org, in.Hold)
		if err == nil {
			num, id = org, h.ID
		}
		return err
	})
	if err != nil {
		return OpenHold{}, err
	}
	h, err := decide(num, id, c)
	if err != nil {
		return OpenHold{}, err
	}
	return holdView(h), nil
}

func (s *Server) expect(ctx context.Context, in *expectIn) (Expected, error) {
	c := cause(ctx)
	var err error
	if c.Reason, err = in.Body.given(); err != nil {
		return Expected{}, err
	}
	var num directory.OrgNum
	err = s.view(ctx, in.Organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		num = org
		return nil
	})
	if err != nil {
		return Expected{}, err
	}
	x, err := s.Engine.ExpectHold(ctx, num, in.Body.Kind, in.Body.Count, in.Body.Until, c)
	if err != nil {
		return Expected{}, err
	}
	return expectedView(x, 0), nil
}

func holdView(h *directory.Hold) OpenHold {
	view := OpenHold{
		ID: h.ID.String(), Kind: h.Kind, State: "open", Group: h.Name, Waiting: h.Waiting, Passed: h.Passed, Limit: h.Limit, Usual: h.Usual,
		Set: h.Set, Cause: h.Cause, Created: h.Created, Joined: instant(h.Joined), Message: provision.HoldMessage(h),
		Advice: list(provision.HoldAdvice(h)),
	}
	if h.State != directory.HoldOpen {
		view.State = string(h.State)
	}
	if h.Window > 0 {
		view.Window = provision.ShortDuration(h.Window)
	}
	if h.Kind == directory.HoldLastAdmin {
		view.Waiting = 1
	}
	return view
}

func expectedView(x *directory.Expectation, used int) Expected {
	return Expected{
		ID: text(x.ID), Kind: x.Kind, Count: x.Count, Used: used, Until: x.Until, Actor: x.Cause.Actor, Reason: x.Cause.Reason, Created: x.Created,
	}
}
