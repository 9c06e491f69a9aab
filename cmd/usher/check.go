package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
)

// checked is the result of a check.
type checked struct {
	OK       bool                `json:"ok"`
	Errors   int                 `json:"errors"`
	Warnings int                 `json:"warnings"`
	Problems []directory.Problem `json:"problems"`
}

func (p *program) check() *cobra.Command {
	var values string
	var strict bool
	c := p.printing(&cobra.Command{
		Use: "check [FILE...]", Short: "Check a configuration without starting",
		Long: "Reads usher.yaml with the organizations' files that it names, or single organizations' files, and shows everything that is wrong, each with file, line and what to do. The exit code is 2 when there are errors.",
		RunE: func(_ *cobra.Command, files []string) error {
			if len(files) == 0 {
				files = []string{"usher.yaml"}
			}
			result := checked{Problems: []directory.Problem{}}
			for _, file := range files {
				if _, err := os.Stat(file); err != nil {
					return &directory.Error{Kind: directory.NotFound, Message: "The file cannot be read", Err: err}
				}
				_, problems := app.ReadConfiguration(file, values)
				result.Problems = append(result.Problems, problems...)
			}
			return p.showChecked(result, len(files), strict)
		},
	})
	c.Flags().StringVar(&values, "values", "", "a `file` with ids and addresses per environment, for ${value:NAME}")
	c.Flags().BoolVar(&strict, "strict", false, "exit with 2 for warnings too")
	return grouped(groupRun, c)
}

func (p *program) showChecked(result checked, files int, strict bool) error {
	for _, problem := range result.Problems {
		if problem.Severity == directory.SeverityError {
			result.Errors++
		} else {
			result.Warnings++
		}
	}
	result.OK = result.Errors == 0
	if p.json {
		if err := printJSON(p.out, result); err != nil {
			return err
		}
	} else {
		for _, problem := range result.Problems {
			if _, err := fmt.Fprintln(p.out, clean(problem.String())); err != nil {
				return err
			}
		}
		_, _ = fmt.Fprintf(p.err, "%s, %s in %s\n", count(result.Errors, "error"), count(result.Warnings, "warning"), count(files, "file"))
	}
	if !result.OK || strict && result.Warnings > 0 {
		return findings{}
	}
	return nil
}

// count says how many there are of something.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
