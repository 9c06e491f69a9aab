package bolt

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// fullCauses are the ways in which a file system says that there is no more room.
func fullCauses() []error {
	return []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, berrors.ErrMaxSizeReached}
}

// isFull reports whether an error means that there is no room to write. Bolt flattens the error of growing the file to
// text, so the text is looked at too.
func isFull(err error) bool {
	for _, cause := range fullCauses() {
		if errors.Is(err, cause) || strings.HasSuffix(err.Error(), ": "+cause.Error()) {
			return true
		}
	}
	return false
}

func errFull(cause error) error {
	return &directory.Error{
		Kind:    directory.Unavailable,
		Message: "The store's disk is full; nothing was changed. Make room and try again.",
		Err:     fmt.Errorf("%w (%w)", store.ErrFull, cause),
	}
}

func errClosed() error {
	return &directory.Error{Kind: directory.Unavailable, Message: "The store is closed; the server is stopping.", Err: store.ErrClosed}
}

func errBroken(cause error) error {
	return &directory.Error{
		Kind:    directory.Internal,
		Message: "The store could not be written; whether this change was kept shows after a restart.",
		Err:     cause,
	}
}

// errPanic is what an update gets whose function panicked. The stack is for the log.
func errPanic(value any) error {
	return &directory.Error{
		Kind:    directory.Internal,
		Message: "Something went wrong inside the server; nothing was changed.",
		Err:     fmt.Errorf("store: panic in an update: %v\n%s", value, debug.Stack()),
	}
}

// errExit is what an update gets whose function ended its goroutine.
func errExit() error {
	return &directory.Error{
		Kind:    directory.Internal,
		Message: "Something went wrong inside the server; nothing was changed.",
		Err:     errors.New("store: the function of an update called runtime.Goexit"),
	}
}
