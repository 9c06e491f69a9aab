//go:build unix && !linux

package storetest

import "testing"

// SmallDisk reports false: only Linux mounts one without further ado.
func SmallDisk(t testing.TB) (dir string, more func(), ok bool) {
	t.Helper()
	return t.TempDir(), nil, false
}
