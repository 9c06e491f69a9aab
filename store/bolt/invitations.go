package bolt

import (
	"encoding/binary"
	"time"

	bbolt "go.etcd.io/bbolt"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// reindex brings the index of invitations from an invitation as it was to what it is; nil is one that is not there.
func (t *tx) reindex(was, now *directory.Grant) error {
	if was != nil && was.Kind != directory.GrantInvitation {
		return nil
	}
	if was != nil && (now == nil || was.State != now.State || !dueOf(was).Equal(dueOf(now))) {
		if err := t.invitationKeys(was, t.drop); err != nil {
			return err
		}
	}
	if now == nil {
		return nil
	}
	write := t.put
	if was == nil {
		write = t.insert
	}
	return t.invitationKeys(now, func(b bucket, key []byte) error {
		if b == bInvitationDue {
			return write(b, key, nil)
		}
		return write(b, key, now.Member[:])
	})
}

func dueOf(g *directory.Grant) time.Time {
	if g.Invited == nil {
		return time.Time{}
	}
	return g.Invited.Due
}

// invitationKeys calls fn with the key of each index row of an invitation.
func (t *tx) invitationKeys(g *directory.Grant, fn func(bucket, []byte) error) error {
	t.key = appendID(t.orgKey(g.Org), g.ID)
	if err := fn(bInvitation, t.key); err != nil {
		return err
	}
	t.key = appendID(appendValue(t.orgKey(g.Org), g.State), g.ID)
	if err := fn(bInvitationState, t.key); err != nil {
		return err
	}
	due := dueOf(g)
	if due.IsZero() {
		return nil
	}
	t.key = appendID(appendID(appendNum(appendInstant(t.key[:0], due), g.Org), g.Member), g.ID)
	return fn(bInvitationDue, t.key)
}

// stored returns a grant as a row has it, nil when there is none.
func stored(g *directory.Grant, row []byte) (*directory.Grant, error) {
	if row == nil {
		return nil, nil
	}
	was := &directory.Grant{ID: g.ID, Org: g.Org, Member: g.Member}
	return was, decodeGrant(was, row)
}

// indexed returns the grant to which an index row leads.
func (t *tx) indexed(org directory.OrgNum, member, id directory.ID) (*directory.Grant, error) {
	at := &directory.Grant{ID: id, Org: org, Member: member}
	g, err := stored(at, t.get(bGrant, t.grantKey(at)))
	if err == nil && g == nil {
		err = damaged("invitation", id[:])
	}
	return g, err
}

func (t *tx) Invitation(org directory.OrgNum, id directory.ID) (*directory.Grant, error) {
	row := t.get(bInvitation, appendID(t.orgKey(org), id))
	if row == nil {
		return nil, store.ErrNotFound
	}
	return t.indexed(org, lastID(row), id)
}

func (t *tx) ListInvitations(org directory.OrgNum, state string, p store.Page) ([]*directory.Grant, error) {
	index, prefix := bInvitation, appendNum(nil, org)
	if state != "" {
		index, prefix = bInvitationState, appendValue(prefix, state)
	}
	var members []directory.ID
	ids := t.list(index, prefix, p, func(row []byte) bool {
		members = append(members, lastID(row))
		return true
	})
	list := make([]*directory.Grant, len(ids))
	for i, id := range ids {
		var err error
		if list[i], err = t.indexed(org, members[i], id); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (t *tx) DueInvitations(now time.Time, limit int) ([]*directory.Grant, error) {
	var keys [][]byte
	t.until(bInvitationDue, now, limit, func(key []byte) { keys = append(keys, append([]byte(nil), key...)) })
	list := make([]*directory.Grant, len(keys))
	for i, key := range keys {
		if len(key) != 4+16+16 {
			return nil, damaged("invitation_due", key)
		}
		var err error
		if list[i], err = t.indexed(directory.OrgNum(binary.BigEndian.Uint32(key)), lastID(key[:20]), lastID(key)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (t *tx) NextInvitation() (at time.Time, found bool, err error) {
	t.scan(bInvitationDue, nil, func(key, _ []byte) bool {
		if found = len(key) >= instantLen; found {
			at = readInstant(key)
		} else {
			err = damaged("invitation_due", key)
		}
		return false
	})
	return at, found, err
}

// indexInvitations writes the index of format 6. Grants lie in the region of records, among others.
func indexInvitations(b *bbolt.Tx) error {
	t := &tx{}
	t.begin(b)
	var list []*directory.Grant
	var err error
	t.scan(bGrant, nil, func(key, row []byte) bool {
		if len(key) != 16+1+4+16 || key[16] != tagGrant {
			return true
		}
		g := &directory.Grant{ID: lastID(key), Org: directory.OrgNum(binary.BigEndian.Uint32(key[17:])), Member: lastID(key[:16])}
		if err = decodeGrant(g, row); err == nil && g.Kind == directory.GrantInvitation {
			list = append(list, g)
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	for _, g := range list {
		if err := t.reindex(nil, g); err != nil {
			return err
		}
	}
	return nil
}
