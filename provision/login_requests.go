package provision

import (
	"context"
	"errors"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// PutRequest keeps something that is to happen once, such as a sign-in under way, until it expires. It is a Conflict when
// its kind and key are there already.
func (e *Engine) PutRequest(ctx context.Context, r *directory.Request) error {
	err := e.Store.Update(ctx, func(tx store.Tx) error { return tx.PutRequest(r) })
	if errors.Is(err, store.ErrExists) {
		return directory.Errorf(directory.Conflict, "This was used already.")
	}
	return err
}

// Request returns what is kept under a kind and key, and leaves it there: showing a page consumes nothing. It is a NotFound
// error when there is nothing, or it has expired.
func (e *Engine) Request(ctx context.Context, kind string, key [32]byte) (*directory.Request, error) {
	var r *directory.Request
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		r, err = e.request(tx, kind, key)
		return err
	})
	return r, err
}

// TakeRequest returns what is kept under a kind and key, to one caller alone.
func (e *Engine) TakeRequest(ctx context.Context, kind string, key [32]byte) (*directory.Request, error) {
	var r *directory.Request
	err := e.Store.Update(ctx, func(tx store.Tx) (err error) {
		if r, err = e.request(tx, kind, key); err != nil {
			return err
		}
		return tx.DeleteRequests([]*directory.Request{r})
	})
	return r, err
}

func (e *Engine) request(tx store.Tx, kind string, key [32]byte) (*directory.Request, error) {
	r, err := tx.Request(kind, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && !r.Expires.After(e.Now()) {
		return nil, directory.Errorf(directory.NotFound, "This was used already, or took too long. Start again.")
	}
	return r, err
}

// Approve lets somebody in who asked to join by signing in. It is a Conflict when nobody waits.
func (e *Engine) Approve(ctx context.Context, a Act) (*directory.Member, error) {
	return e.act(ctx, a, "member.approved", func(s *settlement) error {
		grants, err := s.tx.Grants(s.org, []directory.ID{a.Member})
		if err != nil {
			return err
		}
		for _, g := range grants[0] {
			if g.Kind == directory.GrantInvitation && g.State == directory.InvitationAwaiting {
				g.State, g.Actor, g.Reason = directory.InvitationAccepted, a.Cause.Actor, a.Cause.Reason
				if err := s.tx.PutGrants([]*directory.Grant{g}); err != nil {
					return err
				}
				return s.mailApproved(a.Member)
			}
		}
		return directory.Errorf(directory.Conflict, "This person does not wait for an approval.")
	})
}
