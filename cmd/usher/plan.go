package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// savedPlan is a plan in a file, with the candidate that it is of.
type savedPlan struct {
	Organization string            `json:"organization"`
	Candidate    api.CandidateBody `json:"candidate"`
	Plan         provision.Plan    `json:"plan"`
}

// candidateFlags name the files of a candidate.
type candidateFlags struct {
	organization string
	values       string
}

func (p *program) plan() *cobra.Command {
	var from candidateFlags
	var all bool
	var format, save string
	c := p.inOrganization(&cobra.Command{
		Use: "plan [FILE]", Short: "Show who would gain and lose what under a changed file",
		Long: "Evaluates an organization's file against everybody and shows who would gain and lose what, by rule. It changes nothing. " +
			"FILE is the organization's file, or a usher.yaml with --organization; without it, the plan is of what waits in the server's configuration. " +
			"The exit code is 0 when nobody would change, 2 when somebody would, and 1 when something went wrong.",
		Args: atMostOne("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.planned(c, from, args, all, func(_ *client, _ string, it *savedPlan) error {
				if save != "" {
					if err := writePlan(save, it); err != nil {
						return err
					}
					p.say("The plan is in %s, valid until %s.", save, second(it.Plan.ValidUntil))
				}
				if err := p.showPlan(it, format); err != nil {
					return err
				}
				if it.Plan.Empty() {
					return nil
				}
				return findings{}
			})
		},
	}, &from.organization)
	c.Flags().StringVar(&from.values, "values", "", "a `file` with ids and addresses per environment, for ${value:NAME}")
	c.Flags().BoolVar(&all, "all", false, "name everybody in each row, not only the first")
	chooses(c, &format, "format", "text", "the `form`: text, or markdown for a comment on a pull request", "text", "markdown")
	c.Flags().StringVar(&save, "save", "", "write the plan into a `file`, for usher apply --plan")
	return grouped(groupChange, c)
}

// atMostOne checks that there is at most one argument.
func atMostOne(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usagef("`%s` takes one %s; see `%s --help`", c.CommandPath(), name, c.CommandPath())
		}
		return nil
	}
}

// planned makes the plan of a file, or of what waits, and hands it on with who made it.
func (p *program) planned(c *cobra.Command, from candidateFlags, args []string, all bool, then func(*client, string, *savedPlan) error) error {
	candidate := api.CandidateBody{}
	organization := from.organization
	if len(args) == 1 {
		var err error
		if organization, candidate.Files, err = candidateFiles(args[0], from); err != nil {
			return err
		}
	}
	return p.within(c, organization, func(cl *client, path string) error {
		it := &savedPlan{Candidate: candidate}
		if err := p.fetchPlan(c.Context(), cl, path, it, all); err != nil {
			return err
		}
		if len(args) == 0 {
			if err := p.sayWhichFile(c, cl, it.Organization); err != nil {
				return err
			}
		}
		return then(cl, path, it)
	})
}

// sayWhichFile says what a plan without a file is of.
func (p *program) sayWhichFile(c *cobra.Command, cl *client, organization string) error {
	if cl.direct() {
		p.say("No server runs on %s, and so no changed file waits: this is the policy in force. To plan a file, name it: %s FILE", clean(p.data), c.CommandPath())
		return nil
	}
	var s api.Status
	if err := cl.call(c.Context(), http.MethodGet, "/status", nil, nil, &s); err != nil {
		return err
	}
	for i := range s.Organizations {
		if f := s.Organizations[i].File; f != nil && s.Organizations[i].ID == organization {
			p.say("This is %s as the server read it at %s.", clean(f.Name), second(f.Read))
			if f.Changed {
				p.say("note: the file on the server's disk is another by now; send the server SIGHUP to have it read, or name the file: %s FILE", c.CommandPath())
			}
		}
	}
	return nil
}

// fetchPlan asks for the plan of a candidate, and shows on a terminal that it takes its time.
func (p *program) fetchPlan(ctx context.Context, cl *client, path string, it *savedPlan, all bool) error {
	body := api.PlanBody{CandidateBody: it.Candidate}
	if all {
		everybody := -1
		body.People = &everybody
	}
	stop := p.spin("planning")
	defer stop()
	if err := cl.call(ctx, http.MethodPost, path+"/policy/plan", nil, body, &it.Plan); err != nil {
		return err
	}
	it.Organization = it.Plan.Organization
	return nil
}

// candidateFiles reads the files of one organization's policy. What is wrong with them is a *app.ProblemsError.
func candidateFiles(file string, from candidateFlags) (string, []api.PolicyFile, error) {
	file, err := configurationFile(file)
	if err != nil {
		return "", nil, err
	}
	configuration, problems := app.ReadConfiguration(file, from.values)
	if directory.Failed(problems) {
		return "", nil, &app.ProblemsError{Path: file, Problems: problems}
	}
	var chosen *app.Policy
	var ids []string
	for i := range configuration.Policies {
		policy := &configuration.Policies[i]
		ids = append(ids, policy.Organization)
		if from.organization == "" && len(configuration.Policies) == 1 || policy.Organization == from.organization {
			chosen = policy
		}
	}
	switch {
	case chosen == nil && from.organization == "":
		return "", nil, usagef("%s has several organizations, %s; name one with --organization", file, strings.Join(ids, ", "))
	case chosen == nil:
		return "", nil, usagef("%s does not have the organization %q; it has %s", file, from.organization, strings.Join(ids, ", "))
	}
	files := make([]api.PolicyFile, len(chosen.Files))
	for i, f := range chosen.Files {
		files[i] = api.PolicyFile{Name: f.Name, Text: string(f.Text)}
	}
	return chosen.Organization, files, nil
}

func writePlan(path string, it *savedPlan) error {
	text, err := json.Marshal(it)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return &directory.Error{Kind: directory.Invalid, Message: "The plan cannot be saved", Err: err}
	}
	return nil
}

func readPlan(path string) (*savedPlan, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &directory.Error{Kind: directory.Invalid, Message: "The plan cannot be read", Err: err}
	}
	var it savedPlan
	if err := json.Unmarshal(text, &it); err != nil || it.Organization == "" || it.Plan.Hash == "" {
		return nil, directory.Errorf(directory.Invalid, "%s is no plan of `usher plan --save`.", path)
	}
	return &it, nil
}

// What people see where a file is in force already, and where it is another that changes nobody.
const (
	noChanges = "No changes."
	nobody    = "Nobody would gain or lose anything. The file differs from what is in force, and `usher apply` puts it in force."
	alike     = "Nobody would gain or lose anything. The revision differs from what is in force all the same."
)

// showPlan prints a plan.
func (p *program) showPlan(it *savedPlan, format string) error {
	plan := &it.Plan
	switch {
	case p.json:
		return printJSON(p.out, plan)
	case plan.Empty():
		text := nobody
		if plan.Same {
			text = noChanges
		} else if it.Candidate.Revision > 0 {
			text = alike
		}
		_, err := fmt.Fprintln(p.out, text)
		return errors.Join(err, planProblems(p.out, plan))
	case format == "markdown":
		return planMarkdown(p.out, plan)
	}
	return planText(p.out, plan)
}

func planText(w io.Writer, plan *provision.Plan) error {
	var b strings.Builder
	heading := ""
	for i := range plan.Rows {
		row := &plan.Rows[i]
		if h := rowHeading(row); h != heading {
			if heading != "" {
				b.WriteByte('\n')
			}
			heading = h
			b.WriteString(h + "\n")
		}
		fmt.Fprintf(&b, "  %s  %s: %s\n", rowSign(row), rowChange(row), rowPeople(row))
	}
	b.WriteString("\n" + planSummary(plan) + "\n")
	if _, err := io.WriteString(w, clean(b.String())); err != nil {
		return err
	}
	return planProblems(w, plan)
}

// cell makes a text harmless in a cell of a Markdown table: names come from directories.
func cell(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r':
			b.WriteByte(' ')
		case strings.ContainsRune("\\`*_[]<>!|~@&", r):
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// planMarkdown writes a plan as a comment on a pull request shows it.
func planMarkdown(w io.Writer, plan *provision.Plan) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Plan for %s\n\n%s\n\n| by | change | people | who |\n|---|---|---:|---|\n", plan.Organization, cell(planSummary(plan)))
	for i := range plan.Rows {
		row := &plan.Rows[i]
		var who []string
		for _, person := range row.People {
			who = append(who, person.Name())
		}
		if more := row.Count - len(who); more > 0 {
			who = append(who, fmt.Sprintf("and %d more", more))
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", cell(rowHeading(row)), cell(rowChange(row)), row.Count, cell(strings.Join(who, ", ")))
	}
	if _, err := io.WriteString(w, clean(b.String())); err != nil {
		return err
	}
	return planProblems(w, plan)
}

func planProblems(w io.Writer, plan *provision.Plan) error {
	for _, problem := range plan.Problems {
		if _, err := fmt.Fprintln(w, clean("Could not be decided: "+problem)); err != nil {
			return err
		}
	}
	return nil
}

// rowHeading names what decides: the rule with its place, or what else it is.
func rowHeading(row *provision.PlanRow) string {
	if row.Source == "" {
		return "what names allow"
	}
	text := decidedBy(api.Reason{Source: row.Source, Rule: row.Rule})
	if row.At != "" {
		text += " (" + row.At + ")"
	}
	return text
}

func rowSign(row *provision.PlanRow) string {
	switch {
	case row.Field == "status" && row.After != string(directory.StatusActive) && row.After != string(directory.StatusInvited), row.After == "" && row.Before != "":
		return "-"
	case row.Source == "":
		return "~"
	case row.Before == "", row.Field == "status":
		return "+"
	}
	return "~"
}

// rowChange says what changes, in words.
func rowChange(row *provision.PlanRow) string {
	noun := map[string]string{"teams": "team", "permission_sets": "permission set", "spaces": "space", "projects": "project"}[row.Field]
	switch {
	case row.Field == "status" && row.After == string(directory.StatusActive):
		return "becomes an active member"
	case row.Field == "status" && row.After == string(directory.StatusNone):
		return "is no member any more"
	case row.Field == "status":
		return "is " + row.After
	case row.Field == "permission_set_values":
		return "the permission set " + row.After + " allows something else"
	case row.Field == "role_permissions":
		return "the role " + row.After + " permits something else"
	case row.Before == "" && row.After == "":
		return "another " + row.Field
	case noun != "" && row.Before == "":
		return "gains the " + noun + " " + row.After
	case noun != "":
		return "loses the " + noun + " " + row.Before
	case row.Before == "":
		return row.Field + " " + row.After
	case row.After == "":
		return "no " + row.Field + ", was " + row.Before
	}
	return row.Field + " " + row.Before + " → " + row.After
}

func rowPeople(row *provision.PlanRow) string {
	var names []string
	for _, person := range row.People {
		names = append(names, person.Name())
	}
	text := strings.Join(names, ", ")
	if more := row.Count - len(names); more > 0 {
		text = fmt.Sprintf("%d people, %s and %d more", row.Count, text, more)
	}
	return text
}

// planSummary is the last line of a plan.
func planSummary(plan *provision.Plan) string {
	n := plan.Counts
	text := fmt.Sprintf("%d of %d people change: joining %d, leaving %d, gaining %d, losing %d.", n.Changed, plan.People, n.Joining, n.Leaving, n.Gaining, n.Losing)
	if plan.Ends != nil {
		text += fmt.Sprintf("\nValid until %s: %s then.", second(plan.ValidUntil), plan.Ends.What)
	}
	return text
}
