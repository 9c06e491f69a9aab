package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
)

func (p *program) policy() *cobra.Command {
	c := &cobra.Command{
		Use: "policy", Aliases: []string{"policies"}, Short: "See the policies that were in force, and go back to one", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.policyList(), p.policyShow(), p.policyDiff(), p.policyRollback())
	return grouped(groupChange, c)
}

func (p *program) policyList() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "list", Short: "List every policy that was in force", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				list, err := policies(c, cl, path)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, list)
				}
				texts := &revisions{c: c, cl: cl, path: path}
				var rows [][]string
				for i, x := range list {
					mark := ""
					if x.Active {
						mark = "in force"
					}
					changed := ""
					if i+1 < len(list) && i < changesNamed {
						changed = texts.settings(x, list[i+1])
					}
					rows = append(rows, []string{strconv.FormatUint(x.Revision, 10), second(x.Activated), x.Actor, short(x.Hash), mark, policyNote(x, changed)})
				}
				return table(p.out, []string{"REVISION", "FROM", "BY", "HASH", "", "NOTE"}, rows)
			})
		},
	}, &organization)
}

// shortHash is how many digits of a hash people see.
const shortHash = 12

func short(hash string) string { return hash[:min(len(hash), shortHash)] }

// policyNote says what there is to say of a revision; changed is what is known of the settings that it changed.
func policyNote(x api.Policy, changed string) string {
	var notes []string
	if x.Rollback > 0 {
		notes = append(notes, fmt.Sprintf("back to %d", x.Rollback))
	}
	if x.Settings && changed == "" {
		changed = settingsOf
	}
	if changed != "" {
		notes = append(notes, changed)
	}
	if x.Reason != "" {
		notes = append(notes, x.Reason)
	}
	return strings.Join(notes, "; ")
}

// settingsOf begins the note of a revision that differs from the one before it in settings of connections alone.
const settingsOf = "connections' settings"

// changesNamed is how many revisions of a list are compared with the one before.
const changesNamed = 50

// revisions reads the files of revisions, each once.
type revisions struct {
	c     *cobra.Command
	cl    *client
	path  string
	texts map[uint64][]directory.PolicyFile
}

func (r *revisions) files(revision uint64) ([]directory.PolicyFile, error) {
	if known, ok := r.texts[revision]; ok {
		return known, nil
	}
	x, err := policyText(r.c, r.cl, r.path, revision)
	if err != nil {
		return nil, err
	}
	files := make([]directory.PolicyFile, len(x.Texts))
	for i, f := range x.Texts {
		name, only := strings.CutSuffix(f.Name, api.OnlyConnections)
		files[i] = directory.PolicyFile{Name: name, Text: []byte(f.Text), Connections: only}
	}
	if r.texts == nil {
		r.texts = map[uint64][]directory.PolicyFile{}
	}
	r.texts[revision] = files
	return files, nil
}

// compare says what a revision says otherwise than another, and false where one cannot be read.
func (r *revisions) compare(from, to uint64) (app.PolicyChange, bool) {
	before, err := r.files(from)
	if err != nil {
		return app.PolicyChange{}, false
	}
	after, err := r.files(to)
	if err != nil {
		return app.PolicyChange{}, false
	}
	return app.ComparePolicies(before, after)
}

// settings says which settings of connections a revision changed that the configuration put in force by itself; "" where
// it changed more than those.
func (r *revisions) settings(x, before api.Policy) string {
	if !x.Settings && (x.Rollback > 0 || x.Actor != byConfiguration) {
		return ""
	}
	change, known := r.compare(before.Revision, x.Revision)
	switch {
	case !known || change.Decisions:
		return ""
	case len(change.Settings) == 0:
		return "comments or spacing alone"
	}
	return settingsOf + " (" + strings.Join(change.Settings, "; ") + ")"
}

// byConfiguration is the actor of what the server takes up from its configuration by itself.
const byConfiguration = "configuration"

// before returns the last revision that decided otherwise about people than the one in force: settings of connections and
// comments are nothing to go back to. What cannot be compared counts as different.
func (r *revisions) before(list []api.Policy) (uint64, error) {
	active, err := inForce(list)
	if err != nil {
		return 0, err
	}
	from := active
	for _, x := range list { // the newest first
		if x.Active && x.Rollback > 0 {
			from = x.Rollback // going back twice does not bring back what was left
		}
	}
	for _, x := range list {
		if x.Revision >= from {
			continue
		}
		if change, known := r.compare(x.Revision, active); !known || change.Decisions {
			return x.Revision, nil
		}
	}
	return 0, directory.Errorf(directory.NotFound, "There is no policy before the one in force that decides otherwise; `usher policy list` shows those there are.")
}

func policies(c *cobra.Command, cl *client, path string) ([]api.Policy, error) {
	list, err := all[api.Policy](c.Context(), cl, path+"/policies", nil)
	return list, err
}

func (p *program) policyShow() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "show [REVISION]", Short: "Print the text of a policy", Args: atMostOne("REVISION"),
		Long: "Prints the text of a revision, or of the one in force.",
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				list, err := policies(c, cl, path)
				if err != nil {
					return err
				}
				revision, err := revisionOf(args, 0, list, inForce)
				if err != nil {
					return err
				}
				x, err := policyText(c, cl, path, revision)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, x)
				}
				for i, f := range x.Texts {
					if len(x.Texts) > 1 {
						if _, err := fmt.Fprintf(p.out, "%s# %s\n", strings.Repeat("\n", min(i, 1)), clean(f.Name)); err != nil {
							return err
						}
					}
					if _, err := fmt.Fprint(p.out, clean(f.Text)); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}, &organization)
}

func policyText(c *cobra.Command, cl *client, path string, revision uint64) (api.PolicyText, error) {
	var x api.PolicyText
	err := cl.call(c.Context(), http.MethodGet, path+"/policies/"+strconv.FormatUint(revision, 10), nil, nil, &x)
	return x, err
}

// inForce returns the revision in force.
func inForce(list []api.Policy) (uint64, error) {
	for _, x := range list {
		if x.Active {
			return x.Revision, nil
		}
	}
	return 0, directory.Errorf(directory.NotFound, "There is no policy in force yet.")
}

// before returns the last revision that said something else than the one in force. Of one that goes back to another, it
// is the one before that other: going back twice does not bring back what was left.
func before(list []api.Policy) (uint64, error) {
	from, hash := uint64(0), ""
	for _, x := range list { // the newest first
		if x.Active {
			from, hash = x.Revision, x.Hash
			if x.Rollback > 0 {
				from = x.Rollback
			}
		}
		if hash != "" && x.Revision < from && x.Hash != hash {
			return x.Revision, nil
		}
	}
	return 0, directory.Errorf(directory.NotFound, "There is no policy before the one in force.")
}

// revisionOf reads a revision from the arguments, or takes the usual one.
func revisionOf(args []string, i int, list []api.Policy, usual func([]api.Policy) (uint64, error)) (uint64, error) {
	if len(args) <= i {
		return usual(list)
	}
	n, err := strconv.ParseUint(args[i], 10, 64)
	if err != nil || n == 0 {
		return 0, usagef("%q is no revision; `usher policy list` shows those there are", args[i])
	}
	return n, nil
}

func (p *program) policyDiff() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "diff [REVISION [REVISION]]", Short: "Compare two policies line by line", Args: cobra.MaximumNArgs(2),
		Long: "Compares two revisions; without the second, with the one in force; without any, the one in force with the one before it.",
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				list, err := policies(c, cl, path)
				if err != nil {
					return err
				}
				from, err := revisionOf(args, 0, list, before)
				if err != nil {
					return err
				}
				to, err := revisionOf(args, 1, list, inForce)
				if err != nil {
					return err
				}
				return p.showDiff(c, cl, path, from, to)
			})
		},
	}, &organization)
}

// policyDifference is a difference between two revisions.
type policyDifference struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	Diff string `json:"diff"` // unified
}

func (p *program) showDiff(c *cobra.Command, cl *client, path string, from, to uint64) error {
	old, err := policyText(c, cl, path, from)
	if err != nil {
		return err
	}
	now, err := policyText(c, cl, path, to)
	if err != nil {
		return err
	}
	texts := func(x api.PolicyText) (names []string, text map[string]string) {
		text = map[string]string{}
		for _, f := range x.Texts {
			names, text[f.Name] = append(names, f.Name), f.Text
		}
		return names, text
	}
	names, was := texts(old)
	more, is := texts(now)
	var b strings.Builder
	done := map[string]bool{}
	for _, name := range append(names, more...) {
		if !done[name] {
			b.Write(diff.Diff(fmt.Sprintf("%s (revision %d)", name, from), []byte(was[name]), fmt.Sprintf("%s (revision %d)", name, to), []byte(is[name])))
		}
		done[name] = true
	}
	if p.json {
		return printJSON(p.out, policyDifference{From: from, To: to, Diff: b.String()})
	}
	if b.Len() == 0 {
		_, err = fmt.Fprintln(p.out, "No difference.")
		return err
	}
	_, err = fmt.Fprint(p.out, clean(b.String()))
	return err
}

// revisionLine says which revision it is.
func revisionLine(x api.Policy) string {
	line := fmt.Sprintf("revision %d, of %s, by %s", x.Revision, second(x.Activated), x.Actor)
	if note := policyNote(x, ""); note != "" {
		line += " (" + note + ")"
	}
	return line + "."
}

func (p *program) policyRollback() *cobra.Command {
	var organization, reason string
	var yes bool
	c := p.inOrganization(&cobra.Command{
		Use: "rollback [REVISION]", Short: "Go back to a policy that was in force", Args: atMostOne("REVISION"),
		Long: "Shows the plan of an earlier revision, asks, and applies it; without a number, of the last one before it that decides otherwise than the one in force: " +
			"settings of connections and comments do not count, and the settings stay as they are. " +
			"It stays until the next `usher apply`, whatever the configuration says.",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept with the policy and in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				list, err := policies(c, cl, path)
				if err != nil {
					return err
				}
				it := &savedPlan{}
				texts := &revisions{c: c, cl: cl, path: path}
				if it.Candidate.Revision, err = revisionOf(args, 0, list, texts.before); err != nil {
					return err
				}
				if err := p.fetchPlan(c.Context(), cl, path, it, false); err != nil {
					return err
				}
				for _, x := range list {
					if x.Revision == it.Candidate.Revision {
						p.say("%s", clean("Going back to "+revisionLine(x)))
					}
				}
				return p.agreeAndApply(c, cl, path, it, reason, yes)
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept with the policy and in the journal")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}
