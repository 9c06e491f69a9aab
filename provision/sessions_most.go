package provision

import (
	"fmt"
	"slices"

	"github.com/mixus/usher/directory"
)

// mostSessions is how many sessions one member has at most. Nobody has so many browsers; a program that signs in again and
// again does.
const mostSessions = 100

// makeRoom ends the sessions of a member that were used longest ago, until there is room for one more, and returns what the
// journal is told.
func (s *settlement) makeRoom(member directory.ID) ([]string, error) {
	list, err := s.tx.SessionsOf(s.org, member)
	if err != nil || len(list) < mostSessions {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b *directory.Session) int { return a.Seen.Compare(b.Seen) })
	list = list[:len(list)-mostSessions+1]
	return []string{fmt.Sprintf("%s: more than %d of one member", sessionsEnded(len(list)), mostSessions)}, s.tx.DeleteSessions(list)
}
