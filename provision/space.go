package provision

import "github.com/mixus/usher/directory"

// space is where settling keeps what it makes of people. The pages of a plan use one after the other.
type space struct {
	people   []loaded
	members  []directory.Member
	outcomes []outcome
}

func newSpace(n int) space {
	return space{make([]loaded, n), make([]directory.Member, n), make([]outcome, n)}
}

// space returns space for so many people: that of the page before, once, and else new one.
func (s *settlement) space(n int) space {
	x := s.spare
	s.spare = space{}
	if cap(x.people) < n {
		return newSpace(n)
	}
	x = space{x.people[:n], x.members[:n], x.outcomes[:n]}
	clear(x.people)
	clear(x.members)
	clear(x.outcomes)
	return x
}
