package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

func (p *program) projects() *cobra.Command {
	c := &cobra.Command{
		Use: "projects", Aliases: []string{"project"}, Short: "See the projects and when they end, extend one or end it early", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.projectsList(), p.projectsShow(), p.projectsExtend(), p.projectsEnd())
	return grouped(groupAsk, c)
}

func (p *program) projectsList() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "list", Short: "List the projects of the organization's file, and when each ends", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				projects, err := all[api.Project](c.Context(), cl, path+"/projects", nil)
				switch {
				case err != nil:
					return err
				case p.json:
					return printJSON(p.out, projects)
				case len(projects) == 0:
					p.say("The organization's file has no projects.")
					return nil
				}
				rows := make([][]string, len(projects))
				for i, one := range projects {
					moved := ""
					if one.Moved != nil {
						moved = "by " + one.Moved.By
					}
					rows[i] = []string{one.Name, one.State, dayOf(one.From, ""), dayOf(one.Until, "never"), moved, one.At}
				}
				return table(p.out, []string{"PROJECT", "STATE", "FROM", "UNTIL", "MOVED", "FILE"}, rows)
			})
		},
	}, &organization)
}

func (p *program) projectsShow() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "show NAME", Short: "Show a project, and who is in it", Args: arguments("the project's name"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				var one api.Project
				if err := cl.call(c.Context(), http.MethodGet, path+"/projects/"+url.PathEscape(args[0]), nil, nil, &one); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, one)
				}
				_, err := io.WriteString(p.out, clean(projectText(&one)))
				return err
			})
		},
	}, &organization)
}

func projectText(one *api.Project) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-16s %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "%s  %s\n", one.Name, one.State)
	line("from", dayOf(one.From, ""))
	line("until", dayOf(one.Until, "never"))
	line("file says", dayOf(one.Filed, "never")+" ("+one.At+")")
	if m := one.Moved; m != nil {
		line("moved", day(m.At)+" by "+m.By+": "+m.Reason)
	}
	line("told", one.Warn+" before its end")
	line("agents", strings.Join(one.Agents, ", "))
	line("integrations", strings.Join(one.Integrations, ", "))
	line("files", strings.Join(one.Files, ", "))
	line("knowledge bases", strings.Join(one.KnowledgeBases, ", "))
	if one.People != nil {
		who := strings.Join(one.Who, ", ")
		if more := *one.People - len(one.Who); more > 0 {
			who += fmt.Sprintf(" and %d more", more)
		}
		line("people", strings.TrimSuffix(fmt.Sprintf("%d: %s", *one.People, who), ": "))
	}
	return b.String()
}

func (p *program) projectsExtend() *cobra.Command {
	var organization, reason, length, until string
	c := p.inOrganization(&cobra.Command{
		Use: "extend NAME", Short: "Make a project end later than it does now", Args: arguments("the project's name"),
		Long: "For a time longer than it lasts now (--for 30d; from now on where it has ended), or until a day (--until 2027-01-31). It counts in place of the file's end until somebody says otherwise here.",
		RunE: func(c *cobra.Command, args []string) error {
			body := api.ExtendProjectBody{ReasonBody: api.ReasonBody{Reason: reason}}
			switch {
			case reason == "":
				return usagef("say why with --reason; it is kept in the journal")
			case (length == "") == (until == ""):
				return usagef("say until when: --for or --until, not both")
			case length != "":
				if err := lengthFlag("--for", length); err != nil {
					return err
				}
				body.For = length
			default:
				end, err := instantFlag("--until", until)
				if err != nil {
					return err
				}
				body.Until = &end
			}
			return p.movedProject(c, organization, args[0], "extend", body)
		},
	}, &organization)
	c.Flags().StringVar(&length, "for", "", "how much `longer`, as 30d")
	c.Flags().StringVar(&until, "until", "", "until which `day` or instant")
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}

func (p *program) projectsEnd() *cobra.Command {
	var organization, reason string
	c := p.inOrganization(&cobra.Command{
		Use: "end NAME", Short: "End a project now", Args: arguments("the project's name"),
		Long: "What the project gives ends at once, whatever the file says. `usher projects extend` brings it back.",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.movedProject(c, organization, args[0], "end", api.ReasonBody{Reason: reason})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}

// movedProject moves the end of a project, and says when it ends then.
func (p *program) movedProject(c *cobra.Command, organization, name, verb string, body any) error {
	return p.within(c, organization, func(cl *client, path string) error {
		var one api.Project
		if err := cl.call(c.Context(), http.MethodPost, path+"/projects/"+url.PathEscape(name)+"/"+verb, nil, body, &one); err != nil {
			return err
		}
		if p.json {
			return printJSON(p.out, one)
		}
		word := "ends"
		if one.State == "ended" {
			word = "has ended"
		}
		_, err := fmt.Fprintln(p.out, clean(fmt.Sprintf("%s %s %s; the file (%s) says %s.", one.Name, word, dayOf(one.Until, "never"), one.At, dayOf(one.Filed, "never"))))
		return err
	})
}
