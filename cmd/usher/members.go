package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

func (p *program) members() *cobra.Command {
	c := &cobra.Command{
		Use: "members", Aliases: []string{"member"}, Short: "List members, and act on them by hand", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.membersList(), p.membersShow())
	c.AddCommand(p.memberVerbs()...)
	return grouped(groupAsk, c)
}

// inOrganization adds the flag of commands that are about one organization.
func (p *program) inOrganization(c *cobra.Command, organization *string) *cobra.Command {
	c.Flags().StringVar(organization, "organization", "", "the organization's `id`; may be left out when there is only one")
	return p.remote(c)
}

// within runs fn with whoever answers, and the path of an organization.
func (p *program) within(c *cobra.Command, organization string, fn func(cl *client, path string) error) error {
	return p.with(c, func(cl *client) error {
		path, err := cl.organization(c.Context(), organization)
		if err != nil {
			return err
		}
		return fn(cl, path)
	})
}

func (p *program) membersList() *cobra.Command {
	var organization, email, role, department, status string
	var all bool
	c := p.inOrganization(&cobra.Command{
		Use: "list", Short: "List members", Args: arguments(),
		Long: "Lists members in the order in which they were first seen. Without --all, people whom a directory knows and who are no members are left out; with it, the role that they would have is in brackets.",
		RunE: func(c *cobra.Command, _ []string) error {
			if all && status == "" {
				status = "all"
			}
			query := url.Values{"limit": {"500"}}
			setAll(query, "email", email, "role", role, "department", department, "status", status)
			return p.within(c, organization, func(cl *client, path string) error {
				members, err := p.allMembers(c.Context(), cl, path, query)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, members)
				}
				if len(members) == 0 && status == statusAwaiting {
					p.say("Nobody waits for an approval.")
				} else if len(members) == 0 {
					p.say("There is nobody like that; `usher members list --all` shows everybody that was ever heard of.")
				}
				return memberTable(p.out, members)
			})
		},
	}, &organization)
	flags := c.Flags()
	flags.StringVar(&email, "email", "", "only the person of this `address`")
	flags.StringVar(&role, "role", "", "only members of this `role`")
	flags.StringVar(&department, "department", "", "only members of this `department`")
	chooses(c, &status, "status", "", "only this `status`: active, invited, suspended, removed, none, awaiting (an admin's approval) or all",
		"active", "invited", "suspended", "removed", "none", statusAwaiting, "all")
	flags.BoolVar(&all, "all", false, "everybody whom a directory ever spoke of")
	return c
}

// statusAwaiting narrows a list to those who wait for an admin's approval.
const statusAwaiting = "awaiting"

func (p *program) allMembers(ctx context.Context, cl *client, path string, query url.Values) ([]api.Member, error) {
	bar := p.begin("members", -1, false)
	defer bar.end()
	members := []api.Member{}
	err := each(ctx, cl, path+"/members", query, func(m api.Member) error {
		members = append(members, m)
		bar.add(1)
		return nil
	})
	return members, err
}

// memberTable prints members. Ids stand only beside those whom an address does not tell apart, and what would happen only
// where somebody is observed.
func memberTable(w io.Writer, members []api.Member) error {
	times := map[string]int{}
	observed, alike := false, false
	for _, m := range members {
		times[m.Email]++
		alike = alike || m.Email == "" || times[m.Email] > 1
		observed = observed || m.Would != nil
	}
	header := []string{"EMAIL", "NAME", "STATUS", "ROLE", "DEPARTMENT", "TEAMS"}
	if observed {
		header = append(header, "WOULD BE")
	}
	if alike {
		header = append(header, "ID")
	}
	var rows [][]string
	for _, m := range members {
		role := m.Role
		if m.Status == string(directory.StatusNone) && role != "" {
			role = "(" + role + ")" // what they would be, were they a member
		}
		row := []string{m.Email, m.Name, m.Status, role, m.Department, strings.Join(m.Teams, ", ")}
		if observed {
			row = append(row, wouldBe(m.Would))
		}
		if alike {
			row = append(row, map[bool]string{true: m.ID}[m.Email == "" || times[m.Email] > 1])
		}
		rows = append(rows, row)
	}
	return table(w, header, rows)
}

func wouldBe(w *api.Would) string {
	switch {
	case w == nil:
		return ""
	case len(w.Effects) == 0:
		return "no change"
	}
	return standsAs(w)
}

func (p *program) membersShow() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "show EMAIL", Short: "Show a member", Args: arguments("the member's address or id"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				var m api.Member
				if err := cl.call(c.Context(), http.MethodGet, path+"/members/"+url.PathEscape(args[0]), nil, nil, &m); err != nil {
					return err
				}
				return p.showMember(m)
			})
		},
	}, &organization)
}

// showMember prints one member, as JSON or for people.
func (p *program) showMember(m api.Member) error {
	if p.json {
		return printJSON(p.out, m)
	}
	var b strings.Builder
	describeMember(&b, m)
	_, err := io.WriteString(p.out, clean(b.String()))
	return err
}

// describeMember writes what is in force for a member, and why.
func describeMember(b *strings.Builder, m api.Member) {
	fmt.Fprintf(b, "%s\n", heading(m))
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "  %-16s %s\n", name, value)
		}
	}
	line("id", m.ID)
	line("status", m.Status)
	line("role", m.Role)
	line("department", m.Department)
	line("teams", strings.Join(m.Teams, ", "))
	line("permission sets", strings.Join(m.PermissionSets, ", "))
	line("spaces", strings.Join(m.Spaces, ", "))
	line("projects", strings.Join(m.Projects, ", "))
	line("title", m.Title)
	line("manager", m.Manager)
	line("ends", dayOf(m.Ends, ""))
	line("next change", nextChange(m))
	line("merged into", m.MergedInto)
	for _, c := range m.Connections {
		line("known to", c.Connection+" as "+c.User)
	}
	if len(m.Held) > 0 {
		line("held", count(len(m.Held), "effect")+" waits for a decision")
	}
	if len(m.Reasons) > 0 {
		b.WriteString("\nWhy\n")
	}
	for _, r := range m.Reasons {
		fmt.Fprintf(b, "  %-16s %s\n", strings.ReplaceAll(r.Field, "_", " "), because(r))
	}
}

func heading(m api.Member) string {
	switch {
	case m.Email == "":
		return m.Name
	case m.Name == "" || m.Name == m.Email:
		return m.Email
	}
	return m.Name + " <" + m.Email + ">"
}
