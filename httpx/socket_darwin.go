package httpx

import (
	"net"

	"golang.org/x/sys/unix"

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

// peerUID asks the kernel who connected (LOCAL_PEERCRED).
func peerUID(conn *net.UnixConn) (uint32, bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, false
	}
	var cred *unix.Xucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		cred, failed = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	})
	if err != nil || failed != nil {
		return 0, false
	}
	return cred.Uid, true
}
