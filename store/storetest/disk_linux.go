package storetest

import (
	"syscall"
	"testing"
)

// SmallDisk mounts a disk that has room for a few megabytes at a directory of the test, and returns a function that
// makes it larger. It reports false where the test may not mount one.
func SmallDisk(t testing.TB) (dir string, more func(), ok bool) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=3m"); err != nil {
		return dir, nil, false
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir, func() {
		if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
			t.Fatalf("remount: %v", err)
		}
	}, true
}
