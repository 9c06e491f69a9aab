package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/invite"
)

func (p *program) invitationsImport() *cobra.Command {
	var organization, reason string
	var dryRun, atomic bool
	c := p.inOrganization(&cobra.Command{
		Use: "import FILE", Short: "Invite everybody in a CSV file", Args: arguments("the file, or - for what comes in"),
		Long: "Takes email,role,department,message, or email,first_name,last_name,role,department,manager_email, in UTF-8, separated by commas, semicolons or tabs; " +
			"at most 100,000 rows. A bad row is reported with its line and column, and the good ones go in; with --atomic, nobody is invited then. " +
			"The same file twice invites nobody twice. It exits with 2 when rows were bad.",
		RunE: func(c *cobra.Command, args []string) error {
			open, err := p.reopen(c.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			return p.within(c, organization, func(cl *client, path string) error {
				bar := p.begin("people", -1, false)
				note := ""
				run := &invite.Import{Open: open, Invite: inviter(cl, path, reason, &note), DryRun: dryRun, Atomic: atomic, Progress: bar.add}
				report, err := run.Run(c.Context())
				bar.end()
				if note != "" {
					defer p.say("note: %s", clean(note))
				}
				return p.imported(report, err, args[0])
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what each row would do, and change nothing")
	c.Flags().BoolVar(&atomic, "atomic", false, "invite nobody when a row is bad")
	return c
}

// reopen returns how a file is opened, more than once; what comes in by a pipe is kept for that.
func (p *program) reopen(in io.Reader, name string) (func() (io.ReadCloser, error), error) {
	if name != "-" {
		return func() (io.ReadCloser, error) {
			file, err := os.Open(name)
			if err != nil {
				return nil, &directory.Error{Kind: directory.Invalid, Message: fmt.Sprintf("The file %s cannot be read", name), Err: err}
			}
			if info, err := file.Stat(); err == nil && info.IsDir() {
				_ = file.Close() // nothing was read
				return nil, directory.Errorf(directory.Invalid, "%s is a directory; name a CSV file.", name)
			}
			return file, nil
		}, nil
	}
	content, err := io.ReadAll(io.LimitReader(in, invite.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }, nil
}

// inviter invites people by the REST interface, and leaves in note what there is to know of all of them.
func inviter(cl *client, path, reason string, note *string) func(context.Context, []invite.Person, bool) ([]invite.Outcome, error) {
	return func(ctx context.Context, people []invite.Person, dryRun bool) ([]invite.Outcome, error) {
		body := api.InviteBody{Reason: reason, DryRun: dryRun}
		for _, one := range people {
			body.People = append(body.People, api.Invitee{
				Email: one.Email, FirstName: one.FirstName, LastName: one.LastName, Role: one.Role, Department: one.Department, Manager: one.Manager, Message: one.Message,
			})
		}
		var list api.InvitedList
		if err := cl.call(ctx, http.MethodPost, path+"/invitations", nil, body, &list); err != nil {
			return nil, err
		}
		*note = cmp.Or(*note, list.Note)
		if len(list.Results) != len(people) {
			return nil, directory.Errorf(directory.Unavailable, "The server answered for %d of %d people.", len(list.Results), len(people))
		}
		out := make([]invite.Outcome, len(people))
		for n, r := range list.Results {
			out[n] = invite.Outcome{Code: r.Result, Field: r.Field, Message: r.Problem}
			if r.Result == "invited" && r.Role != people[n].Role {
				out[n].Message = "as " + r.Role + ": rules or limits of the organization allow no more than that"
			}
			if r.Note != "" {
				out[n].Message = strings.TrimSpace(out[n].Message + " (" + strings.TrimSuffix(r.Note, ".") + ")")
			}
		}
		return out, nil
	}
}

// imported prints what became of a file.
func (p *program) imported(report *invite.Report, failed error, name string) error {
	var problem *invite.RowError
	if errors.As(failed, &problem) {
		return &directory.Error{Kind: directory.Invalid, Message: name + ": " + problem.Error()}
	}
	if failed != nil && report.Rows == 0 {
		return failed // before anything was read that could be told of
	}
	if p.json {
		if err := p.printReport(report); err != nil {
			return err
		}
	} else if err := p.showReport(report, name); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if len(report.Problems) > 0 {
		return findings{}
	}
	return nil
}

func (p *program) printReport(report *invite.Report) error {
	whole := struct {
		*invite.Report
		Outcomes []invite.Outcome `json:"outcomes"`
	}{report, []invite.Outcome{}}
	for o, err := range report.Outcomes() {
		if err != nil {
			return err
		}
		whole.Outcomes = append(whole.Outcomes, o)
	}
	return printJSON(p.out, whole)
}

func (p *program) showReport(report *invite.Report, name string) error {
	for o, err := range report.Outcomes() {
		if err != nil {
			return err
		}
		if !report.DryRun && o.Message == "" {
			continue
		}
		text := fmt.Sprintf("%s:%d: %s: %s", name, o.Line, o.Email, strings.ReplaceAll(o.Code, "_", " "))
		if o.Message != "" {
			text += " " + o.Message
		}
		if _, err := fmt.Fprintln(p.out, clean(text)); err != nil {
			return err
		}
	}
	for _, bad := range report.Problems {
		p.say("%s: %s", name, clean(bad.Error()))
	}
	_, err := fmt.Fprintln(p.out, reportLine(report))
	return err
}

// reportLine counts what became of the rows.
func reportLine(report *invite.Report) string {
	var parts []string
	for _, code := range []string{"invited", "awaiting_approval", "already_member", "already_invited"} {
		if n := report.Counts[code]; n > 0 && !report.Withheld {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(code, "_", " ")))
		}
	}
	if n := len(report.Problems); n > 0 {
		parts = append(parts, fmt.Sprintf("%d bad", n))
	}
	text := fmt.Sprintf("%s: %s.", count(report.Rows, "row"), strings.Join(parts, ", "))
	if len(parts) == 0 {
		text = "0 rows."
	}
	switch {
	case report.Withheld:
		text += " Nobody was invited."
	case report.DryRun:
		text += " Nothing was changed."
	}
	return text
}
