package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
)

// operatorFile is the usual name of the operator's file.
const operatorFile = "usher.yaml"

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
				files = []string{operatorFile}
			}
			result := checked{Problems: []directory.Problem{}}
			read := map[string]bool{}
			for _, file := range files {
				file, err := configurationFile(file)
				if err != nil {
					return err
				}
				configuration, problems := app.ReadConfiguration(file, values)
				read[file] = true
				for _, problem := range problems {
					problem = placed(file, problem)
					read[problem.File] = true
					result.Problems = append(result.Problems, problem)
				}
				for _, policy := range configuration.Policies {
					for _, f := range policy.Files {
						read[placed(file, directory.Problem{Position: directory.Position{File: f.Name}}).File] = true
					}
				}
			}
			return p.showChecked(result, len(read), strict)
		},
	})
	c.Flags().StringVar(&values, "values", "", "a `file` with ids and addresses per environment, for ${value:NAME}")
	c.Flags().BoolVar(&strict, "strict", false, "exit with 2 for warnings too")
	return grouped(groupRun, c)
}

// configurationFile returns the file to check: the one that is named, or the operator's in the folder that is named.
func configurationFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, operatorFile)
		info, err = os.Stat(path)
	}
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder")
	}
	if err != nil {
		return "", &directory.Error{
			Kind: directory.NotFound, Err: err,
			Message: fmt.Sprintf("%s cannot be read; name the operator's file, or an organization's", path),
		}
	}
	return path, nil
}

// placed names the file of a problem as it is reached from the working directory. Problems name the files beside the
// operator's as that one does.
func placed(path string, problem directory.Problem) directory.Problem {
	beside := filepath.Join(filepath.Dir(path), filepath.FromSlash(problem.File))
	if problem.File == "" || filepath.IsAbs(problem.File) {
		return problem
	}
	if _, err := os.Stat(beside); err == nil {
		problem.File = filepath.ToSlash(beside)
	}
	return problem
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
