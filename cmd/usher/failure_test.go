package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
)

func TestEveryKindOfErrorFailsWithASentence(t *testing.T) {
	for _, kind := range directory.Kinds() {
		for name, err := range map[string]error{
			"here":       &directory.Error{Kind: kind, Message: "The thing is broken"},
			"the server": &api.Problem{Kind: kind.String(), Detail: "The thing is broken"},
		} {
			var out, stderr bytes.Buffer
			code := (&program{out: &out, err: &stderr}).exit(err)
			if code != exitFailed || out.Len() != 0 || stderr.String() != "usher: The thing is broken.\n" {
				t.Errorf("%v from %s: exit %d, %q on standard output, %q on standard error", kind, name, code, &out, &stderr)
			}
		}
	}
}

func TestExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
		says string
	}{
		"done":          {nil, exitDone, ""},
		"findings":      {findings{}, exitFindings, ""},
		"interrupted":   {context.Canceled, exitFailed, "Interrupted"},
		"foreign":       {errors.New("disk on fire"), exitFailed, "disk on fire"},
		"with cause":    {&directory.Error{Message: "It cannot be read", Err: errors.New("disk on fire")}, exitFailed, "It cannot be read: disk on fire."},
		"a file":        {&directory.Error{Message: "The file a.csv cannot be read", Err: &fs.PathError{Op: "open", Path: "a.csv", Err: errors.New("no room")}}, exitFailed, "usher: The file a.csv cannot be read: no room."},
		"another file":  {&directory.Error{Message: "The backup cannot be read", Err: &fs.PathError{Op: "open", Path: "a.db", Err: errors.New("no room")}}, exitFailed, "The backup cannot be read: open a.db: no room."},
		"configuration": {&app.ProblemsError{Problems: []directory.Problem{{Severity: directory.SeverityError, Message: "unknown key"}}}, exitFailed, "unknown key"},
	} {
		var stderr bytes.Buffer
		if code := (&program{err: &stderr}).exit(c.err); code != c.code || !strings.Contains(stderr.String(), c.says) || (c.says == "") != (stderr.Len() == 0) {
			t.Errorf("%s: exit %d, %q", name, code, &stderr)
		}
	}
}

func TestWhatDirectoriesSentCannotSteerTheTerminal(t *testing.T) {
	var out bytes.Buffer
	if err := table(&out, []string{"NAME"}, [][]string{{"\x1b]0;owned\x07 \u202egnp.exe\r\x9b2J"}}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.ContainsAny(text, "\x1b\x07\r\u202e\u009b") || !strings.Contains(text, "owned") {
		t.Errorf("printed %q", text)
	}
}

func TestCompanyIsTheSameEveryTimeAndNobodyIsTwice(t *testing.T) {
	people := company()
	if len(people) != companySize {
		t.Errorf("%d people", len(people))
	}
	seen := map[string]bool{}
	for i, e := range company() {
		if seen[e.userName] || e.userName != people[i].userName {
			t.Errorf("%s", e.userName)
		}
		seen[e.userName] = true
	}
}
