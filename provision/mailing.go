package provision

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// How a mail that the server does not take is tried again, and for how long.
const (
	mailAgain  = 15 * time.Second    // after the first try; twice as long after each further one
	mailSeldom = time.Hour           // but not longer than this
	mailTries  = 80                  // which takes three days; then somebody has to look at it
	mailKept   = 90 * 24 * time.Hour // a mail that was sent, or given up, is remembered

	mailCounted    = 1000 // waiting mails are counted at most
	mailsForgotten = 200  // at once
)

// NoMailServer is what is said where usher.yaml has no "mail".
const NoMailServer = "usher.yaml names no mail server"

var errNoMailServer = directory.Errorf(directory.Invalid, NoMailServer)

// mail queues a mail in the transaction that it follows from. Its kind, To and About, and Data, the JSON of the letter (see
// outbox/mail), are the caller's; Key tells things of one kind and About apart that are each worth a mail, "" where there is
// one. The same thing is mailed to the same person once, however often it is queued; m gets the id of what was queued. One with a
// Due waits until then, and Waits says why.
func (s *settlement) mail(m *directory.Mail) error {
	if s.dry {
		return nil
	}
	queued := *m
	queued.ID, queued.Org, queued.State = s.engine.ids.New(s.now), s.org, directory.MailQueued
	queued.Created = s.now
	if queued.Due.Before(s.now) {
		queued.Due = s.now
	}
	queued.Key = m.Kind + "/" + m.About.String() + "/" + m.Key + "/" + directory.Fold(m.To)
	var err error
	if queued.Data, err = s.engine.sealMail(queued.ID, m.Data); err != nil {
		return err
	}
	err = s.tx.PutMail(&queued)
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	if err == nil {
		s.mailed, m.ID = true, queued.ID
	}
	return err
}

// WorkMail sends what waits to be mailed, until the context ends. It is apart from Work, which is kept waiting by no server.
func (e *Engine) WorkMail(ctx context.Context) error {
	defer e.handover.work.Wait() // what is under way breaks off with the context, and is noted
	for ctx.Err() == nil {
		wait := idleLimit
		left, err := e.SendMail(ctx)
		if err == nil {
			err = e.forgetMail(ctx)
		}
		if err != nil && ctx.Err() == nil {
			e.Log.ErrorContext(ctx, "mail that waits could not be worked through; it is tried again", "err", err)
		}
		if left > 0 || err != nil {
			wait = mailAgain
		}
		select {
		case <-ctx.Done():
		case <-e.post.rings():
		case <-time.After(wait):
		}
	}
	return ctx.Err()
}

// SendMail sends what waits to be mailed and is due, and returns how much still waits. What goes wrong with one mail keeps
// no other from being sent, unless the server cannot be reached at all. Codes, for which somebody waits, go before letters.
func (e *Engine) SendMail(ctx context.Context) (left int, failed error) {
	e.mailing.Lock()
	defer e.mailing.Unlock()
	if err := e.noteLate(ctx); err != nil {
		return 0, err
	}
	asked := map[string]bool{}
	for ctx.Err() == nil {
		if err := e.sendCodes(ctx, asked); err != nil {
			failed = errors.Join(failed, err)
		}
		m, err := e.nextMail(ctx)
		if err != nil {
			return left, errors.Join(failed, err)
		}
		if m == nil {
			break
		}
		reached, err := e.deliver(ctx, m)
		if err != nil { // the store's, so that trying further ones would only send what cannot be noted
			return left, errors.Join(failed, err)
		}
		if !reached {
			break
		}
	}
	err := e.Store.View(ctx, func(tx store.Tx) error {
		names, err := tx.ListDocuments(askPrefix)
		if err != nil {
			return err
		}
		waiting, err := tx.ListMails(directory.MailQueued, directory.NoID, mailCounted)
		left = len(names) + len(waiting)
		return err
	})
	return left, errors.Join(failed, err)
}

// nextMail returns the mail that is due longest and is not under way, nil for none, or for none that can be sent yet.
func (e *Engine) nextMail(ctx context.Context) (next *directory.Mail, err error) {
	under := e.handover.size()
	if under >= mailsAtOnce {
		return nil, nil
	}
	err = e.Store.View(ctx, func(tx store.Tx) error {
		due, err := tx.DueMails(e.Now(), 1+under)
		if i := slices.IndexFunc(due, func(m *directory.Mail) bool { return !e.handover.has(m.ID) }); i >= 0 {
			next = due[i]
		}
		return err
	})
	return next, err
}

// deliver tries to send a mail and notes what became of it. It reports whether the server could be reached; the error is the
// store's. A mail of which nobody knows whether it was taken is not sent again by itself.
func (e *Engine) deliver(ctx context.Context, m *directory.Mail) (bool, error) {
	if err := leftUnderWay(m); err != nil {
		return true, e.noteMail(ctx, m, err)
	}
	message, err := e.letter(ctx, m)
	switch {
	case err != nil && ctx.Err() != nil:
		return false, nil
	case err != nil:
	case message == nil, e.Mail == nil && isNotice(m.Kind):
		return true, e.forgetMails(ctx, []*directory.Mail{m})
	case e.Mail == nil:
		err = errNoMailServer
	default:
		return e.handOver(ctx, m, message)
	}
	return true, e.noteMail(ctx, m, err)
}

// noteMail notes what became of a try.
func (e *Engine) noteMail(ctx context.Context, m *directory.Mail, failed error) error {
	noted := *m
	noted.Tries++
	noted.Due, noted.LastError, noted.Waits = time.Time{}, "", ""
	if failed != nil {
		noted.LastError = mail.Words(failed)
	}
	switch {
	case failed == nil:
		noted.State, noted.Data = directory.MailSent, nil
	case mail.Temporary(failed) && noted.Tries < mailTries:
		noted.Due = e.Now().UTC().Add(min(mailAgain<<min(m.Tries, 16), mailSeldom))
		e.Log.WarnContext(ctx, "a mail waits for the mail server", "mail", m.ID.String(), "kind", m.Kind, "tries", noted.Tries, "err", failed)
	case errors.Is(failed, errNoMailServer): // said once: an import may leave thousands
		noted.State = directory.MailFailed
		e.unmailed.Do(func() {
			e.Log.ErrorContext(ctx, "letters cannot be sent, as usher.yaml names no mail server; `usher mail list --failed` shows them")
		})
	default:
		noted.State = directory.MailFailed
		e.Log.ErrorContext(ctx, "a mail was given up; `usher mail list --failed` shows why", "mail", m.ID.String(), "kind", m.Kind, "tries", noted.Tries, "err", failed)
	}
	// The process may be about to end: what was taken is noted all the same.
	return e.update(context.WithoutCancel(ctx), m.Org, directory.Cause{Kind: directory.CauseTime, Actor: "mail"}, func(s *settlement) error {
		row, err := s.tx.Mail(m.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && row.State != directory.MailQueued {
			return nil // somebody has dealt with it meanwhile
		}
		if err != nil {
			return err
		}
		if err := s.tx.PutMail(&noted); err != nil {
			return err
		}
		return s.mailNoted(&noted)
	})
}

// mailNoted records at an invitation what the mail server says of its letters.
func (s *settlement) mailNoted(m *directory.Mail) error {
	if m.Kind != mail.KindInvitation && m.Kind != mail.KindReminder || m.State == directory.MailQueued {
		return nil
	}
	g, err := s.tx.Invitation(s.org, m.About)
	if errors.Is(err, store.ErrNotFound) || err == nil && (g.Invited == nil || m.Created.Before(g.Invited.Sent) && m.ID != g.Invited.Letter) { // a newer letter is on its way
		return nil
	}
	if err != nil {
		return err
	}
	same := g.Invited.Mailed == m.LastError
	g.Invited.Mailed = m.LastError
	if m.State == directory.MailSent {
		g.Invited.Taken = s.now
	} else if same {
		return nil
	}
	if err := s.tx.PutGrants([]*directory.Grant{g}); err != nil || m.State == directory.MailSent {
		return err
	}
	member, err := s.existing(g.Member)
	if err != nil {
		return err
	}
	return s.tellMember(member, kindUndelivered, "the letter was given up: "+m.LastError)
}

// kindUndelivered is the kind of entry about a letter of an invitation that was given up.
const kindUndelivered = "invitation.undelivered"

// forgetMail forgets what was sent or given up long ago.
func (e *Engine) forgetMail(ctx context.Context) error {
	before := e.Now().Add(-mailKept)
	for _, state := range []directory.MailState{directory.MailSent, directory.MailFailed} {
		var old []*directory.Mail
		err := e.Store.View(ctx, func(tx store.Tx) (err error) {
			old, err = tx.ListMails(state, directory.NoID, mailsForgotten)
			return err
		})
		if err != nil {
			return err
		}
		if old = slices.DeleteFunc(old, func(m *directory.Mail) bool { return m.Created.After(before) }); len(old) == 0 {
			continue
		}
		if err := e.forgetMails(ctx, old); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) forgetMails(ctx context.Context, mails []*directory.Mail) error {
	return e.Store.Update(ctx, func(tx store.Tx) error { return tx.DeleteMails(mails) })
}
