package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func init() { commands["slack"] = printSlack } //nolint:gochecknoinits // other systems have no such command

// printSlack does what `usher serve` does first, and prints the slack of a thread, the process id, and the mark of a second
// start, which must be gone.
func printSlack() {
	lenientTimers()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	fmt.Print(time.Duration(slack), err, os.Getpid(), os.Getenv(startedAnew))
}

func TestTheServerHasLenientTimersUnlessSomebodyChose(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // a process inherits from the thread that starts it
	defer runtime.UnlockOSThread()
	defer func() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(usualSlack), 0, 0, 0) }() // as it did before
	for _, tt := range []struct{ chosen, want time.Duration }{
		{usualSlack, lenientSlack},
		{usualSlack / 5, usualSlack / 5},
		{2 * lenientSlack, 2 * lenientSlack},
	} {
		if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(tt.chosen), 0, 0, 0); err != nil {
			t.Fatal(err)
		}
		cmd := &exec.Cmd{Path: program, Args: []string{"slack"}}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint(tt.want, nil, cmd.Process.Pid, ""); string(out) != want {
			t.Errorf("started with a slack of %v it printed %q, want %q", tt.chosen, out, want)
		}
	}
}
