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

func (p *program) connectionsShow() *cobra.Command {
	return p.remote(&cobra.Command{
		Use: "show ID", Short: "Say exactly what to paste at the provider", Args: arguments("the connection's id"),
		Long: "Lists the fields of the provider's console in order, each with its value: for sign-in and for SCIM. docs/setup goes through them step by step.",
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c, func(cl *client) error {
				var s api.Setup
				if err := cl.call(c.Context(), http.MethodGet, "/connections/"+url.PathEscape(args[0])+"/setup", nil, nil, &s); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, s)
				}
				_, err := io.WriteString(p.out, clean(setupText(&s)))
				return err
			})
		},
	})
}

// setupText renders what to paste, grouped by where in the console it goes.
func setupText(s *api.Setup) string {
	var b strings.Builder
	if s.Protocol == "none" {
		undecided(&b, s)
	} else {
		fmt.Fprintf(&b, "%s of %s: %s, %s\n", s.Connection, s.Organization, s.Provider, s.Protocol)
	}
	where := ""
	for _, step := range s.Steps {
		if step.Where != where {
			where = step.Where
			fmt.Fprintf(&b, "\n%s\n", where)
		}
		value := strings.TrimSpace(step.Value)
		if strings.Contains(value, "\n") { // a certificate
			fmt.Fprintf(&b, "  %s:\n    %s\n", step.Field, strings.ReplaceAll(value, "\n", "\n    "))
			continue
		}
		fmt.Fprintf(&b, "  %-36s  %s\n", step.Field, value)
	}
	if s.Subject.SignIn == "" {
		fmt.Fprintf(&b, "\nA person is known for good by %s in SCIM, which is to hold %s.\n", s.Subject.SCIM, s.Subject.Source)
	} else {
		fmt.Fprintf(&b, "\nA person is known for good by %s when they sign in, and by %s in SCIM. Both are to hold the same: %s.\n",
			s.Subject.SignIn, s.Subject.SCIM, s.Subject.Source)
	}
	if len(s.Attributes) > 0 {
		b.WriteString("\nAttributes that are read, the first that is there\n")
		for _, a := range s.Attributes {
			fmt.Fprintf(&b, "  %-36s  %s\n", a.Field, strings.Join(a.Names, ", "))
		}
	}
	return b.String()
}

// undecided lists the addresses of a connection whose file does not say yet how people sign in.
func undecided(b *strings.Builder, s *api.Setup) {
	fmt.Fprintf(b, "%s of %s: %s\n\nThe organization's file does not say yet how people sign in by it. A provider that asks first gets, of these, what it asks for.\n",
		s.Connection, s.Organization, s.Provider)
	for _, row := range [][2]string{
		{"SAML: ACS", s.ACS},
		{"SAML: entity id, and our metadata", s.EntityID},
		{"SAML: single logout", s.SLO},
		{"OpenID Connect: redirect URI", s.RedirectURI},
		{"OpenID Connect: after signing out", s.SignedOut},
		{"OpenID Connect: back-channel logout", s.BackChannelLogout},
		{"a tile's address", s.Login},
	} {
		fmt.Fprintf(b, "  %-36s  %s\n", row[0], row[1])
	}
}

func (p *program) connectionsTest() *cobra.Command {
	return p.remote(&cobra.Command{
		Use: "test ID", Short: "Ask the provider for everything that a sign-in needs, and say what is wrong", Args: arguments("the connection's id"),
		Long: "Fetches the provider's metadata or configuration and its keys now, compares the clocks, and looks at certificates, the secret and our own address. " +
			"The exit code is 2 when sign-in does not work.",
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c, func(cl *client) error {
				stop := p.spin("asking the provider")
				var x api.Examination
				err := cl.call(c.Context(), http.MethodPost, "/connections/"+url.PathEscape(args[0])+"/test", nil, nil, &x)
				stop()
				if err != nil {
					return err
				}
				if p.json {
					err = printJSON(p.out, x)
				} else {
					_, err = io.WriteString(p.out, clean(findingsText(x.Findings)))
				}
				for _, f := range x.Findings {
					if err == nil && f.Weight == "problem" {
						err = findings{}
					}
				}
				return err
			})
		},
	})
}

// findingsText renders what was found, and whether people can sign in.
func findingsText(list []api.SignInFinding) string {
	var b strings.Builder
	times := map[string]int{}
	for _, f := range list {
		times[f.Weight]++
		fmt.Fprintf(&b, "%-8s %s\n", f.Weight, f.Text)
	}
	verdict := "As far as can be seen from here, people can sign in."
	if times["problem"] > 0 {
		verdict = "People cannot sign in."
	}
	fmt.Fprintf(&b, "\n%s, %s. %s\n", count(times["problem"], "problem"), count(times["warning"], "warning"), verdict)
	return b.String()
}

func (p *program) connectionsRotate() *cobra.Command {
	var reason string
	c := p.remote(&cobra.Command{
		Use: "rotate-key ID", Short: "Take the next step of changing the key by which we sign, without an interruption", Args: arguments("the connection's id"),
		Long: "There are three steps, and the provider follows in between: a new key is made and stands by; it signs; the former one is dropped. " +
			"Each run takes one, and says what has to happen before the next.",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.with(c, func(cl *client) error {
				var done api.Rotation
				if err := cl.call(c.Context(), http.MethodPost, "/connections/"+url.PathEscape(args[0])+"/rotate-key", nil, api.ReasonBody{Reason: reason}, &done); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, done)
				}
				_, err := fmt.Fprintln(p.out, clean(fmt.Sprintf("Step %d of 3. %s\nNext: %s", done.Step, done.Did, done.Next)))
				return err
			})
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	return c
}
