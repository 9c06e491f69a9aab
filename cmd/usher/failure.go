package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
)

// The exit codes.
const (
	exitDone     = 0
	exitFailed   = 1
	exitFindings = 2
)

// findings is the outcome of a command that worked and found something. It was printed already.
type findings struct{}

func (findings) Error() string { return "there are findings" }

// usageError is a command line that makes no sense.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// exit says what went wrong, in one sentence, and returns the exit code.
func (p *program) exit(err error) int {
	var problems *app.ProblemsError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, new(findings)):
		return exitFindings
	case errors.As(err, &problems):
		for _, problem := range problems.Problems {
			_, _ = fmt.Fprintln(p.err, clean(placed(problems.Path, problem).String()))
		}
		_, _ = fmt.Fprintf(p.err, "usher: The configuration cannot be used as it is. `usher check %[1]s` shows this without starting; --config names another file than %[1]s.\n", clean(problems.Path))
		return exitFailed
	}
	_, _ = fmt.Fprintln(p.err, "usher: "+sentence(err))
	return exitFailed
}

// causeOf is the cause of an error; of a file that the message names it is what is wrong with it alone.
func causeOf(err *directory.Error) error {
	var file *fs.PathError
	if errors.As(err.Err, &file) && strings.Contains(err.Message, file.Path) {
		return file.Err
	}
	return err.Err
}

// sentence is what a person reads of an error: the public sentence, and the cause of what went wrong in this process.
func sentence(err error) string {
	var public *directory.Error
	var problem *api.Problem
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		text = "Interrupted"
	case errors.As(err, &problem):
		text = problem.Detail
		if problem.Kind == directory.Internal.String() && problem.RequestID != "" {
			text += " (request " + problem.RequestID + ")"
		}
		for _, more := range problem.Errors[min(1, len(problem.Errors)):] {
			text += "\n  " + more
		}
	case errors.As(err, &public):
		text = public.Message
		if public.Err != nil && !strings.HasSuffix(text, ".") {
			text += ": " + causeOf(public).Error()
		}
	}
	text = clean(text)
	if last := text[max(0, len(text)-1):]; last != "." && last != "!" && last != "?" {
		text += "."
	}
	return text
}
