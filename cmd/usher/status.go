package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

func (p *program) status() *cobra.Command {
	return grouped(groupAsk, p.remote(&cobra.Command{
		Use: "status", Short: "See which policies are in force, what waits, and what is wrong", Args: arguments(),
		Long: "Shows each organization's policy in force, the changes and people that wait, a lockdown, and what is wrong with the configuration or with signing in. The exit code is 2 when something waits or is wrong; a warning does not count.",
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c, func(cl *client) error {
				if cl.direct() {
					p.say("No server runs on %s; this is what its store says.", clean(p.data))
				}
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
					attention = attention || o.Waiting != nil || o.Holds > 0 || o.Approvals > 0 || o.Requests > 0 || o.Lockdown != nil || o.Mail.Failed > 0 ||
						slices.ContainsFunc(o.Findings, func(f api.SignInFinding) bool { return f.Weight == "problem" })
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
	var lines []string
	for i := range s.Organizations {
		lines = append(lines, organizationLines(&s.Organizations[i], len(s.Organizations) > 1)...)
	}
	for _, problem := range s.Problems {
		lines = append(lines, "not in force: "+problem)
	}
	lines = append(lines, s.Warnings...)
	for _, line := range lines {
		if _, err := fmt.Fprintln(p.out, clean(line)); err != nil {
			return err
		}
	}
	return nil
}

// organizationLines says how an organization stands: first its policy, then what somebody should see to. The commands that
// help name the organization where there are several.
func organizationLines(o *api.OrganizationStatus, several bool) []string {
	in := ""
	if several {
		in = " --organization " + o.ID
	}
	first := o.ID + ": no policy yet"
	if o.Policy != nil {
		first = fmt.Sprintf("%s: revision %d, in force since %s, by %s", o.ID, o.Policy.Revision, day(o.Policy.Activated), o.Policy.Actor)
		if note := policyNote(*o.Policy, ""); note != "" {
			first += " (" + note + ")"
		}
	}
	if o.Jobs > 0 {
		first += fmt.Sprintf("; %s under way", count(o.Jobs, "job"))
	}
	lines := []string{first}
	add := func(format string, args ...any) { lines = append(lines, "  "+fmt.Sprintf(format, args...)) }
	if o.Holds > 0 {
		add("%s; see usher holds list%s", count(o.Holds, "hold"), in)
	}
	if l := o.Lockdown; l != nil && l.Since != nil {
		add("locked down since %s, by %s: %s; nobody joins by signing in; end it with usher lockdown %s --off --reason WHY", day(*l.Since), l.Actor, l.Reason, o.ID)
	}
	if o.Approvals > 0 {
		add("%s for an approval; see usher members list --status awaiting%s", waiting(o.Approvals), in)
	}
	if n := o.Requests; n == 1 {
		add("1 request waits; see usher requests list%s", in)
	} else if n > 1 {
		add("%d requests wait; see usher requests list%s", n, in)
	}
	if n := o.Mail.Failed; n > 0 {
		add("%[1]s given up; see usher mail list --failed%[2]s, then usher mail retry --failed%[2]s --reason WHY, or usher mail drop --failed%[2]s --reason WHY", count(n, "mail"), in)
	}
	if n := o.Mail.Late; n > 0 {
		add("%[1]s late, and will be tried again; see usher mail list --waiting%[3]s, and usher mail retry --waiting%[3]s --reason WHY once the server is back: %[2]s", count(n, "mail"), o.Mail.Error, in)
	}
	if n := o.Mail.Waiting; n > 0 {
		add("%s waiting for another day: %s; see usher mail list --waiting%s", count(n, "mail"), o.Mail.Waits, in)
	}
	for _, f := range o.Findings {
		text := f.Weight + ": " + f.Text
		if f.Connection != "" {
			text = f.Connection + ", " + text
		}
		add("%s", text)
	}
	if f := o.File; f != nil && f.Changed {
		add("%s is another on disk than the server read at %s; SIGHUP has it read again", f.Name, second(f.Read))
	}
	if w := o.Waiting; w != nil {
		add("waiting since %s: %s", day(w.Since), strings.NewReplacer("`usher plan`", "`usher plan"+in+"`", "`usher apply`", "`usher apply"+in+"`").Replace(w.Why))
		if n := w.Counts; n != nil {
			add("it would change %s: joining %d, leaving %d, gaining %d, losing %d", count(n.Changed, "member"), n.Joining, n.Leaving, n.Gaining, n.Losing)
		}
	}
	return lines
}

func waiting(n int) string {
	if n == 1 {
		return "1 person waits"
	}
	return fmt.Sprintf("%d people wait", n)
}
