package api

import (
	"cmp"
	"context"
	"errors"

	"github.com/mixus/usher/directory"
)

// How several questions are answered (Authorization API 1.0, section 7.1.2.1).
const (
	executeAll          = "execute_all"
	denyOnFirstDeny     = "deny_on_first_deny"
	permitOnFirstPermit = "permit_on_first_permit"
)

// authQuestions are several questions; what stands beside them holds for each that does not say it itself.
type authQuestions struct {
	authQuestion
	Evaluations []authQuestion `json:"evaluations"`
	Options     struct {
		Semantic string `json:"evaluations_semantic"`
	} `json:"options"`
}

// evaluations answers several questions in their order (section 7). Without any, it is evaluation.
func (s *Server) evaluations(ctx context.Context, body []byte) (any, error) {
	var all authQuestions
	if err := readQuestion(body, &all); err != nil {
		return nil, err
	}
	semantic := cmp.Or(all.Options.Semantic, executeAll)
	switch {
	case len(all.Evaluations) == 0:
		return s.evaluate(ctx, &all.authQuestion)
	case len(all.Evaluations) > maxEvaluations:
		return nil, invalid("evaluations", "There are %d questions; ask up to %d at once.", len(all.Evaluations), maxEvaluations)
	case semantic != executeAll && semantic != denyOnFirstDeny && semantic != permitOnFirstPermit:
		return nil, invalid("options.evaluations_semantic", "evaluations_semantic is %s, %s or %s.", executeAll, denyOnFirstDeny, permitOnFirstPermit)
	}
	decisions := make([]authDecision, 0, len(all.Evaluations))
	err := s.answering(ctx, all.Context, func(v *accessView) error {
		decisions = decisions[:0]
		for i := range all.Evaluations {
			d, err := v.decideOne(all.defaults(all.Evaluations[i]))
			if err != nil {
				return err
			}
			decisions = append(decisions, d)
			if semantic == denyOnFirstDeny && !d.Decision || semantic == permitOnFirstPermit && d.Decision {
				break
			}
		}
		return nil
	})
	return map[string]any{"evaluations": decisions}, err
}

// decideOne answers one of several questions: what is wrong with it alone is its answer, and fails none of the others.
func (v *accessView) decideOne(q authQuestion) (authDecision, error) {
	err := q.complete()
	var d authDecision
	if err == nil {
		d, err = v.decide(&q)
	}
	var public *directory.Error
	if errors.As(err, &public) && public.Kind == directory.Invalid {
		return authDecision{Context: &authContext{Error: &authError{Status: accessStatus(public.Kind), Message: public.Message}}}, nil
	}
	return d, err
}

// defaults fills in what a question leaves out: an entity as a whole, and of an entity its type and id.
func (q *authQuestion) defaults(one authQuestion) authQuestion {
	one.Subject = orDefault(one.Subject, q.Subject)
	one.Resource = orDefault(one.Resource, q.Resource)
	if one.Action == nil || one.Action.Name == "" {
		one.Action = q.Action
	}
	if one.Context == nil {
		one.Context = q.Context
	}
	return one
}

func orDefault(one, other *authEntity) *authEntity {
	if one == nil || other == nil {
		return cmp.Or(one, other)
	}
	return &authEntity{Type: cmp.Or(one.Type, other.Type), ID: cmp.Or(one.ID, other.ID), Properties: one.Properties}
}
