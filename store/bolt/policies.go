package bolt

import (
	"encoding/binary"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) ActivePolicy(org directory.OrgNum) (uint64, error) {
	row := t.get(bActive, t.orgKey(org))
	if row == nil {
		return 0, nil
	}
	if len(row) != 8 {
		return 0, damaged("active", t.key)
	}
	return binary.BigEndian.Uint64(row), nil
}

func (t *tx) policyKey(org directory.OrgNum, revision uint64) []byte {
	t.key = appendSeq(t.orgKey(org), revision)
	return t.key
}

func decodePolicy(org directory.OrgNum, key, row []byte) (*directory.Policy, error) {
	p := &directory.Policy{Org: org, Revision: binary.BigEndian.Uint64(key[len(key)-8:])}
	return p, decodeJSON("policy", row, p)
}

func (t *tx) Policy(org directory.OrgNum, revision uint64) (*directory.Policy, error) {
	key := t.policyKey(org, revision)
	row := t.get(bPolicy, key)
	if row == nil {
		return nil, store.ErrNotFound
	}
	return decodePolicy(org, key, row)
}

func (t *tx) ListPolicies(org directory.OrgNum) ([]*directory.Policy, error) {
	var list []*directory.Policy
	var err error
	t.page(bPolicy, t.orgKey(org), nil, true, func(key, row []byte) bool {
		var p *directory.Policy
		p, err = decodePolicy(org, key, row)
		list = append(list, p)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (t *tx) ActivatePolicy(p *directory.Policy) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	var last uint64
	t.page(bPolicy, t.orgKey(p.Org), nil, true, func(key, _ []byte) bool {
		last = binary.BigEndian.Uint64(key[len(key)-8:])
		return false
	})
	row, err := encodeJSON("policy", p)
	if err != nil {
		return err
	}
	if err := t.put(bPolicy, t.policyKey(p.Org, last+1), row); err != nil {
		return err
	}
	p.Revision = last + 1
	return t.put(bActive, t.orgKey(p.Org), appendSeq(nil, p.Revision))
}

func (t *tx) Bindings(c directory.ConnNum, names []string) ([]directory.ID, error) {
	bound := make([]directory.ID, len(names))
	for i, name := range names {
		bound[i] = lastID(t.get(bBinding, t.valueKey(c, name)))
	}
	return bound, nil
}

// PutBindings ties names to groups; a binding to no group ends.
func (t *tx) PutBindings(bindings []directory.Binding) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, b := range bindings {
		key := t.valueKey(b.Conn, b.Name)
		var err error
		if b.Group.IsZero() {
			_, err = t.del(bBinding, key)
		} else {
			err = t.put(bBinding, key, b.Group[:])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
