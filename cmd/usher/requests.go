package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

func (p *program) requests() *cobra.Command {
	c := &cobra.Command{
		Use: "requests", Aliases: []string{"request"}, Short: "See what members ask to be allowed, and answer", Args: noArguments,
		Long: "What a permission set gives as admin_approval can be asked for. The application asks on the member's behalf; an admin approves it for a time, or refuses it.",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.requestsList(), p.requestsAsk(), p.requestsApprove(), p.requestsRefuse(), p.requestsEnd())
	return grouped(groupAsk, c)
}

func (p *program) requestsList() *cobra.Command {
	var organization, state string
	c := p.inOrganization(&cobra.Command{
		Use: "list", Short: "List what members ask for, the newest first", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{"limit": {"500"}}
			setAll(query, "state", state)
			return p.within(c, organization, func(cl *client, path string) error {
				requests, err := all[api.PermissionRequest](c.Context(), cl, path+"/requests", query)
				switch {
				case err != nil:
					return err
				case p.json:
					return printJSON(p.out, requests)
				case len(requests) == 0:
					p.say("%s", noRequests(state))
					return nil
				}
				rows := make([][]string, len(requests))
				for i, r := range requests {
					rows[i] = []string{r.ID, r.Email, r.Permission, r.State, day(r.At), dayOf(r.Until, ""), r.DecidedBy, r.Reason}
				}
				return table(p.out, []string{"ID", "MEMBER", "PERMISSION", "STATE", "ASKED", "UNTIL", "ANSWERED BY", "WHY"}, rows)
			})
		},
	}, &organization)
	chooses(c, &state, "state", "", "only those in this `state`: waiting, approved, refused or ended",
		directory.RequestWaiting, directory.RequestApproved, directory.RequestRefused, directory.RequestEnded)
	return c
}

// noRequests says that there is no request in a state, "" for any.
func noRequests(state string) string {
	if state == "" || state == directory.RequestWaiting {
		return "Nobody asks for anything."
	}
	return "There is no " + state + " request."
}

func (p *program) requestsAsk() *cobra.Command {
	var organization, reason string
	c := p.inOrganization(&cobra.Command{
		Use: "ask EMAIL PERMISSION", Short: "Ask for a permission on a member's behalf", Args: arguments("the member's address or id", "the permission, such as agents.create"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.requested(c, organization, "/members/"+url.PathEscape(args[0])+"/requests", api.AskBody{Permission: args[1], Reason: reason})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why` the member asks")
	return c
}

func (p *program) requestsApprove() *cobra.Command {
	var organization, reason, length string
	c := p.inOrganization(&cobra.Command{
		Use: "approve ID", Short: "Allow what a member asked for, for a time", Args: arguments("the request's id"),
		Long: "Allows what a member asked for, for a time (--for 30d), after which it ends by itself.",
		RunE: func(c *cobra.Command, args []string) error {
			if length == "" {
				return usagef("say for how long with --for, as 30d")
			}
			if err := lengthFlag("--for", length); err != nil {
				return err
			}
			body := api.ApproveRequestBody{WhyBody: api.WhyBody{Reason: reason}, For: length}
			return p.requested(c, organization, "/requests/"+url.PathEscape(args[0])+"/approve", body)
		},
	}, &organization)
	c.Flags().StringVar(&length, "for", "", "how `long`, as 30d")
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}

func (p *program) requestsRefuse() *cobra.Command {
	var organization, reason string
	c := p.inOrganization(&cobra.Command{
		Use: "refuse ID", Short: "Decline what a member asked for", Args: arguments("the request's id"),
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.requested(c, organization, "/requests/"+url.PathEscape(args[0])+"/refuse", api.ReasonBody{Reason: reason})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; the application can show it to the member")
	return c
}

func (p *program) requestsEnd() *cobra.Command {
	var organization, reason string
	c := p.inOrganization(&cobra.Command{
		Use: "end ID", Short: "Take back what was approved, before its end", Args: arguments("the request's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.requested(c, organization, "/requests/"+url.PathEscape(args[0])+"/end", api.WhyBody{Reason: reason})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}

// requested sends something about a request, and says how it stands then.
func (p *program) requested(c *cobra.Command, organization, path string, body any) error {
	return p.within(c, organization, func(cl *client, base string) error {
		var r api.PermissionRequest
		if err := cl.call(c.Context(), http.MethodPost, base+path, nil, body, &r); err != nil {
			return err
		}
		if p.json {
			return printJSON(p.out, r)
		}
		text := fmt.Sprintf("%s of %s is %s", r.Permission, r.Email, r.State)
		if r.Until != nil && r.State == "approved" {
			text += " until " + day(*r.Until)
		}
		_, err := fmt.Fprintln(p.out, clean(text+". Request "+r.ID+"."))
		return err
	})
}
