package provision

import (
	"cmp"
	"context"
	"errors"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// RetryMail has a mail tried at once that was given up, or that the mail server keeps waiting, whose tries stay counted. It is
// a Conflict for one that was sent, that waits for a day with room, or that was not tried yet.
func (e *Engine) RetryMail(ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause) (*directory.Mail, error) {
	return e.actOnMail(ctx, org, id, cause, func(s *settlement, m *directory.Mail) error {
		switch {
		case s.engine.handover.has(m.ID):
			return directory.Errorf(directory.Conflict, "The mail is with the mail server in this moment, which has ten minutes to answer; wait for what it says.")
		case m.State == directory.MailFailed:
			m.State, m.Tries = directory.MailQueued, 0
		case m.Waits != "":
			return directory.Errorf(directory.Conflict, "The mail waits until %s, and is sent then: %s.", clock(m.Due), m.Waits)
		case m.Tries == 0:
			return directory.Errorf(directory.Conflict, "The mail is not late: it is due at %s, and is sent then by itself.", clock(m.Due))
		}
		m.Due = s.now
		if err := s.tx.PutMail(m); err != nil {
			return err
		}
		s.mailed = true
		return s.tellMail("mail.retried", m, "is sent again")
	})
}

// DropMail deletes a mail that was given up or waits, and returns it as it was. It is a Conflict for one that was sent. One that
// is handed to the mail server in this moment goes out all the same.
func (e *Engine) DropMail(ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause) (*directory.Mail, error) {
	return e.actOnMail(ctx, org, id, cause, func(s *settlement, m *directory.Mail) error {
		if err := s.tx.DeleteMails([]*directory.Mail{m}); err != nil {
			return err
		}
		if err := s.mailDropped(m); err != nil {
			return err
		}
		return s.tellMail("mail.dropped", m, "was dropped")
	})
}

// actOnMail does something to a mail of an organization that was not sent, and returns it without what the letter is made of.
func (e *Engine) actOnMail(ctx context.Context, org directory.OrgNum, id directory.ID, cause directory.Cause, act func(*settlement, *directory.Mail) error) (*directory.Mail, error) {
	var m *directory.Mail
	err := e.update(ctx, org, cause, func(s *settlement) (err error) {
		m, err = s.tx.Mail(id)
		switch {
		case errors.Is(err, store.ErrNotFound) || err == nil && m.Org != s.org:
			return directory.Errorf(directory.NotFound, "There is no mail %s; `usher mail list` shows those there are.", id)
		case err != nil:
			return err
		case m.State == directory.MailSent:
			return directory.Errorf(directory.Conflict, "The mail server has taken the mail; it is not sent twice, and cannot be dropped.")
		}
		return act(s, m)
	})
	if err != nil {
		return nil, err
	}
	m.Data = nil
	return m, nil
}

// tellMail records what an admin did to a mail: whom it is for, and why.
func (s *settlement) tellMail(kind string, m *directory.Mail, what string) error {
	note := "the " + m.Kind + " letter to " + m.To + " " + what
	if s.cause.Reason != "" {
		note += ": " + s.cause.Reason
	}
	return s.tellOrganization(kind, note)
}

// mailDropped records at an invitation that its last letter was dropped. The day for which that waited has room again.
func (s *settlement) mailDropped(m *directory.Mail) error {
	g, err := s.tx.Invitation(s.org, m.About)
	if errors.Is(err, store.ErrNotFound) || err == nil && (g.Invited == nil || g.Invited.Letter != m.ID) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.returnTurn(g.Invited); err != nil {
		return err
	}
	g.Invited.Mailed = "the letter was dropped"
	if why := cmp.Or(m.LastError, s.cause.Reason); why != "" {
		g.Invited.Mailed += ": " + why
	}
	return s.tx.PutGrants([]*directory.Grant{g})
}
