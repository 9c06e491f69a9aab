package provision

import (
	"context"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// mailsWalked is how many mails of all organizations one page looks at, at most.
const mailsWalked = 1000

// ListMails returns up to limit mails of an organization in one state, or in every state for "", the oldest first, after one
// of them, and the last one that it looked at, NoID at the end: a page may hold fewer than limit while there is a next one.
// None has what the letter is made of.
func (e *Engine) ListMails(ctx context.Context, org directory.OrgNum, state directory.MailState, after directory.ID, limit int) ([]*directory.Mail, directory.ID, error) {
	var found []*directory.Mail
	var last directory.ID
	err := e.Store.View(ctx, func(tx store.Tx) error {
		found, last = nil, directory.NoID
		rows, err := tx.ListMails(state, after, mailsWalked)
		if err != nil {
			return err
		}
		for i, m := range rows {
			if m.Org == org {
				m.Data = nil
				found = append(found, m)
			}
			if more := i+1 < len(rows) || len(rows) == mailsWalked; more && (len(found) == limit || i+1 == len(rows)) {
				last = m.ID
				break
			}
		}
		return nil
	})
	return found, last, err
}
