package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

// record is what a connection has said about one subject, as a test remembers it.
type record struct {
	conn, subject string
	name          string // by which the world knows it
	addresses     []string
	member        directory.ID
	alive         bool
}

// sharesOwned reports whether two records have an address in common whose domain the organization owns.
func (r *record) sharesOwned(o *record) bool {
	return slices.ContainsFunc(r.addresses, func(a string) bool {
		domain := a[strings.LastIndexByte(a, '@')+1:]
		return (domain == "acme.com" || domain == "acme.org") && slices.Contains(o.addresses, a)
	})
}

// TestLaw5NobodyGetsInByAssertionAlone: people are known by their immutable subject. However their addresses change, the
// same subject stays the same member, two subjects of one connection never are one, and a record joins a member of whom
// another connection speaks only by an address in a domain that the organization owns.
func TestLaw5NobodyGetsInByAssertionAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorld(t, rt)
		defer done()
		known := map[string]*record{}
		for i := range rapid.IntRange(1, 20).Draw(rt, "pushes") {
			conn := rapid.SampledFrom([]string{"okta", "entra"}).Draw(rt, "connection")
			subject := rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, "subject")
			r := known[conn+subject]
			if r == nil {
				r = &record{conn: conn, subject: subject}
			}
			if r.alive && rapid.IntRange(0, 4).Draw(rt, "deleted") == 0 {
				w.delete(conn, r.name)
				r.alive = false
				continue
			}
			if !w.assert(rt, r, fmt.Sprint(i)) {
				continue // somebody else of the connection has the userName
			}
			before := r.member
			r.member = w.of(conn, r.name).ID
			if !before.IsZero() && before != r.member {
				rt.Fatalf("subject %s of %s was %s and is %s", subject, conn, before, r.member)
			}
			if before.IsZero() {
				checkLink(rt, r, known)
			}
			known[conn+subject] = r
		}
	})
}

// assert pushes a record with addresses that it draws, and reports whether it was taken.
func (w *world) assert(rt *rapid.T, r *record, name string) bool {
	address := rapid.Custom(func(rt *rapid.T) string {
		return rapid.SampledFrom([]string{"ann", "Bob"}).Draw(rt, "name") + "@" +
			rapid.SampledFrom([]string{"acme.com", "ACME.org", "partner.example", "acme.com.evil.example", "mail.acme.com"}).Draw(rt, "domain")
	})
	a := attrs{"userName": address.Draw(rt, "userName"), "externalId": r.subject, "active": rapid.Bool().Draw(rt, "active")}
	if r.alive && rapid.IntRange(0, 3).Draw(rt, "without its externalId") == 0 {
		a["externalId"] = "" // for a while: it stays the same person
	}
	addresses := []string{a["userName"].(string)}
	if rapid.Bool().Draw(rt, "with an address beside it") {
		other := address.Draw(rt, "address")
		a["emails"] = []attrs{{"value": other, "primary": true}}
		addresses = append(addresses, other)
	}
	var u *directory.User
	err := w.do(r.conn, func(f *facts.Writer) (err error) {
		if r.alive {
			u, err = f.ReplaceUser(w.ids[r.conn+":"+r.name], facts.Match{}, w.input(a))
			return err
		}
		u, err = f.CreateUser(w.input(a))
		return err
	})
	if directory.KindOf(err) == directory.Conflict {
		return false
	}
	if err != nil {
		rt.Fatal(err)
	}
	if !r.alive {
		r.name, r.alive = name, true
	}
	w.ids[r.conn+":"+r.name] = u.ID
	r.addresses = strings.Split(strings.ToLower(strings.Join(addresses, " ")), " ")
	return true
}

// checkLink checks whose member a new subject became.
func checkLink(rt *rapid.T, r *record, known map[string]*record) {
	var same []*record
	for _, o := range known {
		if o != r && o.member == r.member {
			same = append(same, o)
		}
	}
	for _, o := range same {
		if o.conn == r.conn {
			rt.Fatalf("subjects %s and %s of %s are one member", o.subject, r.subject, r.conn)
		}
	}
	if len(same) > 0 && !slices.ContainsFunc(same, r.sharesOwned) {
		rt.Fatalf("a record with %v was linked to a member with %v: they share no address in an owned domain", r.addresses, same[0].addresses)
	}
}

// TestLaw5AKnownUserNameWithANewSubjectIsANewPerson: also where the former person is gone, and where another connection
// knows them.
func TestLaw5AKnownUserNameWithANewSubjectIsANewPerson(t *testing.T) {
	w := newWorld(t, acme)
	w.create("entra", "ann", person("ann"))
	w.create("okta", "ann", person("ann"))
	w.group("okta", "Engineering", "ann")
	first := w.of("okta", "ann").ID
	if w.of("entra", "ann").ID != first {
		t.Fatal("one address in an owned domain, and two members")
	}
	w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
	w.create("okta", "new ann", person("ann").with(attrs{"externalId": "another"}))
	second := w.of("okta", "new ann")
	if second.ID == first || second.Decision.Role != "" || len(second.Decision.Teams) > 0 {
		t.Errorf("the new hire is %s, with role %q and teams %v of the leaver %s", second.ID, second.Decision.Role, second.Decision.Teams, first)
	}
	w.delete("okta", "new ann")
	w.create("okta", "third ann", person("ann").with(attrs{"externalId": "a third"}))
	if third := w.of("okta", "third ann").ID; third == first || third == second.ID {
		t.Error("a third subject is one of the former people")
	}
}
