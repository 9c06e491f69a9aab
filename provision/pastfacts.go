package provision

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// PastAccount is one directory record as the provider had left it.
type PastAccount struct {
	Connection string
	User       directory.ID
	Profile    directory.Profile
	Extensions map[string]map[string]json.RawMessage // what it said beyond the standard, by URN and attribute
	Said       *JournalLine                          // the entry that left it so
	Erased     bool                                  // the values of that entry are there no more
	Groups     []PastGroup
}

// pastRecordLimit is how many entries of one record are followed.
const pastRecordLimit = 2000

// unknown notes, once, what cannot be told.
func (b *pastBuilder) unknown(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(b.Unknown, text) {
		b.Unknown = append(b.Unknown, text)
	}
}

// facts reads the records that were the person's, and the groups that they were in.
func (b *pastBuilder) facts() error {
	groups, err := b.mentionedGroups()
	if err != nil {
		return err
	}
	for _, ref := range b.records() {
		r := &pastRecord{ref: ref}
		if err := b.read(r); err != nil {
			return err
		}
		if !r.there() || !b.owned(r) {
			continue
		}
		a, err := b.account(r)
		if err != nil {
			return err
		}
		if err := b.groupsOf(a, r, groups); err != nil {
			return err
		}
		b.Accounts = append(b.Accounts, *a)
	}
	return b.signIns()
}

// records returns every record that may ever have been the person's: those that are, and those that their history names.
func (b *pastBuilder) records() []directory.UserRef {
	refs := slices.Clone(b.Member.Users)
	for _, l := range b.lines {
		ref := directory.UserRef{Conn: l.Conn, ID: l.about(directory.SubjectUser)}
		if !ref.ID.IsZero() && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

// pastRecord is a directory record, and what its history tells about an instant.
type pastRecord struct {
	ref           directory.UserRef
	row           *directory.User // as it is now; nil when it was deleted
	state         *JournalLine    // the last entry until then
	before, after *JournalLine    // the nearest entries that name the person it belonged to
	renumbered    bool            // another externalId came since
	followed      bool            // to the end
}

// there reports whether the provider had the record.
func (r *pastRecord) there() bool { return r.state != nil && r.state.Kind != "user.deleted" }

func (b *pastBuilder) read(r *pastRecord) error {
	head := b.newest(directory.SubjectUser, r.ref.ID)
	err := b.engine.Store.View(b.ctx, func(tx store.Tx) error {
		rows, err := tx.Users(r.ref.Conn, []directory.ID{r.ref.ID})
		if err != nil {
			return err
		}
		if r.row = rows[0]; r.row != nil {
			head = max(head, r.row.Entry)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.followed, err = b.engine.walk(b.ctx, chain{directory.SubjectUser, r.ref.ID, head}, pastRecordLimit, func(l *JournalLine) bool {
		owner := l.about(directory.SubjectMember)
		if l.At.After(b.At) {
			if !owner.IsZero() {
				r.after = l
			}
			r.renumbered = r.renumbered || slices.Contains(l.Attributes, "externalId")
			return true
		}
		if r.state == nil {
			r.state = l
		}
		if !owner.IsZero() {
			r.before = l
		}
		return r.before == nil
	})
	if !r.followed && r.state == nil {
		b.unknown("the record %s of %s has changed so often since that what it was is not followed", r.ref.ID, b.conns[r.ref.Conn])
	}
	return err
}

// newest returns the number of the newest entry of the person's history that is about something.
func (b *pastBuilder) newest(kind directory.SubjectKind, id directory.ID) uint64 {
	for _, l := range slices.Backward(b.lines) {
		if slices.ContainsFunc(l.Subjects, func(s directory.Subject) bool { return s.Kind == kind && s.ID == id }) {
			return l.Seq
		}
	}
	return 0
}

// owned reports whether a record was the person's: as the nearest entry says that names its person, unless records were
// moved by hand in between.
func (b *pastBuilder) owned(r *pastRecord) bool {
	names := func(l *JournalLine) bool { return l.about(directory.SubjectMember) == b.Member.ID }
	if r.before != nil && !b.moved(r.before.Seq, false) {
		return names(r.before)
	}
	if r.after != nil && !b.moved(r.after.Seq, true) {
		return names(r.after)
	}
	if r.row != nil {
		return r.row.Member == b.Member.ID
	}
	return r.before != nil && names(r.before)
}

// moved reports whether an admin moved records between an entry and the instant.
func (b *pastBuilder) moved(seq uint64, later bool) bool {
	for i, l := range b.lines {
		if l.At.After(b.At) != later || later && l.Seq >= seq || !later && l.Seq <= seq {
			continue
		}
		apart := i == 0 && l.about(directory.SubjectUser).IsZero() && l.Kind != kindLogin // the person began as somebody taken apart from another
		if apart || l.Kind == "member.unlinked" || l.Kind == "member.merged" || slices.ContainsFunc(l.Effects, mergedAway) {
			return true
		}
	}
	return false
}

// mergedAway reports whether an effect tells that a member became part of another.
func mergedAway(f directory.Effect) bool {
	return f.Field == "status" && f.After == string(directory.StatusRemoved) && f.Reason != nil && strings.HasPrefix(f.Reason.Because, becauseMerged)
}

// account reads a record as an entry left it.
func (b *pastBuilder) account(r *pastRecord) (*PastAccount, error) {
	a := &PastAccount{Connection: b.conns[r.ref.Conn], User: r.ref.ID, Said: r.state}
	u := directory.User{ID: r.ref.ID, Active: true}
	for _, v := range r.state.Values {
		if v.Attribute == "user" {
			u.Body = v.After
		}
	}
	if a.Erased = len(u.Body) == 0; a.Erased {
		return a, nil
	}
	named := struct {
		UserName string `json:"userName"`
		Active   *bool  `json:"active"`
	}{Active: &u.Active}
	if err := json.Unmarshal(u.Body, &named); err != nil {
		return nil, fmt.Errorf("provision: entry %d: %w", r.state.Seq, err)
	}
	u.UserName = named.UserName
	if r.row != nil && !r.renumbered {
		u.ExternalID = r.row.ExternalID
	}
	profile, err := facts.ProfileOf(&u)
	if err != nil {
		return nil, err
	}
	a.Profile = *profile
	a.Extensions, err = facts.ExtensionsOf(&u)
	return a, err
}
