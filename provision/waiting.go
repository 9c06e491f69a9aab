package provision

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
)

// holds returns the open holds of the organization, and those that are being carried out, by id.
func (s *settlement) holds() (map[directory.ID]*directory.Hold, error) {
	if s.brakes.holds != nil {
		return s.brakes.holds, nil
	}
	list, err := s.tx.ListHolds(s.org)
	if err != nil {
		return nil, err
	}
	s.brakes.holds = make(map[directory.ID]*directory.Hold, len(list))
	for _, h := range list {
		s.brakes.holds[h.ID] = h
	}
	return s.brakes.holds, nil
}

// keptBack is an effect of one person that waits already, with the hold that it waits in.
type keptBack struct {
	hold     *directory.Hold
	row      *directory.HeldMember
	used     bool // it waits on
	approved bool // it takes place
}

// waiting returns what of a person waits in holds of brakes.
func (s *settlement) waiting(m *directory.Member) ([]*keptBack, error) {
	if len(m.Held) == 0 {
		return nil, nil
	}
	holds, err := s.holds()
	if err != nil {
		return nil, err
	}
	var kept []*keptBack
	for _, text := range m.Held {
		id, _ := directory.ParseID(text)
		h := holds[id]
		if h == nil || h.Kind == directory.HoldLastAdmin {
			continue
		}
		rows, err := s.tx.HeldMembers(s.org, id, []directory.ID{m.ID})
		if err != nil {
			return nil, err
		}
		if rows[0] != nil {
			kept = append(kept, &keptBack{hold: h, row: rows[0]})
		}
	}
	return kept, nil
}

// holdsOf returns the holds that a member waits in, each with what of the member it keeps back.
func (s *settlement) holdsOf(m *directory.Member) ([]*directory.Hold, error) {
	kept, err := s.waiting(m)
	if err != nil || len(m.Held) == 0 {
		return nil, err
	}
	var found []*directory.Hold
	for _, h := range s.brakes.holds {
		if h.Member == m.ID {
			found = append(found, h)
		}
	}
	for _, k := range kept {
		h := *k.hold
		h.Member, h.Effects = m.ID, k.row.Effects
		found = append(found, &h)
	}
	slices.SortFunc(found, func(a, b *directory.Hold) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return found, nil
}

// groupsFirst puts what waits because of a group before the rest: it may keep the role.
func groupsFirst(waits []*wait) []*wait {
	slices.SortStableFunc(waits, func(a, b *wait) int {
		rank := func(w *wait) int {
			if w.kind == BrakeGroupRemovals {
				return 0
			}
			return 1
		}
		return rank(a) - rank(b)
	})
	return waits
}

// approvedRole reports whether the loss of a role takes place because somebody approved it.
func approvedRole(kept []*keptBack) bool {
	return slices.ContainsFunc(kept, func(k *keptBack) bool {
		return k.approved && slices.ContainsFunc(k.row.Effects, func(f directory.Effect) bool { return f.Field == "role" })
	})
}

// stillLost adds, for somebody who waits in a hold because of a group they left before, what of it would still be lost.
func (s *settlement) stillLost(waits []*wait, kept []*keptBack, p *loaded, was *directory.Member, d *directory.Decision, status directory.Status) []*wait {
	for _, w := range p.dismissed {
		if w.Brake == BrakeGroupRemovals && !s.mentions(waits, w.Brake, w.User.ID) {
			waits = s.lostAgain(waits, w.Brake, w.User.ID, w.Effects, was, d, status)
		}
	}
	for _, k := range kept {
		if k.hold.Kind == BrakeGroupRemovals && !s.mentions(waits, k.hold.Kind, k.hold.Scope) {
			waits = s.lostAgain(waits, k.hold.Kind, k.hold.Scope, k.row.Effects, was, d, status)
		}
	}
	if undone := s.brakes.undoing[p.member.ID]; undone != nil && undone.Kind == BrakeGroupRemovals && !s.mentions(waits, undone.Kind, undone.Scope) {
		waits = s.lostAgain(waits, undone.Kind, undone.Scope, undone.Effects, was, d, status)
	}
	return waits
}

func (s *settlement) mentions(waits []*wait, kind string, scope directory.ID) bool {
	return slices.ContainsFunc(waits, func(w *wait) bool { return w.kind == kind && w.scope == scope })
}

func (s *settlement) lostAgain(
	waits []*wait, kind string, scope directory.ID, effects []directory.Effect, was *directory.Member, d *directory.Decision, status directory.Status,
) []*wait {
	if was == nil || was.Status != directory.StatusActive || status != directory.StatusActive {
		return waits
	}
	all, _ := compare(was, &directory.Member{Status: status, Decision: *d})
	w := &wait{kind: kind, scope: scope}
	for _, f := range s.losses(all) {
		waited := slices.ContainsFunc(effects, func(o directory.Effect) bool { return o.Field == f.Field && o.Before == f.Before })
		if waited && s.canGive(&was.Decision, f.Field, f.Before) {
			w.effects = append(w.effects, f)
		}
	}
	if len(w.effects) == 0 {
		return waits
	}
	w.digest = waitDigest(w.effects)
	return append(waits, w)
}

// waitDigest is a proof of what waits and why: a dismissal, and an approval, is of just that.
func waitDigest(effects []directory.Effect) string {
	h := sha256.New()
	for i := range effects {
		f := &effects[i]
		fmt.Fprintf(h, "%q %q %q", f.Field, f.Before, f.After)
		if f.Reason != nil {
			fmt.Fprintf(h, " %q %q", f.Reason.Source, f.Reason.Because)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// xorSet adds a row to what names the set of a hold, or takes it out: the order does not matter, and the cost is of one.
func xorSet(h *directory.Hold, row *directory.HeldMember) {
	set, err := hex.DecodeString(h.Set)
	if err != nil || len(set) != setLen {
		set = make([]byte, setLen)
	}
	sum := sha256.Sum256([]byte(row.Member.String() + " " + row.Digest))
	for i := range set {
		set[i] ^= sum[i]
	}
	h.Set = hex.EncodeToString(set)
}

// setLen is the length of what names a set, in bytes.
const setLen = 8

// actorOf returns the person behind a cause, "" when it is a program.
func actorOf(c directory.Cause) string {
	if c.Kind == directory.CauseAdmin || c.Kind == directory.CausePolicy {
		return strings.TrimSpace(c.Actor)
	}
	return ""
}
