package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

func (p *program) permissions() *cobra.Command {
	c := &cobra.Command{
		Use: "permissions", Aliases: []string{"permission"}, Short: "Change what many people may do, and take that back", Args: noArguments,
		Long: `A mass update is a JSON file: whom it is about ("filter") and what becomes different ("changes"). add_ and remove_ change a list;
a name without either sets the value in place of what permission sets say, be that more or less. plan says who would gain and
lose what, apply does it, and undo takes back exactly what it gave.`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.permissionsPlan(), p.permissionsApply(), p.permissionsList(), p.permissionsShow(), p.permissionsUndo())
	return grouped(groupAsk, c)
}

// updateFile reads a mass update, and the end that it is to have.
func updateFile(name, until string) (rawBody, url.Values, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, &directory.Error{Kind: directory.Invalid, Message: fmt.Sprintf("The file %s cannot be read", name), Err: err}
	}
	query := url.Values{"name": {filepath.Base(name)}}
	if until != "" {
		end, err := instantFlag("--until", until)
		if err != nil {
			return nil, nil, err
		}
		query.Set("until", end.Format(time.RFC3339))
	}
	return text, query, nil
}

// instantFlag reads an instant, or the beginning of a day (UTC).
func instantFlag(name, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usagef("%s %q is no instant such as 2027-01-31 or 2027-01-31T18:00:00Z", name, text)
}

// endOf reads --for, a length from now on, or else --until.
func endOf(length, until string) (time.Time, error) {
	if length == "" {
		return instantFlag("--until", until)
	}
	life, err := config.ParseDuration(length)
	if err != nil {
		return time.Time{}, usagef("--for: %v", err)
	}
	return time.Now().Add(life).UTC().Truncate(time.Second), nil
}

func (p *program) permissionsPlan() *cobra.Command {
	var organization, until string
	c := p.inOrganization(&cobra.Command{
		Use: "plan FILE", Short: "Show who would gain and lose what by a mass update", Args: arguments("the file"),
		Long: "Shows who would gain and lose what by a mass update, and changes nothing. The last line has the plan's id, for `usher permissions apply --expect-plan`. " +
			"The exit code is 0 when nobody would gain or lose anything, 2 when somebody would, and 1 when something went wrong.",
		RunE: func(c *cobra.Command, args []string) error {
			body, query, err := updateFile(args[0], until)
			if err != nil {
				return err
			}
			query.Set("plan", "true")
			return p.within(c, organization, func(cl *client, path string) error {
				var done api.PermissionApplied
				if err := cl.call(c.Context(), http.MethodPost, path+"/permissions/updates", query, body, &done); err != nil {
					return err
				}
				if p.json {
					err = printJSON(p.out, done.Plan)
				} else {
					_, err = io.WriteString(p.out, clean(permissionPlanText(done.Plan)))
				}
				if err == nil && done.Plan.Changed > 0 {
					return findings{}
				}
				return err
			})
		},
	}, &organization)
	c.Flags().StringVar(&until, "until", "", "when what it gives would end, as a `day` or an instant")
	return c
}

func permissionPlanText(plan *provision.PermissionPlan) string {
	var b strings.Builder
	for _, row := range plan.Rows {
		change := row.Name + " + " + row.After
		switch row.Change {
		case "loses":
			change = row.Name + " - " + row.Before
		case "becomes":
			change = row.Name + " " + orNone(row.Before) + " → " + orNone(row.After)
		}
		who := strings.Join(row.People, ", ")
		if more := row.Count - len(row.People); more > 0 {
			who += fmt.Sprintf(" and %d more", more)
		}
		fmt.Fprintf(&b, "%s: %s, %s\n", change, count(row.Count, "member"), who)
	}
	for _, idle := range plan.WithoutEffect {
		sign := map[string]string{"adds": "+", "removes": "-", "sets": "="}[idle.Change]
		fmt.Fprintf(&b, "without effect: %s %s %s (%s)\n", idle.Name, sign, strings.Join(idle.Items, ", "), idle.Why)
	}
	for _, warning := range plan.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", warning)
	}
	fmt.Fprintf(&b, "%d of %s whom the filter means would gain or lose something. Plan %s.\n", plan.Changed, count(plan.Matched, "member"), plan.ID)
	return b.String()
}

func (p *program) permissionsApply() *cobra.Command {
	var organization, until, expect, reason string
	c := p.inOrganization(&cobra.Command{
		Use: "apply FILE", Short: "Apply a mass update", Args: arguments("the file"),
		Long: "Gives everybody whom the filter means now what the file changes, until a day (--until) or for good. Who comes to fit the filter later is not meant. " +
			"With --expect-plan it is refused where it would do anything else than that plan says.",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			body, query, err := updateFile(args[0], until)
			if err != nil {
				return err
			}
			setAll(query, "expect_plan", expect, "reason", reason)
			return p.within(c, organization, func(cl *client, path string) error {
				var done api.PermissionApplied
				if err := cl.call(c.Context(), http.MethodPost, path+"/permissions/updates", query, body, &done); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, done)
				}
				for _, warning := range done.Plan.Warnings {
					p.say("warning: %s", clean(warning))
				}
				_, err := fmt.Fprintln(p.out, clean(fmt.Sprintf("Applied to %s. Take it back with: usher permissions undo %s", count(done.Update.People, "member"), done.Update.ID)))
				return err
			})
		},
	}, &organization)
	c.Flags().StringVar(&until, "until", "", "when what it gives ends, as a `day` or an instant")
	c.Flags().StringVar(&expect, "expect-plan", "", "the `id` of the plan that was looked at")
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}

func (p *program) permissionsList() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "list", Short: "List the mass updates that were applied", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				updates, err := all[api.PermissionUpdate](c.Context(), cl, path+"/permissions/updates", nil)
				switch {
				case err != nil:
					return err
				case p.json:
					return printJSON(p.out, updates)
				case len(updates) == 0:
					p.say("No mass update was applied.")
					return nil
				}
				rows := make([][]string, len(updates))
				for i, u := range updates {
					rows[i] = []string{u.ID, u.State, day(u.At), dayOf(u.Until, ""), u.By, strconv.Itoa(u.People), strings.Join(u.Changes, "; ")}
				}
				return table(p.out, []string{"ID", "STATE", "AT", "UNTIL", "BY", "PEOPLE", "CHANGES"}, rows)
			})
		},
	}, &organization)
}

func (p *program) permissionsShow() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "show ID", Short: "Show a mass update that was applied, with its file", Args: arguments("the update's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				var u api.PermissionUpdate
				if err := cl.call(c.Context(), http.MethodGet, path+"/permissions/updates/"+url.PathEscape(args[0]), nil, nil, &u); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, u)
				}
				_, err := io.WriteString(p.out, clean(updateText(&u)))
				return err
			})
		},
	}, &organization)
}

func updateText(u *api.PermissionUpdate) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-9s %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "%s  %s\n", u.ID, strings.ReplaceAll(u.State, "_", " "))
	line("applied", day(u.At)+" by "+u.By)
	line("why", u.Reason)
	line("until", dayOf(u.Until, ""))
	line("undone", strings.TrimSpace(dayOf(u.Undone, "")+" "+u.UndoBy))
	line("people", strconv.Itoa(u.People))
	for _, change := range u.Changes {
		line("changes", change)
	}
	b.WriteString(strings.TrimSpace(u.Text) + "\n")
	return b.String()
}

func (p *program) permissionsUndo() *cobra.Command {
	var organization, reason string
	c := p.inOrganization(&cobra.Command{
		Use: "undo ID", Short: "Take back exactly what a mass update gave", Args: arguments("the update's id"),
		Long: "Takes back what a mass update gave, and what it took away comes back. Whatever else has changed of these people since stays.",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			query := url.Values{}
			setAll(query, "reason", reason)
			return p.within(c, organization, func(cl *client, path string) error {
				var u api.PermissionUpdate
				if err := cl.call(c.Context(), http.MethodDelete, path+"/permissions/updates/"+url.PathEscape(args[0]), query, nil, &u); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, u)
				}
				_, err := fmt.Fprintln(p.out, clean(fmt.Sprintf("What the update gave to %s is taken back.", count(u.People, "member"))))
				return err
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}

// lengthFlag checks how long something is to last; the server reads it again.
func lengthFlag(name, text string) error {
	if _, err := config.ParseDuration(text); err != nil {
		return usagef("%s: %v", name, err)
	}
	return nil
}
