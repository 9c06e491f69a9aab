package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

func (p *program) groups() *cobra.Command {
	c := &cobra.Command{
		Use: "groups", Aliases: []string{"group"}, Short: "See the groups that directories pushed, and say which ones rules mean", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.groupsList(), p.groupsShow(), p.groupsRebind())
	return grouped(groupAsk, c)
}

func (p *program) groupsList() *cobra.Command {
	var organization, connection string
	c := p.inOrganization(&cobra.Command{
		Use: "list", Short: "List groups", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{"limit": {"500"}}
			setAll(query, "connection", connection)
			return p.within(c, organization, func(cl *client, path string) error {
				groups, err := all[api.Group](c.Context(), cl, path+"/groups", query)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, groups)
				}
				var rows [][]string
				for _, g := range groups {
					rows = append(rows, []string{g.Name, g.Connection, strconv.Itoa(g.Members), strings.Join(g.Bound, ", "), g.ID})
				}
				return table(p.out, []string{"NAME", "CONNECTION", "MEMBERS", "RULES SAY", "ID"}, rows)
			})
		},
	}, &organization)
	c.Flags().StringVar(&connection, "connection", "", "only groups of the connection of this `id`")
	return c
}

// shownGroup is a group with its members.
type shownGroup struct {
	api.Group
	List []api.GroupMember `json:"list"`
}

func (p *program) groupsShow() *cobra.Command {
	var organization, connection string
	c := p.inOrganization(&cobra.Command{
		Use: "show NAME", Short: "Show the members of a group", Args: arguments("the group's name or id"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				g, err := findGroup(c, cl, path, args[0], connection)
				if err != nil {
					return err
				}
				result := shownGroup{Group: g, List: []api.GroupMember{}}
				bar := p.begin("members", int64(g.Members), false)
				err = each(c.Context(), cl, path+"/groups/"+g.ID+"/members", url.Values{"limit": {"500"}}, func(m api.GroupMember) error {
					result.List = append(result.List, m)
					bar.add(1)
					return nil
				})
				bar.end()
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, result)
				}
				var rows [][]string
				for _, m := range result.List {
					rows = append(rows, []string{m.Kind, m.Name + m.Value, m.Email, m.Status, m.ID})
				}
				return table(p.out, []string{"KIND", "NAME", "EMAIL", "STATUS", "ID"}, rows)
			})
		},
	}, &organization)
	c.Flags().StringVar(&connection, "connection", "", "the group of the connection of this `id`, where several have one of that name")
	return c
}

func (p *program) groupsRebind() *cobra.Command {
	var organization, connection, name, reason string
	c := p.inOrganization(&cobra.Command{
		Use: "rebind NAME", Short: "Let a name in rules mean this group", Args: arguments("the group's name or id"),
		Long: `A name in rules means the group that it first met. After that group was deleted and made again, or another took over its
part, this says which one the rules mean from now on.`,
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				g, err := findGroup(c, cl, path, args[0], connection)
				if err != nil {
					return err
				}
				body := api.RebindBody{ReasonBody: api.ReasonBody{Reason: reason}, Name: name}
				if err := cl.call(c.Context(), http.MethodPost, path+"/groups/"+g.ID+"/rebind", nil, body, &g); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, g)
				}
				_, err = fmt.Fprintf(p.out, "Rules that say %s mean the group %s of %s now; its people are being settled.\n",
					strings.Join(g.Bound, ", "), g.ID, g.Connection)
				return err
			})
		},
	}, &organization)
	c.Flags().StringVar(&connection, "connection", "", "the group of the connection of this `id`, where several have one of that name")
	c.Flags().StringVar(&name, "name", "", "the `name` as rules say it; the group's own without it")
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}

func findGroup(c *cobra.Command, cl *client, path, ref, connection string) (api.Group, error) {
	if _, ok := directory.ParseID(ref); ok {
		var g api.Group
		err := cl.call(c.Context(), http.MethodGet, path+"/groups/"+ref, nil, nil, &g)
		return g, err
	}
	query := url.Values{"name": {ref}}
	setAll(query, "connection", connection)
	var found []api.Group
	err := each(c.Context(), cl, path+"/groups", query, func(g api.Group) error {
		found = append(found, g)
		return nil
	})
	switch {
	case err != nil:
		return api.Group{}, err
	case len(found) == 0:
		return api.Group{}, directory.Errorf(directory.NotFound, "There is no group %q; `usher groups list` shows them.", ref)
	case len(found) > 1:
		return api.Group{}, directory.Errorf(directory.Conflict, "%d groups are called %q, such as %s of %s; say which with --connection, or by id.", len(found), ref, found[0].ID, found[0].Connection)
	}
	return found[0], nil
}
