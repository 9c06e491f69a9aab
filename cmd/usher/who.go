package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

func (p *program) who() *cobra.Command {
	var organization, role, permission, rule, team, set, department string
	c := p.inOrganization(&cobra.Command{
		Use: "who", Short: "Say who has something, and why", Args: arguments(),
		Long: `The other way round from explain: lists the active members who have a role, a permission, a team, a permission set or a
department, or whom a rule matches, each with the reason that was stored when it was decided. A rule matches people as their
facts are now, whether or not another rule outdoes it.`,
		Example: "  usher who --role admin\n  usher who --permission billing.manage\n  usher who --rule engineers --json",
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{}
			setAll(query, "role", role, "permission", permission, "rule", rule, "team", team, "permission_set", set, "department", department)
			if len(query) != 1 {
				return usagef("say what to look for with one of --role, --permission, --rule, --team, --permission-set and --department")
			}
			query.Set("limit", "500")
			return p.within(c, organization, func(cl *client, path string) error {
				holders := []api.Holder{}
				bar := p.begin("members", -1, false)
				err := each(c.Context(), cl, path+"/who", query, func(h api.Holder) error {
					holders = append(holders, h)
					bar.add(1)
					return nil
				})
				bar.end()
				switch {
				case err != nil:
					return err
				case p.json:
					return printJSON(p.out, holders)
				case len(holders) == 0:
					p.say("Nobody who is active.")
				}
				return p.showHolders(holders)
			})
		},
	}, &organization)
	flags := c.Flags()
	flags.StringVar(&role, "role", "", "who has this `role`")
	flags.StringVar(&permission, "permission", "", "whom a role, a permission set, a mass update or an approval gives this `permission`")
	flags.StringVar(&rule, "rule", "", "whom this `rule` matches")
	flags.StringVar(&team, "team", "", "who is in this `team`")
	flags.StringVar(&set, "permission-set", "", "who has this permission `set`")
	flags.StringVar(&department, "department", "", "who is in this `department`")
	return grouped(groupAsk, c)
}

// showHolders prints one line for each person, and one for each reason but the first.
func (p *program) showHolders(holders []api.Holder) error {
	times := map[string]int{}
	for i := range holders {
		times[holders[i].Email]++
	}
	var rows [][]string
	for i := range holders {
		h := &holders[i]
		email := h.Email
		if email == "" || times[email] > 1 {
			email = strings.TrimSpace(email + " " + h.ID)
		}
		why := ""
		if len(h.Reasons) > 0 {
			why = because(h.Reasons[0])
		}
		rows = append(rows, []string{email, h.Name, strings.Join(h.Has, ", "), why})
		for _, r := range h.Reasons[min(1, len(h.Reasons)):] {
			rows = append(rows, []string{" ", " ", " ", strings.ReplaceAll(r.Field, "_", " ") + " " + because(r)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := table(p.out, []string{"EMAIL", "NAME", "HAS", "WHY"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.err, count(len(holders), "member"))
	return err
}
