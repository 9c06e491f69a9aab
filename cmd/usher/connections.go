package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

func (p *program) connections() *cobra.Command {
	c := &cobra.Command{
		Use: "connections", Aliases: []string{"connection"}, Short: "List the lines to identity providers", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var organization string
	c.AddCommand(p.inOrganization(&cobra.Command{
		Use: "list", Short: "List connections with what they hold", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				connections := []api.Connection{}
				err := each(c.Context(), cl, path+"/connections", nil, func(x api.Connection) error {
					connections = append(connections, x)
					return nil
				})
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
					rows = append(rows, []string{x.ID, x.Provider, x.State, strconv.Itoa(x.Users), strconv.Itoa(x.Groups), fmt.Sprintf("%d of %d live", live, len(x.Tokens))})
				}
				return table(p.out, []string{"ID", "PROVIDER", "STATE", "USERS", "GROUPS", "TOKENS"}, rows)
			})
		},
	}, &organization))
	return grouped(groupAsk, c)
}
