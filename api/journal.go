package api

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Entry is one line of the journal, with its personal values where they were not erased.
type Entry struct {
	Seq        uint64             `json:"seq" doc:"The number of the entry; later ones are larger."`
	At         time.Time          `json:"at"`
	Kind       string             `json:"kind" doc:"What happened, such as user.created or member.changed."`
	Connection string             `json:"connection,omitempty"`
	Subjects   []Subject          `json:"subjects" nullable:"false" doc:"What it is about."`
	Cause      directory.Cause    `json:"cause" doc:"Who or what made the change."`
	Attributes []string           `json:"attributes,omitempty" nullable:"false" doc:"What the source changed."`
	Added      int                `json:"added,omitempty" doc:"Members added to a group."`
	Removed    int                `json:"removed,omitempty" doc:"Members removed from a group."`
	Effects    []directory.Effect `json:"effects,omitempty" nullable:"false" doc:"What followed for the member, and why."`
	Notes      []string           `json:"notes,omitempty" nullable:"false" doc:"What was rewritten or dropped on the way in, and warnings."`
	Values     []Change           `json:"values,omitempty" nullable:"false" doc:"The personal values that changed."`
}

// Subject is one of the things that an entry is about.
type Subject struct {
	Kind string `json:"kind" enum:"user,group,member,policy"`
	ID   string `json:"id"`
	Name string `json:"name,omitempty" doc:"The member's address or the group's name, as it is now; absent once there is none."`
}

// Change is one value that changed.
type Change struct {
	Attribute string `json:"attribute"`
	Before    any    `json:"before,omitempty"`
	After     any    `json:"after,omitempty"`
}

type journalFilter struct {
	InOrganization
	Paging
	Order  string `query:"order" enum:"newest,oldest" default:"newest" doc:"Which end comes first. A member's own journal always starts with the newest."`
	Member string `query:"member" maxLength:"320" doc:"Only entries about this member, by id or address."`
	Kind   string `query:"kind" maxLength:"64" doc:"Only entries of this kind."`
}

func (s *Server) journal(api huma.API) {
	handle(s, api, get("/organizations/{organization}/journal", "list-journal", ScopeJournalRead, "Read the journal",
		"Lists what happened. With order \"oldest\" the cursor stays valid at the end and can be asked again for what came later. A page may hold fewer than limit while there is a next one."),
		func(ctx context.Context, in *journalFilter) (*answer[Page[Entry]], error) {
			if in.Member != "" {
				return found(s.memberJournal(ctx, in))
			}
			return found(s.listJournal(ctx, in))
		})
}

func (p Paging) seq() (uint64, error) {
	raw, err := p.raw()
	switch {
	case err != nil:
		return 0, err
	case len(raw) == 0:
		return 0, nil
	case len(raw) != 8:
		return 0, badCursor()
	}
	return binary.BigEndian.Uint64(raw), nil
}

// JournalCursor returns the cursor that goes on after an entry.
func JournalCursor(seq uint64) string { return cursor(binary.BigEndian.AppendUint64(nil, seq)) }

// listJournal walks the numbers of the whole journal and keeps what is the organization's.
func (s *Server) listJournal(ctx context.Context, in *journalFilter) (Page[Entry], error) {
	page := Page[Entry]{Items: []Entry{}}
	after, err := in.seq()
	if err != nil {
		return page, err
	}
	newest := in.Order != "oldest"
	for walked := 0; walked < walkMost && len(page.Items) < in.Limit; {
		var views []Entry
		last, seen, full := after, 0, false
		err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
			rows, err := tx.ListEntries(after, walkRows, newest)
			if err != nil {
				return err
			}
			seen, full = len(rows), false
			var match []*directory.Entry
			for _, e := range rows {
				last = e.Seq
				if e.Org == org && (in.Kind == "" || e.Kind == in.Kind) {
					match = append(match, e)
				}
				if full = len(page.Items)+len(match) == in.Limit; full {
					break
				}
			}
			views, err = entryViews(tx, n, org, match)
			return err
		})
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, views...)
		after = last
		if !full && seen < walkRows {
			if newest {
				return page, nil
			}
			break // there may be more later
		}
		walked += seen
	}
	if after > 0 {
		page.Next = JournalCursor(after)
	}
	return page, nil
}

// memberJournal follows the chain of a member's entries; a cursor is the number of the next one.
func (s *Server) memberJournal(ctx context.Context, in *journalFilter) (Page[Entry], error) {
	page := Page[Entry]{Items: []Entry{}}
	from, err := in.seq()
	if err != nil {
		return page, err
	}
	err = s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
		m, err := findMember(tx, n, org, in.Member)
		if err != nil {
			return err
		}
		next := m.Entry
		if in.Cursor != "" {
			next = from
		}
		var match []*directory.Entry
		for walked := 0; next != 0 && walked < walkRows && len(match) < in.Limit; walked++ {
			rows, err := tx.Entries([]uint64{next})
			if err != nil {
				return err
			}
			e := rows[0]
			at := -1
			if e != nil && e.Org == org {
				at = slices.IndexFunc(e.Subjects, func(x directory.Subject) bool { return x.Kind == directory.SubjectMember && x.ID == m.ID })
			}
			if at < 0 {
				return badCursor()
			}
			if in.Kind == "" || e.Kind == in.Kind {
				match = append(match, e)
			}
			next = e.Subjects[at].Prev
		}
		if page.Items, err = entryViews(tx, n, org, match); err != nil {
			return err
		}
		if page.Next = ""; next != 0 {
			page.Next = JournalCursor(next)
		}
		return nil
	})
	return page, err
}

func entryViews(tx store.Tx, n *names, org directory.OrgNum, entries []*directory.Entry) ([]Entry, error) {
	seqs := make([]uint64, len(entries))
	for i, e := range entries {
		seqs[i] = e.Seq
	}
	details, err := tx.Details(seqs)
	if err != nil {
		return nil, err
	}
	views := make([]Entry, len(entries))
	for i, e := range entries {
		var values []directory.DetailValue
		if details[i] != nil {
			values = details[i].Values
		}
		views[i] = entryView(n, e, values)
	}
	return views, nameSubjects(tx, n, org, views)
}

func entryView(n *names, e *directory.Entry, values []directory.DetailValue) Entry {
	view := Entry{
		Seq: e.Seq, At: e.At, Kind: e.Kind, Connection: n.conn[e.Conn], Subjects: []Subject{}, Cause: e.Cause, Attributes: e.Attributes,
		Added: e.Added, Removed: e.Removed, Effects: e.Effects, Notes: e.Notes,
	}
	for _, x := range e.Subjects {
		kind, err := x.Kind.MarshalText()
		if err != nil {
			kind = []byte("unknown")
		}
		view.Subjects = append(view.Subjects, Subject{Kind: string(kind), ID: x.ID.String()})
	}
	for _, v := range values {
		view.Values = append(view.Values, Change{Attribute: v.Attribute, Before: rawValue(v.Before), After: rawValue(v.After)})
	}
	return view
}

// rawValue passes JSON through as it is, and leaves out what is not there.
func rawValue(text json.RawMessage) any {
	if len(text) == 0 {
		return nil
	}
	return text
}
