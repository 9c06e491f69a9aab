package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func init() { commands["slack"] = printSlack } //nolint:gochecknoinits // other systems have no such command

// printSlack does what `usher serve` does first, and prints the slack of a thread, whether the limit of open files is as it
// was, the process id, and the mark of a second start, which must be gone. Asked to, it removes its own file before.
func printSlack() {
	var before, after unix.Rlimit
	failed := unix.Getrlimit(unix.RLIMIT_NOFILE, &before)
	if path := os.Getenv("SLACK_REMOVE"); path != "" {
		failed = errors.Join(failed, os.Remove(path))
	}
	lenientTimers()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	failed = errors.Join(failed, err, unix.Getrlimit(unix.RLIMIT_NOFILE, &after))
	_, marked := os.LookupEnv(startedAnew)
	fmt.Print(time.Duration(slack), before == after, os.Getpid(), marked, failed)
}

func slackOf(t *testing.T, program string, chosen time.Duration, env ...string) (out string, pid int) {
	t.Helper()
	runtime.LockOSThread() // a process inherits from the thread that starts it
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(chosen), 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(usualSlack), 0, 0, 0) }() // as it did before
	cmd := &exec.Cmd{Path: program, Args: []string{"slack"}, Env: append(os.Environ(), env...)}
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text), cmd.Process.Pid
}

func TestTheServerHasLenientTimersUnlessSomebodyChose(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(t.TempDir(), "slack")
	if err := os.WriteFile(gone, content, 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, program string
		env           []string
		chosen, want  time.Duration
	}{
		{"the usual", program, nil, usualSlack, lenientSlack},
		{"a smaller one", program, nil, usualSlack / 5, usualSlack / 5},
		{"a larger one", program, nil, 2 * lenientSlack, 2 * lenientSlack},
		{"the usual, by the variable", program, []string{startedAnew + "="}, usualSlack, usualSlack},
		{"a program that cannot be started again", gone, []string{"SLACK_REMOVE=" + gone}, usualSlack, usualSlack},
	} {
		out, pid := slackOf(t, tt.program, tt.chosen, tt.env...)
		if want := fmt.Sprint(tt.want, true, pid, false, nil); out != want {
			t.Errorf("%s: it printed %q, want %q", tt.name, out, want)
		}
	}
}
