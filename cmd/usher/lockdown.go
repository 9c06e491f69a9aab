package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

func (p *program) lockdown() *cobra.Command {
	var reason string
	var off, yes bool
	c := p.remote(&cobra.Command{
		Use: "lockdown ORG", Short: "Sign everybody out and let nobody new in, for an incident; or end that", Args: arguments("the organization's id"),
		Long: "Ends every session of the organization at once. While the lockdown is on, members sign in anew, nobody joins by signing in, and " +
			"SCIM goes on. It asks first; --off ends it. `usher status` shows it. To keep one person out, `usher members suspend` them.",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.with(c, func(cl *client) error {
				path := "/organizations/" + url.PathEscape(args[0]) + "/lockdown"
				if off {
					return p.unlock(c, cl, path, args[0], reason)
				}
				return p.lock(c, cl, path, args[0], reason, yes)
			})
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	c.Flags().BoolVar(&off, "off", false, "end the lockdown")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return grouped(groupAsk, c)
}

func (p *program) lock(c *cobra.Command, cl *client, path, organization, reason string, yes bool) error {
	var now api.Lockdown // also says whether there is such an organization, before anybody is asked
	if err := cl.call(c.Context(), http.MethodGet, path, nil, nil, &now); err != nil {
		return err
	}
	if !now.On { // the server says by whom and since when it is
		if ok, err := p.agree("Sign everybody of "+clean(organization)+" out, and let nobody new in?", yes); !ok || err != nil {
			return err
		}
	}
	var done api.LockedDown
	if err := cl.call(c.Context(), http.MethodPost, path, nil, api.ReasonBody{Reason: reason}, &done); err != nil {
		return err
	}
	if p.json {
		return printJSON(p.out, done)
	}
	_, err := fmt.Fprintln(p.out, clean(fmt.Sprintf("%s is locked down: %s ended, and nobody joins by signing in. End it with: usher lockdown %s --off --reason WHY",
		organization, count(done.Ended, "session"), organization)))
	return err
}

func (p *program) unlock(c *cobra.Command, cl *client, path, organization, reason string) error {
	var now api.Lockdown
	if err := cl.call(c.Context(), http.MethodPost, path+"/end", nil, api.ReasonBody{Reason: reason}, &now); err != nil {
		return err
	}
	if p.json {
		return printJSON(p.out, now)
	}
	_, err := fmt.Fprintln(p.out, clean("The lockdown of "+organization+" is over; people of its domains join by signing in again."))
	return err
}
