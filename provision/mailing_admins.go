package provision

import (
	"context"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

// tellAdmins queues a letter to the active admins and the support address, of one thing once a day.
func (s *settlement) tellAdmins(kind string, about directory.ID, thing string, letter any) error {
	to, err := s.adminAddresses()
	if err != nil {
		return err
	}
	if support := s.policy.Organization.Support.Email; support != "" && !slices.ContainsFunc(to, func(a string) bool { return directory.Fold(a) == directory.Fold(support) }) {
		to = append(to, support)
	}
	for _, address := range to {
		m := &directory.Mail{Kind: kind, To: address, About: about, Key: s.now.Format(time.DateOnly) + "/" + thing}
		if err := s.letter(m, letter); err != nil {
			return err
		}
	}
	return nil
}

// TellAdmins tells the admins of an organization of something about its certificates, keys or tokens that they have to see
// to: of one thing, in the same words, once a day.
func (e *Engine) TellAdmins(ctx context.Context, org directory.OrgNum, thing string, n mail.Notice) error {
	return e.update(ctx, org, directory.Cause{Kind: directory.CauseTime, Actor: "mail"}, func(s *settlement) error {
		return s.tellAdmins(mail.KindSecret, directory.NoID, thing, n)
	})
}

// mailHold tells the admins of a hold.
func (s *settlement) mailHold(h *directory.Hold) error {
	n := mail.Notice{About: "effects wait for your decision", Text: HoldMessage(h), Advice: HoldAdvice(h)}
	if h.Kind == directory.HoldLastAdmin {
		n.About = "the last active admin would go"
	}
	return s.tellAdmins(mail.KindHold, h.ID, "", n)
}

// isNotice reports whether a kind of letter says what the log and the journal say, too: without a mail server, that will do.
func isNotice(kind string) bool {
	switch kind {
	case mail.KindHold, mail.KindSecret, mail.KindAddress, mail.KindExpiring, mail.KindCredential:
		return true
	}
	return false
}

// greet sends a welcome to those who became members, where everybody gets one. Who was invited has one already.
func (s *settlement) greet() error {
	if s.policy.Organization.Letters.Welcome != welcomeEverybody {
		return nil
	}
	for _, o := range s.outcomes {
		if o.member.Status != directory.StatusActive || o.before != nil && !o.before.Joined.IsZero() {
			continue
		}
		if err := s.welcome(o.member.ID, &o.member.Decision); err != nil {
			return err
		}
	}
	return nil
}
