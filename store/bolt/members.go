package bolt

import (
	"bytes"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) memberRow(org directory.OrgNum, id directory.ID) []byte {
	return t.get(bMember, recordKey(t, id, tagMember, org))
}

func (t *tx) Members(org directory.OrgNum, ids []directory.ID) ([]*directory.Member, error) {
	found := make([]*directory.Member, len(ids))
	for i, id := range ids {
		row := t.memberRow(org, id)
		if row == nil {
			continue
		}
		m, err := decodeMember(org, id, row)
		if err != nil {
			return nil, err
		}
		found[i] = m
	}
	return found, nil
}

func (t *tx) ListMembers(org directory.OrgNum, p store.Page) ([]*directory.Member, error) {
	return t.Members(org, t.list(bMemberOrder, t.orgKey(org), p, nil))
}

func (t *tx) FindMembers(org directory.OrgNum, key directory.Key, after directory.ID, limit int) ([]directory.ID, error) {
	p := store.Page{After: after, Limit: limit}
	switch key.Attribute {
	case directory.AttrStatus, directory.AttrRole, directory.AttrDepartment:
		return t.findStanding(org, key, p)
	default:
		t.key = appendValue(append(t.orgKey(org), byte(key.Attribute)), key.Value)
		return t.list(bMemberKey, t.key, p, nil), nil
	}
}

func (t *tx) PutMembers(list []*directory.Member) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, m := range list {
		if err := t.putMember(m); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) putMember(m *directory.Member) error {
	old := t.memberRow(m.Org, m.ID)
	t.row, t.head = appendMember(t.row[:0], t.head, m)
	if err := t.replace(bMember, recordKey(t, m.ID, tagMember, m.Org), old, t.row); err != nil {
		return err
	}
	var before directory.Member
	if old != nil {
		head, ok := memberHead(old)
		if !ok {
			return damaged("member", m.ID[:])
		}
		if bytes.Equal(head, t.head) {
			return nil
		}
		b, err := decodeMemberHead(m.Org, m.ID, head)
		if err != nil {
			return err
		}
		before = *b
	} else if err := t.insert(bMemberOrder, appendID(t.orgKey(m.Org), m.ID), nil); err != nil {
		return err
	}
	if err := t.indexMember(m, memberKeys(&before), m.Keys()); err != nil {
		return err
	}
	if err := t.setStanding(&before, m); err != nil {
		return err
	}
	return t.setDue(m.Org, m.ID, before.Due, m.Due)
}

// memberKeys returns the keys of the member that was there before, none when there was none.
func memberKeys(before *directory.Member) []directory.Key {
	if before.ID.IsZero() {
		return nil
	}
	return before.Keys()
}

// indexMember keeps the addresses of a member findable. Where it stands is kept by setStanding.
func (t *tx) indexMember(m *directory.Member, old, now []directory.Key) error {
	gone, come := difference(old, now)
	for _, k := range gone {
		if k.Attribute != directory.AttrEmail {
			continue
		}
		if _, err := t.del(bMemberKey, t.memberKey(m.Org, m.ID, k)); err != nil {
			return err
		}
	}
	for _, k := range come {
		if k.Attribute != directory.AttrEmail {
			continue
		}
		if err := t.put(bMemberKey, t.memberKey(m.Org, m.ID, k), nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) memberKey(org directory.OrgNum, id directory.ID, k directory.Key) []byte {
	key := appendValue(append(t.orgKey(org), byte(k.Attribute)), k.Value)
	t.key = appendID(key, id)
	return t.key
}
