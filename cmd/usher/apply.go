package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/provision"
)

// spinEvery is how often a terminal sees that something goes on.
const spinEvery = 200 * time.Millisecond

// spin shows on a terminal that something takes its time, and returns what ends that.
func (p *program) spin(what string) func() {
	bar := p.begin(what, -1, false)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(spinEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				bar.add(1)
			case <-done:
				bar.end()
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

func (p *program) apply() *cobra.Command {
	var from candidateFlags
	var reason, saved string
	var yes, all bool
	c := p.inOrganization(&cobra.Command{
		Use: "apply [FILE]", Short: "Make a changed file the policy in force",
		Long: "Shows the plan of an organization's file, asks, and applies it: exactly what was shown, or nothing. " +
			"With --plan it takes a plan that was saved, and refuses when somebody would be changed otherwise by now.",
		Args: atMostOne("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			if saved == "" {
				return p.planned(c, from, args, all, func(cl *client, path string, it *savedPlan) error {
					return p.agreeAndApply(c, cl, path, it, reason, yes)
				})
			}
			if len(args) > 0 {
				return usagef("a saved plan has its file in it; give either --plan or FILE")
			}
			it, err := readPlan(saved)
			if err != nil {
				return err
			}
			return p.within(c, it.Organization, func(cl *client, path string) error {
				return p.agreeAndApply(c, cl, path, it, reason, yes)
			})
		},
	}, &from.organization)
	c.Flags().StringVar(&from.values, "values", "", "a `file` with ids and addresses per environment, for ${value:NAME}")
	c.Flags().StringVar(&saved, "plan", "", "the `file` of a plan that was saved")
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept with the policy and in the journal")
	c.Flags().BoolVar(&all, "all", false, "name everybody in each row, not only the first")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return grouped(groupChange, c)
}

// agreeAndApply shows a plan, asks, and applies it.
func (p *program) agreeAndApply(c *cobra.Command, cl *client, path string, it *savedPlan, reason string, yes bool) error {
	if !it.Plan.Same { // what is in force already needs no answer
		if !p.json {
			if err := p.showPlan(it, "text"); err != nil {
				return err
			}
		}
		if ok, err := p.agree("Apply this?", yes); !ok || err != nil {
			return err
		}
	}
	stop := p.spin("applying")
	var row api.Applied
	err := cl.call(c.Context(), http.MethodPost, path+"/policy/apply", nil, api.ApplyBody{CandidateBody: it.Candidate, Plan: it.Plan, Reason: reason}, &row)
	stop()
	if err != nil {
		return err
	}
	if p.json {
		return printJSON(p.out, applied{Policy: row.Policy, Counts: it.Plan.Counts, Unchanged: row.Unchanged})
	}
	if row.Unchanged {
		_, err = fmt.Fprintln(p.out, noChanges)
		return err
	}
	text := fmt.Sprintf("Revision %d is in force", row.Revision)
	if it.Plan.Counts.Changed > 0 {
		text += "; whom it changes is settled in the background"
	}
	_, err = fmt.Fprintln(p.out, text+".")
	return err
}

// applied is what applying came to.
type applied struct {
	Policy    api.Policy           `json:"policy"`
	Counts    provision.PlanCounts `json:"counts"`
	Unchanged bool                 `json:"unchanged,omitempty"` // it was in force already
}

// agree asks a person at a terminal; elsewhere only --yes agrees.
func (p *program) agree(question string, yes bool) (bool, error) {
	if yes {
		return true, nil
	}
	in, ok := p.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return false, usagef("nobody can be asked here; say --yes if you mean it")
	}
	if _, err := fmt.Fprint(p.err, question+" [y/N] "); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, nil
	}
	_, err = fmt.Fprintln(p.err, "Nothing was changed.")
	return false, err
}
