package provision

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

// Act is what an admin does to a member by hand.
type Act struct {
	Org    directory.OrgNum
	Cause  directory.Cause // Kind admin; Actor and Reason are set
	Member directory.ID
}

// Suspend suspends a member until Reactivate, whatever providers say.
func (e *Engine) Suspend(ctx context.Context, a Act) (*directory.Member, error) {
	return e.act(ctx, a, "member.suspended", func(s *settlement) error {
		return s.grant(a, &directory.Grant{Kind: directory.GrantSuspension})
	})
}

// Reactivate lifts an admin's suspension or removal; the policy decides again.
func (e *Engine) Reactivate(ctx context.Context, a Act) (*directory.Member, error) {
	return e.act(ctx, a, "member.reactivated", func(s *settlement) error {
		lifted, err := s.revoke(a, directory.GrantSuspension, directory.GrantRemoval)
		if err == nil && lifted == 0 {
			return directory.Errorf(directory.Conflict,
				"No admin has suspended or removed this member. What the provider and the rules say decides; see `usher explain`.")
		}
		return err
	})
}

// Remove removes a member. The removal outlives every push until Reactivate.
func (e *Engine) Remove(ctx context.Context, a Act) (*directory.Member, error) {
	return e.act(ctx, a, "member.removed", func(s *settlement) error {
		if err := s.dropCredentials(a.Member); err != nil {
			return err
		}
		return s.grant(a, &directory.Grant{Kind: directory.GrantRemoval})
	})
}

// Pin fixes a member's role over every rule, until an instant or for good when it is zero; an empty role lifts the pin.
func (e *Engine) Pin(ctx context.Context, a Act, role string, until time.Time) (*directory.Member, error) {
	return e.act(ctx, a, "member.pinned", func(s *settlement) error {
		if _, known := s.policy.Role(role); role != "" && !known {
			return directory.Errorf(directory.Invalid, "The policy has no role %q.", role)
		}
		if !until.IsZero() && !until.After(s.now) {
			return directory.Errorf(directory.Invalid, "The pin would end at %s, which is past.", until.Format(time.RFC3339))
		}
		if until.After(s.now.Add(furthest)) {
			return wrong("until", "The pin would end at %s, which is more than a hundred years ahead; leave the end out for good.", until.Format(time.RFC3339))
		}
		lifted, err := s.revoke(a, directory.GrantPin)
		switch {
		case err != nil:
			return err
		case role != "":
			return s.grant(a, &directory.Grant{Kind: directory.GrantPin, Role: role, Ends: until})
		case lifted == 0:
			return directory.Errorf(directory.Conflict, "This member has no pin to lift.")
		}
		return nil
	}, pinNote(role, until))
}

// notePinned begins the note that tells of a pin what its effects may not: that it was set while a rule gave the role, too.
const notePinned = "pinned to "

func pinNote(role string, until time.Time) string {
	switch {
	case role == "":
		return "the pin was lifted"
	case until.IsZero():
		return notePinned + role
	}
	return notePinned + role + " until " + until.UTC().Format(time.RFC3339)
}

// pinSaid reads a pin back from the notes of its entry. It reports false for one that was lifted.
func pinSaid(notes []string) (role string, until time.Time, pinned bool) {
	for _, note := range notes {
		text, ok := strings.CutPrefix(note, notePinned)
		if !ok {
			continue
		}
		if i := strings.LastIndex(text, " until "); i >= 0 {
			if end, err := time.Parse(time.RFC3339, text[i+len(" until "):]); err == nil {
				return text[:i], end, true
			}
		}
		return text, time.Time{}, true
	}
	return "", time.Time{}, false
}

// act changes what is given by hand, settles the member and journals both with the notes, in one transaction.
func (e *Engine) act(ctx context.Context, a Act, kind string, change func(*settlement) error, notes ...string) (*directory.Member, error) {
	var member *directory.Member
	err := e.update(ctx, a.Org, a.Cause, func(s *settlement) error {
		if _, err := s.existing(a.Member); err != nil {
			return err
		}
		s.byHand = true
		if err := change(s); err != nil {
			return err
		}
		if err := s.settle([]*facts.Touch{{Member: a.Member}}); err != nil {
			return err
		}
		o := s.settled[a.Member]
		member = o.member
		o.notes = append(o.notes, notes...)
		return s.writeAct(o, kind)
	})
	if err != nil {
		return nil, err
	}
	return member, nil
}

// writeAct journals what an admin did, even when nothing followed from it, and what followed for others.
func (s *settlement) writeAct(main *outcome, kind string) error {
	entries := []*pending{s.effectEntry(main, kind)}
	for _, o := range s.outcomes {
		if o != main && o.worthTelling() {
			entries = append(entries, s.effectEntry(o, "member.changed"))
		}
	}
	if err := s.append(entries); err != nil {
		return err
	}
	return s.writeRows()
}

func (s *settlement) existing(id directory.ID) (*directory.Member, error) {
	members, err := s.tx.Members(s.org, []directory.ID{id})
	if err != nil {
		return nil, err
	}
	m := members[0]
	if m == nil {
		return nil, directory.Errorf(directory.NotFound, "There is no member %s in this organization.", id)
	}
	if !m.Merged.IsZero() {
		return nil, directory.Errorf(directory.Conflict, "The member %s was merged into %s; act on that one.", id, m.Merged)
	}
	return m, nil
}

// grant writes a grant of an admin, unless the member has one of its kind already.
func (s *settlement) grant(a Act, g *directory.Grant) error {
	grants, err := s.tx.Grants(s.org, []directory.ID{a.Member})
	if err != nil {
		return err
	}
	if g.Kind != directory.GrantUnlink && slices.ContainsFunc(grants[0], func(o *directory.Grant) bool { return o.Kind == g.Kind && (o.Ends.IsZero() || o.Ends.After(s.now)) }) {
		return directory.Errorf(directory.Conflict, "An admin has done this already; `usher explain` shows who and when.")
	}
	g.ID, g.Org, g.Member, g.Created = s.engine.ids.New(s.now), s.org, a.Member, s.now
	g.Actor, g.Reason = a.Cause.Actor, a.Cause.Reason
	return s.tx.PutGrants([]*directory.Grant{g})
}

// revoke deletes a member's grants of some kinds and returns how many there were.
func (s *settlement) revoke(a Act, kinds ...directory.GrantKind) (int, error) {
	grants, err := s.tx.Grants(s.org, []directory.ID{a.Member})
	if err != nil {
		return 0, err
	}
	var gone []*directory.Grant
	for _, g := range grants[0] {
		if slices.Contains(kinds, g.Kind) {
			gone = append(gone, g)
		}
	}
	return len(gone), s.tx.DeleteGrants(gone)
}
