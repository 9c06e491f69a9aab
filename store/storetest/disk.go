//go:build unix

package storetest

import (
	"os/signal"
	"syscall"
	"testing"
)

// LimitFiles makes every write beyond a size fail, in this process, as on a full disk, until lift is called or the test
// ends.
func LimitFiles(t testing.TB, size uint64) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // the write is to fail, not the process
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	lift = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Errorf("lift the limit: %v", err)
		}
	}
	t.Cleanup(lift)
	return lift
}
