package api

import (
	"context"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// UndoBody says whom undoing a hold leaves out.
type UndoBody struct {
	ReasonBody
	Except []string `json:"except,omitempty" maxItems:"1000" doc:"Addresses or ids of people who stay as they are: those who were meant to go."`
}

// spared finds the people whom undoing a hold leaves out. It is an error to name somebody who would not be put back.
func (s *Server) spared(ctx context.Context, in *onHold[UndoBody], id directory.ID) ([]directory.ID, error) {
	if len(in.Body.Except) == 0 {
		return nil, nil
	}
	var spared []directory.ID
	err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
		h, err := findHold(tx, org, id.String())
		if err != nil {
			return err
		}
		done, err := provision.HoldDone(tx, h, sparedAmong)
		if err != nil {
			return err
		}
		for _, ref := range in.Body.Except {
			m, err := findMember(tx, n, org, ref)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(done, func(b *directory.Braked) bool { return b.Member == m.ID }) {
				return directory.Errorf(directory.Invalid,
					"%s is not among those who would be put back; `usher holds show %s` shows who they are.", ref, h.ID)
			}
			spared = append(spared, m.ID)
		}
		return nil
	})
	return spared, err
}

// sparedAmong is among how many of the people whom undoing puts back those are looked for whom it is to leave out.
const sparedAmong = 10_000
