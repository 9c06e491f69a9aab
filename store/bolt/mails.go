package bolt

import (
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func (t *tx) Mail(id directory.ID) (*directory.Mail, error) {
	row := t.get(bMail, id[:])
	if row == nil {
		return nil, store.ErrNotFound
	}
	return decodeMail(id, row)
}

func (t *tx) mailKey(m *directory.Mail) []byte {
	t.key = appendValue(t.orgKey(m.Org), m.Key)
	return t.key
}

// mailKeys calls fn with the key of each index row that moves as a mail goes its way.
func (t *tx) mailKeys(m *directory.Mail, fn func(bucket, []byte) error) error {
	t.key = appendID(appendValue(t.key[:0], string(m.State)), m.ID)
	if err := fn(bMailState, t.key); err != nil || m.State != directory.MailQueued {
		return err
	}
	t.key = appendID(appendInstant(t.key[:0], m.Due), m.ID)
	return fn(bMailDue, t.key)
}

func (t *tx) PutMail(m *directory.Mail) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	if holder := t.get(bMailKey, t.mailKey(m)); holder != nil && lastID(holder) != m.ID {
		return store.ErrExists
	}
	known := t.get(bMail, m.ID[:])
	if known != nil {
		was, err := decodeMail(m.ID, known)
		if err != nil {
			return err
		}
		if err := t.dropMailKeys(was); err != nil {
			return err
		}
	}
	if err := t.insert(bMailKey, t.mailKey(m), m.ID[:]); err != nil {
		return err
	}
	if err := t.mailKeys(m, func(b bucket, key []byte) error { return t.insert(b, key, nil) }); err != nil {
		return err
	}
	t.row = appendMail(t.row[:0], m)
	return t.replace(bMail, m.ID[:], known, t.row)
}

func (t *tx) dropMailKeys(m *directory.Mail) error {
	if err := t.drop(bMailKey, t.mailKey(m)); err != nil {
		return err
	}
	return t.mailKeys(m, t.drop)
}

func (t *tx) mails(ids []directory.ID) ([]*directory.Mail, error) {
	list := make([]*directory.Mail, len(ids))
	for i, id := range ids {
		row := t.get(bMail, id[:])
		if row == nil {
			return nil, damaged("mail", id[:])
		}
		var err error
		if list[i], err = decodeMail(id, row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (t *tx) ListMails(state directory.MailState, after directory.ID, limit int) ([]*directory.Mail, error) {
	page := store.Page{After: after, Limit: limit}
	if state == "" {
		return t.mails(t.list(bMail, nil, page, nil))
	}
	return t.mails(t.list(bMailState, appendValue(nil, string(state)), page, nil))
}

func (t *tx) DueMails(now time.Time, limit int) ([]*directory.Mail, error) {
	var ids []directory.ID
	t.until(bMailDue, now, limit, func(key []byte) { ids = append(ids, lastID(key)) })
	return t.mails(ids)
}

func (t *tx) DeleteMails(mails []*directory.Mail) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	for _, m := range mails {
		row := t.get(bMail, m.ID[:])
		if row == nil {
			continue
		}
		was, err := decodeMail(m.ID, row)
		if err != nil {
			return err
		}
		if err := t.dropMailKeys(was); err != nil {
			return err
		}
		if err := t.drop(bMail, m.ID[:]); err != nil {
			return err
		}
	}
	return nil
}
