package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

// memberVerb is what an administrator does to a member by hand.
type memberVerb struct {
	name  string
	use   string
	short string
	long  string
	args  []string
	// body makes the request, from the reason and the arguments after the member.
	body func(reason string, args []string) (any, error)
	// flags adds flags of its own; nil for none.
	flags func(*cobra.Command)
}

func (p *program) memberVerbs() []*cobra.Command {
	person := []string{"the member's address or id"}
	plain := func(reason string, _ []string) (any, error) { return api.ReasonBody{Reason: reason}, nil }
	var connection string
	return []*cobra.Command{
		p.verb(memberVerb{
			name: "suspend", use: "suspend EMAIL", short: "Suspend a member", args: person, body: plain,
			long: "The suspension stays, whatever directories say, until the member is reactivated.",
		}),
		p.verb(memberVerb{
			name: "reactivate", use: "reactivate EMAIL", short: "Lift a suspension or removal by hand", args: person, body: plain,
			long: "The policy decides again what becomes of the person.",
		}),
		p.verb(memberVerb{
			name: "remove", use: "remove EMAIL", short: "Remove a member", args: person, body: plain,
			long: "The removal outlives every push until the member is reactivated.",
		}),
		p.verb(memberVerb{
			name: "approve", use: "approve EMAIL", short: "Let somebody in who asked to join by signing in", args: person, body: plain,
			long: "Where a domain has require_admin_approval, first-timers wait; `usher members list --status awaiting` shows them.",
		}),
		p.pin(person),
		p.verb(memberVerb{
			name: "unlink", use: "unlink EMAIL", short: "Take a directory record away from a member", args: person,
			long: "The record's person becomes one of their own, and is never linked to this member again by address.",
			body: func(reason string, _ []string) (any, error) {
				if connection == "" {
					return nil, usagef("say which record with --connection ID")
				}
				return api.UnlinkBody{ReasonBody: api.ReasonBody{Reason: reason}, Connection: connection}, nil
			},
			flags: func(c *cobra.Command) {
				c.Flags().StringVar(&connection, "connection", "", "the `id` of the connection whose record is not this person")
			},
		}),
		p.verb(memberVerb{
			name: "merge", use: "merge EMAIL OTHER", short: "Make another member's directory records this member's", args: append(person, "the other member's address or id"),
			long: "The other stays as a removed member that points to this one.",
			body: func(reason string, args []string) (any, error) {
				return api.MergeBody{ReasonBody: api.ReasonBody{Reason: reason}, Other: args[0]}, nil
			},
		}),
	}
}

func (p *program) pin(person []string) *cobra.Command {
	var role, length, until string
	var lift bool
	return p.verb(memberVerb{
		name: "pin", use: "pin EMAIL", short: "Fix a member's role over every rule, or lift that", args: person,
		long: "The role stays for a time (--for 30d), until a day or an instant (--until 2027-01-31), or until it is lifted (--lift).",
		body: func(reason string, _ []string) (any, error) {
			body := api.PinBody{ReasonBody: api.ReasonBody{Reason: reason}, Role: role}
			switch {
			case lift == (role != ""):
				return nil, usagef("give either --role ROLE to pin, or --lift to take the pin away")
			case lift && length+until != "", length != "" && until != "":
				return nil, usagef("a pin that is lifted has no end, and any other has one: --for or --until")
			case length+until == "":
				return body, nil
			}
			var err error
			body.Until, err = endOf(length, until)
			return body, err
		},
		flags: func(c *cobra.Command) {
			c.Flags().StringVar(&role, "role", "", "the `role` to pin")
			c.Flags().StringVar(&length, "for", "", "how `long`, as 30d; for good without it")
			c.Flags().StringVar(&until, "until", "", "until which `day` or instant")
			c.Flags().BoolVar(&lift, "lift", false, "take the pin away")
		},
	})
}

func (p *program) verb(v memberVerb) *cobra.Command {
	var organization, reason string
	c := p.inOrganization(&cobra.Command{
		Use: v.use, Short: v.short, Long: v.short + ". " + v.long, Args: arguments(v.args...),
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			body, err := v.body(reason, args[1:])
			if err != nil {
				return err
			}
			return p.within(c, organization, func(cl *client, path string) error {
				var m api.Member
				if err := cl.call(c.Context(), http.MethodPost, path+"/members/"+url.PathEscape(args[0])+"/"+v.name, nil, body, &m); err != nil {
					return err
				}
				return p.memberStands(m)
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	if v.flags != nil {
		v.flags(c)
	}
	return c
}

// memberStands says in one line how a member stands after an act, which a hold may keep back.
func (p *program) memberStands(m api.Member) error {
	role := ""
	if m.Role != "" {
		role = ", " + m.Role
	}
	var err error
	if p.json {
		err = printJSON(p.out, m)
	} else {
		_, err = fmt.Fprintln(p.out, clean(fmt.Sprintf("%s is %s%s.", heading(m), m.Status, role)))
	}
	if err != nil || len(m.Held) == 0 {
		return err
	}
	p.say("note: an effect on %s waits for a decision; `usher holds show %s` says what it waits for", clean(heading(m)), m.Held[0])
	return findings{}
}
