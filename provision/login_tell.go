package provision

import (
	"encoding/json"
	"slices"

	"github.com/mixus/usher/directory"
)

// admit begins the session.
func (l *login) admit(m *directory.Member) error {
	if err := l.evidence(m); err != nil {
		return err
	}
	notes, err := l.openSession(m, l.in, l.result)
	if err != nil {
		return err
	}
	l.note(notes...)
	l.result.Code, l.result.Member = l.how, m
	_, err = l.tell(kindLogin, m)
	return err
}

// evidence notes with what waits in a hold that the provider lets the person in.
func (l *login) evidence(m *directory.Member) error {
	kept, err := l.waiting(m)
	if err != nil || len(m.Held) == 0 {
		return err
	}
	for _, k := range kept {
		if k.hold.Kind != BrakeSuspensions {
			continue
		}
		k.row.SignedIn = l.now
		l.note("signed in while the suspension waits in the hold " + k.hold.ID.String())
		if err := l.tx.PutHeldMembers([]*directory.HeldMember{k.row}); err != nil {
			return err
		}
	}
	for _, h := range l.brakes.holds {
		if h.Kind == directory.HoldLastAdmin && h.Member == m.ID {
			h.SignedIn = l.now
			if err := l.tx.PutHold(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuse journals that somebody did not get in. M is nil where nobody is known.
func (l *login) refuse(code LoginCode, m *directory.Member) error {
	l.result.Code, l.result.Member = code, m
	l.why = append([]string{"refused: " + string(code) + ": " + code.Because()}, l.why...)
	kind := kindRefused
	if code == LoginAwaiting && l.grant != nil && len(l.changed) > 0 && l.how != LoginKnown {
		kind = kindAwaiting
	}
	entry, err := l.tell(kind, m)
	if err == nil {
		l.result.Reference = Reference(entry)
	}
	return err
}

func (l *login) note(notes ...string) { l.why = append(l.why, notes...) }

// tell journals a sign-in with what followed from it, and writes the rows that changed.
func (l *login) tell(kind string, m *directory.Member) (*directory.Entry, error) {
	entry := l.newEntry(kind)
	entry.Conn, entry.Attributes = l.conn, l.changed
	entry.Notes = slices.Concat(l.in.Notes, l.why)
	main := &pending{entry: entry}
	var values []directory.DetailValue
	var bare *directory.Member // whose row changes by the entry alone
	if m != nil {
		if o := l.settled[m.ID]; o != nil {
			entry.Effects, entry.Notes, values = o.effects, append(entry.Notes, o.notes...), o.values
			o.changed = true
			main.about(directory.SubjectMember, m.ID, &o.member.Entry)
		} else {
			bare = m
			main.about(directory.SubjectMember, m.ID, &m.Entry)
		}
	}
	said, err := l.values(m)
	if err != nil {
		return nil, err
	}
	main.say(append(said, values...))
	entries := []*pending{main}
	for _, o := range l.outcomes {
		if (m == nil || o.member.ID != m.ID) && o.worthTelling() {
			entries = append(entries, l.effectEntry(o, "member.changed"))
		}
	}
	if err := l.append(entries); err != nil {
		return nil, err
	}
	if bare != nil {
		if err := l.tx.PutMembers([]*directory.Member{bare}); err != nil {
			return nil, err
		}
	}
	if l.grant != nil && len(l.changed) > 0 {
		l.grant.Login.Entry = entry.Seq
		if err := l.tx.PutGrants([]*directory.Grant{l.grant}); err != nil {
			return nil, err
		}
	}
	return entry, l.writeRows()
}

// values are the personal values of an entry: what was said that is new, or who it was that nobody knows.
func (l *login) values(m *directory.Member) ([]directory.DetailValue, error) {
	if l.grant != nil && len(l.changed) == 0 || l.grant == nil && m != nil {
		return nil, nil
	}
	said := signInSaid{Subject: l.in.Subject, Addresses: addressesOf(l.in)}
	if l.grant != nil {
		said = signInSaid{Subject: l.in.Subject, Profile: &l.grant.Login.Profile, Groups: l.grant.Login.Groups}
	}
	text, err := json.Marshal(said)
	return []directory.DetailValue{{Attribute: attributeLogin, After: text}}, err
}

// signInSaid is the personal value of an entry about a sign-in: what is known since, or of somebody whom nobody knows the
// addresses alone.
type signInSaid struct {
	Subject   string             `json:"subject"`
	Profile   *directory.Profile `json:"profile,omitempty"`
	Groups    []string           `json:"groups,omitempty"`
	Addresses []string           `json:"addresses,omitempty"`
}

func addressesOf(in *Login) []string {
	list := make([]string, len(in.Addresses))
	for i, a := range in.Addresses {
		list[i] = a.Value
	}
	return list
}

// reasonsOf tells in words why somebody stands outside.
func reasonsOf(d *directory.Decision) []string {
	var notes []string
	for i := range d.Reasons {
		if r := &d.Reasons[i]; (r.Field == "status" || r.Source == directory.SourceRollout || r.Field == fieldHeld) && r.Because != "" {
			notes = append(notes, r.Because)
		}
	}
	return notes
}
