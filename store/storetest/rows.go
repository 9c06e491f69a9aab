package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func grant(org directory.OrgNum, member, n int) *directory.Grant {
	return &directory.Grant{
		ID: id(n), Org: org, Member: id(member), Kind: directory.GrantPin, Role: "admin", State: directory.InvitationPending,
		User: directory.UserRef{Conn: 3, ID: id(4)}, Actor: "root", Reason: "on call", Created: at(n), Ends: at(n + 5),
	}
}

func grants(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		return tx.PutGrants([]*directory.Grant{grant(1, 1, 12), grant(1, 1, 11), grant(1, 2, 10), grant(2, 1, 13)})
	})
	find := func() [][]*directory.Grant {
		return look(t, s, func(tx store.Tx) ([][]*directory.Grant, error) { return tx.Grants(1, ids(1, 4)) })
	}
	equal(t, "grants in order of id", find(), [][]*directory.Grant{{grant(1, 1, 11), grant(1, 1, 12)}, {grant(1, 2, 10)}, nil})
	changed := grant(1, 1, 11)
	changed.State = directory.InvitationAccepted
	write(t, s, func(tx store.Tx) error {
		return errors.Join(
			tx.PutGrants([]*directory.Grant{changed}),
			tx.DeleteGrants([]*directory.Grant{grant(1, 1, 12), grant(1, 3, 99)}),
		)
	})
	equal(t, "grants after a change", find(), [][]*directory.Grant{{changed}, {grant(1, 2, 10)}, nil})
}

func entry(kind string) *directory.Entry {
	return &directory.Entry{
		At: at(1), Org: 1, Conn: 2, Kind: kind,
		Subjects:   []directory.Subject{{Kind: directory.SubjectUser, ID: id(1), Prev: 7}, {Kind: directory.SubjectMember, ID: id(2)}},
		Cause:      directory.Cause{Kind: directory.CauseSCIM, ID: "r1", Actor: "okta", Reason: "because"},
		Attributes: []string{"title"}, Added: 3, Removed: 4,
		Effects: []directory.Effect{
			{Field: "role", Before: "viewer", After: "member", Reason: &directory.Reason{Field: "role", Source: directory.SourceRule, Until: at(2)}},
			{Field: "teams", After: "web"},
		},
		Notes: []string{"dropped password"}, Proof: []byte{0, 1, 2, 255},
	}
}

func detail(attribute string) *directory.Detail {
	return &directory.Detail{
		Salt: []byte{9, 0, 8},
		Values: []directory.DetailValue{
			{Attribute: attribute, Before: json.RawMessage(`"<a>"`), After: json.RawMessage(`{"b":1}`)},
			{Attribute: "userName"},
		},
	}
}

func journal(t *testing.T, s store.Store) {
	refuse := func() {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(tx.Append([]*directory.Entry{entry("lost")}, []*directory.Detail{detail("lost")}), errRefused)
		})
		if !errors.Is(err, errRefused) {
			t.Errorf("update: %v", err)
		}
	}
	refuse()
	var entries []*directory.Entry
	var details []*directory.Detail
	write(t, s, func(tx store.Tx) error {
		entries = []*directory.Entry{entry("user.created"), entry("user.changed"), {Kind: "bare"}}
		details = []*directory.Detail{detail("title"), nil, detail("emails")}
		return tx.Append(entries, details)
	})
	refuse()
	var last []*directory.Entry
	write(t, s, func(tx store.Tx) error {
		last = []*directory.Entry{entry("group.created")}
		return tx.Append(last, nil)
	})
	for i, e := range append(entries, last...) {
		equal(t, "the number that an entry was given", e.Seq, uint64(i+1))
	}
	equal(t, "the numbers that details were given", []uint64{details[0].Seq, details[2].Seq}, []uint64{1, 3})
	got := look(t, s, func(tx store.Tx) ([]*directory.Entry, error) { return tx.Entries([]uint64{4, 9, 1, 3, 0}) })
	equal(t, "entries by number", got, []*directory.Entry{last[0], nil, entries[0], entries[2], nil})
	personal := look(t, s, func(tx store.Tx) ([]*directory.Detail, error) { return tx.Details([]uint64{3, 2, 1, 4, 9}) })
	equal(t, "details by number", personal, []*directory.Detail{details[2], nil, details[0], nil, nil})
}

func journalPages(t *testing.T, s store.Store) {
	for i := range 10 {
		write(t, s, func(tx store.Tx) error {
			return tx.Append([]*directory.Entry{entry(fmt.Sprint(i))}, []*directory.Detail{detail("title")})
		})
	}
	for name, c := range map[string]struct {
		after      uint64
		limit      int
		descending bool
		want       []uint64
	}{
		"the first":                  {0, 3, false, []uint64{1, 2, 3}},
		"after one":                  {3, 2, false, []uint64{4, 5}},
		"the end":                    {8, 9, false, []uint64{9, 10}},
		"past the end":               {10, 9, false, nil},
		"backwards":                  {0, 2, true, []uint64{10, 9}},
		"backwards, before one":      {3, 9, true, []uint64{2, 1}},
		"backwards, from far beyond": {99, 1, true, []uint64{10}},
		"no rows asked for":          {0, 0, false, nil},
	} {
		var got []uint64
		list := look(t, s, func(tx store.Tx) ([]*directory.Entry, error) { return tx.ListEntries(c.after, c.limit, c.descending) })
		for _, e := range list {
			got = append(got, e.Seq)
		}
		equal(t, name, got, c.want)
	}
}

func jobs(t *testing.T, s store.Store) {
	job := func(n int) *directory.Job {
		return &directory.Job{
			ID: id(n), Kind: directory.JobSettleGroup, Org: 1, Conn: 2, Key: id(9), Cursor: []byte{0, 255},
			Cause: directory.Cause{Kind: directory.CausePolicy, ID: "3"}, Done: n,
		}
	}
	write(t, s, func(tx store.Tx) error { return tx.PutJobs([]*directory.Job{job(3), job(1), job(2)}) })
	list := func(limit int) []*directory.Job {
		return look(t, s, func(tx store.Tx) ([]*directory.Job, error) { return tx.ListJobs(limit) })
	}
	equal(t, "the oldest", list(2), []*directory.Job{job(1), job(2)})
	further := job(1)
	further.Done, further.Cursor = 50, []byte("further")
	write(t, s, func(tx store.Tx) error {
		return errors.Join(tx.PutJobs([]*directory.Job{further}), tx.DeleteJobs([]directory.ID{id(2), id(9)}))
	})
	equal(t, "after a step and an end", list(10), []*directory.Job{further, job(3)})
}

func policies(t *testing.T, s store.Store) {
	policy := func(org directory.OrgNum, hash string) *directory.Policy {
		return &directory.Policy{
			Org: org, Hash: hash, Actor: "root", Activated: at(1),
			Files: []directory.PolicyFile{{Name: "acme.yaml", Text: []byte("organization: {id: \"acme\"}\n\x00\xff")}},
		}
	}
	active := func(org directory.OrgNum) uint64 {
		return look(t, s, func(tx store.Tx) (uint64, error) { return tx.ActivePolicy(org) })
	}
	equal(t, "active before the first", active(1), uint64(0))
	var first, second, other *directory.Policy
	write(t, s, func(tx store.Tx) error {
		first, second, other = policy(1, "a"), policy(1, "b"), policy(2, "c")
		return errors.Join(tx.ActivatePolicy(first), tx.ActivatePolicy(second), tx.ActivatePolicy(other))
	})
	equal(t, "revisions", []uint64{first.Revision, second.Revision, other.Revision}, []uint64{1, 2, 1})
	equal(t, "active", []uint64{active(1), active(2), active(3)}, []uint64{2, 1, 0})
	got := look(t, s, func(tx store.Tx) (*directory.Policy, error) { return tx.Policy(1, 1) })
	equal(t, "the first", got, first)
	list := look(t, s, func(tx store.Tx) ([]*directory.Policy, error) { return tx.ListPolicies(1) })
	equal(t, "the newest first", list, []*directory.Policy{second, first})
	err := s.View(t.Context(), func(tx store.Tx) error {
		_, err := tx.Policy(1, 9)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a revision that is not there: %v, want ErrNotFound", err)
	}
}

func bindings(t *testing.T, s store.Store) {
	write(t, s, func(tx store.Tx) error {
		return tx.PutBindings([]directory.Binding{
			{Conn: 1, Name: "engineering", Group: id(1)}, {Conn: 1, Name: "sales", Group: id(2)}, {Conn: 2, Name: "engineering", Group: id(3)},
		})
	})
	find := func() []directory.ID {
		return look(t, s, func(tx store.Tx) ([]directory.ID, error) {
			return tx.Bindings(1, []string{"sales", "engineering", "nobody"})
		})
	}
	equal(t, "bindings", find(), []directory.ID{id(2), id(1), directory.NoID})
	write(t, s, func(tx store.Tx) error {
		return tx.PutBindings([]directory.Binding{{Conn: 1, Name: "sales"}, {Conn: 1, Name: "engineering", Group: id(5)}})
	})
	equal(t, "after one ended and one moved", find(), []directory.ID{directory.NoID, id(5), directory.NoID})
}

func tokens(t *testing.T, s store.Store) {
	token := func(n byte) *directory.Token {
		return &directory.Token{
			Hash: [32]byte{n, 0, 255}, ID: id(int(n)), Org: 1, Conn: 2, Scopes: []string{"members:read"}, Name: "okta",
			Created: at(1), Expires: at(2), LastUsed: at(3), Warned: at(4),
		}
	}
	write(t, s, func(tx store.Tx) error { return errors.Join(tx.PutToken(token(2)), tx.PutToken(token(1))) })
	got := look(t, s, func(tx store.Tx) (*directory.Token, error) { return tx.Token(token(2).Hash) })
	equal(t, "a token", got, token(2))
	list := look(t, s, store.Tx.ListTokens)
	equal(t, "tokens", list, []*directory.Token{token(1), token(2)})
	write(t, s, func(tx store.Tx) error {
		return errors.Join(tx.DeleteToken(token(2).Hash), tx.DeleteToken([32]byte{9}))
	})
	err := s.View(t.Context(), func(tx store.Tx) error {
		_, err := tx.Token(token(2).Hash)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a deleted token: %v, want ErrNotFound", err)
	}
}

func holds(t *testing.T, s store.Store) {
	hold := func(org directory.OrgNum, n int) *directory.Hold {
		return &directory.Hold{
			ID: id(n), Org: org, Kind: directory.HoldLastAdmin, Member: id(5), Effects: entry("").Effects,
			Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "r"}, Created: at(n),
		}
	}
	write(t, s, func(tx store.Tx) error {
		return errors.Join(tx.PutHold(hold(1, 2)), tx.PutHold(hold(1, 1)), tx.PutHold(hold(2, 3)))
	})
	list := func() []*directory.Hold {
		return look(t, s, func(tx store.Tx) ([]*directory.Hold, error) { return tx.ListHolds(1) })
	}
	equal(t, "holds", list(), []*directory.Hold{hold(1, 1), hold(1, 2)})
	write(t, s, func(tx store.Tx) error { return errors.Join(tx.DeleteHold(1, id(1)), tx.DeleteHold(1, id(3))) })
	equal(t, "holds after one ended", list(), []*directory.Hold{hold(1, 2)})
}
