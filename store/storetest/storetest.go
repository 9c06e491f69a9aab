// Package storetest is the contract that every engine of package store passes. An engine's own test is one line:
//
//	storetest.Run(t, func(t *testing.T) store.Store { … })
//
// Run runs every test twice, the second time under Rerun, which runs functions more than once and cancels contexts: what
// the interface allows an engine to do, and a network makes it do.
package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Run tests an engine. open returns an empty store of the test's own, and closes it when the test ends.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	for name, test := range tests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
		t.Run(name+", rerun", func(t *testing.T) {
			t.Parallel()
			test(t, Rerun(open(t), 1))
		})
	}
}

func tests() map[string]func(*testing.T, store.Store) {
	return map[string]func(*testing.T, store.Store){
		"a failing update changes nothing":          failingUpdate,
		"a panicking update changes nothing":        panickingUpdate,
		"an update reads its own writes":            readYourWrites,
		"a view is a snapshot":                      snapshot,
		"a view cannot write":                       readOnly,
		"a context that has ended stops everything": endedContext,
		"returned rows belong to the caller":        rowsAreOwn,
		"concurrent updates are all kept":           concurrentUpdates,
		"a closed store says so":                    closedStore,
		"a store can be checked":                    checkStore,
		"a backup has what was committed":           backup,
		"names have numbers":                        registry,
		"states have numbers":                       snapshots,

		"users are kept as they were put":           userRows,
		"users are listed in both directions":       userPages,
		"users are found by their keys":             userKeys,
		"the index of users follows their keys":     userIndex,
		"long and odd values are told apart":        oddValues,
		"connections do not see each other's users": userConnections,
		"a user is found at every offset":           userOffsets,
		"users come and go in any order":            userModel,

		"groups are kept as they were put":       groupRows,
		"groups are listed and found":            groupKeys,
		"a group is found at every offset":       groupOffsets,
		"children and parents mirror each other": edges,
		"children come in key order":             childPages,
		"edges agree with a model":               edgeModel,
		"an edge to a parked value waits":        parkedMembers,
		"managers wait":                          parkedManagers,

		"identities":                               identities,
		"tombstones":                               tombstones,
		"members are kept as they were put":        memberRows,
		"members are listed in both directions":    memberPages,
		"members are found by their keys":          memberKeys,
		"due instants follow the members":          dueInstants,
		"grants":                                   grants,
		"the journal counts without a gap":         journal,
		"the journal is listed in both directions": journalPages,

		"jobs":                    jobs,
		"policies have revisions": policies,
		"bindings":                bindings,
		"people wait in holds":    heldMembers,
		"brakes count people":     braked,
		"expectations":            expectations,
		"tokens":                  tokens,
		"holds":                   holds,
		"sessions":                sessions,
		"lockdowns":               lockdown,
		"requests":                requests,
		"a request is taken once": onceTaken,
		"documents":               documents,
		"invitations are found":   invitations,
		"invitations are due":     dueInvitations,
		"mails":                   mails,
		"mails are due":           dueMails,

		"two last admins cannot both be demoted":     lastAdmins,
		"one address cannot be created twice":        oneAddress,
		"a cycle cannot be made from both ends":      nestingCycle,
		"an edge meets a rename":                     edgeAgainstRename,
		"an edge meets a policy flip":                edgeAgainstPolicy,
		"a number is never given twice concurrently": concurrentNumbers,
	}
}

// write runs an update that must succeed.
func write(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// look runs a view that must succeed, and returns what it saw.
func look[T any](t *testing.T, s store.Store, fn func(store.Tx) (T, error)) T {
	t.Helper()
	var seen T
	err := s.View(t.Context(), func(tx store.Tx) (err error) {
		seen, err = fn(tx)
		return err
	})
	if err != nil {
		t.Fatalf("view: %v", err)
	}
	return seen
}

// equal compares; that an absent list may be nil or empty is nobody's business.
func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// at returns an instant some minutes after a fixed one, to the microsecond, which every engine keeps.
func at(minutes int) time.Time {
	return time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// id returns the same id for the same number; ids sort as their numbers do.
func id(n int) directory.ID {
	i := directory.ID{0: 1, 6: 0x70, 8: 0x80}
	i[1], i[2], i[3], i[4] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return i
}

func ids(from, to int) []directory.ID {
	var list []directory.ID
	for n := from; n < to; n++ {
		list = append(list, id(n))
	}
	return list
}
