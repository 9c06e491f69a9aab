package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

func (p *program) status() *cobra.Command {
	return grouped(groupAsk, p.remote(&cobra.Command{
		Use: "status", Short: "See which policies are in force, what waits, and what is wrong", Args: arguments(),
		Long: "Shows each organization's policy in force, the changes that wait, and what is wrong with the configuration. The exit code is 2 when something waits or is wrong.",
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c, func(cl *client) error {
				var s api.Status
				if err := cl.call(c.Context(), http.MethodGet, "/status", nil, nil, &s); err != nil {
					return err
				}
				if p.json {
					if err := printJSON(p.out, s); err != nil {
						return err
					}
				} else if err := p.showStatus(&s); err != nil {
					return err
				}
				attention := len(s.Problems) > 0
				for _, o := range s.Organizations {
					attention = attention || o.Waiting != nil || o.Holds > 0
				}
				if attention {
					return findings{}
				}
				return nil
			})
		},
	}))
}

func (p *program) showStatus(s *api.Status) error {
	line := func(format string, args ...any) error {
		_, err := fmt.Fprintln(p.out, clean(fmt.Sprintf(format, args...)))
		return err
	}
	for _, o := range s.Organizations {
		text := o.ID + ": no policy yet"
		if o.Policy != nil {
			text = fmt.Sprintf("%s: revision %d, in force since %s, by %s", o.ID, o.Policy.Revision, day(o.Policy.Activated), o.Policy.Actor)
			if note := policyNote(*o.Policy); note != "" {
				text += " (" + note + ")"
			}
		}
		if o.Jobs > 0 {
			text += fmt.Sprintf("; %s under way", count(o.Jobs, "job"))
		}
		if err := line("%s", text); err != nil {
			return err
		}
		if o.Holds > 0 {
			if err := line("  %s; see usher holds list", count(o.Holds, "hold")); err != nil {
				return err
			}
		}
		if w := o.Waiting; w != nil {
			if err := line("  waiting since %s: %s", day(w.Since), w.Why); err != nil {
				return err
			}
			if n := w.Counts; n != nil {
				if err := line("  it would change %s: joining %d, leaving %d, gaining %d, losing %d", count(n.Changed, "member"), n.Joining, n.Leaving, n.Gaining, n.Losing); err != nil {
					return err
				}
			}
		}
	}
	for _, problem := range s.Problems {
		if err := line("not in force: %s", problem); err != nil {
			return err
		}
	}
	return nil
}
