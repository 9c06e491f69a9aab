package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

func (p *program) sessions() *cobra.Command {
	c := &cobra.Command{
		Use: "sessions", Aliases: []string{"session"}, Short: "See who is signed in, and sign people out", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.sessionsList(), p.sessionsRevoke())
	return grouped(groupAsk, c)
}

func (p *program) sessionsList() *cobra.Command {
	var organization, member string
	c := p.inOrganization(&cobra.Command{
		Use: "list", Short: "List sessions", Args: arguments(),
		Long: "Lists who is signed in, by which connection and browser. ENDS is when the session ends unless it is used before then, LATEST when it ends however much it is used.",
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{"limit": {"500"}}
			setAll(query, "member", member)
			return p.within(c, organization, func(cl *client, path string) error {
				sessions, err := all[api.Session](c.Context(), cl, path+"/sessions", query)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, sessions)
				}
				if len(sessions) == 0 {
					p.say("Nobody is signed in.")
					return nil
				}
				rows := make([][]string, len(sessions))
				for i, s := range sessions {
					rows[i] = []string{personOf(s.Email, s.Member), s.Browser, s.Connection, s.Method, day(s.Began), day(s.Seen), day(s.Ends), day(s.Latest), s.ID}
				}
				return table(p.out, []string{"MEMBER", "BROWSER", "CONNECTION", "METHOD", "BEGAN", "LAST SEEN", "ENDS", "LATEST", "ID"}, rows)
			})
		},
	}, &organization)
	c.Flags().StringVar(&member, "member", "", "only those of this member, by address or `id`")
	return c
}

func (p *program) sessionsRevoke() *cobra.Command {
	var organization, member, reason string
	var all, yes bool
	c := p.inOrganization(&cobra.Command{
		Use: "revoke [ID]", Short: "End one session, those of a member, or all", Args: atMostOne("ID"),
		Long: "Ends the session of an ID, all of one member (--member), or all of the organization (--all, which asks). Who is signed out may sign in " +
			"again: to keep somebody out, `usher members suspend` them; for an incident there is `usher lockdown`.",
		RunE: func(c *cobra.Command, args []string) error {
			given := len(args)
			if member != "" {
				given++
			}
			if all {
				given++
			}
			switch {
			case given != 1:
				return usagef("say which: one ID, as `usher sessions list` shows it, --member EMAIL, or --all")
			case reason == "":
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				switch {
				case member != "":
					path += "/members/" + url.PathEscape(member) + "/revoke-sessions"
				case all:
					if ok, err := p.agree("Sign everybody out?", yes); !ok || err != nil {
						return err
					}
					path += "/sessions/revoke"
				default:
					path += "/sessions/" + url.PathEscape(args[0]) + "/revoke"
				}
				return p.revoke(c, cl, path, reason)
			})
		},
	}, &organization)
	c.Flags().StringVar(&member, "member", "", "all of this member, by address or `id`")
	c.Flags().BoolVar(&all, "all", false, "all of the organization")
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func (p *program) revoke(c *cobra.Command, cl *client, path, reason string) error {
	var done api.Revoked
	if err := cl.call(c.Context(), http.MethodPost, path, nil, api.ReasonBody{Reason: reason}, &done); err != nil {
		return err
	}
	if p.json {
		return printJSON(p.out, done)
	}
	_, err := fmt.Fprintf(p.out, "%s ended.\n", count(done.Ended, "session"))
	return err
}
