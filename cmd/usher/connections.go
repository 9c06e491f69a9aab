package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

func (p *program) connections() *cobra.Command {
	c := &cobra.Command{
		Use: "connections", Aliases: []string{"connection"}, Short: "See, set up, test and end the lines to identity providers", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.connectionsList(), p.connectionsShow(), p.connectionsTest(), p.connectionsRotate(), p.connectionsRetire())
	return grouped(groupAsk, c)
}

func (p *program) connectionsList() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "list", Short: "List connections with what they hold", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				connections, err := all[api.Connection](c.Context(), cl, path+"/connections", nil)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, connections)
				}
				var rows [][]string
				for _, x := range connections {
					live := 0
					for _, t := range x.Tokens {
						if t.Live {
							live++
						}
					}
					state := x.State
					if x.Retired != nil {
						state += " " + x.Retired.UTC().Format(time.DateOnly)
					}
					rows = append(rows, []string{
						x.ID, x.Provider, state, strconv.Itoa(x.Users), strconv.Itoa(x.Groups), fmt.Sprintf("%d of %d live", live, len(x.Tokens)),
						x.Label, x.Organization,
					})
				}
				return table(p.out, []string{"ID", "PROVIDER", "STATE", "USERS", "GROUPS", "TOKENS", "LABEL", "ORGANIZATION"}, rows)
			})
		},
	}, &organization)
}

func (p *program) connectionsRetire() *cobra.Command {
	var organization, reason string
	var yes bool
	c := p.inOrganization(&cobra.Command{
		Use: "retire ID", Short: "End a connection for good, with the people who have no other", Args: arguments("the connection's id"),
		Long: "Shows what the connection holds and asks. From then on it takes no pushes, its tokens work no more, and its users and groups " +
			"are deleted in the background, as its provider would have: whoever is beyond a brake waits in a hold. " +
			"Afterwards the organization's file may drop it. It cannot be taken back; a new connection needs another id.",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				return p.retire(c, cl, path+"/connections/"+url.PathEscape(args[0]), reason, yes)
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func (p *program) retire(c *cobra.Command, cl *client, path, reason string, yes bool) error {
	var it api.Retirement
	if err := cl.call(c.Context(), http.MethodGet, path+"/retirement", nil, nil, &it); err != nil {
		return err
	}
	if it.Retired != nil {
		return directory.Errorf(directory.Conflict, "The connection %s was retired already, on %s.", it.ID, it.Retired.UTC().Format(time.DateOnly))
	}
	only := fmt.Sprintf("%d people have no other connection; their access ends.", it.Alone)
	if it.Alone == 1 {
		only = "1 person has no other connection; their access ends."
	}
	p.say("%s", clean(fmt.Sprintf("%s has %s and %s. %s", it.ID, count(it.Users, "user"), count(it.Groups, "group"), only)))
	if ok, err := p.agree("Retire "+clean(it.ID)+" for good?", yes); !ok || err != nil {
		return err
	}
	var done api.Connection
	if err := cl.call(c.Context(), http.MethodPost, path+"/retire", nil, api.ReasonBody{Reason: reason}, &done); err != nil {
		return err
	}
	if p.json {
		return printJSON(p.out, done)
	}
	_, err := fmt.Fprintln(p.out, clean(done.ID+" is retired; its users and groups are deleted in the background. The organization's file may drop it now."))
	return err
}
