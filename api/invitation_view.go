package api

import (
	"cmp"
	"context"
	"errors"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// invitationNow shows an invitation, with what has become of its letter.
func (s *Server) invitationNow(ctx context.Context, organization string, g *directory.Grant) (view Invitation, err error) {
	err = s.view(ctx, organization, func(tx store.Tx, _ *names, _ directory.OrgNum) (err error) {
		view, err = invitationView(tx, g)
		return err
	})
	if view.Mail == string(directory.MailQueued) && s.lettersStay() {
		view.MailError = provision.NoMailServer
	}
	return view, err
}

func invitationViews(tx store.Tx, rows []*directory.Grant) ([]Invitation, error) {
	views := make([]Invitation, len(rows))
	for n, g := range rows {
		var err error
		if views[n], err = invitationView(tx, g); err != nil {
			return nil, err
		}
	}
	return views, nil
}

func invitationView(tx store.Tx, g *directory.Grant) (Invitation, error) {
	view := Invitation{ID: g.ID.String(), State: g.State, Role: g.InvitedRole(), By: g.Actor, Reason: g.Reason, Member: g.Member.String(), Created: g.Created}
	switch g.State {
	case directory.InvitationSpent:
		view.State = directory.InvitationAccepted
	case directory.InvitationAwaiting:
		view.State = "asked_to_join"
	}
	i := g.Invited
	if i == nil {
		return view, nil
	}
	if view.Role != g.Role {
		view.AskedRole, view.RoleBecause = g.Role, i.Because
	}
	view.Email, view.Name, view.Department, view.Access = i.Email, i.Name(), i.Department, string(i.Access)
	view.PermissionSets, view.Manager, view.Message, view.Directory = i.Sets, i.Manager, i.Message, i.Auto
	if g.State == directory.InvitationUnapproved {
		view.Version = provision.InvitationVersion(g)
	}
	view.Sent, view.Expires, view.Closed = instant(i.Taken), instant(i.Expires), instant(i.Closed)
	view.Resent, view.Reminded, view.MailError = i.Resent, i.Reminded, i.Mailed
	return view, view.letter(tx, i)
}

// letter says what became of the last letter of an invitation.
func (v *Invitation) letter(tx store.Tx, i *directory.Invitation) error {
	m, err := tx.Mail(i.Letter)
	if errors.Is(err, store.ErrNotFound) { // forgotten, or of before letters were noted
		return nil
	}
	if err != nil {
		return err
	}
	v.Mail, v.MailError = string(m.State), cmp.Or(m.LastError, m.Waits)
	if m.State != directory.MailSent {
		v.MailTries = m.Tries
	}
	if m.State == directory.MailQueued {
		v.MailNext = instant(m.Due)
	}
	return nil
}
