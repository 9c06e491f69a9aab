package api

import (
	"cmp"
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Mail is a letter that waits for the mail server, was sent, or was given up.
type Mail struct {
	ID      string     `json:"id"`
	Kind    string     `json:"kind" doc:"What letter it is, such as invitation or welcome."`
	To      string     `json:"to" doc:"The address that it goes to."`
	State   string     `json:"state" enum:"queued,sent,failed" doc:"Failed ones are given up: somebody has to look at them."`
	Tries   int        `json:"tries" doc:"How often it was handed to the mail server, or could not be."`
	Due     *time.Time `json:"due,omitempty" doc:"While it is queued: when it is tried next."`
	About   string     `json:"about,omitempty" doc:"The id of the invitation, member or hold that it is about."`
	Error   string     `json:"error,omitempty" doc:"What the mail server said last."`
	Waits   string     `json:"waits,omitempty" doc:"Why it is not to be sent before due, such as a limit of a day."`
	Created time.Time  `json:"created"`
}

// MailCount counts letters, each up to 1000.
type MailCount struct {
	Failed  int    `json:"failed" doc:"How many were given up."`
	Late    int    `json:"late" doc:"How many the mail server has refused at least once, and are tried again."`
	Error   string `json:"error,omitempty" doc:"What the mail server said of a late one."`
	Waiting int    `json:"waiting" doc:"How many wait for a day on which the organization's limits leave room for them."`
	Waits   string `json:"waits,omitempty" doc:"For which limit one of them waits."`
}

// Letter is how a letter reads.
type Letter struct {
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

type mailFilter struct {
	InOrganization
	Paging
	State string `query:"state" enum:"queued,sent,failed" doc:"Only those in this state."`
}

type oneMail struct {
	InOrganization
	Mail string `path:"mail" maxLength:"64" doc:"The mail's id."`
	Body ReasonBody
}

type oneLetter struct {
	InOrganization
	Kind string `path:"kind" maxLength:"64" doc:"The kind of letter."`
}

func (s *Server) mails(api huma.API) {
	handle(s, api, get("/organizations/{organization}/mails", "list-mails", ScopeMembersRead, "List mail",
		"Lists letters that wait, were sent within 90 days, or were given up, the oldest first. A page may hold fewer than limit while there is a next one."),
		func(ctx context.Context, in *mailFilter) (*answer[Page[Mail]], error) {
			return found(s.listMails(ctx, in))
		})
	handle(s, api, post("/organizations/{organization}/mails/{mail}/retry", "retry-mail", ScopeMembersWrite, "Retry a mail",
		"Has a mail tried at once that was given up, or that is late: queued, with tries and without waits. Any other one that is queued is sent when it is due, and one that was sent is never sent twice; both are refused."),
		func(ctx context.Context, in *oneMail) (*answer[Mail], error) {
			return found(s.actOnMail(ctx, in, s.Engine.RetryMail))
		})
	handle(s, api, post("/organizations/{organization}/mails/{mail}/drop", "drop-mail", ScopeMembersWrite, "Drop a mail",
		"Deletes a mail that was given up, or that waits, and answers with it as it was. One that was sent is refused."),
		func(ctx context.Context, in *oneMail) (*answer[Mail], error) {
			return found(s.actOnMail(ctx, in, s.Engine.DropMail))
		})
	handle(s, api, get("/organizations/{organization}/letters/{kind}", "preview-letter", ScopePolicyRead, "Preview a letter",
		"Shows a letter as the policy in force has it, filled in with made-up values."),
		func(ctx context.Context, in *oneLetter) (*answer[Letter], error) {
			return found(s.previewLetter(ctx, in))
		})
}

func (s *Server) listMails(ctx context.Context, in *mailFilter) (Page[Mail], error) {
	page := Page[Mail]{Items: []Mail{}}
	after, err := in.after()
	if err != nil {
		return page, err
	}
	var num directory.OrgNum
	err = s.view(ctx, in.Organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		num = org
		return nil
	})
	if err != nil {
		return page, err
	}
	rows, last, err := s.Engine.ListMails(ctx, num, directory.MailState(in.State), after, in.Limit)
	for _, m := range rows {
		page.Items = append(page.Items, mailView(m))
	}
	if !last.IsZero() {
		page.Next = cursor(last[:])
	}
	return page, err
}

func mailView(m *directory.Mail) Mail {
	view := Mail{ID: m.ID.String(), Kind: m.Kind, To: m.To, State: string(m.State), Tries: m.Tries, Error: m.LastError, Waits: m.Waits, Created: m.Created}
	if !m.Due.IsZero() {
		view.Due = &m.Due
	}
	if !m.About.IsZero() {
		view.About = m.About.String()
	}
	return view
}

// mailAct is something that the engine does to a mail.
type mailAct func(context.Context, directory.OrgNum, directory.ID, directory.Cause) (*directory.Mail, error)

func (s *Server) actOnMail(ctx context.Context, in *oneMail, act mailAct) (Mail, error) {
	org, why, err := s.acting(ctx, in.Organization, &in.Body)
	if err != nil {
		return Mail{}, err
	}
	id, ok := directory.ParseID(in.Mail)
	if !ok {
		return Mail{}, directory.Errorf(directory.NotFound, "There is no mail %q; `usher mail list` shows those there are.", in.Mail)
	}
	m, err := act(ctx, org, id, why)
	if err != nil {
		return Mail{}, err
	}
	return mailView(m), nil
}

func (s *Server) previewLetter(ctx context.Context, in *oneLetter) (Letter, error) {
	var policy *mapping.Policy
	err := s.view(ctx, in.Organization, func(tx store.Tx, _ *names, org directory.OrgNum) (err error) {
		policy, err = s.Engine.Policy(tx, org)
		return err
	})
	if err != nil {
		return Letter{}, err
	}
	return PreviewLetter(policy, in.Kind, s.Engine.PublicURL, s.Now())
}

// PreviewLetter shows a letter of an organization, filled in with made-up values; the welcome has those of the organization's
// file.
func PreviewLetter(policy *mapping.Policy, kind, publicURL string, at time.Time) (Letter, error) {
	o := policy.Organization
	from := mail.Letter{
		ID: "preview", To: "ann@acme.com", Organization: cmp.Or(o.Name, o.ID), SupportName: o.Support.Name, SupportEmail: o.Support.Email,
		PublicURL: cmp.Or(publicURL, "https://usher.example.com"), At: at,
	}
	var m *mail.Message
	var err error
	if kind == mail.KindWelcome {
		m, err = provision.ExampleWelcome(policy, at).Message(from, o.Letters.Templates)
	} else {
		m, err = mail.Preview(kind, from, o.Letters.Templates)
	}
	if err != nil {
		return Letter{}, err
	}
	return Letter{Kind: kind, Subject: m.Subject, Text: m.Text, HTML: m.HTML}, nil
}

// mailCounted is how many letters of a kind a count looks at.
const mailCounted = 1000

// addMail counts the letters that were given up, and those that are late.
func (s *Server) addMail(ctx context.Context, o *OrganizationStatus) error {
	return s.view(ctx, o.ID, func(tx store.Tx, _ *names, org directory.OrgNum) error {
		failed, err := tx.ListMails(directory.MailFailed, directory.NoID, mailCounted)
		if err != nil {
			return err
		}
		for _, m := range failed {
			if m.Org == org {
				o.Mail.Failed++
			}
		}
		queued, err := tx.ListMails(directory.MailQueued, directory.NoID, mailCounted)
		for _, m := range queued {
			switch {
			case m.Org != org:
			case m.Tries > 0:
				o.Mail.Late++
				o.Mail.Error = m.LastError
			case m.Waits != "":
				o.Mail.Waiting++
				o.Mail.Waits = m.Waits
			}
		}
		return err
	})
}
