package provision

import (
	"encoding/json"
	"errors"
	"sync"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// accessPolicies keeps what was made of each organization's active policy, and of the ends of its projects.
type accessPolicies struct {
	mu  sync.Mutex
	org map[directory.OrgNum]accessPolicy
}

type accessPolicy struct {
	of     *mapping.Policy
	ends   string // the document of the projects' ends, as it is stored
	policy *access.Policy
}

// Access returns what the active policy of an organization says about access, with the ends of projects as admins have
// moved them.
func (e *Engine) Access(tx store.Tx, org directory.OrgNum) (*access.Policy, error) {
	active, err := e.Policy(tx, org)
	if err != nil {
		return nil, err
	}
	text, err := tx.Document(projectsDocument(org))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	c := &e.access
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.org[org]
	if known.of == active && known.ends == string(text) {
		return known.policy, nil
	}
	var ends projectEnds
	if len(text) > 0 {
		if err := json.Unmarshal(text, &ends); err != nil {
			return nil, err
		}
	}
	if c.org == nil {
		c.org = map[directory.OrgNum]accessPolicy{}
	}
	known = accessPolicy{of: active, ends: string(text), policy: access.CompileWith(active.Organization, ends.overlay())}
	c.org[org] = known
	return known.policy, nil
}
