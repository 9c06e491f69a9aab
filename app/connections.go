package app

import (
	"context"
	"sync/atomic"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/scim"
	"github.com/mixus/usher/store"
)

// connections is what the transports know of connections: a table that is replaced as a whole.
type connections struct {
	table atomic.Pointer[map[string]scim.Connection]
}

// get returns a connection by name.
func (c *connections) get(name string) (scim.Connection, bool) {
	table := c.table.Load()
	if table == nil {
		return scim.Connection{}, false
	}
	connection, ok := (*table)[name]
	return connection, ok
}

// enroll gives an organization and its connections their numbers.
func enroll(ctx context.Context, engine *provision.Engine, p Policy) (directory.OrgNum, error) {
	var org directory.OrgNum
	err := engine.Store.Update(ctx, func(tx store.Tx) (err error) {
		if org, err = tx.PutOrganization(p.Organization); err != nil {
			return err
		}
		return provision.EnrollConnections(tx, org, p.Policy)
	})
	return org, err
}

// refresh rebuilds the table from the policies in force, so that an organization whose file is gone or broken keeps its
// connections.
func (c *connections) refresh(ctx context.Context, engine *provision.Engine) error {
	table := map[string]scim.Connection{}
	err := engine.Store.View(ctx, func(tx store.Tx) error {
		rows, err := tx.Connections()
		if err != nil {
			return err
		}
		for name, row := range rows {
			if !row.Retired.IsZero() { // also once the file has dropped it: its provider is told
				table[name] = scim.Connection{Org: row.Org, Num: row.Num, Retired: row.Retired}
				continue
			}
			policy, err := engine.Policy(tx, row.Org)
			if directory.KindOf(err) == directory.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			if settings := policy.Connection(name); settings != nil {
				table[name] = scim.Connection{Org: row.Org, Num: row.Num, Config: settings}
			}
		}
		return nil
	})
	if err == nil {
		c.table.Store(&table)
	}
	return err
}
