// Package app puts usher together: it opens the store in the data directory, takes up the configuration, and serves.
// It holds no rule of its own.
//
//	New    read the configuration, open the store, build the handlers
//	Start  take up connections and policies, listen, begin the work that follows from changes
//	Reload read the configuration again; what does not check leaves what is in force as it is
//	Stop   drain requests, write what is collected, close the store
//
// In the data directory are
//
//	usher.db      the store
//	usher.sock    the socket over which the owner's command line reaches the server
//	usher.pid     the process that has the directory in use
//	cursor.key    signs the cursors of SCIM lists, so that they outlive a restart
package app
