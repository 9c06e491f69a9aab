package mapping

import (
	"slices"
	"sync"

	"github.com/mixus/usher/directory"
)

// room is what an evaluation needs beside its result. The next evaluation uses it again, as a plan evaluates everybody.
type room struct {
	counted  []account
	subjects []subject
	groups   groupSet
	matches  []match
	reasons  []directory.Reason
}

var rooms = sync.Pool{New: func() any { return &room{} }}

// groupSets returns empty sets for so many accounts, one after the other.
func (r *room) groupSets(words, accounts int) groupSet {
	r.groups = slices.Grow(r.groups[:0], words*accounts)[:words*accounts]
	clear(r.groups)
	return r.groups
}

// unseen gives each account a subject that is made when the first condition needs it.
func (r *room) unseen(accounts []account) {
	r.subjects = slices.Grow(r.subjects[:0], len(accounts))[:len(accounts)]
	for i := range accounts {
		r.subjects[i].account = nil
		accounts[i].subject = &r.subjects[i]
	}
}
