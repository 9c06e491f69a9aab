package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

// invitationVerb is what an administrator does to an invitation.
type invitationVerb struct {
	name, short, long string
	needsReason       bool
	mails             bool                                               // the person gets a letter
	body              func(c *cobra.Command, reason string) (any, error) // nil for the reason alone
	flags             func(*cobra.Command)                               // nil for none
}

func (p *program) invitationVerbs() []*cobra.Command {
	return []*cobra.Command{
		p.invitationVerb(invitationVerb{name: "resend", short: "Send an invitation again, with a new link", long: "Links of before work no more. An invitation that has expired is open again.", mails: true}),
		p.invitationVerb(invitationVerb{name: "remind", short: "Mail somebody again who has not answered", long: "The links of before go on working.", mails: true}),
		p.extend(), p.editInvitation(),
		p.invitationVerb(invitationVerb{name: "cancel", short: "Take an invitation back", long: "Its links lead nowhere any more."}),
		p.approveInvitation(),
		p.invitationVerb(invitationVerb{name: "reject", short: "Do not send an invitation that waits for an approval", long: "Say why; whoever asked for it can read it.", needsReason: true}),
	}
}

func (p *program) extend() *cobra.Command {
	var length, until string
	return p.invitationVerb(invitationVerb{
		name: "extend", short: "Make an invitation end later, or earlier", long: "For a time from now on (--for 14d), or until a day or an instant (--until 2027-01-31).",
		body: func(_ *cobra.Command, reason string) (any, error) {
			body := api.ExtendBody{WhyBody: api.WhyBody{Reason: reason}}
			if (length == "") == (until == "") {
				return nil, usagef("say until when: --for or --until, not both")
			}
			var err error
			body.Until, err = endOf(length, until)
			return body, err
		},
		flags: func(c *cobra.Command) {
			c.Flags().StringVar(&length, "for", "", "how `long` from now on, as 14d")
			c.Flags().StringVar(&until, "until", "", "until which `day` or instant")
		},
	})
}

func (p *program) editInvitation() *cobra.Command {
	var role, department, access string
	var sets []string
	return p.invitationVerb(invitationVerb{
		name: "edit", short: "Change what an open invitation gives", long: "What is not named stays as it is. The links go on working, unless an admin has to approve it: then it waits for that again.",
		body: func(c *cobra.Command, reason string) (any, error) {
			body := api.EditBody{WhyBody: api.WhyBody{Reason: reason}}
			given := func(name string, value *string, to **string) bool {
				if c.Flags().Changed(name) {
					*to = value
				}
				return *to != nil
			}
			changes := given("role", &role, &body.Role)
			changes = given("department", &department, &body.Department) || changes
			changes = given("access", &access, &body.Access) || changes
			if c.Flags().Changed("permission-sets") {
				body.PermissionSets, changes = &sets, true
			}
			if !changes {
				return nil, usagef("say what to change: --role, --department, --access or --permission-sets")
			}
			return body, nil
		},
		flags: func(c *cobra.Command) {
			c.Flags().StringVar(&role, "role", "", "another `role`")
			c.Flags().StringVar(&department, "department", "", "another `department`")
			chooses(c, &access, "access", "", "how `much` it gives: full, limited or custom", "full", "limited", "custom")
			c.Flags().StringSliceVar(&sets, "permission-sets", nil, "the permission `sets` of custom access")
		},
	})
}

func (p *program) approveInvitation() *cobra.Command {
	var organization, reason, version string
	var yes bool
	c := p.inOrganization(&cobra.Command{
		Use: "approve EMAIL", Short: "Send an invitation that waits for an approval", Args: arguments("the invited address, or the invitation's id"),
		Long: "Shows what it gives, asks, and sends it: exactly that. Where the organization's file has invitations: {require_approval: true}, each waits for an approval; " +
			"nobody approves what they have asked for, or changed, themselves.",
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				var i api.Invitation
				if err := cl.call(c.Context(), http.MethodGet, path+"/invitations/"+url.PathEscape(args[0]), nil, nil, &i); err != nil {
					return err
				}
				if i.Version != "" {
					if ok, err := p.agreeOnInvitation(i, yes); !ok || err != nil {
						return err
					}
				}
				body := api.ApproveInvitationBody{WhyBody: api.WhyBody{Reason: reason}, Version: cmp.Or(version, i.Version, "none")}
				if err := cl.call(c.Context(), http.MethodPost, path+"/invitations/"+i.ID+"/approve", nil, body, &i); err != nil {
					return err
				}
				return p.invitationStands(i, true)
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	c.Flags().StringVar(&version, "version", "", "approve only this `version`, as `usher invitations show` printed it before")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// agreeOnInvitation shows an invitation, and asks.
func (p *program) agreeOnInvitation(i api.Invitation, yes bool) (bool, error) {
	if !p.json {
		if err := showInvitation(p.out, i); err != nil {
			return false, err
		}
	}
	return p.agree("Send it?", yes)
}

func (p *program) invitationVerb(v invitationVerb) *cobra.Command {
	var organization, reason string
	c := p.inOrganization(&cobra.Command{
		Use: v.name + " EMAIL", Short: v.short, Long: v.short + ". " + v.long, Args: arguments("the invited address, or the invitation's id"),
		RunE: func(c *cobra.Command, args []string) error {
			if v.needsReason && reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			var body any = api.WhyBody{Reason: reason}
			if v.body != nil {
				var err error
				if body, err = v.body(c, reason); err != nil {
					return err
				}
			}
			return p.within(c, organization, func(cl *client, path string) error {
				var i api.Invitation
				if err := cl.call(c.Context(), http.MethodPost, path+"/invitations/"+url.PathEscape(args[0])+"/"+v.name, nil, body, &i); err != nil {
					return err
				}
				return p.invitationStands(i, v.mails)
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	if v.flags != nil {
		v.flags(c)
	}
	return c
}

// invitationStands says in one line how an invitation stands after an act, which may have been one that mails the person.
func (p *program) invitationStands(i api.Invitation, mails bool) error {
	if p.json {
		return printJSON(p.out, i)
	}
	text := fmt.Sprintf("The invitation of %s as %s is %s", i.Email, i.Role, i.State)
	switch {
	case i.State == "awaiting_approval":
		text = fmt.Sprintf("The invitation of %s as %s waits for an admin's approval", i.Email, i.Role)
	case i.State == "pending" && i.Expires != nil:
		text += " until " + day(*i.Expires)
	}
	text += "."
	switch {
	case !mails:
	case i.Mail == string(directory.MailFailed):
		text += " Its letter was given up: " + strings.TrimSuffix(i.MailError, ".") + "."
	case i.Mail == string(directory.MailQueued) && i.MailError != "":
		text += " Its letter waits: " + strings.TrimSuffix(i.MailError, ".") + "."
	case i.Mail != "":
		text += " A letter is on its way; `usher mail list` shows it."
	}
	_, err := fmt.Fprintln(p.out, clean(text))
	return err
}
