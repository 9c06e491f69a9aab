package provision

import (
	"context"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// InvitationSummary counts an organization's invitations.
type InvitationSummary struct {
	Total     int
	States    map[string]int // accepted ones that are spent count as accepted
	Resent    int            // that were sent more than once
	ThisMonth int            // made since the month began
	Months    []InvitationMonth
	Recent    []*directory.Grant // something became of these last, the latest first
}

// InvitationMonth counts what happened in one calendar month, in UTC.
type InvitationMonth struct {
	Month    time.Time // when it began
	Invited  int
	Accepted int
}

// How far back a summary goes, and how much of what was last it shows.
const (
	summaryMonths = 12
	summaryRecent = 10
	summaryPage   = 500
)

// SummarizeInvitations counts every invitation. Requests to join by signing in are none.
func (e *Engine) SummarizeInvitations(ctx context.Context, org directory.OrgNum) (*InvitationSummary, error) {
	now := e.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	s := &InvitationSummary{States: map[string]int{}}
	for i := summaryMonths - 1; i >= 0; i-- {
		s.Months = append(s.Months, InvitationMonth{Month: month.AddDate(0, -i, 0)})
	}
	after := directory.NoID
	for {
		var page []*directory.Grant
		err := e.Store.View(ctx, func(tx store.Tx) (err error) {
			page, err = tx.ListInvitations(org, "", store.Page{After: after, Limit: summaryPage})
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, g := range page {
			s.add(g, month)
		}
		if len(page) < summaryPage {
			return s, nil
		}
		after = page[len(page)-1].ID
	}
}

func (s *InvitationSummary) add(g *directory.Grant, month time.Time) {
	state := g.State
	switch state {
	case directory.InvitationAwaiting:
		return
	case directory.InvitationSpent:
		state = directory.InvitationAccepted
	}
	s.Total++
	s.States[state]++
	if !g.Created.Before(month) {
		s.ThisMonth++
	}
	if g.Invited != nil && g.Invited.Resent > 0 {
		s.Resent++
	}
	s.in(g.Created, func(m *InvitationMonth) { m.Invited++ })
	if state == directory.InvitationAccepted {
		s.in(lastOf(g), func(m *InvitationMonth) { m.Accepted++ })
	}
	i, _ := slices.BinarySearchFunc(s.Recent, lastOf(g), func(o *directory.Grant, at time.Time) int { return at.Compare(lastOf(o)) })
	if i < summaryRecent {
		s.Recent = slices.Insert(s.Recent, i, g)
		s.Recent = s.Recent[:min(len(s.Recent), summaryRecent)]
	}
}

// in counts something in its month, if that is not too long ago.
func (s *InvitationSummary) in(at time.Time, count func(*InvitationMonth)) {
	for i := range slices.Backward(s.Months) {
		if m := &s.Months[i]; !at.Before(m.Month) {
			if at.Before(m.Month.AddDate(0, 1, 0)) {
				count(m)
			}
			return
		}
	}
}

// lastOf is when something became of an invitation last.
func lastOf(g *directory.Grant) time.Time {
	last := g.Created
	if g.Invited != nil {
		for _, at := range []time.Time{g.Invited.Touched, g.Invited.Closed} {
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}
