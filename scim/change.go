package scim

import (
	"maps"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/patch"
)

// change is a request to write that has been decoded, normalized and validated: all that is left is its transaction.
type change struct {
	apply func(*facts.Writer) error // may run more than once; sets user or group anew each time
	user  *directory.User
	group *directory.Group
}

// newUser reads a POST of a user.
func (l *line) newUser(raw []byte) (*change, error) {
	doc, err := dialect.Resource(l.user, raw)
	if err != nil {
		return nil, err
	}
	attributes := names(doc.Attributes)
	doc.Attributes["active"] = doc.Active // by default true
	in, err := userInput(doc)
	if err != nil {
		return nil, err
	}
	in.Attributes = attributes
	ch := &change{}
	ch.apply = func(w *facts.Writer) (err error) {
		w.Note(doc.Notes...)
		ch.user, err = w.CreateUser(in)
		return err
	}
	return ch, nil
}

// wholeUser reads a PUT of a user. It replaces everything (RFC 7644, section 3.5.1) but two things that leaving them out
// does not take away: externalId, for it is who the person is, and active, for nobody comes back by an omission.
func (l *line) wholeUser(id directory.ID, m facts.Match, raw []byte) (*change, error) {
	doc, err := dialect.Resource(l.user, raw)
	if err != nil {
		return nil, err
	}
	attributes := names(doc.Attributes)
	ch := &change{}
	ch.apply = func(w *facts.Writer) (err error) {
		w.Note(doc.Notes...)
		ch.user, err = w.ModifyUser(id, m, func(stored *directory.User) (facts.UserInput, error) {
			next := *doc
			if next.ExternalID == "" {
				next.ExternalID = stored.ExternalID
			}
			if !next.ActiveGiven {
				next.Active = stored.Active
				next.Attributes = maps.Clone(next.Attributes)
				next.Attributes["active"] = stored.Active
			}
			in, err := userInput(&next)
			in.Attributes = attributes
			return in, err
		})
		return err
	}
	return ch, nil
}

// patchedUser reads a PATCH of a user. An active that is removed is unassigned and not shown (RFC 7644, section 3.5.2.2);
// what it said stays in force, for nobody comes back by an omission.
func (l *line) patchedUser(id directory.ID, m facts.Match, raw []byte) (*change, error) {
	p, err := dialect.UserPatch(l.user, raw)
	if err != nil {
		return nil, err
	}
	ch := &change{}
	ch.apply = func(w *facts.Writer) (err error) {
		w.Note(p.Notes...)
		ch.user, err = w.ModifyUser(id, m, func(stored *directory.User) (facts.UserInput, error) {
			current, err := dialect.Decode(stored.Body)
			if err != nil {
				return facts.UserInput{}, err
			}
			if stored.ExternalID != "" {
				current["externalId"] = stored.ExternalID
			}
			next, touched, err := patch.Apply(l.user, current, p.Ops)
			if err != nil {
				return facts.UserInput{}, err
			}
			doc := dialect.DocumentOf(next)
			if !doc.ActiveGiven {
				doc.Active = stored.Active
			}
			in, err := userInput(doc)
			in.Attributes = touched
			return in, err
		})
		return err
	}
	return ch, nil
}

// userInput puts a document into the form in which it is stored.
func userInput(doc *dialect.Document) (facts.UserInput, error) {
	body, err := encode(doc.Attributes)
	return facts.UserInput{UserName: doc.UserName, ExternalID: doc.ExternalID, Active: doc.Active, Body: body}, err
}

// goneUser is a DELETE of a user.
func goneUser(id directory.ID, m facts.Match) *change {
	return &change{apply: func(w *facts.Writer) error { return w.DeleteUser(id, m) }}
}

// newGroup makes a change of a POST of a group.
func newGroup(doc *dialect.GroupDocument) (*change, error) {
	in, err := groupInput(&doc.Document)
	if err != nil {
		return nil, err
	}
	ch := &change{}
	ch.apply = func(w *facts.Writer) (err error) {
		w.Note(doc.Notes...)
		ch.group, err = w.CreateGroup(in, doc.Members)
		return err
	}
	return ch, nil
}

// wholeGroup makes a change of a PUT of a group. As with users, an externalId that is left out stays; so do members that
// are not mentioned at all, for nobody empties a group by renaming it. An empty list empties it.
func wholeGroup(id directory.ID, m facts.Match, doc *dialect.GroupDocument) (*change, error) {
	in, err := groupInput(&doc.Document)
	if err != nil {
		return nil, err
	}
	var ops []facts.MemberOp
	if doc.MembersGiven {
		ops = []facts.MemberOp{{Op: facts.MemberReplace, Values: doc.Members}}
	}
	ch := &change{}
	ch.apply = func(w *facts.Writer) (err error) {
		w.Note(doc.Notes...)
		ch.group, err = w.ModifyGroup(id, m, func(stored *directory.Group) (facts.GroupInput, error) {
			next := in
			if next.ExternalID == "" {
				next.ExternalID = stored.ExternalID
			}
			return next, nil
		}, ops)
		return err
	}
	return ch, nil
}

// patchedGroup makes a change of a PATCH of a group. Its memberships are edges: the list is never read.
func (l *line) patchedGroup(id directory.ID, m facts.Match, p *dialect.GroupPatch) *change {
	var modify func(*directory.Group) (facts.GroupInput, error)
	if len(p.Ops) > 0 {
		modify = func(stored *directory.Group) (facts.GroupInput, error) { return l.patchGroup(stored, p.Ops) }
	}
	ops := make([]facts.MemberOp, len(p.Members))
	for i, op := range p.Members {
		ops[i] = facts.MemberOp{Op: facts.MemberOpKind(op.Op), Values: op.Values}
	}
	ch := &change{}
	ch.apply = func(w *facts.Writer) (err error) {
		w.Note(p.Notes...)
		ch.group, err = w.ModifyGroup(id, m, modify, ops)
		return err
	}
	return ch
}

func (l *line) patchGroup(stored *directory.Group, ops []patch.Operation) (facts.GroupInput, error) {
	current, err := groupAttributes(stored)
	if err != nil {
		return facts.GroupInput{}, err
	}
	if stored.ExternalID != "" {
		current["externalId"] = stored.ExternalID
	}
	next, _, err := patch.Apply(l.group, current, ops)
	if err != nil {
		return facts.GroupInput{}, err
	}
	return groupInput(dialect.DocumentOf(next))
}

// groupInput puts a document into the form in which it is stored.
func groupInput(doc *dialect.Document) (facts.GroupInput, error) {
	in := facts.GroupInput{DisplayName: doc.DisplayName, ExternalID: doc.ExternalID}
	other := maps.Clone(doc.Attributes)
	delete(other, "displayName")
	delete(other, "members")
	if len(other) == 0 {
		return in, nil
	}
	var err error
	in.Body, err = encode(other)
	return in, err
}

// goneGroup is a DELETE of a group.
func goneGroup(id directory.ID, m facts.Match) *change {
	return &change{apply: func(w *facts.Writer) error { return w.DeleteGroup(id, m) }}
}

// names lists the attributes of a document for the journal, those of extensions behind their URN.
func names(attributes map[string]any) []string {
	out := make([]string, 0, len(attributes))
	for name, value := range attributes {
		nested, ok := value.(map[string]any)
		if !ok || !isURN(name) {
			out = append(out, name)
			continue
		}
		for sub := range nested {
			out = append(out, name+":"+sub)
		}
	}
	slices.Sort(out)
	return out
}

func isURN(name string) bool { return len(name) > 4 && name[:4] == "urn:" }
