//go:build !linux && !darwin

package httpx

import (
	"net"

	"github.com/mixus/usher/directory"
)

// socketAddress returns an address for a path, and what to call once it was used.
func socketAddress(path string) (string, func(), error) {
	if len(path) > maxSocketPath {
		return "", nil, directory.Errorf(directory.Invalid,
			"The path %s is too long for a unix socket; choose a data directory with a shorter path.", path)
	}
	return path, func() {}, nil
}

// peerUID knows of no way to ask on this system.
func peerUID(*net.UnixConn) (uint32, bool) { return 0, false }
