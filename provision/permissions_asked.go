package provision

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// requestOf finds a request of an organization by its id.
func requestOf(tx store.Tx, org directory.OrgNum, id directory.ID) (*directory.Grant, error) {
	for _, state := range RequestStates() {
		owner, err := tx.Document(requestDocument(org, state, id))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		grants, err := tx.Grants(org, []directory.ID{idOf(owner)})
		if err != nil {
			return nil, err
		}
		for _, g := range grants[0] {
			if g.ID == id {
				return g, nil
			}
		}
	}
	return nil, directory.Errorf(directory.NotFound, "There is no request %s in this organization; `usher requests list` shows those there are.", id)
}

// requestsIn returns the requests in a state, the oldest first.
func requestsIn(tx store.Tx, org directory.OrgNum, state string) ([]*directory.Grant, error) {
	prefix := ofOrganization("requests", org) + "/" + state + "/"
	names, err := tx.ListDocuments(prefix)
	if err != nil {
		return nil, err
	}
	all := make([]*directory.Grant, 0, len(names))
	for _, name := range names {
		id, ok := directory.ParseID(strings.TrimPrefix(name, prefix))
		if !ok {
			continue
		}
		g, err := requestOf(tx, org, id)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

// WaitingRequests counts the requests of an organization that nobody has answered yet.
func WaitingRequests(tx store.Tx, org directory.OrgNum) (int, error) {
	names, err := tx.ListDocuments(ofOrganization("requests", org) + "/" + directory.RequestWaiting + "/")
	return len(names), err
}

// PermissionRequest is a request, and whose it is.
type PermissionRequest struct {
	*directory.Grant
	Of *directory.Member
}

// PermissionRequests returns up to limit requests of an organization in a state, or in every state for "", the newest first,
// after one of them.
func (e *Engine) PermissionRequests(ctx context.Context, org directory.OrgNum, state string, after directory.ID, limit int) ([]PermissionRequest, error) {
	var found []PermissionRequest
	err := e.Store.View(ctx, func(tx store.Tx) error {
		found = nil
		var ids []directory.ID
		for _, one := range RequestStates() {
			if state != "" && state != one {
				continue
			}
			prefix := ofOrganization("requests", org) + "/" + one + "/"
			names, err := tx.ListDocuments(prefix)
			if err != nil {
				return err
			}
			for _, name := range names {
				if id, ok := directory.ParseID(strings.TrimPrefix(name, prefix)); ok && (after.IsZero() || slices.Compare(id[:], after[:]) < 0) {
					ids = append(ids, id)
				}
			}
		}
		slices.SortFunc(ids, func(a, b directory.ID) int { return slices.Compare(b[:], a[:]) })
		for _, id := range ids[:min(limit, len(ids))] {
			r, err := e.permissionRequest(tx, org, id)
			if err != nil {
				return err
			}
			found = append(found, r)
		}
		return nil
	})
	return found, err
}

// OneRequest returns a request.
func (e *Engine) OneRequest(ctx context.Context, org directory.OrgNum, id directory.ID) (PermissionRequest, error) {
	var r PermissionRequest
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		r, err = e.permissionRequest(tx, org, id)
		return err
	})
	return r, err
}

// permissionRequest reads a request with its member. What was approved has ended from its end on, whether or not it was
// noted yet.
func (e *Engine) permissionRequest(tx store.Tx, org directory.OrgNum, id directory.ID) (PermissionRequest, error) {
	g, err := requestOf(tx, org, id)
	if err != nil {
		return PermissionRequest{}, err
	}
	if g.State == directory.RequestApproved && !g.Ends.After(e.Now()) {
		g.State = directory.RequestEnded
	}
	members, err := tx.Members(org, []directory.ID{g.Member})
	return PermissionRequest{Grant: g, Of: members[0]}, err
}
