package facts

import (
	"bytes"
	"slices"

	"github.com/mixus/usher/directory"
)

// CreateUser takes a new user. A known externalId whose user is inactive is replaced and reactivated under its present
// id; an active one is a Conflict naming it, and so is the userName of an active user.
func (w *Writer) CreateUser(in UserInput) (*directory.User, error) {
	if err := w.Flush(); err != nil {
		return nil, err
	}
	if known, err := w.findByExternalID(in.ExternalID); err != nil {
		return nil, err
	} else if known != nil {
		if known.Active {
			return nil, conflict("externalId", "The user %s has this externalId already and is active.", known.ID)
		}
		return w.write(known, in, "user.reactivated")
	}
	holder, err := w.findByUserName(in.UserName)
	if err != nil {
		return nil, err
	}
	if holder != nil && !holder.Active && !differentPeople(lastSubject(holder), in.ExternalID) {
		if in.ExternalID == "" {
			in.ExternalID = holder.ExternalID // it is who the person is: leaving it out does not take it away
		}
		return w.write(holder, in, "user.reactivated")
	}
	if err := w.takeUserName(holder); err != nil {
		return nil, err
	}
	return w.insert(in)
}

// differentPeople reports whether two externalIds say that two records are not the same person. An absent one says
// nothing.
func differentPeople(a, b string) bool { return a != "" && b != "" && a != b }

func (w *Writer) insert(in UserInput) (*directory.User, error) {
	u := &directory.User{
		ID: w.IDs.New(w.Now), Conn: w.Conn, Revision: 1, Active: in.Active, UserName: in.UserName, ExternalID: in.ExternalID,
		Created: w.Now, Modified: w.Now, Body: in.Body,
	}
	p, err := ProfileOf(u)
	if err != nil {
		return nil, err
	}
	person, err := w.personOf(u, p)
	if err != nil {
		return nil, err
	}
	u.Member = person.member
	w.link(u.Member, u)
	w.keep(u, p)
	if err := w.await(u, "", p.Manager); err != nil {
		return nil, err
	}
	if err := w.join(u, p, person.former); err != nil {
		return nil, err
	}
	w.record(&Change{Kind: "user.created", User: u, Members: []directory.ID{u.Member}, Attributes: in.Attributes, Values: said(u)})
	return u, nil
}

// said returns the personal values of a change: the resource as the provider left it. What it was before stands in the
// entry before.
func said(u *directory.User) []directory.DetailValue {
	return []directory.DetailValue{{Attribute: "user", After: u.Body}}
}

// keep puts a changed user where reads of this transaction find it; it is written when its entry is known.
func (w *Writer) keep(u *directory.User, p *directory.Profile) {
	u.Keys = keysOf(u, p)
	w.users[u.ID] = u
	w.profiles[u.ID] = p
}

// ReplaceUser replaces all that was said about a user (PUT).
func (w *Writer) ReplaceUser(id directory.ID, m Match, in UserInput) (*directory.User, error) {
	return w.ModifyUser(id, m, func(*directory.User) (UserInput, error) { return in, nil })
}

// ModifyUser changes a user by a function of what is stored (PATCH). The function may run more than once and must not
// change its argument. A result equal to what is stored changes nothing.
func (w *Writer) ModifyUser(id directory.ID, m Match, fn func(*directory.User) (UserInput, error)) (*directory.User, error) {
	if err := w.Flush(); err != nil {
		return nil, err
	}
	u, err := w.existing(id, m)
	if err != nil {
		return nil, err
	}
	in, err := fn(u)
	if err != nil {
		return nil, err
	}
	return w.write(u, in, "user.updated")
}

func (w *Writer) existing(id directory.ID, m Match) (*directory.User, error) {
	u, err := w.User(id)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return nil, missing(id)
	}
	if !m.Holds(u.Revision) {
		return nil, directory.Errorf(directory.Precondition, "The user has changed: it is at version %d now. Read it again.", u.Revision)
	}
	return u, nil
}

// write brings a stored user to what the provider says now.
func (w *Writer) write(old *directory.User, in UserInput, kind string) (*directory.User, error) {
	if old.Active == in.Active && old.UserName == in.UserName && old.ExternalID == in.ExternalID && bytes.Equal(old.Body, in.Body) {
		w.notes = nil
		return old, nil
	}
	now := *old
	now.Active, now.UserName, now.ExternalID, now.Body = in.Active, in.UserName, in.ExternalID, in.Body
	now.Revision++
	now.Modified = w.Now
	if err := w.claimNames(old, &now); err != nil {
		return nil, err
	}
	after, err := ProfileOf(&now)
	if err != nil {
		return nil, err
	}
	changed := changedAttributes(old, &now)
	before, err := profileBefore(old, after, changed)
	if err != nil {
		return nil, err
	}
	if err := w.follow(old, &now, after); err != nil {
		return nil, err
	}
	w.Touch(now.Member)
	w.keep(&now, after)
	if before.Manager != after.Manager {
		if err := w.await(&now, before.Manager, after.Manager); err != nil {
			return nil, err
		}
	}
	if err := w.rejoin(old, &now, before, after); err != nil {
		return nil, err
	}
	w.record(&Change{
		Kind: kind, User: &now, Members: []directory.ID{now.Member},
		Attributes: changed, Values: said(&now),
	})
	return &now, nil
}

// profileBefore returns by what names a user was known and whom it named as its manager, before a change. Most changes
// touch neither, and the profile of before need not be decoded.
func profileBefore(old *directory.User, after *directory.Profile, changed []string) (*directory.Profile, error) {
	if slices.Contains(changed, "emails") || slices.Contains(changed, "manager") {
		return ProfileOf(old)
	}
	before := *after
	before.UserName, before.ExternalID, before.Active = old.UserName, old.ExternalID, old.Active
	return &before, nil
}

// rejoin brings a user whose names changed together with what waits for the new ones, and tells those who mean it as
// their manager, by any of its names, when whom they mean may have changed.
func (w *Writer) rejoin(old, now *directory.User, before, after *directory.Profile) error {
	renamed := !slices.Equal(namesOf(old, before), namesOf(now, after))
	if renamed || old.Active != now.Active || old.Member != now.Member {
		if err := w.touchReports(old, before); err != nil {
			return err
		}
	}
	if !renamed {
		return nil
	}
	return w.join(now, after, directory.NoID)
}

// claimNames checks that the externalId and the userName which a user takes are free.
func (w *Writer) claimNames(old, now *directory.User) error {
	if now.ExternalID != old.ExternalID {
		other, err := w.findByExternalID(now.ExternalID)
		if err != nil {
			return err
		}
		if other != nil && other.ID != now.ID {
			return conflict("externalId", "The user %s has this externalId already.", other.ID)
		}
	}
	back := old.Superseded && now.Active
	if directory.Fold(now.UserName) == directory.Fold(old.UserName) && !back {
		return nil
	}
	holder, err := w.findByUserName(now.UserName)
	if err != nil {
		return err
	}
	if holder != nil && holder.ID != now.ID {
		if err := w.takeUserName(holder); err != nil {
			return err
		}
	}
	now.Superseded = false
	return nil
}

// takeUserName takes a userName away from a user who has left, for another person; from an active one it is a conflict.
func (w *Writer) takeUserName(holder *directory.User) error {
	if holder == nil {
		return nil
	}
	if holder.Active {
		return conflict("userName", "The user %s has this userName already.", holder.ID)
	}
	left := *holder
	left.Superseded = true
	p, err := ProfileOf(&left)
	if err != nil {
		return err
	}
	w.keep(&left, p)
	w.Touch(left.Member)
	w.Note("the userName has passed from the inactive user " + left.ID.String() + " to another person")
	return nil
}

// follow keeps a user with its person. Another externalId than the last one is another person: the record leaves the
// member it belonged to, with everything that member was given.
func (w *Writer) follow(old, now *directory.User, p *directory.Profile) error {
	if old.ExternalID == now.ExternalID || now.ExternalID == "" {
		return nil
	}
	if !differentPeople(lastSubject(old), now.ExternalID) {
		return w.tx.PutIdentity(w.Conn, now.ExternalID, now.Member)
	}
	if err := w.bury(old); err != nil {
		return err
	}
	person, err := w.personOf(now, p)
	if err != nil {
		return err
	}
	if err := w.part(old.Member, old); err != nil {
		return err
	}
	now.Member = person.member
	w.link(now.Member, now)
	w.Note("another externalId is another person: the record has left its former member")
	return nil
}

// DeleteUser deletes a user and leaves a tombstone.
func (w *Writer) DeleteUser(id directory.ID, m Match) error {
	if err := w.Flush(); err != nil {
		return err
	}
	u, err := w.existing(id, m)
	if err != nil {
		return err
	}
	if err := w.leaveParents(directory.Child{Kind: directory.ChildUser, ID: u.ID}); err != nil {
		return err
	}
	p, err := ProfileOf(u)
	if err != nil {
		return err
	}
	if err := w.await(u, p.Manager, ""); err != nil {
		return err
	}
	if err := w.touchReports(u, p); err != nil {
		return err
	}
	if err := w.bury(u); err != nil {
		return err
	}
	if err := w.tx.DeleteUsers(w.Conn, []directory.ID{u.ID}); err != nil {
		return err
	}
	delete(w.writtenUsers, u.ID)
	if err := w.part(u.Member, u); err != nil {
		return err
	}
	w.record(&Change{Kind: "user.deleted", User: u, Members: []directory.ID{u.Member}})
	return nil
}

func (w *Writer) findByExternalID(externalID string) (*directory.User, error) {
	if externalID == "" {
		return nil, nil
	}
	return w.first(directory.Key{Attribute: directory.AttrExternalID, Value: externalID})
}

func (w *Writer) findByUserName(userName string) (*directory.User, error) {
	return w.first(directory.Key{Attribute: directory.AttrUserName, Value: directory.Fold(userName)})
}

func (w *Writer) first(key directory.Key) (*directory.User, error) {
	ids, err := w.tx.FindUsers(w.Conn, key)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return w.User(ids[0])
}

func conflict(field, format string, args ...any) error {
	e := directory.Errorf(directory.Conflict, format, args...)
	e.Field, e.Code = field, "uniqueness"
	return e
}

// missing says nothing of whether another connection has it: what is not there reads the same wherever it is asked for.
func missing(id directory.ID) error {
	return directory.Errorf(directory.NotFound, "Resource %s not found.", id)
}
