package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

func (p *program) mail() *cobra.Command {
	c := &cobra.Command{
		Use: "mail", Short: "See what was mailed and what could not be, and how a letter reads", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.mailList(), p.mailPreview())
	c.AddCommand(p.mailVerbs()...)
	return grouped(groupAsk, c)
}

func (p *program) mailList() *cobra.Command {
	var organization string
	var failed, waiting bool
	c := p.inOrganization(&cobra.Command{
		Use: "list", Short: "List mail that waits, was sent, or was given up", Args: arguments(),
		Long: "Lists the letters of the last 90 days, the oldest first. WHY is what the mail server said, or which limit of a day has a letter wait. A failed one was given up; `usher mail retry` tries it again once what was said is mended, and `usher mail drop` deletes it.",
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{"limit": {"500"}}
			switch {
			case failed && waiting:
				return usagef("give --failed or --waiting, not both")
			case failed:
				query.Set("state", "failed")
			case waiting:
				query.Set("state", "queued")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				mails, err := all[api.Mail](c.Context(), cl, path+"/mails", query)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, mails)
				}
				if len(mails) == 0 {
					p.say("There is no such mail.")
					return nil
				}
				rows := make([][]string, len(mails))
				for i, m := range mails {
					rows[i] = []string{m.To, m.Kind, m.State, strconv.Itoa(m.Tries), day(m.Created), dayOf(m.Due, ""), m.ID, cmp.Or(m.Error, m.Waits)}
				}
				return table(p.out, []string{"TO", "LETTER", "STATE", "TRIES", "SINCE", "NEXT TRY", "ID", "WHY"}, rows)
			})
		},
	}, &organization)
	c.Flags().BoolVar(&failed, "failed", false, "only those that were given up")
	c.Flags().BoolVar(&waiting, "waiting", false, "only those that wait for the mail server")
	return c
}

// mailVerb is what an admin does to letters: to those that are named, or to all of a kind.
type mailVerb struct {
	name  string
	short string
	long  string
	done  string // what is said of each letter then
	late  bool   // whether it is done to all that are late, too
}

func (p *program) mailVerbs() []*cobra.Command {
	return []*cobra.Command{
		p.mailVerb(mailVerb{
			name: "retry", short: "Try mail again that was given up, or is late", done: "is tried again", late: true,
			long: "Tries mail again at once: the letters that are named, with --failed all that were given up, with --waiting all that the mail server has refused at least once and that wait for their next try, as after it was down. One that waits for a day with room is sent on that day, and one that was sent is never sent twice.",
		}),
		p.mailVerb(mailVerb{
			name: "drop", short: "Delete mail that was given up, or waits", done: "is dropped",
			long: "Deletes mail that is not to be sent any more: the letters that are named, or with --failed all that were given up, as those to addresses that do not exist. One that was sent stays listed for 90 days.",
		}),
	}
}

func (p *program) mailVerb(v mailVerb) *cobra.Command {
	var organization, reason string
	var failed, waiting bool
	c := p.inOrganization(&cobra.Command{
		Use: v.name + " [ID...]", Short: v.short, Long: v.long,
		Args: func(c *cobra.Command, args []string) error {
			switch flags := v.flags(); {
			case (failed || waiting) && len(args) > 0:
				return usagef("name letters or give %s, not both", flags)
			case !failed && !waiting && len(args) == 0:
				return arguments("the mail's id, or "+flags)(c, args)
			}
			return nil
		},
		RunE: func(c *cobra.Command, ids []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				done := []api.Mail{}
				err := p.eachMail(c.Context(), cl, path, ids, failed, waiting, func(id string) error {
					var m api.Mail
					if err := cl.call(c.Context(), http.MethodPost, path+"/mails/"+url.PathEscape(id)+"/"+v.name, nil, api.ReasonBody{Reason: reason}, &m); err != nil {
						return err
					}
					done = append(done, m)
					if p.json {
						return nil
					}
					_, err := fmt.Fprintln(p.out, clean(fmt.Sprintf("The %s letter to %s %s.", m.Kind, m.To, v.done)))
					return err
				})
				if p.json && (err == nil || len(done) > 0) {
					err = errors.Join(err, printJSON(p.out, done))
				}
				return err
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	c.Flags().BoolVar(&failed, "failed", false, "every letter that was given up")
	if v.late {
		c.Flags().BoolVar(&waiting, "waiting", false, "every letter that waits because of the mail server")
	}
	return c
}

// flags names the flags that choose letters.
func (v *mailVerb) flags() string {
	if v.late {
		return "--failed or --waiting"
	}
	return "--failed"
}

// eachMail calls fn with the ids that were named, or with those of all letters that were given up or are late.
func (p *program) eachMail(ctx context.Context, cl *client, path string, ids []string, failed, waiting bool, fn func(id string) error) error {
	if !failed && !waiting {
		return p.namedMails(ids, fn)
	}
	mails, err := chosenMails(ctx, cl, path, failed, waiting)
	if err != nil {
		return err
	}
	switch {
	case len(mails) > 0:
	case !waiting:
		p.say("No mail was given up.")
	case !failed:
		p.say("No mail is late.")
	default:
		p.say("No mail was given up, and none is late.")
	}
	for _, m := range mails {
		var answered *api.Problem
		err := fn(m.ID)
		if errors.As(err, &answered) && (answered.Kind == directory.Conflict.String() || answered.Kind == directory.NotFound.String()) {
			continue // it was sent or dropped meanwhile
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// namedMails calls fn with each id. Of several, one that cannot be keeps no other back.
func (p *program) namedMails(ids []string, fn func(id string) error) error {
	left := 0
	for _, id := range ids {
		err := fn(id)
		var answered *api.Problem
		if len(ids) > 1 && errors.As(err, &answered) {
			p.say("%s: %s", clean(id), clean(answered.Detail))
			left++
		} else if err != nil {
			return err
		}
	}
	if left > 0 {
		return directory.Errorf(directory.Conflict, "%d of %d letters were left as they are.", left, len(ids))
	}
	return nil
}

// chosenMails returns the letters that were given up, those that the mail server keeps waiting, or both.
func chosenMails(ctx context.Context, cl *client, path string, failed, waiting bool) ([]api.Mail, error) {
	var chosen []api.Mail
	for _, state := range []directory.MailState{directory.MailFailed, directory.MailQueued} {
		if state == directory.MailFailed && !failed || state == directory.MailQueued && !waiting {
			continue
		}
		mails, err := all[api.Mail](ctx, cl, path+"/mails", url.Values{"limit": {"500"}, "state": {string(state)}})
		if err != nil {
			return nil, err
		}
		for _, m := range mails {
			if state == directory.MailFailed || m.Tries > 0 && m.Waits == "" {
				chosen = append(chosen, m)
			}
		}
	}
	return chosen, nil
}

func (p *program) mailPreview() *cobra.Command {
	var organization, file string
	var html bool
	c := p.inOrganization(&cobra.Command{
		Use: "preview LETTER", Short: "Show how a letter reads, filled in with made-up values", Args: arguments("the letter"),
		Long: "Shows a letter as the policy in force has it; with --config, as the files have it, so that a template can be looked at before it is applied. The welcome has what the organization's file gives. The letters are " +
			strings.Join(mail.Kinds(), ", ") + ".",
		RunE: func(c *cobra.Command, args []string) error {
			if file != "" {
				letter, err := previewOf(file, organization, args[0])
				if err != nil {
					return err
				}
				return p.letter(letter, html)
			}
			return p.within(c, organization, func(cl *client, path string) error {
				var letter api.Letter
				if err := cl.call(c.Context(), http.MethodGet, path+"/letters/"+url.PathEscape(args[0]), nil, nil, &letter); err != nil {
					return err
				}
				return p.letter(letter, html)
			})
		},
	}, &organization)
	c.Flags().StringVar(&file, "config", "", "read the templates of this `file`, usher.yaml or an organization's, instead")
	c.Flags().BoolVar(&html, "html", false, "print the HTML half")
	return c
}

// previewOf shows a letter as files have it.
func previewOf(file, organization, kind string) (api.Letter, error) {
	configuration, problems := app.ReadConfiguration(file, "")
	policies := slices.DeleteFunc(configuration.Policies, func(q app.Policy) bool {
		return q.Policy == nil || organization != "" && q.Organization != organization
	})
	for i := range problems {
		if q := &problems[i]; strings.HasSuffix(q.File, ".txt") || strings.HasSuffix(q.File, ".html") || len(policies) == 0 {
			return api.Letter{}, &app.ProblemsError{Path: file, Problems: problems}
		}
	}
	switch {
	case len(policies) == 0:
		return api.Letter{}, usagef("%s has no organization %q", file, organization)
	case len(policies) > 1:
		return api.Letter{}, usagef("%s has several organizations; say which with --organization", file)
	}
	publicURL := ""
	if configuration.Operator != nil {
		publicURL = configuration.Operator.PublicURL
	}
	return api.PreviewLetter(policies[0].Policy, kind, publicURL, time.Now())
}

func (p *program) letter(l api.Letter, html bool) error {
	if p.json {
		return printJSON(p.out, l)
	}
	if html {
		_, err := fmt.Fprint(p.out, l.HTML)
		return err
	}
	_, err := fmt.Fprintf(p.out, "Subject: %s\n\n%s", clean(l.Subject), l.Text)
	return err
}
