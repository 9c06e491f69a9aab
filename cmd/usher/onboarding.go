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

func (p *program) onboarding() *cobra.Command {
	var organization, department string
	var incomplete bool
	var done, back []string
	none, one := arguments(), arguments("the member's address or id")
	c := p.inOrganization(&cobra.Command{
		Use: "onboarding [EMAIL]", Short: "Show how far new people are, all of them or one",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return none(c, args)
			}
			return one(c, args)
		},
		Long: `Without an address it counts the active members by how far they are with what the organization's file asks of who is new, by
department, and shows which steps take longest. With --incomplete or --department it lists who is where. With an address it
shows that person's list, and which line of the file asks for what. The application reports what people have done; --done and
--take-back do so by hand.`,
		Example: "  usher onboarding\n  usher onboarding --incomplete --department engineering\n  usher onboarding ann@acme.com",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && (incomplete || department != "") {
				return usagef("--incomplete and --department are for the list; leave them out beside an address")
			}
			if len(args) == 0 && len(done)+len(back) > 0 {
				return usagef("--done and --take-back are about one person; say who")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				switch {
				case len(args) > 0:
					return p.memberOnboarding(c, cl, path+"/members/"+url.PathEscape(args[0])+"/onboarding", done, back)
				case incomplete || department != "":
					return p.onboardingList(c, cl, path, incomplete, department)
				}
				return p.onboardingSummary(c, cl, path)
			})
		},
	}, &organization)
	c.Flags().BoolVar(&incomplete, "incomplete", false, "list those who have not completed everything")
	c.Flags().StringVar(&department, "department", "", "list those of this `department`")
	c.Flags().StringSliceVar(&done, "done", nil, "note that the person has done this `step` or module")
	c.Flags().StringSliceVar(&back, "take-back", nil, "note that the person has not done this `step` or module after all")
	return grouped(groupAsk, c)
}

// memberOnboarding reports steps, if any, and prints how far a member is then.
func (p *program) memberOnboarding(c *cobra.Command, cl *client, path string, done, back []string) error {
	var m api.MemberOnboarding
	for _, step := range done {
		if err := cl.call(c.Context(), http.MethodPost, path+"/"+url.PathEscape(step), nil, nil, &m); err != nil {
			return err
		}
	}
	for _, step := range back {
		if err := cl.call(c.Context(), http.MethodDelete, path+"/"+url.PathEscape(step), nil, nil, &m); err != nil {
			return err
		}
	}
	if len(done)+len(back) == 0 {
		if err := cl.call(c.Context(), http.MethodGet, path, nil, nil, &m); err != nil {
			return err
		}
	}
	if p.json {
		return printJSON(p.out, m)
	}
	var b strings.Builder
	describeOnboarding(&b, &m)
	_, err := io.WriteString(p.out, clean(b.String()))
	return err
}

// describeOnboarding writes a member's list with ticks.
func describeOnboarding(b *strings.Builder, m *api.MemberOnboarding) {
	who := m.Email
	if m.Name != "" {
		who += " (" + m.Name + ")"
	}
	if len(m.Steps) == 0 && m.Completed == nil {
		fmt.Fprintf(b, "%s: nothing is asked\n", who)
		return
	}
	fmt.Fprintf(b, "%s: %s, %d of %d done, %d%%", who, words(m.State), m.Done, m.Total, m.Percent)
	if m.MinutesLeft > 0 {
		fmt.Fprintf(b, ", %s left", minutes(m.MinutesLeft))
	}
	b.WriteString("\n")
	if m.Completed != nil {
		fmt.Fprintf(b, "completed %s", day(*m.Completed))
		if m.Badge != nil {
			fmt.Fprintf(b, ", badge %s", m.Badge.Name)
		}
		b.WriteString("\n")
	}
	for i := range m.Steps {
		describeAsked(b, &m.Steps[i])
	}
}

func describeAsked(b *strings.Builder, s *api.OnboardingStep) {
	tick := " "
	if s.Done {
		tick = "x"
	}
	fmt.Fprintf(b, "  [%s] %s", tick, s.ID)
	var about []string
	if s.Minutes > 0 {
		about = append(about, minutes(s.Minutes))
	}
	if !s.Required {
		about = append(about, "optional")
	}
	if s.New {
		about = append(about, "new")
	}
	if len(about) > 0 {
		fmt.Fprintf(b, " (%s)", strings.Join(about, ", "))
	}
	if s.DoneAt != nil {
		fmt.Fprintf(b, ", %s", day(*s.DoneAt))
		if s.By != "" {
			fmt.Fprintf(b, " by %s", s.By)
		}
	}
	b.WriteString("\n")
	for _, from := range s.Sources {
		fmt.Fprintf(b, "      asked of %s, %s\n", from.Because, from.At)
	}
}

func minutes(n int) string {
	if n == 1 {
		return "1 minute"
	}
	return fmt.Sprintf("%d minutes", n)
}

// words turns a state into words.
func words(state string) string { return strings.ReplaceAll(state, "_", " ") }

func (p *program) onboardingList(c *cobra.Command, cl *client, path string, incomplete bool, department string) error {
	query := url.Values{"limit": {"500"}}
	setAll(query, "department", department)
	if incomplete {
		query.Set("incomplete", "true")
	}
	list, err := all[api.OnboardingStanding](c.Context(), cl, path+"/onboarding", query)
	if err != nil {
		return err
	}
	if p.json {
		return printJSON(p.out, list)
	}
	if len(list) == 0 {
		p.say("There is nobody like that of whom anything is asked.")
		return nil
	}
	rows := make([][]string, len(list))
	for i, o := range list {
		rows[i] = []string{o.Email, o.Department, words(o.State), fmt.Sprintf("%d/%d", o.Done, o.Total), fmt.Sprintf("%d%%", o.Percent), dayOf(o.Joined, ""), dayOf(o.Completed, "")}
	}
	return table(p.out, []string{"EMAIL", "DEPARTMENT", "STATE", "DONE", "SHARE", "JOINED", "COMPLETED"}, rows)
}

func (p *program) onboardingSummary(c *cobra.Command, cl *client, path string) error {
	var s api.OnboardingSummary
	if err := cl.call(c.Context(), http.MethodGet, path+"/onboarding/summary", nil, nil, &s); err != nil {
		return err
	}
	if p.json {
		return printJSON(p.out, s)
	}
	if len(s.Steps) == 0 {
		p.say("%s", nothingAsked(&s))
		return nil
	}
	rows := [][]string{{"all", fmt.Sprint(s.NotBegun), fmt.Sprint(s.UnderWay), fmt.Sprint(s.Complete)}}
	for _, d := range s.Departments {
		rows = append(rows, []string{d.Department, fmt.Sprint(d.NotBegun), fmt.Sprint(d.UnderWay), fmt.Sprint(d.Complete)})
	}
	if err := table(p.out, []string{"DEPARTMENT", "NOT BEGUN", "UNDER WAY", "COMPLETE"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, k := range s.Steps {
		asked := "required"
		if !k.Required {
			asked = "optional"
		}
		takes := ""
		if k.Done > 0 {
			takes = hours(k.Hours)
		}
		rows = append(rows, []string{k.ID, asked, fmt.Sprintf("%d of %d", k.Done, k.Asked), takes})
	}
	if _, err := fmt.Fprintln(p.out); err != nil {
		return err
	}
	return table(p.out, []string{"STEP", "ASKED", "DONE", "TAKES"}, rows)
}

// nothingAsked says why no step is asked of anybody.
func nothingAsked(s *api.OnboardingSummary) string {
	switch {
	case s.Declared == 0:
		return "Nothing is asked of anybody; `onboarding` in the organization's file says what is."
	case s.Active == 0:
		return "Nobody is active yet; " + count(s.Declared, "step") + " will be asked."
	}
	return "Nothing is asked of anybody who is active; " + count(s.Declared, "step") + " of the organization's file are for others."
}

// hours shows how long something takes, in the unit that fits.
func hours(h float64) string {
	switch {
	case h >= 48:
		return fmt.Sprintf("%.0f days", h/24)
	case h >= 1:
		return fmt.Sprintf("%.0f h", h)
	}
	return fmt.Sprintf("%.0f min", h*60)
}
