package provision

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// ActiveRow returns the active revision of an organization's policy as it is stored, nil when there is none.
func (e *Engine) ActiveRow(ctx context.Context, org directory.OrgNum) (*directory.Policy, error) {
	var row *directory.Policy
	err := e.Store.View(ctx, func(tx store.Tx) error {
		number, err := tx.ActivePolicy(org)
		if err != nil || number == 0 {
			return err
		}
		row, err = tx.Policy(org, number)
		return err
	})
	return row, err
}

// parts returns the files of a policy that count as a whole, or those of which only the connections do.
func parts(files []directory.PolicyFile, connections bool) []directory.PolicyFile {
	return slices.DeleteFunc(slices.Clone(files), func(f directory.PolicyFile) bool { return f.Connections != connections })
}

// WithConnections returns the files of a policy with those of another, marked so that only their connections count.
func WithConnections(policy, connections []directory.PolicyFile) []directory.PolicyFile {
	files := parts(policy, false)
	for _, f := range connections {
		f.Connections = true
		files = append(files, f)
	}
	return files
}

// connectionsOf returns the files of a policy that say what is in force of its connections.
func connectionsOf(files []directory.PolicyFile) []directory.PolicyFile {
	if marked := parts(files, true); len(marked) > 0 {
		return marked
	}
	return files
}

// Revision returns one revision of an organization's policy as a candidate: its text, compiled again, with the settings
// of connections that are in force now. Going back does not revive a provider that was paused.
func (e *Engine) Revision(ctx context.Context, org directory.OrgNum, number uint64) (Candidate, error) {
	var row *directory.Policy
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		row, err = tx.Policy(org, number)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return Candidate{}, directory.Errorf(directory.NotFound, "There is no revision %d of the policy; `usher policy list` shows those there are.", number)
	}
	if err != nil {
		return Candidate{}, err
	}
	active, err := e.ActiveRow(ctx, org)
	if err != nil {
		return Candidate{}, err
	}
	files := parts(row.Files, false)
	if active != nil {
		files = WithConnections(files, connectionsOf(active.Files))
	}
	policy, err := e.Compile(files)
	if err != nil {
		return Candidate{}, &directory.Error{Kind: directory.Invalid, Err: err, Message: "This revision cannot be used with this version of usher any more"}
	}
	return Candidate{Policy: policy, Files: files}, nil
}

// ActivateConnections puts the connections' settings of a changed file in force, while the rest of it waits. The policy
// is the active one with those connections, and the files are the active ones with the changed file, marked.
func (e *Engine) ActivateConnections(ctx context.Context, org directory.OrgNum, policy *mapping.Policy, files []directory.PolicyFile, actor string) error {
	var r revision
	err := e.Store.Update(ctx, func(tx store.Tx) error {
		number, err := tx.ActivePolicy(org)
		if err != nil {
			return err
		}
		active, err := tx.Policy(org, number)
		if err != nil {
			return err
		}
		if active.Hash != hashOf(files) {
			return directory.Errorf(directory.Conflict, "Another policy became active meanwhile; read the configuration again.")
		}
		row := &directory.Policy{
			Org: org, Hash: active.Hash, Files: files, Top: active.Top, Actor: actor, Rollback: active.Rollback, Settings: true, Activated: e.Now().UTC(),
		}
		if err := tx.ActivatePolicy(row); err != nil {
			return err
		}
		if err := e.follow(tx, org, policy, row, false); err != nil {
			return err
		}
		r, err = newRevision(tx, org, row.Revision, policy)
		return err
	})
	if err == nil {
		e.remember(org, r)
		e.wake()
	}
	return err
}

// inForce returns the active revision when a candidate is what is in force already: the same text, and the same settings
// of connections. It returns nil when applying the candidate would make a difference, be it to a comment.
func (e *Engine) inForce(tx store.Tx, org directory.OrgNum, c Candidate) (*directory.Policy, error) {
	number, err := tx.ActivePolicy(org)
	if err != nil || number == 0 {
		return nil, err
	}
	active, err := tx.Policy(org, number)
	if err != nil || active.Hash != hashOf(c.Files) {
		return nil, err
	}
	policy, err := e.Policy(tx, org)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(config.Unplaced(policy.Organization.Connections), config.Unplaced(c.Policy.Organization.Connections)) {
		return nil, nil
	}
	return active, nil
}

// Hash returns the hash of a candidate's text, by which revisions are told apart.
func (c Candidate) Hash() string { return hashOf(c.Files) }
