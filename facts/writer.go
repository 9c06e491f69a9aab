package facts

import (
	"errors"

	"github.com/mixus/usher/directory"
)

// Writer writes what one connection's provider said. It lives for one run of one transaction; its errors are
// *directory.Error with a sentence for the provider.
type Writer struct{}

var errContract = errors.New("facts: contract only")

// Note adds a line to the journal entry of the next change: what the normalizer rewrote or dropped.
func (w *Writer) Note(notes ...string) {}

// CreateUser takes a new user. A known externalId whose user is inactive is replaced and reactivated under its present
// id; an active one is a Conflict naming it, and so is the userName of an active user.
func (w *Writer) CreateUser(in UserInput) (*directory.User, error) { return nil, errContract }

// ReplaceUser replaces all that was said about a user (PUT).
func (w *Writer) ReplaceUser(id directory.ID, m Match, in UserInput) (*directory.User, error) {
	return nil, errContract
}

// ModifyUser changes a user by a function of what is stored (PATCH). The function may run more than once and must not
// change its argument. A result equal to what is stored changes nothing.
func (w *Writer) ModifyUser(id directory.ID, m Match, fn func(*directory.User) (UserInput, error)) (*directory.User, error) {
	return nil, errContract
}

// DeleteUser deletes a user and leaves a tombstone.
func (w *Writer) DeleteUser(id directory.ID, m Match) error { return errContract }

// CreateGroup takes a new group with its members.
func (w *Writer) CreateGroup(in GroupInput, members []string) (*directory.Group, error) {
	return nil, errContract
}

// ReplaceGroup replaces a group (PUT); its members too when membersGiven.
func (w *Writer) ReplaceGroup(id directory.ID, m Match, in GroupInput, members []string, membersGiven bool) (*directory.Group, error) {
	return nil, errContract
}

// ModifyGroup changes a group by a function of what is stored, nil for none, and its members by operations in order
// (PATCH).
func (w *Writer) ModifyGroup(id directory.ID, m Match, fn func(*directory.Group) (GroupInput, error), ops []MemberOp) (*directory.Group, error) {
	return nil, errContract
}

// DeleteGroup deletes a group; its memberships end.
func (w *Writer) DeleteGroup(id directory.ID, m Match) error { return errContract }
