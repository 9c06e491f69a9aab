package httpx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// maxSocketPath is the longest path that fits a unix socket's address on every system we know (104 bytes on BSD, with
// the closing zero).
const maxSocketPath = 103

// ListenSocket listens on a unix socket that only the owner of this process may use, in the place of a socket that
// nobody serves any more. Closing the listener removes the socket.
func ListenSocket(path string) (net.Listener, error) {
	// The socket is made in a directory of its own that nobody else can enter, and moved when its mode is set: there is no
	// instant at which others could connect.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".s")
	if err != nil {
		return nil, fmt.Errorf("httpx: make socket %s: %w", path, err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // an empty directory at worst
	made := filepath.Join(dir, "s")
	address, release, err := socketAddress(made)
	if err != nil {
		return nil, err
	}
	defer release()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("httpx: listen on %s: %w", path, err)
	}
	listener.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, path)); err != nil {
		return nil, fmt.Errorf("httpx: place socket %s: %w", path, errors.Join(err, listener.Close()))
	}
	return &socket{Listener: listener, path: path}, nil
}

// socket removes its path when it is closed.
type socket struct {
	net.Listener
	path string
}

// Close stops listening and removes the socket.
func (s *socket) Close() error {
	err := s.Listener.Close()
	if removed := os.Remove(s.path); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

// DialSocket connects to a unix socket.
func DialSocket(ctx context.Context, path string) (net.Conn, error) {
	address, release, err := socketAddress(path)
	if err != nil {
		return nil, err
	}
	defer release()
	return new(net.Dialer).DialContext(ctx, "unix", address)
}

// NobodyListens reports whether an error of DialSocket means that no server is there, rather than that it is out of
// reach.
func NobodyListens(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, os.ErrNotExist)
}

type peerKey struct{}

// connContext notes who is at the other end of a unix socket.
func connContext(ctx context.Context, conn net.Conn) context.Context {
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return ctx
	}
	if uid, ok := peerUID(unix); ok {
		return context.WithValue(ctx, peerKey{}, uid)
	}
	return ctx
}

// PeerUID returns the user id of the process at the other end of a unix socket, and false for other connections and on
// systems that do not tell.
func PeerUID(ctx context.Context) (uint32, bool) {
	uid, ok := ctx.Value(peerKey{}).(uint32)
	return uid, ok
}
