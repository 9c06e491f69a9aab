package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

func (p *program) invitations() *cobra.Command {
	c := &cobra.Command{
		Use: "invitations", Aliases: []string{"invitation"}, Short: "Invite people, and follow their invitations", Args: noArguments,
		Long: "Invites people, one or a file of them, and shows and steers what becomes of it. An invitation is named by its id, or by the address that was invited.",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.invitationsSend(), p.invitationsImport(), p.invitationsList(), p.invitationsShow(), p.invitationsHistory(), p.invitationsSummary())
	c.AddCommand(p.invitationVerbs()...)
	return grouped(groupAsk, c)
}

func (p *program) invitationsSend() *cobra.Command {
	var organization, reason string
	var in api.Invitee
	var dryRun bool
	c := p.inOrganization(&cobra.Command{
		Use: "send EMAIL", Short: "Invite somebody", Args: arguments("the address"),
		Long: "Mails somebody a link by which they become a member. Who is a member or invited already is left as they are.",
		RunE: func(c *cobra.Command, args []string) error {
			if in.Role == "" {
				return usagef("say as what with --role ROLE")
			}
			in.Email = args[0]
			return p.within(c, organization, func(cl *client, path string) error {
				var list api.InvitedList
				body := api.InviteBody{Reason: reason, People: []api.Invitee{in}, DryRun: dryRun}
				if err := cl.call(c.Context(), http.MethodPost, path+"/invitations", nil, body, &list); err != nil {
					return err
				}
				r := list.Results[0]
				if p.json {
					if err := printJSON(p.out, r); err != nil {
						return err
					}
				} else if r.Result != invitedRefused {
					if _, err := fmt.Fprintln(p.out, clean(invitedText(r, dryRun, in.Role))); err != nil {
						return err
					}
					if r.Note != "" {
						p.say("note: %s", clean(r.Note))
					}
					if list.Note != "" {
						p.say("note: %s", clean(list.Note))
					}
				}
				if r.Result == invitedRefused {
					return fmt.Errorf("%s: %s", r.Field, strings.TrimSuffix(r.Problem, "."))
				}
				return nil
			})
		},
	}, &organization)
	flags := c.Flags()
	flags.StringVar(&in.Role, "role", "", "the `role`")
	flags.StringVar(&in.FirstName, "first-name", "", "the person's first `name`")
	flags.StringVar(&in.LastName, "last-name", "", "the person's last `name`")
	flags.StringVar(&in.Department, "department", "", "the `department`")
	flags.StringVar(&in.Manager, "manager", "", "the manager's `address`")
	flags.StringVar(&in.Message, "message", "", "a `text` for the person, in the mail")
	chooses(c, &in.Access, "access", "", "how `much` the invitation gives: full (the default), limited or custom", "full", "limited", "custom")
	flags.StringSliceVar(&in.PermissionSets, "permission-sets", nil, "the permission `sets` of custom access")
	flags.StringVar(&in.Expires, "expires", "", "how `long` the link works, as 7d")
	flags.StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	flags.BoolVar(&dryRun, "dry-run", false, "say what would become of it, and change nothing")
	return c
}

// invitedRefused is the result of somebody who cannot be invited.
const invitedRefused = "refused"

// invitedText says what became of one who was not refused.
func invitedText(r api.Invited, dryRun bool, asked string) string {
	text := map[string]string{
		"invited":           "%s is invited as %s.",
		"awaiting_approval": "%s waits for an admin's approval, as %s; `usher invitations approve` sends the invitation.",
		"already_member":    "%s is a member already, %s; nothing was done.",
		"already_invited":   "%s is invited already, as %s; nothing was done.",
	}[r.Result]
	if dryRun {
		text = map[string]string{
			"invited":           "%s would be invited as %s.",
			"awaiting_approval": "%s would wait for an admin's approval, as %s.",
			"already_member":    "%s is a member already, %s; nothing would be done.",
			"already_invited":   "%s is invited already, as %s; nothing would be done.",
		}[r.Result]
	}
	role := r.Role
	if role == "" && r.Invitation != nil {
		role = r.Invitation.Role
	}
	text = fmt.Sprintf(text, r.Email, role)
	if r.Result == "invited" && role != asked {
		text += " Rules or limits of the organization allow no more."
	}
	return text
}

func (p *program) invitationsList() *cobra.Command {
	var organization, state string
	c := p.inOrganization(&cobra.Command{
		Use: "list", Short: "List invitations, the newest first", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{"limit": {"500"}}
			setAll(query, "state", state)
			return p.within(c, organization, func(cl *client, path string) error {
				list, err := all[api.Invitation](c.Context(), cl, path+"/invitations", query)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, list)
				}
				if len(list) == 0 {
					p.say("There is no such invitation; `usher invitations send` makes one.")
				}
				return invitationTable(p.out, list)
			})
		},
	}, &organization)
	chooses(c, &state, "state", "", "only this `state`: awaiting_approval, pending, accepted, declined, expired or cancelled",
		"awaiting_approval", "pending", "accepted", "declined", "expired", "cancelled")
	return c
}

func invitationTable(w io.Writer, list []api.Invitation) error {
	rows := make([][]string, len(list))
	for n, i := range list {
		rows[n] = []string{i.Email, i.State, i.Role, i.Department, day(i.Created), dayOf(i.Expires, ""), fmt.Sprint(i.Resent), i.By, i.ID}
	}
	return table(w, []string{"EMAIL", "STATE", "ROLE", "DEPARTMENT", "CREATED", "EXPIRES", "RESENT", "BY", "ID"}, rows)
}

func (p *program) invitationsShow() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "show EMAIL", Short: "Show an invitation", Args: arguments("the invited address, or the invitation's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				var i api.Invitation
				if err := cl.call(c.Context(), http.MethodGet, path+"/invitations/"+url.PathEscape(args[0]), nil, nil, &i); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, i)
				}
				return showInvitation(p.out, i)
			})
		},
	}, &organization)
}

func showInvitation(w io.Writer, i api.Invitation) error {
	sets := ""
	if len(i.PermissionSets) > 0 {
		sets = ": " + strings.Join(i.PermissionSets, ", ")
	}
	for _, line := range [][2]string{
		{"email", i.Email},
		{"name", i.Name},
		{"state", i.State},
		{"role", roleText(i)},
		{"department", i.Department},
		{"access", i.Access + sets},
		{"manager", i.Manager},
		{"message", i.Message},
		{"invited by", i.By},
		{"because", i.Reason},
		{"created", day(i.Created)},
		{"mailed", dayOf(i.Sent, "")},
		{"mail", mailText(i)},
		{"expires", dayOf(i.Expires, "")},
		{"closed", dayOf(i.Closed, "")},
		{"sent again", fmt.Sprint(i.Resent)},
		{"reminded", fmt.Sprint(i.Reminded)},
		{"version", i.Version},
		{"id", i.ID},
	} {
		if line[1] == "" || line[1] == "0" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-12s %s\n", line[0], strings.ReplaceAll(clean(line[1]), "\n", "\n             ")); err != nil {
			return err
		}
	}
	return nil
}

// roleText is the role that the person gets, and why it is not the one that was asked for.
func roleText(i api.Invitation) string {
	switch {
	case i.AskedRole == "":
		return i.Role
	case i.RoleBecause == "":
		return fmt.Sprintf("%s (asked: %s)", i.Role, i.AskedRole)
	}
	return fmt.Sprintf("%s (asked: %s; %s)", i.Role, i.AskedRole, i.RoleBecause)
}

// mailText says what became of the last letter, "" for one that the mail server has taken.
func mailText(i api.Invitation) string {
	text := ""
	switch directory.MailState(i.Mail) {
	case directory.MailSent:
		return ""
	case directory.MailQueued:
		text = "waiting"
		if i.MailTries == 1 {
			text += ", 1 try"
		} else if i.MailTries > 1 {
			text += fmt.Sprintf(", %d tries", i.MailTries)
		}
		if i.MailNext != nil && (i.MailTries > 0 || i.MailError != "") {
			text += ", next " + second(*i.MailNext)
		}
	default:
		if i.MailError == "" {
			return ""
		}
		text = "given up"
	}
	if i.MailError != "" {
		text += ": " + i.MailError
	}
	return text
}

func (p *program) invitationsHistory() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "history EMAIL", Short: "Show what became of an invitation, and by whom", Args: arguments("the invited address, or the invitation's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				entries, err := all[api.Entry](c.Context(), cl, path+"/invitations/"+url.PathEscape(args[0])+"/history", nil)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, entries)
				}
				rows := make([][]string, len(entries))
				for n, e := range entries {
					rows[n] = []string{day(e.At), e.Kind, e.Cause.Actor, e.Cause.Reason, strings.Join(e.Notes, "; ")}
				}
				return table(p.out, []string{"WHEN", "WHAT", "BY", "BECAUSE", "NOTES"}, rows)
			})
		},
	}, &organization)
}

func (p *program) invitationsSummary() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "summary", Short: "Count invitations by state, and show what happened lately", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				var s api.InvitationSummary
				if err := cl.call(c.Context(), http.MethodGet, path+"/invitations/summary", nil, nil, &s); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, s)
				}
				return showSummary(p.out, s)
			})
		},
	}, &organization)
}

func showSummary(w io.Writer, s api.InvitationSummary) error {
	rows := [][]string{}
	for _, n := range s.States {
		rows = append(rows, []string{strings.ReplaceAll(n.State, "_", " "), fmt.Sprint(n.Count), fmt.Sprintf("%d%%", n.Percent)})
	}
	rows = append(rows, []string{"all", fmt.Sprint(s.Total), ""}, []string{"sent again", fmt.Sprint(s.Resent), ""}, []string{"this month", fmt.Sprintf("+%d", s.ThisMonth), ""})
	if err := table(w, []string{"INVITATIONS", "COUNT", "SHARE"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, m := range s.Months {
		if m.Invited+m.Accepted > 0 {
			rows = append(rows, []string{m.Month, fmt.Sprint(m.Invited), fmt.Sprint(m.Accepted)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := table(w, []string{"MONTH", "INVITED", "ACCEPTED"}, rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w, "\nLately:"); err != nil {
		return err
	}
	return invitationTable(w, s.Recent)
}
