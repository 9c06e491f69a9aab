package provision

import (
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// Settle brings people to what follows from their facts, each in a run of its own as a push does, without writing.
func (e *Engine) Settle(tx store.Tx, org directory.OrgNum, people []directory.ID) error {
	for _, id := range people {
		s, err := e.settlement(tx, org, directory.Cause{Kind: directory.CauseSCIM})
		if err != nil {
			return err
		}
		if err := s.settle([]*facts.Touch{{Member: id}}); err != nil {
			return err
		}
	}
	return nil
}
