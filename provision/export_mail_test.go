package provision

import (
	"context"

	"github.com/mixus/usher/directory"
)

// QueueMail queues mails in a transaction of their own.
func (e *Engine) QueueMail(ctx context.Context, org directory.OrgNum, mails ...*directory.Mail) error {
	return e.update(ctx, org, directory.Cause{Kind: directory.CauseAdmin, Actor: "root"}, func(s *settlement) error {
		for _, m := range mails {
			if err := s.mail(m); err != nil {
				return err
			}
		}
		return nil
	})
}
