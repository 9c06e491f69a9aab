package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
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
	var strict, withoutSecrets bool
	c := p.remote(&cobra.Command{
		Use: "check [FILE...]", Short: "Check a configuration without starting",
		Long: "Reads usher.yaml with the organizations' files that it names, or single organizations' files, and shows everything that is wrong, " +
			"each with file, line and what to do: mistakes, tests that fail, rules that cannot match or never count. With --data or --server it " +
			"also compares the files with what the providers have pushed. A secret that usher.yaml does not place is an error; one that is not at its place " +
			"is a warning, which --without-secrets leaves out, for checks on machines that do not have the secrets. The exit code is 2 when there are errors.",
		RunE: func(c *cobra.Command, files []string) (err error) {
			k := checking{program: p, command: c, withoutSecrets: withoutSecrets, read: map[string]bool{}}
			if c.Flags().Changed("data") || p.server != "" {
				cl, err := p.connect(c.Context())
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, cl.close()) }()
				k.client = cl
			}
			if len(files) == 0 {
				files = []string{operatorFile}
			}
			for _, file := range files {
				if err := k.file(file, values); err != nil {
					return err
				}
			}
			return p.showChecked(k.result(), len(k.read), strict)
		},
	})
	c.Flags().StringVar(&values, "values", "", "a `file` with ids and addresses per environment, for ${value:NAME}")
	c.Flags().BoolVar(&strict, "strict", false, "exit with 2 for warnings too")
	c.Flags().BoolVar(&withoutSecrets, "without-secrets", false, "do not look whether the secrets are where usher.yaml says")
	return grouped(groupRun, c)
}

// checking collects what a check finds.
type checking struct {
	*program
	command  *cobra.Command
	client   *client // nil when the files are checked by themselves
	read     map[string]bool
	problems []directory.Problem

	withoutSecrets bool // they are not looked for
}

// file checks one file with those that it names.
func (k *checking) file(path, values string) error {
	path, err := configurationFile(path)
	if err != nil {
		return err
	}
	k.read[path] = true
	configuration, problems := app.ReadConfiguration(path, values)
	k.add(path, problems)
	if !k.withoutSecrets {
		k.add(path, configuration.AbsentSecrets())
	}
	for _, policy := range configuration.Policies {
		for _, f := range policy.Files {
			k.read[placed(path, directory.Problem{Position: directory.Position{File: f.Name}}).File] = true
		}
		if policy.Policy == nil || directory.Failed(problems) {
			continue // what did not read whole would fail its tests for that alone
		}
		found := append(mapping.Admissible(policy.Policy), policy.Policy.Lint(time.Now())...)
		k.add(path, config.Excerpts(found, policy.Files))
		if k.client == nil {
			continue
		}
		if found, err = k.compare(policy); err != nil {
			return err
		}
		k.add(path, found)
	}
	return nil
}

// compare asks the server what does not fit between a file and what was pushed.
func (k *checking) compare(policy app.Policy) ([]directory.Problem, error) {
	body := api.CheckBody{}
	for _, f := range policy.Files {
		body.Files = append(body.Files, api.PolicyFile{Name: f.Name, Text: string(f.Text)})
	}
	var answer api.Checked
	err := k.client.call(k.command.Context(), http.MethodPost, "/organizations/"+url.PathEscape(policy.Organization)+"/policy/check", nil, body, &answer)
	var unknown *api.Problem
	if errors.As(err, &unknown) && unknown.Kind == directory.NotFound.String() {
		_, _ = fmt.Fprintf(k.err, "The organization %s is new to the server; its file was checked by itself.\n", clean(policy.Organization))
		return nil, nil
	}
	problems := make([]directory.Problem, len(answer.Problems))
	for i := range answer.Problems {
		problems[i] = answer.Problems[i].Problem()
	}
	return problems, err
}

func (k *checking) add(path string, problems []directory.Problem) {
	for _, problem := range problems {
		problem = placed(path, problem)
		if problem.File != "" {
			k.read[problem.File] = true
		}
		k.problems = append(k.problems, problem)
	}
}

func (k *checking) result() checked {
	r := checked{Problems: append([]directory.Problem{}, config.Sort(k.problems)...)}
	for _, problem := range r.Problems {
		if problem.Severity == directory.SeverityError {
			r.Errors++
		} else {
			r.Warnings++
		}
	}
	r.OK = r.Errors == 0
	return r
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
