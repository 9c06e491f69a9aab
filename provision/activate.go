package provision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// The kinds of entry about policies.
const (
	kindPolicyActivated   = "policy.activated"
	kindPolicyConnections = "policy.connections" // the settings of connections alone
	kindPolicyRolledBack  = "policy.rolled_back"
)

// Activate makes a compiled policy the active one of its organization, binds the group names in it, and enqueues the job
// that settles everybody, in one transaction. It returns false when the same text was active already. The files are the
// text that the policy was compiled from.
func (e *Engine) Activate(ctx context.Context, org directory.OrgNum, policy *mapping.Policy, files []directory.PolicyFile, actor string) (bool, error) {
	hash := hashOf(files)
	activated := false
	var r revision
	err := e.Store.Update(ctx, func(tx store.Tx) error {
		activated = false
		number, err := tx.ActivePolicy(org)
		if err != nil {
			return err
		}
		same, err := isActive(tx, org, number, hash)
		if err != nil {
			return err
		}
		if !same {
			row := &directory.Policy{
				Org: org, Hash: hash, Files: files, Top: policy.TopRole(), Actor: actor, Activated: e.Now().UTC(),
			}
			if err := tx.ActivatePolicy(row); err != nil {
				return err
			}
			if err := e.follow(tx, org, policy, row, false); err != nil {
				return err
			}
			number, activated = row.Revision, true
		}
		r, err = newRevision(tx, org, number, policy)
		return err
	})
	if err != nil {
		return false, err
	}
	e.remember(org, r)
	if activated {
		e.wake()
	}
	return activated, nil
}

// isActive reports whether the active revision, 0 for none, is of the same text.
func isActive(tx store.Tx, org directory.OrgNum, number uint64, hash string) (bool, error) {
	if number == 0 {
		return false, nil
	}
	active, err := tx.Policy(org, number)
	if err != nil {
		return false, err
	}
	return active.Hash == hash, nil
}

// follow does what follows from another policy, unless it leaves out a connection by which people have come: names bound, everybody settled by a job, and a line in the journal.
// Applied says that the brakes were checked on the totals.
func (e *Engine) follow(tx store.Tx, org directory.OrgNum, policy *mapping.Policy, row *directory.Policy, applied bool) error {
	if err := keepsConnections(tx, org, policy.Organization); err != nil {
		return err
	}
	if err := bindNames(tx, org, policy); err != nil {
		return err
	}
	cause := directory.Cause{Kind: directory.CausePolicy, ID: fmt.Sprint(row.Revision), Actor: row.Actor, Reason: row.Reason}
	job := &directory.Job{ID: e.ids.New(row.Activated), Kind: directory.JobSettleOrg, Org: org, Cause: cause, Applied: applied}
	if err := tx.PutJobs([]*directory.Job{job}); err != nil {
		return err
	}
	entry := &directory.Entry{At: row.Activated, Org: org, Kind: kindPolicyActivated, Cause: cause}
	switch {
	case row.Settings:
		entry.Kind = kindPolicyConnections
		entry.Notes = []string{"the connections' settings of the file are in force; the rest of it waits to be applied"}
	case row.Rollback > 0:
		entry.Kind = kindPolicyRolledBack
		entry.Notes = []string{fmt.Sprintf("back to revision %d", row.Rollback)}
	}
	return tx.Append([]*directory.Entry{entry}, []*directory.Detail{nil})
}

// bindNames binds each name that rules use to the group that has it now, in every connection of the organization, unless
// the name is bound already.
func bindNames(tx store.Tx, org directory.OrgNum, policy *mapping.Policy) error {
	conns, err := tx.Connections()
	if err != nil {
		return err
	}
	for _, row := range conns {
		if row.Org != org {
			continue
		}
		for _, name := range policy.GroupNames() {
			if err := bindName(tx, row.Num, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func bindName(tx store.Tx, c directory.ConnNum, name string) error {
	bound, err := tx.Bindings(c, []string{name})
	if err != nil || !bound[0].IsZero() {
		return err
	}
	ids, err := tx.FindGroups(c, directory.Key{Attribute: directory.AttrDisplayName, Value: name})
	if err != nil || len(ids) == 0 {
		return err
	}
	return bindGroup(tx, c, name, ids[0])
}

// bindGroup ties a name to a group, in the binding and in the group's own row.
func bindGroup(tx store.Tx, c directory.ConnNum, name string, id directory.ID) error {
	groups, err := tx.Groups(c, []directory.ID{id})
	if err != nil {
		return err
	}
	g := groups[0]
	if g == nil {
		return directory.Errorf(directory.NotFound, "There is no group %s in this connection.", id)
	}
	if !slices.Contains(g.Bound, name) {
		g.Bound = append(g.Bound, name)
		if err := tx.PutGroups([]*directory.Group{g}); err != nil {
			return err
		}
	}
	return tx.PutBindings([]directory.Binding{{Conn: c, Name: name, Group: id}})
}

// hashOf returns the hash of a policy's text, leaving out files of which only the connections are in force.
func hashOf(files []directory.PolicyFile) string {
	sorted := slices.DeleteFunc(slices.Clone(files), func(f directory.PolicyFile) bool { return f.Connections })
	slices.SortFunc(sorted[min(1, len(sorted)):], func(a, b directory.PolicyFile) int { // the organization's own is the first
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	h := sha256.New()
	for _, f := range sorted {
		fmt.Fprintf(h, "%d:%s%d:", len(f.Name), f.Name, len(f.Text))
		h.Write(f.Text)
	}
	return hex.EncodeToString(h.Sum(nil))
}
