package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

func (p *program) credentials() *cobra.Command {
	c := &cobra.Command{
		Use: "credentials", Aliases: []string{"credential"}, Short: "See and take away the passwords and passkeys of people without a provider", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.credentialsList(), p.credentialsRemove())
	return grouped(groupAsk, c)
}

func (p *program) credentialsList() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "list EMAIL", Short: "What a member has of their own to sign in with", Args: arguments("EMAIL"),
		Long: "Lists the password and the passkeys of a member who joined by an invitation and whom no provider signs in. Nobody sees what a password is.",
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				list, err := all[api.Credential](c.Context(), cl, path+"/members/"+url.PathEscape(args[0])+"/credentials", nil)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, list)
				}
				if len(list) == 0 {
					p.say("%s has no password and no passkey.", args[0])
					return nil
				}
				rows := make([][]string, len(list))
				for i, one := range list {
					used := "-"
					if !one.Used.IsZero() {
						used = day(one.Used)
					}
					rows[i] = []string{one.Kind, one.Name, day(one.Since), used, one.ID}
				}
				return table(p.out, []string{"KIND", "NAME", "SINCE", "LAST USED", "ID"}, rows)
			})
		},
	}, &organization)
}

func (p *program) credentialsRemove() *cobra.Command {
	var organization, id, reason string
	c := p.inOrganization(&cobra.Command{
		Use: "remove EMAIL", Short: "Take a member's password and passkeys away", Args: arguments("EMAIL"),
		Long: "Takes the password and every passkey of a member away, or the one of an id, and signs the member out everywhere. They may sign in again by a " +
			"code by mail: to keep somebody out, `usher members suspend` them.",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				path += "/members/" + url.PathEscape(args[0]) + "/credentials"
				if id != "" {
					path += "/" + url.PathEscape(id)
				}
				var done api.CredentialsGone
				if err := cl.call(c.Context(), http.MethodDelete, path, url.Values{"reason": {reason}}, nil, &done); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, done)
				}
				_, err := fmt.Fprintf(p.out, "%s removed.\n", count(done.Removed, "credential"))
				return err
			})
		},
	}, &organization)
	c.Flags().StringVar(&id, "id", "", "only this one, by the `id` that `usher credentials list` shows")
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}
