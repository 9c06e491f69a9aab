package provision

import (
	"slices"

	"github.com/mixus/usher/directory"
)

// fieldHeld is the field of the reason that says what waits, beside the values that stay as they are.
const fieldHeld = "held"

// brake is law 8: of what would change of a person, it keeps back what a brake does not let pass, or somebody has
// dismissed. The decision and the status become those that take effect. It returns the ids of the brakes' holds that the
// person is in afterwards.
func (s *settlement) brake(o *outcome, p *loaded, d *directory.Decision, status *directory.Status) ([]string, error) {
	was := p.before
	if undone := s.brakes.undoing[p.member.ID]; undone != nil && was != nil {
		was = restored(was, undone)
	}
	waits := s.waitsOf(was, p, d, *status)
	if len(waits) == 0 && len(p.member.Held) == 0 && len(p.dismissed) == 0 && s.brakes.undoing == nil {
		return nil, nil
	}
	kept, err := s.waiting(p.member)
	if err != nil {
		return nil, err
	}
	b := &trial{o: o, p: p, was: was, d: d, status: status, kept: kept, dismissed: slices.Clone(p.dismissed)}
	if i := slices.IndexFunc(waits, func(w *wait) bool { return w.kind == BrakeSuspensions }); i >= 0 {
		stays, err := s.try(b, waits[i])
		if err != nil {
			return nil, err
		}
		waits = nil
		if stays { // of somebody who stays in, the rest of the decision is judged by itself
			waits = s.waitsOf(was, p, d, *status)
		}
	}
	waits = s.stillLost(waits, kept, p, was, d, *status)
	for _, w := range groupsFirst(waits) {
		if w.kind == BrakeRoleLosses && (d.Role == was.Decision.Role || approvedRole(kept)) {
			continue // the group's hold keeps the role, or its approval was of the role, too
		}
		if _, err := s.try(b, w); err != nil {
			return nil, err
		}
	}
	for _, k := range kept {
		if !k.used {
			if err := s.leaveHold(k); err != nil {
				return nil, err
			}
			o.changed = true
		}
	}
	return b.held, s.forget(p, o, b.dismissed)
}

// trial is one person before the brakes.
type trial struct {
	o         *outcome
	p         *loaded
	was       *directory.Member // in force; as before the hold when that is being undone
	d         *directory.Decision
	status    *directory.Status
	kept      []*keptBack        // what waits already
	dismissed []*directory.Grant // dismissals of effects that nobody wanted yet
	held      []string           // the holds in which the person is from now on
}

// try judges one effect, takes it back when it stays away, and reports whether it does.
func (s *settlement) try(b *trial, w *wait) (bool, error) {
	stays, err := s.judge(b, w)
	if err != nil || stays == nil {
		return false, err
	}
	s.keep(w, b.p, b.was, b.d, b.status)
	b.d.Reasons = append(b.d.Reasons, *stays.reason)
	if stays.hold != nil {
		b.held = append(b.held, stays.hold.ID.String())
	}
	return true, nil
}

// staying says why an effect does not take place, and in which hold it waits, nil when it was dismissed.
type staying struct {
	hold   *directory.Hold
	reason *directory.Reason
}

// judge decides whether an effect takes place, nil, or stays away.
func (s *settlement) judge(b *trial, w *wait) (*staying, error) {
	var known *keptBack
	for _, k := range b.kept {
		if k.hold.Kind == w.kind && k.hold.Scope == w.scope && !k.used {
			known = k
		}
	}
	if byAdmin(w, b.d) {
		return nil, nil
	}
	i := slices.IndexFunc(b.dismissed, func(g *directory.Grant) bool {
		return g.Brake == w.kind && g.User.ID == w.scope && g.Digest == w.digest
	})
	if i >= 0 {
		g := b.dismissed[i]
		b.dismissed = slices.Delete(b.dismissed, i, i+1)
		return &staying{reason: dismissedReason(w.kind, g.Actor)}, nil
	}
	if known != nil {
		return s.judgeKnown(b.o, b.p, w, known)
	}
	if undone := s.brakes.undoing[b.p.member.ID]; undone != nil && undone.Kind == w.kind && undone.Scope == w.scope {
		return s.join(b.o, b.p, w, undone)
	}
	if s.dry || s.byHand {
		return nil, nil
	}
	return s.judgeNew(b.o, b.p, w)
}

// judgeKnown decides about an effect of somebody who waits already.
func (s *settlement) judgeKnown(o *outcome, p *loaded, w *wait, k *keptBack) (*staying, error) {
	switch {
	case k.hold.State == directory.HoldApproved && k.row.Digest == w.digest:
		k.approved = true // it leaves the hold by taking place
		return nil, nil
	case k.hold.State == directory.HoldDismissed && k.row.Digest == w.digest:
		by := k.hold.Decided
		g := &directory.Grant{
			ID: s.engine.ids.New(s.now), Org: s.org, Member: p.member.ID, Kind: directory.GrantDismissal, Brake: w.kind, Effects: w.effects,
			Digest: w.digest, User: directory.UserRef{ID: w.scope}, Actor: by.Actor, Reason: by.Reason, Created: s.now,
		}
		o.notes = append(o.notes, "dismissed: "+holdWhat(w.kind)+" does not take place until the decision changes")
		o.tell = true
		return &staying{reason: dismissedReason(w.kind, by.Actor)}, s.tx.PutGrants([]*directory.Grant{g})
	case k.hold.State != directory.HoldOpen, k.row.Digest != w.digest && (s.applied || s.dry):
		// It is not what was decided about, or what waits; a policy that is applied, or tried, has its own word.
		if s.dry || s.byHand {
			return nil, nil
		}
		return s.judgeNew(o, p, w)
	}
	k.used = true
	if k.row.Digest != w.digest && !s.dry {
		xorSet(k.hold, k.row)
		k.row.Effects, k.row.Digest = w.effects, w.digest
		xorSet(k.hold, k.row)
		s.holdChanged(k.hold)
		if err := s.tx.PutHeldMembers([]*directory.HeldMember{k.row}); err != nil {
			return nil, err
		}
	}
	return &staying{k.hold, heldReason(k.hold)}, nil
}

// judgeNew counts an effect, or has it wait.
func (s *settlement) judgeNew(o *outcome, p *loaded, w *wait) (*staying, error) {
	if w.kind == BrakeTopRoleGains {
		had, err := s.hadActiveAdmin()
		if err != nil || !had {
			return nil, err
		}
	}
	r, err := s.run(w.kind, w.scope)
	if err != nil {
		return nil, err
	}
	for _, x := range r.special {
		if x.count < x.Count {
			x.count++
			o.counted = append(o.counted, runKey{w.kind, x.ID})
			return nil, nil
		}
	}
	pass := s.applied
	if !pass {
		if pass, err = s.again(o, r); err != nil {
			return nil, err
		}
	}
	if !pass {
		if r.going(s.now) {
			return s.join(o, p, w, nil)
		}
		full, err := s.full(r)
		if err != nil {
			return nil, err
		}
		if full != nil {
			if err := s.open(r, full); err != nil {
				return nil, err
			}
			return s.join(o, p, w, nil)
		}
	}
	for i := range r.tallies {
		r.tallies[i].count++
		r.tallies[i].added++
	}
	o.counted = append(o.counted, runKey{w.kind, w.scope})
	return nil, nil
}

// again reports whether a person is counted under a run already, in every window: nobody counts twice.
func (s *settlement) again(o *outcome, r *run) (bool, error) {
	rows, err := s.tx.BrakedOf(s.org, o.member.ID)
	if err != nil {
		return false, err
	}
	for _, b := range rows {
		if b.Kind != r.kind || b.Scope != r.scope {
			continue
		}
		for i := range r.tallies {
			if b.At.Before(s.now.Add(-r.tallies[i].brake.Window)) {
				return false, nil
			}
		}
		for i := range r.tallies { // its row moves to now
			r.tallies[i].count--
			r.tallies[i].added--
		}
		o.earlier = map[runKey][]directory.Effect{{r.kind, r.scope}: b.Effects}
		return true, nil
	}
	return false, nil
}

// byAdmin reports whether it is an administrator's word that brings an effect about; it always passes.
func byAdmin(w *wait, d *directory.Decision) bool {
	field, source := "role", directory.SourcePin
	if w.kind == BrakeSuspensions {
		field, source = "status", directory.SourceManual
	}
	if w.kind == BrakeGroupRemovals {
		return false
	}
	return slices.ContainsFunc(d.Reasons, func(r directory.Reason) bool { return r.Field == field && r.Source == source })
}

// hadActiveAdmin reports whether somebody was an active admin before this transaction. Until then everybody may become one.
func (s *settlement) hadActiveAdmin() (bool, error) {
	if s.brakes.hadAdmin != nil {
		return *s.brakes.hadAdmin, nil
	}
	had := false
	for _, role := range []string{s.policy.TopRole(), s.formerTop} {
		if role == "" || had {
			continue
		}
		ids, err := s.tx.FindMembers(s.org, directory.Key{Attribute: directory.AttrRole, Value: role}, directory.NoID, 1)
		if err != nil {
			return false, err
		}
		had = len(ids) > 0
	}
	s.brakes.hadAdmin = &had
	return had, nil
}

// heldReason says beside the values in force that something waits.
func heldReason(h *directory.Hold) *directory.Reason {
	return &directory.Reason{
		Field: fieldHeld, Value: h.Kind, Source: directory.SourceHeld, Because: holdWhat(h.Kind) + " waits in the hold " + h.ID.String(),
	}
}

func dismissedReason(kind, actor string) *directory.Reason {
	return &directory.Reason{
		Field: fieldHeld, Value: kind, Source: directory.SourceHeld, Because: holdWhat(kind) + " was dismissed by " + actor + " until the decision changes",
	}
}

// holdWhat names the effect of a kind of hold.
func holdWhat(kind string) string {
	switch kind {
	case BrakeSuspensions:
		return "the suspension"
	case BrakeRoleLosses:
		return "the loss of the role"
	case BrakeTopRoleGains:
		return "the gain of the top role"
	case BrakeGroupRemovals:
		return "what leaving the group takes away"
	}
	return "the effect"
}
