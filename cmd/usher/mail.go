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
	c.AddCommand(p.mailList(), p.mailRetry(), p.mailPreview())
	return grouped(groupAsk, c)
}

func (p *program) mailList() *cobra.Command {
	var organization string
	var failed, waiting bool
	c := p.inOrganization(&cobra.Command{
		Use: "list", Short: "List mail that waits, was sent, or was given up", Args: arguments(),
		Long: "Lists the letters of the last 90 days, the oldest first. WHY is what the mail server said, or which limit of a day has a letter wait. A failed one was given up; `usher mail retry` tries it again once what was said is mended.",
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

func (p *program) mailRetry() *cobra.Command {
	var organization, reason string
	var failed bool
	c := p.inOrganization(&cobra.Command{
		Use: "retry [ID...]", Short: "Try mail again that was given up",
		Long: "Tries mail again that was given up: the letters that are named, or with --failed all of them, as after a mail server was down for long. One that waits is tried by itself, and one that was sent is never sent twice.",
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case failed && len(args) > 0:
				return usagef("name letters or give --failed, not both")
			case !failed && len(args) == 0:
				return arguments("the mail's id")(c, args)
			}
			return nil
		},
		RunE: func(c *cobra.Command, ids []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				again := []api.Mail{}
				retry := func(id string) error {
					var m api.Mail
					if err := cl.call(c.Context(), http.MethodPost, path+"/mails/"+url.PathEscape(id)+"/retry", nil, api.ReasonBody{Reason: reason}, &m); err != nil {
						return err
					}
					again = append(again, m)
					if !p.json {
						_, err := fmt.Fprintln(p.out, clean(fmt.Sprintf("The %s letter to %s is tried again.", m.Kind, m.To)))
						return err
					}
					return nil
				}
				err := p.eachMail(c.Context(), cl, path, ids, failed, retry)
				if p.json {
					err = errors.Join(err, printJSON(p.out, again))
				}
				return err
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	c.Flags().BoolVar(&failed, "failed", false, "every letter that was given up")
	return c
}

// eachMail calls fn with the ids that were named, or with those of all letters that were given up.
func (p *program) eachMail(ctx context.Context, cl *client, path string, ids []string, failed bool, fn func(id string) error) error {
	if !failed {
		for _, id := range ids {
			if err := fn(id); err != nil {
				return err
			}
		}
		return nil
	}
	mails, err := all[api.Mail](ctx, cl, path+"/mails", url.Values{"limit": {"500"}, "state": {"failed"}})
	if err != nil {
		return err
	}
	if len(mails) == 0 {
		p.say("No mail was given up.")
	}
	for _, m := range mails {
		var answered *api.Problem
		if err := fn(m.ID); errors.As(err, &answered) && answered.Kind == directory.Conflict.String() {
			continue // somebody else had it tried again meanwhile
		} else if err != nil {
			return err
		}
	}
	return nil
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
