package provision

import (
	"sync"
	"time"

	"github.com/mixus/usher/directory"
)

// stuck remembers jobs that failed, so that one which cannot be done for now does not keep the others waiting.
type stuck struct {
	mu    sync.Mutex
	until map[directory.ID]time.Time
}

// stuckFor is how long a job that failed is left alone.
const stuckFor = 30 * time.Second

func (s *stuck) add(id directory.ID, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = map[directory.ID]time.Time{}
	}
	s.until[id] = now.Add(stuckFor)
}

func (s *stuck) now(id directory.ID, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, failed := s.until[id]
	if failed && !now.Before(until) {
		delete(s.until, id)
		return false
	}
	return failed
}
