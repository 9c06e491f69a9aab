package provision

import (
	"context"
	"slices"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// Would is what would become of a person: under another policy, or if a connection that observes were active.
type Would struct {
	Status   directory.Status
	Decision directory.Decision
	Effects  []directory.Effect // from what is in force to what would be
	Notes    []string
	Next     time.Time
}

// would says what would become of a person whom only connections in state observe speak of, were these active. It is nil
// for everybody else.
func (s *settlement) would(p *loaded) (*Would, error) {
	if !p.observed || p.paused {
		return nil, nil
	}
	result := s.policy.Evaluate(&p.person, s.now)
	d := &result.Decision
	if err := s.resolveManager(d, p); err != nil {
		return nil, err
	}
	then := *p.member
	then.Status, then.Decision = nextStatus(p.member, d, p), *d
	effects, _ := compare(p.before, &then)
	return &Would{Status: then.Status, Decision: *d, Effects: effects, Next: result.Next}, nil
}

// Observed returns, for those of these members of whom only connections in state observe speak, what would become of them
// were these active.
func (e *Engine) Observed(ctx context.Context, org directory.OrgNum, ids []directory.ID) (map[directory.ID]*Would, error) {
	out := map[directory.ID]*Would{}
	for page := range slices.Chunk(ids, planPage) {
		observes := false
		err := e.Store.View(ctx, func(tx store.Tx) error {
			s, err := e.settlement(tx, org, directory.Cause{})
			if err != nil {
				return err
			}
			if observes = s.observes(); !observes {
				return nil
			}
			return s.observed(page, out)
		})
		if err != nil || !observes {
			return out, err
		}
	}
	return out, nil
}

// observes reports whether any connection is in state observe, so that looking is worth while.
func (s *settlement) observes() bool {
	return slices.ContainsFunc(s.policy.Organization.Connections, func(c config.Connection) bool { return c.State == config.StateObserve })
}

// watched reports whether a connection that observes speaks of a member.
func (s *settlement) watched(m *directory.Member) bool {
	return m != nil && m.Decision.Observe || m != nil && slices.ContainsFunc(m.Users, func(ref directory.UserRef) bool {
		settings := s.connection(ref.Conn)
		return settings != nil && settings.State == config.StateObserve
	})
}

func (s *settlement) observed(ids []directory.ID, out map[directory.ID]*Would) error {
	members, err := s.tx.Members(s.org, ids)
	if err != nil {
		return err
	}
	var touched []*facts.Touch
	for _, m := range members {
		if s.watched(m) {
			touched = append(touched, &facts.Touch{Member: m.ID})
		}
	}
	people, err := s.load(touched)
	if err != nil {
		return err
	}
	for _, p := range people {
		w, err := s.would(p)
		if err != nil {
			return err
		}
		if w != nil {
			out[p.before.ID] = w
		}
	}
	return nil
}
