package bolt

import (
	"os"
	"time"
)

// Options are the settings of a store. The zero value serves.
type Options struct {
	// LockTimeout is how long Open waits for another process to let go of the file. 0 means that it does not wait.
	LockTimeout time.Duration

	// Migrate lets Open bring a file of an older format up to date. Take a backup first.
	Migrate bool

	// Creator is the version of usher that a new file says it was created by.
	Creator string

	// Observe, when set, is called after every commit with the number of updates that shared it and how long it took.
	Observe func(batch int, commit time.Duration)

	// Fatal, when set, is called when a commit failed in a way that leaves open what a restart would find. It should end
	// the process; the store refuses every update from then on.
	Fatal func(error)

	// CommitDelay makes every commit take longer, so that a test can see updates share one.
	CommitDelay time.Duration

	openFile func(string, int, os.FileMode) (*os.File, error) // for tests that break the file underneath
	noSync   bool                                             // for tests that need many commits and no durability
}
