package provision_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/store"
)

// Two operations on one record in one transaction each have a copy of its row: the second must not lose the first.
func TestEveryOperationOfOneTransactionIsInTheHistory(t *testing.T) {
	w := newWorld(t, acme)
	var a, b *directory.User
	var g *directory.Group
	w.must(w.do("okta", func(f *facts.Writer) (err error) {
		if a, err = f.CreateUser(w.input(person("ann"))); err != nil {
			return err
		}
		if b, err = f.CreateUser(w.input(person("bob"))); err != nil {
			return err
		}
		if g, err = f.CreateGroup(facts.GroupInput{DisplayName: "Engineering"}, []string{a.ID.String(), b.ID.String()}); err != nil {
			return err
		}
		if _, err = f.ModifyGroup(g.ID, facts.Match{}, nil, []facts.MemberOp{{Op: facts.MemberRemove, Values: []string{b.ID.String()}}}); err != nil {
			return err
		}
		if _, err = f.ReplaceUser(a.ID, facts.Match{}, w.input(person("ann").with(attrs{"title": "x"}))); err != nil {
			return err
		}
		_, err = f.ReplaceUser(a.ID, facts.Match{}, w.input(person("ann").with(attrs{"title": "y"})))
		return err
	}))
	w.ids["okta:ann"], w.ids["okta:bob"], w.ids["okta:#Engineering"] = a.ID, b.ID, g.ID
	if n := w.chain(directory.SubjectUser, a.ID, w.user("okta", "ann").Entry); n != 3 {
		t.Errorf("ann has a history of %d entries, want 3", n)
	}
	if n := w.chain(directory.SubjectUser, b.ID, w.user("okta", "bob").Entry); n != 1 {
		t.Errorf("bob has a history of %d entries, want 1", n)
	}
	row, edges := w.engineering()
	if n := w.chain(directory.SubjectGroup, g.ID, row.Entry); n != 2 {
		t.Errorf("the group has a history of %d entries, want 2", n)
	}
	if row.Members != edges {
		t.Errorf("the group says that it has %d members, and has %d", row.Members, edges)
	}
	w.expect(w.of("okta", "ann"), "active", "member", "engineering", "platform")
	m := w.of("okta", "ann")
	if n := w.chain(directory.SubjectMember, m.ID, m.Entry); n == 0 {
		t.Error("ann has no history")
	}
}

func TestAnExternalIDThatGoesAndComesBackInOneTransactionLeavesOnePerson(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Engineering", "ann")
	m := w.of("okta", "ann")
	w.must(w.do("okta", func(f *facts.Writer) error {
		id := w.ids["okta:ann"]
		if _, err := f.ReplaceUser(id, facts.Match{}, w.input(person("ann").with(attrs{"externalId": "other"}))); err != nil {
			return err
		}
		_, err := f.ReplaceUser(id, facts.Match{}, w.input(person("ann")))
		return err
	}))
	if got := w.of("okta", "ann"); got.ID != m.ID {
		t.Error("the record is another person's")
	}
	if n := len(w.members("ann@acme.com")); n != 1 {
		t.Errorf("%d people are known by the address, want one", n)
	}
}

func TestAUserCreatedAndDeletedInOneTransactionLeavesNoRecord(t *testing.T) {
	w := newWorld(t, acme)
	var u *directory.User
	w.must(w.do("okta", func(f *facts.Writer) (err error) {
		if u, err = f.CreateUser(w.input(person("ann"))); err != nil {
			return err
		}
		return f.DeleteUser(u.ID, facts.Match{})
	}))
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		ms, err := tx.ListMembers(w.org, store.Page{Limit: 10})
		for _, m := range ms {
			if len(m.Users) != 0 {
				t.Errorf("%s has a record that is not there", m.ID)
			}
		}
		return err
	}))
	// The other way round: deleted, then created again.
	w.create("okta", "ann", person("ann"))
	m := w.of("okta", "ann")
	w.must(w.do("okta", func(f *facts.Writer) (err error) {
		if err = f.DeleteUser(w.ids["okta:ann"], facts.Match{}); err != nil {
			return err
		}
		u, err = f.CreateUser(w.input(person("ann")))
		return err
	}))
	w.ids["okta:ann"] = u.ID
	if got := w.of("okta", "ann"); got.ID != m.ID || len(got.Users) != 1 {
		t.Errorf("the records of ann are %v, want the new one alone", got.Users)
	}
}

func TestTwoUsersOfOneTransactionDoNotBecomeOnePersonByAddress(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	var a, b *directory.User
	w.must(w.do("entra", func(f *facts.Writer) (err error) {
		if a, err = f.CreateUser(w.input(person("ann").with(attrs{"externalId": "e1"}))); err != nil {
			return err
		}
		b, err = f.CreateUser(w.input(attrs{"userName": "ann2@acme.com", "externalId": "e2", "emails": []attrs{{"value": "ann@acme.com"}}}))
		return err
	}))
	if a.Member == b.Member {
		t.Error("a known address with a new externalId joined the person who has it")
	}
}

func TestAMemberRemovedAndAddedInOneRequestChangesNothing(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Engineering", "ann")
	g, _ := w.engineering()
	last := w.lastEntry()
	w.must(w.do("okta", func(f *facts.Writer) error {
		id := []string{w.ids["okta:ann"].String()}
		_, err := f.ModifyGroup(g.ID, facts.Match{}, nil, []facts.MemberOp{{Op: facts.MemberRemove, Values: id}, {Op: facts.MemberAdd, Values: id}})
		return err
	}))
	g2, _ := w.engineering()
	if g2.Revision != g.Revision || w.lastEntry() != last {
		t.Error("the group has a new version, or the journal an entry")
	}
}

func TestAFailingConditionIsNotJournalledAgain(t *testing.T) {
	pol := strings.Replace(acme, "rules:\n", "rules:\n  - {name: broken, when: 'int(user.employeeNumber) > 5', role: member}\n", 1)
	w := newWorld(t, pol)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	last := w.lastEntry()
	w.settleAll()
	if w.lastEntry() != last {
		t.Error("settling once more was journalled")
	}
}

func (w *world) user(conn, name string) *directory.User {
	w.t.Helper()
	var u *directory.User
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		rows, err := tx.Users(w.conns[conn], []directory.ID{w.ids[conn+":"+name]})
		u = rows[0]
		return err
	}))
	return u
}

// engineering returns Okta's group of that name as it is stored, and how many members it has.
func (w *world) engineering() (*directory.Group, int) {
	w.t.Helper()
	var g *directory.Group
	n := 0
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		rows, err := tx.Groups(w.conns["okta"], []directory.ID{w.ids["okta:#Engineering"]})
		if err != nil {
			return err
		}
		g = rows[0]
		var after directory.Child
		n = 0
		for {
			page, err := tx.Children(w.conns["okta"], g.ID, after, 1000)
			if err != nil || len(page) == 0 {
				return err
			}
			n += len(page)
			after = page[len(page)-1]
		}
	}))
	return g, n
}

// chain returns how many entries the history of a subject has.
func (w *world) chain(kind directory.SubjectKind, id directory.ID, last uint64) int {
	w.t.Helper()
	n := 0
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		n = w.walkBack(tx, kind, id, last)
		return nil
	}))
	return n
}
