package provision

import (
	"strings"
	"time"

	"github.com/mixus/usher/directory"
)

// planLife is how long a plan may be applied at most.
const planLife = 24 * time.Hour

// PlanEnd says what ends a plan before its time: what a candidate gives somebody changes by itself, and no journal tells
// of it, because the candidate is not in force.
type PlanEnd struct {
	Person PlanPerson `json:"person"`
	What   string     `json:"what"` // such as "the membership of ann@acme.com ends"
}

// endBy lets a plan end no later than at the instant at which the candidate's own result for somebody changes by itself.
func (p *Plan) endBy(m *directory.Member) {
	if m.Due.IsZero() || !m.Due.Before(p.ValidUntil) {
		return
	}
	person := PlanPerson{ID: m.ID.String(), Email: m.Decision.Email}
	p.ValidUntil = m.Due.UTC()
	p.Ends = &PlanEnd{Person: person, What: changesThen(m, person.Name())}
}

// changesThen says what of somebody changes by itself when their decision is due, as far as its reasons tell.
func changesThen(m *directory.Member, name string) string {
	for i := range m.Decision.Reasons {
		r := &m.Decision.Reasons[i]
		if !r.Until.Equal(m.Due) {
			continue
		}
		switch r.Field {
		case "ends":
			return "the membership of " + name + " ends"
		case "rollout":
			return "a phase of the rollout begins for " + name
		case "status":
			return "what keeps " + name + " out ends"
		}
		return "the " + strings.ReplaceAll(r.Field, "_", " ") + " " + r.Value + " of " + name + " ends"
	}
	return "what the policy gives " + name + " can change"
}

// stands returns an error when a plan has ended.
func (p *Plan) stands(now time.Time) error {
	switch {
	case now.Before(p.ValidUntil):
		return nil
	case p.Ends == nil:
		return directory.Errorf(directory.Conflict, "The plan is more than %d hours old; make it again.", int(planLife.Hours()))
	}
	return directory.Errorf(directory.Conflict, "The plan was valid until %s: under it, %s then. Make the plan again.",
		p.ValidUntil.Format("2006-01-02 15:04:05 UTC"), p.Ends.What)
}
