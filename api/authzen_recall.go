package api

import (
	"sync"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// recalled is how many members are kept at most.
const recalled = 10_000

// recall keeps what was read for questions of access from one state of the store, as applications ask about the same people
// again and again. Any write makes another state, and everything is read anew.
type recall struct {
	mu       sync.Mutex
	snapshot uint64
	tokens   map[[32]byte]*directory.Token
	policies map[directory.OrgNum]*access.Policy
	members  map[askedAbout]*directory.Member
}

// askedAbout is a member as a question names them.
type askedAbout struct {
	org directory.OrgNum
	ref string
}

// at makes ready for a state of the store; what was kept of another one is forgotten. It reports false where the store
// cannot tell states apart. The caller holds the lock.
func (k *recall) at(snapshot uint64) bool {
	if snapshot != k.snapshot {
		k.snapshot, k.tokens, k.policies, k.members = snapshot, nil, nil, nil
	}
	return snapshot != 0
}

// kept returns what a map has kept of a state of the store, if it has.
func kept[K comparable, V any](k *recall, snapshot uint64, of func() *map[K]V, key K) (v V, found bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if snapshot != 0 && snapshot == k.snapshot {
		v, found = (*of())[key]
	}
	return v, found
}

// again returns what a map has kept of the transaction's state, and else reads and keeps it. What failed is not kept.
func again[K comparable, V any](k *recall, tx store.Tx, of func() *map[K]V, key K, read func() (V, error)) (V, error) {
	snapshot := tx.Snapshot()
	k.mu.Lock()
	if k.at(snapshot) {
		if v, ok := (*of())[key]; ok {
			k.mu.Unlock()
			return v, nil
		}
	}
	k.mu.Unlock()
	v, err := read()
	if err != nil {
		return v, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.at(snapshot) {
		return v, nil
	}
	kept := of()
	if *kept == nil || len(*kept) >= recalled {
		*kept = map[K]V{}
	}
	(*kept)[key] = v
	return v, nil
}

func (k *recall) ofTokens() *map[[32]byte]*directory.Token         { return &k.tokens }
func (k *recall) ofPolicies() *map[directory.OrgNum]*access.Policy { return &k.policies }
func (k *recall) ofMembers() *map[askedAbout]*directory.Member     { return &k.members }

func (k *recall) token(tx store.Tx, hash [32]byte) (*directory.Token, error) {
	return again(k, tx, k.ofTokens, hash, func() (*directory.Token, error) {
		t, err := tx.Token(hash)
		if err != nil {
			return nil, err
		}
		kept := *t // a transaction may use its own again
		return &kept, nil
	})
}

func (k *recall) policy(tx store.Tx, org directory.OrgNum, read func() (*access.Policy, error)) (*access.Policy, error) {
	return again(k, tx, k.ofPolicies, org, read)
}

func (k *recall) member(tx store.Tx, org directory.OrgNum, ref string, read func() (*directory.Member, error)) (*directory.Member, error) {
	return again(k, tx, k.ofMembers, askedAbout{org, ref}, read)
}
