package main

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// usualSlack is the timer slack that Linux gives to who did not ask for another one.
	usualSlack = 50 * time.Microsecond

	// lenientSlack is how late the kernel may wake a thread of the server by a timer.
	lenientSlack = 500 * time.Microsecond

	// startedAnew is the variable that marks the second start, so that there is no third.
	startedAnew = "USHER_STARTED_ANEW"
)

// lenientTimers lets the kernel wake this process's threads by timers up to lenientSlack late. Go's monitor thread asks to
// be woken every 20 µs while a request waits for the disk, which is a fifth of the processor time of a lone push
// (docs/decisions/0012). A thread's slack is that of the one that started it (PR_SET_TIMERSLACK in prctl(2)), and the
// monitor starts before main: so the process starts anew, under the same id. Whoever chose a slack, as systemd's
// TimerSlackNSec= does, keeps it, unless it is the usual one; and where this is not possible everything goes on as it is.
// Whoever sets the variable of the second start keeps the usual one too.
func lenientTimers() {
	if _, again := os.LookupEnv(startedAnew); again {
		_ = os.Unsetenv(startedAnew) // of a variable that is there it cannot fail
		return
	}
	runtime.LockOSThread() // the slack is of the thread that asks, and it keeps it when the program starts anew
	defer runtime.UnlockOSThread()
	if slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil || time.Duration(slack) != usualSlack {
		return
	}
	path, err := os.Executable()
	if err != nil {
		return
	}
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(lenientSlack), 0, 0, 0); err != nil {
		return
	}
	var files syscall.Rlimit
	asked := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files)
	_ = syscall.Exec(path, os.Args, append(os.Environ(), startedAnew+"=1")) //nolint:gosec // it is this program; it only returns when it failed
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(usualSlack), 0, 0, 0)    // it was possible a moment ago
	if asked == nil {
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files) // Exec took back what the Go runtime had raised
	}
}
