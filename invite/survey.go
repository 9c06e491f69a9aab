package invite

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
)

// maxChain is how long a chain of managers in one file may be.
const maxChain = 64

// survey is what a first reading of a file has found. It holds no text: people are known by the hashes of their addresses.
type survey struct {
	seed     maphash.Seed
	places   map[uint64]int32 // address → its index below
	people   []surveyed
	problems []*RowError
}

// surveyed is one good row.
type surveyed struct {
	manager uint64 // 0 for none
	line    int32
	depth   int32 // how many managers above are in the file; -1 for one whose chain goes in a circle
	column  place // of the manager
}

func (s *survey) hash(address string) uint64 {
	return maphash.String(s.seed, directory.FoldAddress(address)) | 1 // never 0
}

// look reads a whole file. Its error is of the whole file.
func look(from io.Reader) (*survey, error) {
	s := &survey{seed: maphash.MakeSeed(), places: map[uint64]int32{}}
	err := each(from, s.add, func(p *RowError) { s.problems = append(s.problems, p) })
	if err != nil {
		return nil, err
	}
	s.measure()
	slices.SortStableFunc(s.problems, func(a, b *RowError) int { return a.Line - b.Line })
	return s, nil
}

// each reads the rows of a file.
func each(from io.Reader, row func(*Person) error, bad func(*RowError)) error {
	r, err := NewReader(from)
	if err != nil {
		return err
	}
	for {
		p, err := r.Next()
		var problem *RowError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &problem) && problem.Line > 0:
			bad(problem)
			continue
		case err != nil:
			return err
		}
		if err := row(p); err != nil {
			return err
		}
	}
}

// add notes a row, unless its address was there before.
func (s *survey) add(p *Person) error {
	if p.Email == "" {
		s.problems = append(s.problems, p.At("email", "There is no address."))
		return nil
	}
	key := s.hash(p.Email)
	if first, again := s.places[key]; again {
		s.problems = append(s.problems, p.At("email", fmt.Sprintf("The same address is in line %d.", s.people[first].line)))
		return nil
	}
	one := surveyed{line: int32(p.Line), column: p.places[columnOf("manager_email")]}
	if p.Manager != "" {
		one.manager = s.hash(p.Manager)
	}
	s.places[key] = int32(len(s.people))
	s.people = append(s.people, one)
	return nil
}

// unknown is the depth of somebody who was not measured yet.
const unknown = -2

// measure counts the managers above each person, and finds those whose chains go in a circle, or are too long.
func (s *survey) measure() {
	for i := range s.people {
		s.people[i].depth = unknown
	}
	for i := range s.people {
		s.climb(i)
	}
	for i := range s.people {
		p := &s.people[i]
		refuse := func(message string) {
			p.depth = -1
			s.problems = append(s.problems, &RowError{Line: int(p.column.line), Column: int(p.column.column), Name: "manager_email", Message: message})
		}
		switch {
		case p.depth == -1:
			refuse("The chain of managers goes in a circle: " + s.circle(i) + ".")
		case p.depth > maxChain:
			refuse(fmt.Sprintf("The chain of managers above has more than %d people.", maxChain))
		}
	}
}

// climb measures one person, and everybody above who was not measured yet.
func (s *survey) climb(i int) {
	var path []int32
	at := int32(i)
	for s.people[at].depth == unknown {
		s.people[at].depth = int32(-3 - len(path)) // on this path, and where
		path = append(path, at)
		above, there := s.places[s.people[at].manager]
		if !there {
			at = -1
			break
		}
		at = above
	}
	depth := int32(-1)
	if at >= 0 {
		depth = s.people[at].depth
		if depth <= -3 { // the path leads back to itself: from there on it is a circle
			start := -3 - depth
			for _, on := range path[start:] {
				s.people[on].depth = -1
			}
			path, depth = path[:start], -1 // whoever is below has a manager whose row is refused, and no chain
		}
	}
	for _, on := range slices.Backward(path) {
		depth++
		s.people[on].depth = depth
	}
}

// circle shows the lines of a circle.
func (s *survey) circle(i int) string {
	const most = 5
	var parts []string
	at := int32(i)
	for range most {
		parts = append(parts, fmt.Sprintf("line %d", s.people[at].line))
		if at = s.places[s.people[at].manager]; at == int32(i) {
			return strings.Join(append(parts, fmt.Sprintf("line %d", s.people[i].line)), " → ")
		}
	}
	return strings.Join(parts, " → ") + " → …"
}

// manager returns the number of the row of somebody's manager, -1 where the file has no good one.
func (s *survey) manager(n int) int {
	i, there := s.places[s.people[n].manager]
	if !there || s.people[i].depth < 0 {
		return -1
	}
	return int(i)
}

// of returns the number of a row among the good ones, -1 for one that is bad.
func (s *survey) of(p *Person) int {
	i, there := s.places[s.hash(p.Email)]
	if p.Email == "" || !there || int(s.people[i].line) != p.Line || s.people[i].depth < 0 {
		return -1
	}
	return int(i)
}
