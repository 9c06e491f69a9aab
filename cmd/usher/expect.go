package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
)

func (p *program) holdsExpect() *cobra.Command {
	var organization, reason, until string
	var counts [4]int
	kinds := []struct{ flag, kind, doc string }{
		{"suspensions", "suspensions", "how `many` people may be suspended"},
		{"role-losses", "role_losses", "how `many` people may lose their role"},
		{"top-role-gains", "top_role_gains", "how `many` people may get the top role"},
		{"group-removals", "group_removals", "how `many` people may lose what a group gave them"},
	}
	c := p.inOrganization(&cobra.Command{
		Use: "expect", Short: "Let many pass for a time, before a planned layoff", Args: noArguments,
		Long: "Lets a number of distinct people pass a brake until an instant, at most 31 days ahead, beside those who pass anyway. " +
			"--until takes an instant (2027-01-31T18:00:00Z), a time of day here (18:00: today, or tomorrow when it is past), or a length (8h). " +
			"The number 0 withdraws what is expected: --suspensions 0.",
		Example: "  usher holds expect --suspensions 400 --until 18:00 --reason \"site closes\"\n  usher holds expect --suspensions 0 --reason \"called off\"",
		RunE: func(c *cobra.Command, _ []string) error {
			chosen := -1
			for i, k := range kinds {
				switch {
				case !c.Flags().Changed(k.flag):
				case chosen >= 0:
					return usagef("expect one kind at a time; give --%s alone", kinds[chosen].flag)
				case counts[i] < 0:
					return usagef("--%s %d makes no sense; give how many people, or 0 to withdraw what is expected", k.flag, counts[i])
				default:
					chosen = i
				}
			}
			if chosen < 0 {
				return usagef("say what to expect, as --suspensions 400; see `%s --help`", c.CommandPath())
			}
			body := api.ExpectBody{ReasonBody: api.ReasonBody{Reason: reason}, Kind: kinds[chosen].kind, Count: counts[chosen]}
			if body.Count > 0 {
				var err error
				if body.Until, err = untilWhen(until, time.Now()); err != nil {
					return err
				}
			} else if until != "" {
				return usagef("--%s 0 withdraws what is expected, at once; leave out --until", kinds[chosen].flag)
			}
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				var x api.Expected
				if err := cl.call(c.Context(), http.MethodPost, path+"/holds/expect", nil, body, &x); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, x)
				}
				_, err := fmt.Fprintln(p.out, expectedText(&x))
				return err
			})
		},
	}, &organization)
	for i, k := range kinds {
		c.Flags().IntVar(&counts[i], k.flag, 0, k.doc)
	}
	c.Flags().StringVar(&until, "until", "", "until `when`: an instant, a time of day, or a length")
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}

// expectedText says what is expected from now on.
func expectedText(x *api.Expected) string {
	kind := strings.ReplaceAll(x.Kind, "_", " ")
	if x.Count == 0 {
		return "Withdrawn: the brake on " + kind + " counts everybody again."
	}
	return fmt.Sprintf("Until %s, %d %s pass beside those who pass anyway.", day(x.Until), x.Count, kind)
}

// untilWhen reads an instant, a time of day where the command runs, or a length from now.
func untilWhen(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, usagef("say until when with --until, as --until 18:00")
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if clock, err := time.Parse("15:04", text); err == nil {
		at := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, now.Location())
		if !at.After(now) {
			at = time.Date(now.Year(), now.Month(), now.Day()+1, clock.Hour(), clock.Minute(), 0, 0, now.Location())
		}
		return at, nil
	}
	if length, err := config.ParseDuration(text); err == nil && length > 0 {
		return now.Add(length).Truncate(time.Second), nil
	}
	return time.Time{}, usagef("--until %q is no instant such as 2027-01-31T18:00:00Z, no time such as 18:00, and no length such as 8h", text)
}
