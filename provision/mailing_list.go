package provision

import (
	"context"
	"errors"

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

// RetryMail has a mail tried again that was given up. It is a Conflict for one that waits, or was sent.
func (e *Engine) RetryMail(ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause) (*directory.Mail, error) {
	var again *directory.Mail
	err := e.update(ctx, org, cause, func(s *settlement) error {
		m, err := s.tx.Mail(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && m.Org != s.org {
			return directory.Errorf(directory.NotFound, "There is no mail %s; `usher mail list` shows those there are.", id)
		}
		if err != nil {
			return err
		}
		switch m.State {
		case directory.MailSent:
			return directory.Errorf(directory.Conflict, "The mail server has taken the mail; nothing is sent twice.")
		case directory.MailQueued:
			return directory.Errorf(directory.Conflict, "The mail waits already, and is tried again by itself.")
		case directory.MailFailed:
		}
		m.State, m.Tries, m.Due = directory.MailQueued, 0, s.now
		if err := s.tx.PutMail(m); err != nil {
			return err
		}
		s.mailed = true
		again = m
		note := "the " + m.Kind + " letter to " + m.To + " is sent again"
		if s.cause.Reason != "" {
			note += ": " + s.cause.Reason
		}
		return s.tellOrganization("mail.retried", note)
	})
	if err != nil {
		return nil, err
	}
	again.Data = nil
	return again, nil
}
