// Command usher shows people to their places: it takes what identity providers push, decides by an organization's file
// who belongs where and why, and answers for it.
//
// Results go to standard output, everything else to standard error. The exit code is 0 when it is done, 1 when it failed,
// and 2 when a check has findings.
package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

func main() {
	if slices.Contains(os.Args[1:], "serve") { // before anything is begun that starting anew would lose
		lenientTimers()
	}
	os.Exit(start())
}

// start runs the command line of this process and returns its exit code.
func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
