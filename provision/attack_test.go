package provision_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

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

func (w *world) groupRow(conn, name string) (*directory.Group, int) {
	w.t.Helper()
	var g *directory.Group
	n := 0
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		rows, err := tx.Groups(w.conns[conn], []directory.ID{w.ids[conn+":#"+name]})
		if err != nil {
			return err
		}
		g = rows[0]
		var after directory.Child
		n = 0
		for {
			page, err := tx.Children(w.conns[conn], g.ID, after, 1000)
			if err != nil || len(page) == 0 {
				return err
			}
			n += len(page)
			after = page[len(page)-1]
		}
	}))
	return g, n
}

// walk checks that the chain of a subject is whole: it has want entries.
func (w *world) chain(kind directory.SubjectKind, id directory.ID, last uint64) int {
	n := 0
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		n = 0
		for last != 0 {
			es, err := tx.Entries([]uint64{last})
			if err != nil {
				return err
			}
			n++
			last = 0
			for _, s := range es[0].Subjects {
				if s.Kind == kind && s.ID == id {
					last = s.Prev
				}
			}
		}
		return nil
	}))
	return n
}

func TestAtkBulkChain(t *testing.T) {
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
		t.Errorf("ann chain %d, want 3", n)
	}
	if n := w.chain(directory.SubjectUser, b.ID, w.user("okta", "bob").Entry); n != 1 {
		t.Errorf("bob chain %d, want 1", n)
	}
	row, edges := w.groupRow("okta", "Engineering")
	if n := w.chain(directory.SubjectGroup, g.ID, row.Entry); n != 2 {
		t.Errorf("group chain %d, want 2", n)
	}
	if row.Members != edges {
		t.Errorf("members %d edges %d", row.Members, edges)
	}
	w.expect(w.of("okta", "ann"), "active", "member", "engineering", "platform")
	m := w.of("okta", "ann")
	t.Log("member chain", w.chain(directory.SubjectMember, m.ID, m.Entry))
}

func TestAtkExternalIDThereAndBackInOneDo(t *testing.T) {
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
		t.Error("another member")
	}
	if n := len(w.members("ann@acme.com")); n != 1 {
		t.Errorf("%d members", n)
	}
}

func TestAtkCreateDeleteInOneDo(t *testing.T) {
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
			t.Logf("%s users %v status %s", m.ID, m.Users, m.Status)
			if len(m.Users) != 0 {
				t.Error("dangling ref")
			}
		}
		return err
	}))
	// delete then create again in one Do
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
		t.Errorf("got %v", got)
	}
}

func TestAtkTwoLinksInOneDo(t *testing.T) {
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
		t.Error("both linked")
	}
}

func TestAtkParkedSameExternalAndUserName(t *testing.T) {
	w := newWorld(t, acme)
	w.group("okta", "Engineering", "ann@acme.com")
	w.create("okta", "ann", person("ann").with(attrs{"externalId": "ann@acme.com"}))
	g, n := w.groupRow("okta", "Engineering")
	if g.Members != n {
		t.Errorf("members %d, edges %d", g.Members, n)
	}
}

func TestAtkParkedByEmailAndCase(t *testing.T) {
	for _, v := range []string{"ann.smith@acme.com", "ANN"} {
		a := attrs{"userName": "ann", "externalId": "x1", "displayName": "ann", "emails": []attrs{{"value": "ann.smith@acme.com", "type": "work"}}}
		w := newWorld(t, acme)
		w.group("okta", "Engineering", v)
		w.create("okta", "ann", a)
		w2 := newWorld(t, acme)
		w2.create("okta", "ann", a)
		w2.group("okta", "Engineering", v)
		if r1, r2 := w.of("okta", "ann").Decision.Role, w2.of("okta", "ann").Decision.Role; r1 != r2 {
			t.Errorf("%s: group first %q, user first %q", v, r1, r2)
		}
	}
}

const paused = "{id: okta, provider: okta}"

func TestAtkPausedDueLoops(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.group("okta", "On Call", "ann")
	w.activate(strings.Replace(acme, paused, "{id: okta, provider: okta, state: paused}", 1))
	w.now = w.now.Add(8 * day)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := w.engine.Idle(ctx); err != nil {
		t.Error(err)
	}
}

func TestAtkPausedSuspend(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.activate(strings.Replace(acme, paused, "{id: okta, provider: okta, state: paused}", 1))
	w.act(w.engine.Suspend, w.of("okta", "ann"))
	if s := w.of("okta", "ann").Status; s != "suspended" {
		t.Errorf("status %s", s)
	}
}

func TestAtkPausedAndObserveDelete(t *testing.T) {
	for _, state := range []string{"paused", "observe"} {
		w := newWorld(t, acme)
		w.create("okta", "ann", person("ann"))
		w.group("okta", "Everyone", "ann")
		w.activate(strings.Replace(acme, paused, "{id: okta, provider: okta, state: "+state+"}", 1))
		m := w.of("okta", "ann")
		w.group("okta", "Engineering", "ann")
		if got := w.of("okta", "ann"); got.Decision.Role != "viewer" {
			t.Errorf("%s: role %s", state, got.Decision.Role)
		}
		w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
		if got := w.of("okta", "ann"); got.Status != "active" {
			t.Errorf("%s: after inactive %s", state, got.Status)
		}
		w.delete("okta", "ann")
		if got := w.byID(m.ID); got.Status != "active" {
			t.Errorf("%s: after delete %s", state, got.Status)
		}
		w.settleAll()
		if got := w.byID(m.ID); got.Status != "active" {
			t.Errorf("%s: after settle %s", state, got.Status)
		}
		w.activate(acme)
		if got := w.byID(m.ID); got.Status != "suspended" {
			t.Errorf("%s: after resume %s", state, got.Status)
		}
	}
}

func (w *world) byID(id directory.ID) *directory.Member {
	w.t.Helper()
	var m *directory.Member
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		ms, err := tx.Members(w.org, []directory.ID{id})
		m = ms[0]
		return err
	}))
	return m
}

func TestAtkManagerDeletedThenSettle(t *testing.T) {
	for _, how := range []string{"delete", "rename", "merge"} {
		w := newWorld(t, acme)
		w.create("okta", "boss", person("boss"))
		w.create("okta", "ann", person("ann").with(attrs{"manager": "boss@acme.com"}))
		w.group("okta", "Everyone", "ann", "boss")
		switch how {
		case "delete":
			w.delete("okta", "boss")
		case "rename":
			w.replace("okta", "boss", person("boss").with(attrs{"userName": "chief@acme.com"}))
		case "merge":
			w.create("okta", "x", person("x"))
			_, err := w.engine.Merge(t.Context(), provision.Act{Org: w.org, Member: w.of("okta", "x").ID, Cause: directory.Cause{Kind: "admin", Actor: "r"}}, w.of("okta", "boss").ID)
			w.must(err)
		}
		last := w.lastEntry()
		w.settleAll()
		if w.lastEntry() != last {
			t.Errorf("%s: settling changed something", how)
		}
	}
}

func TestAtkFailingConditionSettleTwice(t *testing.T) {
	pol := strings.Replace(acme, "rules:\n", "rules:\n  - {name: broken, when: 'int(user.employeeNumber) > 5', role: member}\n", 1)
	w := newWorld(t, pol)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	last := w.lastEntry()
	w.settleAll()
	if w.lastEntry() != last {
		t.Error("settling changed something")
	}
}

func TestAtkAdminSwapByPolicy(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.create("okta", "bob", person("bob"))
	w.group("okta", "Everyone", "ann", "bob")
	w.group("okta", "IT Admins", "ann")
	w.group("okta", "New Admins", "bob")
	w.activate(strings.Replace(acme, "groups: [IT Admins]", "groups: [New Admins]", 1))
	w.expect(w.of("okta", "bob"), "active", "admin", "")
	w.expect(w.of("okta", "ann"), "active", "viewer", "")
}

func TestAtkTopRoleRenamed(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.group("okta", "IT Admins", "ann")
	p := strings.ReplaceAll(acme, "name: admin,", "name: owner,")
	p = strings.ReplaceAll(p, "groups: [IT Admins], role: admin", "groups: [Nobody], role: owner")
	p = strings.ReplaceAll(p, "role: admin", "role: owner")
	w.activate(p)
	t.Logf("%+v %v", w.of("okta", "ann").Decision.Role, w.of("okta", "ann").Held)
}

func TestAtkRemovedThenOtherConnection(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Everyone", "ann")
	w.act(w.engine.Remove, w.of("okta", "ann"))
	w.delete("okta", "ann")
	w.create("entra", "ann", person("ann"))
	w.group("entra", "Everyone", "ann")
	if got := w.of("entra", "ann"); got.Status == "active" {
		t.Error("removal evaded through entra")
	}
}

func TestAtkMergeTwiceThenTombstone(t *testing.T) {
	w := newWorld(t, acme)
	for _, n := range []string{"a", "b", "c"} {
		w.create("okta", n, person(n))
	}
	w.group("okta", "Everyone", "a", "b", "c")
	a, b, c := w.of("okta", "a").ID, w.of("okta", "b").ID, w.of("okta", "c").ID
	w.delete("okta", "a")
	merge := func(into, from directory.ID) {
		_, err := w.engine.Merge(t.Context(), provision.Act{Org: w.org, Member: into, Cause: directory.Cause{Kind: "admin", Actor: "r"}}, from)
		w.must(err)
	}
	merge(b, a)
	merge(c, b)
	w.create("okta", "a", person("a"))
	if got := w.of("okta", "a").ID; got != c {
		t.Errorf("a's record went to a merged member")
	}
}

func TestAtkUnlinkReverse(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann").with(attrs{"externalId": ""}))
	w.create("entra", "ann", person("ann"))
	m := w.of("okta", "ann")
	if w.of("entra", "ann").ID != m.ID {
		t.Fatal("not linked")
	}
	_, err := w.engine.Unlink(t.Context(), provision.Act{Org: w.org, Member: m.ID, Cause: directory.Cause{Kind: "admin", Actor: "r"}}, w.conns["entra"])
	w.must(err)
	if w.of("entra", "ann").ID == m.ID {
		t.Fatal("still linked")
	}
	w.delete("okta", "ann")
	w.create("okta", "ann", person("ann").with(attrs{"externalId": ""}))
	if w.of("okta", "ann").ID == w.of("entra", "ann").ID {
		t.Error("linked again from the other side")
	}
}

func TestAtkDeepCycle(t *testing.T) {
	w := newWorld(t, acme)
	w.group("okta", "g0")
	for i := 1; i < 40; i++ {
		w.group("okta", fmt.Sprintf("g%d", i))
		w.add("okta", fmt.Sprintf("g%d", i-1), fmt.Sprintf("#g%d", i))
	}
	err := w.do("okta", func(f *facts.Writer) error {
		_, err := f.ModifyGroup(w.ids["okta:#g39"], facts.Match{}, nil, []facts.MemberOp{{Op: facts.MemberAdd, Values: []string{w.ids["okta:#g0"].String()}}})
		return err
	})
	if err == nil {
		t.Error("cycle taken")
	}
}

func TestAtkNetNothingPatch(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Engineering", "ann")
	g, _ := w.groupRow("okta", "Engineering")
	last := w.lastEntry()
	w.must(w.do("okta", func(f *facts.Writer) error {
		id := []string{w.ids["okta:ann"].String()}
		_, err := f.ModifyGroup(g.ID, facts.Match{}, nil, []facts.MemberOp{{Op: facts.MemberRemove, Values: id}, {Op: facts.MemberAdd, Values: id}})
		return err
	}))
	g2, _ := w.groupRow("okta", "Engineering")
	if g2.Revision != g.Revision || w.lastEntry() != last {
		t.Error("net nothing bumps")
	}
}

func TestAtkReactivateWithoutExternalID(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "ann", person("ann"))
	w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
	w.create("okta", "ann", person("ann").with(attrs{"externalId": ""}))
	if got := w.user("okta", "ann").ExternalID; got != "ext-ann" {
		t.Errorf("externalId %q", got)
	}
}

func TestAtkLongS(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "steve", person("steve"))
	w.create("entra", "evil", attrs{"userName": "ſteve@acme.com", "externalId": "e", "displayName": "x"})
	if w.of("okta", "steve").ID == w.of("entra", "evil").ID {
		t.Error("long s linked")
	}
	w.create("entra", "evil2", attrs{"userName": "ſimon@acme.com", "externalId": "e2", "displayName": "x"})
	w.create("okta", "simon", person("simon"))
	if w.of("okta", "simon").ID == w.of("entra", "evil2").ID {
		t.Error("long s linked, the other way")
	}
}

func TestAtkAddressReuseByEmailValue(t *testing.T) {
	w := newWorld(t, acme)
	w.create("okta", "old", attrs{"userName": "u1", "externalId": "x1", "emails": []attrs{{"value": "ann@acme.com"}}})
	w.replace("okta", "old", attrs{"userName": "u1", "externalId": "x1", "active": false, "emails": []attrs{{"value": "ann@acme.com"}}})
	w.create("okta", "new", attrs{"userName": "u2", "externalId": "x2", "emails": []attrs{{"value": "ann@acme.com"}}})
	w.group("okta", "Engineering", "ann@acme.com")
	if got := w.of("okta", "new").Decision.Role; got != "member" {
		t.Errorf("the leaver got the group: new has %q", got)
	}
}

func TestAtkBigGroupRename(t *testing.T) {
	w := newWorld(t, acme)
	const n = 3000
	var ids []string
	for i := 0; i < n; i += 100 {
		w.must(w.do("okta", func(f *facts.Writer) error {
			for k := range 100 {
				u, err := f.CreateUser(w.input(person(fmt.Sprint("u", i+k))))
				if err != nil {
					return err
				}
				if k == 0 && len(ids) > i {
					ids = ids[:i]
				}
				ids = append(ids, u.ID.String())
			}
			return nil
		}))
	}
	start := time.Now()
	w.group("okta", "Other", ids...)
	t.Log("create", time.Since(start))
	w.idle()
	start = time.Now()
	w.rename("okta", "Other", "Engineering")
	t.Log("rename", time.Since(start))
	start = time.Now()
	w.idle()
	t.Log("settle", time.Since(start))
	last := w.lastEntry()
	w.settleAll()
	if w.lastEntry() != last {
		t.Error("settle")
	}
	start = time.Now()
	w.deleteGroup("okta", "Other")
	w.idle()
	t.Log("delete", time.Since(start))
	last = w.lastEntry()
	w.settleAll()
	if w.lastEntry() != last {
		t.Error("settle")
	}
}
