package bolt

import (
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) Grants(org directory.OrgNum, members []directory.ID) ([][]*directory.Grant, error) {
	found := make([][]*directory.Grant, len(members))
	var err error
	for i, m := range members {
		t.scan(bGrant, recordKey(t, m, tagGrant, org), func(key, row []byte) bool {
			g := &directory.Grant{ID: lastID(key), Org: org, Member: m}
			err = decodeGrant(g, row)
			found[i] = append(found[i], g)
			return err == nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (t *tx) grantKey(g *directory.Grant) []byte {
	t.key = appendID(recordKey(t, g.Member, tagGrant, g.Org), g.ID)
	return t.key
}

func (t *tx) PutGrants(grants []*directory.Grant) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, g := range grants {
		known := t.get(bGrant, t.grantKey(g))
		if g.Kind == directory.GrantInvitation { // a grant's kind never changes
			was, err := stored(g, known)
			if err != nil {
				return err
			}
			if err := t.reindex(was, g); err != nil {
				return err
			}
		}
		row, err := t.appendGrant(g)
		if err != nil {
			return err
		}
		if err := t.replace(bGrant, t.grantKey(g), known, row); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) DeleteGrants(grants []*directory.Grant) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, g := range grants {
		was, err := stored(g, t.get(bGrant, t.grantKey(g)))
		if err != nil {
			return err
		}
		if was == nil {
			continue
		}
		if err := t.reindex(was, nil); err != nil {
			return err
		}
		if _, err := t.del(bGrant, t.grantKey(g)); err != nil {
			return err
		}
	}
	return nil
}
